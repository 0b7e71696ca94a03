//! Only a server that says so makes an object absent.

use windlass_cluster::Definitions;
use windlass_plan::{DryRun, Held, Inventory, Live};

use crate::world::{Fate, config_map, id, in_world, unit, wanted};

const HTML: &str = "<html><body>404 Not Found</body></html>";
const NO_RESOURCE: &str = r#"{"kind":"Status","apiVersion":"v1","metadata":{},"status":"Failure",
    "message":"the server could not find the requested resource","reason":"NotFound","details":{},"code":404}"#;
const NOT_THE_OBJECT: &str = r#"{"message": "welcome"}"#;

#[test]
fn an_object_that_the_server_does_not_find_is_absent() {
    in_world(|world| async move {
        let id = id("", "ConfigMap", "a");
        let live = world.cluster.get(&id).await;
        assert!(matches!(live, Live::Absent), "{live:?}");
    });
}

#[test]
fn an_answer_that_names_no_object_says_nothing_about_it() {
    in_world(|world| async move {
        let held = id("", "ConfigMap", "a");
        for (code, body) in [(404, HTML), (404, NO_RESOURCE), (200, NOT_THE_OBJECT)] {
            world.rule(move |_| Fate::Forged(code, body));
            let observed = world.observe_held(std::slice::from_ref(&held)).await;
            let live = &observed[&held].live;
            assert!(matches!(live, Live::Unknown { .. }), "{body}: {live:?}");
        }
    });
}

#[test]
fn an_inventory_behind_a_proxy_that_finds_nothing_is_not_known() {
    in_world(|world| async move {
        world.rule(|_| Fate::Forged(404, HTML));
        let held = world.cluster.inventory(&unit()).await.held;
        assert!(matches!(held, Held::Unknown { .. }), "{held:?}");
    });
}

#[test]
fn an_object_in_a_namespace_that_is_not_there_waits_for_it() {
    in_world(|world| async move {
        let mut object = config_map("a");
        object["metadata"]["namespace"] = "shop".into();
        let desired = wanted(object);
        let (inventory, definitions) = (Inventory::default(), Definitions::default());
        let cluster = &world.cluster;
        let observed = cluster
            .observe(Some(&desired), &inventory, &definitions)
            .await;
        let observed = observed.into_values().next().unwrap();
        assert!(matches!(observed.live, Live::Absent), "{observed:?}");
        let DryRun::Deferred { until } = observed.dry_run else {
            panic!("{observed:?}");
        };
        assert_eq!(until[0].to_string(), "Namespace/shop");
    });
}
