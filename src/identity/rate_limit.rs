//! Rate limits on look-ups, messages and other requests.
//!
//! # How it is counted
//!
//! They use the generic cell rate algorithm: a bucket is stored as the time at which it will be
//! empty. Charging *n* units moves that time *n* intervals into the future, and is refused if the
//! bucket would then hold more than its capacity, less its [reserve](Limit::reserve). The interval
//! is a whole number of microseconds, so nothing is gained or lost by charging often, and a refund
//! is exact. It is rounded up: a bucket never drains faster than configured.
//!
//! If `per_hour` changes, a bucket keeps the time at which it is empty, not its level. If capacity
//! and rate change alike, as they do while a homeserver's domain grows older, that time stands for
//! the same part of the capacity as before. A clock that is set back neither drains nor fills a
//! bucket.
//!
//! # Long-term use
//!
//! For an account's own limit, a second time is stored: the time when its use is forgotten. It
//! moves a hundred times as far, up to [`MEMORY`] ahead, and shows how much the account has used
//! over time. Of the limits that it shares with others, an account that has used much may fill less
//! than one that has used little, see the [rules]. If only its own level counted, which drains much
//! faster than a shared limit, a few accounts could keep that limit full and still seem to have
//! used little. The same applies to a network from which people register.
//!
//! Use beyond [`MEMORY`] was not remembered, so a refund of it makes nothing forgotten.
//!
//! For all other limits, both times are the same.

pub mod kind;
pub mod ledger;
pub mod rules;
pub mod simulation;
#[cfg(test)]
mod tests;

use crate::clock::{DAY, HOUR, Millis};
use crate::config::Bucket;
use crate::crypto::vault::BlindIndex;
use kind::Kind;

/// Microseconds, or microseconds since the Unix epoch.
pub type Micros = i64;

/// The maximum time for which the use of an account or a network is remembered.
pub const MEMORY: Millis = 100 * DAY;
/// The factor by which use is remembered for longer than it fills the bucket.
const SLOWER: Micros = 100;

/// The longest time that a bucket takes to drain: enough for every valid configuration, and far
/// enough from overflow that another time can be added.
const LONGEST: Micros = Micros::MAX / 4;

/// A bucket of one user, homeserver, network or address.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Limit {
    /// The requests that are counted, and by whom.
    pub kind: Kind,
    /// The blind index of the subject and the kind.
    pub key: BlindIndex,
    /// The capacity and how fast it drains.
    pub bucket: Bucket,
    /// The number of units of the capacity that the requester may not touch.
    pub reserve: u32,
}

/// The stored state of a bucket. All zeros stand for an empty one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Level {
    /// The time when it is empty.
    pub empty_at: Micros,
    /// The time when its use is forgotten, and the row can be deleted.
    pub forgotten_at: Micros,
}

impl Limit {
    /// Returns how much later the bucket is empty after `units` more.
    #[must_use]
    pub fn cost(&self, units: u32) -> Micros {
        let interval = micros(HOUR).cast_unsigned().div_ceil(self.bucket.per_hour.max(1).into());
        interval.cast_signed().saturating_mul(units.into()).min(LONGEST)
    }

    /// Returns how much later the use of `units` more is forgotten.
    #[must_use]
    pub fn lasting_cost(&self, units: u32) -> Micros {
        let slower = if self.kind.is_remembered() { SLOWER } else { 1 };
        self.cost(units).saturating_mul(slower).min(LONGEST)
    }

    /// Returns the latest time until which use may be remembered.
    #[must_use]
    pub const fn memory(&self, now: Millis) -> Micros {
        if self.kind.is_remembered() { micros(now.saturating_add(MEMORY)) } else { Micros::MAX }
    }

    /// Returns the latest time at which the bucket may be empty for `units` to fit at `now`, or
    /// `None` if they never fit.
    #[must_use]
    pub fn latest(&self, units: u32, now: Millis) -> Option<Micros> {
        let most = self.bucket.capacity.saturating_sub(self.reserve);
        (units <= most).then(|| micros(now).saturating_add(self.cost(most) - self.cost(units)))
    }

    /// Returns the level after `units` more, or `None` if they do not fit. The database does the
    /// same calculation.
    #[must_use]
    pub fn charged(&self, units: u32, level: Level, now: Millis) -> Option<Level> {
        self.latest(units, now).filter(|latest| level.empty_at <= *latest)?;
        let forgotten_at = level.forgotten_at.max(micros(now)).saturating_add(self.lasting_cost(units));
        Some(Level {
            empty_at: level.empty_at.max(micros(now)) + self.cost(units),
            forgotten_at: forgotten_at.min(self.memory(now)),
        })
    }

    /// Returns how many of `units` that were just charged a refund may make forgotten, given the
    /// time when their use is now forgotten: all if there was room for them, and otherwise none.
    #[must_use]
    pub const fn remembered(&self, units: u32, forgotten_at: Micros, now: Millis) -> u32 {
        if forgotten_at < self.memory(now) { units } else { 0 }
    }

    /// Returns how much sooner use is forgotten after a refund of `units`, of which `remembered`
    /// were remembered.
    #[must_use]
    pub fn lasting_refund(&self, units: u32, remembered: u32) -> Micros {
        self.lasting_cost(if self.kind.is_remembered() { remembered.min(units) } else { units })
    }

    /// Returns the level after a refund of `units`, of which `remembered` were remembered.
    #[must_use]
    pub fn refunded(&self, units: u32, remembered: u32, level: Level) -> Level {
        Level {
            empty_at: level.empty_at - self.cost(units),
            forgotten_at: level.forgotten_at - self.lasting_refund(units, remembered),
        }
    }

    /// Returns how many units have been used over time, given the time when their use is forgotten.
    #[must_use]
    pub fn used(&self, forgotten_at: Micros, now: Millis) -> u32 {
        let unit = self.lasting_cost(1).cast_unsigned().max(1);
        let rest = forgotten_at.saturating_sub(micros(now)).max(0).cast_unsigned();
        u32::try_from(rest.div_ceil(unit)).unwrap_or(u32::MAX)
    }

    /// Returns how long to wait until `units` fit a bucket that is empty at `empty_at`; 0 if they
    /// fit now. More than the capacity never fits: in that case, it is the time until the bucket is
    /// empty, and at least an hour.
    #[must_use]
    pub fn wait(&self, units: u32, empty_at: Micros, now: Millis) -> Millis {
        match self.latest(units, now) {
            Some(latest) => millis(empty_at.saturating_sub(latest)),
            None => millis(empty_at.saturating_sub(micros(now))).max(HOUR),
        }
    }

    /// Returns the number of units to charge when `units` are needed, so that the next requests do
    /// not have to charge: at least a hundredth of the capacity. For a limit that others share, it
    /// is half of that, since a node charges it separately for each reserve, and for a limit that
    /// accounts of all weeks share, which has many reserves, a twentieth.
    #[must_use]
    pub fn block(&self, units: u32) -> u32 {
        let blocks = match self.kind {
            kind if kind.is_of_all_weeks() => 2_000,
            kind if kind.is_shared() => 200,
            _ => 100,
        };
        units.max(self.bucket.capacity / blocks)
    }
}

/// Converts a time or duration to microseconds.
#[must_use]
pub const fn micros(millis: Millis) -> Micros {
    millis.saturating_mul(1000)
}

/// Converts a duration to milliseconds, rounding up.
fn millis(micros: Micros) -> Millis {
    micros.max(0).cast_unsigned().div_ceil(1000).cast_signed()
}
