//! What was looked up already, and costs nothing again.

use std::collections::{HashMap, HashSet};
use std::hash::{BuildHasher as _, BuildHasherDefault, Hasher, RandomState};
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::Principal;
use crate::identity::pepper::{Digest, Epoch};

/// What users have been charged for under a pepper: repeats are free. In memory only, as 32 bits of a keyed hash, and
/// gone with the epoch. (With 10,000 looked up, a new address is taken for one of them, and free, once in 400,000.)
///
/// Memory is bounded: when some users have filled `capacity`, those not heard of since the time before are forgotten,
/// and charged again if they repeat.
pub struct Seen {
    /// Unknown outside, so that nobody can choose digests that are taken for one another.
    key: [u64; 2],
    capacity: usize,
    generations: Mutex<Generations>,
}

type Whose = (Principal, Epoch);
type Hashes = HashSet<u32, BuildHasherDefault<Spread>>;

/// What is hashed with a key already need only be spread over a table.
#[derive(Default)]
struct Spread(u64);

impl Hasher for Spread {
    fn write(&mut self, _: &[u8]) {
        unreachable!("only numbers of 32 bits are hashed")
    }

    fn write_u32(&mut self, hash: u32) {
        self.0 = u64::from(hash).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    }

    fn finish(&self) -> u64 {
        self.0
    }
}

#[derive(Default)]
struct Generations {
    young: HashMap<Whose, Hashes>,
    old: HashMap<Whose, Hashes>,
    /// Of the young.
    weight: usize,
}

/// What an empty set weighs, in hashes.
const SET_WEIGHT: usize = 16;

/// What a user is to be charged for.
pub struct New {
    whose: Whose,
    /// Distinct.
    hashes: Vec<u32>,
}

impl New {
    /// How many addresses.
    #[must_use]
    pub fn count(&self) -> u32 {
        u32::try_from(self.hashes.len()).unwrap_or(u32::MAX)
    }
}

impl Seen {
    /// Remembers at most twice `capacity` hashes, at some 10 bytes each.
    #[must_use]
    pub fn new(capacity: usize) -> Self {
        Self { key: [0, 1].map(|half| RandomState::new().hash_one(half)), capacity, generations: Mutex::default() }
    }

    /// Whether anything is remembered of a user. If not, his [own](Self::own) addresses are to be told first.
    #[must_use]
    pub fn knows(&self, user: Principal, epoch: Epoch) -> bool {
        self.lock().get(&(user, epoch)).is_some()
    }

    /// Makes a user's own addresses free, none at all included.
    pub fn own(&self, user: Principal, epoch: Epoch, digests: &[Digest]) {
        self.remember(New { whose: (user, epoch), hashes: self.hashes(digests) });
    }

    /// Which of the digests are new to the user, each counted once. Remembers nothing yet.
    #[must_use]
    pub fn new_ones(&self, user: Principal, epoch: Epoch, digests: &[Digest]) -> New {
        let whose = (user, epoch);
        let mut hashes = self.hashes(digests);
        if let Some(seen) = self.lock().get(&whose) {
            hashes.retain(|hash| !seen.contains(hash));
        }
        hashes.sort_unstable();
        hashes.dedup();
        New { whose, hashes }
    }

    /// Remembers what has been charged.
    pub fn remember(&self, new: New) {
        let mut generations = self.lock();
        let mut set = generations.take(&new.whose);
        set.extend(new.hashes);
        generations.put(new.whose, set, self.capacity);
    }

    /// Forgets all epochs before that one.
    pub fn retire(&self, before: Epoch) {
        let mut generations = self.lock();
        let Generations { young, old, weight } = &mut *generations;
        young.retain(|(_, epoch), _| *epoch >= before);
        old.retain(|(_, epoch), _| *epoch >= before);
        *weight = young.values().map(weigh).sum();
    }

    fn hashes(&self, digests: &[Digest]) -> Vec<u32> {
        let [mask, factor] = self.key;
        // Who sends two digests with equal prefixes pays for one of them: at most one of the two is an address's.
        let hash = |digest: &Digest| (digest.prefix() ^ mask).wrapping_mul(factor | 1) >> 32;
        digests.iter().map(|digest| u32::try_from(hash(digest)).expect("the upper half")).collect()
    }

    fn lock(&self) -> MutexGuard<'_, Generations> {
        self.generations.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Generations {
    fn get(&self, whose: &Whose) -> Option<&Hashes> {
        self.young.get(whose).or_else(|| self.old.get(whose))
    }

    fn take(&mut self, whose: &Whose) -> Hashes {
        if let Some(set) = self.young.remove(whose) {
            self.weight -= weigh(&set);
            return set;
        }
        self.old.remove(whose).unwrap_or_default()
    }

    fn put(&mut self, whose: Whose, set: Hashes, capacity: usize) {
        let weight = weigh(&set);
        if self.weight + weight > capacity {
            self.old = std::mem::take(&mut self.young);
            self.weight = 0;
        }
        self.weight += weight;
        self.young.insert(whose, set);
    }
}

fn weigh(set: &Hashes) -> usize {
    set.len() + SET_WEIGHT
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::identity::pepper::{Peppers, digest};

    const ALICE: Principal = [1; 16];
    const BOB: Principal = [2; 16];

    fn epoch(number: i64) -> Epoch {
        Peppers::new(&[0; 32], Duration::from_millis(1)).current(number)
    }

    fn digests(numbers: std::ops::Range<u32>) -> Vec<Digest> {
        numbers.map(|number| digest(&number.to_string(), "pepper")).collect()
    }

    #[test]
    fn repeats_are_free_once_they_are_paid_for() {
        let seen = Seen::new(1_000_000);
        let mut book = digests(0..1_000);
        book.extend(digests(0..1_000));
        let new = seen.new_ones(ALICE, epoch(1), &book);
        assert_eq!(new.count(), 1_000);
        assert_eq!(seen.new_ones(ALICE, epoch(1), &book).count(), 1_000, "nothing was paid yet");
        seen.remember(new);
        assert_eq!(seen.new_ones(ALICE, epoch(1), &book).count(), 0);
        assert_eq!(seen.new_ones(ALICE, epoch(1), &digests(900..1_100)).count(), 100);
        assert_eq!(seen.new_ones(BOB, epoch(1), &book).count(), 1_000);
        assert_eq!(seen.new_ones(ALICE, epoch(2), &book).count(), 1_000);
    }

    #[test]
    fn ones_own_addresses_are_free() {
        let seen = Seen::new(1_000_000);
        assert!(!seen.knows(ALICE, epoch(1)));
        seen.own(ALICE, epoch(1), &digests(0..2));
        assert!(seen.knows(ALICE, epoch(1)));
        assert_eq!(seen.new_ones(ALICE, epoch(1), &digests(0..10)).count(), 8);
        seen.own(BOB, epoch(1), &[]);
        assert!(seen.knows(BOB, epoch(1)));
    }

    #[test]
    fn what_was_seen_goes_with_its_epoch() {
        let seen = Seen::new(1_000_000);
        for number in 1..=2 {
            seen.remember(seen.new_ones(ALICE, epoch(number), &digests(0..10)));
        }
        seen.retire(epoch(2));
        assert!(!seen.knows(ALICE, epoch(1)));
        assert!(seen.knows(ALICE, epoch(2)));
        assert_eq!(seen.lock().weight, 10 + SET_WEIGHT);
    }

    #[test]
    fn memory_is_bounded_and_the_idle_are_forgotten_first() {
        let capacity = 10_000;
        let seen = Seen::new(capacity);
        for number in 0..200u8 {
            for user in [ALICE, [number; 16]] {
                seen.remember(seen.new_ones(user, epoch(1), &digests(0..500)));
            }
            let generations = seen.lock();
            let total: usize = generations.young.values().chain(generations.old.values()).map(weigh).sum();
            assert!(total <= 2 * capacity);
            assert_eq!(generations.weight, generations.young.values().map(weigh).sum::<usize>());
        }
        assert_eq!(seen.new_ones(ALICE, epoch(1), &digests(0..500)).count(), 0);
        assert_eq!(seen.new_ones([3; 16], epoch(1), &digests(0..500)).count(), 500);
    }
}
