//! The outbox: deliveries to other servers. Each is queued in the transaction that causes it, and then delivered or kept: any node tries it,
//! one at a time, with growing pauses, until it has arrived, is refused for good, or is too old.

use std::collections::HashMap;
use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use rand::RngExt;
use ruma_common::UserId;
use serde::{Deserialize, Serialize};
use tokio::sync::Notify;
use tokio::task::{self, JoinSet};
use tokio::time::{sleep, timeout};

use super::Vouch;
use super::notices::Notice;
use super::onbind::Onbind;
use crate::clock::{DAY, HOUR, MINUTE, Millis, SECOND};
use crate::crypto::base62;
use crate::crypto::vault::BlindIndex;
use crate::error::Error;
use crate::identity::threepid::Address;
use crate::store::outbox::{self, NewDelivery};
use crate::store::{Conn, Error as StoreError};

/// How many deliveries a node makes at once.
const AT_ONCE: usize = 64;
/// How many of them to the same destination: one that is slow holds up none but its own.
const AT_ONCE_TO_ONE: usize = 4;
/// How long an attempt may take.
const LONGEST: Duration = Duration::from_mins(4);
/// How long a node holds what it delivers: longer than any attempt, so that it is over before another node begins.
const LEASE: Millis = 6 * MINUTE;
/// How often a node looks for what others have queued, or is due again.
const LOOK: Duration = Duration::from_secs(2);
/// How often a node tries to say in a database that is away what came of an attempt.
const AGAIN: Duration = Duration::from_millis(500);
/// How long nodes leave a database that is back to those that have something to say.
const SETTLING: Duration = Duration::from_secs(3);
/// After how many failures it pauses how long; the last is for all that come after.
const PAUSES: [Millis; 5] = [30 * SECOND, 2 * MINUTE, 10 * MINUTE, HOUR, 6 * HOUR];
/// The longest pause that another server may ask for.
const LONGEST_PAUSE: Millis = DAY;

/// Something to be delivered, as it is sealed.
#[derive(Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "lowercase")]
pub(super) enum Delivery {
    /// To the homeserver of a user to whom an invited address was bound.
    Onbind(Onbind),
    /// To an address that was bound or unbound.
    Notice(Notice),
}

/// What came of an attempt. The words for the trouble name nobody.
pub(super) enum Outcome {
    /// It arrived.
    Delivered,
    /// It never will.
    Refused { trouble: String },
    /// It is to be tried again, and not before that time has passed.
    Later { trouble: String, retry_after: Option<Millis> },
}

/// What an open delivery tells about itself.
pub(super) struct About<'a> {
    /// `outbox.kind`
    pub kind: &'static str,
    /// Whom it is about.
    pub user: &'a UserId,
    /// Who caused it, if that is somebody else.
    pub cause: Option<&'a UserId>,
    /// The address it is about.
    pub address: &'a Address,
    /// Where it goes: deliveries to the same destination do not hold up others.
    pub destination: &'a str,
}

impl Delivery {
    /// The kind of [`Self::Onbind`], as in `outbox.kind`.
    pub(super) const ONBIND: &str = "onbind";
    /// The kind of [`Self::Notice`], as in `outbox.kind`.
    pub(super) const NOTICE: &str = "notice";

    pub(super) fn about(&self) -> About<'_> {
        match self {
            Self::Onbind(onbind) => About {
                kind: Self::ONBIND,
                user: &onbind.mxid,
                cause: Some(&onbind.sender),
                address: &onbind.address,
                destination: onbind.mxid.server_name().as_str(),
            },
            Self::Notice(notice) => About {
                kind: Self::NOTICE,
                user: &notice.mxid,
                cause: None,
                address: &notice.address,
                destination: notice.address.medium().as_str(),
            },
        }
    }
}

/// By which the deliverer is woken and stopped.
#[derive(Default)]
pub(super) struct Outbox {
    woken: Notify,
    is_stopping: AtomicBool,
}

impl Outbox {
    /// There is something to deliver: to be said once the transaction that queued it is over.
    pub(super) fn wake(&self) {
        self.woken.notify_one();
    }

    fn is_stopping(&self) -> bool {
        self.is_stopping.load(Ordering::Relaxed)
    }
}

/// The attempts that this node is making, each with its destination.
#[derive(Default)]
struct UnderWay {
    tasks: JoinSet<()>,
    destinations: HashMap<task::Id, Vec<u8>>,
}

impl UnderWay {
    fn begin(&mut self, destination: Vec<u8>, attempt: impl Future<Output = ()> + 'static) {
        let id = self.tasks.spawn_local(attempt).id();
        self.destinations.insert(id, destination);
    }

    /// Waits for the end of one; for ever, if there is none.
    async fn ended(&mut self) {
        let id = match self.tasks.join_next_with_id().await {
            Some(Ok((id, ()))) => id,
            // A panic has been printed; the lease runs out.
            Some(Err(error)) => error.id(),
            None => std::future::pending().await,
        };
        self.destinations.remove(&id);
    }

    fn room(&self) -> usize {
        AT_ONCE - self.destinations.len()
    }

    fn is_full(&self, destination: &[u8]) -> bool {
        self.destinations.values().filter(|other| *other == destination).count() >= AT_ONCE_TO_ONE
    }

    /// The destinations that take no more for now.
    fn full(&self) -> Vec<Vec<u8>> {
        let mut full: Vec<_> = self.destinations.values().filter(|one| self.is_full(one)).cloned().collect();
        full.sort_unstable();
        full.dedup();
        full
    }
}

impl Vouch {
    /// Queues a delivery in the transaction of what causes it. [Wake](Outbox::wake) the deliverer after that.
    pub(super) async fn queue(&self, conn: &mut Conn, delivery: &Delivery) -> Result<(), StoreError> {
        outbox::queue(conn, self.seal_delivery(delivery)).await
    }

    /// A delivery as the database may see it, to be queued.
    pub(super) fn seal_delivery(&self, delivery: &Delivery) -> NewDelivery {
        let now = self.clock.now();
        let about = delivery.about();
        let owner = random_owner();
        let payload = serde_json::to_string(delivery).expect("it is made of strings and numbers");
        NewDelivery {
            kind: about.kind,
            owner: owner.as_ref().to_vec(),
            user_index: self.sealer.outbox_user_index(about.user).as_ref().to_vec(),
            cause_index: about.cause.map(|cause| self.sealer.outbox_user_index(cause).as_ref().to_vec()),
            address_index: self.sealer.outbox_address_index(about.address).as_ref().to_vec(),
            destination: self.sealer.outbox_destination_index(about.kind, about.destination).as_ref().to_vec(),
            payload: self.sealer.seal_payload(&owner, &payload),
            attempts: 0,
            next_at: now,
            held_until: 0,
            created_at: now,
        }
    }

    /// Delivers what is due, until it is [stopped](Self::stop_delivering); then it ends what it has begun.
    pub async fn deliver_outbox(self: Arc<Self>) {
        let mut under_way = UnderWay::default();
        while !self.outbox.is_stopping() {
            if self.begin_due(&mut under_way).await.is_err() {
                log::warn!("nothing can be delivered while the database is away");
                self.until_settled_down().await;
            }
            tokio::select! {
                () = under_way.ended() => {}
                () = self.outbox.woken.notified() => {}
                () = self.clock.pause(LOOK) => {}
            }
        }
        while !under_way.tasks.is_empty() {
            under_way.ended().await;
        }
    }

    /// Lets the deliverer begin nothing more.
    pub fn stop_delivering(&self) {
        self.outbox.is_stopping.store(true, Ordering::Relaxed);
        self.outbox.wake();
    }

    /// Begins all that is due, as far as there is room.
    async fn begin_due(self: &Arc<Self>, under_way: &mut UnderWay) -> Result<(), StoreError> {
        while under_way.room() > 0 {
            let now = self.clock.now();
            let queued_after = now - self.config.retention.onbind_delivery;
            let limit = i64::try_from(under_way.room()).unwrap_or(i64::MAX);
            let due = outbox::due(&mut self.store.read().await?, now, queued_after, under_way.full(), limit).await?;
            if due.is_empty() {
                break;
            }
            for due in due {
                if under_way.is_full(&due.destination) {
                    continue;
                }
                let until = now + LEASE;
                let claim = self.store.write_one(async move |conn| outbox::claim(conn, due.id, now, until).await);
                if let Some(row) = claim.await? {
                    under_way.begin(due.destination, Arc::clone(self).attempt(row));
                }
            }
        }
        Ok(())
    }

    /// Waits until the database is back, and then a little: a node that delivered meanwhile says so before what it held is taken for free.
    async fn until_settled_down(&self) {
        while !self.outbox.is_stopping() && !self.store.is_answering().await {
            sleep(AGAIN).await;
        }
        sleep(SETTLING).await;
    }

    /// Makes one attempt, and says in the database what came of it, for as long as it takes.
    async fn attempt(self: Arc<Self>, row: outbox::Delivery) {
        let too_long = || Outcome::Later { trouble: "out of reach (timeout)".to_owned(), retry_after: None };
        let outcome = timeout(LONGEST, self.deliver(&row)).await.unwrap_or_else(|_| too_long());
        while let Err(StoreError::Away) = self.settle(&row, &outcome).await {
            sleep(AGAIN).await;
        }
    }

    async fn deliver(&self, row: &outbox::Delivery) -> Outcome {
        match self.open_delivery(row) {
            Ok(Delivery::Onbind(onbind)) => self.deliver_onbind(&onbind).await,
            Ok(Delivery::Notice(notice)) => self.deliver_notice(&notice).await,
            Err(_) => Outcome::Later { trouble: "does not open".to_owned(), retry_after: None },
        }
    }

    async fn settle(&self, row: &outbox::Delivery, outcome: &Outcome) -> Result<(), StoreError> {
        let (id, held_until) = (row.id, row.held_until);
        match outcome {
            Outcome::Later { trouble, retry_after } => {
                let (next_at, trouble) = (self.clock.now() + pause(row.attempts, *retry_after), trouble.clone());
                let failed = async move |conn: &mut Conn| outbox::failed(conn, id, held_until, next_at, trouble).await;
                return self.store.write_one(failed).await;
            }
            Outcome::Refused { trouble } => log::info!("a delivery ({}) is refused for good: {trouble}", row.kind),
            Outcome::Delivered => log::debug!("a delivery ({}) has arrived", row.kind),
        }
        self.store.write_one(async move |conn| outbox::remove(conn, id).await.map(drop)).await
    }

    pub(super) fn open_delivery(&self, row: &outbox::Delivery) -> Result<Delivery, Error> {
        serde_json::from_str(&self.sealer.open_payload(row)?).map_err(|_| Error::internal())
    }
}

/// The owner of a row's sealed column.
fn random_owner() -> BlindIndex {
    let [owner @ .., _, _, _, _, _, _, _, _, _, _, _, _, _, _, _, _] = base62::random_bytes();
    BlindIndex(owner)
}

/// How long to wait after a failure, when there were so many before: up to a quarter more than the step, so that what failed together is
/// not tried together for ever.
fn pause(failures: i64, retry_after: Option<Millis>) -> Millis {
    let step = usize::try_from(failures).unwrap_or_default().min(PAUSES.len() - 1);
    let pause = PAUSES[step].max(retry_after.unwrap_or_default().min(LONGEST_PAUSE));
    pause + rand::rng().random_range(0..=pause / 4)
}

/// Addresses as they are sealed.
pub(super) mod sealed_address {
    use serde::de::Error as _;
    use serde::{Deserialize, Deserializer, Serializer};

    use super::Address;

    pub fn serialize<S: Serializer>(address: &Address, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&address.to_sealed())
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Address, D::Error> {
        let text = String::deserialize(deserializer)?;
        Address::from_sealed(&text).map_err(|_| D::Error::custom("no address"))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn pauses_grow_and_never_become_longer_than_asked_for(failures in 0_i64.., retry_after: Option<Millis>) {
            let pause = pause(failures, retry_after);
            let step = PAUSES[usize::try_from(failures).unwrap().min(PAUSES.len() - 1)];
            prop_assert!(pause >= step && pause <= (LONGEST_PAUSE + LONGEST_PAUSE / 4));
            prop_assert!(retry_after.is_none_or(|wait| pause >= wait.min(LONGEST_PAUSE)));
            prop_assert!(retry_after.is_some() || pause <= step + step / 4);
        }
    }

    #[test]
    fn a_lease_outlives_every_attempt() {
        assert!(LEASE > Millis::try_from(LONGEST.as_millis()).unwrap() + MINUTE);
    }
}
