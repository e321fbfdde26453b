//! The addresses that each access token has looked up recently. Repeating a look-up is free.
//!
//! Only the token itself learns what is free. If the tokens of a user shared a list, the holder of
//! one of them could tell from what is free, once the limit is reached, what the others have looked
//! up.

mod generations;
mod row;
#[cfg(test)]
mod tests;

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::clock::Millis;
use crate::crypto::vault::TokenKeys;
use crate::identity::pepper::{Digest, Epoch};
use generations::Generations;

pub use row::Row;

/// The maximum number of look-ups remembered for a token under a pepper. Further ones are charged
/// each time: address books are smaller, and so are useful limits.
pub const MOST: usize = 1 << 16;

/// An access token whose look-ups are remembered.
pub struct Token {
    /// The hash by which the database knows it.
    pub hash: [u8; 32],
    /// The lasting form of `recent_lookups.token_index`.
    pub index: [u8; 16],
    /// The keys that seal its row.
    pub keys: TokenKeys,
}

/// Hides the token's hash.
impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Token(…)")
    }
}

/// The look-ups that each token has been charged for under a pepper, as 32 bits of a keyed hash.
/// (To a token that has looked up 10,000 addresses, one new address in 400,000 looks like a repeat
/// and is free.)
///
/// Memory is bounded: when new entries have filled `capacity`, tokens that were not used since it
/// was last filled are forgotten. They are read from the database when they are used again. Entries
/// that are not stored there yet are kept separately, up to the same capacity.
pub struct RecentLookups {
    capacity: usize,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    known: Generations,
    unsaved: HashMap<Owner, Unsaved>,
    /// The number of unsaved hashes.
    unsaved_count: usize,
}

type Owner = ([u8; 16], Epoch);

/// The addresses of one look-up that are new to its token.
pub struct NewLookups {
    epoch: Epoch,
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

/// Look-ups of a token that have been charged and are not in the database yet.
#[derive(Clone, Debug)]
pub struct Unsaved {
    /// The token.
    pub token: Arc<Token>,
    /// The epoch of the pepper.
    pub epoch: Epoch,
    /// Their hashes.
    pub hashes: Vec<u32>,
}

impl RecentLookups {
    /// Stores at most twice `capacity` hashes, at some 10 bytes each.
    #[must_use]
    pub fn new(capacity: usize) -> Self {
        Self { capacity, state: Mutex::default() }
    }

    /// Returns whether there is an entry for a token.
    #[must_use]
    pub fn knows(&self, token: &Token, epoch: Epoch) -> bool {
        self.lock().known.get(&(token.index, epoch)).is_some()
    }

    /// Returns the time when a token's entry was last compared with the database.
    #[must_use]
    pub fn read_at(&self, token: &Token, epoch: Epoch) -> Option<Millis> {
        self.lock().known.get(&(token.index, epoch)).map(|entry| entry.read_at)
    }

    /// Adds the database's entries for a token at `now`. Creates the entry even if there are none.
    pub fn read(&self, token: &Token, epoch: Epoch, stored: &[u32], now: Millis) {
        let owner = (token.index, epoch);
        let mut state = self.lock();
        let mut entry = state.known.take(&owner);
        entry.hashes.extend(stored);
        if let Some(unsaved) = state.unsaved.get(&owner) {
            entry.hashes.extend(&unsaved.hashes);
        }
        entry.read_at = now;
        state.known.put(owner, entry, self.capacity);
    }

    /// Returns those digests that are new to the token, without duplicates. Does not store them.
    #[must_use]
    pub fn new_lookups(&self, token: &Token, epoch: Epoch, digests: &[Digest]) -> NewLookups {
        let mut hashes = hashes(token, digests);
        if let Some(entry) = self.lock().known.get(&(token.index, epoch)) {
            hashes.retain(|hash| !entry.hashes.contains(hash));
        }
        hashes.sort_unstable();
        hashes.dedup();
        NewLookups { epoch, hashes }
    }

    /// Stores look-ups that have been charged.
    pub fn add(&self, token: &Arc<Token>, mut new: NewLookups) {
        let owner = (token.index, new.epoch);
        let mut state = self.lock();
        let mut entry = state.known.take(&owner);
        new.hashes.truncate(MOST.saturating_sub(entry.hashes.len()));
        entry.hashes.extend(&new.hashes);
        state.known.put(owner, entry, self.capacity);
        // While the database cannot be written, nothing can be charged either, so this is only
        // reached if it is slow.
        if !new.hashes.is_empty() && state.unsaved_count + new.hashes.len() <= self.capacity {
            state.unsaved_count += new.hashes.len();
            let unsaved = state.unsaved.entry(owner).or_insert_with(|| Unsaved {
                token: Arc::clone(token),
                epoch: new.epoch,
                hashes: Vec::new(),
            });
            unsaved.hashes.extend(new.hashes);
        }
    }

    /// Returns the look-ups that are not in the database yet, in the order in which their rows are
    /// locked.
    #[must_use]
    pub fn unsaved(&self) -> Vec<Unsaved> {
        let mut unsaved: Vec<_> = self.lock().unsaved.values().cloned().collect();
        unsaved.sort_unstable_by_key(|unsaved| (unsaved.token.hash, unsaved.epoch));
        unsaved
    }

    /// Records that the database has these look-ups, and adds what else it has for the token at
    /// `now`, since other nodes store theirs too. `None` if the token no longer exists; it is
    /// forgotten in that case.
    pub fn saved(&self, saved: &Unsaved, stored: Option<&[u32]>, now: Millis) {
        let owner = (saved.token.index, saved.epoch);
        let mut state = self.lock();
        if let Some(mut unsaved) = state.unsaved.remove(&owner) {
            let done = if stored.is_some() { saved.hashes.len() } else { unsaved.hashes.len() };
            let done = unsaved.hashes.drain(..done.min(unsaved.hashes.len())).len();
            state.unsaved_count -= done;
            if !unsaved.hashes.is_empty() {
                state.unsaved.insert(owner, unsaved);
            }
        }
        if state.known.get(&owner).is_none() {
            return;
        }
        let mut entry = state.known.take(&owner);
        if let Some(stored) = stored {
            entry.hashes.extend(stored);
            entry.read_at = now;
            state.known.put(owner, entry, self.capacity);
        }
    }

    /// Deletes all earlier epochs.
    pub fn forget_before(&self, first: Epoch) {
        let mut state = self.lock();
        state.known.retain(|(_, epoch)| *epoch >= first);
        state.unsaved.retain(|(_, epoch), _| *epoch >= first);
        state.unsaved_count = state.unsaved.values().map(|unsaved| unsaved.hashes.len()).sum();
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Hashes digests with a secret of the token that all nodes share, so that nobody can choose
/// digests that collide.
fn hashes(token: &Token, digests: &[Digest]) -> Vec<u32> {
    let [mask, factor] = token.keys.hash_key();
    // Two digests with the same prefix count as one: at most one of them is of an address.
    let hash = |digest: &Digest| (digest.prefix() ^ mask).wrapping_mul(factor | 1) >> 32;
    digests.iter().map(|digest| u32::try_from(hash(digest)).expect("the upper half")).collect()
}
