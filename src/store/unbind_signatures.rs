//! Signatures by which homeservers have unbound, as fingerprints.

use diesel::prelude::*;

use super::connection::Conn;
use super::error::Error;
use super::prepared::Prepared;
use super::schema::unbind_signatures;
use crate::clock::Millis;

/// Keeps a signature if it is new, and returns whether it is. Who brings the same one in the same moment waits for the other's transaction.
///
/// # Errors
/// [`Error`] if the database does not answer.
pub async fn is_new(conn: &mut Conn, signature_hash: &[u8], now: Millis) -> Result<bool, Error> {
    let row = (unbind_signatures::signature_hash.eq(signature_hash.to_vec()), unbind_signatures::seen_at.eq(now));
    let insert = diesel::insert_into(unbind_signatures::table).values(row).on_conflict_do_nothing();
    Ok(conn.execute(insert).await? == 1)
}

/// Notes that a signature that is kept has been used once more.
///
/// # Errors
/// [`Error`] if the database does not answer.
pub async fn renew(conn: &mut Conn, signature_hash: &[u8], now: Millis) -> Result<(), Error> {
    let row = unbind_signatures::table.filter(unbind_signatures::signature_hash.eq(signature_hash.to_vec()));
    conn.execute(Prepared(diesel::update(row).set(unbind_signatures::seen_at.eq(now)))).await?;
    Ok(())
}

/// Forgets the signatures that were not used since; returns how many.
///
/// # Errors
/// [`Error`] if the database does not answer.
pub async fn sweep(conn: &mut Conn, unused_since: Millis) -> Result<usize, Error> {
    conn.execute(diesel::delete(unbind_signatures::table.filter(unbind_signatures::seen_at.le(unused_since)))).await
}
