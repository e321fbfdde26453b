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
//!    are charged with [`take_all`], in one transaction, a block at a time, so that not each look-up writes. A node that
//!    stops gives back what is unspent; one that crashes does not, so a restart forgives nothing.
//! 3. [`Seen::remember`], only now. Two requests at once for the same addresses are both charged.

use std::collections::{HashMap, HashSet};
use std::hash::{BuildHasher as _, RandomState};
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::pepper::{Digest, Epoch};
use crate::clock::{DAY, HOUR, MINUTE, Millis};
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

    /// For the header `Retry-After`, rounded up.
    #[must_use]
    pub const fn seconds(self) -> i64 {
        self.0.div_euclid(1000) + (self.0.rem_euclid(1000) > 0) as i64
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

/// Charges `n` units to all buckets, or to none.
///
/// # Errors
/// [`RetryAfter`] if one of them does not take it: the longest of their times. See [`Level::charge`].
pub fn charge_all(buckets: &[(Level, Bucket)], n: u32, now: Millis) -> Result<Vec<Level>, RetryAfter> {
    all_or_longest(buckets.iter().map(|(level, bucket)| level.charge(*bucket, n, now)))
}

/// Charges each bucket what is needed of it, or none: a hundredth of the capacity if that is more and fits, so that
/// the next ones need not ask. Gives the levels and what was charged.
///
/// # Errors
/// [`RetryAfter`] if one of them does not take what is needed. See [`Level::charge`].
pub fn take_all(needs: &[(Level, Bucket, u32)], now: Millis) -> Result<Vec<(Level, u32)>, RetryAfter> {
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

/// What users have been charged for under a pepper: repeats are free. In memory only, as 32 bits of a keyed hash, and
/// gone with the epoch. (With 10,000 looked up, a new address is taken for one of them, and free, once in 400,000.)
///
/// Memory is bounded: when some users have filled `capacity`, those not heard of since the time before are forgotten,
/// and charged again if they repeat.
pub struct Seen {
    key: RandomState,
    capacity: usize,
    generations: Mutex<Generations>,
}

type Whose = (Principal, Epoch);

#[derive(Default)]
struct Generations {
    young: HashMap<Whose, HashSet<u32>>,
    old: HashMap<Whose, HashSet<u32>>,
    /// Of the young.
    weight: usize,
}

/// What an empty set weighs, in hashes.
const SET_WEIGHT: usize = 16;

/// What a user is to be charged for.
pub struct New {
    whose: Whose,
    /// Distinct.
    hashes: Vec<u32>,
}

impl New {
    /// How many addresses.
    #[must_use]
    pub fn count(&self) -> u32 {
        u32::try_from(self.hashes.len()).unwrap_or(u32::MAX)
    }
}

impl Seen {
    /// Remembers at most twice `capacity` hashes, at some 10 bytes each.
    #[must_use]
    pub fn new(capacity: usize) -> Self {
        Self { key: RandomState::new(), capacity, generations: Mutex::default() }
    }

    /// Whether anything is remembered of a user. If not, his [own](Self::own) addresses are to be told first.
    #[must_use]
    pub fn knows(&self, user: Principal, epoch: Epoch) -> bool {
        self.lock().get(&(user, epoch)).is_some()
    }

    /// Makes a user's own addresses free, none at all included.
    pub fn own(&self, user: Principal, epoch: Epoch, digests: &[Digest]) {
        self.remember(New { whose: (user, epoch), hashes: self.hashes(digests) });
    }

    /// Which of the digests are new to the user, each counted once. Remembers nothing yet.
    #[must_use]
    pub fn new_ones(&self, user: Principal, epoch: Epoch, digests: &[Digest]) -> New {
        let whose = (user, epoch);
        let mut hashes = self.hashes(digests);
        if let Some(seen) = self.lock().get(&whose) {
            hashes.retain(|hash| !seen.contains(hash));
        }
        hashes.sort_unstable();
        hashes.dedup();
        New { whose, hashes }
    }

    /// Remembers what has been charged.
    pub fn remember(&self, new: New) {
        let mut generations = self.lock();
        let mut set = generations.take(&new.whose);
        set.extend(new.hashes);
        generations.put(new.whose, set, self.capacity);
    }

    /// Forgets all epochs before that one.
    pub fn retire(&self, before: Epoch) {
        let mut generations = self.lock();
        let Generations { young, old, weight } = &mut *generations;
        young.retain(|(_, epoch), _| *epoch >= before);
        old.retain(|(_, epoch), _| *epoch >= before);
        *weight = young.values().map(weigh).sum();
    }

    fn hashes(&self, digests: &[Digest]) -> Vec<u32> {
        // Who sends two digests with equal prefixes pays for one of them: at most one of the two is an address's.
        let hash = |digest: &Digest| self.key.hash_one(digest.prefix()) >> 32;
        digests.iter().map(|digest| u32::try_from(hash(digest)).expect("the upper half")).collect()
    }

    fn lock(&self) -> MutexGuard<'_, Generations> {
        self.generations.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Generations {
    fn get(&self, whose: &Whose) -> Option<&HashSet<u32>> {
        self.young.get(whose).or_else(|| self.old.get(whose))
    }

    fn take(&mut self, whose: &Whose) -> HashSet<u32> {
        if let Some(set) = self.young.remove(whose) {
            self.weight -= weigh(&set);
            return set;
        }
        self.old.remove(whose).unwrap_or_default()
    }

    fn put(&mut self, whose: Whose, set: HashSet<u32>, capacity: usize) {
        let weight = weigh(&set);
        if self.weight + weight > capacity {
            self.old = std::mem::take(&mut self.young);
            self.weight = 0;
        }
        self.weight += weight;
        self.young.insert(whose, set);
    }
}

fn weigh(set: &HashSet<u32>) -> usize {
    set.len() + SET_WEIGHT
}

/// What this node has been charged for and has not used yet.
#[derive(Default)]
pub struct Credits(HashMap<Principal, Credit>);

#[derive(Default)]
struct Credit {
    units: u32,
    /// When it was last added to or spent from.
    used: Millis,
}

/// How long credit may lie idle.
const IDLE: Millis = MINUTE;

impl Credits {
    /// Spends `n` units of each principal (all different), or of none.
    ///
    /// # Errors
    /// What is missing and of whom: to be [taken](take_all) from the database and [added](Self::add), and then tried
    /// again, for meanwhile somebody else may have spent it.
    pub fn spend(&mut self, principals: &[Principal], n: u32, now: Millis) -> Result<(), Vec<(Principal, u32)>> {
        let missing = |principal: &Principal| {
            let units = self.0.get(principal).map_or(0, |credit| credit.units);
            (*principal, n.saturating_sub(units))
        };
        let missing: Vec<_> = principals.iter().map(missing).filter(|(_, missing)| *missing > 0).collect();
        if !missing.is_empty() {
            return Err(missing);
        }
        for principal in principals {
            if let Some(credit) = self.0.get_mut(principal) {
                *credit = Credit { units: credit.units - n, used: now };
            }
        }
        Ok(())
    }

    /// Adds what was charged to a principal in the database.
    pub fn add(&mut self, principal: Principal, units: u32, now: Millis) {
        let credit = self.0.entry(principal).or_default();
        *credit = Credit { units: credit.units.saturating_add(units), used: now };
    }

    /// Removes what was not touched for a minute, and gives what of it is to be [refunded](Level::refund).
    #[must_use]
    pub fn take_idle(&mut self, now: Millis) -> Vec<(Principal, u32)> {
        unspent(self.0.extract_if(|_, credit| now.saturating_sub(credit.used) >= IDLE))
    }

    /// Removes everything, as [`Self::take_idle`]: at a clean stop.
    #[must_use]
    pub fn take_everything(&mut self) -> Vec<(Principal, u32)> {
        unspent(self.0.drain())
    }
}

fn unspent(credits: impl Iterator<Item = (Principal, Credit)>) -> Vec<(Principal, u32)> {
    credits.map(|(principal, credit)| (principal, credit.units)).filter(|(_, units)| *units > 0).collect()
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use proptest::prelude::*;

    use super::*;
    use crate::clock::SECOND;
    use crate::identity::pepper::{Peppers, digest};

    const NOW: Millis = 20_000 * DAY;
    const USER: Bucket = Bucket { capacity: 10_000, per_hour: 50 };
    const NEWCOMER: Bucket = Bucket { capacity: 2_000, per_hour: 50 };
    const HOMESERVER: Bucket = Bucket { capacity: 50_000, per_hour: 5_000 };
    const ALICE: Principal = [1; 16];
    const BOB: Principal = [2; 16];

    fn epoch(number: i64) -> Epoch {
        Peppers::new(&[0; 32], Duration::from_millis(1)).current(number)
    }

    fn digests(numbers: std::ops::Range<u32>) -> Vec<Digest> {
        numbers.map(|number| digest(&number.to_string(), "pepper")).collect()
    }

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
        assert_eq!((wait.millis(), wait.seconds()), (72 * SECOND, 72));
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
    fn seconds_are_rounded_up() {
        assert_eq!([0, 1, 999, 1_000, 1_001].map(|millis| RetryAfter(millis).seconds()), [0, 1, 1, 1, 2]);
    }

    #[test]
    fn all_buckets_are_charged_or_none_and_the_longest_wait_counts() {
        let empty = Level::default();
        let charged = charge_all(&[(empty, USER), (empty, HOMESERVER)], 10, NOW).expect("empty");
        assert_eq!(charged, [Level { parts: 10 * HOUR, at: NOW }; 2]);
        let wait = charge_all(&[(empty, USER), (full(USER), USER), (full(HOMESERVER), HOMESERVER)], 1, NOW);
        assert_eq!(wait, Err(RetryAfter(72 * SECOND)));
    }

    #[test]
    fn credit_is_taken_by_the_hundredth_and_never_more_than_fits() {
        let level = |units| Level { parts: parts(units), at: NOW };
        let take = |used, need| take_all(&[(level(used), USER, need)], NOW).map(|taken| taken[0]);
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

    #[test]
    fn repeats_are_free_once_they_are_paid_for() {
        let seen = Seen::new(1_000_000);
        let mut book = digests(0..1_000);
        book.extend(digests(0..1_000));
        let new = seen.new_ones(ALICE, epoch(1), &book);
        assert_eq!(new.count(), 1_000);
        assert_eq!(seen.new_ones(ALICE, epoch(1), &book).count(), 1_000, "nothing was paid yet");
        seen.remember(new);
        assert_eq!(seen.new_ones(ALICE, epoch(1), &book).count(), 0);
        assert_eq!(seen.new_ones(ALICE, epoch(1), &digests(900..1_100)).count(), 100);
        assert_eq!(seen.new_ones(BOB, epoch(1), &book).count(), 1_000);
        assert_eq!(seen.new_ones(ALICE, epoch(2), &book).count(), 1_000);
    }

    #[test]
    fn ones_own_addresses_are_free() {
        let seen = Seen::new(1_000_000);
        assert!(!seen.knows(ALICE, epoch(1)));
        seen.own(ALICE, epoch(1), &digests(0..2));
        assert!(seen.knows(ALICE, epoch(1)));
        assert_eq!(seen.new_ones(ALICE, epoch(1), &digests(0..10)).count(), 8);
        seen.own(BOB, epoch(1), &[]);
        assert!(seen.knows(BOB, epoch(1)));
    }

    #[test]
    fn what_was_seen_goes_with_its_epoch() {
        let seen = Seen::new(1_000_000);
        for number in 1..=2 {
            seen.remember(seen.new_ones(ALICE, epoch(number), &digests(0..10)));
        }
        seen.retire(epoch(2));
        assert!(!seen.knows(ALICE, epoch(1)));
        assert!(seen.knows(ALICE, epoch(2)));
        assert_eq!(seen.lock().weight, 10 + SET_WEIGHT);
    }

    #[test]
    fn memory_is_bounded_and_the_idle_are_forgotten_first() {
        let capacity = 10_000;
        let seen = Seen::new(capacity);
        for number in 0..200u8 {
            for user in [ALICE, [number; 16]] {
                seen.remember(seen.new_ones(user, epoch(1), &digests(0..500)));
            }
            let generations = seen.lock();
            let total: usize = generations.young.values().chain(generations.old.values()).map(weigh).sum();
            assert!(total <= 2 * capacity);
            assert_eq!(generations.weight, generations.young.values().map(weigh).sum::<usize>());
        }
        assert_eq!(seen.new_ones(ALICE, epoch(1), &digests(0..500)).count(), 0);
        assert_eq!(seen.new_ones([3; 16], epoch(1), &digests(0..500)).count(), 500);
    }

    #[test]
    fn credit_is_spent_of_all_or_of_none() {
        let mut credits = Credits::default();
        assert_eq!(credits.spend(&[ALICE, BOB], 5, NOW), Err(vec![(ALICE, 5), (BOB, 5)]));
        credits.add(ALICE, 7, NOW);
        assert_eq!(credits.spend(&[ALICE, BOB], 5, NOW), Err(vec![(BOB, 5)]));
        credits.add(BOB, 100, NOW);
        assert_eq!(credits.spend(&[ALICE, BOB], 5, NOW), Ok(()));
        assert_eq!(credits.spend(&[ALICE, BOB], 5, NOW), Err(vec![(ALICE, 3)]));
        assert_eq!(credits.spend(&[ALICE, BOB], 0, NOW), Ok(()));
        let mut left = credits.take_everything();
        left.sort_unstable();
        assert_eq!(left, [(ALICE, 2), (BOB, 95)]);
        assert_eq!(credits.take_everything(), []);
    }

    #[test]
    fn credit_idle_for_a_minute_is_given_back() {
        let mut credits = Credits::default();
        credits.add(ALICE, 10, NOW);
        credits.add(BOB, 10, NOW);
        credits.spend(&[BOB], 1, NOW + 30 * SECOND).expect("there is enough");
        assert_eq!(credits.take_idle(NOW + MINUTE - 1), []);
        assert_eq!(credits.take_idle(NOW - DAY), []);
        assert_eq!(credits.take_idle(NOW + MINUTE), [(ALICE, 10)]);
        assert_eq!(credits.spend(&[ALICE], 1, NOW + MINUTE), Err(vec![(ALICE, 1)]));
        assert_eq!(credits.take_idle(NOW + 90 * SECOND), [(BOB, 9)]);
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
            let _ = take_all(&[(level, bucket, n)], now);
        }
    }
}
