//! Subresources with a meaning of their own, and reviews, which are answered and not stored.

use hyper::Method;
use serde_json::{Value, json};

use super::{Call, no_containers};
use crate::adapt;
use crate::answer::{self, Answer};
use crate::api::{Deleted, Target};
use crate::fields;
use crate::rbac;
use crate::resource::Subresource;
use crate::status::Status;

impl Call<'_> {
    pub(super) fn special(&self, subresource: Subresource) -> Result<Answer, Status> {
        match (subresource, &self.request.method) {
            (Subresource::Log, _) => Err(no_containers("there are no logs")),
            (Subresource::Exec | Subresource::Attach, _) => {
                Err(no_containers("there is no process to talk to"))
            }
            (Subresource::PortForward | Subresource::Proxy, _) => {
                Err(no_containers("there is no port to forward to"))
            }
            (Subresource::Eviction, &Method::POST) => self.evict(),
            (Subresource::Binding, &Method::POST) => self.bind(),
            (Subresource::Token, &Method::POST) => self.token(),
            (Subresource::Approval | Subresource::EphemeralContainers | Subresource::Resize, _) => {
                self.part()
            }
            _ => Err(Status::method_not_allowed()),
        }
    }

    /// Deletes a pod. Budgets are not asked: there is one node, and nothing to move to.
    fn evict(&self) -> Result<Answer, Status> {
        let eviction = self.request.object()?;
        let body = eviction.get("deleteOptions").cloned().unwrap_or_default();
        let target = Target {
            subresource: None,
            ..self.target()
        };
        match self
            .api()
            .delete(target, &self.parse_delete_options(&body)?)?
        {
            Deleted::Gone(_) | Deleted::Waiting(_) => Ok(answer::json(201, &success())),
        }
    }

    /// Puts a pod on a node.
    fn bind(&self) -> Result<Answer, Status> {
        let binding = self.request.object()?;
        let node = fields::text(&binding, "/target/name").to_owned();
        let target = Target {
            subresource: None,
            ..self.target()
        };
        self.api()
            .modify(target, &self.write_options()?, &mut |live| {
                let mut pod = live.clone();
                pod["spec"]["nodeName"] = node.clone().into();
                Ok(pod)
            })?;
        Ok(answer::json(201, &success()))
    }

    fn token(&self) -> Result<Answer, Status> {
        self.api().get(self.target())?;
        Err(Status::new(
            501,
            crate::status::Reason::Unknown,
            "this embedded server issues no tokens for ServiceAccounts; use the token of its \
             kubeconfig",
        ))
    }

    pub(super) fn review(&self) -> Result<Answer, Status> {
        let review = self.request.object()?;
        if !rbac::is_review(&self.resource) {
            return Err(Status::method_not_allowed());
        }
        let (store, namespace) = (&self.api().store, &self.route.namespace);
        let mut review =
            rbac::answer(store, &self.request.user, &self.resource, namespace, review)?;
        review["apiVersion"] = self.resource.api_version().into();
        review["kind"] = self.resource.kind.clone().into();
        self.give_metadata(&mut review)?;
        Ok(answer::json(201, &review))
    }
}

impl Call<'_> {
    /// A review has the metadata of an object that is created, as far as its kind has use for it.
    fn give_metadata(&self, review: &mut Value) -> Result<(), Status> {
        let now = self.api().now();
        match self.resource.kind.as_str() {
            "SelfSubjectRulesReview" => review["metadata"] = json!({}),
            "SelfSubjectReview" => review["metadata"] = json!({"creationTimestamp": now}),
            _ => {
                let status = review["status"].take();
                let manager = self.write_options()?.field_manager;
                review["metadata"] = json!({});
                if self.resource.namespaced {
                    review["metadata"]["namespace"] = self.route.namespace.clone().into();
                }
                adapt::track(&self.target(), None, review, &manager, &now);
                review["status"] = status;
            }
        }
        Ok(())
    }
}

fn success() -> Value {
    json!({"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success"})
}
