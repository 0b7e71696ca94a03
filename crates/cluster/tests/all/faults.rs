//! A bad network: what is sent again, what is recognised, and what is said in the end.

use std::time::Duration;

use tokio::time::Instant;
use windlass_cluster::{Cluster, Patience};
use windlass_faults::{Answer, Asked, Exchange, Fate};
use windlass_object::ObjectRef;
use windlass_plan::{Held, Inventory, Live, Unit};

use crate::network::{Network, in_network};
use crate::world::{id, inventory};

const NAMESPACE: &str = "default";

fn unit(name: &str) -> Unit {
    Unit::new(NAMESPACE, name)
}

fn map() -> ObjectRef {
    id("", "ConfigMap", "a")
}

/// Returns why the object is not known.
async fn unknown(cluster: &Cluster) -> String {
    match cluster.get(&map()).await {
        Live::Unknown { reason } => reason,
        other => panic!("{other:?}"),
    }
}

async fn is_absent(cluster: &Cluster) -> bool {
    matches!(cluster.get(&map()).await, Live::Absent)
}

/// Answers the first request like this.
fn first(network: &Network, fate: Fate) {
    network.proxy.rule(move |asked| match asked.number {
        1 => fate.clone(),
        _ => Fate::Pass,
    });
}

fn count(network: &Network, is_counted: impl Fn(&Asked) -> bool) -> usize {
    let exchanges = network.proxy.exchanges();
    let asked = exchanges.iter().map(|exchange: &Exchange| &exchange.asked);
    asked.filter(|asked| is_counted(asked)).count()
}

#[test]
fn a_server_that_asks_for_patience_is_left_alone_for_so_long() {
    in_network(|network| async move {
        let cluster = network.cluster().await;
        first(&network, Fate::Answer(Answer::too_many_requests(1)));
        let begun = Instant::now();
        assert!(is_absent(&cluster).await);
        assert!(begun.elapsed() >= Duration::from_secs(1));
        assert_eq!(count(&network, |_| true), 2);
    });
}

#[test]
fn a_read_gets_through_whatever_happens_to_it_once() {
    let fates = [
        Fate::Answer(Answer::failure(
            500,
            "InternalError",
            "etcdserver: leader changed",
        )),
        Fate::Answer(Answer::html(503)),
        Fate::Answer(Answer::html(200)),
        Fate::Unsent,
        Fate::Lost,
        Fate::Truncated(10),
        Fate::Delayed(Duration::from_millis(20)),
    ];
    in_network(|network| async move {
        let cluster = network.cluster().await;
        for fate in fates {
            first(&network, fate.clone());
            assert!(is_absent(&cluster).await, "{fate:?}");
        }
    });
}

#[test]
fn an_inventory_is_stored_once_when_the_answer_is_lost() {
    in_network(|network| async move {
        let cluster = network.cluster().await;
        first(&network, Fate::Lost);
        let version = cluster
            .store_inventory(&unit("web"), &Inventory::default(), None)
            .await;
        first(&network, Fate::Lost);
        let held = inventory(&[map()]);
        let version = version.unwrap();
        let replaced = cluster
            .store_inventory(&unit("web"), &held, Some(&version))
            .await;
        let stored = cluster.inventory(&unit("web")).await;
        assert_eq!(stored.held, Held::Known(held));
        assert_eq!(stored.version, Some(replaced.unwrap()));
    });
}

#[test]
fn an_answer_without_end_is_not_read_to_its_end() {
    in_network(|network| async move {
        let patience = Patience {
            body: 1000,
            ..Patience::default()
        };
        let cluster = network.cluster().await.with_patience(patience);
        let answer = Answer {
            body: "x".repeat(5000),
            ..Answer::html(200)
        };
        first(&network, Fate::Answer(answer));
        let reason = unknown(&cluster).await;
        assert!(
            reason.ends_with("the answer is longer than 1000 bytes, and nothing of it was used"),
            "{reason}"
        );
    });
}

#[test]
fn a_server_that_is_silent_is_given_up_with_its_address_and_the_request() {
    in_network(|network| async move {
        let patience = Patience {
            answer: Duration::from_millis(20),
            pause: Duration::from_millis(1),
            ..Patience::default()
        };
        let cluster = network.cluster().await.with_patience(patience);
        network.proxy.rule(|_| Fate::Silent);
        let url = network.proxy.url();
        assert_eq!(
            unknown(&cluster).await,
            format!(
                "the API server {url} does not answer: GET /api/v1/namespaces/default/configmaps/a: no answer within 0.02 s (6 times); is the cluster up?"
            )
        );
    });
}

#[test]
fn a_page_of_a_load_balancer_is_told_from_an_answer_of_the_server() {
    in_network(|network| async move {
        let cluster = network.cluster().await;
        network.proxy.rule(|_| Fate::Answer(Answer::html(404)));
        let reason = unknown(&cluster).await;
        assert!(
            reason.contains("404 Not Found, which may come from a proxy"),
            "{reason}"
        );
    });
}

#[test]
fn credentials_that_ran_out_are_answered_with_what_to_do() {
    in_network(|network| async move {
        let cluster = network.cluster().await;
        network
            .proxy
            .rule(|_| Fate::Answer(Answer::failure(401, "Unauthorized", "Unauthorized")));
        let reason = unknown(&cluster).await;
        assert!(reason.contains("log in to the cluster again"), "{reason}");
    });
}

#[test]
fn a_list_in_pages_is_read_to_its_end_and_anew_when_its_rest_is_gone() {
    in_network(|network| async move {
        let cluster = network.cluster().await;
        for name in ["a", "b", "c"] {
            let (unit, nothing) = (unit(name), Inventory::default());
            let stored = cluster.store_inventory(&unit, &nothing, None);
            stored.await.unwrap();
        }
        let mut is_gone = false;
        network.proxy.rule(move |asked| {
            let is_rest = asked.query.contains("continue=");
            if is_rest && !std::mem::replace(&mut is_gone, true) {
                Fate::Answer(Answer::expired())
            } else {
                Fate::Paged(1)
            }
        });
        let units = cluster.inventories(NAMESPACE).await.unwrap();
        let names: Vec<_> = units.iter().map(|(unit, _)| unit.name.as_str()).collect();
        assert_eq!(names, ["a", "b", "c"]);
        assert_eq!(
            count(&network, |asked| !asked.query.contains("continue=")),
            2
        );
    });
}

#[test]
fn a_watch_that_is_cut_goes_on_where_it_was() {
    in_network(|network| async move {
        let cluster = network.cluster().await;
        network.proxy.rule(|_| Fate::Pass);
        let mut watched = cluster.watch(NAMESPACE);
        watched.add(&[map()]).await;
        watching(&network, 1).await;
        network.proxy.cut_watches();
        watching(&network, 2).await;
        network.put_map("a").await;
        let told = tokio::time::timeout(Duration::from_secs(20), watched.next()).await;
        assert!(told.is_ok());
        assert_eq!(count(&network, |asked| !asked.is_watch()), 1, "one list");
    });
}

/// Waits until so many watches have begun.
async fn watching(network: &Network, number: usize) {
    while count(network, Asked::is_watch) < number {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}
