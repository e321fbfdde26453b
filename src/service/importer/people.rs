//! Accounts, access tokens and consents of another server.

use std::sync::Arc;

use ruma_common::OwnedUserId;
use zeroize::Zeroizing;

use super::{Importer, Mode, Outcome, Seen, newest};
use crate::clock::Millis;
use crate::crypto::vault::token_hash;
use crate::error::Error;
use crate::service::lookups::memory;
use crate::store::consents::NewConsent;
use crate::store::import::{self, Kind, Known, NewAccount, NewToken, State};
use crate::store::{self, Conn};

/// An account of the other server.
#[derive(Clone, Debug)]
pub struct ImportedAccount {
    /// The user.
    pub user: OwnedUserId,
    /// The time when the user first registered.
    pub created_at: Millis,
}

/// An access token of the other server.
#[derive(Clone, Debug)]
pub struct ImportedToken {
    /// The token.
    pub token: Zeroizing<String>,
    /// Its owner.
    pub user: OwnedUserId,
    /// The earliest time at which it was issued.
    pub issued_at: Millis,
}

/// A consent on record at the other server.
#[derive(Clone, Debug)]
pub struct ImportedConsent {
    /// The user who gave it.
    pub user: OwnedUserId,
    /// The accepted version, which differs between consents to the same policy.
    pub version: String,
    /// The URL of the accepted document, or nothing if it is not known.
    pub url: String,
    /// The time, if the other server knows it.
    pub accepted_at: Option<Millis>,
}

impl Importer {
    /// Adds accounts, except those that were removed here.
    ///
    /// # Errors
    /// 503 if the database is unavailable; nothing of this batch was written in that case.
    pub async fn accounts(&self, rows: Vec<ImportedAccount>, mode: Mode) -> Result<Vec<Outcome>, Error> {
        let new = |row: &ImportedAccount| {
            let (index, mxid) = self.sealer.seal_account(&row.user);
            NewAccount { user_index: index.as_ref().to_vec(), mxid, created_at: row.created_at }
        };
        let (rows, duplicates) =
            newest(rows.iter().map(new).collect(), |row| row.user_index.clone(), |row| row.created_at);
        let work = async move |conn: &mut Conn, rows: &[NewAccount]| {
            let indexes: Vec<_> = rows.iter().map(|row| row.user_index.clone()).collect();
            let existing = import::accounts(conn, &indexes).await?;
            let known = import::known(conn, Kind::Account, &indexes).await?;
            let outcome = |row: &NewAccount| match existing.get(&row.user_index) {
                Some(_) => Outcome::Unchanged,
                None if known.contains_key(&row.user_index) => Outcome::RemovedHere,
                None => Outcome::Added,
            };
            let outcomes: Vec<_> = rows.iter().map(outcome).collect();
            if mode == Mode::Write {
                import::add_accounts(conn, added(rows, &outcomes)).await?;
            }
            Ok(outcomes)
        };
        Ok([self.in_batches(mode, rows, work).await?, duplicates].concat())
    }

    /// Adds access tokens, except those that were removed here. They count as used now, so that
    /// they do not expire at once.
    ///
    /// # Errors
    /// 503 if the database is unavailable; nothing of this batch was written in that case.
    pub async fn tokens(&self, rows: Vec<ImportedToken>, mode: Mode, seen: &mut Seen) -> Result<Vec<Outcome>, Error> {
        let now = self.clock.now();
        let new = |row: &ImportedToken| {
            let owner = self.sealer.account_index(&row.user).as_ref().to_vec();
            let token_hash = token_hash(&row.token).to_vec();
            (owner, NewToken { token_hash, account_id: 0, created_at: row.issued_at.min(now), used_at: now })
        };
        let (rows, duplicates) =
            newest(rows.iter().map(new).collect(), |(_, row)| row.token_hash.clone(), |(_, row)| row.created_at);
        for (_, row) in &rows {
            seen.note(&row.token_hash);
        }
        let work = async move |conn: &mut Conn, rows: &[(Vec<u8>, NewToken)]| {
            let owners: Vec<_> = rows.iter().map(|(owner, _)| owner.clone()).collect();
            let hashes: Vec<_> = rows.iter().map(|(_, row)| row.token_hash.clone()).collect();
            let accounts = import::accounts(conn, &owners).await?;
            let removed = import::known(conn, Kind::Account, &owners).await?;
            let known = import::known(conn, Kind::Token, &hashes).await?;
            let existing = import::tokens(conn, &hashes).await?;
            let outcome = |(owner, row): &(Vec<u8>, NewToken)| match accounts.get(owner) {
                _ if existing.contains(&row.token_hash) => Outcome::Unchanged,
                _ if known.contains_key(&row.token_hash) => Outcome::RemovedHere,
                None if removed.contains_key(owner) => Outcome::RemovedHere,
                // A dry run has not added the accounts.
                None if mode == Mode::Write => Outcome::NoAccount,
                _ => Outcome::Added,
            };
            let outcomes: Vec<_> = rows.iter().map(outcome).collect();
            if mode == Mode::Write {
                let owned = |(owner, row): (Vec<u8>, NewToken)| NewToken {
                    account_id: accounts.get(&owner).copied().unwrap_or_default(),
                    ..row
                };
                let new: Vec<_> = added(rows, &outcomes).into_iter().map(owned).collect();
                let stored = |row: &NewToken| (row.token_hash.clone(), Known { at: now, state: State::Stored });
                let memories = new.iter().map(stored).collect();
                import::add_tokens(conn, new).await?;
                import::remember(conn, Kind::Token, memories).await?;
            }
            Ok(outcomes)
        };
        Ok([self.in_batches(mode, rows, work).await?, duplicates].concat())
    }

    /// Removes the imported tokens that the other server no longer has; returns how many.
    ///
    /// # Errors
    /// 503 if the database is unavailable.
    pub async fn vanished_tokens(&self, seen: &mut Seen, mode: Mode) -> Result<usize, Error> {
        let (mut after, mut removed) = (Vec::new(), 0);
        loop {
            let mut conn = self.store.read_much().await?;
            let page = import::page(&mut conn, Kind::Token, State::Stored, after).await?;
            let Some((last, _)) = page.last() else { return Ok(removed) };
            after = last.clone();
            let vanished: Vec<_> = page.into_iter().map(|(item, _)| item).filter(|item| !seen.contains(item)).collect();
            let sealer = self.sealer.clone();
            removed += self
                .look_or_write(mode, async move |conn| {
                    if mode == Mode::Look {
                        return Ok(import::tokens(conn, &vanished).await?.len());
                    }
                    import::forget(conn, Kind::Token, vanished.clone()).await?;
                    let removed = import::remove_tokens(conn, vanished.clone()).await?;
                    memory::forget(conn, &sealer, &vanished).await?;
                    Ok(removed)
                })
                .await?;
        }
    }

    /// Records consents to a policy that is not one of ours: they are history, and everyone is
    /// asked again. They count as given now if the other server does not know the time.
    ///
    /// # Errors
    /// 503 if the database is unavailable; nothing of this batch was written in that case.
    pub async fn consents(
        &self,
        rows: Vec<ImportedConsent>,
        policy: &'static str,
        mode: Mode,
    ) -> Result<Vec<Outcome>, Error> {
        let now = self.clock.now();
        let owned = |row: ImportedConsent| (self.sealer.account_index(&row.user).as_ref().to_vec(), row);
        let at = move |row: &ImportedConsent| row.accepted_at.map_or(now, |at| at.clamp(0, now));
        let (rows, duplicates) = newest(
            rows.into_iter().map(owned).collect(),
            |(owner, row)| (owner.clone(), row.version.clone()),
            |(_, row)| at(row),
        );
        let work = async move |conn: &mut Conn, rows: &[(Vec<u8>, ImportedConsent)]| {
            let owners: Vec<_> = rows.iter().map(|(owner, ..)| owner.clone()).collect();
            let accounts = import::accounts(conn, &owners).await?;
            let removed = import::known(conn, Kind::Account, &owners).await?;
            let recorded = import::consents(conn, accounts.values().copied().collect(), policy).await?;
            let outcome = |(owner, row): &(Vec<u8>, ImportedConsent)| match accounts.get(owner) {
                Some(account) if recorded.contains(&(*account, row.version.clone())) => Outcome::Unchanged,
                None if removed.contains_key(owner) => Outcome::RemovedHere,
                None if mode == Mode::Write => Outcome::NoAccount,
                _ => Outcome::Added,
            };
            let outcomes: Vec<_> = rows.iter().map(outcome).collect();
            if mode == Mode::Write {
                let new = |(owner, row): (Vec<u8>, ImportedConsent)| NewConsent {
                    account_id: accounts.get(&owner).copied().unwrap_or_default(),
                    policy: policy.to_owned(),
                    accepted_at: at(&row),
                    version: row.version,
                    language: String::new(),
                    url: row.url,
                    sha256: Vec::new(),
                };
                import::add_consents(conn, added(rows, &outcomes).into_iter().map(new).collect()).await?;
            }
            Ok(outcomes)
        };
        Ok([self.in_batches(mode, rows, work).await?, duplicates].concat())
    }

    /// Runs `work` for all rows in one transaction, with as many at once as it can take.
    pub(super) async fn in_batches<T: Send + Sync + 'static>(
        &self,
        mode: Mode,
        rows: Vec<T>,
        work: impl AsyncFn(&mut Conn, &[T]) -> Result<Vec<Outcome>, store::Error> + Clone + Send + 'static,
    ) -> Result<Vec<Outcome>, Error> {
        let rows = Arc::new(rows);
        self.look_or_write(mode, async move |conn| {
            let mut outcomes = Vec::with_capacity(rows.len());
            for some in rows.chunks(import::BATCH) {
                outcomes.extend(work(conn, some).await?);
            }
            Ok(outcomes)
        })
        .await
    }

    /// Runs `work` in a transaction, or, if it writes nothing, on a connection for large reads.
    pub(super) async fn look_or_write<R: Send + 'static>(
        &self,
        mode: Mode,
        work: impl AsyncFnOnce(&mut Conn) -> Result<R, store::Error> + Clone + Send + 'static,
    ) -> Result<R, Error> {
        match mode {
            Mode::Look => Ok(work(&mut self.store.read_much().await?).await?),
            Mode::Write => self.write(work).await,
        }
    }
}

/// Returns the rows that are to be added.
pub(super) fn added<T: Clone>(rows: &[T], outcomes: &[Outcome]) -> Vec<T> {
    let added = rows.iter().zip(outcomes).filter(|(_, outcome)| **outcome == Outcome::Added);
    added.map(|(row, _)| row.clone()).collect()
}
