//! The families that only the database can provide.

use std::borrow::Cow;
use std::sync::Arc;

use super::{as_number, seconds};
use crate::clock::{Clock, Millis, SECOND};
use crate::config::Retention;
use crate::identity::rate_limit::micros;
use crate::metrics::{Gauge, Label, Metrics, Series};
use crate::service::RateLimits;
use crate::service::maintenance::LEASE;
use crate::service::outbox::Delivery;
use crate::service::rate_limits::Common;
use crate::store::census::{self, Census, Wanted};
use crate::store::{Error as StoreError, Store};

/// The time for which the rows are not counted again, whatever the result.
const INTERVAL: Millis = 5 * SECOND;

/// The amount of stored data.
pub(super) struct Stored {
    store: Store,
    clock: Clock,
    retention: Retention,
    rate_limits: Arc<RateLimits>,
    /// The time when the rows were last counted, by the monotonic clock, and whether that
    /// succeeded.
    counted: Option<(Millis, bool)>,
    pub(super) metrics: Metrics,
    deliveries: Series<Kind, Gauge>,
    oldest: Series<Kind, Gauge>,
    under_way: Gauge,
    tokens: Gauge,
    sessions: Gauge,
    leases: Series<Lease, Gauge>,
    levels: Series<Common, Gauge>,
}

impl Stored {
    pub(super) fn new(store: Store, clock: Clock, retention: Retention, rate_limits: Arc<RateLimits>) -> Self {
        let metrics = Metrics::default();
        Self {
            deliveries: metrics.gauges("outbox_deliveries", "Deliveries that are pending"),
            oldest: metrics.gauges("outbox_oldest_age_seconds", "How long the oldest of them has been pending"),
            under_way: metrics.gauge("outbox_leases", "Deliveries in progress on any node"),
            tokens: metrics.gauge("access_tokens", "Access tokens that are valid"),
            sessions: metrics.gauge("web_sessions", "Web sessions that have not ended"),
            leases: metrics.gauges(
                "lease_expiry_time_seconds",
                "Until when a node has a lease, in seconds since 1970; 0 if none has had it",
            ),
            levels: metrics.gauges("limit_level_ratio", "How full the limits shared by everyone are"),
            store,
            clock,
            retention,
            rate_limits,
            counted: None,
            metrics,
        }
    }

    /// Counts the rows, unless that was just done. Returns whether the numbers are current.
    pub(super) async fn count(&mut self) -> bool {
        let elapsed = self.clock.reading().elapsed;
        if let Some((at, succeeded)) = self.counted
            && elapsed.saturating_sub(at) < INTERVAL
        {
            return succeeded;
        }
        let counted = self.try_to_count().await;
        self.counted = Some((elapsed, counted.is_ok()));
        counted.is_ok()
    }

    async fn try_to_count(&self) -> Result<(), StoreError> {
        let now = self.clock.now();
        let limits = self.rate_limits.of_server();
        let wanted = Wanted {
            now,
            tokens_since: now - self.retention.access_token,
            visits_since: now - self.retention.visit,
            limits: limits.iter().map(|limit| limit.key.as_ref().to_vec()).collect(),
        };
        let census = census::take(&mut self.store.read().await?, wanted).await?;
        self.show(&census, now);
        for (common, gauge) in self.levels.iter() {
            let limit = limits.iter().find(|limit| limit.kind == common.0);
            let stored = census.levels.iter().find(|(kind, _)| *kind == common.value());
            let level = limit.zip(stored).map_or(0.0, |(limit, (_, empty_at))| {
                let full = limit.cost(limit.bucket.capacity).max(1);
                seconds(empty_at.saturating_sub(micros(now)).max(0)) / seconds(full)
            });
            gauge.set(level);
        }
        Ok(())
    }

    fn show(&self, census: &Census, now: Millis) {
        let queued = |kind: Kind| census.outbox.iter().find(|(name, ..)| *name == kind.value());
        for (kind, gauge) in self.deliveries.iter() {
            gauge.set(queued(*kind).map_or(0.0, |(_, number, _)| as_number(*number)));
        }
        for (kind, gauge) in self.oldest.iter() {
            gauge.set(queued(*kind).map_or(0.0, |(_, _, since)| seconds(now.saturating_sub(*since).max(0))));
        }
        for (lease, gauge) in self.leases.iter() {
            let held_until = census.leases.iter().find(|(name, _)| *name == lease.value());
            gauge.set(held_until.map_or(0.0, |(_, until)| seconds(*until)));
        }
        self.under_way.set(as_number(census.under_way));
        self.tokens.set(as_number(census.tokens));
        self.sessions.set(as_number(census.visits));
    }
}

/// A kind of delivery.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Kind(&'static str);

impl Label for Kind {
    const NAME: &'static str = "kind";

    fn all() -> Vec<Self> {
        [Delivery::ONBIND, Delivery::NOTICE, Delivery::ALERT].map(Self).to_vec()
    }

    fn value(self) -> Cow<'static, str> {
        self.0.into()
    }
}

/// A lease of background work.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Lease(&'static str);

impl Label for Lease {
    const NAME: &'static str = "lease";

    fn all() -> Vec<Self> {
        vec![Self(LEASE)]
    }

    fn value(self) -> Cow<'static, str> {
        self.0.into()
    }
}
