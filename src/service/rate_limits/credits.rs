//! What this node has charged in advance.

use std::collections::HashMap;

use crate::clock::{MINUTE, Millis};
use crate::identity::rate_limit::Limit;

/// How long credit stays unused before it is given back.
const IDLE: Millis = MINUTE;

/// What this node has charged to each limit and not used yet, so that not every look-up writes to
/// the database.
#[derive(Default)]
pub(super) struct Credits(HashMap<Limit, Credit>);

#[derive(Default)]
struct Credit {
    units: u32,
    /// When units were last added or used.
    used_at: Millis,
}

impl Credits {
    /// Uses `units` of each limit, all of them different, or of none.
    ///
    /// # Errors
    /// The limits that have too little, and how much is missing.
    pub(super) fn spend(&mut self, limits: &[Limit], units: u32, now: Millis) -> Result<(), Vec<(Limit, u32)>> {
        let missing = |limit: &Limit| {
            let missing = units.saturating_sub(self.0.get(limit).map_or(0, |credit| credit.units));
            (missing > 0).then_some((*limit, missing))
        };
        let missing: Vec<_> = limits.iter().filter_map(missing).collect();
        if !missing.is_empty() {
            return Err(missing);
        }
        for limit in limits {
            if let Some(credit) = self.0.get_mut(limit) {
                *credit = Credit { units: credit.units - units, used_at: now };
            }
        }
        Ok(())
    }

    /// Adds units that were charged in the database.
    pub(super) fn add(&mut self, charged: &[(Limit, u32)], now: Millis) {
        for (limit, units) in charged {
            let credit = self.0.entry(*limit).or_default();
            *credit = Credit { units: credit.units.saturating_add(*units), used_at: now };
        }
    }

    /// Removes and returns what has not been used for a minute, or everything.
    pub(super) fn take(&mut self, now: Millis, everything: bool) -> Vec<(Limit, u32)> {
        let taken = self.0.extract_if(|_, credit| everything || now.saturating_sub(credit.used_at) >= IDLE);
        taken.map(|(limit, credit)| (limit, credit.units)).filter(|(_, units)| *units > 0).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::{DAY, SECOND};
    use crate::config::Bucket;
    use crate::crypto::vault::BlindIndex;

    const BUCKET: Bucket = Bucket { capacity: 100, per_hour: 1 };
    const ALICE: Limit = Limit { key: BlindIndex([1; 16]), bucket: BUCKET };
    const BOB: Limit = Limit { key: BlindIndex([2; 16]), bucket: BUCKET };
    const NOW: Millis = 20_000 * DAY;

    #[test]
    fn credit_of_all_limits_or_of_none_is_used() {
        let mut credits = Credits::default();
        assert_eq!(credits.spend(&[ALICE, BOB], 5, NOW), Err(vec![(ALICE, 5), (BOB, 5)]));
        credits.add(&[(ALICE, 7)], NOW);
        assert_eq!(credits.spend(&[ALICE, BOB], 5, NOW), Err(vec![(BOB, 5)]));
        credits.add(&[(BOB, 100)], NOW);
        assert_eq!(credits.spend(&[ALICE, BOB], 5, NOW), Ok(()));
        assert_eq!(credits.spend(&[ALICE, BOB], 5, NOW), Err(vec![(ALICE, 3)]));
        assert_eq!(credits.spend(&[ALICE, BOB], 0, NOW), Ok(()));
        let mut rest = credits.take(NOW, true);
        rest.sort_unstable_by_key(|(limit, _)| limit.key);
        assert_eq!(rest, [(ALICE, 2), (BOB, 95)]);
        assert_eq!(credits.take(NOW, true), []);
    }

    #[test]
    fn credit_unused_for_a_minute_is_given_back() {
        let mut credits = Credits::default();
        credits.add(&[(ALICE, 10), (BOB, 10)], NOW);
        credits.spend(&[BOB], 1, NOW + 30 * SECOND).expect("there is enough");
        assert_eq!(credits.take(NOW + MINUTE - 1, false), []);
        assert_eq!(credits.take(NOW - DAY, false), []);
        assert_eq!(credits.take(NOW + MINUTE, false), [(ALICE, 10)]);
        assert_eq!(credits.spend(&[ALICE], 1, NOW + MINUTE), Err(vec![(ALICE, 1)]));
        assert_eq!(credits.take(NOW + 90 * SECOND, false), [(BOB, 9)]);
    }
}
