//! The in-memory index of one epoch, from digest to binding ID, in 12 bytes per entry plus free
//! space.
//!
//! An entry consists of a 48-bit fingerprint and a 48-bit ID. The entries are in one vector, sorted
//! by fingerprint, each at its home (the fingerprint scaled to the number of slots) or shortly
//! after it: ordered linear probing. So an unsuccessful search ends at the first greater
//! fingerprint, growing takes one sequential pass, and no tombstones are needed.
//!
//! Different digests may have the same fingerprint, one in 2⁴⁸. [`Directory::find`] therefore
//! returns candidates, which must be checked against their rows. It never misses a match.
//!
//! The pepper is public, so an attacker could bind many addresses whose digests are close to each
//! other, creating long runs that slow down all look-ups. To prevent this, a fingerprint consists
//! of the upper 48 bits of the product of the digest's first 64 bits and a secret odd number. The
//! product spreads neighbours, and collisions cannot be predicted without the number. (Digests with
//! identical first 64 bits still collide, but three of these cost 2⁴³ hashes and a binding each,
//! and make a run of three until the pepper changes.)

use std::hint::black_box;
use std::ops::RangeInclusive;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use super::pepper::{Digest, Epoch};

const BITS: u32 = 48;

/// The load at which a table grows or shrinks to [`FITTED_PERCENT`]. At 77 %, 12 bytes become 15.6
/// per binding.
const FULL_PERCENT: usize = 90;
const FITTED_PERCENT: usize = 79;
const SPARSE_PERCENT: usize = 77;

/// Extra slots after the last home, so that no run has to wrap around.
const OVERHANG: usize = 16;

/// The number of probes or insertions that are started together.
const GROUP: usize = 32;

/// The fingerprint in the upper 48 bits and the ID in the lower ones, as three words, so that no
/// padding is needed. IDs are never 0, so a free slot is all zeros.
type Slot = [u32; 3];

const FREE: Slot = [0; 3];

fn slot(fingerprint: u64, id: u64) -> Slot {
    let word = |bits: u64| u32::try_from(bits & 0xFFFF_FFFF).expect("masked to 32 bits");
    [word(fingerprint >> 16), word(fingerprint << 16 | id >> 32), word(id)]
}

fn fingerprint(slot: Slot) -> u64 {
    u64::from(slot[0]) << 16 | u64::from(slot[1] >> 16)
}

fn id(slot: Slot) -> u64 {
    u64::from(slot[1] & 0xFFFF) << 32 | u64::from(slot[2])
}

/// Maps the digests of one pepper to binding IDs.
pub struct Directory {
    /// Odd and secret.
    multiplier: u64,
    /// The homes, followed by the overhang.
    slots: Vec<Slot>,
    homes: usize,
    len: usize,
}

impl Directory {
    /// Creates an empty directory with room for `expected` bindings.
    #[must_use]
    pub fn with_capacity(expected: usize) -> Self {
        let homes = homes_for(expected);
        Self { multiplier: rand::random::<u64>() | 1, slots: vec![FREE; homes + OVERHANG], homes, len: 0 }
    }

    /// Returns the number of entries. A binding with two digests counts twice.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.len
    }

    /// Returns whether there are no entries.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Returns the memory used, in bytes.
    #[must_use]
    pub const fn memory_bytes(&self) -> usize {
        self.slots.capacity() * size_of::<Slot>()
    }

    /// Adds a binding, unless it is present already.
    ///
    /// # Panics
    /// If `id` is not between 1 and 2⁴⁸ − 1. At 1,000 bindings a second, that takes 8,900 years.
    pub fn insert(&mut self, digest: &Digest, id: i64) {
        let new = slot(self.fingerprint(digest), packed(id));
        let Err(mut at) = self.position(new) else { return };
        if (self.len + 1) * 100 > self.homes * FULL_PERCENT {
            self.refit(self.len + 1);
            at = self.position(new).unwrap_or_else(|at| at);
        }
        let free = (at..self.slots.len()).find(|at| self.slots[*at] == FREE).unwrap_or_else(|| self.extend());
        self.slots.copy_within(at..free, at + 1);
        self.slots[at] = new;
        self.len += 1;
    }

    /// Adds many bindings.
    ///
    /// # Panics
    /// The same as for [`Self::insert`].
    pub fn insert_all(&mut self, entries: &[(Digest, i64)]) {
        for group in entries.chunks(GROUP) {
            // As in `find_all`: otherwise each insertion would wait for memory by itself.
            let home = |(digest, _): &(Digest, i64)| self.slots[self.home(self.fingerprint(digest))];
            black_box(group.iter().map(home).fold(0, |all, [first, ..]| all ^ first));
            for (digest, id) in group {
                self.insert(digest, *id);
            }
        }
    }

    /// Removes a binding, if it is present.
    ///
    /// # Panics
    /// The same as for [`Self::insert`].
    pub fn remove(&mut self, digest: &Digest, id: i64) {
        let Ok(at) = self.position(slot(self.fingerprint(digest), packed(id))) else { return };
        // The following entries move back by one, up to the first slot that is free or at home.
        let after = at + 1;
        let end = (after..self.slots.len())
            .find(|at| self.slots[*at] == FREE || self.home(fingerprint(self.slots[*at])) == *at)
            .unwrap_or(self.slots.len());
        self.slots.copy_within(after..end, at);
        self.slots[end - 1] = FREE;
        self.len -= 1;
        if self.len * 100 < self.homes * SPARSE_PERCENT && homes_for(self.len) < self.homes {
            self.refit(self.len);
        }
    }

    /// Returns the IDs of all bindings with this digest, and possibly of others.
    pub fn find(&self, digest: &Digest) -> impl Iterator<Item = i64> {
        let wanted = self.fingerprint(digest);
        self.find_from(wanted, self.home(wanted))
    }

    /// Searches for many digests, and calls `found` with the index of the digest and the ID. The
    /// probes of a group are started together, because each has to wait for memory.
    fn find_all(&self, digests: &[Digest], mut found: impl FnMut(usize, i64)) {
        for (group, digests) in digests.chunks(GROUP).enumerate() {
            let mut begun = [(0, 0, FREE); GROUP];
            for (probe, digest) in begun.iter_mut().zip(digests) {
                let wanted = self.fingerprint(digest);
                let home = self.home(wanted);
                *probe = (wanted, home, self.slots[home]);
            }
            for (index, (wanted, home, first)) in begun.into_iter().take(digests.len()).enumerate() {
                if first != FREE && fingerprint(first) <= wanted {
                    self.find_from(wanted, home).for_each(|id| found(group * GROUP + index, id));
                }
            }
        }
    }

    fn find_from(&self, wanted: u64, home: usize) -> impl Iterator<Item = i64> {
        self.slots[home..]
            .iter()
            .take_while(|slot| **slot != FREE)
            .map(|slot| (fingerprint(*slot), id(*slot)))
            .skip_while(move |(fingerprint, _)| *fingerprint < wanted)
            .take_while(move |(fingerprint, _)| *fingerprint == wanted)
            .map(|(_, id)| id.cast_signed())
    }

    fn fingerprint(&self, digest: &Digest) -> u64 {
        digest.prefix().wrapping_mul(self.multiplier) >> (u64::BITS - BITS)
    }

    /// Returns the home of a fingerprint. Homes are in the order of fingerprints.
    fn home(&self, fingerprint: u64) -> usize {
        let scaled = (u128::from(fingerprint) * self.homes as u128) >> BITS;
        usize::try_from(scaled).expect("below the number of homes")
    }

    /// Returns the position of the entry, or the position to insert it at.
    fn position(&self, wanted: Slot) -> Result<usize, usize> {
        let home = self.home(fingerprint(wanted));
        let run = &self.slots[home..];
        let at = run.iter().position(|slot| *slot == FREE || *slot >= wanted).unwrap_or(run.len());
        if run.get(at) == Some(&wanted) { Ok(home + at) } else { Err(home + at) }
    }

    /// Extends the overhang and returns its first new slot.
    fn extend(&mut self) -> usize {
        let end = self.slots.len();
        self.slots.reserve_exact(OVERHANG);
        self.slots.resize(end + OVERHANG, FREE);
        end
    }

    /// Moves all entries to a table for `len` bindings, in one pass.
    fn refit(&mut self, len: usize) {
        let homes = homes_for(len);
        let old = std::mem::replace(&mut self.slots, vec![FREE; homes + OVERHANG]);
        self.homes = homes;
        let mut next = 0;
        for slot in old.into_iter().filter(|slot| *slot != FREE) {
            let at = next.max(self.home(fingerprint(slot)));
            if at == self.slots.len() {
                self.extend();
            }
            self.slots[at] = slot;
            next = at + 1;
        }
    }
}

fn homes_for(len: usize) -> usize {
    (len * 100).div_ceil(FITTED_PERCENT).max(OVERHANG)
}

fn packed(id: i64) -> u64 {
    assert!((1..1 << BITS).contains(&id), "the ID of a binding fits in {BITS} bits");
    id.cast_unsigned()
}

/// The directories of several epochs: the current and the previous one, and the next one while it
/// is prepared.
///
/// A directory becomes complete even if bindings change while it is being built, provided that it
/// is [begun](Self::begin) before the table is read. A binding committed before the read is read,
/// and one committed after `begin` is [inserted](Self::insert); doing both has no effect. A binding
/// that is removed after it was read, but before it is inserted, leaves a stale entry. That is
/// harmless, because look-ups read the row and ignore missing ones.
#[derive(Default)]
pub struct Directories {
    tables: RwLock<Vec<Arc<Table>>>,
}

struct Table {
    epoch: Epoch,
    ready: AtomicBool,
    /// Each directory has its own lock, so building one does not block look-ups in another.
    directory: RwLock<Directory>,
}

impl Directories {
    /// Begins the directory of an epoch, with room for `expected` bindings. An existing one is
    /// replaced.
    pub fn begin(&self, epoch: Epoch, expected: usize) {
        let directory = RwLock::new(Directory::with_capacity(expected));
        let table = Arc::new(Table { epoch, ready: AtomicBool::new(false), directory });
        let mut tables = write(&self.tables);
        tables.retain(|table| table.epoch != epoch);
        tables.push(table);
    }

    /// Marks the directory of an epoch as complete.
    pub fn finish(&self, epoch: Epoch) {
        if let Some(table) = self.table(epoch) {
            table.ready.store(true, Ordering::Release);
        }
    }

    /// Drops the directories of all other epochs.
    pub fn retain(&self, kept: RangeInclusive<Epoch>) {
        write(&self.tables).retain(|table| kept.contains(&table.epoch));
    }

    /// Returns whether the directories of all these epochs are complete.
    #[must_use]
    pub fn is_ready(&self, epochs: &[Epoch]) -> bool {
        epochs.iter().all(|epoch| self.ready_table(*epoch).is_some())
    }

    /// Returns the epochs that have a directory, complete or not.
    #[must_use]
    pub fn epochs(&self) -> Vec<Epoch> {
        read(&self.tables).iter().map(|table| table.epoch).collect()
    }

    /// Returns the number of entries of an epoch: those of a binding under all its digests.
    #[must_use]
    pub fn len(&self, epoch: Epoch) -> usize {
        self.table(epoch).map_or(0, |table| read(&table.directory).len())
    }

    /// Returns the memory used by all directories, in bytes.
    #[must_use]
    pub fn memory_bytes(&self) -> usize {
        self.snapshot().iter().map(|table| read(&table.directory).memory_bytes()).sum()
    }

    /// Inserts bindings into all directories, including incomplete ones. `entries_under` returns
    /// their digests under the pepper of an epoch. Must be called after the commit, so that a
    /// directory that is [begun](Self::begin) later finds them in the table.
    pub fn insert(&self, entries_under: impl Fn(Epoch) -> Vec<(Digest, i64)>) {
        for table in self.snapshot() {
            table.insert(&entries_under(table.epoch));
        }
    }

    /// Removes bindings from all directories; otherwise like [`Self::insert`].
    pub fn remove(&self, entries_under: impl Fn(Epoch) -> Vec<(Digest, i64)>) {
        for table in self.snapshot() {
            let entries = entries_under(table.epoch);
            let mut directory = write(&table.directory);
            for (digest, id) in &entries {
                directory.remove(digest, *id);
            }
        }
    }

    /// Inserts bindings read from the table into the directory of one epoch. Returns `false` if it
    /// has been retired and the rest need not be read.
    #[must_use]
    pub fn insert_batch(&self, epoch: Epoch, entries: &[(Digest, i64)]) -> bool {
        self.table(epoch).map(|table| table.insert(entries)).is_some()
    }

    /// Searches for many digests. Returns candidates, each as the index of its digest and the ID of
    /// a binding, or `None` if the directory of the epoch is not complete.
    #[must_use]
    pub fn find_many(&self, epoch: Epoch, digests: &[Digest]) -> Option<Vec<(usize, i64)>> {
        let table = self.ready_table(epoch)?;
        let mut candidates = Vec::new();
        read(&table.directory).find_all(digests, |index, id| candidates.push((index, id)));
        Some(candidates)
    }

    fn snapshot(&self) -> Vec<Arc<Table>> {
        read(&self.tables).clone()
    }

    fn table(&self, epoch: Epoch) -> Option<Arc<Table>> {
        read(&self.tables).iter().find(|table| table.epoch == epoch).cloned()
    }

    fn ready_table(&self, epoch: Epoch) -> Option<Arc<Table>> {
        self.table(epoch).filter(|table| table.ready.load(Ordering::Acquire))
    }
}

/// The number of entries inserted while the lock is held, which blocks look-ups for some 50 µs.
const INSERTS_AT_ONCE: usize = 1024;

impl Table {
    fn insert(&self, entries: &[(Digest, i64)]) {
        for some in entries.chunks(INSERTS_AT_ONCE) {
            write(&self.directory).insert_all(some);
        }
    }
}

fn read<T>(lock: &RwLock<T>) -> RwLockReadGuard<'_, T> {
    lock.read().unwrap_or_else(PoisonError::into_inner)
}

fn write<T>(lock: &RwLock<T>) -> RwLockWriteGuard<'_, T> {
    lock.write().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests;
