//! Trouble that stays: it is said in the words of the server, the other objects go on, and nothing is deleted.

use std::sync::PoisonError;

use serde_json::json;
use windlass_control_plane::{Client, ControlPlane};
use windlass_faults::{Answer, Asked, Fate};

use super::*;

/// Returns the problems of a run to the second revision, in which the server answers to all writes of one ConfigMap,
/// and dry runs of them, like this. Nothing was deleted, and the others were written.
fn problems_with_a(answer: Answer) -> String {
    Runtime::new().unwrap().block_on(async {
        let world = applied().await;
        let is_a = |asked: &Asked| asked.method == "PATCH" && asked.path.ends_with("/configmaps/a");
        world.proxy.rule(move |asked| {
            if is_a(asked) {
                Fate::Answer(answer.clone())
            } else {
                Fate::Pass
            }
        });
        let outcome = world.haul(&files(true), &keyring()).await;
        let pruned = |path: &String| path.ends_with("/configmaps/c");
        assert!(!world.deletions().iter().any(pruned));
        assert!(
            world
                .held()
                .await
                .contains(&"ConfigMap/default/c".to_owned())
        );
        let reasons = outcome
            .plan
            .actions()
            .map(|action| action.reason.to_string());
        let failures = outcome.applied.failures.iter().map(ToString::to_string);
        reasons.chain(failures).collect::<Vec<_>>().join("\n")
    })
}

#[test]
fn a_webhook_that_refuses_is_quoted() {
    let message =
        r#"admission webhook "policy.example.dev" denied the request: label team is missing"#;
    let problems = problems_with_a(Answer::failure(403, "Forbidden", message));
    assert!(problems.contains(message), "{problems}");
}

#[test]
fn a_webhook_that_does_not_answer_is_answered_with_where_to_look() {
    let message = r#"Internal error occurred: failed calling webhook "policy.example.dev": connection refused"#;
    let problems = problems_with_a(Answer::failure(500, "InternalError", message));
    let told = format!(
        "{message}; the admission webhook does not answer: look at its Service and its Pods"
    );
    assert!(problems.contains(&told), "{problems}");
}

#[test]
fn a_namespace_that_does_not_go_is_quoted() {
    let message = r#"configmaps "a" is forbidden: unable to create new content in namespace default because it is being terminated"#;
    let problems = problems_with_a(Answer::failure(403, "Forbidden", message));
    assert!(problems.contains(message), "{problems}");
}

#[test]
fn an_object_of_a_megabyte_is_applied_once() {
    Runtime::new().unwrap().block_on(async {
        let world = World::new().await;
        let large = format!(
            "apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: a}}\ndata: {{key: {}}}\n",
            "x".repeat(1_000_000)
        );
        let tree = service(&[&large]);
        let outcome = world.haul(&tree, &keyring()).await;
        assert!(
            outcome.applied.is_complete(),
            "{:?}",
            outcome.applied.failures
        );
        assert_eq!(world.names().await, ["ConfigMap/default/a"]);
        world.calm();
        world.haul(&tree, &keyring()).await;
        assert!(
            !world
                .proxy
                .exchanges()
                .iter()
                .any(|exchange| exchange.asked.is_write())
        );
    });
}

const NAMESPACE_STUCK: &str = "apiVersion: v1\nkind: Namespace\nmetadata: {name: stuck}\n";
const MAP_THAT_HOLDS_IT: &str = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a, namespace: stuck, finalizers: [example.dev/held]}\n";
const ANOTHER_MAP: &str =
    "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: b, namespace: stuck}\n";
const WIDGET: &str = "apiVersion: example.dev/v1\nkind: Widget\nmetadata: {name: w}\n";

/// Works on the real server, on which nothing of the unit is.
fn on_real<F: Future<Output = ()>>(test: impl FnOnce(World, &'static Client) -> F) {
    let _turn = REAL.lock().unwrap_or_else(PoisonError::into_inner);
    let plane = ControlPlane::shared();
    let kubeconfig = std::fs::read_to_string(plane.kubeconfig()).unwrap();
    Runtime::new().unwrap().block_on(async {
        let world = super::faults::clean(plane.client(), &kubeconfig).await;
        test(world, plane.client()).await;
    });
}

/// Returns everything that a run says is wrong.
async fn said(world: &World, tree: &MemoryTree) -> String {
    let outcome = world.haul(tree, &keyring()).await;
    let problem = outcome.plan.problem.iter().map(ToString::to_string);
    let actions = outcome.plan.actions();
    let reasons = actions.map(|action| format!("{}: {}", action.id, action.reason));
    let failures = outcome.applied.failures.iter().map(ToString::to_string);
    let all = problem.chain(reasons).chain(failures);
    all.collect::<Vec<_>>().join("\n")
}

#[test]
fn a_namespace_that_hangs_is_named_and_made_anew_when_it_is_gone() {
    on_real(|world, client| async move {
        converge(&world, &service(&[NAMESPACE_STUCK, MAP_THAT_HOLDS_IT])).await;
        client.delete("/api/v1/namespaces/stuck");
        let tree = service(&[NAMESPACE_STUCK, ANOTHER_MAP]);
        world.calm();
        let said = said(&world, &tree).await;
        assert!(
            said.contains("is being terminated") || said.contains("being deleted"),
            "{said}"
        );
        assert!(world.deletions().is_empty(), "{said}");
        let released = json!({"metadata": {"finalizers": null}});
        let map = "/api/v1/namespaces/stuck/configmaps/a";
        client.patch(map, "application/merge-patch+json", &released);
        converge(&world, &tree).await;
        assert_eq!(
            client.get("/api/v1/namespaces/stuck/configmaps/b").status,
            200
        );
        client.delete("/api/v1/namespaces/stuck");
    });
}

#[test]
fn a_definition_that_goes_while_its_objects_are_wanted_deletes_nothing_else() {
    on_real(|world, client| async move {
        let definitions = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions";
        let schema = json!({"type": "object", "x-kubernetes-preserve-unknown-fields": true});
        let definition = json!({
            "metadata": {"name": "widgets.example.dev"},
            "spec": {
                "group": "example.dev",
                "scope": "Namespaced",
                "names": {"plural": "widgets", "kind": "Widget"},
                "versions": [{"name": "v1", "served": true, "storage": true, "schema": {"openAPIV3Schema": schema}}],
            },
        });
        assert_eq!(client.post(definitions, &definition).status, 201);
        let map = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n";
        let wanted = service(&[map, WIDGET]);
        converge(&world, &wanted).await;
        client.delete(&format!("{definitions}/widgets.example.dev"));
        let widget = "/apis/example.dev/v1/namespaces/default/widgets/w";
        while client.get(widget).text() != "404 page not found\n" {
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        world.calm();
        let said = said(&world, &service(&[WIDGET])).await;
        let at =
            "the live object is not known: the API server refused: it serves nothing at this path";
        assert!(
            said.contains(at) || said.contains("serves no Widget"),
            "{said}"
        );
        assert!(world.deletions().is_empty(), "{said}");
        while client.post(definitions, &definition).status != 201 {
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        converge(&world, &wanted).await;
        client.delete(&format!("{definitions}/widgets.example.dev"));
    });
}

/// Hauls with a look at what is served before, as a new revision brings it.
async fn converge(world: &World, tree: &MemoryTree) {
    for _ in 0..200 {
        world.context.cluster.refresh_kinds().await.unwrap();
        let outcome = world.haul(tree, &keyring()).await;
        if outcome.plan.is_converged() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    panic!("it does not converge");
}
