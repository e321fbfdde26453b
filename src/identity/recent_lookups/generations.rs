//! A bounded map that forgets what has been unused for longest.

use std::collections::{HashMap, HashSet};
use std::hash::{BuildHasherDefault, Hasher};

use super::Owner;
use crate::clock::Millis;

/// The weight of an empty entry, in hashes.
pub(super) const ENTRY_WEIGHT: usize = 16;

/// Keyed hashes.
pub(super) type Hashes = HashSet<u32, BuildHasherDefault<Spread>>;

/// Distributes keyed hashes over a table; they need no second hash.
#[derive(Default)]
pub(super) struct Spread(u64);

impl Hasher for Spread {
    fn write(&mut self, _: &[u8]) {
        unreachable!("only u32 values are hashed")
    }

    fn write_u32(&mut self, hash: u32) {
        self.0 = u64::from(hash).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    }

    fn finish(&self) -> u64 {
        self.0
    }
}

/// The look-ups that are free to a token under a pepper.
#[derive(Default)]
pub(super) struct Entry {
    pub(super) hashes: Hashes,
    /// The time when it was last compared with the database.
    pub(super) read_at: Millis,
}

/// The entries used since the map was last filled, and those used before.
#[derive(Default)]
pub(super) struct Generations {
    young: HashMap<Owner, Entry>,
    old: HashMap<Owner, Entry>,
    /// The weight of the young generation.
    weight: usize,
}

impl Generations {
    pub(super) fn get(&self, owner: &Owner) -> Option<&Entry> {
        self.young.get(owner).or_else(|| self.old.get(owner))
    }

    /// Removes and returns an entry, or a new one.
    pub(super) fn take(&mut self, owner: &Owner) -> Entry {
        if let Some(entry) = self.young.remove(owner) {
            self.weight -= weigh(&entry);
            return entry;
        }
        self.old.remove(owner).unwrap_or_default()
    }

    /// Adds an entry. If the young generation would exceed `capacity`, forgets the old one first.
    pub(super) fn put(&mut self, owner: Owner, entry: Entry, capacity: usize) {
        let weight = weigh(&entry);
        if self.weight + weight > capacity {
            log::info!(
                "the memory of recent look-ups is full: {} access tokens with {} look-ups have not been used \
                 lately, and will be read from the database again when needed",
                self.old.len(),
                self.old.values().map(|entry| entry.hashes.len()).sum::<usize>(),
            );
            self.old = std::mem::take(&mut self.young);
            self.weight = 0;
        }
        self.weight += weight;
        self.young.insert(owner, entry);
    }

    pub(super) fn retain(&mut self, mut keep: impl FnMut(&Owner) -> bool) {
        self.young.retain(|owner, _| keep(owner));
        self.old.retain(|owner, _| keep(owner));
        self.weight = self.young.values().map(weigh).sum();
    }

    #[cfg(test)]
    pub(super) fn weights(&self) -> (usize, usize) {
        assert_eq!(self.weight, self.young.values().map(weigh).sum::<usize>());
        (self.weight, self.old.values().map(weigh).sum())
    }
}

fn weigh(entry: &Entry) -> usize {
    entry.hashes.len() + ENTRY_WEIGHT
}
