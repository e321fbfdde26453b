//! Background maintenance: deletes expired data, and removes deleted data from the files.

use std::sync::Arc;
use std::time::{Duration, Instant};

use super::lookups::memory;
use super::outbox::Delivery;
use super::sealing::Sealer;
use super::standing::SETTLED;
use super::{Audit, ClockGuard, Lookups, RateLimits, SelfService};
use crate::clock::{Clock, MINUTE, Millis};
use crate::config::Retention;
use crate::error::Error;
use crate::identity::rate_limit::micros;
use crate::store::{
    Conn, Error as StoreError, Store, accounts, consents, homeservers, invites, leases, outbox, proofs, rate_limits,
    recent_lookups, sessions, unbind_signatures, visits,
};

/// The interval at which a node runs maintenance.
const INTERVAL: Duration = Duration::from_mins(1);
/// The interval at which the nodes together sweep.
pub(super) const SWEEP: Millis = 10 * MINUTE;
/// The lease of the node that sweeps.
pub(super) const LEASE: &str = "sweep";
/// The number of rows that a transaction deletes: few enough to finish in time, whatever the size
/// of the table.
const BATCH: i64 = 1000;
/// The time for which an expired session is kept, so that its user learns that it has expired.
const LATE: Millis = 30 * MINUTE;
/// The number of times that a stopping node tries to store the time.
const LAST_TRIES: usize = 3;

/// Deletes expired data.
pub struct Maintenance {
    pub(super) store: Store,
    pub(super) sealer: Sealer,
    pub(super) clock: Clock,
    pub(super) retention: Retention,
    pub(super) rate_limits: Arc<RateLimits>,
    pub(super) lookups: Arc<Lookups>,
    pub(super) clock_guard: Arc<ClockGuard>,
    pub(super) self_service: Arc<SelfService>,
    pub(super) audit: Arc<Audit>,
}

impl Maintenance {
    /// Runs maintenance every minute, forever.
    pub async fn run(self: Arc<Self>) {
        loop {
            self.run_once().await;
            self.clock.pause(INTERVAL).await;
        }
    }

    /// Runs `work` with one master key: see `Store::steadily`.
    pub async fn steadily<F: Future>(&self, work: F) -> F::Output {
        self.store.steadily(work).await
    }

    /// Runs one round of maintenance, if the clock is right. Failures are logged, and the next
    /// round tries again.
    pub async fn run_once(&self) {
        self.store.steadily(self.round()).await;
    }

    async fn round(&self) {
        if !self.clock.is_right() {
            return;
        }
        self.lookups.forget_ended();
        if let Err(error) = self.rate_limits.follow_time_back().await {
            log::warn!(
                "the effect of a wrong clock on rate limits could not be undone; trying again in a minute: {error}"
            );
        }
        if let Err(error) = self.sweep().await {
            log::warn!("expired data could not be deleted; trying again in a minute: {error}");
        }
        if let Err(error) = self.self_service.carry_out_erasures().await {
            log::warn!("requested erasures could not be carried out; trying again in a minute: {error}");
        }
        if let Err(error) = self.rate_limits.give_back(false).await {
            log::debug!("unused credit of rate limits could not be returned: {}", error.errcode());
        }
        // This is done in every round, since the command line and retention also delete data.
        self.store.purge_deleted().await;
    }

    /// Returns whether the database can be read and written.
    pub async fn is_database_usable(&self) -> bool {
        self.store.is_usable().await
    }

    /// Stores the time and pending look-ups, and returns the unused credit of rate limits, if the
    /// clock is right. This is the last thing a node does.
    ///
    /// # Errors
    /// 503 if the database is unavailable.
    pub async fn close(&self) -> Result<(), Error> {
        if !self.clock.is_right() {
            return Ok(());
        }
        let mut stored = Err(StoreError::Unavailable);
        for _ in 0..LAST_TRIES {
            // Connections end with the worker that opened them, and the pool may not know this yet.
            stored = self.clock_guard.close().await;
            if !stored.is_err_and(StoreError::is_temporary) {
                break;
            }
        }
        if let Err(error) = self.audit.close().await {
            log::warn!("the last checkpoint of the audit log could not be written: {error}");
        }
        let saved = self.lookups.save_memory().await;
        self.rate_limits.give_back(true).await?;
        saved?;
        Ok(stored?)
    }

    /// Deletes expired data, unless a node did so in the last ten minutes. A failure in one table
    /// does not prevent the others from being swept.
    async fn sweep(&self) -> Result<(), StoreError> {
        // Deleted rows cannot be restored, so time that may turn out to be wrong does not count.
        let (now, settled) = (self.clock.now(), self.clock.settled());
        if !self.store.write_one(async move |conn| leases::take(conn, LEASE, now, now + SWEEP).await).await? {
            return Ok(());
        }
        let Retention {
            onbind_delivery,
            validation_session,
            access_token,
            consent,
            unbind_signature,
            visit,
            invite,
            audit,
            ..
        } = self.retention;
        let (notice, sealer, log) = (self.retention.notice(), self.sealer.clone(), Arc::clone(&self.audit));
        let sweep = Sweep { store: &self.store, began: (now, Instant::now()) };
        let given_up = [
            sweep
                .drain(async move |conn| {
                    outbox::sweep(conn, Delivery::ONBIND, settled - onbind_delivery, settled, BATCH).await
                })
                .await,
            sweep
                .drain(async move |conn| outbox::sweep(conn, Delivery::NOTICE, settled - notice, settled, BATCH).await)
                .await,
        ];
        let alerts = sweep
            .drain(async move |conn| outbox::sweep(conn, Delivery::ALERT, settled - SETTLED, settled, BATCH).await)
            .await;
        if let Ok(count @ 1..) = &alerts {
            log::warn!("{count} alerts about a user's data could not be sent for three days");
        }
        let deliveries: usize = given_up.iter().flatten().sum();
        if deliveries > 0 {
            log::warn!("gave up {deliveries} deliveries: they failed for as long as deliveries are kept");
        }
        let swept = [
            sweep
                .drain(async move |conn| sessions::sweep(conn, settled - validation_session - LATE, BATCH).await)
                .await,
            sweep.drain(async move |conn| expire_tokens(conn, &sealer, settled - access_token).await).await,
            sweep.drain(async move |conn| recent_lookups::sweep(conn, settled, BATCH).await).await,
            sweep.drain(async move |conn| consents::sweep(conn, settled - consent, BATCH).await).await,
            sweep
                .drain(async move |conn| unbind_signatures::sweep(conn, settled - unbind_signature, BATCH).await)
                .await,
            sweep.drain(async move |conn| visits::sweep(conn, settled - visit, BATCH).await).await,
            sweep.drain(async move |conn| proofs::sweep_openid_tokens(conn, settled, BATCH).await).await,
            sweep.drain(async move |conn| invites::sweep(conn, settled - invite, BATCH).await).await,
            sweep.drain(async move |conn| invites::sweep_keys(conn, settled, BATCH).await).await,
            sweep.drain(async move |conn| rate_limits::sweep(conn, micros(settled), BATCH).await).await,
            // The tokens by which they were seen have expired.
            sweep.drain(async move |conn| homeservers::sweep(conn, settled - access_token, BATCH).await).await,
            sweep.drain(async move |conn| log.expire(conn, settled - audit).await).await,
        ];
        let rows: usize = swept.iter().flatten().sum();
        if rows > 0 {
            log::debug!("deleted {rows} expired rows");
        }
        self.rate_limits.lower_impossible_levels().await?;
        given_up.into_iter().chain([alerts]).chain(swept).collect::<Result<Vec<_>, _>>().map(drop)
    }
}

/// Deletes a batch of tokens that were last used by `until`, and their look-ups. Returns how many.
async fn expire_tokens(conn: &mut Conn, sealer: &Sealer, until: Millis) -> Result<usize, StoreError> {
    let expired = accounts::sweep_tokens(conn, until, BATCH).await?;
    memory::forget(conn, sealer, &expired).await?;
    Ok(expired.len())
}

/// A sweep that has taken the lease.
struct Sweep<'a> {
    store: &'a Store,
    /// The time when it began, on the server's clock and on the machine's.
    began: (Millis, Instant),
}

impl Sweep<'_> {
    /// Runs `batch`, each time in its own transaction that extends the lease, until it deletes
    /// nothing. Returns how many rows it deleted.
    async fn drain(
        &self,
        batch: impl AsyncFnOnce(&mut Conn) -> Result<usize, StoreError> + Clone + Send + 'static,
    ) -> Result<usize, StoreError> {
        let mut deleted = 0;
        loop {
            let (batch, until) = (batch.clone(), self.lease_end());
            let rows = self.store.write(async move |conn| {
                let rows = batch(conn).await?;
                leases::extend(conn, LEASE, until).await?;
                Ok::<_, StoreError>(rows)
            });
            match rows.await? {
                0 => return Ok(deleted),
                rows => deleted += rows,
            }
        }
    }

    /// Returns the time in ten minutes. If the clock is moved during the sweep, the lease that has
    /// expired because of this can be taken at once.
    fn lease_end(&self) -> Millis {
        let (now, began) = self.began;
        now + SWEEP + Millis::try_from(began.elapsed().as_millis()).unwrap_or_default()
    }
}
