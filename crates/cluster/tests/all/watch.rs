//! A watch tells of everything that changed, also of what changed while it was down.

use std::time::Duration;

use http::{Method, Request};
use kube::client::Body;
use serde_json::json;
use windlass_cluster::{Change, Notice, Watched};

use crate::world::{Fate, World, config_map, id, in_world, request};

const MAPS: &str = "/api/v1/namespaces/default/configmaps";
/// What a server sends that no longer has the version from which the watch wants to go on.
const EXPIRED: &str = r#"{"type":"ERROR","object":{"kind":"Status","apiVersion":"v1","metadata":{},"status":"Failure","message":"too old resource version","reason":"Expired","code":410}}
"#;

/// What it answers when it knows that before the watch begins.
const GONE: &str = r#"{"kind":"Status","apiVersion":"v1","metadata":{},"status":"Failure","message":"too old resource version","reason":"Expired","code":410}"#;

fn is_watch(request: &Request<Body>) -> bool {
    let query = request.uri().query().unwrap_or_default();
    query.split('&').any(|part| part.starts_with("watch="))
}

/// From now on, no watch begins.
fn break_watches(world: &World) {
    world.rule(|request| {
        if is_watch(request) {
            Fate::Forged(503, "")
        } else {
            Fate::Pass
        }
    });
}

/// Makes a ConfigMap of the unit and begins to watch.
async fn watched(world: &World) -> Watched {
    world.create(MAPS, &config_map("a")).await;
    let mut watched = world.cluster.watch("default");
    watched.add(&[id("", "ConfigMap", "a")]).await;
    watched
}

/// Returns the next change.
async fn change(watched: &mut Watched) -> Change {
    let change = async {
        loop {
            if let Notice::Changed(change) = watched.next().await {
                return change;
            }
        }
    };
    let limit = Duration::from_secs(20);
    tokio::time::timeout(limit, change)
        .await
        .expect("there is a change")
}

#[test]
fn a_deletion_is_told() {
    in_world(|world| async move {
        let mut watched = watched(&world).await;
        assert!(change(&mut watched).await.version.is_some());
        let path = format!("{MAPS}/a");
        world
            .direct(request(Method::DELETE, &path, &json!({})))
            .await;
        let change = change(&mut watched).await;
        assert_eq!((change.id.name.as_str(), change.version), ("a", None));
    });
}

#[test]
fn a_deletion_while_the_watch_is_down_is_told() {
    in_world(|world| async move {
        break_watches(&world);
        let mut watched = watched(&world).await;
        assert!(change(&mut watched).await.version.is_some());
        let path = format!("{MAPS}/a");
        world
            .direct(request(Method::DELETE, &path, &json!({})))
            .await;
        let mut is_expired = false;
        world.rule(move |request| {
            if is_watch(request) && !std::mem::replace(&mut is_expired, true) {
                Fate::Forged(200, EXPIRED)
            } else {
                Fate::Pass
            }
        });
        let change = change(&mut watched).await;
        assert_eq!((change.id.name.as_str(), change.version), ("a", None));
    });
}

#[test]
fn a_watch_that_is_refused_for_its_version_lists_anew() {
    in_world(|world| async move {
        world.rule(|request| {
            // The version that the server gave is too old for it, until someone lists again.
            if is_watch(request) {
                Fate::Forged(410, GONE)
            } else {
                Fate::Pass
            }
        });
        let mut watched = watched(&world).await;
        assert!(change(&mut watched).await.version.is_some());
        let path = format!("{MAPS}/a");
        world
            .direct(request(Method::DELETE, &path, &json!({})))
            .await;
        let change = change(&mut watched).await;
        assert_eq!((change.id.name.as_str(), change.version), ("a", None));
    });
}

#[test]
fn a_watch_that_cannot_begin_says_so() {
    in_world(|world| async move {
        break_watches(&world);
        let mut watched = watched(&world).await;
        change(&mut watched).await;
        let limit = Duration::from_secs(20);
        let notice = tokio::time::timeout(limit, watched.next()).await.unwrap();
        let Notice::Failing { kind, .. } = notice else {
            panic!("{notice:?}");
        };
        assert_eq!(kind.plural, "configmaps");
    });
}
