//! The control plane is a real one, keeps tests apart, and leaves nothing behind.

use std::path::Path;
use std::time::{Duration, Instant};

use serde_json::json;
use windlass_control_plane::{Client, ControlPlane, Controllers};

fn eventually(what: &str, mut is_so: impl FnMut() -> bool) {
    let end = Instant::now() + Duration::from_mins(1);
    while !is_so() {
        assert!(Instant::now() < end, "{what}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

#[test]
fn a_namespace_goes_with_what_is_in_it() {
    let plane = ControlPlane::shared();
    let namespace = plane.namespace("going");
    let path = namespace.path();
    let map = json!({"metadata": {"name": "kept"}});
    let created = plane.client().post(&format!("{path}/configmaps"), &map);
    assert_eq!(created.status, 201, "{}", created.text());
    drop(namespace);
    eventually("the namespace goes", || {
        plane.client().get(&path).status == 404
    });
}

#[test]
fn a_watch_shows_what_is_created() {
    let plane = ControlPlane::shared();
    let namespace = plane.namespace("watched");
    let maps = format!("{}/configmaps", namespace.path());
    let version = plane.client().get(&maps).json()["metadata"]["resourceVersion"].clone();
    let version = version.as_str().unwrap();
    let watch = format!("{maps}?watch=true&resourceVersion={version}");
    let mut events = plane.client().lines(&Client::request("GET", &watch));
    let created = plane
        .client()
        .post(&maps, &json!({"metadata": {"name": "new"}}));
    assert_eq!(created.status, 201, "{}", created.text());
    let names = |event: serde_json::Value| event["object"]["metadata"]["name"] == "new";
    assert!(events.any(names));
}

#[test]
fn nothing_is_left_when_it_is_dropped() {
    let plane = ControlPlane::start(Controllers::Housekeeping);
    let (client, kubeconfig) = (plane.client().clone(), plane.kubeconfig().to_owned());
    assert_eq!(client.get("/version").json()["gitVersion"], "v1.37.2");
    drop(plane);
    assert!(
        client
            .try_send(&Client::request("GET", "/version"))
            .is_err()
    );
    assert!(!kubeconfig.parent().is_some_and(Path::exists));
}
