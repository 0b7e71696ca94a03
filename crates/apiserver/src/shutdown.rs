//! The end of the server, as a value that tasks wait for.

use tokio::sync::watch;

/// Waits for the end.
#[derive(Clone, Debug)]
pub(crate) struct Shutdown(watch::Receiver<bool>);

/// Declares the end, when told to or dropped.
#[derive(Debug)]
pub(crate) struct Ending(watch::Sender<bool>);

/// Returns both sides.
pub(crate) fn channel() -> (Ending, Shutdown) {
    let (sender, receiver) = watch::channel(false);
    (Ending(sender), Shutdown(receiver))
}

impl Shutdown {
    /// Returns when the server ends.
    pub(crate) async fn wait(&mut self) {
        // An error means that the other side was dropped, which is the end as well.
        let _ = self.0.wait_for(|ends| *ends).await;
    }
}

impl Ending {
    /// Declares the end.
    pub(crate) fn declare(&self) {
        self.0.send_replace(true);
    }
}

impl Drop for Ending {
    fn drop(&mut self) {
        self.declare();
    }
}
