//! Lists, watches and tables.

use http_body_util::BodyExt;
use hyper::Method;
use serde_json::{Value, json};

use super::{MAPS, block_on, map, request, server};
use crate::answer::Body;
use crate::handlers::answer;

#[test]
fn a_list_comes_in_pages_and_each_object_once() {
    let server = server();
    for index in 0..7 {
        server.create(MAPS, &map(&format!("page-{index}")));
    }
    let (mut names, mut token) = (Vec::new(), String::new());
    loop {
        let page = server.get(&format!("{MAPS}?limit=3&continue={token}")).body;
        let items = page["items"].as_array().unwrap().clone();
        assert!(items.len() <= 3);
        names.extend(
            items
                .iter()
                .map(|it| it["metadata"]["name"].as_str().unwrap().to_owned()),
        );
        match page["metadata"]["continue"].as_str() {
            Some(next) => next.clone_into(&mut token),
            None => break,
        }
    }
    assert_eq!(names.len(), 8, "{names:?}");
    names.dedup();
    assert_eq!(names.len(), 8);
}

#[test]
fn a_version_that_is_yet_to_come_is_not_awaited_for_ever() {
    let server = server();
    let early = server.get(&format!("{MAPS}?resourceVersion=99999"));
    assert_eq!(
        (early.code, early.body["reason"].as_str()),
        (504, Some("Timeout"))
    );
}

/// Returns the lines that a watch has sent so far.
fn lines(body: &mut Body) -> Vec<Value> {
    let frame = block_on(body.frame()).unwrap().unwrap();
    let bytes = frame.into_data().unwrap();
    let lines = bytes
        .split(|byte| *byte == b'\n')
        .filter(|line| !line.is_empty());
    lines
        .map(|line| serde_json::from_slice(line).unwrap())
        .collect()
}

#[test]
fn a_watch_with_a_selector_sees_objects_come_into_and_go_out_of_it() {
    let server = server();
    server.create(MAPS, &map("a"));
    let path = format!("{MAPS}?watch=true&labelSelector=app&resourceVersion=1");
    let request = request(Method::GET, &path, "", &Value::Null);
    let mut body = answer(&server.context, &request).into_body();
    server.patch(
        &format!("{MAPS}/a"),
        &json!({"metadata": {"labels": {"app": "x"}}}),
    );
    server.patch(&format!("{MAPS}/a"), &json!({"data": {"a": "c"}}));
    server.patch(&format!("{MAPS}/a"), &json!({"metadata": {"labels": null}}));
    let events = lines(&mut body);
    let types: Vec<&str> = events
        .iter()
        .map(|it| it["type"].as_str().unwrap())
        .collect();
    assert_eq!(types, ["ADDED", "MODIFIED", "DELETED"]);
}

#[test]
fn a_watch_may_begin_with_what_is_there_and_says_when_that_ends() {
    let server = server();
    let path = format!(
        "{MAPS}?watch=1&sendInitialEvents=true&resourceVersionMatch=NotOlderThan&\
         allowWatchBookmarks=true"
    );
    let request = request(Method::GET, &path, "", &Value::Null);
    let events = lines(&mut answer(&server.context, &request).into_body());
    let last = events.last().unwrap();
    assert_eq!(
        (events[0]["type"].as_str(), last["type"].as_str()),
        (Some("ADDED"), Some("BOOKMARK"))
    );
    let annotations = &last["object"]["metadata"]["annotations"];
    assert_eq!(annotations["k8s.io/initial-events-end"], "true");
}

#[test]
fn a_table_has_a_row_for_each_object() {
    let server = server();
    let mut list = request(Method::GET, "/api/v1/namespaces", "", &Value::Null);
    list.accept = "application/json;as=Table;v=v1;g=meta.k8s.io,application/json".to_owned();
    let table = server.ask(&list).body;
    assert_eq!(
        (&table["kind"], &table["rows"][0]["cells"][0]),
        (&json!("Table"), &json!("default"))
    );
}
