//! What a node was charged for ahead.

use std::collections::HashMap;

use super::Principal;
use crate::clock::{MINUTE, Millis};

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
    /// What is missing and of whom: to be [taken](super::take_ahead) from the database and [added](Self::add), and then tried
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

    /// Removes what was not touched for a minute, and gives what of it is to be [refunded](super::Level::refund).
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
    use super::*;
    use crate::clock::{DAY, SECOND};

    const ALICE: Principal = [1; 16];
    const BOB: Principal = [2; 16];
    const NOW: Millis = 20_000 * DAY;

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
}
