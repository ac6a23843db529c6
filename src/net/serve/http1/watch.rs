//! What happens to a connection that its client does not do.

use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use crate::net::doze::Doze;
use crate::net::serve::{Handler, Server};

/// What has happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Event {
    /// The server stops, and takes no more requests.
    Shutdown,
    /// What did not end in time is to end now.
    Overdue,
    /// It is time for a look.
    Look,
}

/// Waits for the end of the server, and looks now and then.
pub(super) struct Watch<'a, H> {
    server: &'a Server<H>,
    every: Duration,
    /// Whether the server stops.
    pub(super) is_stopping: bool,
    next: Doze<dyn Future<Output = Event> + Send + 'a>,
}

impl<'a, H: Handler> Watch<'a, H> {
    /// A look `every` so often.
    pub(super) fn new(server: &'a Server<H>, every: Duration) -> Self {
        Self { server, every, is_stopping: false, next: wait(server, every, false) }
    }

    /// Ready when something has happened; then it is to be asked again.
    pub(super) fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Event> {
        let happened = Pin::new(&mut self.next).poll(cx);
        if let Poll::Ready(event) = happened {
            self.is_stopping |= event == Event::Shutdown;
            self.next = wait(self.server, self.every, self.is_stopping);
        }
        happened
    }

    /// Ready when everything has to end.
    pub(super) fn poll_overdue(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        loop {
            match self.poll(cx) {
                Poll::Ready(Event::Overdue) => return Poll::Ready(()),
                Poll::Ready(Event::Shutdown | Event::Look) => {}
                Poll::Pending => return Poll::Pending,
            }
        }
    }
}

fn wait<'a, H: Handler>(
    server: &'a Server<H>,
    every: Duration,
    is_stopping: bool,
) -> Doze<dyn Future<Output = Event> + Send + 'a> {
    Doze::new(Box::pin(async move {
        tokio::select! {
            biased;
            () = server.overdue.cancelled() => Event::Overdue,
            () = server.shutdown.cancelled(), if !is_stopping => Event::Shutdown,
            () = tokio::time::sleep(every) => Event::Look,
        }
    }))
}
