//! Trouble that stays: it is said in the words of the server, the other objects go on, and nothing is deleted.

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
        let overlay = "kustomize/web/overlays/dev";
        let tree = MemoryTree::from_iter([
            (
                format!("{overlay}/kustomization.yaml"),
                "resources: [a.yaml]\n".to_owned(),
            ),
            (format!("{overlay}/a.yaml"), large),
        ]);
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
