//! Quotas bound what a namespace holds.

use hyper::Method;
use serde_json::{Value, json};

use super::{MAPS, Server, map, server};

const QUOTAS: &str = "/api/v1/namespaces/default/resourcequotas";

fn bounded(hard: &Value) -> Server {
    let server = server();
    let quota = json!({"metadata": {"name": "all"}, "spec": {"hard": hard}});
    server.create(QUOTAS, &quota);
    server.collect();
    server
}

fn used(server: &Server) -> Value {
    server.get(&format!("{QUOTAS}/all")).body["status"]["used"].clone()
}

#[test]
fn what_is_beyond_a_quota_is_refused_until_something_goes() {
    let server = bounded(&json!({"configmaps": "2", "count/configmaps": "5"}));
    assert_eq!(used(&server)["configmaps"], "1", "that of the authority");
    server.create(MAPS, &map("a"));
    assert_eq!(
        used(&server),
        json!({"configmaps": "2", "count/configmaps": "2"})
    );
    let refused = server.send(Method::POST, MAPS, &map("b"));
    assert_eq!(refused.code, 403);
    assert_eq!(
        refused.body["message"],
        "configmaps \"b\" is forbidden: exceeded quota: all, requested: configmaps=1, used: configmaps=2, limited: configmaps=2"
    );
    server.delete(&format!("{MAPS}/a"), &Value::Null);
    server.collect();
    server.create(MAPS, &map("b"));
    assert_eq!(used(&server)["configmaps"], "2");
}

#[test]
fn a_dry_run_and_a_name_that_is_taken_take_nothing() {
    let server = bounded(&json!({"configmaps": "3"}));
    server.create(MAPS, &map("a"));
    let dry = server.send(Method::POST, &format!("{MAPS}?dryRun=All"), &map("b"));
    assert_eq!(dry.code, 201);
    assert_eq!(server.send(Method::POST, MAPS, &map("a")).code, 409);
    assert_eq!(used(&server)["configmaps"], "2");
}

#[test]
fn a_service_grows_no_further_than_its_quota() {
    const SERVICES: &str = "/api/v1/namespaces/default/services";
    let server = bounded(&json!({"services.nodeports": "1"}));
    let service =
        json!({"metadata": {"name": "web"}, "spec": {"type": "NodePort", "ports": [{"port": 80}]}});
    server.create(SERVICES, &service);
    let ports = json!([{"name": "a", "port": 80}, {"name": "b", "port": 81}]);
    let path = format!("{SERVICES}/web");
    let refused = server.patch(&path, &json!({"spec": {"ports": ports}}));
    assert_eq!(refused.code, 403);
    let named = server.patch(&path, &json!({"metadata": {"labels": {"a": "b"}}}));
    assert_eq!(named.code, 200);
    server.patch(&path, &json!({"spec": {"type": "ClusterIP"}}));
    server.collect();
    assert_eq!(used(&server)["services.nodeports"], "0");
}

#[test]
fn threads_that_create_at_once_do_not_pass_a_quota_together() {
    let server = bounded(&json!({"configmaps": "11"}));
    let made = std::thread::scope(|scope| {
        let tries = (0..4).map(|thread| {
            let server = &server;
            scope.spawn(move || {
                let names = (0..10).map(|index| format!("m{thread}-{index}"));
                let codes = names.map(|name| server.send(Method::POST, MAPS, &map(&name)).code);
                codes.filter(|code| *code == 201).count()
            })
        });
        let tries: Vec<_> = tries.collect();
        tries
            .into_iter()
            .map(|it| it.join().unwrap())
            .sum::<usize>()
    });
    assert_eq!(made, 10);
    assert_eq!(used(&server)["configmaps"], "11");
}
