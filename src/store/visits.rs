//! People who look at what is held about them.

use diesel::prelude::*;

use super::connection::Conn;
use super::error::Error;
use super::schema::visits;
use crate::clock::Millis;

/// A visit's row.
#[derive(Clone, Debug, Queryable, Insertable)]
#[diesel(table_name = visits)]
pub struct Visit {
    /// Blind index of the cookie; owner of the sealed column.
    pub token_hash: Vec<u8>,
    /// Blind index of who, or whose address, it is.
    pub subject_index: Vec<u8>,
    /// The Matrix ID or the address, sealed.
    pub subject: Vec<u8>,
    /// When it was proved.
    pub proved_at: Millis,
}

/// How many visits of the same person last at once: a link that works as often as it is opened must not fill the table.
const MOST: i64 = 20;
/// How many that were begun in the same moment are ended at once.
const SPARE: i64 = 100;

/// Begins a visit, and ends the oldest of the same person if there are too many.
///
/// # Errors
/// [`Error`] if the database does not answer.
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

/// The visit of that token, if it began after `since`.
///
/// # Errors
/// [`Error`] if the database does not answer.
pub async fn find(conn: &mut Conn, token_hash: &[u8], since: Millis) -> Result<Option<Visit>, Error> {
    let query = visits::table
        .select((visits::token_hash, visits::subject_index, visits::subject, visits::proved_at))
        .filter(visits::token_hash.eq(token_hash.to_vec()))
        .filter(visits::proved_at.gt(since));
    conn.first(query).await
}

/// When the visits of somebody began that are not over, the oldest first.
///
/// # Errors
/// [`Error`] if the database does not answer.
pub async fn times_of(conn: &mut Conn, subject_index: &[u8], since: Millis) -> Result<Vec<Millis>, Error> {
    let query = visits::table
        .select(visits::proved_at)
        .filter(visits::subject_index.eq(subject_index.to_vec()))
        .filter(visits::proved_at.gt(since))
        .order(visits::proved_at);
    conn.load(query).await
}

/// Ends a visit.
///
/// # Errors
/// [`Error`] if the database does not answer.
pub async fn end(conn: &mut Conn, token_hash: &[u8]) -> Result<(), Error> {
    conn.execute(diesel::delete(visits::table.filter(visits::token_hash.eq(token_hash.to_vec())))).await?;
    Ok(())
}

/// Ends all visits of somebody; returns how many.
///
/// # Errors
/// [`Error`] if the database does not answer.
pub async fn end_all_of(conn: &mut Conn, subject_index: &[u8]) -> Result<usize, Error> {
    conn.execute(diesel::delete(visits::table.filter(visits::subject_index.eq(subject_index.to_vec())))).await
}

/// Ends all visits of somebody but for one.
///
/// # Errors
/// [`Error`] if the database does not answer.
pub async fn end_others_of(conn: &mut Conn, subject_index: &[u8], kept: &[u8]) -> Result<(), Error> {
    let others = visits::table
        .filter(visits::subject_index.eq(subject_index.to_vec()))
        .filter(visits::token_hash.ne(kept.to_vec()));
    conn.execute(diesel::delete(others)).await?;
    Ok(())
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
