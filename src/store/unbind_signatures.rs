//! Fingerprints of the signatures on homeservers' unbind requests, to detect replays.

use std::collections::BTreeSet;

use diesel::prelude::*;

use super::connection::Conn;
use super::error::Error;
use super::prepared::Prepared;
use super::schema::unbind_signatures;
use crate::clock::Millis;

/// Stores signatures, and returns whether all of them are new. A concurrent request with the same signatures waits until this
/// transaction ends. They are inserted in order, so that such requests do not deadlock.
///
/// # Errors
/// [`Error`] if the database fails.
pub async fn are_new(conn: &mut Conn, signature_hashes: &BTreeSet<Vec<u8>>, now: Millis) -> Result<bool, Error> {
    let mut all_new = true;
    for hash in signature_hashes {
        let row = (unbind_signatures::signature_hash.eq(hash.clone()), unbind_signatures::seen_at.eq(now));
        let insert = diesel::insert_into(unbind_signatures::table).values(row).on_conflict_do_nothing();
        all_new &= conn.execute(insert).await? == 1;
    }
    Ok(all_new)
}

/// Records that stored signatures were used again.
///
/// # Errors
/// [`Error`] if the database fails.
pub async fn renew(conn: &mut Conn, signature_hashes: &BTreeSet<Vec<u8>>, now: Millis) -> Result<(), Error> {
    for hash in signature_hashes {
        let row = unbind_signatures::table.filter(unbind_signatures::signature_hash.eq(hash.clone()));
        conn.execute(Prepared(diesel::update(row).set(unbind_signatures::seen_at.eq(now)))).await?;
    }
    Ok(())
}

/// Deletes at most `limit` signatures that were last used by `until`; returns how many.
///
/// # Errors
/// [`Error`] if the database fails.
pub async fn sweep(conn: &mut Conn, until: Millis, limit: i64) -> Result<usize, Error> {
    let is_expired = unbind_signatures::seen_at.le(until);
    let rows: Vec<Vec<u8>> = conn
        .load(unbind_signatures::table.select(unbind_signatures::signature_hash).filter(is_expired).limit(limit))
        .await?;
    conn.execute(diesel::delete(
        unbind_signatures::table.filter(unbind_signatures::signature_hash.eq_any(rows)).filter(is_expired),
    ))
    .await
}
