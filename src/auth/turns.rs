//! Who may have a password computed now: a few at the same time, and of each client a share.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::available_parallelism;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::Denial;
use crate::net::networks::client_of;

/// Passwords that wait or are computed, of all clients.
const MOST: usize = 256;

/// Passwords that wait or are computed, of one client: six connections of a browser fit.
const MOST_OF_ONE: usize = 8;

/// Hands out turns.
#[derive(Debug)]
pub(super) struct Turns {
    /// One for each that is computed: half of the processors keep serving.
    running: Arc<Semaphore>,
    queued: Arc<Mutex<Queued>>,
}

#[derive(Debug, Default)]
struct Queued {
    all: usize,
    by_client: HashMap<IpAddr, usize>,
}

/// A turn; ends when it is dropped.
#[derive(Debug)]
pub(super) struct Turn {
    _place: Place,
    _running: OwnedSemaphorePermit,
}

/// A place in the queue; left when it is dropped, also by a client that does not wait any longer.
#[derive(Debug)]
struct Place {
    queued: Arc<Mutex<Queued>>,
    client: IpAddr,
}

impl Default for Turns {
    fn default() -> Self {
        let processors = available_parallelism().map_or(1, usize::from);
        Self::new((processors / 2).max(1))
    }
}

impl Turns {
    fn new(at_once: usize) -> Self {
        Self { running: Arc::new(Semaphore::new(at_once)), queued: Arc::default() }
    }

    /// Waits for a turn.
    ///
    /// # Errors
    /// There are too many, in all or of this client.
    pub(super) async fn take(&self, client: IpAddr) -> Result<Turn, Denial> {
        let place = self.queue(client_of(client)).ok_or(Denial::Busy)?;
        let running = Arc::clone(&self.running).acquire_owned().await;
        let running = running.map_err(|_closed| Denial::Busy)?;
        Ok(Turn { _place: place, _running: running })
    }

    fn queue(&self, client: IpAddr) -> Option<Place> {
        let mut queued = self.queued.lock().unwrap_or_else(PoisonError::into_inner);
        let of_client = queued.by_client.get(&client).copied().unwrap_or(0);
        if queued.all >= MOST || of_client >= MOST_OF_ONE {
            return None;
        }
        queued.all += 1;
        queued.by_client.insert(client, of_client + 1);
        drop(queued);
        Some(Place { queued: Arc::clone(&self.queued), client })
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut queued = self.queued.lock().unwrap_or_else(PoisonError::into_inner);
        queued.all = queued.all.saturating_sub(1);
        if let Some(of_client) = queued.by_client.get_mut(&self.client) {
            *of_client = of_client.saturating_sub(1);
            if *of_client == 0 {
                queued.by_client.remove(&self.client);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn client(number: u8) -> IpAddr {
        IpAddr::from([10, 0, 0, number])
    }

    #[tokio::test]
    async fn one_client_cannot_take_all_turns_and_who_leaves_frees_a_place() {
        let turns = Turns::new(1);
        let first = turns.take(client(1)).await.unwrap();
        let mut waiting: Vec<_> =
            (1..MOST_OF_ONE).map(|_| Box::pin(turns.take(client(1)))).collect();
        for wait in &mut waiting {
            assert!(futures_poll(wait).is_none());
        }
        assert_eq!(turns.take(client(1)).await.unwrap_err(), Denial::Busy);
        let mut other = Box::pin(turns.take(client(2)));
        assert!(futures_poll(&mut other).is_none());
        drop(waiting);
        drop(first);
        let _turn = other.await.unwrap();
        let queued = turns.queued.lock().unwrap();
        assert_eq!((queued.all, queued.by_client.len()), (1, 1));
    }

    #[tokio::test]
    async fn there_is_an_end_to_the_queue() {
        let turns = Turns::new(1);
        let _running = turns.take(client(0)).await.unwrap();
        let mut waiting: Vec<_> =
            (1..MOST).map(|i| Box::pin(turns.take(client(u8::try_from(i).unwrap())))).collect();
        for wait in &mut waiting {
            assert!(futures_poll(wait).is_none());
        }
        assert_eq!(turns.take(IpAddr::from([10, 1, 0, 0])).await.unwrap_err(), Denial::Busy);
    }

    /// Polls once.
    fn futures_poll<F: Future + Unpin>(future: &mut F) -> Option<F::Output> {
        let mut cx = std::task::Context::from_waker(std::task::Waker::noop());
        match std::pin::Pin::new(future).poll(&mut cx) {
            std::task::Poll::Ready(output) => Some(output),
            std::task::Poll::Pending => None,
        }
    }
}
