//! Limits in memory, charged by the same calculation as in the database: for simulations and tests.

use std::collections::HashMap;

use super::rules::Plan;
use super::{Level, Limit};
use crate::clock::Millis;
use crate::crypto::vault::BlindIndex;

/// The levels of all limits.
#[derive(Clone, Debug, Default)]
pub struct Ledger(HashMap<BlindIndex, Level>);

impl Ledger {
    /// Charges `units` to all limits of a plan or to none: first to the account's own, since its
    /// level determines the reserves of the others.
    ///
    /// # Errors
    /// The first limit that has no room.
    pub fn charge(&mut self, plan: &Plan, units: u32, now: Millis) -> Result<(), Limit> {
        let mut charged = Vec::with_capacity(1 + plan.others.len());
        let mut used = 0;
        if let Some(own) = plan.own {
            let level = own.charged(units, self.level(&own), now).ok_or(own)?;
            used = own.used(level.forgotten_at, now);
            charged.push((own.key, level));
        }
        for limit in plan.others_after(used) {
            charged.push((limit.key, limit.charged(units, self.level(&limit), now).ok_or(limit)?));
        }
        self.0.extend(charged);
        Ok(())
    }

    /// Takes back `units` of a limit. The account's use of it stays remembered.
    pub fn refund(&mut self, limit: &Limit, units: u32) {
        if let Some(level) = self.0.get_mut(&limit.key) {
            *level = limit.refunded(units, 0, *level);
        }
    }

    /// Returns the level of a limit.
    #[must_use]
    pub fn level(&self, limit: &Limit) -> Level {
        self.0.get(&limit.key).copied().unwrap_or_default()
    }
}
