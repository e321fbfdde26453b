//! Amounts that this node has charged in advance.

use std::collections::{HashMap, HashSet};

use crate::clock::{MINUTE, Millis};
use crate::identity::rate_limit::rules::{Plan, much};
use crate::identity::rate_limit::{Limit, Micros};

/// The time for which credit stays unused before it is given back.
const IDLE: Millis = MINUTE;

/// The unused amounts that this node has charged to each limit, so that not every look-up writes to
/// the database. Charges with another reserve are separate credit, so that nobody uses an amount
/// that only others could charge.
#[derive(Default)]
pub(super) struct Credits {
    credits: HashMap<Limit, Credit>,
    /// The limits that are being charged in advance. In the meantime, others charge only what they
    /// need, since many concurrent requests would otherwise each charge a block.
    charging: HashSet<Limit>,
}

#[derive(Clone, Copy, Default)]
struct Credit {
    units: u32,
    /// The number of units that a refund may make forgotten: no more than a light user uses, since
    /// other nodes may have charged more than is remembered in the meantime.
    remembered: u32,
    /// The user's use over time when units were last charged, including these.
    used: u32,
    /// The time when units were last added or used.
    used_at: Millis,
}

impl Credit {
    /// Returns a user's use over time after these units; the remaining credit does not count as
    /// used. If not all use is remembered, credit cannot be told from use.
    fn used_after(&self, own: &Limit, units: u32, now: Millis) -> u32 {
        if self.used < own.used(own.memory(now), now) {
            self.used.saturating_sub(self.units - units)
        } else {
            self.used
        }
    }
}

/// Units to be refunded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Refund {
    pub limit: Limit,
    pub units: u32,
    /// The number of units that were [remembered](Limit::remembered) and not used.
    pub remembered: u32,
}

impl Refund {
    /// Returns a refund of one unit, whose use stays remembered.
    pub(super) const fn of(limit: Limit) -> Self {
        Self { limit, units: 1, remembered: 0 }
    }
}

/// The charges needed before a request can use its limits.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Missing {
    /// The user's own limit, whose level determines the reserves of the others.
    Own(Limit, u32),
    /// Other limits.
    Others(Vec<(Limit, u32)>),
}

impl Credits {
    /// Uses `units` of each limit of a plan, all of them different, or of none.
    ///
    /// # Errors
    /// The limits that have too little, with the missing amounts.
    pub(super) fn spend(&mut self, plan: &Plan, units: u32, now: Millis) -> Result<(), Missing> {
        let own = plan.own.map(|own| (own, self.credit(&own)));
        if let Some((own, credit)) = own
            && credit.units < units
        {
            return Err(Missing::Own(own, units - credit.units));
        }
        let used = own.map_or(0, |(own, credit)| credit.used_after(&own, units, now));
        let others: Vec<Limit> = plan.others_after(used).collect();
        let missing = |limit: &Limit| {
            let missing = units.saturating_sub(self.credit(limit).units);
            (missing > 0).then_some((*limit, missing))
        };
        let missing: Vec<_> = others.iter().filter_map(missing).collect();
        if !missing.is_empty() {
            return Err(Missing::Others(missing));
        }
        for limit in plan.own.iter().chain(&others) {
            if let Some(credit) = self.credits.get_mut(limit) {
                let remembered = credit.remembered.saturating_sub(units);
                *credit = Credit { units: credit.units - units, remembered, used_at: now, ..*credit };
            }
        }
        Ok(())
    }

    /// Marks those of the limits that nobody else is charging in advance, and returns them.
    pub(super) fn begin(&mut self, limits: impl Iterator<Item = Limit>) -> Vec<Limit> {
        limits.filter(|limit| self.charging.insert(*limit)).collect()
    }

    /// Ends [`Self::begin`].
    pub(super) fn end(&mut self, limits: &[Limit]) {
        for limit in limits {
            self.charging.remove(limit);
        }
    }

    /// Adds units that were charged to a user's limit, given the time when their use is now
    /// forgotten.
    pub(super) fn add_own(&mut self, limit: Limit, units: u32, forgotten_at: Micros, now: Millis) {
        let remembered = limit.remembered(units, forgotten_at, now);
        self.add_refund(Refund { limit, units, remembered }, now);
        self.credits.entry(limit).or_default().used = limit.used(forgotten_at, now);
    }

    /// Adds units that were charged in the database.
    pub(super) fn add(&mut self, charged: &[(Limit, u32)], now: Millis) {
        for (limit, units) in charged {
            self.add_refund(Refund { limit: *limit, units: *units, remembered: 0 }, now);
        }
    }

    /// Adds a refund that [`Self::take`] has removed.
    pub(super) fn add_refund(&mut self, Refund { limit, units, remembered }: Refund, now: Millis) {
        let credit = self.credits.entry(limit).or_default();
        credit.units = credit.units.saturating_add(units);
        credit.remembered = credit.remembered.saturating_add(remembered).min(much(&limit));
        credit.used_at = now;
    }

    /// Removes and returns the credit that has not been used for a minute, or all of it.
    pub(super) fn take(&mut self, now: Millis, everything: bool) -> Vec<Refund> {
        let taken = self.credits.extract_if(|_, credit| everything || now.saturating_sub(credit.used_at) >= IDLE);
        let refund = |(limit, Credit { units, remembered, .. })| Refund { limit, units, remembered };
        taken.map(refund).filter(|refund| refund.units > 0).collect()
    }

    fn credit(&self, limit: &Limit) -> Credit {
        self.credits.get(limit).copied().unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::clock::{DAY, SECOND};
    use crate::config::Bucket;
    use crate::crypto::vault::BlindIndex;
    use crate::identity::rate_limit::kind::{Counted, Kind, Scope};
    use crate::identity::rate_limit::{Level, micros};

    const BUCKET: Bucket = Bucket { capacity: 100, per_hour: 1 };
    const ALICE: Limit = limit(1, Scope::User);
    const ALL: Limit = limit(2, Scope::Server);
    const NOW: Millis = 20_000 * DAY;

    const fn limit(key: u8, scope: Scope) -> Limit {
        Limit { kind: Kind::of(Counted::Lookup, scope), key: BlindIndex::new([key; 16]), bucket: BUCKET, reserve: 0 }
    }

    const fn refund(limit: Limit, units: u32) -> Refund {
        Refund { limit, units, remembered: 0 }
    }

    fn forgotten_after(units: u32) -> Micros {
        micros(NOW) + ALICE.lasting_cost(units)
    }

    fn plan() -> Plan {
        Plan { own: Some(ALICE), others: vec![ALL] }
    }

    #[test]
    fn credit_of_all_limits_or_of_none_is_used() {
        let mut credits = Credits::default();
        assert_eq!(credits.spend(&plan(), 5, NOW), Err(Missing::Own(ALICE, 5)));
        credits.add_own(ALICE, 7, forgotten_after(0), NOW);
        assert_eq!(credits.spend(&plan(), 5, NOW), Err(Missing::Others(vec![(ALL, 5)])));
        credits.add(&[(ALL, 100)], NOW);
        assert_eq!(credits.spend(&plan(), 5, NOW), Ok(()));
        assert_eq!(credits.spend(&plan(), 5, NOW), Err(Missing::Own(ALICE, 3)));
        assert_eq!(credits.spend(&plan(), 0, NOW), Ok(()));
        let mut rest = credits.take(NOW, true);
        rest.sort_unstable_by_key(|refund| refund.limit.key);
        assert_eq!(rest, [refund(ALICE, 2), refund(ALL, 95)]);
        assert_eq!(credits.take(NOW, true), []);
    }

    #[test]
    fn credit_that_was_charged_with_a_smaller_reserve_is_not_used_with_a_larger_one() {
        let mut credits = Credits::default();
        credits.add(&[(ALL, 100)], NOW);
        credits.add_own(ALICE, 10, forgotten_after(9), NOW);
        let kept = Limit { reserve: 25, ..ALL };
        assert_eq!(credits.spend(&plan(), 5, NOW), Err(Missing::Others(vec![(kept, 5)])), "four were used before");
        credits.add(&[(kept, 5)], NOW);
        assert_eq!(credits.spend(&plan(), 5, NOW), Ok(()));
        assert_eq!(credits.spend(&Plan::of(vec![ALL]), 100, NOW), Ok(()));
    }

    #[test]
    fn a_users_unused_charge_counts_as_used_only_if_its_use_is_unknown() {
        let mut credits = Credits::default();
        credits.add_own(ALICE, 23, forgotten_after(23), NOW);
        assert_eq!(credits.spend(&plan(), 2, NOW), Err(Missing::Others(vec![(ALL, 2)])));
        // No more than 24 are remembered.
        credits.add_own(ALICE, 77, ALICE.memory(NOW), NOW);
        let kept = Limit { reserve: 65, ..ALL };
        assert_eq!(credits.spend(&plan(), 2, NOW), Err(Missing::Others(vec![(kept, 2)])));
    }

    #[test]
    fn one_request_at_a_time_charges_a_limit_in_advance() {
        let mut credits = Credits::default();
        assert_eq!(credits.begin([ALICE, ALL].into_iter()), [ALICE, ALL]);
        assert_eq!(credits.begin([ALICE].into_iter()), []);
        credits.end(&[ALICE]);
        assert_eq!(credits.begin([ALICE, ALL].into_iter()), [ALICE]);
    }

    #[test]
    fn credit_unused_for_a_minute_is_given_back() {
        let mut credits = Credits::default();
        credits.add(&[(ALICE, 10), (ALL, 10)], NOW);
        credits.spend(&Plan::of(vec![ALL]), 1, NOW + 30 * SECOND).expect("there is enough");
        assert_eq!(credits.take(NOW + MINUTE - 1, false), []);
        assert_eq!(credits.take(NOW - DAY, false), []);
        assert_eq!(credits.take(NOW + MINUTE, false), [refund(ALICE, 10)]);
        assert_eq!(credits.spend(&Plan::of(vec![ALICE]), 1, NOW + MINUTE), Err(Missing::Others(vec![(ALICE, 1)])));
        assert_eq!(credits.take(NOW + 90 * SECOND, false), [refund(ALL, 9)]);
    }

    proptest! {
        #[test]
        fn no_charges_and_refunds_make_an_account_seem_to_have_used_less(
            steps in proptest::collection::vec((0u32..4_000, 0u32..8_000, any::<bool>()), 1..40),
        ) {
            // More than 6,000 are not remembered.
            let bucket = Bucket { capacity: 200_000, per_hour: 250 };
            let own = Limit { bucket, ..ALICE };
            let (mut credits, mut level, mut used) = (Credits::default(), Level::default(), 0);
            for (units, ahead, gives_back) in steps {
                if let Some(charged) = own.charged(ahead, level, NOW) {
                    level = charged;
                    credits.add_own(own, ahead, level.forgotten_at, NOW);
                }
                // An address book that a shared limit refuses uses nothing.
                if credits.spend(&Plan { own: Some(own), others: vec![] }, units, NOW).is_ok() {
                    used += units;
                }
                for Refund { units, remembered, .. } in credits.take(NOW, gives_back) {
                    level = own.refunded(units, remembered, level);
                }
                prop_assert!(own.used(level.forgotten_at, NOW) >= used.min(6_000));
            }
        }
    }
}
