//! A limit on the connections that wait for their clients.
//!
//! A connection waits for its client until a whole request has arrived, and while the client does
//! not read the answer. Waiting costs a client nothing, so the number of waiting connections is
//! limited, per network and in total. A new one is never turned away: it takes the place of the one
//! that has waited longest, preferably of one that has sent nothing.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::net::{IpAddr, SocketAddr};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::Context;

use futures_util::task::AtomicWaker;
use ipnet::IpNet;

use crate::service::Network;

/// The maximum number of connections of a network that may wait before their first request,
/// including the TLS handshake; and the same number after it. A busy homeserver opens some hundreds
/// at once, and each is silent for a moment.
const MOST: usize = 512;

/// The connections that wait for their clients.
pub(super) struct Admission {
    trusted: Vec<IpNet>,
    /// The maximum number of waiting connections.
    limit: usize,
    waiting: Mutex<Waiting>,
}

#[derive(Default)]
struct Waiting {
    /// The number of times that a connection has begun to wait.
    begun: u64,
    /// The place of each waiting connection, oldest first.
    places: BTreeMap<u64, (Place, Arc<Eviction>)>,
    /// The connections that share a limit: silent ones first, then by age.
    groups: HashMap<Group, BTreeSet<(bool, u64)>>,
}

#[derive(Clone, Copy, PartialEq, Eq, Hash)]
struct Group {
    network: Network,
    is_acquainted: bool,
}

#[derive(Clone, Copy)]
struct Place {
    /// Absent for a trusted proxy, which speaks for many networks.
    group: Option<Group>,
    /// True if the client has begun to send something.
    is_speaking: bool,
}

/// Tells a connection to end.
#[derive(Default)]
struct Eviction {
    is_evicted: AtomicBool,
    task: AtomicWaker,
}

/// A connection's place in the [`Admission`].
pub(super) struct Seat {
    admission: Arc<Admission>,
    network: Option<Network>,
    is_acquainted: bool,
    place: Option<u64>,
    eviction: Arc<Eviction>,
}

impl Admission {
    /// Lets `limit` connections wait in total.
    pub(super) fn new(trusted: &[IpNet], limit: usize) -> Self {
        Self { trusted: trusted.to_vec(), limit, waiting: Mutex::default() }
    }

    /// Admits a new connection, which waits.
    pub(super) fn admit(self: &Arc<Self>, peer: Option<SocketAddr>) -> Seat {
        let is_trusted = |address: IpAddr| self.trusted.iter().any(|range| range.contains(&address));
        let address = peer.map(|peer| peer.ip().to_canonical());
        let network = address.filter(|address| !is_trusted(*address)).map(Network::of);
        let mut seat =
            Seat { admission: Arc::clone(self), network, is_acquainted: false, place: None, eviction: Arc::default() };
        seat.wait(false);
        seat
    }

    fn waiting(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Waiting {
    fn insert(&mut self, place: Place, eviction: Arc<Eviction>, limit: usize) -> u64 {
        self.begun += 1;
        let id = self.begun;
        self.places.insert(id, (place, eviction));
        if let Some(group) = place.group {
            let members = self.groups.entry(group).or_default();
            members.insert((place.is_speaking, id));
            if members.len() > MOST
                && let Some((_, oldest)) = members.first().copied()
            {
                self.evict(oldest);
            }
        }
        if self.places.len() > limit
            && let Some(oldest) = self.places.keys().next().copied()
        {
            self.evict(oldest);
        }
        id
    }

    fn evict(&mut self, id: u64) {
        if let Some(eviction) = self.remove(id) {
            eviction.is_evicted.store(true, Ordering::Release);
            eviction.task.wake();
        }
    }

    fn remove(&mut self, id: u64) -> Option<Arc<Eviction>> {
        let (place, eviction) = self.places.remove(&id)?;
        if let Some(group) = place.group
            && let Some(members) = self.groups.get_mut(&group)
        {
            members.remove(&(place.is_speaking, id));
            if members.is_empty() {
                self.groups.remove(&group);
            }
        }
        Some(eviction)
    }
}

impl Seat {
    /// Begins to wait for the client, which has begun to send something if `is_speaking`.
    pub(super) fn wait(&mut self, is_speaking: bool) {
        let group = self.network.map(|network| Group { network, is_acquainted: self.is_acquainted });
        let mut waiting = self.admission.waiting();
        self.place.take().and_then(|id| waiting.remove(id));
        let place = Place { group, is_speaking };
        self.place = Some(waiting.insert(place, Arc::clone(&self.eviction), self.admission.limit));
    }

    /// Stops waiting: the client has sent a whole request.
    pub(super) fn proceed(&mut self) {
        self.is_acquainted = true;
        self.leave();
    }

    /// Stops waiting.
    pub(super) fn leave(&mut self) {
        if let Some(id) = self.place.take() {
            self.admission.waiting().remove(id);
        }
    }

    pub(super) const fn is_waiting(&self) -> bool {
        self.place.is_some()
    }

    /// Returns whether the connection has to end. If not, the task is woken when it does.
    pub(super) fn is_evicted(&self, cx: &Context<'_>) -> bool {
        self.eviction.task.register(cx.waker());
        self.eviction.is_evicted.load(Ordering::Acquire)
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        self.leave();
    }
}

#[cfg(test)]
mod tests {
    use std::task::Waker;

    use super::*;

    fn admission(limit: usize) -> Arc<Admission> {
        Arc::new(Admission::new(&["10.0.0.1/32".parse().unwrap()], limit))
    }

    fn from(admission: &Arc<Admission>, address: &str) -> Seat {
        admission.admit(Some(SocketAddr::new(address.parse().unwrap(), 1)))
    }

    fn many(admission: &Arc<Admission>, address: &str, number: usize) -> Vec<Seat> {
        (0..number).map(|_| from(admission, address)).collect()
    }

    fn is_evicted(seat: &Seat) -> bool {
        seat.is_evicted(&Context::from_waker(Waker::noop()))
    }

    fn evicted(seats: &[Seat]) -> usize {
        seats.iter().filter(|seat| is_evicted(seat)).count()
    }

    #[test]
    fn the_newest_strangers_of_a_network_stay() {
        let admission = admission(10_000);
        let other = from(&admission, "203.0.114.1");
        let seats = many(&admission, "203.0.113.7", 1_000);
        assert_eq!((evicted(&seats[..1_000 - MOST]), evicted(&seats[1_000 - MOST..])), (1_000 - MOST, 0));
        assert!(!is_evicted(&other));
        assert_eq!(admission.waiting().places.len(), MOST + 1);
    }

    #[test]
    fn those_that_send_something_outlive_the_silent_ones() {
        let admission = admission(10_000);
        let mut honest = from(&admission, "2001:db8:1::1");
        honest.wait(true);
        let seats = many(&admission, "2001:db8:1:ffff::1", 1_000);
        assert!(!is_evicted(&honest));
        assert_eq!(evicted(&seats), 1_000 - (MOST - 1));
    }

    #[test]
    fn strangers_cannot_drive_out_those_that_have_made_a_request() {
        let admission = admission(10_000);
        let mut honest = from(&admission, "203.0.113.1");
        honest.proceed();
        honest.wait(false);
        let _strangers = many(&admission, "203.0.113.7", 1_000);
        assert!(!is_evicted(&honest));
        let mut others = many(&admission, "203.0.113.7", MOST);
        for other in &mut others {
            other.proceed();
            other.wait(false);
        }
        assert!(is_evicted(&honest));
    }

    #[test]
    fn a_connection_at_work_is_never_ended() {
        let admission = admission(100);
        let mut at_work = from(&admission, "203.0.113.1");
        at_work.proceed();
        for network in 0..=255 {
            drop(many(&admission, &format!("203.0.{network}.1"), MOST));
        }
        assert!(!is_evicted(&at_work) && admission.waiting().places.is_empty());
    }

    #[test]
    fn altogether_the_oldest_gives_way() {
        let admission = admission(200);
        let seats: Vec<_> = (0..=255).flat_map(|network| many(&admission, &format!("203.0.{network}.1"), 2)).collect();
        assert_eq!((evicted(&seats), evicted(&seats[512 - 200..])), (512 - 200, 0));
    }

    #[test]
    fn a_trusted_proxy_is_only_limited_altogether() {
        let admission = admission(2_000);
        let seats = many(&admission, "10.0.0.1", 1_500);
        assert_eq!(evicted(&seats), 0);
        let mapped = many(&admission, "::ffff:10.0.0.1", 1_000);
        assert_eq!((evicted(&seats), evicted(&mapped)), (500, 0));
    }

    #[test]
    fn nothing_is_left_of_a_connection_that_has_ended() {
        let admission = admission(1_000);
        drop(many(&admission, "203.0.113.1", 500));
        let waiting = admission.waiting();
        assert!(waiting.places.is_empty() && waiting.groups.is_empty());
    }
}
