//! The look-ups of access tokens, kept in memory and written to the database a little later.

use std::sync::Arc;
use std::time::Duration;

use crate::clock::{Clock, Millis, SECOND, is_recent};
use crate::error::Error;
use crate::identity::pepper::{Digest, Epoch};
use crate::identity::recent_lookups::{NewLookups, RecentLookups, Row, Token, Unsaved};
use crate::service::sealing::Sealer;
use crate::service::{Caller, Directory};
use crate::store::recent_lookups::{self as rows, Size};
use crate::store::{self, Conn, Store, accounts};

/// Recent look-ups are kept in memory up to twice this number, at some 10 bytes each.
const CAPACITY: usize = 5_000_000;
/// The interval at which new look-ups are written to the database. Look-ups lost in a crash are
/// charged again.
const INTERVAL: Duration = Duration::from_secs(3);
/// The time for which the stored look-ups of a token are relied on before new ones are charged:
/// other nodes may have charged some.
const FRESH: Millis = 5 * SECOND;
/// Tokens per transaction.
const BATCH: usize = 50;

/// Remembers the look-ups of access tokens.
pub(super) struct Memory {
    store: Store,
    sealer: Sealer,
    clock: Clock,
    directory: Arc<Directory>,
    recent: RecentLookups,
}

impl Memory {
    pub(super) fn new(store: Store, sealer: Sealer, clock: Clock, directory: Arc<Directory>) -> Self {
        Self { store, sealer, clock, directory, recent: RecentLookups::new(CAPACITY) }
    }

    /// Returns the digests that the caller's token has not looked up during this epoch.
    pub(super) async fn new_lookups(
        &self,
        caller: &Caller,
        epoch: Epoch,
        digests: &[Digest],
    ) -> Result<NewLookups, Error> {
        let (token, now) = (&caller.token, self.clock.now());
        if self.recent.knows(token, epoch) {
            let new = self.recent.new_lookups(token, epoch, digests);
            if new.count() == 0 || self.recent.read_at(token, epoch).is_some_and(|at| is_recent(at, FRESH, now)) {
                return Ok(new);
            }
        }
        self.read(token, epoch).await?;
        Ok(self.recent.new_lookups(token, epoch, digests))
    }

    /// Remembers look-ups that have been charged.
    pub(super) fn add(&self, caller: &Caller, new: NewLookups) {
        self.recent.add(&caller.token, new);
    }

    /// Reads the look-ups of a token. The user's own addresses are charged like any others: if they
    /// were free, anybody with a token of the user could find out what they are.
    async fn read(&self, token: &Token, epoch: Epoch) -> Result<(), Error> {
        let now = self.clock.now();
        let index = self.sealer.token_index(&token.hash);
        let sealed = rows::get(&mut self.store.read().await?, index.as_ref(), epoch.number()).await?;
        let stored = sealed.map(|sealed| opened(token, epoch, &sealed)).unwrap_or_default();
        self.recent.read(token, epoch, stored.hashes(), now);
        Ok(())
    }

    /// Writes new look-ups to the database every few seconds, forever, except while the clock is
    /// wrong.
    pub(super) async fn keep_saved(&self) {
        loop {
            self.clock.pause(INTERVAL).await;
            if !self.clock.is_right() {
                continue;
            }
            // It is logged as an error of the database, and tried again.
            if let Err(error) = self.save().await {
                log::debug!("recent look-ups could not be saved: {}", error.errcode());
            }
        }
    }

    /// Writes new look-ups to the database.
    pub(super) async fn save(&self) -> Result<(), Error> {
        let now = self.clock.now();
        for batch in self.recent.unsaved().chunks(BATCH) {
            let ends = |unsaved: &Unsaved| self.directory.accepted_until(unsaved.epoch);
            let some: Arc<[_]> = batch.iter().map(|unsaved| (unsaved.clone(), ends(unsaved))).collect();
            let sealer = self.sealer.clone();
            let saved = self.store.write(async move |conn| {
                let mut saved = Vec::with_capacity(some.len());
                for (unsaved, ends) in some.iter() {
                    saved.push(save(conn, &sealer, unsaved, *ends).await?);
                }
                Ok::<_, store::Error>(saved)
            });
            for (unsaved, stored) in batch.iter().zip(saved.await?) {
                self.recent.saved(unsaved, stored.as_ref().map(Row::hashes), now);
            }
        }
        Ok(())
    }

    /// Forgets the look-ups of epochs that have ended.
    pub(super) fn forget_ended(&self) {
        self.recent.forget_before(self.directory.current_epoch().previous());
    }

    /// Returns the amount of stored data.
    pub(super) async fn size(&self) -> Result<Size, Error> {
        Ok(rows::size(&mut self.store.read().await?).await?)
    }
}

/// Adds look-ups to those that the nodes have stored. Returns all of them, or `None` if the token
/// no longer exists.
async fn save(conn: &mut Conn, sealer: &Sealer, unsaved: &Unsaved, ends: Millis) -> Result<Option<Row>, store::Error> {
    let Unsaved { token, epoch, hashes } = unsaved;
    // A transaction that deletes the token now has to wait, and deletes this row as well.
    if !accounts::lock_token(conn, &token.hash).await? {
        return Ok(None);
    }
    let index = sealer.token_index(&token.hash);
    let stored = rows::get(conn, index.as_ref(), epoch.number()).await?;
    let row = stored.map(|sealed| opened(token, *epoch, &sealed)).unwrap_or_default().with(hashes);
    rows::put(conn, index.as_ref(), epoch.number(), &row.seal(token, *epoch), ends).await?;
    Ok(Some(row))
}

/// Opens a row; one that is damaged counts as empty.
fn opened(token: &Token, epoch: Epoch, sealed: &[u8]) -> Row {
    Row::open(token, epoch, sealed).unwrap_or_else(|error| {
        log::warn!("the look-ups of a token will be charged again: {error}");
        Row::default()
    })
}

/// Deletes the look-ups of tokens. The tokens must have been deleted before, in the same
/// transaction.
pub(in crate::service) async fn forget(
    conn: &mut Conn,
    sealer: &Sealer,
    token_hashes: &[Vec<u8>],
) -> Result<(), store::Error> {
    let indexes: Vec<_> = token_hashes.iter().map(|hash| sealer.token_index(hash).as_ref().to_vec()).collect();
    rows::remove(conn, &indexes).await
}
