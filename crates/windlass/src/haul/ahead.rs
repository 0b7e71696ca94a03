//! Rendering that begins before anything is known of the cluster: it takes a core, while the cluster takes its time.

use std::sync::Arc;
use std::thread;

use tokio::sync::oneshot;
use windlass_render::Unit;

use crate::desired::{self, RenderedUnit};
use crate::keys::{Keys, Together};
use crate::scene::{Scene, Snapshot};

/// What rendering came to, and the recipients whose keys opened its secrets.
pub(crate) type Rendition = (Vec<String>, Vec<RenderedUnit>);

/// A rendering under way.
pub(crate) struct Ahead(oneshot::Receiver<Rendition>);

impl Ahead {
    /// Begins to render, on a thread of its own: a process that has to end does not wait for it.
    pub(crate) fn begin(
        scene: &Arc<Scene>,
        snapshot: Snapshot,
        keys: Keys,
        units: Vec<Unit>,
    ) -> Self {
        let (sender, receiver) = oneshot::channel();
        let scene = Arc::clone(scene);
        let work = move || {
            let together = Together(&keys);
            let decryption = scene.decryption(&together);
            let rendered = desired::render_all(&*snapshot.tree, &units, decryption, Vec::new());
            // Nobody waits for it any more where there is no cluster.
            let _ = sender.send((keys.recipients(), rendered));
        };
        // Without a thread there is nothing ahead, and what is needed is made when it is needed.
        let _ = thread::Builder::new().name("render".to_owned()).spawn(work);
        let _ = thread::Builder::new()
            .name("facts".to_owned())
            .spawn(windlass_object::schema::facts);
        Self(receiver)
    }

    /// Returns what came of it: nothing, if it came to no end.
    pub(crate) async fn rendered(self) -> Rendition {
        self.0.await.unwrap_or_default()
    }
}
