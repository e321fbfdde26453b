//! Leases: background work that one node does for all.

use diesel::prelude::*;
use diesel::query_dsl::methods;

use super::connection::Conn;
use super::error::Error;
use super::prepared::Prepared;
use super::schema::leases;
use crate::clock::Millis;

/// Takes the lease of that name until `until`, unless another holds it at `now`; returns whether it was taken.
///
/// # Errors
/// [`Error`] if the database does not answer.
pub async fn take(conn: &mut Conn, name: &'static str, now: Millis, until: Millis) -> Result<bool, Error> {
    let insert = diesel::insert_into(leases::table)
        .values((leases::name.eq(name), leases::held_until.eq(until)))
        .on_conflict(leases::name)
        .do_update()
        .set(leases::held_until.eq(until));
    Ok(conn.execute(methods::FilterDsl::filter(insert, leases::held_until.le(now))).await? == 1)
}

/// Waits for the turn of an address, by its blind index in the bindings, and has it until the transaction ends: what one transaction has
/// done about the address, the next one sees. It must be the first thing that a transaction does. Some addresses share their turns.
///
/// # Errors
/// [`Error`] if the database does not answer.
pub async fn take_turn(conn: &mut Conn, address_index: &[u8]) -> Result<(), Error> {
    let name = format!("address {:02x}", address_index.first().copied().unwrap_or_default());
    let query = diesel::insert_into(leases::table)
        .values((leases::name.eq(name), leases::held_until.eq(0)))
        .on_conflict(leases::name)
        .do_update()
        .set(leases::held_until.eq(0));
    conn.execute(Prepared(query)).await?;
    Ok(())
}
