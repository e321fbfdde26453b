//! The only source of time. It also decides whether a clock is right. Production reads the
//! machine's clocks; tests set their own.
//!
//! Three clocks are compared: the machine's wall clock, its monotonic clock, and with `PostgreSQL`
//! the database's clock. A `Course` defines how they may differ. When the wall clock departs from
//! the monotonic one, time follows the monotonic one, and the clock counts as wrong until it is
//! [judged](Clock::judge) again. So a wrong time is never returned, not even for a moment.

mod course;

use std::fmt;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;
use tokio::sync::Notify;

use course::Course;
pub use course::{Evidence, LONGEST_JUMP, SETTLING, Wrong};

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

/// The maximum difference between the clocks of nodes.
pub const APART: Millis = MINUTE;

/// Returns whether something happened within the last `span` before `now`. A time in the future is
/// not recent, since it comes from a wrong clock, unless another node's clock is just a little
/// ahead.
#[must_use]
pub const fn is_recent(at: Millis, span: Millis, now: Millis) -> bool {
    let age = now.saturating_sub(at);
    -APART <= age && age < span
}

/// Returns whether something that lasts until `until`, and for at most `longest`, still lasts. A
/// later end comes from a wrong clock.
#[must_use]
pub const fn still_lasts(until: Millis, longest: Millis, now: Millis) -> bool {
    let left = until.saturating_sub(now);
    0 < left && left <= longest.saturating_add(APART)
}

/// A clock that never runs backwards: even if the machine's clock is set back, no expired token,
/// session or pepper becomes valid again.
#[derive(Clone, Debug)]
pub struct Clock {
    source: Arc<Source>,
    state: Arc<Mutex<State>>,
}

/// The readings of the machine's clocks at one moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reading {
    /// The time, which may be wrong.
    pub wall: Millis,
    /// The time that has passed since an arbitrary moment.
    pub elapsed: Millis,
}

#[derive(Debug)]
struct Source {
    clocks: Clocks,
    moved: Notify,
}

#[derive(Debug)]
enum Clocks {
    /// The machine's clocks. A test can make the wall clock wrong by `ahead`.
    System { since: Instant, ahead: AtomicI64 },
    /// The clocks of a test.
    Set(Mutex<Set>),
}

#[derive(Clone, Copy, Debug)]
struct Set {
    reading: Reading,
    database: Millis,
}

#[derive(Debug, Default)]
struct State {
    /// The latest time returned so far.
    latest: Millis,
    /// `None` until the clock has been judged; every time is accepted until then.
    course: Option<Course>,
}

impl Clock {
    /// Returns a clock that follows the machine's.
    #[must_use]
    pub fn system() -> Self {
        Self::new(Clocks::System { since: Instant::now(), ahead: AtomicI64::new(0) })
    }

    /// Returns a clock that stands at `now` until it is [advanced](Self::advance), and so does the
    /// database's.
    #[must_use]
    pub fn stopped_at(now: Millis) -> Self {
        let reading = Reading { wall: now, elapsed: 0 };
        Self::new(Clocks::Set(Mutex::new(Set { reading, database: now })))
    }

    fn new(clocks: Clocks) -> Self {
        Self { source: Arc::new(Source { clocks, moved: Notify::new() }), state: Arc::default() }
    }

    /// Returns a clock of the same machine for another node. It is judged separately.
    #[must_use]
    pub fn of_node(&self) -> Self {
        Self { source: Arc::clone(&self.source), state: Arc::default() }
    }

    /// Returns the current time. It is never earlier than a time returned before, unless that was
    /// [found to be wrong](Self::judge).
    #[must_use]
    pub fn now(&self) -> Millis {
        let reading = self.reading();
        let mut state = self.state();
        let now = state.course.as_mut().map_or(reading.wall, |course| course.time(reading));
        state.latest = state.latest.max(now);
        state.latest
    }

    /// Returns the time up to which expired data may be deleted: the current time without the jumps
    /// of the last [hour](SETTLING), which may turn out to be wrong.
    #[must_use]
    pub fn settled(&self) -> Millis {
        let (now, elapsed) = (self.now(), self.reading().elapsed);
        self.state().course.as_ref().map_or(now, |course| now.min(course.settled(elapsed)))
    }

    /// Returns whether the time can be relied on.
    #[must_use]
    pub fn is_right(&self) -> bool {
        let _ = self.now();
        self.state().course.as_ref().is_none_or(Course::is_right)
    }

    /// Reads the machine's clocks.
    #[must_use]
    pub fn reading(&self) -> Reading {
        match &self.source.clocks {
            Clocks::System { since, ahead } => Reading {
                wall: system_now().saturating_add(ahead.load(Ordering::Relaxed)),
                elapsed: in_millis(since.elapsed()),
            },
            Clocks::Set(set) => lock(set).reading,
        }
    }

    /// Returns the database's time, given its answer; tests can replace it.
    #[must_use]
    pub fn database_time(&self, said: Millis) -> Millis {
        match &self.source.clocks {
            Clocks::System { .. } => said,
            Clocks::Set(set) => lock(set).database,
        }
    }

    /// Judges the clock by everything else known about the time. If it is right, returns its
    /// [settled](Self::settled) time.
    ///
    /// # Errors
    /// [`Wrong`] if the time must not be used. Time then follows the monotonic clock.
    pub fn judge(&self, evidence: &Evidence) -> Result<Millis, Wrong> {
        let state = &mut *self.state();
        let course = match &mut state.course {
            Some(course) if !evidence.is_reset => course,
            course => course.insert(Course::begin(evidence)),
        };
        let lower_bound = course.judge(evidence)?;
        if let Some(lower_bound) = lower_bound {
            state.latest = evidence.after.wall.max(lower_bound);
        }
        Ok(course.settled(evidence.after.elapsed))
    }

    /// Advances all clocks of a stopped clock or, if `by` is negative, sets back only the wall
    /// clock. Ends all [pauses](Self::pause). Has no effect on a system clock.
    pub fn advance(&self, by: Millis) {
        self.change(|set| {
            set.reading.wall += by;
            if by > 0 {
                set.reading.elapsed += by;
                set.database += by;
            }
        });
    }

    /// Moves only the wall clock, as if somebody had set it. Works on a system clock, too.
    pub fn step(&self, by: Millis) {
        if let Clocks::System { ahead, .. } = &self.source.clocks {
            ahead.fetch_add(by, Ordering::Relaxed);
        }
        self.change(|set| set.reading.wall += by);
    }

    /// Moves only the database clock of a stopped clock.
    pub fn step_database(&self, by: Millis) {
        self.change(|set| set.database += by);
    }

    fn change(&self, change: impl FnOnce(&mut Set)) {
        if let Clocks::Set(set) = &self.source.clocks {
            change(&mut lock(set));
        }
        self.source.moved.notify_waiters();
    }

    /// Waits for `interval` of real time, or until a test moves the clock.
    pub async fn pause(&self, interval: Duration) {
        tokio::select! {
            () = tokio::time::sleep(interval) => {}
            () = self.source.moved.notified() => {}
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        lock(&self.state)
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn system_now() -> Millis {
    in_millis(SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default())
}

/// Returns a duration in milliseconds.
#[must_use]
pub fn in_millis(duration: Duration) -> Millis {
    Millis::try_from(duration.as_millis()).unwrap_or(Millis::MAX)
}

/// A time as text: RFC 3339, with a precision of one second.
pub struct InWords(pub Millis);

impl fmt::Display for InWords {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let time = OffsetDateTime::from_unix_timestamp(self.0.div_euclid(SECOND)).ok();
        match time.and_then(|time| time.format(&Rfc3339).ok()) {
            Some(text) => f.write_str(&text),
            None => write!(f, "{} s after 1970", self.0 / SECOND),
        }
    }
}

/// A duration as text, without its sign, in the largest unit of which there are at least two.
pub struct Span(pub Millis);

impl fmt::Display for Span {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let units = [(DAY, "days"), (HOUR, "hours"), (MINUTE, "minutes"), (SECOND, "seconds")];
        let span = self.0.unsigned_abs();
        let fits = |(unit, _): &&(Millis, _)| span >= 2 * unit.unsigned_abs();
        let (unit, name) = units.iter().find(fits).unwrap_or(&(1, "milliseconds"));
        write!(f, "{} {name}", span / unit.unsigned_abs())
    }
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
    fn times_and_durations_of_any_size_have_words() {
        assert_eq!(InWords(1_795_435_200_999).to_string(), "2026-11-23T12:00:00Z");
        assert_eq!(InWords(-1).to_string(), "1969-12-31T23:59:59Z");
        assert_eq!(InWords(i64::MAX).to_string(), "9223372036854775 s after 1970");
        assert_eq!(InWords(i64::MIN).to_string(), "-9223372036854775 s after 1970");
        let spans =
            [(400 * DAY, "400 days"), (-36 * HOUR, "36 hours"), (119 * SECOND, "119 seconds"), (5, "5 milliseconds")];
        for (span, words) in spans {
            assert_eq!(Span(span).to_string(), words);
        }
        assert_eq!(Span(i64::MIN).to_string(), "106751991167 days");
    }
}
