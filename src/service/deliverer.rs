//! Delivers the content of the outbox: any node attempts a delivery, one node at a time, with
//! growing pauses in between.

use std::collections::HashMap;
use std::future::{Future, pending};
use std::mem;
use std::pin::pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use futures_util::future::{Either, select};
use rand::RngExt;
use tokio::task::{self, JoinSet};
use tokio::time::{Instant, sleep, timeout};

use super::notices::Notices;
use super::outbox::{Delivery, Handed, Outcome};
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
    /// True if deliveries may be due that wait for the end of others.
    are_some_waiting: bool,
    /// The time when impossible times were last looked for.
    checked_at: Option<Instant>,
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

    /// Returns whether an attempt can begin now, besides those that are about to.
    fn takes(&self, due: &rows::Due, beginning: &[rows::Due]) -> bool {
        let all = || self.attempts.values().chain(beginning);
        let is_room = |most, same: &dyn Fn(&&rows::Due) -> bool| all().filter(same).count() < most;
        is_room(IN_PARALLEL, &|_| true)
            && (due.kind != Delivery::ONBIND || is_room(TO_HOMESERVERS, &|other| other.kind == Delivery::ONBIND))
            && is_room(IN_PARALLEL_PER_DESTINATION, &|other| other.destination == due.destination)
            && all().all(|other| other.id != due.id)
    }

    /// Returns the destinations that accept no more deliveries for now.
    fn full(&self) -> Vec<Vec<u8>> {
        let mut counts = HashMap::<&Vec<u8>, usize>::new();
        for other in self.attempts.values() {
            *counts.entry(&other.destination).or_default() += 1;
        }
        let full = counts.into_iter().filter(|(_, count)| *count >= IN_PARALLEL_PER_DESTINATION);
        full.map(|(destination, _)| destination.clone()).collect()
    }
}

/// The deliveries that are over. Those that end while others are being deleted are then deleted
/// together.
#[derive(Default)]
pub(super) struct Over {
    ids: Mutex<Vec<i64>>,
    turn: tokio::sync::Mutex<()>,
}

impl Over {
    async fn remove(&self, store: &Store, id: i64) -> Result<(), StoreError> {
        self.ids().push(id);
        let _turn = self.turn.lock().await;
        if !self.ids().contains(&id) {
            // Another attempt has deleted it with its own.
            return Ok(());
        }
        let ids = mem::take(&mut *self.ids());
        let all = ids.clone();
        let removed = store.write_one(async move |conn| rows::remove_each(conn, all).await).await;
        if removed.is_err() {
            self.ids().extend(ids.into_iter().filter(|other| *other != id));
        }
        removed
    }

    fn ids(&self) -> MutexGuard<'_, Vec<i64>> {
        self.ids.lock().unwrap_or_else(PoisonError::into_inner)
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
    pub(super) over: Over,
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
        self.outbox.attend();
        let mut are_some_due = true;
        while !self.outbox.is_stopping() {
            if self.begin_all(&mut under_way, are_some_due).await.is_err() {
                log::warn!("nothing can be delivered while the database is unavailable");
                self.outage_ended().await;
            }
            are_some_due = tokio::select! {
                () = under_way.ended() => under_way.are_some_waiting,
                has_queued = self.outbox.woken() => has_queued,
                () = self.clock.pause(POLL) => true,
            };
        }
        // Otherwise their leases run out in a minute.
        let _ = self.begin_handed(&mut under_way).await;
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

    async fn begin_all(self: &Arc<Self>, under_way: &mut UnderWay, are_some_due: bool) -> Result<(), StoreError> {
        self.begin_handed(under_way).await?;
        if are_some_due { self.begin_due(under_way).await } else { Ok(()) }
    }

    /// Begins the deliveries that were handed over, as far as there is room, unless the clock is
    /// wrong. The others are released, and so are those that have waited, since their cause may have
    /// been undone in the meantime.
    async fn begin_handed(self: &Arc<Self>, under_way: &mut UnderWay) -> Result<(), StoreError> {
        let may_begin = self.clock.is_right() && !self.outbox.is_stopping();
        let earliest = self.clock.now() - SECOND;
        let mut left = Vec::new();
        for Handed { due, row } in self.outbox.take_handed() {
            if may_begin && row.created_at >= earliest && under_way.takes(&due, &[]) {
                under_way.begin(due, Arc::clone(self).attempt(row));
            } else {
                left.push((row.id, row.held_until));
            }
        }
        for (id, held_until) in left {
            under_way.are_some_waiting = true;
            self.store.write_one(async move |conn| rows::extend(conn, id, held_until, 0).await).await?;
        }
        Ok(())
    }

    /// Begins all deliveries that are due, as far as there is room, unless the clock is wrong.
    async fn begin_due(self: &Arc<Self>, under_way: &mut UnderWay) -> Result<(), StoreError> {
        under_way.are_some_waiting = true;
        if !self.clock.is_right() {
            return Ok(());
        }
        if under_way.checked_at.is_none_or(|at| at.elapsed() >= POLL) {
            self.hurry_impossible().await?;
            under_way.checked_at = Some(Instant::now());
        }
        while under_way.has_room() {
            let now = self.clock.now();
            // Notices and alerts have their own lifetimes, and know when they are no longer useful.
            let oldest = if under_way.has_room_to_homeservers() { now - self.lifetime } else { Millis::MAX };
            let (passing, full) = ((Delivery::ONBIND, oldest), under_way.full());
            let are_some_excluded = oldest == Millis::MAX || !full.is_empty();
            let limit = i64::try_from(IN_PARALLEL).unwrap_or(i64::MAX);
            let due = rows::due(&mut self.store.read().await?, now, passing, full, limit).await?;
            let (found, mut beginning) = (due.len(), Vec::new());
            for due in due {
                // A delivery whose outcome this node cannot record is due again once its lease has
                // run out.
                if under_way.takes(&due, &beginning) {
                    beginning.push(due);
                }
            }
            under_way.are_some_waiting = are_some_excluded || beginning.len() < found || found == IN_PARALLEL;
            if self.begin(under_way, beginning, now).await? == 0 || found < IN_PARALLEL {
                break;
            }
        }
        Ok(())
    }

    /// Begins those of these deliveries that no other node has leased; returns how many.
    async fn begin(
        self: &Arc<Self>,
        under_way: &mut UnderWay,
        due: Vec<rows::Due>,
        now: Millis,
    ) -> Result<usize, StoreError> {
        if due.is_empty() {
            return Ok(0);
        }
        let ids: Vec<i64> = due.iter().map(|due| due.id).collect();
        let claimed = self.store.write_one(async move |conn| rows::claim(conn, ids, now).await).await?;
        let begun = claimed.len();
        let mut claimed: HashMap<i64, rows::Delivery> = claimed.into_iter().map(|row| (row.id, row)).collect();
        for due in due {
            if let Some(row) = claimed.remove(&due.id) {
                under_way.begin(due, Arc::clone(self).attempt(row));
            }
        }
        Ok(begun)
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
        self.over.remove(&self.store, id).await
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
