//! Web sessions, in which people view and manage their data. The table is called `visits`.

use std::ops::RangeInclusive;

use diesel::prelude::*;

use super::columns;
use super::connection::Conn;
use super::error::Error;
use super::proofs::Standing;
use super::schema::visits;
use crate::clock::Millis;

/// A web session's row.
#[derive(Clone, Debug, Queryable, Selectable, Insertable)]
#[diesel(table_name = visits)]
pub struct Visit {
    /// Blind index of the cookie; the sealed column is tied to it.
    pub token_hash: Vec<u8>,
    /// Blind index of the Matrix ID or address.
    pub subject_index: Vec<u8>,
    /// The Matrix ID or the address, sealed.
    pub subject: Vec<u8>,
    /// The time when the user proved that it is theirs.
    pub proved_at: Millis,
    /// The same, until that proof is used.
    pub proof_at: Option<Millis>,
    /// The time when they confirmed that they read one of their addresses.
    pub confirmed_at: Option<Millis>,
    /// A fingerprint of that address.
    pub confirmed_by: Option<Vec<u8>>,
}

/// The maximum number of concurrent web sessions of a subject: a link can be opened many times, and
/// must not fill the table.
const MOST: i64 = 20;
/// The number of surplus sessions that are ended at a time; concurrent requests can exceed
/// [`MOST`].
const SPARE: i64 = 100;

/// Begins a session, and ends the oldest ones of the same subject if there are too many.
///
/// # Errors
/// [`Error`] if the database fails.
pub async fn begin(conn: &mut Conn, visit: Visit) -> Result<(), Error> {
    let oldest = visits::table
        .select(visits::token_hash)
        .filter(visits::subject_index.eq(visit.subject_index.clone()))
        .order((visits::proved_at.desc(), visits::token_hash))
        .offset(MOST - 1)
        .limit(SPARE);
    let oldest: Vec<Vec<u8>> = conn.load(oldest).await?;
    if !oldest.is_empty() {
        conn.execute(diesel::delete(visits::table.filter(visits::token_hash.eq_any(oldest)))).await?;
    }
    conn.execute(diesel::insert_into(visits::table).values(visit)).await?;
    Ok(())
}

/// Returns the session with this token, if it began within this time.
///
/// # Errors
/// [`Error`] if the database fails.
pub async fn find(conn: &mut Conn, token_hash: &[u8], begun: &RangeInclusive<Millis>) -> Result<Option<Visit>, Error> {
    let query = visits::table
        .select(columns::<Visit>())
        .filter(visits::token_hash.eq(token_hash.to_vec()))
        .filter(visits::proved_at.between(*begun.start(), *begun.end()));
    conn.first(query).await
}

/// Returns when the sessions of a subject that began within this time began, oldest first.
///
/// # Errors
/// [`Error`] if the database fails.
pub async fn times_of(
    conn: &mut Conn,
    subject_index: &[u8],
    begun: &RangeInclusive<Millis>,
) -> Result<Vec<Millis>, Error> {
    let query = visits::table
        .select(visits::proved_at)
        .filter(visits::subject_index.eq(subject_index.to_vec()))
        .filter(visits::proved_at.between(*begun.start(), *begun.end()))
        .order(visits::proved_at);
    conn.load(query).await
}

/// Ends a session.
///
/// # Errors
/// [`Error`] if the database fails.
pub async fn end(conn: &mut Conn, token_hash: &[u8]) -> Result<(), Error> {
    conn.execute(diesel::delete(visits::table.filter(visits::token_hash.eq(token_hash.to_vec())))).await?;
    Ok(())
}

/// Ends a session, and returns the proofs that its person had given in it, if it existed.
///
/// # Errors
/// [`Error`] if the database fails.
pub async fn take(conn: &mut Conn, token_hash: &[u8]) -> Result<Option<Standing>, Error> {
    let one = diesel::delete(visits::table.filter(visits::token_hash.eq(token_hash.to_vec())));
    conn.first(one.returning((visits::proof_at, visits::confirmed_at, visits::confirmed_by))).await
}

/// Ends all sessions of a subject; returns how many. It waits for a session that is being replaced
/// by another (see [`take`]), and only a second statement sees the new one.
///
/// # Errors
/// [`Error`] if the database fails.
pub async fn end_all_of(conn: &mut Conn, subject_index: &[u8]) -> Result<usize, Error> {
    // No session has an empty hash.
    end_others_of(conn, subject_index, &[]).await
}

/// Works like [`end_all_of`], except for one session; returns how many.
///
/// # Errors
/// [`Error`] if the database fails.
pub async fn end_others_of(conn: &mut Conn, subject_index: &[u8], kept: &[u8]) -> Result<usize, Error> {
    let mut ended = 0;
    for _ in 0..2 {
        let others = visits::table
            .filter(visits::subject_index.eq(subject_index.to_vec()))
            .filter(visits::token_hash.ne(kept.to_vec()));
        ended += conn.execute(diesel::delete(others)).await?;
    }
    Ok(ended)
}

/// Deletes at most `limit` sessions that began by `until`; returns how many.
///
/// # Errors
/// [`Error`] if the database fails.
pub async fn sweep(conn: &mut Conn, until: Millis, limit: i64) -> Result<usize, Error> {
    let is_expired = visits::proved_at.le(until);
    let rows: Vec<Vec<u8>> =
        conn.load(visits::table.select(visits::token_hash).filter(is_expired).limit(limit)).await?;
    conn.execute(diesel::delete(visits::table.filter(visits::token_hash.eq_any(rows)).filter(is_expired))).await
}
