//! Which kind has which columns.

use super::column::Layout;
use super::{admission, config, events, network, node, pods, storage, workloads};

/// Returns the layout of a built-in kind; kinds without a printer show name and creation time.
pub(super) fn of(group: &str, kind: &str) -> Layout {
    match group {
        "" | "events.k8s.io" => core(kind),
        "apps" | "batch" | "autoscaling" | "policy" => workload(kind),
        "networking.k8s.io" | "discovery.k8s.io" => networking(kind),
        "storage.k8s.io" => storage_kind(kind),
        _ => other(kind),
    }
}

macro_rules! layout {
    ($columns:expr, $cells:expr) => {
        Layout {
            columns: $columns,
            cells: $cells,
        }
    };
}

const DEFAULT: Layout = layout!(config::DEFAULT, config::default);
const NAME_AND_AGE: Layout = layout!(config::NAME_AND_AGE, config::name_and_age);

fn core(kind: &str) -> Layout {
    match kind {
        "Pod" => layout!(pods::COLUMNS, pods::cells),
        "PodTemplate" => layout!(workloads::POD_TEMPLATE, workloads::pod_template),
        "ReplicationController" => {
            layout!(workloads::REPLICA_SET, workloads::replication_controller)
        }
        "Service" => layout!(network::SERVICE, network::service),
        "Endpoints" => layout!(network::ENDPOINTS, network::endpoints),
        "Node" => layout!(node::COLUMNS, node::cells),
        "Event" => layout!(events::COLUMNS, events::cells),
        "Namespace" => layout!(config::NAMESPACE, config::namespace),
        "Secret" => layout!(config::SECRET, config::secret),
        "ConfigMap" => layout!(config::CONFIG_MAP, config::config_map),
        "ResourceQuota" => layout!(config::QUOTA, config::quota),
        "PersistentVolume" => layout!(storage::VOLUME, storage::volume),
        "PersistentVolumeClaim" => layout!(storage::CLAIM, storage::claim),
        "ServiceAccount" => NAME_AND_AGE,
        "Status" => layout!(config::STATUS, config::status),
        _ => DEFAULT,
    }
}

fn workload(kind: &str) -> Layout {
    match kind {
        "Deployment" => layout!(workloads::DEPLOYMENT, workloads::deployment),
        "ReplicaSet" => layout!(workloads::REPLICA_SET, workloads::replica_set),
        "StatefulSet" => layout!(workloads::STATEFUL_SET, workloads::stateful_set),
        "DaemonSet" => layout!(workloads::DAEMON_SET, workloads::daemon_set),
        "ControllerRevision" => {
            layout!(
                workloads::CONTROLLER_REVISION,
                workloads::controller_revision
            )
        }
        "Job" => layout!(workloads::JOB, workloads::job),
        "CronJob" => layout!(workloads::CRON_JOB, workloads::cron_job),
        "HorizontalPodAutoscaler" => layout!(workloads::AUTOSCALER, workloads::autoscaler),
        "PodDisruptionBudget" => {
            layout!(workloads::DISRUPTION_BUDGET, workloads::disruption_budget)
        }
        "Scale" => layout!(config::SCALE, config::scale),
        _ => DEFAULT,
    }
}

fn networking(kind: &str) -> Layout {
    match kind {
        "Ingress" => layout!(network::INGRESS, network::ingress),
        "IngressClass" => layout!(network::INGRESS_CLASS, network::ingress_class),
        "NetworkPolicy" => layout!(network::NETWORK_POLICY, network::network_policy),
        "EndpointSlice" => layout!(network::ENDPOINT_SLICE, network::endpoint_slice),
        "ServiceCIDR" => layout!(network::SERVICE_CIDR, network::service_cidr),
        _ => DEFAULT,
    }
}

fn storage_kind(kind: &str) -> Layout {
    match kind {
        "StorageClass" => layout!(storage::STORAGE_CLASS, storage::storage_class),
        "VolumeAttachment" => layout!(storage::ATTACHMENT, storage::attachment),
        "CSINode" => layout!(storage::CSI_NODE, storage::csi_node),
        "CSIDriver" => layout!(storage::CSI_DRIVER, storage::csi_driver),
        "CSIStorageCapacity" => layout!(storage::CSI_CAPACITY, storage::csi_capacity),
        "VolumeAttributesClass" => layout!(storage::ATTRIBUTES_CLASS, storage::attributes_class),
        _ => DEFAULT,
    }
}

fn other(kind: &str) -> Layout {
    match kind {
        "RoleBinding" | "ClusterRoleBinding" => layout!(config::BINDING, config::binding),
        "CustomResourceDefinition" => layout!(admission::DEFINITION, admission::definition),
        "APIService" => layout!(admission::API_SERVICE, admission::api_service),
        "Lease" => layout!(config::LEASE, config::lease),
        "PriorityClass" => layout!(config::PRIORITY_CLASS, config::priority_class),
        "RuntimeClass" => layout!(config::RUNTIME_CLASS, config::runtime_class),
        "MutatingWebhookConfiguration" | "ValidatingWebhookConfiguration" => {
            layout!(admission::WEBHOOKS, admission::webhooks)
        }
        "ValidatingAdmissionPolicy" => {
            layout!(admission::VALIDATING_POLICY, admission::admission_policy)
        }
        "MutatingAdmissionPolicy" => {
            layout!(admission::MUTATING_POLICY, admission::admission_policy)
        }
        "ValidatingAdmissionPolicyBinding" | "MutatingAdmissionPolicyBinding" => {
            layout!(admission::POLICY_BINDING, admission::policy_binding)
        }
        "CertificateSigningRequest" => {
            layout!(admission::SIGNING_REQUEST, admission::signing_request)
        }
        "FlowSchema" => layout!(admission::FLOW_SCHEMA, admission::flow_schema),
        "PriorityLevelConfiguration" => {
            layout!(admission::PRIORITY_LEVEL, admission::priority_level)
        }
        "DeviceClass" | "ResourceClaimTemplate" => NAME_AND_AGE,
        _ => DEFAULT,
    }
}
