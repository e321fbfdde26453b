//! The figures for the operator's monitoring: events counted in memory, and the amount of stored
//! data.

mod stored;

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Mutex;
use tokio::task::spawn_local;
use tokio::time::timeout;

use super::{ClockGuard, Directory, RateLimits};
use crate::clock::{Clock, Millis};
use crate::config::Retention;
use crate::metrics::{Format, Gauge, Metrics};
use crate::store::Store;
use stored::Stored;

/// The time that counting rows may delay the answer.
const PATIENCE: Duration = Duration::from_secs(2);

/// Writes out the metrics.
pub struct Monitor {
    clock: Clock,
    directory: Arc<Directory>,
    clock_guard: Arc<ClockGuard>,
    metrics: Arc<Metrics>,
    entries: Gauge,
    is_ready: Gauge,
    lag: Gauge,
    is_clock_right: Gauge,
    offset: Gauge,
    is_database_up: Gauge,
    stored: Arc<Mutex<Stored>>,
}

impl Monitor {
    pub(super) fn new(
        store: Store,
        clock: Clock,
        retention: Retention,
        directory: Arc<Directory>,
        rate_limits: Arc<RateLimits>,
        clock_guard: Arc<ClockGuard>,
        metrics: Arc<Metrics>,
    ) -> Self {
        metrics.info("build", "The version of this server", vec![("version", env!("CARGO_PKG_VERSION"))]);
        let started = metrics.gauge("start_time_seconds", "When this server started, in seconds since 1970");
        started.set(seconds(clock.reading().wall));
        Self {
            entries: metrics.gauge("directory_entries", "Look-up hashes in the current directory"),
            is_ready: metrics.gauge("directory_ready", "Whether look-ups can be answered"),
            lag: metrics.gauge(
                "directory_follower_lag_seconds",
                "Time since this node last entered all bindings of other nodes",
            ),
            is_clock_right: metrics
                .gauge("clock_right", "Whether the clock is right; otherwise this node does nothing"),
            offset: metrics.gauge(
                "clock_offset_seconds",
                "By how much this machine's clock is ahead of the database's; NaN on SQLite, which has none",
            ),
            is_database_up: metrics.gauge("database_up", "Whether the database has answered for these metrics"),
            stored: Arc::new(Mutex::new(Stored::new(store, clock.clone(), retention, rate_limits))),
            clock,
            directory,
            clock_guard,
            metrics,
        }
    }

    /// Returns all metrics. While the database does not answer, those that come from it are left
    /// out, since old values would look current.
    pub async fn write(&self, format: Format) -> String {
        let stored = Arc::clone(&self.stored);
        // It is not cancelled when it takes too long: a scrape only stops waiting for it.
        let counting = spawn_local(async move {
            let mut stored = stored.lock_owned().await;
            stored.count().await.then_some(stored)
        });
        let stored = timeout(PATIENCE, counting).await.ok().and_then(Result::ok).flatten();
        self.measure(stored.is_some());
        match stored {
            Some(stored) => format.encode(&[&self.metrics, &stored.metrics]),
            None => format.encode(&[&self.metrics]),
        }
    }

    fn measure(&self, is_database_up: bool) {
        let set = |gauge: &Gauge, is_so: bool| gauge.set(f64::from(u8::from(is_so)));
        set(&self.is_ready, self.directory.is_ready());
        set(&self.is_clock_right, self.clock.is_right());
        set(&self.is_database_up, is_database_up);
        self.entries.set(as_number(self.directory.len()));
        self.lag.set(self.directory.lag().as_secs_f64());
        self.offset.set(self.clock_guard.offset().map_or(f64::NAN, seconds));
    }
}

/// Returns a time or duration in seconds.
fn seconds(millis: Millis) -> f64 {
    let seconds = Duration::from_millis(millis.unsigned_abs()).as_secs_f64();
    if millis < 0 { -seconds } else { seconds }
}

fn as_number(number: impl TryInto<u32>) -> f64 {
    number.try_into().unwrap_or(u32::MAX).into()
}
