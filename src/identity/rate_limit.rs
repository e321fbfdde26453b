//! Rate limits: how much a stranger may look up, and how many messages they may cause.
//!
//! # Why these numbers
//!
//! A peppered SHA-256 of a phone number can be guessed at some 16 million a second on one core, and
//! accounts are free: only limits keep people from being enumerated. The unit is a **distinct new
//! address**: one that the user has not looked up under the same pepper and that is not their own.
//!
//! A bucket of capacity *c* that drains *d* an hour admits at most *c* + *d*·*h* in any *h* hours.
//! With the defaults, a settled account sees at most 10,000 + 50·24·365 = 448,000 addresses in its
//! first year, and the accounts of a homeserver together 50,000 + 5,000·24 = 170,000 on the first
//! day. Walking through the 10⁹ numbers of a country takes a homeserver, or a hundred accounts on
//! different networks, 23 years. An address book of 10,000 fits a settled account at once.
//!
//! # How it is counted
//!
//! By the generic cell rate algorithm: all that is stored of a bucket is the time at which it will
//! be empty. Charging *n* units moves that time *n* intervals into the future, and is refused if
//! the bucket would then hold more than its capacity. The interval is a whole number of
//! microseconds, so nothing is gained or lost by charging often, and a refund is exact. It is
//! rounded up: a bucket never drains faster than configured.
//!
//! If `per_hour` changes, a bucket keeps the time at which it is empty, not its level. A clock that
//! is set back neither drains nor fills a bucket.

use crate::clock::{HOUR, Millis};
use crate::config::Bucket;
use crate::crypto::vault::BlindIndex;

/// Microseconds, or microseconds since the Unix epoch.
pub type Micros = i64;

/// The longest time that a bucket takes to drain: enough for every valid configuration, and far
/// enough from overflow that a time can be added.
const LONGEST: Micros = Micros::MAX / 2;

/// A bucket of one user, homeserver, network or address.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Limit {
    /// The blind index of what is limited, and of the limit's name.
    pub key: BlindIndex,
    /// The capacity and how fast it drains.
    pub bucket: Bucket,
}

impl Limit {
    /// Returns how much later the bucket is empty after `units` more.
    #[must_use]
    pub fn cost(&self, units: u32) -> Micros {
        let interval = micros(HOUR).cast_unsigned().div_ceil(self.bucket.per_hour.max(1).into());
        interval.cast_signed().saturating_mul(units.into()).min(LONGEST)
    }

    /// Returns the latest time at which the bucket may be empty for `units` to fit at `now`, or
    /// `None` if they never fit.
    #[must_use]
    pub fn latest(&self, units: u32, now: Millis) -> Option<Micros> {
        let room = self.cost(self.bucket.capacity) - self.cost(units);
        (room >= 0).then(|| micros(now).saturating_add(room))
    }

    /// Returns how long to wait until `units` fit a bucket that is empty at `empty_at`; 0 if they
    /// fit now. More than the capacity never fits: then it is the time until the bucket is empty,
    /// and at least an hour.
    #[must_use]
    pub fn wait(&self, units: u32, empty_at: Micros, now: Millis) -> Millis {
        match self.latest(units, now) {
            Some(latest) => millis(empty_at.saturating_sub(latest)),
            None => millis(empty_at.saturating_sub(micros(now))).max(HOUR),
        }
    }

    /// Returns how much is charged where `units` are needed: a hundredth of the capacity if that is
    /// more, so that the next requests need not charge.
    #[must_use]
    pub fn block(&self, units: u32) -> u32 {
        units.max(self.bucket.capacity / 100)
    }
}

/// A time or duration in microseconds.
#[must_use]
pub const fn micros(millis: Millis) -> Micros {
    millis.saturating_mul(1000)
}

/// A duration in milliseconds, rounded up.
fn millis(micros: Micros) -> Millis {
    micros.max(0).cast_unsigned().div_ceil(1000).cast_signed()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::clock::{DAY, SECOND};

    const NOW: Millis = 20_000 * DAY;

    fn limit(capacity: u32, per_hour: u32) -> Limit {
        Limit { key: BlindIndex([0; 16]), bucket: Bucket { capacity, per_hour } }
    }

    /// Charges as the database does. Returns when the bucket is empty then.
    fn charge(limit: Limit, units: u32, empty_at: Micros, now: Millis) -> Result<Micros, Millis> {
        if limit.latest(units, now).is_some_and(|latest| empty_at <= latest) {
            Ok(empty_at.max(micros(now)) + limit.cost(units))
        } else {
            Err(limit.wait(units, empty_at, now))
        }
    }

    fn full(limit: Limit) -> Micros {
        charge(limit, limit.bucket.capacity, 0, NOW).expect("the bucket is empty")
    }

    #[test]
    fn an_address_book_of_10_000_fits_a_settled_account_but_not_a_new_one() {
        let (user, newcomer) = (limit(10_000, 50), limit(2_000, 50));
        assert_eq!(full(user), micros(NOW + 200 * HOUR));
        assert_eq!(charge(newcomer, 10_000, 0, NOW), Err(HOUR));
        assert!(charge(newcomer, 2_000, 0, NOW).is_ok());
    }

    #[test]
    fn one_unit_too_many_waits_until_one_has_drained() {
        // 50 an hour: one in 72 seconds.
        let user = limit(10_000, 50);
        assert_eq!(charge(user, 1, full(user), NOW), Err(72 * SECOND));
        assert_eq!(charge(user, 1, full(user), NOW + 72 * SECOND - 1), Err(1));
        assert_eq!(charge(user, 1, full(user), NOW + 72 * SECOND), Ok(full(user) + micros(72 * SECOND)));
    }

    #[test]
    fn an_account_sees_448_000_addresses_in_its_first_year() {
        let user = limit(10_000, 50);
        let (mut empty_at, mut seen) = (full(user), 10_000);
        for hour in 1..=24 * 365 {
            empty_at = charge(user, 50, empty_at, NOW + hour * HOUR).expect("50 have drained");
            seen += 50;
            assert!(charge(user, 1, empty_at, NOW + hour * HOUR).is_err());
        }
        assert_eq!(seen, 448_000);
    }

    #[test]
    fn units_charged_one_by_one_fill_the_bucket_exactly_even_if_the_interval_is_rounded() {
        let limit = limit(10, 7);
        let mut empty_at = 0;
        for _ in 0..10 {
            empty_at = charge(limit, 1, empty_at, NOW).expect("the bucket is not full yet");
        }
        assert_eq!(empty_at, full(limit));
        assert!(charge(limit, 1, empty_at, NOW).is_err());
    }

    #[test]
    fn a_clock_that_is_set_back_neither_drains_nor_fills() {
        let user = limit(10_000, 50);
        assert_eq!(charge(user, 1, full(user), NOW - DAY), Err(DAY + 72 * SECOND));
    }

    #[test]
    fn more_than_the_capacity_never_fits_and_waits_until_the_bucket_is_empty() {
        let newcomer = limit(2_000, 50);
        assert_eq!(charge(newcomer, 2_001, full(newcomer), NOW), Err(40 * HOUR));
        assert_eq!(charge(newcomer, 2_001, full(newcomer), NOW + 40 * HOUR), Err(HOUR));
    }

    #[test]
    fn a_capacity_that_was_lowered_refuses_until_the_rest_has_drained() {
        assert_eq!(charge(limit(2_000, 50), 1, full(limit(10_000, 50)), NOW), Err(8_001 * HOUR / 50));
    }

    #[test]
    fn a_block_is_a_hundredth_of_the_capacity() {
        let user = limit(10_000, 50);
        assert_eq!([1, 100, 250].map(|units| user.block(units)), [100, 100, 250]);
        assert_eq!(limit(99, 50).block(1), 1);
    }

    proptest! {
        #[test]
        fn no_sequence_admits_more_than_the_capacity_and_what_has_drained(
            capacity in 0u32..1_000,
            per_hour in 1u32..10_000,
            requests in proptest::collection::vec((0u32..400, -HOUR..3 * HOUR, 0u32..400), 0..60),
        ) {
            let limit = limit(capacity, per_hour);
            let (mut empty_at, mut now, mut latest, mut admitted) = (micros(NOW), NOW, NOW, 0i64);
            for (units, step, unused) in requests {
                now += step;
                latest = latest.max(now);
                if let Ok(charged) = charge(limit, units, empty_at, now) {
                    let unused = unused.min(units);
                    empty_at = charged - limit.cost(unused);
                    admitted += i64::from(units - unused);
                }
                prop_assert!(empty_at <= micros(latest) + limit.cost(capacity));
                prop_assert!(admitted * HOUR <= i64::from(capacity) * HOUR + (latest - NOW) * i64::from(per_hour));
            }
        }

        #[test]
        fn a_retry_succeeds_no_sooner_and_no_later_than_announced(
            capacity in 1u32..=1_000_000_000,
            per_hour in 1u32..=1_000_000_000,
            used in 0u32..u32::MAX,
            units in 0u32..u32::MAX,
            late in -DAY..DAY,
        ) {
            let limit = limit(capacity, per_hour);
            let (used, units) = (used % capacity + 1, units % capacity + 1);
            let empty_at = micros(NOW) + limit.cost(used);
            if let Err(wait) = charge(limit, units, empty_at, NOW + late) {
                prop_assert!(charge(limit, units, empty_at, NOW + late + wait).is_ok());
                prop_assert!(charge(limit, units, empty_at, NOW + late + wait - 1).is_err());
            }
        }

        #[test]
        fn nothing_stored_or_configured_overflows(empty_at: i64, capacity: u32, per_hour: u32, units: u32, now: i64) {
            let limit = limit(capacity, per_hour);
            prop_assert!(limit.wait(units, empty_at, now) >= 0);
            prop_assert!(limit.latest(units, NOW).is_none_or(|latest| latest.checked_add(limit.cost(units)).is_some()));
        }
    }
}
