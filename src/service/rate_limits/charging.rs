//! Charging and refunding rate limits in the database.

use std::sync::atomic::Ordering;
use std::sync::{MutexGuard, PoisonError};

use super::RateLimits;
use super::credits::{Credits, Missing, Refund};
use crate::clock::Millis;
use crate::crypto::vault::BlindIndex;
use crate::error::Error;
use crate::identity::network::Network;
use crate::identity::rate_limit::kind::{Counted, Scope};
use crate::identity::rate_limit::rules::Plan;
use crate::identity::rate_limit::{Level, Limit, micros};
use crate::store::{self, Conn, rate_limits as rows};

/// The number of limits that are refunded in one transaction.
const REFUNDS_AT_ONCE: usize = 500;

/// The refusal of a charge because a limit has no room.
#[derive(Debug)]
pub(super) struct Refused {
    /// The limits that have no room.
    pub full: Vec<Limit>,
    /// The longest of the waits.
    pub wait: Millis,
}

/// The reason why nothing was charged.
#[derive(Debug)]
pub(super) enum Uncharged {
    Refused(Refused),
    Failed(store::Error),
}

/// The limits that a request charges in advance, until it is dropped.
struct Ahead<'a> {
    rate_limits: &'a RateLimits,
    limits: Vec<Limit>,
}

impl Ahead<'_> {
    /// Returns the amount to charge where `units` are needed.
    fn block(&self, limit: &Limit, units: u32) -> u32 {
        if self.limits.contains(limit) { limit.block(units) } else { units }
    }
}

impl Drop for Ahead<'_> {
    fn drop(&mut self) {
        self.rate_limits.credits().end(&self.limits);
    }
}

impl From<Refused> for Uncharged {
    fn from(refused: Refused) -> Self {
        Self::Refused(refused)
    }
}

impl From<store::Error> for Uncharged {
    fn from(error: store::Error) -> Self {
        Self::Failed(error)
    }
}

impl RateLimits {
    /// Charges `units` to all of the limits or to none. Uses the node's credit if there is enough,
    /// and otherwise charges the database a block at a time, so that not every look-up writes. A
    /// node that crashes loses its credit, so a restart forgives nothing.
    ///
    /// If another limit refuses, the charge to the user's own limit stays as this node's credit.
    pub(super) async fn charge(&self, plan: &Plan, units: u32) -> Result<(), Error> {
        let now = self.clock.now();
        loop {
            let returned = self.returned.load(Ordering::Acquire);
            let missing = self.credits().spend(plan, units, now);
            let charged = match missing {
                Ok(()) => return Ok(()),
                Err(Missing::Own(own, missing)) => self.charge_own(plan, own, (missing, units), now).await,
                Err(Missing::Others(missing)) => self.charge_others(missing, now).await,
            };
            match charged {
                Ok(()) => {}
                // The requests that filled the bucket may have left enough credit.
                Err(Uncharged::Refused(_)) if self.credits().spend(plan, units, now).is_ok() => return Ok(()),
                Err(uncharged) => {
                    // Amounts being given back are neither credit nor room in the bucket.
                    drop(self.giving_back.lock().await);
                    if self.returned.load(Ordering::Acquire) == returned {
                        return Err(self.report(uncharged, now));
                    }
                }
            }
        }
    }

    /// Charges the missing units of a request to a user's own limit.
    async fn charge_own(
        &self,
        plan: &Plan,
        own: Limit,
        (missing, units): (u32, u32),
        now: Millis,
    ) -> Result<(), Uncharged> {
        let (ahead, plan) = (self.ahead([own].into_iter()), plan.clone());
        let block = ahead.block(&own, missing);
        let charge = async move |conn: &mut Conn| {
            for charged in [block, missing] {
                if let Some(forgotten_at) = charge_one(conn, &own, charged, now).await? {
                    return Ok((charged, forgotten_at));
                }
            }
            Err(Uncharged::Refused(refusal(conn, &plan, (missing, units), now).await?))
        };
        let (charged, forgotten_at) = self.store.write_one(charge).await?;
        self.credits().add_own(own, charged, forgotten_at, now);
        Ok(())
    }

    /// Charges one unit to a network, whose level determines how much it leaves to others around
    /// it, and one to the network around it. This does not use a transaction, since many such
    /// requests come at once. A network that the one around it refuses has still used a unit.
    pub(super) async fn charge_anonymous(&self, counted: Counted, from: &Network) -> Result<(), Error> {
        let (network, around) = self.rules().anonymous(counted, from);
        let now = self.clock.now();
        let charge = async move |conn: &mut Conn| match charge_one(conn, &network, 1, now).await? {
            Some(forgotten_at) => Ok(network.used(forgotten_at, now)),
            None => Err(Uncharged::Refused(refusal_by(conn, &[(network, 1)], now).await?)),
        };
        let used = self.store.write_one(charge).await.map_err(|uncharged| self.report(uncharged, now))?;
        let plan = Plan { own: Some(network), others: vec![around] };
        self.charge(&Plan::of(plan.others_after(used).collect()), 1).await
    }

    async fn charge_others(&self, missing: Vec<(Limit, u32)>, now: Millis) -> Result<(), Uncharged> {
        let ahead = self.ahead(missing.iter().map(|(limit, _)| *limit));
        let wanted: Vec<_> =
            missing.into_iter().map(|(limit, units)| (limit, units, ahead.block(&limit, units))).collect();
        let charged = if wanted.len() == 1 {
            self.store.write_one(async move |conn| charge_ahead(conn, wanted, now).await).await?
        } else {
            self.store.write(async move |conn| charge_ahead(conn, wanted, now).await).await?
        };
        self.credits().add(&charged, now);
        Ok(())
    }

    fn ahead(&self, limits: impl Iterator<Item = Limit>) -> Ahead<'_> {
        Ahead { rate_limits: self, limits: self.credits().begin(limits) }
    }

    /// Charges one unit of each limit of a plan in a transaction that the error rolls back. Returns
    /// the charges.
    ///
    /// # Errors
    /// 429 if one of the limits has no room, with the longest of the waits.
    pub(super) async fn charge_within(&self, conn: &mut Conn, plan: &Plan) -> Result<Vec<Limit>, Error> {
        let now = self.clock.now();
        charge_all(conn, plan, now).await.map_err(|uncharged| self.report(uncharged, now))
    }

    /// Refunds one unit of each limit, to this node's credit.
    pub(super) fn add_credit(&self, limits: &[Limit]) {
        self.credits().add(&each(limits.to_vec()), self.clock.now());
    }

    /// Gives back credit that has been idle, or all of it when the node stops.
    ///
    /// # Errors
    /// 503 if the database is unavailable. The credit is kept and can be given back later.
    pub async fn give_back(&self, stopping: bool) -> Result<(), Error> {
        let now = self.clock.now();
        let _turn = self.giving_back.lock().await;
        let unused = self.credits().take(now, stopping);
        for (done, some) in unused.chunks(REFUNDS_AT_ONCE).enumerate() {
            let some = some.to_vec();
            if let Err(error) = self.store.write(async move |conn| refund(conn, some).await).await {
                let mut credits = self.credits();
                unused[done * REFUNDS_AT_ONCE..].iter().for_each(|refund| credits.add_refund(*refund, now));
                return Err(error);
            }
            self.returned.fetch_add(1, Ordering::Release);
        }
        Ok(())
    }

    fn credits(&self) -> MutexGuard<'_, Credits> {
        self.credits.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Returns the error for the refused party, and tells the operator if a shared limit refuses.
    pub(super) fn report(&self, uncharged: Uncharged, now: Millis) -> Error {
        match uncharged {
            Uncharged::Refused(Refused { full, wait }) => {
                for limit in full {
                    self.refusals.inc(limit.kind);
                    self.warnings.warn(limit.kind, &self.budgets, now);
                }
                Error::limit_exceeded(wait)
            }
            Uncharged::Failed(error) => error.into(),
        }
    }
}

/// Charges one unit of each limit: the user's own first, since its level determines the reserves of
/// the others.
pub(super) async fn charge_all(conn: &mut Conn, plan: &Plan, now: Millis) -> Result<Vec<Limit>, Uncharged> {
    let mut charged = Vec::new();
    let mut used = 0;
    if let Some(own) = plan.own {
        let Some(forgotten_at) = charge_one(conn, &own, 1, now).await? else {
            return Err(Uncharged::Refused(refusal(conn, plan, (1, 1), now).await?));
        };
        used = own.used(forgotten_at, now);
        charged.push(own);
    }
    let mut others: Vec<Limit> = plan.others_after(used).collect();
    others.sort_unstable_by_key(order);
    // One that never has room is not charged.
    let wanted = others.iter().filter_map(|limit| charge_of(limit, 1, now)).collect();
    let with_room = rows::charge_each(conn, wanted).await?;
    let is_full = |limit: &Limit| with_room.iter().all(|key| key != limit.key.as_ref());
    let full: Vec<Limit> = others.iter().copied().filter(is_full).collect();
    if !full.is_empty() {
        return Err(Uncharged::Refused(refusal_by(conn, &each(full), now).await?));
    }
    charged.extend(others);
    Ok(charged)
}

/// Charges all of the limits, in a transaction that the error rolls back: whole blocks where they
/// fit, and otherwise only the units needed. Returns the charges.
async fn charge_ahead(
    conn: &mut Conn,
    mut wanted: Vec<(Limit, u32, u32)>,
    now: Millis,
) -> Result<Vec<(Limit, u32)>, Uncharged> {
    wanted.sort_unstable_by_key(|(limit, ..)| order(limit));
    let mut charged = Vec::with_capacity(wanted.len());
    for (limit, units, block) in &wanted {
        if block > units && charge_one(conn, limit, *block, now).await?.is_some() {
            charged.push((*limit, *block));
        } else if charge_one(conn, limit, *units, now).await?.is_some() {
            charged.push((*limit, *units));
        } else {
            let rest: Vec<_> = wanted[charged.len()..].iter().map(|(limit, units, _)| (*limit, *units)).collect();
            return Err(Uncharged::Refused(refusal_by(conn, &rest, now).await?));
        }
    }
    Ok(charged)
}

/// Refunds charges.
pub(super) async fn refund(conn: &mut Conn, mut refunds: Vec<Refund>) -> Result<(), Error> {
    refunds.sort_unstable_by_key(|refund| order(&refund.limit));
    for Refund { limit, units, remembered } in refunds {
        let lasting = limit.lasting_refund(units, remembered);
        rows::refund(conn, limit.key.as_ref(), limit.cost(units), lasting).await?;
    }
    Ok(())
}

/// Returns one unit of each limit.
fn each(limits: Vec<Limit>) -> Vec<(Limit, u32)> {
    limits.into_iter().map(|limit| (limit, 1)).collect()
}

/// Returns the order in which every transaction locks the rows of limits: users' own first.
pub(super) fn order(limit: &Limit) -> (bool, BlindIndex) {
    (!limit.kind.is_remembered(), limit.key)
}

/// Charges one limit. Returns the time when its use is forgotten, or `None` if it has no room.
pub(super) async fn charge_one(
    conn: &mut Conn,
    limit: &Limit,
    units: u32,
    now: Millis,
) -> Result<Option<i64>, store::Error> {
    match charge_of(limit, units, now) {
        Some(charge) => rows::charge(conn, charge).await,
        None => Ok(None),
    }
}

/// Returns the charge of one limit, or `None` if it never has room for it.
fn charge_of(limit: &Limit, units: u32, now: Millis) -> Option<rows::Charge> {
    Some(rows::Charge {
        key: limit.key.as_ref().to_vec(),
        kind: limit.kind.to_string(),
        now: micros(now),
        cost: limit.cost(units),
        latest: limit.latest(units, now)?,
        lasting_cost: limit.lasting_cost(units),
        memory: limit.memory(now),
    })
}

/// Returns why a plan is refused whose own limit has no room for the missing units. The level of a
/// recipient's limit does not matter then, since somebody who asks again and again must not learn
/// it.
async fn refusal(
    conn: &mut Conn,
    plan: &Plan,
    (missing, units): (u32, u32),
    now: Millis,
) -> Result<Refused, store::Error> {
    let Some(own) = plan.own else { return refusal_by(conn, &[], now).await };
    let level = levels(conn, &[(own, missing)]).await?(&own);
    let used = own.used(level.forgotten_at, now).saturating_add(missing);
    let mut charges = vec![(own, missing)];
    let others = plan.others_after(used).filter(|limit| !matches!(limit.kind.scope, Scope::Address | Scope::Number));
    charges.extend(others.map(|limit| (limit, units)));
    refusal_by(conn, &charges, now).await
}

/// Returns which of these limits have no room, and the longest of the waits.
pub(super) async fn refusal_by(
    conn: &mut Conn,
    charges: &[(Limit, u32)],
    now: Millis,
) -> Result<Refused, store::Error> {
    let level = levels(conn, charges).await?;
    let mut refused = Refused { full: Vec::new(), wait: 0 };
    for (limit, units) in charges {
        let wait = limit.wait(*units, level(limit).empty_at, now);
        if wait > 0 {
            refused.full.push(*limit);
            refused.wait = refused.wait.max(wait);
        }
    }
    Ok(refused)
}

/// Returns the levels of limits.
async fn levels(conn: &mut Conn, charges: &[(Limit, u32)]) -> Result<impl Fn(&Limit) -> Level + use<>, store::Error> {
    let keys = charges.iter().map(|(limit, _)| limit.key.as_ref().to_vec()).collect();
    let rows = rows::by_keys(conn, keys).await?;
    Ok(move |limit: &Limit| {
        let row = rows.iter().find(|row| row.key == limit.key.as_ref());
        row.map_or_else(Level::default, |row| Level { empty_at: row.empty_at, forgotten_at: row.forgotten_at })
    })
}
