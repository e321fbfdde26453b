//! Charging and refunding the rows of the database.

use std::sync::{MutexGuard, PoisonError};

use super::RateLimits;
use super::credits::Credits;
use crate::clock::Millis;
use crate::error::{Error, ErrorKind};
use crate::identity::rate_limit::{Limit, micros};
use crate::store::{self, Conn, rate_limits as rows};

/// How many limits are refunded in one transaction.
const REFUNDS_AT_ONCE: usize = 500;

impl RateLimits {
    /// Charges `units` to all of the limits or to none. Uses the node's credit if there is enough,
    /// and otherwise charges the database a block at a time, so that not every look-up writes. A
    /// node that crashes loses its credit, so a restart forgives nothing.
    pub(super) async fn charge(&self, limits: &[Limit], units: u32) -> Result<(), Error> {
        let now = self.clock.now();
        loop {
            let Err(missing) = self.credits().spend(limits, units, now) else { return Ok(()) };
            let charged = if missing.len() == 1 {
                self.store.write_one(async move |conn| charge(conn, missing, now, true).await).await
            } else {
                self.store.write(async move |conn| charge(conn, missing, now, true).await).await
            };
            match charged {
                Ok(charged) => self.credits().add(&charged, now),
                // The requests that filled the bucket may have left enough credit.
                Err(error) if error.kind() == ErrorKind::LimitExceeded => {
                    return self.credits().spend(limits, units, now).map_err(|_| error);
                }
                Err(error) => return Err(error),
            }
        }
    }

    /// Refunds one unit of each limit, to this node's credit.
    pub(super) fn add_credit(&self, limits: &[Limit]) {
        self.credits().add(&super::each(limits.to_vec()), self.clock.now());
    }

    /// Gives back the credit that has been idle, or all of it when the node stops.
    ///
    /// # Errors
    /// 503 if the database is unavailable. The credit is kept and can be given back later.
    pub async fn give_back(&self, stopping: bool) -> Result<(), Error> {
        let now = self.clock.now();
        let unused = self.credits().take(now, stopping);
        for (done, some) in unused.chunks(REFUNDS_AT_ONCE).enumerate() {
            let some = some.to_vec();
            if let Err(error) = self.store.write(async move |conn| refund(conn, some).await).await {
                self.credits().add(&unused[done * REFUNDS_AT_ONCE..], now);
                return Err(error);
            }
        }
        Ok(())
    }

    fn credits(&self) -> MutexGuard<'_, Credits> {
        self.credits.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Charges all of the limits, in a transaction that the error rolls back. Returns what was charged:
/// if it is done `ahead`, whole blocks where they fit.
///
/// # Errors
/// 429 if one of them has no room, with the longest wait of all.
pub(super) async fn charge(
    conn: &mut Conn,
    mut charges: Vec<(Limit, u32)>,
    now: Millis,
    ahead: bool,
) -> Result<Vec<(Limit, u32)>, Error> {
    sort(&mut charges);
    for done in 0..charges.len() {
        let (limit, units) = charges[done];
        let block = limit.block(units);
        if ahead && block > units && charge_one(conn, &limit, block, now).await? {
            charges[done].1 = block;
        } else if !charge_one(conn, &limit, units, now).await? {
            return Err(refusal(conn, &charges[done..], now).await?);
        }
    }
    Ok(charges)
}

/// Refunds what was charged.
pub(super) async fn refund(conn: &mut Conn, mut charges: Vec<(Limit, u32)>) -> Result<(), Error> {
    sort(&mut charges);
    for (limit, units) in charges {
        rows::refund(conn, limit.key.as_ref(), limit.cost(units)).await?;
    }
    Ok(())
}

/// Brings the limits into the order in which every transaction locks their rows.
fn sort(charges: &mut [(Limit, u32)]) {
    charges.sort_unstable_by_key(|(limit, _)| limit.key);
}

async fn charge_one(conn: &mut Conn, limit: &Limit, units: u32, now: Millis) -> Result<bool, store::Error> {
    let Some(latest) = limit.latest(units, now) else { return Ok(false) };
    rows::charge(conn, limit.key.as_ref(), micros(now), limit.cost(units), latest).await
}

/// Returns the error for limits of which the first has no room: with the longest wait of all.
async fn refusal(conn: &mut Conn, charges: &[(Limit, u32)], now: Millis) -> Result<Error, store::Error> {
    let keys = charges.iter().map(|(limit, _)| limit.key.as_ref().to_vec()).collect();
    let rows = rows::empty_at(conn, keys).await?;
    let empty_at = |limit: &Limit| rows.iter().find(|(key, _)| key == limit.key.as_ref()).map_or(0, |(_, at)| *at);
    let wait = charges.iter().map(|(limit, units)| limit.wait(*units, empty_at(limit), now)).max();
    Ok(Error::limit_exceeded(wait.unwrap_or_default()))
}
