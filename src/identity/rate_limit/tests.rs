use proptest::prelude::*;

use super::kind::{Counted, Scope};
use super::*;
use crate::clock::SECOND;

const NOW: Millis = 20_000 * DAY;

fn limit(capacity: u32, per_hour: u32) -> Limit {
    let kind = Kind::of(Counted::Lookup, Scope::Server);
    Limit { kind, key: BlindIndex::new([0; 16]), bucket: Bucket { capacity, per_hour }, reserve: 0 }
}

fn own(capacity: u32, per_hour: u32) -> Limit {
    Limit { kind: Kind::of(Counted::Lookup, Scope::User), ..limit(capacity, per_hour) }
}

/// Returns the time when the bucket is empty if `units` are charged, or how long to wait.
fn charge(limit: Limit, units: u32, empty_at: Micros, now: Millis) -> Result<Micros, Millis> {
    let charged = limit.charged(units, Level { empty_at, forgotten_at: empty_at }, now);
    charged.map(|level| level.empty_at).ok_or_else(|| limit.wait(units, empty_at, now))
}

fn full(limit: Limit) -> Micros {
    charge(limit, limit.bucket.capacity, 0, NOW).expect("the bucket is empty")
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
fn a_block_is_a_hundredth_of_a_users_capacity_and_half_of_that_of_a_shared_one() {
    assert_eq!([1, 100, 250].map(|units| own(10_000, 50).block(units)), [100, 100, 250]);
    assert_eq!([1, 100, 250].map(|units| limit(20_000, 50).block(units)), [100, 100, 250]);
    assert_eq!((own(99, 50).block(1), limit(199, 50).block(1)), (1, 1));
}

#[test]
fn a_reserve_is_not_filled_and_a_retry_waits_for_it() {
    let newcomers = Limit { reserve: 4, ..limit(10, 60) };
    let level = charge(newcomers, 6, 0, NOW).expect("six fit");
    assert_eq!(charge(newcomers, 1, level, NOW), Err(60 * SECOND));
    assert!(charge(newcomers, 1, level, NOW + 60 * SECOND).is_ok());
    let level = charge(limit(10, 60), 4, level, NOW).expect("others may use the rest");
    assert_eq!(charge(newcomers, 2, level, NOW), Err(6 * 60 * SECOND));
    assert_eq!(charge(newcomers, 7, 0, NOW), Err(HOUR), "this never fits");
    assert_eq!(charge(Limit { reserve: 11, ..limit(10, 60) }, 1, 0, NOW), Err(HOUR));
}

#[test]
fn use_is_remembered_a_hundred_times_as_long_and_100_days_at_most() {
    let user = own(64_000, 250);
    let level = user.charged(1_500, Level::default(), NOW).expect("there is room");
    assert_eq!(user.used(level.forgotten_at, NOW), 1_500);
    // The bucket is empty after six hours.
    assert_eq!(level.empty_at, micros(NOW + 6 * HOUR));
    assert_eq!(user.used(level.forgotten_at, NOW + 6 * HOUR), 1_485);
    assert_eq!(user.used(level.forgotten_at, NOW + 600 * HOUR), 0);
    let level = user.charged(60_000, level, NOW).expect("there is room");
    assert_eq!((level.forgotten_at, user.used(level.forgotten_at, NOW)), (micros(NOW + MEMORY), 6_000));
    let shared = limit(10, 60).charged(3, Level::default(), NOW).expect("there is room");
    assert_eq!(shared.empty_at, shared.forgotten_at);
}

#[test]
fn charging_ahead_and_refunding_does_not_erase_past_use() {
    let user = own(64_000, 250);
    let mut level = user.charged(60_000, Level::default(), NOW).expect("there is room");
    for _ in 0..1_000 {
        level = user.charged(640, level, NOW).expect("there is room");
        level = user.refunded(639, user.remembered(639, level.forgotten_at, NOW), level);
        assert_eq!(user.used(level.forgotten_at, NOW), 6_000);
    }
}

proptest! {
    #[test]
    fn no_sequence_admits_more_than_the_capacity_without_the_reserve_and_what_has_drained(
        capacity in 0u32..1_000,
        reserve in 0u32..1_200,
        per_hour in 1u32..10_000,
        requests in proptest::collection::vec((0u32..400, -HOUR..3 * HOUR, 0u32..400), 0..60),
    ) {
        let (limit, capacity) = (Limit { reserve, ..limit(capacity, per_hour) }, capacity.saturating_sub(reserve));
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
    fn nothing_stored_or_configured_overflows(
        empty_at: i64,
        forgotten_at: i64,
        capacity: u32,
        per_hour: u32,
        reserve: u32,
        units: u32,
        now: i64,
    ) {
        let limit = Limit { reserve, ..own(capacity, per_hour) };
        prop_assert!(limit.wait(units, empty_at, now) >= 0);
        let _ = (limit.used(forgotten_at, now), limit.charged(units, Level { empty_at, forgotten_at }, NOW));
        prop_assert!(limit.latest(units, NOW).is_none_or(|latest| latest.checked_add(limit.cost(units)).is_some()));
    }
}
