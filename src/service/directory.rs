//! The in-memory directory, which finds the rows of the bindings table that may match a look-up
//! hash.
//!
//! The directories of the current and the previous pepper are always kept, and the next one is
//! built ahead of its epoch. Bindings made on this node are entered at once; those of other nodes
//! by polling the table.

use std::collections::{HashSet, VecDeque};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::OnceCell;
use tokio::task::{JoinHandle, spawn_blocking};

use super::sealing::Sealer;
use crate::clock::{Clock, MINUTE, Millis};
use crate::error::Error;
use crate::identity::directory::Directories;
use crate::identity::pepper::{Digest, Epoch, Pepper, Peppers, digest};
use crate::identity::threepid::{Address, sealed_lookup_forms};
use crate::metrics::{Gauge, Metrics};
use crate::store::Store;
use crate::store::bindings::{self, Listed};
use crate::store::following::{self, Position};

/// Rows per query while a directory is built.
const PAGE: i64 = 20_000;
/// Pages hashed in parallel.
const PAGES_IN_PARALLEL: usize = 2;
/// Rows per query while the directory of the next pepper is built, for which there is time.
const PAGE_AHEAD: i64 = 2_000;
/// The pause after each of these pages, in multiples of the time that it took.
const PAUSE_AHEAD: u32 = 3;
/// Rows per query while following the table: `SQLite` allows 32,766 variables.
const ROWS_AT_ONCE: usize = 10_000;
/// The interval at which the table is polled.
const POLL: Duration = Duration::from_millis(400);
/// The number of rows that are adapted in one transaction.
const SETTLED_AT_ONCE: i64 = 5_000;
/// The time before its epoch at which a directory is built, or a quarter of the period if that is
/// less.
const LEAD: Millis = 15 * MINUTE;
/// The time before an epoch from which its directory is built without pauses.
const HURRY: Millis = 5 * MINUTE;

/// Maps look-up digests to rows of the bindings table, under the peppers in use.
pub struct Directory {
    store: Store,
    sealer: Sealer,
    clock: Clock,
    peppers: Peppers,
    directories: Directories,
    /// The largest clock difference between nodes.
    skew: Millis,
    /// The time it took to build the last directories.
    build_seconds: Gauge,
    /// The position at which following the table begins: before anything that the first directories
    /// are built from.
    began_at: OnceCell<Position>,
    /// The time when the table was last followed to its end.
    followed_at: Mutex<Instant>,
}

impl Directory {
    /// Creates an empty directory; [`Self::keep_built`] fills it.
    #[must_use]
    pub(super) fn new(
        store: Store,
        sealer: Sealer,
        clock: Clock,
        peppers: Peppers,
        skew: Millis,
        metrics: &Metrics,
    ) -> Self {
        let build_seconds = metrics.gauge("directory_build_seconds", "Time it took to build the last directories");
        let (directories, followed_at) = (Directories::default(), Mutex::new(Instant::now()));
        let began_at = OnceCell::new();
        Self { store, sealer, clock, peppers, directories, skew, build_seconds, began_at, followed_at }
    }

    /// Returns whether look-ups can be answered, that is, whether the directories of the current
    /// and the previous pepper are complete.
    #[must_use]
    pub fn is_ready(&self) -> bool {
        let current = self.current_epoch();
        self.directories.is_ready(&[current, current.previous()])
    }

    /// Returns the number of look-up hashes in the current directory.
    pub(super) fn len(&self) -> usize {
        self.directories.len(self.current_epoch())
    }

    /// Returns how long ago the table was last followed to its end.
    pub(super) fn lag(&self) -> Duration {
        self.followed_at.lock().unwrap_or_else(PoisonError::into_inner).elapsed()
    }

    /// Returns the time from which the pepper of an epoch is no longer accepted.
    pub(super) fn accepted_until(&self, epoch: Epoch) -> Millis {
        self.peppers.begins(epoch.next().next())
    }

    /// Returns when the pepper changes.
    pub(super) fn next_pepper_at(&self) -> Millis {
        self.peppers.begins(self.current_epoch().next())
    }

    pub(super) fn is_ready_for(&self, epoch: Epoch) -> bool {
        self.directories.is_ready(&[epoch])
    }

    /// Builds missing directories and drops expired ones, forever.
    pub async fn keep_built(self: Arc<Self>) {
        let mut has_failed = false;
        loop {
            let result = self.build_missing().await;
            if result.is_err() && !has_failed {
                log::warn!("the directory could not be built; retrying");
            }
            has_failed = result.is_err();
            self.clock.pause(POLL).await;
        }
    }

    async fn build_missing(self: &Arc<Self>) -> Result<(), Error> {
        let now = self.clock.now();
        let current = self.peppers.current(now);
        // Epochs after the next one were built while the clock was wrong.
        self.directories.retain(current.previous()..=current.next());
        let mut needed = vec![current, current.previous()];
        let begins = self.peppers.begins(current.next());
        let period = begins - self.peppers.begins(current);
        if begins - now < LEAD.min(period / 4) {
            needed.push(current.next());
        }
        needed.retain(|epoch| !self.directories.is_ready(&[*epoch]));
        if needed.is_empty() { Ok(()) } else { self.build(needed).await }
    }

    /// Builds the directories of these epochs. Bindings made in the meantime are entered by
    /// following the table.
    async fn build(self: &Arc<Self>, epochs: Vec<Epoch>) -> Result<(), Error> {
        let start = Instant::now();
        self.began_at().await?;
        for epoch in &epochs {
            // It grows as it is filled, since counting the rows first can take longer than reading
            // them.
            self.directories.begin(*epoch, 0);
        }
        let is_ahead = epochs == [self.current_epoch().next()];
        let rows = if is_ahead { self.enter_ahead(epochs[0]).await? } else { self.enter_all(&epochs).await? };
        for epoch in &epochs {
            self.directories.finish(*epoch);
        }
        let took = start.elapsed();
        self.build_seconds.set(took.as_secs_f64());
        log::info!("built {} directories of {rows} bindings in {} ms", epochs.len(), took.as_millis());
        Ok(())
    }

    /// Enters the whole table into the directories of these epochs, reading pages while earlier
    /// ones are hashed; returns the number of rows.
    async fn enter_all(self: &Arc<Self>, epochs: &[Epoch]) -> Result<usize, Error> {
        let mut conn = self.store.read_much().await?;
        let (mut after, mut rows) = (0, 0);
        let mut hashing: VecDeque<JoinHandle<()>> = VecDeque::new();
        loop {
            let page = bindings::page(&mut conn, after, PAGE).await?;
            while hashing.len() >= if page.is_empty() { 1 } else { PAGES_IN_PARALLEL } {
                let oldest = hashing.pop_front().expect("not empty");
                oldest.await.map_err(|_| Error::internal())?;
            }
            let Some(last) = page.last() else { return Ok(rows) };
            (after, rows) = (last.id, rows + page.len());
            let (directory, epochs) = (Arc::clone(self), epochs.to_vec());
            hashing.push_back(spawn_blocking(move || directory.enter(&page, &epochs)));
        }
    }

    /// Enters the whole table into the directory of an epoch that has not begun, with pauses, so that
    /// requests are not delayed, unless it begins soon; returns the number of rows.
    async fn enter_ahead(self: &Arc<Self>, epoch: Epoch) -> Result<usize, Error> {
        let (mut after, mut rows) = (0, 0);
        loop {
            let begun = Instant::now();
            let page = bindings::page(&mut self.store.read_much().await?, after, PAGE_AHEAD).await?;
            let Some(last) = page.last() else { return Ok(rows) };
            (after, rows) = (last.id, rows + page.len());
            let directory = Arc::clone(self);
            spawn_blocking(move || directory.enter(&page, &[epoch])).await.map_err(|_| Error::internal())?;
            if self.peppers.begins(epoch) - self.clock.now() > HURRY {
                tokio::time::sleep(begun.elapsed() * PAUSE_AHEAD).await;
            }
        }
    }

    /// Enters rows into the directories of these epochs.
    fn enter(&self, rows: &[Listed], epochs: &[Epoch]) {
        let peppers: Vec<Pepper> = epochs.iter().map(|epoch| self.peppers.pepper(*epoch)).collect();
        let mut entries: Vec<Vec<(Digest, i64)>> = epochs.iter().map(|_| Vec::with_capacity(rows.len())).collect();
        let mut unreadable = 0;
        for row in rows {
            let Ok(forms) = self.sealer.open_bound_text(&row.address_index, &row.address) else {
                unreadable += 1;
                continue;
            };
            for (pepper, entries) in peppers.iter().zip(&mut entries) {
                entries.extend(sealed_lookup_forms(&forms).map(|form| (digest(form, pepper.as_str()), row.id)));
            }
        }
        for (epoch, entries) in epochs.iter().zip(&entries) {
            // If the directory was retired in the meantime, its epoch has ended and nobody needs
            // the rows.
            let _ = self.directories.insert_batch(*epoch, entries);
        }
        if unreadable > 0 {
            log::error!(
                "{unreadable} bindings cannot be decrypted and will not be found: was the database restored or altered?"
            );
        }
    }

    /// Enters bindings made by other nodes, forever.
    pub async fn follow_table(self: Arc<Self>) {
        let mut follower = Follower::default();
        loop {
            // A failure does no harm: the missed rows are read once the database is back.
            let _ = self.follow(&mut follower).await;
            tokio::time::sleep(POLL).await;
        }
    }

    async fn follow(self: &Arc<Self>, follower: &mut Follower) -> Result<(), Error> {
        let next = following::position(&mut self.store.read().await?).await?;
        let last = match follower.position {
            Some(last) if last <= next => last,
            Some(_) => {
                log::warn!(
                    "the database's transaction ids went backwards, as after a restore: reading all bindings again"
                );
                self.settle().await?;
                self.enter_all(&self.directories.epochs()).await?;
                next
            }
            None => {
                self.settle().await?;
                self.began_at().await?
            }
        };
        let ids = following::since(&mut self.store.read().await?, last).await?;
        let new: Vec<i64> = ids.iter().filter(|id| !follower.entered.contains(id)).copied().collect();
        for some in new.chunks(ROWS_AT_ONCE) {
            let rows = bindings::listed(&mut self.store.read().await?, some.to_vec()).await?;
            self.enter(&rows, &self.directories.epochs());
        }
        *follower = Follower { position: Some(next), entered: ids.into_iter().collect() };
        *self.followed_at.lock().unwrap_or_else(PoisonError::into_inner) = Instant::now();
        Ok(())
    }

    async fn began_at(&self) -> Result<Position, Error> {
        let position = async || Ok(following::position(&mut self.store.read().await?).await?);
        self.began_at.get_or_try_init(position).await.copied()
    }

    /// Adapts the table to this database server, if it was written on another one.
    async fn settle(&self) -> Result<(), Error> {
        self.store.write(async |conn| following::catch_up_sequences(conn).await).await?;
        while self.store.write(async |conn| following::settle(conn, SETTLED_AT_ONCE).await).await? > 0 {}
        Ok::<_, Error>(())
    }

    /// Enters a binding, once its transaction has committed.
    pub(super) fn insert(&self, address: &Address, id: i64) {
        self.directories.insert(|epoch| self.entries(address, id, epoch));
    }

    /// Removes a binding, once its transaction has committed.
    pub(super) fn remove(&self, address: &Address, id: i64) {
        self.directories.remove(|epoch| self.entries(address, id, epoch));
    }

    fn entries(&self, address: &Address, id: i64, epoch: Epoch) -> Vec<(Digest, i64)> {
        self.digests(address, epoch).into_iter().map(|digest| (digest, id)).collect()
    }

    /// Returns the digests by which an address is found during an epoch.
    pub(super) fn digests(&self, address: &Address, epoch: Epoch) -> Vec<Digest> {
        let pepper = self.peppers.pepper(epoch);
        address.lookup_forms().map(|form| digest(&form, pepper.as_str())).collect()
    }

    /// Returns the candidates for these digests, each as the index of its digest and a row id; a
    /// row may turn out to have another digest. `None` while the epoch's directory is not complete.
    pub(super) fn find(&self, epoch: Epoch, digests: &[Digest]) -> Option<Vec<(usize, i64)>> {
        self.directories.find_many(epoch, digests)
    }

    pub(super) fn current_epoch(&self) -> Epoch {
        self.peppers.current(self.clock.now())
    }

    pub(super) fn pepper(&self, epoch: Epoch) -> Pepper {
        self.peppers.pepper(epoch)
    }

    /// Returns the epoch of a pepper that is valid now, or that a node whose clock is slightly
    /// ahead has already announced.
    pub(super) fn accepted_epoch(&self, pepper: &str) -> Option<Epoch> {
        let now = self.clock.now();
        self.peppers.accepted(now, pepper).or_else(|| self.peppers.accepted(now + self.skew, pepper))
    }
}

/// The progress of following the table.
#[derive(Default)]
struct Follower {
    /// Everything committed before this has been entered. `None` at startup.
    position: Option<Position>,
    /// The rows found last; some of them may be found again.
    entered: HashSet<i64>,
}
