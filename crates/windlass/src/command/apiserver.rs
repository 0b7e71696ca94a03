//! `windlass apiserver`: the embedded Kubernetes API server by itself.

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::Args;

use crate::access;
use crate::failure::{Done, Failure};
use crate::terminal::{closed, say};

use super::runtime;

/// Runs the embedded Kubernetes API server, for development, previews and tests
///
/// It keeps objects and lets small controllers stand in for a cluster; it runs no containers. It listens on
/// loopback only.
#[derive(Debug, Args)]
#[command(after_help = "\
Example:
  windlass apiserver --state /tmp/cluster --kubeconfig /tmp/cluster.yaml
  kubectl --kubeconfig /tmp/cluster.yaml get nodes")]
pub(crate) struct Apiserver {
    /// The address to listen on; port 0 takes a free one
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:0")]
    listen: SocketAddr,
    /// Where to keep the objects; without it they are gone at the end
    #[arg(long, value_name = "DIR")]
    state: Option<PathBuf>,
    /// Where to write the kubeconfig
    #[arg(long, value_name = "FILE", default_value = "kubeconfig")]
    kubeconfig: PathBuf,
}

impl Apiserver {
    pub(crate) fn run(self) -> Result<Done, Failure> {
        runtime()?.block_on(async {
            let server = access::start(self.listen, self.state).await?;
            let written = server.write_kubeconfig(&self.kubeconfig);
            if written.is_ok() {
                say(&format!("API server {}", server.url()));
                let kubeconfig = self.kubeconfig.display();
                say(&format!("for kubectl: export KUBECONFIG={kubeconfig}"));
                tokio::select! {
                    () = crate::interruption::interruption() => {}
                    () = closed() => {}
                }
            }
            server.shutdown().await;
            written?;
            Ok(Done::Well)
        })
    }
}
