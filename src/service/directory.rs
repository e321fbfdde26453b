//! Keeps the directory: built at start and ahead of each epoch, and following the table, so that a binding made by another node
//! or by the operator's command line is found within a second.

use std::collections::{HashSet, VecDeque};
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::task::JoinHandle;

use super::Vouch;
use crate::clock::{MINUTE, Millis};
use crate::crypto::vault::Column;
use crate::error::Error;
use crate::identity::pepper::{Digest, Epoch, Pepper, digest};
use crate::identity::threepid::sealed_lookup_forms;
use crate::store::bindings::{self, Listed};

/// Rows read at once while a directory is built.
const PAGE: i64 = 20_000;
/// Pages hashed at once.
const AT_ONCE: usize = 2;
/// How often the table is looked at.
const FOLLOW: Duration = Duration::from_millis(400);
/// Ids are given out in order but committed out of order, at most this far apart: no transaction of ours lives as long.
const OVERLAP: Duration = Duration::from_secs(15);
/// At start, how many of the last ids are read again, for the same reason.
const FIRST_OVERLAP: i64 = 20_000;
/// The next epoch's directory is built so long before it begins, or a quarter of the period if that is less.
const LEAD: Millis = 15 * MINUTE;

impl Vouch {
    /// Whether look-ups can be answered: the directories of the current pepper and the previous one are complete.
    #[must_use]
    pub fn is_directory_ready(&self) -> bool {
        let current = self.peppers.current(self.clock.now());
        self.directories.is_ready(&[current, current.previous()])
    }

    /// Builds what is missing, drops what is over, for ever.
    pub async fn keep_directories(self: Arc<Self>) {
        let mut has_failed = false;
        loop {
            let result = self.build_missing().await;
            if result.is_err() && !has_failed {
                log::warn!("the directory could not be built, and will be tried again until it can");
            }
            has_failed = result.is_err();
            self.clock.pause(FOLLOW).await;
        }
    }

    async fn build_missing(self: &Arc<Self>) -> Result<(), Error> {
        let now = self.clock.now();
        let current = self.peppers.current(now);
        self.directories.retire(current.previous());
        self.seen.retire(current.previous());
        let mut needed = vec![current, current.previous()];
        let begins = self.peppers.begins(current.next());
        let period = begins - self.peppers.begins(current);
        if begins - now < LEAD.min(period / 4) {
            needed.push(current.next());
        }
        needed.retain(|epoch| !self.directories.is_ready(&[*epoch]));
        if needed.is_empty() { Ok(()) } else { self.build(needed).await }
    }

    /// Builds the directories of these epochs in one pass over the table, reading a page while those before are hashed.
    async fn build(self: &Arc<Self>, epochs: Vec<Epoch>) -> Result<(), Error> {
        let begun = Instant::now();
        let mut conn = self.store.read_much().await?;
        for epoch in &epochs {
            // It grows as it is filled: counting the rows first can take longer than reading them.
            self.directories.begin(*epoch, 0);
        }
        let peppers: Arc<[(Epoch, Pepper)]> =
            epochs.iter().map(|epoch| (*epoch, self.peppers.pepper(*epoch))).collect();
        let (mut after, mut rows) = (0, 0);
        let mut hashing: VecDeque<JoinHandle<()>> = VecDeque::new();
        loop {
            let page = bindings::page(&mut conn, after, PAGE).await?;
            let is_last = page.is_empty();
            while hashing.len() >= if is_last { 1 } else { AT_ONCE } {
                let before = hashing.pop_front().expect("there is one");
                before.await.map_err(|_| Error::internal())?;
            }
            let Some(last) = page.last() else { break };
            (after, rows) = (last.id, rows + page.len());
            let (vouch, peppers) = (Arc::clone(self), Arc::clone(&peppers));
            hashing.push_back(tokio::task::spawn_blocking(move || vouch.list(&page, &peppers)));
        }
        for epoch in &epochs {
            self.directories.finish(*epoch);
        }
        log::info!("built {} directories of {rows} bindings in {} ms", epochs.len(), begun.elapsed().as_millis());
        Ok(())
    }

    /// Enters rows into the directories of these epochs.
    fn list(&self, rows: &[Listed], peppers: &[(Epoch, Pepper)]) {
        let mut entries: Vec<Vec<(Digest, i64)>> = peppers.iter().map(|_| Vec::with_capacity(rows.len())).collect();
        let mut unreadable = 0;
        for row in rows {
            let Ok(forms) = self.vault.open(Column::BindingAddress, &row.address_index, &row.address) else {
                unreadable += 1;
                continue;
            };
            for ((_, pepper), entries) in peppers.iter().zip(&mut entries) {
                entries.extend(sealed_lookup_forms(&forms).map(|form| (digest(form, pepper.as_str()), row.id)));
            }
        }
        for ((epoch, _), entries) in peppers.iter().zip(&entries) {
            // If it has been retired meanwhile, the epoch is over and nobody misses it.
            let _ = self.directories.insert_batch(*epoch, entries);
        }
        if unreadable > 0 {
            log::error!("{unreadable} bindings do not open, and are not found: was the database restored or altered?");
        }
    }

    /// Follows the table, for ever.
    pub async fn follow_bindings(self: Arc<Self>) {
        let mut follower = Follower::default();
        loop {
            // Away: what was missed is still there when the database is back.
            let _ = self.follow(&mut follower).await;
            tokio::time::sleep(FOLLOW).await;
        }
    }

    async fn follow(&self, follower: &mut Follower) -> Result<(), Error> {
        let mut conn = self.store.read().await?;
        let floor = match follower.floor {
            Some(floor) => floor,
            None => (bindings::last_id(&mut conn).await? - FIRST_OVERLAP).max(0),
        };
        follower.floor = Some(floor);
        let ids = bindings::ids_after(&mut conn, floor).await?;
        let last = ids.last().copied().unwrap_or(floor);
        let new: Vec<i64> = ids.into_iter().filter(|id| !follower.seen.contains(id)).collect();
        if !new.is_empty() {
            let peppers: Vec<_> =
                self.directories.epochs().into_iter().map(|epoch| (epoch, self.peppers.pepper(epoch))).collect();
            for some in new.chunks(10_000) {
                let rows = bindings::listed(&mut self.store.read().await?, some.to_vec()).await?;
                self.list(&rows, &peppers);
            }
        }
        follower.advance(new, last);
        Ok(())
    }
}

/// How far the table was followed.
#[derive(Default)]
struct Follower {
    /// Ids up to this one are known for good.
    floor: Option<i64>,
    /// Ids above the floor that were entered.
    seen: HashSet<i64>,
    /// The greatest id at some times of the last [`OVERLAP`].
    marks: VecDeque<(Instant, i64)>,
}

impl Follower {
    fn advance(&mut self, new: Vec<i64>, last: i64) {
        self.seen.extend(new);
        self.marks.push_back((Instant::now(), last));
        while self.marks.front().is_some_and(|(at, _)| at.elapsed() > OVERLAP) {
            self.floor = self.marks.pop_front().map(|(_, id)| id).max(self.floor);
        }
        let floor = self.floor.unwrap_or_default();
        self.seen.retain(|id| *id > floor);
    }
}
