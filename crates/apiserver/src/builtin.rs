//! The built-in resource types of Kubernetes 1.37: a table of facts, after `kubectl api-resources -o wide`
//! and the discovery documents of that version. Beta and alpha versions are left out, and of types served
//! in several versions the newest stable one is kept.

use crate::resource::{
    GroupResource, ResourceType,
    Subresource::{
        self, Approval, Attach, Binding, EphemeralContainers, Eviction, Exec, Finalize, Log,
        PortForward, Proxy, Resize, Scale, Status, Token,
    },
    Verbs,
};

/// The types of one group, in the order in which discovery lists groups.
struct Group {
    name: &'static str,
    version: &'static str,
    types: &'static [Row],
}

struct Row {
    kind: &'static str,
    plural: &'static str,
    short_names: &'static [&'static str],
    category: &'static str,
    namespaced: bool,
    verbs: Verbs,
    subresources: &'static [Subresource],
}

const fn namespaced(kind: &'static str, plural: &'static str) -> Row {
    Row {
        kind,
        plural,
        short_names: &[],
        category: "",
        namespaced: true,
        verbs: Verbs::All,
        subresources: &[],
    }
}

const fn cluster(kind: &'static str, plural: &'static str) -> Row {
    let mut row = namespaced(kind, plural);
    row.namespaced = false;
    row
}

impl Row {
    const fn short(mut self, names: &'static [&'static str]) -> Self {
        self.short_names = names;
        self
    }

    const fn category(mut self, category: &'static str) -> Self {
        self.category = category;
        self
    }

    const fn verbs(mut self, verbs: Verbs) -> Self {
        self.verbs = verbs;
        self
    }

    const fn sub(mut self, subresources: &'static [Subresource]) -> Self {
        self.subresources = subresources;
        self
    }

    fn resource_type(&self, group: &Group) -> ResourceType {
        ResourceType {
            group: group.name.to_owned(),
            version: group.version.to_owned(),
            kind: self.kind.to_owned(),
            list_kind: format!("{}List", self.kind),
            plural: self.plural.to_owned(),
            singular: self.kind.to_ascii_lowercase(),
            short_names: self.short_names.iter().map(|it| (*it).to_owned()).collect(),
            categories: match self.category {
                "" => Vec::new(),
                category => vec![category.to_owned()],
            },
            namespaced: self.namespaced,
            verbs: self.verbs,
            subresources: self.subresources.to_vec(),
            storage: storage(group.name, self.plural),
            custom: None,
        }
    }
}

/// Events of both groups are the same objects.
fn storage(group: &str, plural: &str) -> GroupResource {
    match (group, plural) {
        ("events.k8s.io", "events") => GroupResource::new("", "events"),
        _ => GroupResource::new(group, plural),
    }
}

/// Returns all built-in types, group by group as discovery lists them.
pub(crate) fn resource_types() -> impl Iterator<Item = ResourceType> {
    GROUPS
        .iter()
        .flat_map(|group| group.types.iter().map(|row| row.resource_type(group)))
}

/// Returns the built-in groups in the order of discovery; the core group is the first.
pub(crate) fn groups() -> impl Iterator<Item = &'static str> {
    GROUPS.iter().map(|group| group.name)
}

const GROUPS: &[Group] = &[
    Group {
        name: "",
        version: "v1",
        types: &[
            namespaced("Binding", "bindings").verbs(Verbs::Create),
            cluster("ComponentStatus", "componentstatuses")
                .short(&["cs"])
                .verbs(Verbs::Read),
            namespaced("ConfigMap", "configmaps").short(&["cm"]),
            namespaced("Endpoints", "endpoints").short(&["ep"]),
            namespaced("Event", "events").short(&["ev"]),
            namespaced("LimitRange", "limitranges").short(&["limits"]),
            cluster("Namespace", "namespaces")
                .short(&["ns"])
                .verbs(Verbs::NoCollection)
                .sub(&[Finalize, Status]),
            cluster("Node", "nodes")
                .short(&["no"])
                .sub(&[Proxy, Status]),
            namespaced("PersistentVolumeClaim", "persistentvolumeclaims")
                .short(&["pvc"])
                .sub(&[Status]),
            cluster("PersistentVolume", "persistentvolumes")
                .short(&["pv"])
                .sub(&[Status]),
            namespaced("Pod", "pods")
                .short(&["po"])
                .category("all")
                .sub(&[
                    Attach,
                    Binding,
                    EphemeralContainers,
                    Eviction,
                    Exec,
                    Log,
                    PortForward,
                    Proxy,
                    Resize,
                    Status,
                ]),
            namespaced("PodTemplate", "podtemplates"),
            namespaced("ReplicationController", "replicationcontrollers")
                .short(&["rc"])
                .category("all")
                .sub(&[Scale, Status]),
            namespaced("ResourceQuota", "resourcequotas")
                .short(&["quota"])
                .sub(&[Status]),
            namespaced("Secret", "secrets"),
            namespaced("ServiceAccount", "serviceaccounts")
                .short(&["sa"])
                .sub(&[Token]),
            namespaced("Service", "services")
                .short(&["svc"])
                .category("all")
                .sub(&[Proxy, Status]),
        ],
    },
    Group {
        name: "apiregistration.k8s.io",
        version: "v1",
        types: &[cluster("APIService", "apiservices")
            .category("api-extensions")
            .sub(&[Status])],
    },
    Group {
        name: "apps",
        version: "v1",
        types: &[
            namespaced("ControllerRevision", "controllerrevisions"),
            namespaced("DaemonSet", "daemonsets")
                .short(&["ds"])
                .category("all")
                .sub(&[Status]),
            namespaced("Deployment", "deployments")
                .short(&["deploy"])
                .category("all")
                .sub(&[Scale, Status]),
            namespaced("ReplicaSet", "replicasets")
                .short(&["rs"])
                .category("all")
                .sub(&[Scale, Status]),
            namespaced("StatefulSet", "statefulsets")
                .short(&["sts"])
                .category("all")
                .sub(&[Scale, Status]),
        ],
    },
    Group {
        name: "events.k8s.io",
        version: "v1",
        types: &[namespaced("Event", "events").short(&["ev"])],
    },
    Group {
        name: "authentication.k8s.io",
        version: "v1",
        types: &[
            cluster("SelfSubjectReview", "selfsubjectreviews").verbs(Verbs::Create),
            cluster("TokenReview", "tokenreviews").verbs(Verbs::Create),
        ],
    },
    Group {
        name: "authorization.k8s.io",
        version: "v1",
        types: &[
            namespaced("LocalSubjectAccessReview", "localsubjectaccessreviews")
                .verbs(Verbs::Create),
            cluster("SelfSubjectAccessReview", "selfsubjectaccessreviews").verbs(Verbs::Create),
            cluster("SelfSubjectRulesReview", "selfsubjectrulesreviews").verbs(Verbs::Create),
            cluster("SubjectAccessReview", "subjectaccessreviews").verbs(Verbs::Create),
        ],
    },
    Group {
        name: "autoscaling",
        version: "v2",
        types: &[
            namespaced("HorizontalPodAutoscaler", "horizontalpodautoscalers")
                .short(&["hpa"])
                .category("all")
                .sub(&[Status]),
        ],
    },
    Group {
        name: "batch",
        version: "v1",
        types: &[
            namespaced("CronJob", "cronjobs")
                .short(&["cj"])
                .category("all")
                .sub(&[Status]),
            namespaced("Job", "jobs").category("all").sub(&[Status]),
        ],
    },
    Group {
        name: "certificates.k8s.io",
        version: "v1",
        types: &[
            cluster("CertificateSigningRequest", "certificatesigningrequests")
                .short(&["csr"])
                .sub(&[Approval, Status]),
            cluster("ClusterTrustBundle", "clustertrustbundles"),
            namespaced("PodCertificateRequest", "podcertificaterequests").sub(&[Status]),
        ],
    },
    Group {
        name: "networking.k8s.io",
        version: "v1",
        types: &[
            cluster("IngressClass", "ingressclasses"),
            namespaced("Ingress", "ingresses")
                .short(&["ing"])
                .sub(&[Status]),
            cluster("IPAddress", "ipaddresses").short(&["ip"]),
            namespaced("NetworkPolicy", "networkpolicies").short(&["netpol"]),
            cluster("ServiceCIDR", "servicecidrs").sub(&[Status]),
        ],
    },
    Group {
        name: "policy",
        version: "v1",
        types: &[namespaced("PodDisruptionBudget", "poddisruptionbudgets")
            .short(&["pdb"])
            .sub(&[Status])],
    },
    Group {
        name: "rbac.authorization.k8s.io",
        version: "v1",
        types: &[
            cluster("ClusterRoleBinding", "clusterrolebindings"),
            cluster("ClusterRole", "clusterroles"),
            namespaced("RoleBinding", "rolebindings"),
            namespaced("Role", "roles"),
        ],
    },
    Group {
        name: "storage.k8s.io",
        version: "v1",
        types: &[
            cluster("CSIDriver", "csidrivers"),
            cluster("CSINode", "csinodes").sub(&[Status]),
            namespaced("CSIStorageCapacity", "csistoragecapacities"),
            cluster("StorageClass", "storageclasses").short(&["sc"]),
            cluster("VolumeAttachment", "volumeattachments").sub(&[Status]),
            cluster("VolumeAttributesClass", "volumeattributesclasses").short(&["vac"]),
        ],
    },
    Group {
        name: "admissionregistration.k8s.io",
        version: "v1",
        types: &[
            cluster("MutatingAdmissionPolicy", "mutatingadmissionpolicies")
                .category("api-extensions"),
            cluster(
                "MutatingAdmissionPolicyBinding",
                "mutatingadmissionpolicybindings",
            )
            .category("api-extensions"),
            cluster(
                "MutatingWebhookConfiguration",
                "mutatingwebhookconfigurations",
            )
            .category("api-extensions"),
            cluster("ValidatingAdmissionPolicy", "validatingadmissionpolicies")
                .category("api-extensions")
                .sub(&[Status]),
            cluster(
                "ValidatingAdmissionPolicyBinding",
                "validatingadmissionpolicybindings",
            )
            .category("api-extensions"),
            cluster(
                "ValidatingWebhookConfiguration",
                "validatingwebhookconfigurations",
            )
            .category("api-extensions"),
        ],
    },
    Group {
        name: "apiextensions.k8s.io",
        version: "v1",
        types: &[
            cluster("CustomResourceDefinition", "customresourcedefinitions")
                .short(&["crd", "crds"])
                .category("api-extensions")
                .sub(&[Status]),
        ],
    },
    Group {
        name: "scheduling.k8s.io",
        version: "v1",
        types: &[cluster("PriorityClass", "priorityclasses").short(&["pc"])],
    },
    Group {
        name: "coordination.k8s.io",
        version: "v1",
        types: &[namespaced("Lease", "leases")],
    },
    Group {
        name: "node.k8s.io",
        version: "v1",
        types: &[cluster("RuntimeClass", "runtimeclasses")],
    },
    Group {
        name: "discovery.k8s.io",
        version: "v1",
        types: &[namespaced("EndpointSlice", "endpointslices")],
    },
    Group {
        name: "resource.k8s.io",
        version: "v1",
        types: &[
            cluster("DeviceClass", "deviceclasses"),
            cluster("DeviceTaintRule", "devicetaintrules").sub(&[Status]),
            namespaced("ResourceClaim", "resourceclaims").sub(&[Status]),
            namespaced("ResourceClaimTemplate", "resourceclaimtemplates"),
            cluster("ResourceSlice", "resourceslices"),
        ],
    },
    Group {
        name: "flowcontrol.apiserver.k8s.io",
        version: "v1",
        types: &[
            cluster("FlowSchema", "flowschemas").sub(&[Status]),
            cluster("PriorityLevelConfiguration", "prioritylevelconfigurations").sub(&[Status]),
        ],
    },
    Group {
        name: "storagemigration.k8s.io",
        version: "v1",
        types: &[cluster("StorageVersionMigration", "storageversionmigrations").sub(&[Status])],
    },
];

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn no_two_types_share_a_path_or_a_kind() {
        let types: Vec<ResourceType> = resource_types().collect();
        let paths: BTreeSet<_> = types.iter().map(|it| (&it.group, &it.plural)).collect();
        let kinds: BTreeSet<_> = types.iter().map(|it| (&it.group, &it.kind)).collect();
        assert_eq!((paths.len(), kinds.len()), (types.len(), types.len()));
    }

    #[test]
    fn short_names_are_unique_but_for_the_two_groups_of_events() {
        let types: Vec<ResourceType> = resource_types().collect();
        let names: Vec<_> = types.iter().flat_map(|it| &it.short_names).collect();
        let unique: BTreeSet<_> = names.iter().collect();
        assert_eq!(names.len(), unique.len() + 1);
    }
}
