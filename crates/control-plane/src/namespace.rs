//! A namespace for one test.

use std::time::{Duration, Instant};

use serde_json::json;

use crate::Client;

/// How long the default service account may take to be there.
const PATIENCE: Duration = Duration::from_mins(1);

/// A namespace of its own for a test. It is deleted when this value is dropped; nobody waits for it to be gone.
#[derive(Debug)]
pub struct Namespace {
    client: Client,
    name: String,
}

impl Namespace {
    pub(crate) fn create(client: &Client, test: &str) -> Self {
        let object = json!({"metadata": {"generateName": format!("{test}-")}});
        let answer = client.post("/api/v1/namespaces", &object);
        assert_eq!(answer.status, 201, "{}", answer.text());
        let name = answer.json()["metadata"]["name"].clone();
        let namespace = Self {
            client: client.clone(),
            name: name.as_str().expect("a name is a text").to_owned(),
        };
        namespace.wait_for_service_account();
        namespace
    }

    /// Without it, Pods are refused.
    fn wait_for_service_account(&self) {
        let path = format!("{}/serviceaccounts/default", self.path());
        let end = Instant::now() + PATIENCE;
        while self.client.get(&path).status != 200 {
            assert!(
                Instant::now() < end,
                "{path} is not there after {PATIENCE:?}"
            );
            std::thread::sleep(Duration::from_millis(10));
        }
    }

    /// Returns its name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Returns its path in the API of the core group, below which its objects are.
    pub fn path(&self) -> String {
        format!("/api/v1/namespaces/{}", self.name)
    }
}

impl Drop for Namespace {
    fn drop(&mut self) {
        // What is left of it goes with the server.
        let _ = self
            .client
            .try_send(&Client::request("DELETE", &self.path()));
    }
}
