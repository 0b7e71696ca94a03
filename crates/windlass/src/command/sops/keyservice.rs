//! `sops keyservice`: lends the keys of this process to other sops programs.

use std::sync::{Arc, Mutex, PoisonError};

use clap::Args;
use tokio::runtime::Runtime;
use windlass_http::Settings;
use windlass_keys::{Approval, KeyServer, LocalAddress};
use windlass_sops::MasterKey;

use super::ask::ask;
use super::context::Context;
use super::exit::Exit;
use crate::failure::{Done, Failure};
use crate::interruption::interruption;
use crate::keys::Keys;
use crate::terminal::{complain, shown};

/// Serves the keys of this process to other sops programs
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  sops keyservice --network unix --address ~/.sops.sock      for you alone
  sops --keyservice unix:///home/me/.sops.sock -d secret.yaml
  ssh -R /tmp/sops.sock:/home/me/.sops.sock host             lends your keys to a session on another machine

Whoever reaches the address can have data keys unwrapped. So it is a loopback address or a unix socket, which only
its owner can use.")]
pub(super) struct Keyservice {
    /// tcp or unix
    #[arg(
        long,
        visible_alias = "net",
        value_name = "NETWORK",
        default_value = "tcp"
    )]
    network: String,
    /// The address to listen on: 127.0.0.1:PORT, or the path of a socket
    #[arg(
        long,
        visible_alias = "addr",
        value_name = "ADDRESS",
        default_value = "127.0.0.1:5000"
    )]
    address: String,
    /// Ask on the terminal before each request is answered
    #[arg(long)]
    prompt: bool,
    /// Accepted for the sake of sops
    #[arg(long, hide = true)]
    verbose: bool,
}

impl Keyservice {
    pub(super) fn run(self, context: &Context) -> Result<Done, Failure> {
        let address = LocalAddress::new(&self.network, &self.address);
        let address = address.map_err(|error| Exit::Generic.with(error))?;
        let keys = Arc::new(Keys::for_sops(&Settings::default()));
        let runtime = Runtime::new()?;
        let served = runtime.block_on(async {
            let server = KeyServer::listen(&address).await?;
            announce(&server, context);
            server.serve(keys, self.approval(), interruption()).await
        });
        // A question that nobody answers must not keep the program from ending.
        runtime.shutdown_background();
        served.map_err(|error| Exit::Generic.with(error))?;
        Ok(Done::Well)
    }

    fn approval(&self) -> Approval {
        if !self.prompt {
            return Box::new(|_, _| true);
        }
        // Two questions at once could not be told apart.
        let turn = Mutex::new(());
        Box::new(move |verb, key| {
            let _turn = turn.lock().unwrap_or_else(PoisonError::into_inner);
            approve(verb, key)
        })
    }
}

/// Asks before the key is used; sops 3.11 asks when it has been.
fn approve(verb: &str, key: &MasterKey) -> bool {
    let article = key.key_type().article();
    let key = shown(&key.to_string());
    let question = format!("\nA request to {verb} with {article}, {key}. Answer it? (y/n): ");
    ask(&question).unwrap_or(false)
}

fn announce(server: &KeyServer, context: &Context) {
    let address = server.address();
    if matches!(address, LocalAddress::Loopback(_)) {
        context.warn("every user of this machine reaches this address, and may use your keys through it; a unix socket is yours alone");
    }
    complain(&format!("listening on {address}"));
}
