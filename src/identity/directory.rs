//! The in-memory index of one epoch: digest → binding id, in 12 bytes and some air.
//!
//! An entry is 48 bits of fingerprint and 48 bits of id. Entries lie in one vector, sorted by fingerprint, each at its
//! home (the fingerprint scaled to the number of slots) or shortly after: linear probing that keeps its order. So a
//! miss ends at the first greater fingerprint, growth is one sequential pass, and no tombstones are needed.
//!
//! A fingerprint is not the digest: one in 2⁴⁸ strangers has the same. What [`Directory::find`] gives are candidates, to
//! be checked against the row they name; it never leaves a true one out.
//!
//! Everybody knows the pepper, so somebody who binds many addresses of his own could choose those whose digests lie
//! close together and make long runs of them, for everyone to probe. Hence a fingerprint is the digest's first 64 bits
//! times a secret odd number, cut to its upper 48: the product spreads what lay together, and which digests
//! then meet cannot be told without the number. (Digests that share all of their first 64 bits meet anyhow: three of
//! these cost 2⁴³ hashes and a binding each, and make a run of three, until the pepper changes.)

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use super::pepper::{Digest, Epoch};

const BITS: u32 = 48;

/// Load at which a table grows or shrinks to [`FITTED_PERCENT`]. 12 bytes at 77 % are 15.6 a binding.
const FULL_PERCENT: usize = 90;
const FITTED_PERCENT: usize = 79;
const SPARSE_PERCENT: usize = 77;

/// Room after the last slot for entries pushed over the edge, so that no run has to wrap around.
const OVERHANG: usize = 16;

/// So many probes are begun at once.
const GROUP: usize = 32;

/// Fingerprint in the upper 48 bits, id in the lower: three words, so that twelve bytes need no padding. An id is never
/// 0, so a free slot is all zeros.
type Slot = [u32; 3];

const FREE: Slot = [0; 3];

fn slot(fingerprint: u64, id: u64) -> Slot {
    let bits = u128::from(fingerprint) << BITS | u128::from(id);
    [64, 32, 0].map(|shift| u32::try_from(bits >> shift & 0xFFFF_FFFF).expect("masked to 32 bits"))
}

fn fingerprint(slot: Slot) -> u64 {
    u64::from(slot[0]) << 16 | u64::from(slot[1] >> 16)
}

fn id(slot: Slot) -> u64 {
    u64::from(slot[1] & 0xFFFF) << 32 | u64::from(slot[2])
}

/// Digest → binding id, for the digests of one pepper.
pub struct Directory {
    /// Odd and secret.
    multiplier: u64,
    /// The slots that may be homes, then the overhang.
    slots: Vec<Slot>,
    homes: usize,
    len: usize,
}

impl Directory {
    /// An empty directory with room for `expected` bindings.
    #[must_use]
    pub fn with_capacity(expected: usize) -> Self {
        let homes = homes_for(expected);
        Self { multiplier: rand::random::<u64>() | 1, slots: vec![FREE; homes + OVERHANG], homes, len: 0 }
    }

    /// How many bindings it holds; one that is found under two digests counts twice.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.len
    }

    /// Whether it holds none.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// The bytes it takes.
    #[must_use]
    pub const fn memory_bytes(&self) -> usize {
        self.slots.capacity() * size_of::<Slot>()
    }

    /// Adds a binding, once.
    ///
    /// # Panics
    /// If `id` is not within 1 to 2⁴⁸ − 1. A column that counts by one gets there in 8,900 years of 1,000 a second.
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

    /// Takes a binding away, if it is there.
    ///
    /// # Panics
    /// As [`Self::insert`].
    pub fn remove(&mut self, digest: &Digest, id: i64) {
        let Ok(at) = self.position(slot(self.fingerprint(digest), packed(id))) else { return };
        // Those after it move back by one, up to the first that is free or at home.
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

    /// The ids of all bindings with that digest, and perhaps of one with another.
    pub fn find(&self, digest: &Digest) -> impl Iterator<Item = i64> {
        let wanted = self.fingerprint(digest);
        self.find_from(wanted, self.home(wanted))
    }

    /// Finds many, and calls `found` with the index of the digest and the id. A probe waits for memory, so those of a
    /// group are begun together.
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

    /// Rises with the fingerprint, so entries in order of fingerprint are in order of home.
    fn home(&self, fingerprint: u64) -> usize {
        let scaled = (u128::from(fingerprint) * self.homes as u128) >> BITS;
        usize::try_from(scaled).expect("below the number of homes")
    }

    /// Where that entry is, or else where it belongs.
    fn position(&self, wanted: Slot) -> Result<usize, usize> {
        let home = self.home(fingerprint(wanted));
        let run = &self.slots[home..];
        let at = run.iter().position(|slot| *slot == FREE || *slot >= wanted).unwrap_or(run.len());
        if run.get(at) == Some(&wanted) { Ok(home + at) } else { Err(home + at) }
    }

    /// Lengthens the overhang; returns its first new slot.
    fn extend(&mut self) -> usize {
        let end = self.slots.len();
        self.slots.reserve_exact(OVERHANG);
        self.slots.resize(end + OVERHANG, FREE);
        end
    }

    /// Moves everything to a table fitted to `len` bindings, in one pass.
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
    assert!((1..1 << BITS).contains(&id), "a binding's id fits {BITS} bits");
    id.cast_unsigned()
}

/// The directories of several epochs: the current one and the one before, and the next while it is made ready.
///
/// How a directory comes to be complete, although bindings come and go while it is built: [`begin`](Self::begin) it
/// first, then read the table. A binding committed before the reading is read, one committed after `begin` is
/// [inserted](Self::insert); one that is both goes in once. A binding removed when the reading had passed it already,
/// and inserted from there only afterwards, leaves a stale entry: harmless, for a look-up reads the row, and a row that
/// is gone is no match.
#[derive(Default)]
pub struct Directories {
    tables: RwLock<Vec<Arc<Table>>>,
}

struct Table {
    epoch: Epoch,
    ready: AtomicBool,
    /// A lock for each, so that building one holds up no look-up in another.
    directory: RwLock<Directory>,
}

impl Directories {
    /// Begins the directory of an epoch, empty, with room for `expected` bindings. One begun before starts anew.
    pub fn begin(&self, epoch: Epoch, expected: usize) {
        let directory = RwLock::new(Directory::with_capacity(expected));
        let table = Arc::new(Table { epoch, ready: AtomicBool::new(false), directory });
        let mut tables = write(&self.tables);
        tables.retain(|table| table.epoch != epoch);
        tables.push(table);
    }

    /// Declares the directory of an epoch complete.
    pub fn finish(&self, epoch: Epoch) {
        if let Some(table) = self.table(epoch) {
            table.ready.store(true, Ordering::Release);
        }
    }

    /// Drops the directories of all epochs before that one.
    pub fn retire(&self, before: Epoch) {
        write(&self.tables).retain(|table| table.epoch >= before);
    }

    /// Whether the directories of all these epochs are complete.
    #[must_use]
    pub fn is_ready(&self, epochs: &[Epoch]) -> bool {
        epochs.iter().all(|epoch| self.ready_table(*epoch).is_some())
    }

    /// The epochs that have a directory, complete or not.
    #[must_use]
    pub fn epochs(&self) -> Vec<Epoch> {
        read(&self.tables).iter().map(|table| table.epoch).collect()
    }

    /// The bytes that all of them take.
    #[must_use]
    pub fn memory_bytes(&self) -> usize {
        self.snapshot().iter().map(|table| read(&table.directory).memory_bytes()).sum()
    }

    /// Inserts bindings into every directory there is, those being built included. `entries_under` gives their digests
    /// under the pepper of an epoch. To be called when they are committed, not before: an epoch that
    /// [begins](Self::begin) just now then finds them in the table.
    pub fn insert(&self, entries_under: impl Fn(Epoch) -> Vec<(Digest, i64)>) {
        for table in self.snapshot() {
            table.insert(&entries_under(table.epoch));
        }
    }

    /// Removes bindings from every directory there is; otherwise as [`Self::insert`].
    pub fn remove(&self, entries_under: impl Fn(Epoch) -> Vec<(Digest, i64)>) {
        for table in self.snapshot() {
            let entries = entries_under(table.epoch);
            let mut directory = write(&table.directory);
            for (digest, id) in &entries {
                directory.remove(digest, *id);
            }
        }
    }

    /// Inserts what was read from the table into the directory of one epoch. `false` if that has been retired, and the
    /// rest need not be read.
    #[must_use]
    pub fn insert_batch(&self, epoch: Epoch, entries: &[(Digest, i64)]) -> bool {
        self.table(epoch).map(|table| table.insert(entries)).is_some()
    }

    /// Looks for many digests at once. Gives the candidates, each as the index of its digest and the id of a binding;
    /// `None` if the epoch's directory is not complete.
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

/// So many entries go in under one hold of the lock: some 50 µs that a look-up may have to wait.
const INSERTS_AT_ONCE: usize = 1024;

impl Table {
    fn insert(&self, entries: &[(Digest, i64)]) {
        for some in entries.chunks(INSERTS_AT_ONCE) {
            let mut directory = write(&self.directory);
            for (digest, id) in some {
                directory.insert(digest, *id);
            }
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
