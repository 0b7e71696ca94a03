//! Serves until Ctrl-C: `serve LISTEN KUBECONFIG [STATE]`, such as `serve 127.0.0.1:6443 /tmp/kubeconfig`.

use std::error::Error;

use windlass_apiserver::{Config, Server};

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [listen, kubeconfig, state @ ..] = arguments.as_slice() else {
        return Err("usage: serve LISTEN KUBECONFIG [STATE]".into());
    };
    let server = Server::start(Config {
        listen: listen.parse()?,
        state: state.first().map(Into::into),
        ..Config::default()
    })
    .await?;
    server.write_kubeconfig(kubeconfig.as_ref())?;
    tokio::signal::ctrl_c().await?;
    server.shutdown().await;
    Ok(())
}
