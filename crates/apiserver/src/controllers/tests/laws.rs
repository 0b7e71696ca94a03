//! Random changes, and what holds when the controllers have come to rest.

use proptest::prelude::*;

use super::*;

/// What somebody does to the workload `web`.
#[derive(Clone, Debug)]
enum Deed {
    Scale(u8),
    Image(u8),
    Fail(bool),
    DeletePod(usize),
    DeleteSet(usize),
    Pause(bool),
    Wait(u8),
}

fn deed() -> impl Strategy<Value = Deed> {
    prop_oneof![
        (0..6_u8).prop_map(Deed::Scale),
        (0..4_u8).prop_map(Deed::Image),
        any::<bool>().prop_map(Deed::Fail),
        any::<usize>().prop_map(Deed::DeletePod),
        any::<usize>().prop_map(Deed::DeleteSet),
        any::<bool>().prop_map(Deed::Pause),
        (0..200_u8).prop_map(Deed::Wait),
    ]
}

impl Cluster {
    fn do_deed(&mut self, kind: &str, deed: &Deed) {
        match deed {
            Deed::Scale(size) => self.change(kind, "web", "/spec/replicas", &json!(size)),
            Deed::Image(tag) => {
                let pointer = "/spec/template/spec/containers/0/image";
                self.change(kind, "web", pointer, &json!(format!("web:{tag}")));
            }
            Deed::Fail(fails) => {
                let reason = if *fails { "ImagePullBackOff" } else { "" };
                let annotations = json!({"windlass.dev/fail": reason});
                self.change(kind, "web", "/metadata/annotations", &annotations);
            }
            Deed::DeletePod(index) => self.delete_some("Pod", *index),
            Deed::DeleteSet(index) => self.delete_some("ReplicaSet", *index),
            Deed::Pause(paused) if kind == "Deployment" => {
                self.change(kind, "web", "/spec/paused", &json!(paused));
            }
            Deed::Pause(_) => {}
            Deed::Wait(seconds) => self.advance(i64::from(*seconds)),
        }
    }

    fn delete_some(&mut self, kind: &str, index: usize) {
        let all = self.list(kind);
        if !all.is_empty() {
            self.delete(kind, fields::name(&all[index % all.len()]));
        }
        self.collect_garbage();
    }

    /// Deletes the pods whose owner is gone; here nobody else does.
    fn collect_garbage(&mut self) {
        let owners = [self.list("ReplicaSet"), self.list("StatefulSet")].concat();
        for pod in self.list("Pod") {
            let owner = text(&pod, "/metadata/ownerReferences/0/uid");
            if owners.iter().all(|it| fields::uid(it) != owner) {
                self.delete("Pod", fields::name(&pod));
            }
        }
    }
}

/// Does the deeds to a workload, then mends it, and checks that it has what it asks for.
fn comes_to_rest(kind: &str, spec: &Value, deeds: &[Deed]) -> Result<(), TestCaseError> {
    let mut cluster = Cluster::new();
    cluster.create(&workload(kind, spec.clone()));
    for deed in deeds {
        cluster.do_deed(kind, deed);
    }
    cluster.do_deed(kind, &Deed::Pause(false));
    cluster.do_deed(kind, &Deed::Fail(false));
    cluster.advance(3600);

    let web = cluster.get(kind, "web");
    let wanted = integer(&web, "/spec/replicas");
    prop_assert_eq!(integer(&web, "/status/readyReplicas"), wanted);
    prop_assert_eq!(integer(&web, "/status/updatedReplicas"), wanted);
    let image = text(&web, "/spec/template/spec/containers/0/image");
    let pods = cluster.list("Pod");
    prop_assert_eq!(i64::try_from(pods.len()).unwrap(), wanted);
    for pod in &pods {
        prop_assert_eq!(text(pod, "/spec/containers/0/image"), image);
    }

    let before = cluster.api.store.revision();
    cluster.advance(3600);
    prop_assert_eq!(
        cluster.api.store.revision(),
        before,
        "at rest nothing is written"
    );
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 24, failure_persistence: None, ..ProptestConfig::default()
    })]

    #[test]
    fn whatever_happened_a_deployment_gets_the_pods_that_it_asks_for(
        deeds in prop::collection::vec(deed(), 1..12)
    ) {
        comes_to_rest("Deployment", &json!({"replicas": 2}), &deeds)?;
    }

    #[test]
    fn whatever_happened_a_stateful_set_gets_the_pods_that_it_asks_for(
        deeds in prop::collection::vec(deed(), 1..12)
    ) {
        comes_to_rest("StatefulSet", &json!({"replicas": 2, "serviceName": "web"}), &deeds)?;
    }
}
