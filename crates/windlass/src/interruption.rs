//! Ctrl-C, and being asked to end.

use tokio::signal::unix::{SignalKind, signal};

/// The exit code of a program that Ctrl-C ended, as shells have it.
pub(crate) const INTERRUPTED: u8 = 130;

/// Returns at the first Ctrl-C or SIGTERM, so that what is under way can be brought to an end. A second one
/// ends the process at once.
pub(crate) async fn interruption() {
    signalled().await;
    tokio::spawn(async {
        signalled().await;
        std::process::exit(INTERRUPTED.into());
    });
}

async fn signalled() {
    let terminated = async {
        match signal(SignalKind::terminate()) {
            Ok(mut terminated) => drop(terminated.recv().await),
            // Ctrl-C is still listened to.
            Err(_) => std::future::pending().await,
        }
    };
    tokio::select! {
        _ = tokio::signal::ctrl_c() => {}
        () = terminated => {}
    }
}
