//! Access to the stored addresses of all tables, for moving them to another form.

use std::collections::HashSet;

use diesel::prelude::*;

use super::connection::Conn;
use super::error::Error;
use super::schema::{bindings, invites, objections, outbox, sessions, visits};
use crate::clock::Millis;

/// The maximum number of values in one statement: `SQLite` allows 32,766 variables.
const AT_ONCE: usize = 10_000;

/// A table whose rows have a sealed address, except for `bindings`. A value identifies each row and
/// is the owner of the sealed address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Table {
    /// `sessions`
    Sessions,
    /// `invites`
    Invites,
    /// `outbox`
    Outbox,
    /// `visits`
    Visits,
}

impl Table {
    /// All of them, in the order in which transactions lock them.
    pub const ALL: [Self; 4] = [Self::Sessions, Self::Invites, Self::Outbox, Self::Visits];
}

/// The owner and the sealed address of a row.
pub type Sealed = (Vec<u8>, Vec<u8>);

/// Returns the sealed addresses of a table.
///
/// # Errors
/// [`Error`] if the database fails.
pub async fn sealed(conn: &mut Conn, table: Table) -> Result<Vec<Sealed>, Error> {
    match table {
        Table::Sessions => conn.load(sessions::table.select((sessions::session_key, sessions::address))).await,
        Table::Invites => {
            let pending = invites::table.filter(invites::address.is_not_null());
            conn.load(pending.select((invites::key_index, invites::address.assume_not_null()))).await
        }
        Table::Outbox => conn.load(outbox::table.select((outbox::owner, outbox::payload))).await,
        Table::Visits => conn.load(visits::table.select((visits::token_hash, visits::subject))).await,
    }
}

/// Replaces the address of a row.
///
/// # Errors
/// [`Error`] if the database fails.
pub async fn replace(
    conn: &mut Conn,
    table: Table,
    owner: Vec<u8>,
    address_index: Vec<u8>,
    sealed: Vec<u8>,
) -> Result<(), Error> {
    match table {
        Table::Sessions => {
            let change = (sessions::address_index.eq(address_index), sessions::address.eq(sealed));
            conn.execute(diesel::update(sessions::table.filter(sessions::session_key.eq(owner))).set(change)).await
        }
        Table::Invites => {
            let change = (invites::address_index.eq(Some(address_index)), invites::address.eq(Some(sealed)));
            conn.execute(diesel::update(invites::table.filter(invites::key_index.eq(owner))).set(change)).await
        }
        Table::Outbox => {
            let change = (outbox::address_index.eq(address_index), outbox::payload.eq(sealed));
            conn.execute(diesel::update(outbox::table.filter(outbox::owner.eq(owner))).set(change)).await
        }
        Table::Visits => {
            let change = (visits::subject_index.eq(address_index), visits::subject.eq(sealed));
            conn.execute(diesel::update(visits::table.filter(visits::token_hash.eq(owner))).set(change)).await
        }
    }
    .map(drop)
}

/// Removes a row.
///
/// # Errors
/// [`Error`] if the database fails.
pub async fn remove(conn: &mut Conn, table: Table, owner: Vec<u8>) -> Result<(), Error> {
    match table {
        Table::Sessions => conn.execute(diesel::delete(sessions::table.filter(sessions::session_key.eq(owner)))).await,
        Table::Invites => conn.execute(diesel::delete(invites::table.filter(invites::key_index.eq(owner)))).await,
        Table::Outbox => conn.execute(diesel::delete(outbox::table.filter(outbox::owner.eq(owner)))).await,
        Table::Visits => conn.execute(diesel::delete(visits::table.filter(visits::token_hash.eq(owner)))).await,
    }
    .map(drop)
}

/// The columns needed to bind an address again.
#[derive(Clone, Debug, Queryable)]
pub struct Stored {
    /// The row's id.
    pub id: i64,
    /// Blind index of the address; the sealed columns are tied to it.
    pub address_index: Vec<u8>,
    /// The Matrix ID, sealed.
    pub mxid: Vec<u8>,
    /// The time when the address was bound.
    pub bound_at: Millis,
}

/// Returns those of the bindings with these ids that (still) exist.
///
/// # Errors
/// [`Error`] if the database fails.
pub async fn bound(conn: &mut Conn, ids: &[i64]) -> Result<Vec<Stored>, Error> {
    let mut found = Vec::new();
    for ids in ids.chunks(AT_ONCE) {
        let rows = bindings::table.filter(bindings::id.eq_any(ids.to_vec()));
        let columns = (bindings::id, bindings::address_index, bindings::mxid, bindings::bound_at);
        found.extend(conn.load(rows.select(columns)).await?);
    }
    Ok(found)
}

/// Returns the ids, address indexes and times of the bindings with these address indexes.
///
/// # Errors
/// [`Error`] if the database fails.
pub async fn bound_as(conn: &mut Conn, address_indexes: &[Vec<u8>]) -> Result<Vec<(i64, Vec<u8>, Millis)>, Error> {
    let mut found = Vec::new();
    for indexes in address_indexes.chunks(AT_ONCE) {
        let rows = bindings::table.filter(bindings::address_index.eq_any(indexes.to_vec()));
        found.extend(conn.load(rows.select((bindings::id, bindings::address_index, bindings::bound_at))).await?);
    }
    Ok(found)
}

/// Removes the bindings with these ids.
///
/// # Errors
/// [`Error`] if the database fails.
pub async fn unbind(conn: &mut Conn, ids: &[i64]) -> Result<(), Error> {
    for ids in ids.chunks(AT_ONCE) {
        conn.execute(diesel::delete(bindings::table.filter(bindings::id.eq_any(ids.to_vec())))).await?;
    }
    Ok(())
}

/// Returns the indexes among these under which an objection is stored.
///
/// # Errors
/// [`Error`] if the database fails.
pub async fn objected(conn: &mut Conn, address_indexes: &[Vec<u8>]) -> Result<HashSet<Vec<u8>>, Error> {
    let mut found = HashSet::new();
    for indexes in address_indexes.chunks(AT_ONCE) {
        let rows = objections::table.filter(objections::address_index.eq_any(indexes.to_vec()));
        found.extend(conn.load(rows.select(objections::address_index)).await?);
    }
    Ok(found)
}
