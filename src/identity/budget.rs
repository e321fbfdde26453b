//! Leaky buckets: how much a stranger may look up, and how many messages he may cause.
//!
//! # Why these numbers
//!
//! A peppered SHA-256 of a phone number is guessed at some 16 million a second on one core, and accounts are free: only
//! limits keep people from being enumerated. The unit is a **distinct new address**: one that its user has not looked
//! up under the same pepper, and that is not his own.
//!
//! A bucket of capacity *c* that drains *d* an hour admits at most *c* + *d*·*h* in any *h* hours. With the defaults a
//! settled account sees at most 10,000 + 50·24·365 = 448,000 addresses in its first year, a homeserver's accounts
//! together 50,000 + 5,000·24 = 170,000 on the first day, and a walk through the 10⁹ numbers of a country takes a
//! homeserver, or a hundred accounts all over the place, 23 years. An address book of 10,000 fits a settled account at once.
//!
//! # How it is counted
//!
//! One unit is 3,600,000 parts, so a bucket that drains *d* units an hour drains *d* parts a millisecond, exactly and in
//! integers: nothing is gained or lost by asking often. A [`Level`] is what the database keeps of a bucket: parts, and
//! when they were counted. Time that runs backwards drains nothing and fills nothing.
//!
//! A look-up takes three steps, each of them all or nothing over all its principals (user, homeserver, network,
//! server), and each in favour of those who are looked for when something goes wrong in between:
//!
//! 1. [`Seen::new_ones`] tells what is new to the user.
//! 2. [`Credits::spend`] pays for it from what the node has taken ahead; if that is too little, the rows of the database
//!    are charged with [`take_ahead`], in one transaction, a block at a time, so that not each look-up writes. A node that
//!    stops gives back what is unspent; one that crashes does not, so a restart forgives nothing.
//! 3. [`Seen::remember`], only now. Two requests at once for the same addresses are both charged.

mod credits;
mod seen;

pub use credits::Credits;
pub use seen::{New, Seen};

use crate::clock::{DAY, HOUR, Millis};
use crate::config::Bucket;

/// Who is charged: the blind index of a user, a homeserver, a network or an address.
pub type Principal = [u8; 16];

/// The parts of one unit.
const UNIT: i64 = HOUR;

/// How full a bucket was at some time.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Level {
    /// In 3,600,000ths of a unit.
    pub parts: i64,
    /// When it was so full.
    pub at: Millis,
}

/// It does not fit: try again after so many milliseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct RetryAfter(Millis);

impl RetryAfter {
    /// For `retry_after_ms`.
    #[must_use]
    pub const fn millis(self) -> Millis {
        self.0
    }
}

impl Level {
    /// The level after `n` more units. None at all always fit, even when the capacity was lowered.
    ///
    /// # Errors
    /// [`RetryAfter`] if they do not fit. After that time they do, unless somebody else was quicker. More than the
    /// capacity never fit: then it is the time until the bucket is empty and most of them do, an hour at least. From a
    /// bucket that never drains it is a day.
    pub fn charge(self, bucket: Bucket, n: u32, now: Millis) -> Result<Self, RetryAfter> {
        let level = self.drained(bucket, now);
        let (wanted, capacity) = (parts(n), parts(bucket.capacity));
        let excess = level.parts.saturating_add(wanted) - capacity;
        if n == 0 || excess <= 0 {
            return Ok(Self { parts: level.parts.saturating_add(wanted), ..level });
        }
        let ahead = level.at.saturating_sub(now);
        let wait = |parts| ahead.saturating_add(time_to_drain(parts, bucket));
        Err(RetryAfter(if wanted > capacity { wait(level.parts).max(HOUR) } else { wait(excess) }))
    }

    /// The level when `n` units, charged and not used, are given back.
    #[must_use]
    pub fn refund(self, n: u32) -> Self {
        Self { parts: self.parts.saturating_sub(parts(n)).max(0), ..self }
    }

    /// When it is empty, and need no longer be kept.
    #[must_use]
    pub fn empty_at(self, bucket: Bucket) -> Millis {
        self.at.saturating_add(time_to_drain(self.parts, bucket))
    }

    fn drained(self, bucket: Bucket, now: Millis) -> Self {
        let elapsed = now.saturating_sub(self.at).max(0);
        let drained = elapsed.saturating_mul(bucket.per_hour.into());
        Self { parts: self.parts.saturating_sub(drained).max(0), at: self.at.max(now) }
    }
}

fn parts(units: u32) -> i64 {
    i64::from(units) * UNIT
}

fn time_to_drain(parts: i64, bucket: Bucket) -> Millis {
    match i64::from(bucket.per_hour) {
        _ if parts <= 0 => 0,
        0 => DAY,
        a_millisecond => (parts - 1) / a_millisecond + 1,
    }
}

/// Charges each bucket what is needed of it, or none, and gives the levels and what was charged.
///
/// # Errors
/// [`RetryAfter`] if one of them does not take it: the longest of their times. See [`Level::charge`].
pub fn take_exactly(needs: &[(Level, Bucket, u32)], now: Millis) -> Result<Vec<(Level, u32)>, RetryAfter> {
    all_or_longest(needs.iter().map(|(level, bucket, need)| Ok((level.charge(*bucket, *need, now)?, *need))))
}

/// As [`take_exactly`], but takes a hundredth of a capacity where that is more and fits, so that the next ones need not ask.
///
/// # Errors
/// [`RetryAfter`] if one of them does not take what is needed.
pub fn take_ahead(needs: &[(Level, Bucket, u32)], now: Millis) -> Result<Vec<(Level, u32)>, RetryAfter> {
    all_or_longest(needs.iter().map(|(level, bucket, need)| {
        let block = bucket.capacity / 100;
        if (1..block).contains(need)
            && let Ok(charged) = level.charge(*bucket, block, now)
        {
            return Ok((charged, block));
        }
        level.charge(*bucket, *need, now).map(|charged| (charged, *need))
    }))
}

fn all_or_longest<T>(results: impl Iterator<Item = Result<T, RetryAfter>>) -> Result<Vec<T>, RetryAfter> {
    let (mut fit, mut longest) = (Vec::new(), None);
    for result in results {
        match result {
            Ok(one) => fit.push(one),
            Err(wait) => longest = longest.max(Some(wait)),
        }
    }
    longest.map_or(Ok(fit), Err)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::clock::SECOND;

    const NOW: Millis = 20_000 * DAY;
    const USER: Bucket = Bucket { capacity: 10_000, per_hour: 50 };
    const NEWCOMER: Bucket = Bucket { capacity: 2_000, per_hour: 50 };
    const HOMESERVER: Bucket = Bucket { capacity: 50_000, per_hour: 5_000 };

    fn full(bucket: Bucket) -> Level {
        Level::default().charge(bucket, bucket.capacity, NOW).expect("an empty bucket")
    }

    #[test]
    fn an_address_book_of_ten_thousand_fits_a_settled_account_and_no_newcomer() {
        assert_eq!(full(USER), Level { parts: 10_000 * HOUR, at: NOW });
        assert_eq!(Level::default().charge(NEWCOMER, 10_000, NOW), Err(RetryAfter(HOUR)));
        assert!(Level::default().charge(NEWCOMER, 2_000, NOW).is_ok());
    }

    #[test]
    fn one_more_than_fits_waits_until_one_has_drained() {
        // 50 an hour: one in 72 seconds.
        let wait = full(USER).charge(USER, 1, NOW).expect_err("full");
        assert_eq!(wait.millis(), 72 * SECOND);
        assert!(full(USER).charge(USER, 1, NOW + 72 * SECOND - 1).is_err());
        assert_eq!(full(USER).charge(USER, 1, NOW + 72 * SECOND), Ok(Level { at: NOW + 72 * SECOND, ..full(USER) }));
    }

    #[test]
    fn a_year_of_one_account_shows_448_000_addresses() {
        let (mut level, mut seen) = (full(USER), 10_000);
        for hour in 1..=24 * 365 {
            level = level.charge(USER, 50, NOW + hour * HOUR).expect("drained");
            seen += 50;
            assert!(level.charge(USER, 1, NOW + hour * HOUR).is_err());
        }
        assert_eq!(seen, 448_000);
    }

    #[test]
    fn asking_every_millisecond_gains_and_loses_nothing() {
        let mut level = full(HOMESERVER);
        for passed in 1..=HOUR / 100 {
            level = level.charge(HOMESERVER, 0, NOW + passed).expect("nothing always fits");
        }
        assert_eq!(level.parts, (50_000 - 50) * HOUR);
    }

    #[test]
    fn a_clock_set_back_neither_drains_nor_fills() {
        let level = full(USER);
        assert_eq!(level.charge(USER, 0, NOW - DAY), Ok(level));
        let wait = level.charge(USER, 1, NOW - DAY).expect_err("still full");
        assert_eq!(wait.millis(), DAY + 72 * SECOND);
    }

    #[test]
    fn more_than_the_capacity_waits_until_the_bucket_is_empty_and_never_fits() {
        let wait = full(NEWCOMER).charge(NEWCOMER, 2_001, NOW).expect_err("too much");
        assert_eq!(wait.millis(), 40 * HOUR);
        assert_eq!(full(NEWCOMER).empty_at(NEWCOMER), NOW + 40 * HOUR);
        assert_eq!(full(NEWCOMER).charge(NEWCOMER, 2_001, NOW + 40 * HOUR), Err(RetryAfter(HOUR)));
    }

    #[test]
    fn what_never_drains_is_tried_again_tomorrow() {
        let bucket = Bucket { capacity: 5, per_hour: 0 };
        assert_eq!(full(bucket).charge(bucket, 1, NOW + 100 * DAY), Err(RetryAfter(DAY)));
    }

    #[test]
    fn a_capacity_that_was_lowered_still_admits_what_costs_nothing() {
        assert!(full(USER).charge(NEWCOMER, 0, NOW).is_ok());
        assert_eq!(full(USER).charge(NEWCOMER, 1, NOW), Err(RetryAfter(8_001 * HOUR / 50)));
    }

    #[test]
    fn all_buckets_are_charged_or_none_and_the_longest_wait_counts() {
        let empty = Level::default();
        let charged = take_exactly(&[(empty, USER, 10), (empty, HOMESERVER, 20)], NOW).expect("empty");
        assert_eq!(charged, [(Level { parts: 10 * HOUR, at: NOW }, 10), (Level { parts: 20 * HOUR, at: NOW }, 20)]);
        let wait = take_exactly(&[(empty, USER, 1), (full(USER), USER, 1), (full(HOMESERVER), HOMESERVER, 1)], NOW);
        assert_eq!(wait, Err(RetryAfter(72 * SECOND)));
    }

    #[test]
    fn credit_is_taken_by_the_hundredth_and_never_more_than_fits() {
        let level = |units| Level { parts: parts(units), at: NOW };
        let take = |used, need| take_ahead(&[(level(used), USER, need)], NOW).map(|taken| taken[0]);
        assert_eq!(take(0, 1), Ok((level(100), 100)));
        assert_eq!(take(0, 250), Ok((level(250), 250)));
        assert_eq!(take(9_900, 1), Ok((level(10_000), 100)));
        assert_eq!(take(9_950, 1), Ok((level(9_951), 1)));
        assert_eq!(take(9_950, 50), Ok((level(10_000), 50)));
        assert_eq!(take(9_950, 51), Err(RetryAfter(72 * SECOND)));
        assert_eq!(take(0, 0), Ok((level(0), 0)));
    }

    #[test]
    fn what_is_given_back_may_be_used_again_but_makes_no_debt() {
        assert_eq!(full(USER).refund(100).charge(USER, 100, NOW), Ok(full(USER)));
        assert_eq!(full(USER).refund(20_000).parts, 0);
    }

    proptest! {
        #[test]
        fn no_sequence_admits_more_than_capacity_and_drain(
            capacity in 0u32..1_000,
            per_hour in 0u32..10_000,
            requests in proptest::collection::vec((0u32..400, -HOUR..3 * HOUR), 0..60),
        ) {
            let bucket = Bucket { capacity, per_hour };
            let (mut level, mut now, mut latest, mut admitted) = (Level { parts: 0, at: NOW }, NOW, NOW, 0i64);
            for (n, step) in requests {
                now += step;
                latest = latest.max(now);
                if let Ok(charged) = level.charge(bucket, n, now) {
                    level = charged;
                    admitted += parts(n);
                }
                prop_assert!((0..=parts(capacity)).contains(&level.parts));
                prop_assert!(admitted <= parts(capacity) + (latest - NOW) * i64::from(per_hour));
            }
        }

        #[test]
        fn a_retry_succeeds_just_when_it_was_told_to(
            capacity in 1u32..u32::MAX,
            per_hour in 1u32..u32::MAX,
            used in 0u32..u32::MAX,
            n in 0u32..u32::MAX,
            late in -DAY..DAY,
        ) {
            let bucket = Bucket { capacity, per_hour };
            let level = Level { parts: parts(used % capacity + 1), at: NOW };
            let n = n % capacity + 1;
            if let Err(wait) = level.charge(bucket, n, NOW + late) {
                prop_assert!(level.charge(bucket, n, NOW + late + wait.millis()).is_ok());
                prop_assert!(level.charge(bucket, n, NOW + late + wait.millis() - 1).is_err());
            }
        }

        #[test]
        fn nothing_stored_makes_it_panic(level: i64, at: i64, capacity: u32, per_hour: u32, n: u32, now: i64) {
            let (level, bucket) = (Level { parts: level, at }, Bucket { capacity, per_hour });
            let _ = level.charge(bucket, n, now).map(|level| level.refund(n).empty_at(bucket));
            let _ = take_ahead(&[(level, bucket, n)], now);
        }
    }
}
