//! Erasures that are carried out later, unless somebody stops them.

use diesel::prelude::*;

use super::columns;
use super::connection::Conn;
use super::error::Error;
use super::schema::erasures;
use crate::clock::Millis;

/// A requested erasure.
#[derive(Clone, Debug, Queryable, Selectable, Insertable)]
#[diesel(table_name = erasures)]
pub struct Erasure {
    /// Blind index of the Matrix ID; the sealed column is tied to it.
    pub user_index: Vec<u8>,
    /// The Matrix ID, sealed.
    pub mxid: Vec<u8>,
    /// The tag of the language of the messages about it.
    pub language: String,
    /// The time when it was requested.
    pub requested_at: Millis,
    /// The time when it is to be carried out.
    pub due_at: Millis,
}

/// Stores an erasure, unless one is stored for the same user; returns whether it was.
///
/// # Errors
/// [`Error`] if the database fails.
pub async fn request(conn: &mut Conn, erasure: Erasure) -> Result<bool, Error> {
    let insert = diesel::insert_into(erasures::table).values(erasure).on_conflict_do_nothing();
    conn.execute(insert).await.map(|rows| rows == 1)
}

/// Returns the erasure of a user.
///
/// # Errors
/// [`Error`] if the database fails.
pub async fn of_user(conn: &mut Conn, user_index: &[u8]) -> Result<Option<Erasure>, Error> {
    conn.first(erasures::table.select(columns::<Erasure>()).filter(erasures::user_index.eq(user_index.to_vec()))).await
}

/// Returns at most `limit` erasures that are due, the oldest first.
///
/// # Errors
/// [`Error`] if the database fails.
pub async fn due(conn: &mut Conn, now: Millis, limit: i64) -> Result<Vec<Erasure>, Error> {
    let due = erasures::table.select(columns::<Erasure>()).filter(erasures::due_at.le(now));
    conn.load(due.order(erasures::due_at).limit(limit)).await
}

/// Deletes the erasure of a user that was requested at that time; returns whether it existed. Of
/// concurrent calls, one succeeds.
///
/// # Errors
/// [`Error`] if the database fails.
pub async fn take(conn: &mut Conn, user_index: &[u8], requested_at: Millis) -> Result<bool, Error> {
    let one = erasures::table
        .filter(erasures::user_index.eq(user_index.to_vec()))
        .filter(erasures::requested_at.eq(requested_at));
    conn.execute(diesel::delete(one)).await.map(|rows| rows == 1)
}

/// Deletes the erasures of these users.
///
/// # Errors
/// [`Error`] if the database fails.
pub async fn cancel_all(conn: &mut Conn, user_indexes: Vec<Vec<u8>>) -> Result<(), Error> {
    conn.execute(diesel::delete(erasures::table.filter(erasures::user_index.eq_any(user_indexes)))).await.map(drop)
}

/// Deletes the erasure of a user; returns whether there was one.
///
/// # Errors
/// [`Error`] if the database fails.
pub async fn cancel(conn: &mut Conn, user_index: &[u8]) -> Result<bool, Error> {
    let one = erasures::table.filter(erasures::user_index.eq(user_index.to_vec()));
    conn.execute(diesel::delete(one)).await.map(|rows| rows == 1)
}
