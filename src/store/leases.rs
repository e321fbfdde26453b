//! Leases, which let one node at a time do a piece of background work.

use diesel::prelude::*;
use diesel::query_dsl::methods;

use super::connection::Conn;
use super::error::Error;
use super::prepared::Prepared;
use super::schema::leases;
use crate::clock::Millis;

/// Takes a lease until `until`, unless it is held at `now`; returns whether it was free. A lease
/// that lasts much longer than this one was taken with a wrong clock.
///
/// # Errors
/// [`Error`] if the database fails.
pub async fn take(conn: &mut Conn, name: &'static str, now: Millis, until: Millis) -> Result<bool, Error> {
    let insert = diesel::insert_into(leases::table)
        .values((leases::name.eq(name), leases::held_until.eq(until)))
        .on_conflict(leases::name)
        .do_update()
        .set(leases::held_until.eq(until));
    let is_free = leases::held_until.le(now).or(leases::held_until.gt(until + 2 * (until - now)));
    Ok(conn.execute(methods::FilterDsl::filter(insert, is_free)).await? == 1)
}

/// Extends a lease that this node has taken.
///
/// # Errors
/// [`Error`] if the database fails.
pub async fn extend(conn: &mut Conn, name: &'static str, until: Millis) -> Result<(), Error> {
    let lease = leases::table.filter(leases::name.eq(name));
    conn.execute(Prepared(diesel::update(lease).set(leases::held_until.eq(until)))).await.map(drop)
}
