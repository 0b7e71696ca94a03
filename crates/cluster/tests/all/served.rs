//! Kinds come and go, and discovery may say less than is there.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use http::Method;
use serde_json::json;
use windlass_object::ObjectRef;
use windlass_plan::Live;

use crate::world::{Fate, World, id, in_world, request};

const NO_GROUPS: &str = r#"{"kind":"APIGroupDiscoveryList","apiVersion":"apidiscovery.k8s.io/v2","metadata":{},"items":[]}"#;
const DEFINITION: &str =
    "/apis/apiextensions.k8s.io/v1/customresourcedefinitions/widgets.example.dev";

async fn live(world: &World, id: &ObjectRef) -> Live {
    let observed = world.observe_held(std::slice::from_ref(id)).await;
    observed[id].live.clone()
}

/// Makes a kind that the connection does not know yet, and an object of it.
async fn widget(world: &World) -> ObjectRef {
    world.define_widgets().await;
    let path = "/apis/example.dev/v1/namespaces/default/widgets";
    let widget =
        json!({"apiVersion": "example.dev/v1", "kind": "Widget", "metadata": {"name": "a"}});
    world.create(path, &widget).await;
    id("example.dev", "Widget", "a")
}

#[test]
fn an_object_of_a_kind_that_came_later_is_found() {
    in_world(|world| async move {
        let id = widget(&world).await;
        let live = live(&world, &id).await;
        assert!(matches!(live, Live::Present(_)), "{live:?}");
    });
}

#[test]
fn an_object_whose_definition_is_there_is_not_absent_when_discovery_is_empty() {
    in_world(|world| async move {
        let id = widget(&world).await;
        world.rule(|request| match request.uri().path() {
            "/apis" => Fate::Forged(200, NO_GROUPS),
            _ => Fate::Pass,
        });
        let live = live(&world, &id).await;
        assert!(matches!(live, Live::Unknown { .. }), "{live:?}");
    });
}

#[test]
fn an_object_of_kubernetes_own_is_not_absent_when_discovery_is_empty() {
    in_world(|world| async move {
        world.rule(|request| match request.uri().path() {
            "/apis" => Fate::Forged(200, NO_GROUPS),
            _ => Fate::Pass,
        });
        world.cluster.refresh_kinds().await.unwrap();
        let live = live(&world, &id("apps", "Deployment", "a")).await;
        assert!(matches!(live, Live::Unknown { .. }), "{live:?}");
    });
}

#[test]
fn an_object_of_no_served_kind_is_not_absent_when_definitions_cannot_be_listed() {
    in_world(|world| async move {
        world.rule(|request| {
            if request.uri().path().ends_with("customresourcedefinitions") {
                Fate::Forged(200, "{}")
            } else {
                Fate::Pass
            }
        });
        let live = live(&world, &id("example.dev", "Widget", "a")).await;
        assert!(matches!(live, Live::Unknown { .. }), "{live:?}");
    });
}

#[test]
fn an_object_whose_kind_nothing_defines_any_more_is_absent() {
    in_world(|world| async move {
        let id = widget(&world).await;
        assert!(matches!(live(&world, &id).await, Live::Present(_)));
        world
            .direct(request(Method::DELETE, DEFINITION, &json!({})))
            .await;
        let absent = async {
            while !matches!(live(&world, &id).await, Live::Absent) {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        };
        let limit = Duration::from_secs(20);
        tokio::time::timeout(limit, absent)
            .await
            .expect("it is absent in the end");
    });
}

#[test]
fn a_kind_that_nothing_defines_is_not_asked_for_again_and_again() {
    in_world(|world| async move {
        let asked = Arc::new(AtomicUsize::new(0));
        let count = Arc::clone(&asked);
        world.rule(move |request| {
            count.fetch_add(
                usize::from(request.uri().path() == "/apis"),
                Ordering::SeqCst,
            );
            Fate::Pass
        });
        let id = id("example.dev", "Widget", "a");
        let begun = std::time::Instant::now();
        for _ in 0..20 {
            assert!(matches!(live(&world, &id).await, Live::Absent));
        }
        let allowed = usize::try_from(begun.elapsed().as_secs()).unwrap() + 1;
        assert!(asked.load(Ordering::SeqCst) <= allowed);
    });
}
