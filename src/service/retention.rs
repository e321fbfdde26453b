//! What is over is removed.

use std::sync::Arc;
use std::time::Duration;

use super::Vouch;
use super::outbox::Delivery;
use crate::clock::{MINUTE, Millis};
use crate::error::Error;
use crate::identity::rate_limit::micros;
use crate::store::{
    Error as StoreError, accounts, consents, invites, leases, meta, outbox, rate_limits, sessions, unbind_signatures,
    visits,
};

/// How often a node looks whether something is over.
const LOOK: Duration = Duration::from_mins(1);
/// How often the nodes together sweep.
const SWEEP: Millis = 10 * MINUTE;
/// How long an expired session can still be told that it is.
const LATE: Millis = 30 * MINUTE;
/// How often a node that stops tries to write its last.
const LAST_TRIES: usize = 3;

impl Vouch {
    /// Sweeps, gives back unused credit of rate limits, and remembers the time, for ever.
    pub async fn keep_house(self: Arc<Self>) {
        loop {
            self.recent_lookups.forget_before(self.directory.current_epoch().previous());
            if let Err(error) = self.sweep().await {
                log::warn!("what is over could not be removed, and will be tried again: {}", error.errcode());
            }
            if let Err(error) = self.rate_limits.give_back(false).await {
                log::debug!("unused credit of rate limits could not be given back: {}", error.errcode());
            }
            self.clock.pause(LOOK).await;
        }
    }

    /// Remembers the time, and gives back the unused credit of rate limits: the last thing a node does.
    ///
    /// # Errors
    /// 503 if the database is away.
    pub async fn close(&self) -> Result<(), Error> {
        let now = self.clock.now();
        let mut remembered = Err(StoreError::Away);
        for _ in 0..LAST_TRIES {
            // Connections end with the worker that opened them, and the pool may not know yet.
            remembered = self.store.write_one(async move |conn| meta::set_latest_time(conn, now).await).await;
            if !matches!(remembered, Err(StoreError::Away)) {
                break;
            }
        }
        let given_back = self.rate_limits.give_back(true).await;
        remembered?;
        given_back
    }

    /// Removes what is over, if no other node did so in the last ten minutes.
    ///
    /// # Errors
    /// 503 if the database is away.
    pub async fn sweep(&self) -> Result<(), Error> {
        let now = self.clock.now();
        let retention = self.config.retention.clone();
        let swept = self.store.write(async move |conn| {
            meta::set_latest_time(conn, now).await?;
            if !leases::take(conn, "sweep", now, now + SWEEP).await? {
                return Ok::<_, StoreError>(0);
            }
            let given_up = outbox::sweep(conn, Delivery::ONBIND, now - retention.onbind_delivery, now).await?
                + outbox::sweep(conn, Delivery::NOTICE, now - retention.notice(), now).await?;
            if given_up > 0 {
                log::warn!("gave up {given_up} deliveries: they were tried for as long as they are kept");
            }
            Ok(sessions::sweep(conn, now - retention.validation_session - LATE).await?
                + accounts::sweep_tokens(conn, now - retention.access_token).await?
                + consents::sweep(conn, now - retention.consent).await?
                + unbind_signatures::sweep(conn, now - retention.unbind_signature).await?
                + visits::sweep(conn, now - retention.visit).await?
                + invites::sweep(conn, now - retention.invite, now).await?
                + rate_limits::sweep(conn, micros(now)).await?)
        });
        let swept = swept.await?;
        if swept > 0 {
            log::debug!("removed {swept} rows that were over");
        }
        Ok(())
    }
}
