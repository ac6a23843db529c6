//! A value that is replaced while it is read: the one way in which anything is reloaded.

use std::sync::Arc;

use arc_swap::ArcSwap;
use tokio::sync::watch;

/// One pointer to the current value. A reader takes it once and sees one value to its end.
#[derive(Debug)]
pub struct Published<T> {
    current: ArcSwap<T>,
    changes: watch::Sender<()>,
}

impl<T> Published<T> {
    /// Publishes a first value.
    pub fn new(value: T) -> Self {
        Self { current: ArcSwap::from_pointee(value), changes: watch::Sender::new(()) }
    }

    /// The current value; never waits.
    pub fn load(&self) -> Arc<T> {
        self.current.load_full()
    }

    /// Replaces the value and wakes everybody who waits for a change.
    pub fn publish(&self, value: T) {
        self.current.store(Arc::new(value));
        self.changes.send_replace(());
    }

    /// Tells of every replacement after this call.
    pub fn subscribe(&self) -> watch::Receiver<()> {
        self.changes.subscribe()
    }
}
