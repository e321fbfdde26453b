//! The exchange of the master key, while the server serves.
//!
//! The new key waits in a file beside the old one. When one node runs, it makes the new key that of
//! the database, in one transaction, and keeps the old one there, sealed with the new: from then on
//! only the new one is of use. Rows are then renewed in batches, by one node at a time. Until that
//! is done, what is sought is renewed first (see [`Vault::touches`]), and what was not renewed opens
//! with the old key. It can be interrupted anywhere: every row says itself of which key it is.

use std::fs;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use serde_json::json;

use super::audit::{Act, Entry, Origin};
use super::node::ALIVE;
use super::start::in_words;
use super::{Accounts, Audit, Node, RateLimits};
use crate::clock::{Clock, DAY, Millis, SECOND};
use crate::config::{Keys, Retention};
use crate::crypto::key_file;
use crate::crypto::master_key::MasterKey;
use crate::crypto::vault::Vault;
use crate::error::StartError;
use crate::store::rekeying::{Batch, Cursor, TABLES, Table};
use crate::store::{self, Store, import, leases, meta, nodes};

/// How often a node looks for a new key.
const INTERVAL: Duration = Duration::from_secs(5);
/// The lease of the node that renews rows.
const LEASE: &str = "master_key";
/// How long it lasts after a batch.
const HELD: Millis = 10 * SECOND;
/// How many rows a transaction renews.
const BATCH: i64 = 500;
/// How long the longest links work.
const LONGEST_LINK: Millis = 60 * DAY;

/// Exchanges the master key.
pub struct KeyExchange {
    pub(super) store: Store,
    pub(super) vault: Arc<Vault>,
    pub(super) clock: Clock,
    pub(super) keys: Keys,
    pub(super) retention: Retention,
    pub(super) audit: Arc<Audit>,
    pub(super) accounts: Arc<Accounts>,
    pub(super) rate_limits: Arc<RateLimits>,
    pub(super) node: Arc<Node>,
}

/// How far an exchange is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Progress {
    /// The key of the database is another one than that of the file with the new key.
    NotBegun {
        /// How many nodes run.
        nodes: usize,
    },
    /// Rows are being renewed.
    Renewing,
    /// Nothing is left of the former key.
    Done,
}

/// What keeps an exchange from beginning.
enum Obstacle {
    Nodes(usize),
    Import,
    AnotherKey,
    Unreadable,
}

impl Obstacle {
    fn in_words(&self) -> StartError {
        StartError(match self {
            Self::Nodes(count) => format!(
                "{count} other nodes run: stop them, and start them with the new master key once it is exchanged"
            ),
            Self::Import => "an import is in progress: end it with --last first".to_owned(),
            Self::AnotherKey => "the master key has just been exchanged by another process".to_owned(),
            Self::Unreadable => "the key of the audit log does not open with the current master key".to_owned(),
        })
    }
}

/// The file in which a new master key waits.
pub(crate) fn next_key_file(keys: &Keys) -> PathBuf {
    let mut name = keys.master_key_file.file_name().unwrap_or_default().to_owned();
    name.push(".next");
    keys.master_key_file.with_file_name(name)
}

/// Returns the new master key that waits, if there is one.
pub(super) fn next_key(keys: &Keys) -> Result<Option<MasterKey>, StartError> {
    if keys.master_key.is_some() { Ok(None) } else { MasterKey::read(&next_key_file(keys)).map_err(in_words) }
}

/// Puts the new master key in the place of the former one, if it is that with this check value.
///
/// # Errors
/// A text for the operator, if the files cannot be written; then both are as they were.
pub(super) fn replace_file(keys: &Keys, check: &[u8]) -> Result<(), StartError> {
    let next = next_key_file(keys);
    let Some(key) = next_key(keys)?.filter(|key| key.check_value() == check) else { return Ok(()) };
    key_file::change(&keys.master_key_file, |_| Ok(key.to_text())).map_err(in_words)?;
    fs::remove_file(&next).map_err(|error| StartError(format!("{}: {error}", next.display())))
}

impl KeyExchange {
    /// Looks for a new key every few seconds, and exchanges the master key, forever.
    pub async fn run(self: Arc<Self>) {
        let mut last_error = None;
        loop {
            if self.clock.is_right() {
                let error = self.run_once().await.err().filter(|_| self.is_wanted()).map(|error| error.to_string());
                if let Some(error) = error.as_ref().filter(|_| error != last_error) {
                    log::warn!("the master key could not be exchanged; trying again: {error}");
                }
                last_error = error;
            }
            self.clock.pause(INTERVAL).await;
        }
    }

    /// Whether a failure concerns an exchange, and not only the database.
    fn is_wanted(&self) -> bool {
        self.vault.is_moving() || self.store.is_retired() || !matches!(next_key(&self.keys), Ok(None))
    }

    /// Begins an exchange if a new key waits, and renews rows if there are any to renew.
    ///
    /// # Errors
    /// A text for the operator. What was not done is done by the next call.
    pub async fn run_once(&self) -> Result<(), StartError> {
        self.check().await?;
        if !self.vault.is_moving()
            && let Some(next) = next_key(&self.keys)?
        {
            self.begin(&next).await?;
        }
        if self.vault.is_moving() {
            self.renew_all().await.map_err(in_words)?;
        }
        Ok(())
    }

    /// Stops using the database if its master key was exchanged without this node, and notes what
    /// other nodes have done.
    ///
    /// # Errors
    /// A text for the operator.
    pub(crate) async fn check(&self) -> Result<(), StartError> {
        let now = self.clock.now();
        // In this order: if another exchange begins in between, the key differs.
        let mut conn = self.store.read_as_is().await.map_err(in_words)?;
        let is_moving = meta::get(&mut conn, meta::KEY_EXCHANGE).await.map_err(in_words)?.is_some();
        let check = meta::get(&mut conn, meta::MASTER_KEY_CHECK).await.map_err(in_words)?;
        drop(conn);
        if check.is_some_and(|check| check != self.vault.check_value()) {
            self.store.retire();
            return Err(StartError(
                "the master key was exchanged without this node, which serves nobody any more: give it the new key, \
                 and restart it"
                    .to_owned(),
            ));
        }
        if self.vault.is_moving() && !is_moving {
            self.vault.end_move();
        }
        let is_within = |lifetime| self.vault.exchanged_at().is_some_and(|at| now - at < lifetime);
        let Retention { invite, validation_session, .. } = self.retention;
        self.vault.accept_former(is_within(LONGEST_LINK.max(invite)), is_within(validation_session));
        Ok(())
    }

    /// Whether rows of the former key may be left, as this process knows.
    #[must_use]
    pub fn is_renewing(&self) -> bool {
        self.vault.is_moving()
    }

    /// Returns how many nodes run.
    ///
    /// # Errors
    /// `store::Error` if the database fails.
    pub async fn nodes(&self) -> Result<usize, store::Error> {
        let now = self.clock.now();
        let nodes = nodes::all(&mut self.store.read().await?).await?;
        Ok(nodes.iter().filter(|node| node.seen_at > now - ALIVE).count())
    }

    /// Returns how far the exchange with the key that waits, or has waited, in the file is.
    ///
    /// # Errors
    /// `store::Error` if the database fails.
    pub async fn progress(&self, next: &MasterKey) -> Result<Progress, store::Error> {
        let mut conn = self.store.read().await?;
        if meta::get(&mut conn, meta::MASTER_KEY_CHECK).await?.is_none_or(|check| check != next.check_value()) {
            return Ok(Progress::NotBegun { nodes: self.nodes().await? });
        }
        let is_moving = meta::get(&mut conn, meta::KEY_EXCHANGE).await?.is_some();
        Ok(if is_moving { Progress::Renewing } else { Progress::Done })
    }

    /// Makes a new key that of the database, if no other node runs.
    ///
    /// # Errors
    /// A text for the operator; then nothing has changed.
    pub async fn begin(&self, next: &MasterKey) -> Result<(), StartError> {
        // What is not returned is lost, since it is known by the former key.
        self.rate_limits.give_back(true).await.map_err(in_words)?;
        let known = self.vault.check_value();
        if next.check_value() == known {
            return replace_file(&self.keys, &known);
        }
        let now = self.clock.now();
        let Some((vault, former)) = self.vault.succeeded_by(next, now) else {
            return Err(StartError("the master key was exchanged too often: move to a new database".to_owned()));
        };
        let vault = Arc::new(vault);
        let (audit, ours, new) = (self.audit.clone(), self.node.id(), vault.clone());
        let begun = self.store.renew(async move |conn| {
            // The first lock keeps nodes from starting meanwhile.
            meta::lock(conn, meta::SIGNING_KEY).await?;
            if meta::lock(conn, meta::MASTER_KEY_CHECK).await?.is_none_or(|stored| stored != known) {
                return Ok(Err(Obstacle::AnotherKey));
            }
            let nodes = nodes::all(conn).await?;
            let others = nodes.iter().filter(|node| node.seen_at > now - ALIVE && node.id != ours).count();
            if others > 0 {
                return Ok(Err(Obstacle::Nodes(others)));
            }
            if import::is_in_progress(conn).await? {
                return Ok(Err(Obstacle::Import));
            }
            let secret = meta::get(conn, meta::AUDIT_KEY).await?.unwrap_or_default();
            let Ok(secret) = new.resealed_audit_secret(&secret) else { return Ok(Err(Obstacle::Unreadable)) };
            meta::put(conn, meta::AUDIT_KEY, &secret).await?;
            meta::put(conn, meta::FORMER_KEYS, &former).await?;
            meta::put(conn, meta::KEY_EXCHANGE, &[]).await?;
            meta::set(conn, meta::MASTER_KEY_CHECK, &new.check_value()).await?;
            let entry = Entry::new(Act::Keys, Origin::Command).detail(json!({ "command": "rotate-master" }));
            audit.note(conn, entry).await?;
            Ok::<_, store::Error>(Ok(()))
        });
        begun.await.map_err(in_words)?.map_err(|obstacle| obstacle.in_words())?;
        self.store.exchange_key(&vault).await;
        self.accounts.ask_again();
        log::info!("the master key is exchanged: the former one opens nothing any more that is stored from now on");
        replace_file(&self.keys, &self.vault.check_value())
    }

    /// Renews all rows, unless another node does; returns whether none is left.
    ///
    /// # Errors
    /// `store::Error` if the database fails.
    pub async fn renew_all(&self) -> Result<bool, store::Error> {
        let now = self.clock.now();
        if !self.store.renew(async move |conn| leases::take(conn, LEASE, now, now + HELD).await).await? {
            return Ok(false);
        }
        let done = self.renew_tables().await;
        // A node that ends here leaves the rest to another one.
        let now = self.clock.now();
        self.store.renew(async move |conn| leases::extend(conn, LEASE, now).await).await?;
        done.map(|()| true)
    }

    async fn renew_tables(&self) -> Result<(), store::Error> {
        let (mut renewed, mut unreadable) = (0, 0);
        for pass in 1.. {
            let mut left = 0;
            for table in &TABLES {
                let mut cursor = Cursor::default();
                loop {
                    let batch = self.renew_batch(table, &mut cursor).await?;
                    if batch.found == 0 {
                        break;
                    }
                    left += batch.found - batch.unreadable;
                    unreadable += if pass == 1 { batch.unreadable } else { 0 };
                }
            }
            renewed += left;
            if left == 0 {
                break;
            }
        }
        self.finish().await?;
        log::info!("the exchange of the master key is complete: {renewed} rows were renewed");
        if unreadable > 0 {
            log::error!(
                "{unreadable} rows could not be opened with the former master key either, and stay as they are"
            );
        }
        Ok(())
    }

    async fn renew_batch(&self, table: &'static Table, cursor: &mut Cursor) -> Result<Batch, store::Error> {
        let (vault, mut next, until) = (self.vault.clone(), cursor.clone(), self.clock.now() + HELD);
        let renewed = self.store.renew(async move |conn| {
            let batch = table.renew(conn, &vault, &mut next, BATCH).await?;
            leases::extend(conn, LEASE, until).await?;
            Ok::<_, store::Error>((batch, next))
        });
        let (batch, next) = renewed.await?;
        *cursor = next;
        Ok(batch)
    }

    async fn finish(&self) -> Result<(), store::Error> {
        self.store.renew(async |conn| meta::remove(conn, meta::KEY_EXCHANGE).await).await?;
        self.vault.end_move();
        Ok(())
    }
}
