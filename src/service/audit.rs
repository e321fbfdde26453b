//! The audit log: what operators and people do to data.
//!
//! An entry is written in the transaction of its act, so neither exists without the other. It has a
//! MAC, but no place yet: if each act took the next place itself, acts would have to wait for each
//! other. About a second later, a node moves it from the queue to the end of the log, where its
//! link is a MAC over the entry and the previous link. The row of the head is locked for this, so
//! that one node at a time links entries, in the order in which it finds them committed.
//!
//! So somebody who can write to the database, but does not have the keys, can remove an entry
//! unnoticed only while it is queued, and can remove the end of the log by also restoring an old
//! head. A [checkpoint](Checkpoint) in the server's log reveals the latter.
//!
//! Names and addresses appear only as keyed pseudonyms. Nothing is removed when a person is erased,
//! and entries expire from the front: the anchor is the place before the first remaining entry.

mod act;
mod checkpoint;
mod state;
mod verify;

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use ruma_common::OwnedServerName;
use serde_json::{Value, json};

use super::Subject;
use crate::clock::{Clock, DAY, Millis};
use crate::config::Config;
use crate::crypto::signing::SigningKeys;
use crate::crypto::vault::{AuditKeys, Place, Vault};
use crate::error::Error;
use crate::store::audit::{self, Linked, Queued};
use crate::store::{self, Conn, Store, meta};

pub(super) use act::Entry;
pub use act::{Act, Listed, Origin, Record};
pub use checkpoint::{Checkpoint, Checkpoints};
pub use state::{LastCheckpoint, State};
pub use verify::Verified;

/// The number of entries that are read or linked at once.
const BATCH: i64 = 500;
/// The interval at which entries are linked.
const INTERVAL: Duration = Duration::from_secs(1);
/// The pause before the next attempt after a failure.
const RETRY: Duration = Duration::from_mins(1);
/// The ends of the log, as they are stored.
const HEAD: &str = "head";
const ANCHOR: &str = "anchor";

/// Writes the audit log, and reads it.
pub struct Audit {
    store: Store,
    clock: Clock,
    keys: Arc<AuditKeys>,
    signing: Arc<SigningKeys>,
    server_name: OwnedServerName,
    /// The time when this node last logged a checkpoint.
    checkpoint_at: Mutex<Option<Millis>>,
}

/// The entries to list.
#[derive(Clone, Debug)]
pub struct Selection {
    /// The earliest time.
    pub since: Millis,
    /// The latest time.
    pub until: Millis,
    /// Only those of this act.
    pub act: Option<String>,
    /// Only those about this person or address.
    pub of: Option<Subject>,
}

/// The reason why entries were not linked.
#[derive(Debug)]
pub(super) enum LinkError {
    Store(store::Error),
    /// The head differs from the one that this server stored.
    Altered,
}

impl From<store::Error> for LinkError {
    fn from(error: store::Error) -> Self {
        Self::Store(error)
    }
}

impl fmt::Display for LinkError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Store(error) => error.fmt(f),
            Self::Altered => f.write_str("the end of the log was altered: see `vouch audit verify`"),
        }
    }
}

impl Audit {
    pub(super) fn new(
        store: Store,
        clock: Clock,
        keys: AuditKeys,
        signing: Arc<SigningKeys>,
        server_name: OwnedServerName,
    ) -> Self {
        Self { store, clock, keys: Arc::new(keys), signing, server_name, checkpoint_at: Mutex::default() }
    }

    /// Writes an entry, in the transaction of the act.
    pub(super) async fn note(&self, conn: &mut Conn, entry: Entry<'_>) -> Result<(), store::Error> {
        let (text, mac) = entry.written(self.clock.now(), &self.keys);
        audit::queue(conn, &text, &mac).await
    }

    /// Writes an entry about an act that changes nothing in the database.
    ///
    /// # Errors
    /// 503 if the database is unavailable.
    pub async fn note_alone(
        self: &Arc<Self>,
        act: Act,
        of: Option<Subject>,
        has_changed: bool,
        detail: Option<Value>,
    ) -> Result<(), Error> {
        let this = Arc::clone(self);
        let noted = self.store.write_one(async move |conn| {
            let mut entry = Entry { has_changed, detail, ..Entry::new(act, Origin::Command) };
            match &of {
                Some(Subject::User(user)) => entry.user = Some(user),
                Some(Subject::Address(address)) => entry.address = Some(address),
                None => {}
            }
            this.note(conn, entry).await
        });
        Ok(noted.await?)
    }

    /// Records the version, the settings and the signing keys with which this node starts, if they
    /// differ from those of the last start.
    pub(super) async fn note_start(self: &Arc<Self>, config: &Config) -> Result<(), store::Error> {
        // This does not show secrets. The other settings could be guessed, so the digest is keyed.
        let settings = self.keys.pseudonym("settings", &format!("{config:?}"));
        let keys: Vec<&str> = self.signing.all().map(|(id, _)| id).collect();
        let keys = json!({ "signs": keys.first(), "all": keys });
        let settings = json!({ "version": env!("CARGO_PKG_VERSION"), "settings": settings });
        let this = Arc::clone(self);
        let noted = self.store.write(async move |conn| {
            let is_first = meta::set_once(conn, meta::AUDIT_START, b"").await?;
            let before = meta::lock(conn, meta::AUDIT_START).await?.filter(|_| !is_first);
            let before: Value = before.and_then(|text| serde_json::from_slice(&text).ok()).unwrap_or_default();
            if before["keys"] != keys {
                this.note(conn, Entry::new(Act::Keys, Origin::Start).detail(keys.clone())).await?;
            }
            if before["settings"] != settings {
                this.note(conn, Entry::new(Act::Settings, Origin::Start).detail(settings.clone())).await?;
            }
            let start = json!({ "keys": keys, "settings": settings }).to_string();
            meta::set(conn, meta::AUDIT_START, start.as_bytes()).await
        });
        noted.await
    }

    /// Links entries every second and logs a checkpoint once a day, forever.
    pub async fn run(self: Arc<Self>) {
        loop {
            let pause = match self.keep().await {
                Ok(()) => INTERVAL,
                Err(error) => {
                    log::warn!("entries of the audit log could not be linked; trying again in a minute: {error}");
                    RETRY
                }
            };
            self.clock.pause(pause).await;
        }
    }

    async fn keep(&self) -> Result<(), LinkError> {
        self.link().await?;
        let (now, at) = (self.clock.now(), *self.checkpoint_at.lock().unwrap_or_else(PoisonError::into_inner));
        let is_due = at.is_none_or(|at| !(at..at + DAY).contains(&now));
        if is_due && self.clock.is_right() { self.log_checkpoint().await } else { Ok(()) }
    }

    /// Links the queued entries and logs a checkpoint. This is the last thing a node does.
    pub(super) async fn close(&self) -> Result<(), LinkError> {
        self.link().await?;
        self.log_checkpoint().await
    }

    async fn log_checkpoint(&self) -> Result<(), LinkError> {
        let line = format!("{}{}", checkpoint::MARK, self.checkpoint().await?);
        log::info!("{line}");
        *self.checkpoint_at.lock().unwrap_or_else(PoisonError::into_inner) = Some(self.clock.now());
        // For those who ask when there was one: what it proves, it proves in the log alone.
        let stored = self.store.write(async move |conn| {
            if !meta::set_once(conn, meta::LAST_CHECKPOINT, line.as_bytes()).await? {
                meta::set(conn, meta::LAST_CHECKPOINT, line.as_bytes()).await?;
            }
            Ok::<_, store::Error>(())
        });
        Ok(stored.await?)
    }

    /// Returns a signed checkpoint of the current log.
    async fn checkpoint(&self) -> Result<String, LinkError> {
        let stored = meta::get(&mut self.store.read().await?, meta::AUDIT_HEAD).await?;
        let head = stored.and_then(|stored| self.keys.open_end(HEAD, &stored)).ok_or(LinkError::Altered)?;
        Ok(Checkpoint { at: self.clock.now(), place: head }.signed(&self.signing, &self.server_name))
    }

    /// Moves the queued entries to the end of the log.
    pub(super) async fn link(&self) -> Result<(), LinkError> {
        // Usually nothing is queued, and then nothing is locked.
        while !audit::queued(&mut self.store.read().await?, 0, 1).await?.is_empty() {
            let keys = Arc::clone(&self.keys);
            let linked = self.store.write(async move |conn| {
                let head = meta::lock(conn, meta::AUDIT_HEAD).await?;
                let mut place = head.and_then(|head| keys.open_end(HEAD, &head)).ok_or(LinkError::Altered)?;
                let queued = audit::queued(conn, 0, BATCH).await?;
                if queued.is_empty() {
                    return Ok::<_, LinkError>(());
                }
                let ids = queued.iter().map(|row| row.id).collect();
                let link = |Queued { entry, mac, .. }| {
                    place = keys.follow(place, &entry, &mac);
                    Linked { sequence: place.sequence, entry, mac, link: place.link.to_vec() }
                };
                let linked = queued.into_iter().map(link).collect();
                audit::append(conn, ids, linked).await?;
                Ok(meta::set(conn, meta::AUDIT_HEAD, &keys.seal_end(HEAD, place)).await?)
            });
            linked.await?;
        }
        Ok(())
    }

    /// Deletes a batch of entries from the front of the log, up to the first that is later than
    /// `until`; returns how many. An entry that a wrong clock has dated in the future keeps those
    /// after it, and so does an altered one, whose time cannot be trusted.
    pub(super) async fn expire(&self, conn: &mut Conn, until: Millis) -> Result<usize, store::Error> {
        let anchor = meta::lock(conn, meta::AUDIT_ANCHOR).await?;
        let Some(anchor) = anchor.and_then(|anchor| self.keys.open_end(ANCHOR, &anchor)) else {
            log::error!("the beginning of the audit log was altered: see `vouch audit verify`");
            return Ok(0);
        };
        let mut last = anchor;
        for row in audit::page(conn, 0, BATCH).await? {
            let place = self.keys.follow(last, &row.entry, &row.mac);
            if (place.sequence, place.link.as_slice()) != (row.sequence, &row.link) {
                log::error!("entry {} of the audit log was altered: see `vouch audit verify`", row.sequence);
                break;
            }
            if Record::read(&row.entry).is_none_or(|record| record.at > until) {
                break;
            }
            last = place;
        }
        if last == anchor {
            return Ok(0);
        }
        meta::set(conn, meta::AUDIT_ANCHOR, &self.keys.seal_end(ANCHOR, last)).await?;
        audit::remove_until(conn, last.sequence).await
    }

    /// Returns the entries in order, those that are not linked yet last.
    ///
    /// # Errors
    /// 503 if the database is unavailable.
    pub async fn list(&self, which: &Selection) -> Result<Vec<Listed>, Error> {
        let of = which.of.as_ref().map(|of| match of {
            Subject::User(user) => act::of_user(&self.keys, user),
            Subject::Address(address) => act::of_address(&self.keys, address),
        });
        let is_chosen = |record: &Record| {
            (which.since..=which.until).contains(&record.at)
                && which.act.as_ref().is_none_or(|act| *act == record.act)
                && of.as_ref().is_none_or(|of| [&record.user, &record.address].contains(&&Some(of.clone())))
        };
        let (mut conn, mut listed, mut after) = (self.store.read_much().await?, Vec::new(), 0);
        let queued = loop {
            let page = audit::page(&mut conn, after, BATCH).await?;
            if let Some(last) = page.last() {
                after = last.sequence;
                // An entry that cannot be read was altered, which `verify` reports.
                let read =
                    |row: &Linked| Some(Listed { sequence: Some(row.sequence), record: Record::read(&row.entry)? });
                listed.extend(page.iter().filter_map(read).filter(|one| is_chosen(&one.record)));
                continue;
            }
            let queued = audit::queued(&mut conn, 0, i64::MAX).await?;
            // Otherwise, one was linked between the two, and is in neither.
            if audit::page(&mut conn, after, 1).await?.is_empty() {
                break queued;
            }
        };
        let records = queued.iter().filter_map(|row| Record::read(&row.entry)).filter(is_chosen);
        listed.extend(records.map(|record| Listed { sequence: None, record }));
        Ok(listed)
    }
}

/// Returns an entry of a command and its MAC, for a copy of a database that no server uses;
/// `secret` is that of its log. There is none if the secret is sealed with another key.
pub(crate) fn written_entry(
    vault: &Vault,
    secret: &[u8],
    at: Millis,
    act: Act,
    detail: Value,
) -> Option<(String, [u8; 16])> {
    let keys = vault.audit_keys(secret).ok()?;
    Some(Entry::new(act, Origin::Command).detail(detail).written(at, &keys))
}

/// Opens the keys of the audit log. A database without one gets a new secret and the ends of an
/// empty log.
pub(super) async fn open(conn: &mut Conn, vault: &Vault) -> Result<Option<AuditKeys>, store::Error> {
    if meta::set_once(conn, meta::AUDIT_KEY, &vault.new_audit_secret()).await? {
        let secret = meta::get(conn, meta::AUDIT_KEY).await?.unwrap_or_default();
        if let Ok(keys) = vault.audit_keys(&secret) {
            meta::set_once(conn, meta::AUDIT_HEAD, &keys.seal_end(HEAD, Place::default())).await?;
            meta::set_once(conn, meta::AUDIT_ANCHOR, &keys.seal_end(ANCHOR, Place::default())).await?;
        }
    }
    opened(conn, vault).await
}

/// Opens the keys of an existing audit log.
pub(super) async fn opened(conn: &mut Conn, vault: &Vault) -> Result<Option<AuditKeys>, store::Error> {
    Ok(meta::get(conn, meta::AUDIT_KEY).await?.and_then(|sealed| vault.audit_keys(&sealed).ok()))
}
