//! Random changes, and what holds when the controllers have come to rest.

use proptest::prelude::*;

use super::*;

/// What somebody does to the Deployment `web`.
#[derive(Clone, Debug)]
enum Deed {
    Scale(u8),
    Image(u8),
    Fail(bool),
    DeletePod(usize),
    DeleteSet(usize),
    Pause(bool),
    Wait(u8),
}

fn deed() -> impl Strategy<Value = Deed> {
    prop_oneof![
        (0..6_u8).prop_map(Deed::Scale),
        (0..4_u8).prop_map(Deed::Image),
        any::<bool>().prop_map(Deed::Fail),
        any::<usize>().prop_map(Deed::DeletePod),
        any::<usize>().prop_map(Deed::DeleteSet),
        any::<bool>().prop_map(Deed::Pause),
        (0..200_u8).prop_map(Deed::Wait),
    ]
}

impl Cluster {
    fn do_deed(&mut self, deed: &Deed) {
        match deed {
            Deed::Scale(size) => self.change("Deployment", "web", "/spec/replicas", &json!(size)),
            Deed::Image(tag) => {
                let pointer = "/spec/template/spec/containers/0/image";
                self.change("Deployment", "web", pointer, &json!(format!("web:{tag}")));
            }
            Deed::Fail(fails) => {
                let reason = if *fails { "ImagePullBackOff" } else { "" };
                let annotations = json!({"windlass.dev/fail": reason});
                self.change("Deployment", "web", "/metadata/annotations", &annotations);
            }
            Deed::DeletePod(index) => self.delete_some("Pod", *index),
            Deed::DeleteSet(index) => self.delete_some("ReplicaSet", *index),
            Deed::Pause(paused) => {
                self.change("Deployment", "web", "/spec/paused", &json!(paused));
            }
            Deed::Wait(seconds) => self.advance(i64::from(*seconds)),
        }
    }

    fn delete_some(&mut self, kind: &str, index: usize) {
        let all = self.list(kind);
        if !all.is_empty() {
            self.delete(kind, fields::name(&all[index % all.len()]));
        }
        // Nobody collects garbage here: pods of a set that is gone go by hand.
        let sets: Vec<String> = self
            .list("ReplicaSet")
            .iter()
            .map(|it| fields::uid(it).to_owned())
            .collect();
        for pod in self.list("Pod") {
            let owner = text(&pod, "/metadata/ownerReferences/0/uid");
            if !sets.iter().any(|uid| uid == owner) {
                self.delete("Pod", fields::name(&pod));
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn whatever_happened_a_deployment_gets_the_pods_that_it_asks_for(
        deeds in prop::collection::vec(deed(), 1..12)
    ) {
        let mut cluster = Cluster::new();
        cluster.create(&workload("Deployment", json!({"replicas": 2})));
        for deed in &deeds {
            cluster.do_deed(deed);
        }
        cluster.do_deed(&Deed::Pause(false));
        cluster.do_deed(&Deed::Fail(false));
        cluster.advance(3600);

        let deployment = cluster.get("Deployment", "web");
        let wanted = integer(&deployment, "/spec/replicas");
        prop_assert_eq!(integer(&deployment, "/status/readyReplicas"), wanted);
        prop_assert_eq!(integer(&deployment, "/status/updatedReplicas"), wanted);
        let image = text(&deployment, "/spec/template/spec/containers/0/image");
        let pods = cluster.list("Pod");
        prop_assert_eq!(i64::try_from(pods.len()).unwrap(), wanted);
        for pod in &pods {
            prop_assert_eq!(text(pod, "/spec/containers/0/image"), image);
        }

        let before = cluster.api.store.revision();
        cluster.advance(3600);
        prop_assert_eq!(cluster.api.store.revision(), before, "at rest nothing is written");
    }
}
