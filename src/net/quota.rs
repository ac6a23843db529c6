//! How many connections each client has.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::networks::client_of;

/// Counts the connections of each client; one that has none takes no room.
#[derive(Debug)]
pub(super) struct Quota {
    most: usize,
    clients: Mutex<HashMap<IpAddr, usize>>,
}

/// A connection that counts until this is dropped.
#[derive(Debug)]
pub(super) struct Seat {
    /// `None`: it is not counted.
    counted: Option<(Arc<Quota>, IpAddr)>,
}

impl Quota {
    /// At most so many for each client; 0: as many as it likes.
    pub(super) fn new(most: usize) -> Arc<Self> {
        Arc::new(Self { most, clients: Mutex::default() })
    }

    /// A seat for one more connection; `None`: the client has too many. Whoever is exempt is not counted.
    pub(super) fn take(self: &Arc<Self>, client: IpAddr, exempt: bool) -> Option<Seat> {
        if self.most == 0 || exempt {
            return Some(Seat { counted: None });
        }
        let client = client_of(client);
        let mut clients = self.lock();
        let count = clients.entry(client).or_default();
        if *count >= self.most {
            return None;
        }
        *count += 1;
        drop(clients);
        Some(Seat { counted: Some((Arc::clone(self), client)) })
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<IpAddr, usize>> {
        self.clients.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        let Some((quota, client)) = &self.counted else {
            return;
        };
        let mut clients = quota.lock();
        if let Some(count) = clients.get_mut(client) {
            *count = count.saturating_sub(1);
            if *count == 0 {
                clients.remove(client);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_client_gets_its_connections_and_leaves_nothing_behind() {
        let quota = Quota::new(2);
        let take = |text: &str| quota.take(text.parse().unwrap(), false);
        let seats = [take("192.0.2.1"), take("::ffff:192.0.2.1"), take("2001:db8::1")];
        assert!(seats.iter().flatten().all(|seat| seat.counted.is_some()));
        assert!(take("192.0.2.1").is_none());
        assert!(quota.take("192.0.2.1".parse().unwrap(), true).is_some());
        let second = take("2001:db8::ffff");
        assert!(second.is_some() && take("2001:db8::2").is_none());
        drop((seats, second));
        assert!(quota.lock().is_empty());
        assert!(Quota::new(0).take([192, 0, 2, 1].into(), false).is_some());
    }
}
