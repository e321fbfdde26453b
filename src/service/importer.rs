//! Importing the data of another identity server.
//!
//! The caller reads the other server's database, decides which of its rows count, and passes them
//! in batches. Each batch is one transaction, in which it is compared with the rows stored here:
//! the newest event wins. Running servers are not disturbed, and an interrupted import can be
//! repeated.

mod bindings;
mod invites;
mod people;
mod way_back;

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::Arc;
use std::time::Duration;

use serde::Serialize;
use serde_json::{Value, json};

use super::Audit;
use super::audit::{Act, Entry, Origin};
use super::invitations::Invitations;
use super::outbox::Outbox;
use super::sealing::Sealer;
use crate::clock::{Clock, Millis};
use crate::error::Error;
use crate::store::import::{self, Kind, Known, State};
use crate::store::{self, Conn, Store, meta};

pub use bindings::{BindingSource, ImportedBinding, PreparedBinding};
pub use invites::ImportedInvite;
pub use people::{ImportedAccount, ImportedConsent, ImportedToken};
pub use way_back::{MadeHere, Standing};

/// The number of attempts for a batch that conflicts with concurrent writes of a server, or that a
/// busy database does not finish in time.
const ATTEMPTS: u32 = 5;

/// The pause before another attempt in a busy database.
const PAUSE: Duration = Duration::from_secs(1);

/// The prefix of the names under which the progress of reading a database is stored.
pub const NAMES: &str = "import ";

/// Imports the rows of another server.
pub struct Importer {
    pub(super) store: Store,
    pub(super) sealer: Sealer,
    pub(super) clock: Clock,
    pub(super) invitations: Arc<Invitations>,
    pub(super) outbox: Arc<Outbox>,
    pub(super) audit: Arc<Audit>,
    /// The time for which the public key of an invitation stays valid once it is no longer needed.
    pub(super) key_lifetime: Millis,
}

/// The mode of an import.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// Nothing is written: an outcome shows what would be done.
    Look,
    /// Changes are written.
    Write,
}

/// The outcome for a row: what was done, or would be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// It was added.
    Added,
    /// It replaced an older one.
    Replaced,
    /// The item it refers to was removed, as on the other server.
    Removed,
    /// It is already stored here.
    Unchanged,
    /// It records a removal of something that is not stored here.
    NothingToRemove,
    /// The stored row is newer.
    NewerHere,
    /// It was removed here, or a newer row was imported.
    RemovedHere,
    /// The owner of the address objects to being listed or invited.
    Objected,
    /// It belongs to an account that does not exist, here or there.
    NoAccount,
    /// The other server has a newer row of the same item.
    Duplicate,
}

impl Outcome {
    /// Returns whether it changes the stored data.
    #[must_use]
    pub const fn is_change(self) -> bool {
        matches!(self, Self::Added | Self::Replaced | Self::Removed)
    }
}

impl Importer {
    /// Returns the time.
    #[must_use]
    pub fn now(&self) -> Millis {
        self.clock.now()
    }

    /// Marks that a move is in progress, so that the database remembers removed rows.
    ///
    /// # Errors
    /// 503 if the database is unavailable.
    pub async fn begin(&self) -> Result<(), Error> {
        self.store.expect_many_rows().await?;
        let (now, audit) = (self.clock.now(), Arc::clone(&self.audit));
        let begun = self.store.write(async move |conn| {
            if meta::get(conn, meta::KEY_EXCHANGE).await?.is_some() {
                // It may begin when the exchange of the master key is complete.
                return Err(store::Error::Conflict);
            }
            import::begin(conn, now).await?;
            audit.note(conn, Entry::new(Act::Import, Origin::Command).detail(json!({ "state": "begun" }))).await
        });
        Ok(begun.await.map_err(|error: store::Error| error)?)
    }

    /// Returns the value stored by [`Self::finish`].
    ///
    /// # Errors
    /// 503 if the database is unavailable.
    pub async fn progress(&self, name: &str) -> Result<Option<Vec<u8>>, Error> {
        Ok(meta::get(&mut self.store.read().await?, name).await?)
    }

    /// Stores how far a database has been read, and records the outcomes of its rows.
    ///
    /// # Errors
    /// 503 if the database is unavailable.
    pub async fn finish(&self, name: &str, value: Vec<u8>, outcomes: Value) -> Result<(), Error> {
        let (name, audit) = (name.to_owned(), Arc::clone(&self.audit));
        let set = self.store.write(async move |conn| {
            let detail = json!({ "state": "done", "rows": outcomes });
            audit.note(conn, Entry::new(Act::Import, Origin::Command).detail(detail)).await?;
            import::set_progress(conn, &name, value).await
        });
        Ok(set.await.map_err(|error: store::Error| error)?)
    }

    /// Returns the times, by table and id, at which rows dated in the future were first seen.
    ///
    /// # Errors
    /// 503 if the database is unavailable.
    pub async fn dated_ahead(&self) -> Result<Vec<((u8, i64), Millis)>, Error> {
        let (mut rows, mut after) = (Vec::new(), Vec::new());
        loop {
            let mut conn = self.store.read_much().await?;
            let page = import::page(&mut conn, Kind::DatedAhead, State::Stored, after).await?;
            rows.extend(page.iter().filter_map(|(item, at)| {
                let (table, id) = item.split_first()?;
                Some(((*table, i64::from_be_bytes(id.try_into().ok()?)), *at))
            }));
            match page.into_iter().next_back() {
                Some((last, _)) => after = last,
                None => return Ok(rows),
            }
        }
    }

    /// Remembers when rows dated in the future were first seen.
    ///
    /// # Errors
    /// 503 if the database is unavailable.
    pub async fn note_dated_ahead(&self, rows: Vec<((u8, i64), Millis)>) -> Result<(), Error> {
        let known = |((table, id), at): &((u8, i64), Millis)| {
            ([&[*table], id.to_be_bytes().as_slice()].concat(), Known { at: *at, state: State::Stored })
        };
        for some in rows.chunks(import::BATCH) {
            let rows: Vec<_> = some.iter().map(known).collect();
            self.write(async move |conn| import::remember(conn, Kind::DatedAhead, rows.clone()).await).await?;
        }
        Ok(())
    }

    /// Returns the servers whose import has not ended, as named by [`Self::finish`].
    ///
    /// # Errors
    /// 503 if the database is unavailable.
    pub async fn in_progress(&self) -> Result<Vec<String>, Error> {
        Ok(import::progresses(&mut self.store.read().await?, NAMES).await?)
    }

    /// Ends the move, from all servers: forgets everything that was remembered for further runs.
    ///
    /// # Errors
    /// 503 if the database is unavailable.
    pub async fn end(&self) -> Result<(), Error> {
        while self
            .store
            .write(async |conn| import::forget_some(conn).await)
            .await
            .map_err(|error: store::Error| error)?
            > 0
        {}
        let audit = Arc::clone(&self.audit);
        let removed = self.store.write(async move |conn| {
            audit.note(conn, Entry::new(Act::EndImport, Origin::Command)).await?;
            let names = import::progresses(conn, NAMES).await?;
            import::remove_progress(conn, &names).await
        });
        removed.await.map_err(|error: store::Error| error)?;
        self.store.purge_deleted().await;
        Ok(())
    }

    /// Runs `work` in a transaction, and again if a running server has stored one of the rows in
    /// the meantime, or if the database is too slow. A repeated batch changes nothing.
    async fn write<R: Send + 'static>(
        &self,
        work: impl AsyncFnOnce(&mut Conn) -> Result<R, store::Error> + Clone + Send + 'static,
    ) -> Result<R, Error> {
        let mut attempt = 1;
        loop {
            let result = self.store.write(work.clone()).await;
            self.store.let_others_write().await;
            match result {
                Err(store::Error::Constraint) if attempt < ATTEMPTS => {}
                Err(store::Error::Unavailable | store::Error::Timeout) if attempt < ATTEMPTS => {
                    self.clock.pause(PAUSE).await;
                }
                result => return Ok(result?),
            }
            attempt += 1;
        }
    }
}

/// Keeps the newest row of each item, and the last one of several with the same time; returns the
/// number of the others as well.
fn newest<T, K: Hash + Eq>(rows: Vec<T>, item: impl Fn(&T) -> K, at: impl Fn(&T) -> Millis) -> (Vec<T>, Vec<Outcome>) {
    let (mut newest, mut kept) = (HashMap::with_capacity(rows.len()), Vec::<T>::with_capacity(rows.len()));
    let mut duplicates = Vec::new();
    for row in rows {
        match newest.get(&item(&row)) {
            None => {
                newest.insert(item(&row), kept.len());
                kept.push(row);
            }
            Some(place) => {
                duplicates.push(Outcome::Duplicate);
                if at(&row) >= at(&kept[*place]) {
                    kept[*place] = row;
                }
            }
        }
    }
    (kept, duplicates)
}

/// Returns the start of an item's fingerprint, which is enough to tell that it was seen.
fn mark(item: &[u8]) -> u64 {
    item.iter().take(8).fold(0, |number, byte| number << 8 | u64::from(*byte))
}

/// The items of one kind that have been seen, to find those that have vanished.
#[derive(Debug, Default)]
pub struct Seen {
    marks: Vec<u64>,
    is_sorted: bool,
}

impl Seen {
    /// Records an item, by its fingerprint.
    fn note(&mut self, item: &[u8]) {
        self.marks.push(mark(item));
        self.is_sorted = false;
    }

    fn contains(&mut self, item: &[u8]) -> bool {
        if !self.is_sorted {
            self.marks.sort_unstable();
            self.is_sorted = true;
        }
        self.marks.binary_search(&mark(item)).is_ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_duplicates_the_newest_counts_and_of_those_as_old_the_last() {
        let rows = vec![("a", 1, 'x'), ("b", 5, 'x'), ("a", 3, 'y'), ("b", 5, 'y'), ("a", 2, 'z')];
        let (kept, duplicates) = newest(rows, |row| row.0, |row| row.1);
        assert_eq!(kept, [("a", 3, 'y'), ("b", 5, 'y')]);
        assert_eq!(duplicates, [Outcome::Duplicate; 3]);
    }
}
