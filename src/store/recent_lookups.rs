//! The look-ups of access tokens, sealed with keys that derive from the tokens.

use diesel::dsl::sum;
use diesel::prelude::*;
use diesel::sql_types::Binary;
use serde::Serialize;

use super::connection::Conn;
use super::error::Error;
use super::prepared::Prepared;
use super::schema::recent_lookups;
use crate::clock::Millis;

/// The maximum number of values in one statement: `SQLite` allows 32,766 variables.
const AT_ONCE: usize = 10_000;

#[diesel::declare_sql_function]
extern "SQL" {
    /// The length of a value in bytes.
    fn length(value: Binary) -> Integer;
}

/// The amount of stored data.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Size {
    /// The number of rows: one for each token and pepper.
    pub rows: i64,
    /// The length of all sealed values, in bytes.
    pub bytes: i64,
}

/// Returns the look-ups of a token under a pepper, sealed.
///
/// # Errors
/// [`Error`] if the database fails.
pub async fn get(conn: &mut Conn, token_index: &[u8], epoch: i64) -> Result<Option<Vec<u8>>, Error> {
    let row = recent_lookups::table
        .filter(recent_lookups::token_index.eq(token_index.to_vec()))
        .filter(recent_lookups::epoch.eq(epoch));
    conn.first(row.select(recent_lookups::hashes)).await
}

/// Stores the look-ups of a token under a pepper, which is accepted until `expires_at`. The
/// transaction must have [locked](super::accounts::lock_token) the token.
///
/// # Errors
/// [`Error`] if the database fails.
pub async fn put(
    conn: &mut Conn,
    token_index: &[u8],
    epoch: i64,
    hashes: &[u8],
    expires_at: Millis,
) -> Result<(), Error> {
    let row = (
        recent_lookups::token_index.eq(token_index.to_vec()),
        recent_lookups::epoch.eq(epoch),
        recent_lookups::hashes.eq(hashes.to_vec()),
        recent_lookups::expires_at.eq(expires_at),
    );
    let upsert = diesel::insert_into(recent_lookups::table)
        .values(row)
        .on_conflict((recent_lookups::token_index, recent_lookups::epoch))
        .do_update()
        .set((recent_lookups::hashes.eq(hashes.to_vec()), recent_lookups::expires_at.eq(expires_at)));
    conn.execute(Prepared(upsert)).await?;
    Ok(())
}

/// Deletes the look-ups of these tokens. The tokens must have been deleted before, in the same
/// transaction, so that no node writes the rows again.
///
/// # Errors
/// [`Error`] if the database fails.
pub async fn remove(conn: &mut Conn, token_indexes: &[Vec<u8>]) -> Result<(), Error> {
    for some in token_indexes.chunks(AT_ONCE) {
        let rows = recent_lookups::table.filter(recent_lookups::token_index.eq_any(some.to_vec()));
        conn.execute(diesel::delete(rows)).await?;
    }
    Ok(())
}

/// Deletes at most `limit` rows of peppers that are no longer accepted at `now`; returns how many.
///
/// # Errors
/// [`Error`] if the database fails.
pub async fn sweep(conn: &mut Conn, now: Millis, limit: i64) -> Result<usize, Error> {
    let is_expired = recent_lookups::expires_at.le(now);
    let query = recent_lookups::table.select((recent_lookups::token_index, recent_lookups::epoch));
    let rows: Vec<(Vec<u8>, i64)> = conn.load(query.filter(is_expired).limit(limit)).await?;
    let tokens: Vec<_> = rows.into_iter().map(|(token, _)| token).collect();
    let of_tokens = recent_lookups::table.filter(recent_lookups::token_index.eq_any(tokens));
    conn.execute(diesel::delete(of_tokens.filter(is_expired))).await
}

/// Returns the amount of stored data.
///
/// # Errors
/// [`Error`] if the database fails.
pub async fn size(conn: &mut Conn) -> Result<Size, Error> {
    let rows = conn.get(recent_lookups::table.count()).await?;
    let bytes: Option<i64> = conn.get(recent_lookups::table.select(sum(length(recent_lookups::hashes)))).await?;
    Ok(Size { rows, bytes: bytes.unwrap_or_default() })
}
