//! The amount of stored data, for the operator.

use std::collections::HashMap;

use diesel::dsl::count_star;
use diesel::prelude::*;
use serde::Serialize;

use super::census::{self, Wanted};
use super::connection::Conn;
use super::error::Error;
use super::schema::{accounts, bindings, erasures, invites, objections, outbox};
use crate::clock::Millis;

/// The times since which rows count: older ones have expired.
#[derive(Clone, Copy, Debug)]
pub struct Since {
    /// For tokens, by their last use.
    pub token: Millis,
    /// For web sessions, by their beginning.
    pub visit: Millis,
    /// For invitations, by their creation.
    pub invite: Millis,
}

/// The numbers of rows that have not expired.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Counts {
    /// Addresses that are bound to a user.
    pub bindings: i64,
    /// Users that have registered.
    pub accounts: i64,
    /// Their access tokens.
    pub tokens: i64,
    /// Sessions of `/you` and `/address`.
    pub web_sessions: i64,
    /// Invitations whose address is not bound yet.
    pub pending_invitations: i64,
    /// Addresses whose owners object.
    pub objections: i64,
    /// Users who have requested an erasure.
    pub pending_erasures: i64,
}

/// The deliveries of a kind; times in milliseconds since the epoch.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Queue {
    /// The kind.
    pub kind: String,
    /// The number of deliveries.
    pub waiting: i64,
    /// The number of those that have failed at least once.
    pub failed: i64,
    /// The time when the oldest was queued.
    pub oldest_queued_at: Millis,
}

/// A lease that a node holds; times in milliseconds since the epoch.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Lease {
    /// The work that only this node does.
    pub name: String,
    /// The time until which it is held.
    pub held_until: Millis,
}

/// The stored data.
#[derive(Debug)]
pub struct Inventory {
    /// The amounts.
    pub counts: Counts,
    /// The kinds of delivery that are present, by name.
    pub queue: Vec<Queue>,
    /// The leases that are held, by name.
    pub leases: Vec<Lease>,
}

/// Takes stock at `now`: the census of the monitoring, and figures that only a command asks for.
///
/// # Errors
/// [`Error`] if the database fails.
pub async fn take(conn: &mut Conn, now: Millis, since: Since) -> Result<Inventory, Error> {
    let wanted = Wanted { now, tokens_since: since.token, visits_since: since.visit, limits: Vec::new() };
    let census = census::take(conn, wanted).await?;
    let pending = invites::address_index.is_not_null().and(invites::created_at.gt(since.invite));
    let counts = Counts {
        bindings: conn.get(bindings::table.select(count_star())).await?,
        accounts: conn.get(accounts::table.select(count_star())).await?,
        tokens: census.tokens,
        web_sessions: census.visits,
        pending_invitations: conn.get(invites::table.filter(pending).select(count_star())).await?,
        objections: conn.get(objections::table.select(count_star())).await?,
        pending_erasures: conn.get(erasures::table.select(count_star())).await?,
    };
    let failed = outbox::table.filter(outbox::attempts.gt(0)).group_by(outbox::kind);
    let failed: Vec<(String, i64)> = conn.load(failed.select((outbox::kind, count_star()))).await?;
    let failed: HashMap<_, _> = failed.into_iter().collect();
    let queue = |(kind, waiting, oldest_queued_at): (String, i64, Millis)| Queue {
        failed: failed.get(&kind).copied().unwrap_or_default(),
        kind,
        waiting,
        oldest_queued_at,
    };
    let mut queue: Vec<_> = census.outbox.into_iter().map(queue).collect();
    queue.sort_unstable_by(|one, other| one.kind.cmp(&other.kind));
    let leases = census.leases.into_iter().map(|(name, held_until)| Lease { name, held_until });
    let mut leases: Vec<_> = leases.filter(|lease| lease.held_until > now).collect();
    leases.sort_unstable_by(|one, other| one.name.cmp(&other.name));
    Ok(Inventory { counts, queue, leases })
}
