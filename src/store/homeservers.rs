//! The times when homeservers were first and last seen, by a fingerprint of their domain.

use diesel::dsl::case_when;
use diesel::prelude::*;
use diesel::upsert::excluded;

use super::connection::Conn;
use super::error::Error;
use super::prepared::Prepared;
use super::schema::homeservers;
use crate::clock::Millis;

/// Records that a user of a homeserver was seen who has been known since `since`. Returns since
/// when its users have been known.
///
/// # Errors
/// [`Error`] if the database fails.
pub async fn see(conn: &mut Conn, domain_index: &[u8], since: Millis, now: Millis) -> Result<Millis, Error> {
    let is_earlier = excluded(homeservers::first_seen_at).lt(homeservers::first_seen_at);
    let first = case_when(is_earlier, excluded(homeservers::first_seen_at)).otherwise(homeservers::first_seen_at);
    let upsert = diesel::insert_into(homeservers::table)
        .values((
            homeservers::domain_index.eq(domain_index),
            homeservers::first_seen_at.eq(since),
            homeservers::last_seen_at.eq(now),
        ))
        .on_conflict(homeservers::domain_index)
        .do_update()
        .set((homeservers::first_seen_at.eq(first), homeservers::last_seen_at.eq(excluded(homeservers::last_seen_at))))
        .returning(homeservers::first_seen_at);
    conn.get(Prepared(upsert)).await
}

/// Deletes at most `limit` homeservers that were last seen by `until`; returns how many.
///
/// # Errors
/// [`Error`] if the database fails.
pub async fn sweep(conn: &mut Conn, until: Millis, limit: i64) -> Result<usize, Error> {
    let is_over = homeservers::last_seen_at.le(until);
    let rows: Vec<Vec<u8>> =
        conn.load(homeservers::table.select(homeservers::domain_index).filter(is_over).limit(limit)).await?;
    conn.execute(diesel::delete(homeservers::table.filter(homeservers::domain_index.eq_any(rows)).filter(is_over)))
        .await
}
