//! What is settled without a dry run stays as it is in one: on random objects that several managers write, on the
//! embedded API server and on a real one.

use std::cell::Cell;

use http::{Method, Request};
use kube::Client;
use kube::client::Body;
use kube::config::{Config, KubeConfigOptions, Kubeconfig};
use proptest::prelude::*;
use proptest::test_runner::{Config as Cases, TestRunner};
use serde_json::{Map, Value, json};
use tokio::runtime::Runtime;
use windlass_apiserver::Server;
use windlass_control_plane::{ControlPlane, Controllers};
use windlass_object::Object;
use windlass_plan::is_settled;

use crate::world::definition_of_widgets;

const US: &str = "ci";
const APPLY: &str = "application/apply-patch+yaml";
const MERGE: &str = "application/merge-patch+json";

/// What somebody does to the object.
#[derive(Clone, Debug)]
enum Write {
    /// One of the configurations is applied, with force.
    Apply(&'static str, usize),
    /// One of them is merged in by an editor.
    Edit(usize),
}

#[derive(Clone, Debug)]
struct Case {
    resource: &'static str,
    configurations: Vec<Value>,
    writes: Vec<Write>,
}

fn some(value: impl Strategy<Value = Value> + 'static) -> BoxedStrategy<Value> {
    prop_oneof![1 => Just(Value::Null), 2 => value].boxed()
}

fn one_of(values: Value) -> BoxedStrategy<Value> {
    let Value::Array(values) = values else {
        unreachable!("it is a list")
    };
    some(prop::sample::select(values))
}

/// Returns a mapping of the fields that are not null.
fn fields(fields: Vec<(&'static str, BoxedStrategy<Value>)>) -> BoxedStrategy<Value> {
    let (names, values): (Vec<_>, Vec<_>) = fields.into_iter().unzip();
    let named = move |values: Vec<Value>| {
        let fields = names
            .iter()
            .zip(values)
            .filter(|(_, value)| !value.is_null());
        let fields = fields.map(|(name, value)| ((*name).to_owned(), value));
        Value::Object(fields.collect())
    };
    values.prop_map(named).boxed()
}

/// Returns a list with some of the items in any order.
fn list(items: Vec<BoxedStrategy<Value>>) -> BoxedStrategy<Value> {
    let kept = |items: Vec<Value>| {
        Value::Array(items.into_iter().filter(|item| !item.is_null()).collect())
    };
    some(items.prop_map(kept).prop_flat_map(|list| {
        Just(list.as_array().cloned().unwrap_or_default())
            .prop_shuffle()
            .prop_map(Value::Array)
    }))
}

fn named(item: Value, more: BoxedStrategy<Value>) -> BoxedStrategy<Value> {
    some(more.prop_map(move |mut more| {
        for (key, value) in item.as_object().into_iter().flatten() {
            more[key] = value.clone();
        }
        more
    }))
}

fn texts() -> BoxedStrategy<Value> {
    let text = || one_of(json!(["x", "y", ""]));
    some(fields(vec![("a", text()), ("b", text())]))
}

fn metadata() -> BoxedStrategy<Value> {
    let fields = fields(vec![
        ("labels", texts()),
        ("annotations", texts()),
        (
            "finalizers",
            list(vec![
                one_of(json!(["example.dev/a"])),
                one_of(json!(["example.dev/b"])),
            ]),
        ),
    ]);
    fields
        .prop_map(|mut metadata| {
            metadata["name"] = "it".into();
            metadata
        })
        .boxed()
}

fn container() -> BoxedStrategy<Value> {
    let port = |number: u16| {
        named(
            json!({"containerPort": number}),
            fields(vec![
                ("protocol", one_of(json!(["TCP", "UDP"]))),
                ("name", one_of(json!(["one", "two"]))),
            ]),
        )
    };
    let variable = |name: &str| {
        named(
            json!({"name": name}),
            fields(vec![("value", one_of(json!(["", "1"])))]),
        )
    };
    let reference = json!([{"name": "C", "valueFrom": {"fieldRef": {"fieldPath": "metadata.name"}}},
        {"name": "C", "valueFrom": {"resourceFieldRef": {"resource": "limits.cpu", "containerName": "app"}}},
        {"name": "C", "valueFrom": {"secretKeyRef": {"name": "s", "key": "k"}}}]);
    let amounts =
        || one_of(json!([{"cpu": "500m"}, {"cpu": "0.5", "memory": "1024Mi"}, {"cpu": 1}]));
    fields(vec![
        ("image", one_of(json!(["app:1", "app:2"]))),
        ("args", one_of(json!([["a"], ["b", "a"], []]))),
        ("ports", list(vec![port(80), port(81)])),
        (
            "env",
            list(vec![variable("A"), variable("B"), one_of(reference)]),
        ),
        ("resources", fields(vec![("requests", amounts())])),
        ("stdin", one_of(json!([true, false]))),
        (
            "securityContext",
            one_of(json!([{}, {"privileged": false}, {"runAsUser": 0}])),
        ),
    ])
}

fn deployment() -> BoxedStrategy<Value> {
    let pod = fields(vec![
        (
            "containers",
            list(vec![
                named(json!({"name": "app"}), container()),
                named(json!({"name": "log"}), container()),
            ]),
        ),
        (
            "volumes",
            list(vec![one_of(
                json!([{"name": "v", "emptyDir": {}}, {"name": "v", "configMap": {"name": "c"}}]),
            )]),
        ),
        (
            "tolerations",
            one_of(json!([[{"key": "a", "operator": "Exists"}], []])),
        ),
        ("hostNetwork", one_of(json!([true, false]))),
        ("automountServiceAccountToken", one_of(json!([true, false]))),
        ("terminationGracePeriodSeconds", one_of(json!([0, 30]))),
        ("nodeSelector", texts()),
    ]);
    let spec = fields(vec![
        ("replicas", one_of(json!([0, 1, 2]))),
        ("paused", one_of(json!([true, false]))),
        (
            "strategy",
            one_of(
                json!([{"type": "Recreate"}, {"rollingUpdate": {"maxSurge": "25%"}}, {"rollingUpdate": {"maxSurge": 1}}]),
            ),
        ),
    ]);
    (metadata(), spec, pod).prop_map(|(metadata, mut spec, pod)| {
        spec["selector"] = json!({"matchLabels": {"app": "it"}});
        spec["template"] = json!({"metadata": {"labels": {"app": "it"}}, "spec": pod});
        json!({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": metadata, "spec": spec})
    }).boxed()
}

fn service() -> BoxedStrategy<Value> {
    let port = |name: &str, number: u16| {
        named(
            json!({"name": name, "port": number}),
            fields(vec![
                ("protocol", one_of(json!(["TCP", "UDP"]))),
                ("targetPort", one_of(json!([80, "http"]))),
            ]),
        )
    };
    let spec = fields(vec![
        (
            "ports",
            list(vec![port("a", 80), port("b", 81), port("c", 80)]),
        ),
        ("selector", texts()),
        ("clusterIP", one_of(json!(["None"]))),
    ]);
    whole("v1", "Service", "spec", spec)
}

fn policy() -> BoxedStrategy<Value> {
    let ports = || {
        one_of(json!([
            [{"port": 80}], [{"port": 80, "protocol": "TCP"}], [{"port": "http", "protocol": "UDP"}], [],
        ]))
    };
    let rule = |peers| {
        fields(vec![
            ("ports", ports()),
            (peers, one_of(json!([[{"podSelector": {}}], []]))),
        ])
    };
    let rules = |peers| some(rule(peers).prop_map(|rule| json!([rule])));
    let spec = fields(vec![
        (
            "podSelector",
            one_of(json!([{}, {"matchLabels": {"a": "b"}}])),
        ),
        (
            "policyTypes",
            one_of(json!([["Ingress"], ["Egress", "Ingress"]])),
        ),
        ("ingress", rules("from")),
        ("egress", rules("to")),
    ]);
    whole("networking.k8s.io/v1", "NetworkPolicy", "spec", spec)
}

fn binding() -> BoxedStrategy<Value> {
    let group = "rbac.authorization.k8s.io";
    let subjects = one_of(json!([
        [{"kind": "User", "name": "a"}],
        [{"kind": "User", "name": "a", "apiGroup": group}, {"kind": "Group", "name": "b"}],
        [{"kind": "ServiceAccount", "name": "c", "namespace": "default"}],
    ]));
    let role = prop_oneof![
        Just(json!({"kind": "Role", "name": "r"})),
        Just(json!({"kind": "Role", "name": "r", "apiGroup": group})),
    ];
    let parts = (metadata(), subjects, role);
    parts
        .prop_map(|(metadata, subjects, role)| {
            let version = "rbac.authorization.k8s.io/v1";
            let mut object = json!({"apiVersion": version, "kind": "RoleBinding", "metadata": metadata, "roleRef": role});
            if !subjects.is_null() {
                object["subjects"] = subjects;
            }
            object
        })
        .boxed()
}

fn stateful_set() -> BoxedStrategy<Value> {
    let claim = |spec: Value| json!([{"metadata": {"name": "data"}, "spec": spec}]);
    let storage = json!({"requests": {"storage": "1Gi"}});
    let claims = one_of(json!([
        claim(json!({"accessModes": ["ReadWriteOnce"], "resources": storage})),
        claim(
            json!({"accessModes": ["ReadWriteOnce"], "resources": storage, "volumeMode": "Filesystem"})
        ),
    ]));
    let spec = fields(vec![
        ("volumeClaimTemplates", claims),
        ("replicas", one_of(json!([0, 1]))),
    ]);
    (metadata(), spec)
        .prop_map(|(metadata, mut spec)| {
            spec["selector"] = json!({"matchLabels": {"app": "it"}});
            spec["serviceName"] = "it".into();
            let pod = json!({"containers": [{"name": "app", "image": "app:1"}]});
            spec["template"] = json!({"metadata": {"labels": {"app": "it"}}, "spec": pod});
            json!({"apiVersion": "apps/v1", "kind": "StatefulSet", "metadata": metadata, "spec": spec})
        })
        .boxed()
}

fn config_map() -> BoxedStrategy<Value> {
    whole("v1", "ConfigMap", "data", texts())
}

fn secret() -> BoxedStrategy<Value> {
    let data = |name, values| some(fields(vec![(name, one_of(values))]));
    let parts = (
        metadata(),
        data("a", json!(["eA==", "eQ=="])),
        data("a", json!(["x", "y"])),
    );
    parts
        .prop_map(|(metadata, data, text)| {
            let mut object = json!({"apiVersion": "v1", "kind": "Secret", "metadata": metadata});
            for (name, value) in [("data", data), ("stringData", text)] {
                if !value.is_null() {
                    object[name] = value;
                }
            }
            object
        })
        .boxed()
}

fn widget() -> BoxedStrategy<Value> {
    let leaf = one_of(json!([0, 1, 1.5, true, "", "x", [], {}, [{"name": "a"}, {"name": "b"}]]));
    let any = leaf.prop_recursive(3, 12, 2, |inner| {
        fields(vec![("a", inner.clone()), ("b", inner)])
    });
    whole("example.dev/v1", "Widget", "spec", any.boxed())
}

fn whole(
    version: &'static str,
    kind: &'static str,
    body: &'static str,
    content: BoxedStrategy<Value>,
) -> BoxedStrategy<Value> {
    (metadata(), content)
        .prop_map(move |(metadata, content)| {
            let mut object = json!({"apiVersion": version, "kind": kind, "metadata": metadata});
            if !content.is_null() {
                object[body] = content;
            }
            object
        })
        .boxed()
}

fn case() -> impl Strategy<Value = Case> {
    let kinds = prop_oneof![
        4 => (Just("apis/apps/v1/namespaces/default/deployments"), prop::collection::vec(deployment(), 1..4)),
        2 => (Just("api/v1/namespaces/default/services"), prop::collection::vec(service(), 1..4)),
        2 => (Just("apis/networking.k8s.io/v1/namespaces/default/networkpolicies"), prop::collection::vec(policy(), 1..4)),
        1 => (Just("apis/rbac.authorization.k8s.io/v1/namespaces/default/rolebindings"), prop::collection::vec(binding(), 1..4)),
        1 => (Just("apis/apps/v1/namespaces/default/statefulsets"), prop::collection::vec(stateful_set(), 1..4)),
        1 => (Just("api/v1/namespaces/default/configmaps"), prop::collection::vec(config_map(), 1..4)),
        1 => (Just("api/v1/namespaces/default/secrets"), prop::collection::vec(secret(), 1..4)),
        2 => (Just("apis/example.dev/v1/namespaces/default/widgets"), prop::collection::vec(widget(), 1..4)),
    ];
    kinds.prop_flat_map(|(resource, configurations)| {
        let count = configurations.len();
        let write = prop_oneof![
            3 => (0..count).prop_map(|index| Write::Apply(US, index)),
            1 => (0..count).prop_map(|index| Write::Apply("other", index)),
            1 => (0..count).prop_map(Write::Edit),
        ];
        let writes = prop::collection::vec(write, 1..4);
        writes.prop_map(move |writes| Case {
            resource,
            configurations: configurations.clone(),
            writes,
        })
    })
}

/// A server, and how often an object was settled.
struct Law {
    runtime: Runtime,
    client: Client,
    count: Cell<usize>,
    objects: Cell<usize>,
    settled: Cell<usize>,
    missed: Cell<usize>,
}

impl Law {
    fn new(runtime: Runtime, kubeconfig: &str) -> Self {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let client = runtime.block_on(async {
            let kubeconfig = Kubeconfig::from_yaml(kubeconfig).unwrap();
            let options = KubeConfigOptions::default();
            let config = Config::from_custom_kubeconfig(kubeconfig, &options).await;
            Client::try_from(config.unwrap()).unwrap()
        });
        let law = Self {
            runtime,
            client,
            count: Cell::default(),
            objects: Cell::default(),
            settled: Cell::default(),
            missed: Cell::default(),
        };
        let path = "apis/apiextensions.k8s.io/v1/customresourcedefinitions";
        law.send(
            Method::POST,
            path,
            "application/json",
            &definition_of_widgets(),
        )
        .unwrap();
        while law
            .get("apis/example.dev/v1/namespaces/default/widgets")
            .is_err()
        {
            std::thread::yield_now();
        }
        law
    }

    fn get(&self, path: &str) -> Result<Value, String> {
        self.send(Method::GET, path, "application/json", &Value::Null)
    }

    fn send(
        &self,
        method: Method,
        path: &str,
        content_type: &str,
        body: &Value,
    ) -> Result<Value, String> {
        let body = if body.is_null() {
            Vec::new()
        } else {
            serde_json::to_vec(body).unwrap()
        };
        let request = Request::builder()
            .method(method)
            .uri(format!("/{path}"))
            .header("content-type", content_type);
        let request = request.body(Body::from(body)).unwrap();
        let (code, body) = self.runtime.block_on(async {
            let answer = self.client.send(request).await.unwrap();
            (
                answer.status().as_u16(),
                answer.into_body().collect_bytes().await.unwrap(),
            )
        });
        let text = || String::from_utf8_lossy(&body).into_owned();
        if code < 300 {
            serde_json::from_slice(&body).map_err(|_| text())
        } else {
            Err(text())
        }
    }

    fn apply(
        &self,
        path: &str,
        configuration: &Value,
        manager: &str,
        more: &str,
    ) -> Result<Value, String> {
        let path = format!("{path}?fieldManager={manager}&force=true{more}");
        self.send(Method::PATCH, &path, APPLY, configuration)
    }

    /// Does the writes of the case to a new object, and asks both ways of each configuration.
    fn holds(&self, case: &Case) -> Result<(), TestCaseError> {
        let name = format!("it-{}", self.count.replace(self.count.get() + 1));
        let path = format!("{}/{name}", case.resource);
        let configurations = case
            .configurations
            .iter()
            .cloned()
            .map(|mut configuration| {
                configuration["metadata"]["name"] = name.clone().into();
                configuration["metadata"]["namespace"] = "default".into();
                configuration
            });
        let configurations: Vec<Value> = configurations.collect();
        for write in &case.writes {
            let _ = match write {
                Write::Apply(manager, index) => {
                    self.apply(&path, &configurations[*index], manager, "")
                }
                Write::Edit(index) => {
                    let path = format!("{path}?fieldManager=editor");
                    self.send(Method::PATCH, &path, MERGE, &configurations[*index])
                }
            };
        }
        for configuration in configurations {
            // Controllers may write between two requests; what was asked then says nothing.
            while !self.check(&path, &configuration)? {}
        }
        Ok(())
    }

    /// Asks both ways of a configuration, and returns whether nobody wrote meanwhile.
    fn check(&self, path: &str, configuration: &Value) -> Result<bool, TestCaseError> {
        let Ok(live) = self.get(path) else {
            return Ok(true);
        };
        let object = Object::new(configuration.clone()).unwrap();
        let is_settled = is_settled(&object, &live, US);
        let tried = self.apply(path, configuration, US, "&dryRun=All");
        let version = |object: &Value| object["metadata"]["resourceVersion"].clone();
        if self.get(path).map(|now| version(&now)) != Ok(version(&live)) {
            return Ok(false);
        }
        let is_same = tried
            .as_ref()
            .is_ok_and(|tried| but_times(tried) == but_times(&live));
        prop_assert!(is_same || !is_settled, "{configuration}\n{live}\n{tried:?}");
        let count = |cell: &Cell<usize>, is_so: bool| cell.set(cell.get() + usize::from(is_so));
        count(&self.objects, true);
        count(&self.settled, is_settled);
        count(&self.missed, is_same && !is_settled);
        Ok(true)
    }

    fn test(&self, cases: u32) {
        let config = Cases {
            cases,
            failure_persistence: None,
            max_shrink_iters: 200,
            ..Cases::default()
        };
        let result = TestRunner::new(config).run(&case(), |case| self.holds(&case));
        result.unwrap_or_else(|error| panic!("{error}"));
        let (all, settled, missed) = (self.objects.get(), self.settled.get(), self.missed.get());

        assert!(settled * 5 > all && settled > missed);
    }
}

/// Returns the object without the times in its `managedFields`, and those sorted.
fn but_times(object: &Value) -> Value {
    let mut object = object.clone();
    let entries = object
        .pointer_mut("/metadata/managedFields")
        .and_then(Value::as_array_mut);
    if let Some(entries) = entries {
        for entry in &mut *entries {
            entry
                .as_object_mut()
                .map(|entry: &mut Map<String, Value>| entry.remove("time"));
        }
        entries.sort_by_key(Value::to_string);
    }
    object
}

#[test]
fn what_is_settled_stays_as_it_is_in_a_dry_run() {
    let runtime = Runtime::new().unwrap();
    let server = runtime
        .block_on(Server::start(windlass_apiserver::Config::default()))
        .unwrap();
    Law::new(runtime, &server.kubeconfig()).test(300);
}

#[test]
fn what_is_settled_stays_as_it_is_in_a_dry_run_of_a_real_server() {
    let plane = ControlPlane::start(Controllers::Housekeeping);
    let kubeconfig = std::fs::read_to_string(plane.kubeconfig()).unwrap();
    Law::new(Runtime::new().unwrap(), &kubeconfig).test(300);
}
