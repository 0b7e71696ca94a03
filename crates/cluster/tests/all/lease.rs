//! One process at a time, whatever the network and the clocks do.

use std::sync::Mutex;
use std::time::Duration;

use serde_json::json;
use tokio::time::Instant;
use windlass_cluster::{Claim, Cluster, ClusterError, Holder, InventoryError, Lease, LeaseError};
use windlass_faults::{Asked, Fate};
use windlass_plan::{Inventory, Unit};

use crate::network::{Network, in_network};

const DURATION: Duration = Duration::from_secs(1);

fn claim(host: &str, source: &str) -> Claim {
    Claim {
        namespace: "windlass-system".to_owned(),
        name: "windlass-dev.up".to_owned(),
        holder: Holder {
            host: host.to_owned(),
            process: 7,
            source: source.to_owned(),
            since: String::new(),
        },
        takes_over: false,
        duration: DURATION,
    }
}

async fn lease(cluster: &Cluster, host: &str) -> Lease {
    cluster.lease(&claim(host, "here"), &|_| {}).await.unwrap()
}

/// Writes something under the lease.
async fn write(cluster: &Cluster) -> Result<String, InventoryError> {
    let unit = Unit::new("windlass-system", "web");
    cluster
        .store_inventory(&unit, &Inventory::default(), None)
        .await
}

fn is_fenced(written: &Result<String, InventoryError>) -> bool {
    matches!(
        written,
        Err(InventoryError::Cluster {
            error: ClusterError::Fenced,
            ..
        })
    )
}

fn is_renewal(asked: &Asked) -> bool {
    asked.method == "PUT" && asked.path.contains("/leases/")
}

#[test]
fn a_second_process_is_told_who_is_at_work_and_follows_when_that_one_gives_back() {
    in_network(|network| async move {
        let (first, second) = (network.cluster().await, network.direct().await);
        let ours = lease(&first, "one").await;
        let told = Mutex::new(Vec::new());
        let next = claim("two", "here");
        let waits = |holder: &Holder| told.lock().unwrap().push(holder.clone());
        let mut waiting = std::pin::pin!(second.lease(&next, &waits));
        tokio::select! {
            _ = &mut waiting => panic!("both have it"),
            () = told_of(&told) => {}
        }
        ours.release().await;
        let given_back = Instant::now();
        waiting.await.unwrap();
        assert!(given_back.elapsed() < DURATION);
        let told = told.lock().unwrap();
        assert_eq!(told.len(), 1);
        assert_eq!((told[0].host.as_str(), told[0].process), ("one", 7));
        assert!(told[0].since.ends_with('Z'), "{told:?}");
    });
}

async fn told_of(told: &Mutex<Vec<Holder>>) {
    while told.lock().unwrap().is_empty() {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

#[test]
fn a_process_that_is_cut_off_stops_writing_before_another_one_may_begin() {
    in_network(|network| async move {
        let (first, second) = (network.cluster().await, network.direct().await);
        let ours = lease(&first, "one").await;
        let first = first.under(&ours);
        write(&first).await.unwrap();
        network.proxy.close();
        let closed = Instant::now();
        lease(&second, "two").await;
        network.proxy.open();
        let written = write(&first).await;
        assert!(is_fenced(&written), "{written:?}");
        assert!(closed.elapsed() >= DURATION * 2 / 3);
        let reason = ours.lost().await;
        assert!(reason.contains("does not answer"), "{reason}");
    });
}

#[test]
fn a_process_that_finds_another_one_at_work_stops_writing_at_once() {
    in_network(|network| async move {
        let cluster = network.cluster().await;
        let ours = lease(&cluster, "one").await;
        let under = cluster.clone().under(&ours);
        steal(&network).await;
        assert_eq!(ours.lost().await, "another process has it");
        let written = write(&under).await;
        assert!(is_fenced(&written), "{written:?}");
    });
}

/// Has another process take the lease, as if it had not changed for a long time.
async fn steal(network: &Network) {
    let spec = json!({"holderIdentity": "thief", "leaseDurationSeconds": 1});
    network.put_lease(spec).await;
}

#[test]
fn what_the_clock_of_the_holder_says_does_not_matter() {
    for renewed in ["1970-01-01T00:00:00.000000Z", "2100-01-01T00:00:00.000000Z"] {
        in_network(|network| async move {
            let spec = json!({
                "holderIdentity": "other", "leaseDurationSeconds": 1, "renewTime": renewed,
            });
            network.put_lease(spec).await;
            let begun = Instant::now();
            lease(&network.direct().await, "one").await;
            assert!(begun.elapsed() >= DURATION, "{renewed}");
        });
    }
}

#[test]
fn a_lease_is_kept_when_the_answers_to_its_renewals_are_lost() {
    in_network(|network| async move {
        let ours = lease(&network.cluster().await, "one").await;
        network.proxy.rule(|asked| {
            if is_renewal(asked) {
                Fate::Lost
            } else {
                Fate::Pass
            }
        });
        let renewals = async {
            while network
                .proxy
                .exchanges()
                .iter()
                .filter(|each| is_renewal(&each.asked))
                .count()
                < 8
            {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        };
        tokio::select! {
            reason = ours.lost() => panic!("{reason}"),
            () = renewals => {}
        }
    });
}

#[test]
fn another_source_is_refused_until_it_takes_over() {
    in_network(|network| async move {
        let cluster = network.direct().await;
        lease(&cluster, "one").await.release().await;
        let mut other = claim("one", "example.com/other");
        let refused = cluster.lease(&other, &|_| {}).await.err().unwrap();
        assert!(matches!(refused, LeaseError::Foreign { .. }));
        assert_eq!(
            refused.to_string(),
            "Lease windlass-system/windlass-dev.up: this cluster is kept at here, and not at example.com/other; name another environment, or take it over with --take-over"
        );
        other.takes_over = true;
        let taken = cluster.lease(&other, &|_| {}).await;
        taken.unwrap().release().await;
        assert!(cluster.lease(&claim("one", "here"), &|_| {}).await.is_err());
    });
}
