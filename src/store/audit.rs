//! The audit log. Its entries are opaque here: texts with a MAC.

use diesel::prelude::*;

use super::columns;
use super::connection::Conn;
use super::error::Error;
use super::schema::{audit_log, audit_queue};

/// An entry that is not linked yet.
#[derive(Clone, Debug, Queryable, Selectable)]
#[diesel(table_name = audit_queue)]
pub struct Queued {
    /// The row's id.
    pub id: i64,
    /// The entry.
    pub entry: String,
    /// Its MAC.
    pub mac: Vec<u8>,
}

/// An entry of the chain.
#[derive(Clone, Debug, Queryable, Selectable, Insertable)]
#[diesel(table_name = audit_log)]
pub struct Linked {
    /// Its number: one more than that of the entry before it.
    pub sequence: i64,
    /// The entry.
    pub entry: String,
    /// Its MAC.
    pub mac: Vec<u8>,
    /// A MAC of the entry and of the link before it.
    pub link: Vec<u8>,
}

/// Adds an entry, to be linked later.
///
/// # Errors
/// [`Error`] if the database fails.
pub async fn queue(conn: &mut Conn, entry: &str, mac: &[u8]) -> Result<(), Error> {
    let row = (audit_queue::entry.eq(entry.to_owned()), audit_queue::mac.eq(mac.to_vec()));
    conn.execute(diesel::insert_into(audit_queue::table).values(row)).await.map(drop)
}

/// Returns the first `limit` entries that are not linked yet, with ids greater than `after`.
///
/// # Errors
/// [`Error`] if the database fails.
pub async fn queued(conn: &mut Conn, after: i64, limit: i64) -> Result<Vec<Queued>, Error> {
    let rows = audit_queue::table.select(columns::<Queued>()).filter(audit_queue::id.gt(after));
    conn.load(rows.order(audit_queue::id).limit(limit)).await
}

/// Moves entries from the queue, where they have these ids, to the end of the log.
///
/// # Errors
/// [`Error`] if the database fails.
pub async fn append(conn: &mut Conn, ids: Vec<i64>, linked: Vec<Linked>) -> Result<(), Error> {
    conn.execute(diesel::insert_into(audit_log::table).values(linked)).await?;
    conn.execute(diesel::delete(audit_queue::table.filter(audit_queue::id.eq_any(ids)))).await.map(drop)
}

/// Returns the first `limit` entries of the log with numbers greater than `after`.
///
/// # Errors
/// [`Error`] if the database fails.
pub async fn page(conn: &mut Conn, after: i64, limit: i64) -> Result<Vec<Linked>, Error> {
    let rows = audit_log::table.select(columns::<Linked>()).filter(audit_log::sequence.gt(after));
    conn.load(rows.order(audit_log::sequence).limit(limit)).await
}

/// Deletes the entries of the log up to this number; returns how many.
///
/// # Errors
/// [`Error`] if the database fails.
pub async fn remove_until(conn: &mut Conn, sequence: i64) -> Result<usize, Error> {
    conn.execute(diesel::delete(audit_log::table.filter(audit_log::sequence.le(sequence)))).await
}
