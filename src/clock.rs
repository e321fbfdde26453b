//! The only source of time. Production uses the system clock; tests use one that they set.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use tokio::sync::Notify;

/// Milliseconds since the Unix epoch, UTC.
pub type Millis = i64;

/// One day in milliseconds.
pub const DAY: Millis = 24 * HOUR;
/// One hour in milliseconds.
pub const HOUR: Millis = 60 * MINUTE;
/// One minute in milliseconds.
pub const MINUTE: Millis = 60 * SECOND;
/// One second in milliseconds.
pub const SECOND: Millis = 1000;

/// A clock that never runs backwards. If the system clock is set back, this one stands still until
/// the system clock has caught up, so that no expired token, session or pepper becomes valid again.
#[derive(Clone, Debug)]
pub struct Clock {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    /// The time set by a test, or `None` to use the system clock.
    set: Option<AtomicI64>,
    /// The latest time returned so far.
    latest: AtomicI64,
    moved: Notify,
}

impl Clock {
    /// Returns a clock that follows the system clock.
    #[must_use]
    pub fn system() -> Self {
        Self::new(None)
    }

    /// Returns a clock that stands at `now` until it is [advanced](Self::advance).
    #[must_use]
    pub fn stopped_at(now: Millis) -> Self {
        Self::new(Some(AtomicI64::new(now)))
    }

    fn new(set: Option<AtomicI64>) -> Self {
        Self { inner: Arc::new(Inner { set, latest: AtomicI64::new(0), moved: Notify::new() }) }
    }

    /// Returns the current time, which is never before any time returned earlier.
    #[must_use]
    pub fn now(&self) -> Millis {
        let now = match &self.inner.set {
            Some(set) => set.load(Ordering::Relaxed),
            None => system_now(),
        };
        self.inner.latest.fetch_max(now, Ordering::Relaxed).max(now)
    }

    /// Makes the clock return no time before `floor`, the latest time of an earlier run.
    pub fn not_before(&self, floor: Millis) {
        self.inner.latest.fetch_max(floor, Ordering::Relaxed);
    }

    /// Moves a stopped clock by `by` milliseconds, which may be negative, and ends all
    /// [pauses](Self::pause). Has no effect on a system clock.
    pub fn advance(&self, by: Millis) {
        if let Some(set) = &self.inner.set {
            set.fetch_add(by, Ordering::Relaxed);
            self.inner.moved.notify_waiters();
        }
    }

    /// Waits for `interval` of real time, or until a stopped clock is moved.
    pub async fn pause(&self, interval: Duration) {
        tokio::select! {
            () = tokio::time::sleep(interval) => {}
            () = self.inner.moved.notified() => {}
        }
    }
}

fn system_now() -> Millis {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Millis::try_from(since.as_millis()).unwrap_or(Millis::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn time_stands_still_when_the_clock_is_set_back() {
        let clock = Clock::stopped_at(5_000);
        assert_eq!(clock.now(), 5_000);
        clock.advance(-2_000);
        assert_eq!(clock.now(), 5_000);
        clock.advance(3_000);
        assert_eq!(clock.now(), 6_000);
    }

    #[test]
    fn time_does_not_go_back_before_an_earlier_run() {
        let clock = Clock::stopped_at(5_000);
        clock.not_before(9_000);
        assert_eq!(clock.now(), 9_000);
    }
}
