//! Which addresses each user has looked up recently: repeating a look-up is free.

use std::collections::{HashMap, HashSet};
use std::hash::{BuildHasher as _, BuildHasherDefault, Hasher, RandomState};
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::crypto::vault::BlindIndex;
use crate::identity::pepper::{Digest, Epoch};

/// What each user has been charged for under a pepper. It is kept in memory only, as 32 bits of a
/// keyed hash, until the epoch ends. (To a user who has looked up 10,000 addresses, one new address
/// in 400,000 looks like a repeat and is free.)
///
/// Memory is bounded: when new entries have filled `capacity`, users who were not active since it
/// was last filled are forgotten, and charged for repeats.
pub struct RecentLookups {
    /// Random, so that nobody can choose digests that collide.
    key: [u64; 2],
    capacity: usize,
    generations: Mutex<Generations>,
}

type Owner = (BlindIndex, Epoch);
type Hashes = HashSet<u32, BuildHasherDefault<Spread>>;

/// Spreads keyed hashes over a table: they need no second hash.
#[derive(Default)]
struct Spread(u64);

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

#[derive(Default)]
struct Generations {
    young: HashMap<Owner, Hashes>,
    old: HashMap<Owner, Hashes>,
    /// Of the young generation.
    weight: usize,
}

/// The weight of an empty set, in hashes.
const SET_WEIGHT: usize = 16;

/// The addresses of one look-up that its user has not looked up before.
pub struct NewLookups {
    owner: Owner,
    /// Distinct.
    hashes: Vec<u32>,
}

impl NewLookups {
    /// Returns the number of addresses.
    #[must_use]
    pub fn count(&self) -> u32 {
        u32::try_from(self.hashes.len()).unwrap_or(u32::MAX)
    }
}

impl RecentLookups {
    /// Stores at most twice `capacity` hashes, at some 10 bytes each.
    #[must_use]
    pub fn new(capacity: usize) -> Self {
        Self { key: [0, 1].map(|half| RandomState::new().hash_one(half)), capacity, generations: Mutex::default() }
    }

    /// Returns whether there is an entry for a user. If not, [add](Self::add_own) their own
    /// addresses first.
    #[must_use]
    pub fn knows(&self, user: BlindIndex, epoch: Epoch) -> bool {
        self.lock().get(&(user, epoch)).is_some()
    }

    /// Makes a user's own addresses free. Creates the user's entry even if they have none.
    pub fn add_own(&self, user: BlindIndex, epoch: Epoch, digests: &[Digest]) {
        self.add(NewLookups { owner: (user, epoch), hashes: self.hashes(digests) });
    }

    /// Returns those digests that are new to the user, without duplicates. Does not store them.
    #[must_use]
    pub fn new_lookups(&self, user: BlindIndex, epoch: Epoch, digests: &[Digest]) -> NewLookups {
        let owner = (user, epoch);
        let mut hashes = self.hashes(digests);
        if let Some(known) = self.lock().get(&owner) {
            hashes.retain(|hash| !known.contains(hash));
        }
        hashes.sort_unstable();
        hashes.dedup();
        NewLookups { owner, hashes }
    }

    /// Stores look-ups that have been charged.
    pub fn add(&self, new: NewLookups) {
        let mut generations = self.lock();
        let mut set = generations.take(&new.owner);
        set.extend(new.hashes);
        generations.put(new.owner, set, self.capacity);
    }

    /// Deletes all earlier epochs.
    pub fn forget_before(&self, first: Epoch) {
        let mut generations = self.lock();
        let Generations { young, old, weight } = &mut *generations;
        young.retain(|(_, epoch), _| *epoch >= first);
        old.retain(|(_, epoch), _| *epoch >= first);
        *weight = young.values().map(weigh).sum();
    }

    fn hashes(&self, digests: &[Digest]) -> Vec<u32> {
        let [mask, factor] = self.key;
        // Two digests with the same prefix count as one: at most one of them is of an address.
        let hash = |digest: &Digest| (digest.prefix() ^ mask).wrapping_mul(factor | 1) >> 32;
        digests.iter().map(|digest| u32::try_from(hash(digest)).expect("the upper half")).collect()
    }

    fn lock(&self) -> MutexGuard<'_, Generations> {
        self.generations.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Generations {
    fn get(&self, owner: &Owner) -> Option<&Hashes> {
        self.young.get(owner).or_else(|| self.old.get(owner))
    }

    fn take(&mut self, owner: &Owner) -> Hashes {
        if let Some(set) = self.young.remove(owner) {
            self.weight -= weigh(&set);
            return set;
        }
        self.old.remove(owner).unwrap_or_default()
    }

    fn put(&mut self, owner: Owner, set: Hashes, capacity: usize) {
        let weight = weigh(&set);
        if self.weight + weight > capacity {
            self.old = std::mem::take(&mut self.young);
            self.weight = 0;
        }
        self.weight += weight;
        self.young.insert(owner, set);
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

    const ALICE: BlindIndex = BlindIndex([1; 16]);
    const BOB: BlindIndex = BlindIndex([2; 16]);

    fn epoch(number: i64) -> Epoch {
        Peppers::new(&[0; 32], Duration::from_millis(1)).current(number)
    }

    fn digests(numbers: std::ops::Range<u32>) -> Vec<Digest> {
        numbers.map(|number| digest(&number.to_string(), "pepper")).collect()
    }

    #[test]
    fn a_repeat_is_free_once_the_first_look_up_is_charged() {
        let recent = RecentLookups::new(1_000_000);
        let mut book = digests(0..1_000);
        book.extend(digests(0..1_000));
        let new = recent.new_lookups(ALICE, epoch(1), &book);
        assert_eq!(new.count(), 1_000);
        assert_eq!(recent.new_lookups(ALICE, epoch(1), &book).count(), 1_000, "nothing has been charged yet");
        recent.add(new);
        assert_eq!(recent.new_lookups(ALICE, epoch(1), &book).count(), 0);
        assert_eq!(recent.new_lookups(ALICE, epoch(1), &digests(900..1_100)).count(), 100);
        assert_eq!(recent.new_lookups(BOB, epoch(1), &book).count(), 1_000);
        assert_eq!(recent.new_lookups(ALICE, epoch(2), &book).count(), 1_000);
    }

    #[test]
    fn a_users_own_addresses_are_free() {
        let recent = RecentLookups::new(1_000_000);
        assert!(!recent.knows(ALICE, epoch(1)));
        recent.add_own(ALICE, epoch(1), &digests(0..2));
        assert!(recent.knows(ALICE, epoch(1)));
        assert_eq!(recent.new_lookups(ALICE, epoch(1), &digests(0..10)).count(), 8);
        recent.add_own(BOB, epoch(1), &[]);
        assert!(recent.knows(BOB, epoch(1)));
    }

    #[test]
    fn look_ups_are_forgotten_with_their_epoch() {
        let recent = RecentLookups::new(1_000_000);
        for number in 1..=2 {
            recent.add(recent.new_lookups(ALICE, epoch(number), &digests(0..10)));
        }
        recent.forget_before(epoch(2));
        assert!(!recent.knows(ALICE, epoch(1)));
        assert!(recent.knows(ALICE, epoch(2)));
        assert_eq!(recent.lock().weight, 10 + SET_WEIGHT);
    }

    #[test]
    fn memory_is_bounded_and_inactive_users_are_forgotten_first() {
        let capacity = 10_000;
        let recent = RecentLookups::new(capacity);
        for number in 0..200u8 {
            for user in [ALICE, BlindIndex([number; 16])] {
                recent.add(recent.new_lookups(user, epoch(1), &digests(0..500)));
            }
            let generations = recent.lock();
            let total: usize = generations.young.values().chain(generations.old.values()).map(weigh).sum();
            assert!(total <= 2 * capacity);
            assert_eq!(generations.weight, generations.young.values().map(weigh).sum::<usize>());
        }
        assert_eq!(recent.new_lookups(ALICE, epoch(1), &digests(0..500)).count(), 0);
        assert_eq!(recent.new_lookups(BlindIndex([3; 16]), epoch(1), &digests(0..500)).count(), 500);
    }
}
