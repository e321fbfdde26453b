//! Addresses whose owners have objected to being listed and invited.

use diesel::prelude::*;

use super::connection::Conn;
use super::error::Error;
use super::prepared::Prepared;
use super::schema::objections;
use crate::clock::Millis;

/// Stores an objection; returns whether it is new. An existing one keeps its time.
///
/// # Errors
/// [`Error`] if the database fails.
pub async fn add(conn: &mut Conn, address_index: &[u8], now: Millis) -> Result<bool, Error> {
    let row = (objections::address_index.eq(address_index.to_vec()), objections::objected_at.eq(now));
    Ok(conn.execute(diesel::insert_into(objections::table).values(row).on_conflict_do_nothing()).await? == 1)
}

/// Returns when the owner of an address first objected, if they did.
///
/// # Errors
/// [`Error`] if the database fails.
pub async fn since(conn: &mut Conn, address_indexes: Vec<Vec<u8>>) -> Result<Option<Millis>, Error> {
    let theirs = objections::table.filter(objections::address_index.eq_any(address_indexes));
    conn.first(Prepared(theirs.select(objections::objected_at).order(objections::objected_at))).await
}

/// Withdraws an objection; returns whether there was one.
///
/// # Errors
/// [`Error`] if the database fails.
pub async fn withdraw(conn: &mut Conn, address_indexes: Vec<Vec<u8>>) -> Result<bool, Error> {
    let theirs = objections::table.filter(objections::address_index.eq_any(address_indexes));
    Ok(conn.execute(diesel::delete(theirs)).await? > 0)
}
