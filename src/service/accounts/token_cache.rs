//! The owners of recently used tokens.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::{Duration, Instant};

use crate::clock::{Millis, SECOND};
use crate::service::Caller;

/// The time for which an owner is cached.
pub(super) const LIFETIME: Duration = Duration::from_secs(1);
/// The maximum number of cached owners.
const CAPACITY: usize = 50_000;

/// The owners of tokens, cached for a second.
#[derive(Default)]
pub(in crate::service) struct TokenCache(RwLock<Entries>);

#[derive(Default)]
struct Entries {
    owners: HashMap<[u8; 32], (Arc<Caller>, Lookup)>,
    /// The number of times that the cache was cleared.
    generation: u64,
}

/// The start of a look-up in the database.
#[derive(Clone, Copy)]
pub(super) struct Lookup {
    /// Its time by the server's clock, which tests can set, and by the machine's, which they
    /// cannot.
    clock: Millis,
    machine: Instant,
    generation: u64,
}

impl TokenCache {
    pub(super) fn get(&self, hash: &[u8; 32], now: Millis) -> Option<Arc<Caller>> {
        let entries = self.0.read().unwrap_or_else(PoisonError::into_inner);
        let (caller, lookup) = entries.owners.get(hash)?;
        let is_fresh = now - lookup.clock < SECOND && lookup.machine.elapsed() < LIFETIME;
        is_fresh.then(|| Arc::clone(caller))
    }

    pub(super) fn begin_lookup(&self, now: Millis) -> Lookup {
        let generation = self.0.read().unwrap_or_else(PoisonError::into_inner).generation;
        Lookup { clock: now, machine: Instant::now(), generation }
    }

    /// Caches the result of a look-up, unless the cache was cleared since the look-up began.
    pub(super) fn put(&self, hash: [u8; 32], owner: Arc<Caller>, lookup: Lookup) {
        let mut entries = self.0.write().unwrap_or_else(PoisonError::into_inner);
        if lookup.generation != entries.generation {
            return;
        }
        if entries.owners.len() >= CAPACITY {
            entries.owners.clear();
        }
        entries.owners.insert(hash, (owner, lookup));
    }

    /// Removes everything, so that a change to tokens takes effect on this node at once.
    pub(super) fn clear(&self) {
        let mut entries = self.0.write().unwrap_or_else(PoisonError::into_inner);
        entries.generation += 1;
        entries.owners.clear();
    }
}
