//! How much is stored, for the operator.

use std::collections::HashMap;

use diesel::dsl::{count_star, min};
use diesel::prelude::*;
use serde::Serialize;

use super::connection::Conn;
use super::error::Error;
use super::schema::{accounts, bindings, erasures, invites, leases, objections, outbox, tokens, visits};
use crate::clock::Millis;

/// Since when rows count: older ones have expired.
#[derive(Clone, Copy, Debug)]
pub struct Since {
    /// When a token was last used.
    pub token: Millis,
    /// When a web session began.
    pub visit: Millis,
    /// When an invitation was made.
    pub invite: Millis,
}

/// How many rows there are that have not expired.
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
    /// What is delivered.
    pub kind: String,
    /// How many deliveries there are.
    pub waiting: i64,
    /// How many of them have failed at least once.
    pub failed: i64,
    /// When the oldest was queued.
    pub oldest_queued_at: Millis,
}

/// A lease that a node holds; times in milliseconds since the epoch.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Queryable)]
pub struct Lease {
    /// What the node does, and no other does.
    pub name: String,
    /// Until when.
    pub held_until: Millis,
}

/// Counts what is stored.
///
/// # Errors
/// [`Error`] if the database fails.
pub async fn count(conn: &mut Conn, since: Since) -> Result<Counts, Error> {
    let pending = invites::address_index.is_not_null().and(invites::created_at.gt(since.invite));
    Ok(Counts {
        bindings: conn.get(bindings::table.select(count_star())).await?,
        accounts: conn.get(accounts::table.select(count_star())).await?,
        tokens: conn.get(tokens::table.filter(tokens::used_at.gt(since.token)).select(count_star())).await?,
        web_sessions: conn.get(visits::table.filter(visits::proved_at.gt(since.visit)).select(count_star())).await?,
        pending_invitations: conn.get(invites::table.filter(pending).select(count_star())).await?,
        objections: conn.get(objections::table.select(count_star())).await?,
        pending_erasures: conn.get(erasures::table.select(count_star())).await?,
    })
}

/// Counts the deliveries of each kind of which there are any.
///
/// # Errors
/// [`Error`] if the database fails.
pub async fn queues(conn: &mut Conn) -> Result<Vec<Queue>, Error> {
    let all = outbox::table.group_by(outbox::kind);
    let all = all.select((outbox::kind, count_star(), min(outbox::created_at))).order(outbox::kind);
    let all: Vec<(String, i64, Option<Millis>)> = conn.load(all).await?;
    let failed = outbox::table.filter(outbox::attempts.gt(0)).group_by(outbox::kind);
    let failed: Vec<(String, i64)> = conn.load(failed.select((outbox::kind, count_star()))).await?;
    let failed: HashMap<_, _> = failed.into_iter().collect();
    let queue = |(kind, waiting, oldest): (String, i64, Option<Millis>)| Queue {
        failed: failed.get(&kind).copied().unwrap_or_default(),
        oldest_queued_at: oldest.unwrap_or_default(),
        kind,
        waiting,
    };
    Ok(all.into_iter().map(queue).collect())
}

/// Returns the leases that are held at `now`.
///
/// # Errors
/// [`Error`] if the database fails.
pub async fn leases(conn: &mut Conn, now: Millis) -> Result<Vec<Lease>, Error> {
    conn.load(leases::table.filter(leases::held_until.gt(now)).order(leases::name)).await
}
