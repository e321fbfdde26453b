//! Delivers the content of the outbox: any node attempts a delivery, one node at a time, with
//! growing pauses in between.

use std::collections::HashMap;
use std::future::{Future, pending};
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::{Either, select};
use rand::RngExt;
use tokio::task::{self, JoinSet};
use tokio::time::{sleep, timeout};

use super::notices::Notices;
use super::outbox::{Delivery, Outcome};
use super::{Outbox, onbind};
use crate::clock::{APART, Clock, DAY, HOUR, MINUTE, Millis, SECOND};
use crate::crypto::signing::SigningKeys;
use crate::federation::Federation;
use crate::store::outbox as rows;
use crate::store::{Error as StoreError, Store};

/// The number of attempts that a node makes in parallel.
const IN_PARALLEL: usize = 64;
/// The number of those that may go to homeservers, which may be deliberately slow, and of which
/// anybody can create many. The rest is more than [notices](Delivery::NOTICE) and
/// [alerts](Delivery::ALERT) by mail and text can use together.
const TO_HOMESERVERS: usize = IN_PARALLEL / 2;
/// The number of those that may go to the same destination: a slow one delays only its own
/// deliveries.
const IN_PARALLEL_PER_DESTINATION: usize = 4;
/// The timeout of an attempt.
const ATTEMPT_TIMEOUT: Duration = Duration::from_mins(4);
/// The interval at which a lease is extended.
const EXTENSION: Duration = Duration::from_secs(15);
/// The interval at which a node looks for deliveries that other nodes have queued or that have
/// become due.
const POLL: Duration = Duration::from_secs(2);
/// The interval at which a node tries to record an outcome that the database does not accept.
const RECORD_RETRY: Duration = Duration::from_millis(500);
/// The time that nodes wait after an outage, so that outcomes are recorded before expired leases
/// are claimed.
const SETTLING: Duration = Duration::from_secs(3);
/// The pause after each failure; the last is repeated.
const PAUSES: [Millis; 5] = [30 * SECOND, 2 * MINUTE, 10 * MINUTE, HOUR, 6 * HOUR];
/// The longest pause another server may ask for.
const LONGEST_WAIT: Millis = DAY;
/// The longest pause, including the random part.
pub(super) const LONGEST_PAUSE: Millis = LONGEST_WAIT + LONGEST_WAIT / 4;

/// The attempts this node is making.
#[derive(Default)]
struct UnderWay {
    tasks: JoinSet<()>,
    attempts: HashMap<task::Id, rows::Due>,
}

impl UnderWay {
    fn begin(&mut self, due: rows::Due, attempt: impl Future<Output = ()> + 'static) {
        let task = self.tasks.spawn_local(attempt).id();
        self.attempts.insert(task, due);
    }

    /// Waits for the end of an attempt; forever, if there is none.
    async fn ended(&mut self) {
        let task = match self.tasks.join_next_with_id().await {
            Some(Ok((task, ()))) => task,
            // The panic has been printed, and the lease will run out.
            Some(Err(error)) => error.id(),
            None => pending().await,
        };
        self.attempts.remove(&task);
    }

    fn has_room(&self) -> bool {
        self.attempts.len() < IN_PARALLEL
    }

    fn has_room_to_homeservers(&self) -> bool {
        self.attempts.values().filter(|other| other.kind == Delivery::ONBIND).count() < TO_HOMESERVERS
    }

    /// Returns whether an attempt can begin now.
    fn takes(&self, due: &rows::Due) -> bool {
        self.has_room()
            && (due.kind != Delivery::ONBIND || self.has_room_to_homeservers())
            && !self.is_full(&due.destination)
            && self.attempts.values().all(|other| other.id != due.id)
    }

    fn is_full(&self, destination: &[u8]) -> bool {
        let same = self.attempts.values().filter(|other| other.destination == destination);
        same.count() >= IN_PARALLEL_PER_DESTINATION
    }

    /// Returns the destinations that accept no more deliveries for now.
    fn full(&self) -> Vec<Vec<u8>> {
        let destinations = self.attempts.values().map(|other| &other.destination);
        let mut full: Vec<_> = destinations.filter(|one| self.is_full(one)).cloned().collect();
        full.sort_unstable();
        full.dedup();
        full
    }
}

/// Delivers the content of the outbox.
pub struct Deliverer {
    pub(super) store: Store,
    pub(super) clock: Clock,
    pub(super) signing: Arc<SigningKeys>,
    pub(super) federation: Arc<Federation>,
    pub(super) outbox: Arc<Outbox>,
    pub(super) notices: Arc<Notices>,
    /// The time for which a delivery to a homeserver is retried.
    pub(super) lifetime: Millis,
}

impl Deliverer {
    /// Makes the deliveries that are due until the outbox is [stopped](Outbox::stop); then waits
    /// for the attempts in progress.
    pub async fn run(self: Arc<Self>) {
        let mut under_way = UnderWay::default();
        let alone = self.store.alone();
        if alone.is_some() {
            self.give_up_leases().await;
        }
        while !self.outbox.is_stopping() {
            if self.begin_due(&mut under_way).await.is_err() {
                log::warn!("nothing can be delivered while the database is unavailable");
                self.outage_ended().await;
            }
            tokio::select! {
                () = under_way.ended() => {}
                () = self.outbox.woken() => {}
                () = self.clock.pause(POLL) => {}
            }
        }
        while !under_way.attempts.is_empty() {
            under_way.ended().await;
        }
        drop(alone);
    }

    /// Releases leases left behind by an earlier run of the only node, which crashed.
    async fn give_up_leases(&self) {
        match self.store.write_one(async |conn| rows::give_up(conn).await).await {
            Ok(0) => {}
            Ok(count) => {
                log::info!("{count} deliveries were interrupted when the server stopped, and will be repeated");
            }
            Err(error) => {
                log::warn!("interrupted deliveries will be repeated in a minute, because the database failed: {error}");
            }
        }
    }

    /// Begins all deliveries that are due, as far as there is room, unless the clock is wrong.
    async fn begin_due(self: &Arc<Self>, under_way: &mut UnderWay) -> Result<(), StoreError> {
        let mut has_begun = self.clock.is_right();
        if has_begun {
            self.hurry_impossible().await?;
        }
        while has_begun && under_way.has_room() {
            has_begun = false;
            let now = self.clock.now();
            // Notices and alerts have their own lifetimes, and know when they are no longer useful.
            let oldest = if under_way.has_room_to_homeservers() { now - self.lifetime } else { Millis::MAX };
            let limit = i64::try_from(IN_PARALLEL).unwrap_or(i64::MAX);
            let (passing, full) = ((Delivery::ONBIND, oldest), under_way.full());
            for due in rows::due(&mut self.store.read().await?, now, passing, full, limit).await? {
                // A delivery whose outcome this node cannot record is due again once its lease has
                // run out.
                if !under_way.takes(&due) {
                    continue;
                }
                let claim = async move |conn: &mut _| rows::claim(conn, due.id, now).await;
                if let Some(row) = self.store.write_one(claim).await? {
                    under_way.begin(due, Arc::clone(self).attempt(row));
                    has_begun = true;
                }
            }
        }
        Ok(())
    }

    /// Makes the deliveries due that no right clock can have scheduled.
    async fn hurry_impossible(&self) -> Result<(), StoreError> {
        let latest = self.clock.now() + LONGEST_PAUSE + APART;
        if rows::is_any_after(&mut self.store.read().await?, latest).await? {
            let count = self.store.write_one(async move |conn| rows::hurry_after(conn, latest).await).await?;
            log::warn!("{count} deliveries are attempted now: a wrong clock had scheduled them for later");
        }
        Ok(())
    }

    async fn outage_ended(&self) {
        while !self.outbox.is_stopping() && !self.store.is_usable().await {
            sleep(RECORD_RETRY).await;
        }
        sleep(SETTLING).await;
    }

    /// Makes one attempt and records its outcome, however long that takes, because a message that
    /// has arrived must not be delivered again.
    async fn attempt(self: Arc<Self>, row: rows::Delivery) {
        let mut held_until = row.held_until;
        let mut delivery = pin!(timeout(ATTEMPT_TIMEOUT, self.deliver(&row)));
        let outcome = loop {
            if let Ok(outcome) = timeout(EXTENSION, &mut delivery).await {
                break outcome;
            }
            let extension = pin!(self.extend(row.id, held_until));
            match select(extension, &mut delivery).await {
                Either::Left((extended, _)) => held_until = extended,
                Either::Right((outcome, extension)) => {
                    held_until = extension.await;
                    break outcome;
                }
            }
        };
        let outcome = outcome.unwrap_or_else(|_| Outcome::later("out of reach (timeout)"));
        let mut is_logged = false;
        while let Err(error) = self.record(&row, held_until, &outcome).await {
            if !is_logged && !error.is_temporary() {
                log::error!("the outcome of a delivery ({}) cannot be recorded; retrying: {error}", row.kind);
                is_logged = true;
            }
            sleep(RECORD_RETRY).await;
        }
    }

    /// Extends the lease of a delivery, and returns the time until which it is leased.
    async fn extend(&self, id: i64, held_until: Millis) -> Millis {
        let until = self.clock.now() + rows::LEASE;
        let extend = async move |conn: &mut _| rows::extend(conn, id, held_until, until).await;
        if self.store.write_one(extend).await.unwrap_or(false) { until } else { held_until }
    }

    async fn deliver(&self, row: &rows::Delivery) -> Outcome {
        match self.outbox.open(row) {
            Ok(Delivery::Onbind(onbind)) => {
                let body = onbind::body(&self.signing, &onbind);
                self.federation.onbind(onbind.mxid.server_name(), &body).await.into()
            }
            Ok(Delivery::Notice(notice)) => self.notices.send(&notice).await,
            Err(_) => Outcome::later("cannot be decrypted"),
        }
    }

    async fn record(&self, row: &rows::Delivery, held_until: Millis, outcome: &Outcome) -> Result<(), StoreError> {
        let id = row.id;
        match outcome {
            Outcome::Later { last_error, retry_after } => {
                let (next_at, error) = (self.clock.now() + pause(row.attempts, *retry_after), last_error.clone());
                let failed = async move |conn: &mut _| rows::failed(conn, id, held_until, next_at, error).await;
                return self.store.write_one(failed).await;
            }
            Outcome::Refused { last_error } if row.kind == Delivery::ALERT => {
                log::warn!("an alert about a user's data cannot be sent to an address: {last_error}");
            }
            Outcome::Refused { last_error } => {
                log::info!("a delivery ({}) was permanently refused: {last_error}", row.kind);
            }
            Outcome::Delivered => log::debug!("a delivery ({}) has arrived", row.kind),
        }
        self.store.write_one(async move |conn| rows::remove(conn, id).await.map(drop)).await
    }
}

/// Returns how long to wait after this many failures: up to a quarter more than the step, so that
/// deliveries that failed together are not retried together.
fn pause(failures: i64, retry_after: Option<Millis>) -> Millis {
    let step = usize::try_from(failures).unwrap_or_default().min(PAUSES.len() - 1);
    let pause = PAUSES[step].max(retry_after.unwrap_or_default().min(LONGEST_WAIT));
    pause + rand::rng().random_range(0..=pause / 4)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::clock::in_millis;

    proptest! {
        #[test]
        fn pauses_grow_and_never_exceed_what_was_asked_for(failures in 0_i64.., retry_after: Option<Millis>) {
            let pause = pause(failures, retry_after);
            let step = PAUSES[usize::try_from(failures).unwrap().min(PAUSES.len() - 1)];
            prop_assert!(pause >= step && pause <= LONGEST_PAUSE);
            prop_assert!(retry_after.is_none_or(|wait| pause >= wait.min(LONGEST_WAIT)));
            prop_assert!(retry_after.is_some() || pause <= step + step / 4);
        }
    }

    #[test]
    fn a_lease_outlives_two_failures_to_extend_it() {
        assert!(rows::LEASE > 3 * in_millis(EXTENSION));
    }
}
