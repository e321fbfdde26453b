//! Fingerprints of the signatures on homeservers' unbind requests and of the networks that sent
//! them, to detect replays.

use std::collections::BTreeSet;

use diesel::prelude::*;

use super::connection::Conn;
use super::error::Error;
use super::prepared::Prepared;
use super::schema::unbind_signatures;
use crate::clock::Millis;

/// A signature, as stored.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Insertable)]
#[diesel(table_name = unbind_signatures)]
pub struct UnbindSignature {
    /// Fingerprint of the signature.
    pub signature_hash: Vec<u8>,
    /// Fingerprint of the network that sent it first, if that is known.
    pub network_index: Option<Vec<u8>>,
    /// The number of bindings that it has removed.
    pub removals: i64,
    /// The time when it was last used.
    pub seen_at: Millis,
}

/// Stores signatures, and returns whether one of them has removed a binding for another network. A
/// concurrent request with the same signatures waits until this transaction ends. They are inserted
/// in order, so that such requests do not deadlock.
///
/// # Errors
/// [`Error`] if the database fails.
pub async fn are_replayed(conn: &mut Conn, signatures: &BTreeSet<UnbindSignature>) -> Result<bool, Error> {
    let mut are_replayed = false;
    for signature in signatures {
        let query = diesel::insert_into(unbind_signatures::table)
            .values(signature.clone())
            .on_conflict(unbind_signatures::signature_hash)
            .do_update()
            .set(unbind_signatures::seen_at.eq(signature.seen_at))
            .returning((unbind_signatures::network_index, unbind_signatures::removals));
        let (first_from, removals): (Option<Vec<u8>>, i64) = conn.get(Prepared(query)).await?;
        are_replayed |= removals > 0 && (first_from.is_none() || first_from != signature.network_index);
    }
    Ok(are_replayed)
}

/// Records that signatures have removed a binding.
///
/// # Errors
/// [`Error`] if the database fails.
pub async fn count_removal(conn: &mut Conn, signatures: &BTreeSet<UnbindSignature>) -> Result<(), Error> {
    for signature in signatures {
        let row =
            unbind_signatures::table.filter(unbind_signatures::signature_hash.eq(signature.signature_hash.clone()));
        let more = unbind_signatures::removals.eq(unbind_signatures::removals + 1);
        conn.execute(Prepared(diesel::update(row).set(more))).await?;
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
