//! The outbox: pending deliveries to homeservers and people.
//!
//! A delivery is queued in the transaction that causes it, and stored until it arrives, is
//! permanently refused, or is too old. The [deliverer](super::deliverer) makes the attempts.

mod delivery;

use std::mem;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use ruma_common::{OwnedUserId, UserId};
use serde::Serialize;
use serde_json::json;
use tokio::sync::Notify;

use super::Audit;
use super::audit::{Act, Entry, Origin};
use super::entries::{ExportedDelivery, Party};
use super::sealing::Sealer;
use super::standing::Sight;
use crate::clock::{Clock, Millis};
use crate::crypto::base62;
use crate::crypto::vault::BlindIndex;
use crate::error::Error;
use crate::identity::threepid::Address;
use crate::store::outbox::{self as rows, NewDelivery};
use crate::store::{self, Conn, Store};

use delivery::About;
pub(super) use delivery::{Delivery, Event, Notice, Onbind, Outcome};

/// The number of deliveries that wait for the deliverer with a lease. More are queued without one.
const MOST_HANDED: usize = 4;

/// A delivery that this node leased when it was queued.
pub(super) struct Handed {
    pub due: rows::Due,
    pub row: rows::Delivery,
}

/// A queued delivery, as the operator sees it; times in milliseconds since the epoch.
#[derive(Debug, Serialize)]
pub struct Queued {
    /// The id by which it is retried or dropped.
    pub id: i64,
    /// The kind of delivery.
    pub kind: String,
    /// The destination; `None` if it cannot be decrypted.
    pub destination: Option<String>,
    /// The time when it was queued.
    pub queued_at: Millis,
    /// The number of failed attempts.
    pub attempts: i64,
    /// The time when the next attempt is due.
    pub next_at: Millis,
    /// True if a node is making an attempt now.
    pub under_way: bool,
    /// The reason why the last attempt failed.
    #[serde(rename = "trouble", skip_serializing_if = "Option::is_none")]
    pub last_error: Option<String>,
    /// The person it is about, if requested.
    #[serde(flatten)]
    pub about: Option<Revealed>,
}

/// The person a delivery is about.
#[derive(Debug, Serialize)]
pub struct Revealed {
    /// The user.
    pub user_id: OwnedUserId,
    /// `email` or `msisdn`
    pub medium: &'static str,
    /// The address.
    pub address: String,
}

/// Queues deliveries and shows the queue.
pub struct Outbox {
    store: Store,
    sealer: Sealer,
    clock: Clock,
    audit: Arc<Audit>,
    woken: Notify,
    /// True if deliveries were queued since the deliverer last looked for some that are due.
    has_queued: AtomicBool,
    handed: Mutex<Vec<Handed>>,
    /// True if a deliverer runs: an operator's command has none.
    is_attended: AtomicBool,
    is_stopping: AtomicBool,
}

impl Outbox {
    pub(super) fn new(store: Store, sealer: Sealer, clock: Clock, audit: Arc<Audit>) -> Self {
        Self {
            store,
            sealer,
            clock,
            audit,
            woken: Notify::new(),
            has_queued: AtomicBool::default(),
            handed: Mutex::default(),
            is_attended: AtomicBool::default(),
            is_stopping: AtomicBool::default(),
        }
    }

    /// Seals a delivery, to be queued in the transaction that causes it. [Wake](Self::wake) the
    /// deliverer after the commit.
    pub(super) fn seal(&self, delivery: &Delivery) -> NewDelivery {
        let now = self.clock.now();
        let about = delivery.about();
        let owner = random_owner();
        // Alerts about an erasure belong to no user.
        let is_last = matches!(delivery, Delivery::Notice(Notice { event: Event::Erased, .. }));
        let payload = serde_json::to_string(delivery).expect("strings and numbers can be serialized");
        let user_index = |mxid: &UserId| self.sealer.outbox_user_index(mxid).as_ref().to_vec();
        NewDelivery {
            kind: about.kind,
            owner: owner.as_ref().to_vec(),
            user_index: if is_last { owner.as_ref().to_vec() } else { user_index(about.user) },
            cause_index: about.cause.map(user_index),
            address_index: self.sealer.outbox_address_index(about.address).as_ref().to_vec(),
            destination: self
                .sealer
                .outbox_destination_index(about.kind, &delivery.destination_group())
                .as_ref()
                .to_vec(),
            payload: self.sealer.seal_payload(&owner, &payload),
            attempts: 0,
            next_at: now,
            held_until: 0,
            created_at: now,
        }
    }

    pub(super) fn open(&self, row: &rows::Delivery) -> Result<Delivery, Error> {
        serde_json::from_str(&self.sealer.open_payload(row)?).map_err(|_| Error::internal())
    }

    /// Queues a delivery, leased by this node, so that the deliverer need not look for it in the
    /// database and lease it there. [Hand](Self::hand) it over after the commit. If no deliverer
    /// runs here, or too many wait for it, it is queued like any other, and `None` is returned.
    pub(super) async fn queue(&self, conn: &mut Conn, new: NewDelivery) -> Result<Option<Handed>, store::Error> {
        let is_attended = self.is_attended.load(Ordering::Relaxed) && !self.is_stopping();
        if !is_attended || self.handed().len() >= MOST_HANDED {
            return rows::queue_all(conn, vec![new]).await.map(|()| None);
        }
        let destination = new.destination.clone();
        let row = rows::queue_leased(conn, new).await?;
        Ok(Some(Handed { due: rows::Due { id: row.id, kind: row.kind.clone(), destination }, row }))
    }

    /// Hands a delivery to the deliverer, after the transaction that [queued](Self::queue) it.
    pub(super) fn hand(&self, delivery: Handed) {
        self.handed().push(delivery);
        self.woken.notify_one();
    }

    /// Returns the deliveries that were handed over since the last call.
    pub(super) fn take_handed(&self) -> Vec<Handed> {
        mem::take(&mut *self.handed())
    }

    fn handed(&self) -> MutexGuard<'_, Vec<Handed>> {
        self.handed.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Wakes the deliverer, after a transaction that queued something.
    pub(super) fn wake(&self) {
        self.has_queued.store(true, Ordering::Release);
        self.woken.notify_one();
    }

    /// Waits until the deliverer is [woken](Self::wake), and returns whether anything was queued that
    /// was not [handed](Self::hand) to it.
    pub(super) async fn woken(&self) -> bool {
        self.woken.notified().await;
        self.has_queued.swap(false, Ordering::Acquire)
    }

    /// Says that a deliverer runs in this process.
    pub(super) fn attend(&self) {
        self.is_attended.store(true, Ordering::Relaxed);
    }

    /// Stops the deliverer from beginning anything more.
    pub fn stop(&self) {
        self.is_stopping.store(true, Ordering::Relaxed);
        self.wake();
    }

    pub(super) fn is_stopping(&self) -> bool {
        self.is_stopping.load(Ordering::Relaxed)
    }

    /// Returns the queue, oldest first, with the people concerned only if `reveal` is set.
    ///
    /// # Errors
    /// 503 if the database is unavailable.
    pub async fn list(&self, reveal: bool) -> Result<Vec<Queued>, Error> {
        let rows = rows::all(&mut self.store.read_much().await?).await?;
        let now = self.clock.now();
        Ok(rows.into_iter().map(|row| self.queued(row, reveal, now)).collect())
    }

    fn queued(&self, row: rows::Delivery, reveal: bool, now: Millis) -> Queued {
        let delivery = self.open(&row).ok();
        let about = delivery.as_ref().map(Delivery::about);
        Queued {
            id: row.id,
            kind: row.kind,
            destination: about.as_ref().map(|about| about.destination.to_owned()),
            queued_at: row.created_at,
            attempts: row.attempts,
            next_at: row.next_at,
            under_way: row.held_until > now,
            last_error: row.last_error,
            about: about.filter(|_| reveal).map(|about| Revealed {
                user_id: about.user.to_owned(),
                medium: about.address.medium().as_str(),
                address: about.address.as_str().to_owned(),
            }),
        }
    }

    /// Makes a delivery due now, or all of them; returns how many.
    ///
    /// # Errors
    /// 503 if the database is unavailable.
    pub async fn retry(&self, id: Option<i64>) -> Result<usize, Error> {
        let audit = Arc::clone(&self.audit);
        let retried = self.store.write(async move |conn| {
            let count = match id {
                Some(id) => rows::hurry(conn, id).await.map(usize::from)?,
                None => rows::hurry_all(conn).await?,
            };
            audit.note(conn, by_hand(Act::RetryDelivery, id, count)).await?;
            Ok::<_, Error>(count)
        });
        retried.await
    }

    /// Deletes a delivery, or all of them; returns how many.
    ///
    /// # Errors
    /// 503 if the database is unavailable.
    pub async fn discard(&self, id: Option<i64>) -> Result<usize, Error> {
        let audit = Arc::clone(&self.audit);
        let discarded = self.store.write(async move |conn| {
            let count = match id {
                Some(id) => rows::remove(conn, id).await.map(usize::from)?,
                None => rows::remove_all(conn).await?,
            };
            audit.note(conn, by_hand(Act::DropDelivery, id, count)).await?;
            Ok::<_, Error>(count)
        });
        discarded.await
    }

    /// Returns the deliveries that are about a user or were caused by them. An alert to a hidden
    /// address is left out, because somebody who may not see the address must not learn whether the
    /// alert arrives.
    pub(super) async fn of_user(
        &self,
        conn: &mut Conn,
        mxid: &UserId,
        sight: &Sight,
    ) -> Result<Vec<ExportedDelivery>, Error> {
        let rows = rows::of_user(conn, self.sealer.outbox_user_index(mxid).as_ref()).await?;
        self.exported(rows, |about| {
            let is_hidden = about.kind == Delivery::ALERT && !sight.shows(about.address);
            (!is_hidden).then(|| sight.party(about.address))
        })
    }

    /// Returns the deliveries that are about an address.
    pub(super) async fn of_address(&self, conn: &mut Conn, address: &Address) -> Result<Vec<ExportedDelivery>, Error> {
        let rows = rows::of_address(conn, self.sealer.outbox_address_index(address).as_ref()).await?;
        self.exported(rows, |about| Some(about.user.to_owned().into()))
    }

    fn exported(
        &self,
        rows: Vec<rows::Delivery>,
        party: impl Fn(&About<'_>) -> Option<Party>,
    ) -> Result<Vec<ExportedDelivery>, Error> {
        let exported = |row: rows::Delivery| {
            let party = party(&self.open(&row)?.about());
            let delivery =
                |party| ExportedDelivery { kind: row.kind, party, queued_at: row.created_at, attempts: row.attempts };
            Ok(party.map(delivery))
        };
        rows.into_iter().filter_map(|row| exported(row).transpose()).collect()
    }
}

/// Returns the entry of the audit log for an operator's action on deliveries.
fn by_hand(act: Act, id: Option<i64>, count: usize) -> Entry<'static> {
    let detail = json!({ "delivery": id, "count": count });
    Entry { has_changed: count > 0, ..Entry::new(act, Origin::Command).detail(detail) }
}

/// Returns an owner for the sealed column of a new row, which has no id yet.
fn random_owner() -> BlindIndex {
    BlindIndex::new(base62::random_bytes())
}
