//! Invitations of addresses that are not bound yet, and the ephemeral public keys that belong to
//! them.

use diesel::prelude::*;

use super::columns;
use super::connection::Conn;
use super::error::Error;
use super::prepared::Prepared;
use super::schema::{ephemeral_keys, invites};
use crate::clock::Millis;

/// An invitation to insert.
#[derive(Clone, Debug, Insertable)]
#[diesel(table_name = invites)]
pub struct NewInvite {
    /// Blind index of the token.
    pub token_hash: Vec<u8>,
    /// The inviter's account.
    pub account_id: i64,
    /// Blind index of the address.
    pub address_index: Vec<u8>,
    /// The address, sealed.
    pub address: Vec<u8>,
    /// The token, sealed.
    pub token: Vec<u8>,
    /// The room's id, sealed.
    pub room_id: Vec<u8>,
    /// The inviter's Matrix ID, sealed.
    pub sender: Vec<u8>,
    /// Fingerprint of the ephemeral public key; the sealed columns are tied to it.
    pub key_index: Vec<u8>,
    /// The id of this server's key that was sent to the room.
    pub signing_key: String,
    /// The time when the invitation was made.
    pub created_at: Millis,
}

/// An invitation's row.
#[derive(Clone, Debug, Queryable, Selectable)]
#[diesel(table_name = invites)]
pub struct Invite {
    /// The row's id.
    pub id: i64,
    /// The address, sealed, or `None` if the invitation has been delivered.
    pub address: Option<Vec<u8>>,
    /// The token, sealed.
    pub token: Vec<u8>,
    /// The room's id, sealed.
    pub room_id: Vec<u8>,
    /// The inviter's Matrix ID, sealed.
    pub sender: Vec<u8>,
    /// Fingerprint of the ephemeral public key; the sealed columns are tied to it.
    pub key_index: Vec<u8>,
    /// The id of this server's key that was sent to the room.
    pub signing_key: String,
    /// The time when the invitation was made.
    pub created_at: Millis,
}

/// Locks an address until the transaction ends. Transactions that bind or invite the address run
/// one after the other, so that a bind does not miss an invitation stored concurrently.
///
/// # Errors
/// [`Error`] if the database fails.
///
/// # Panics
/// Outside a transaction.
pub async fn lock_address(conn: &mut Conn, address_index: &[u8]) -> Result<(), Error> {
    conn.lock(address_index).await
}

/// Stores an invitation, and its public key as valid until `key_until`.
///
/// # Errors
/// [`Error`] if the database fails.
pub async fn insert(conn: &mut Conn, new: NewInvite, key_until: Millis) -> Result<(), Error> {
    let key = (ephemeral_keys::key_index.eq(new.key_index.clone()), ephemeral_keys::valid_until.eq(key_until));
    conn.execute(diesel::insert_into(ephemeral_keys::table).values(key)).await?;
    conn.execute(diesel::insert_into(invites::table).values(new)).await?;
    Ok(())
}

/// Returns the invitation with this token, delivered or not, if it was made after `created_after`.
///
/// # Errors
/// [`Error`] if the database fails.
pub async fn by_token_hash(conn: &mut Conn, token_hash: &[u8], created_after: Millis) -> Result<Option<Invite>, Error> {
    let query = invites::table
        .select(columns::<Invite>())
        .filter(invites::token_hash.eq(token_hash.to_vec()))
        .filter(invites::created_at.gt(created_after));
    conn.first(query).await
}

/// Returns the pending invitations of an address that were made after `created_after`, oldest
/// first, and locks them until the transaction ends. To deliver them, the caller must have [locked
/// the address](lock_address).
///
/// # Errors
/// [`Error`] if the database fails.
pub async fn pending_of_address(
    conn: &mut Conn,
    address_index: &[u8],
    created_after: Millis,
) -> Result<Vec<Invite>, Error> {
    let theirs = invites::table.filter(invites::address_index.eq(address_index.to_vec()));
    // Waits for a concurrent erasure of a sender: a delivery queued after it would outlive the
    // sender's other data.
    let same = diesel::update(theirs).set(invites::address_index.eq(Some(address_index.to_vec())));
    let mut pending: Vec<Invite> = conn.load(Prepared(same.returning(columns::<Invite>()))).await?;
    pending.retain(|invite| invite.created_at > created_after);
    pending.sort_unstable_by_key(|invite| invite.id);
    Ok(pending)
}

/// Works like [`pending_of_address`], but without a lock: the invitations may be removed
/// concurrently.
///
/// # Errors
/// [`Error`] if the database fails.
pub async fn of_address(conn: &mut Conn, address_index: &[u8], created_after: Millis) -> Result<Vec<Invite>, Error> {
    let query = invites::table
        .select(columns::<Invite>())
        .filter(invites::address_index.eq(address_index.to_vec()))
        .filter(invites::created_at.gt(created_after))
        .order(invites::id);
    conn.load(query).await
}

/// Clears the address of invitations that are being delivered, and ends the validity of their keys
/// at `keys_until` if it would last longer.
///
/// # Errors
/// [`Error`] if the database fails.
pub async fn delivered(conn: &mut Conn, ids: Vec<i64>, keys_until: Millis) -> Result<(), Error> {
    let nothing = None::<Vec<u8>>;
    let change = (invites::address_index.eq(nothing.clone()), invites::address.eq(nothing));
    let rows = diesel::update(invites::table.filter(invites::id.eq_any(ids))).set(change);
    let keys = conn.load(Prepared(rows.returning(invites::key_index))).await?;
    retire_keys(conn, keys, keys_until).await
}

/// Removes those of the invitations that are still pending, and ends the validity of their keys at
/// `keys_until` if it would last longer; returns how many were removed. The caller must have
/// [locked the address](lock_address).
///
/// # Errors
/// [`Error`] if the database fails.
pub async fn remove_pending(conn: &mut Conn, ids: Vec<i64>, keys_until: Millis) -> Result<usize, Error> {
    let pending = invites::table.filter(invites::id.eq_any(ids)).filter(invites::address_index.is_not_null());
    let keys: Vec<Vec<u8>> = conn.load(diesel::delete(pending).returning(invites::key_index)).await?;
    let removed = keys.len();
    retire_keys(conn, keys, keys_until).await?;
    Ok(removed)
}

async fn retire_keys(conn: &mut Conn, keys: Vec<Vec<u8>>, until: Millis) -> Result<(), Error> {
    let keys = ephemeral_keys::table
        .filter(ephemeral_keys::key_index.eq_any(keys))
        .filter(ephemeral_keys::valid_until.gt(until));
    conn.execute(Prepared(diesel::update(keys).set(ephemeral_keys::valid_until.eq(until)))).await?;
    Ok(())
}

/// Returns the invitations that an account made, oldest first.
///
/// # Errors
/// [`Error`] if the database fails.
pub async fn of_account(conn: &mut Conn, account_id: i64) -> Result<Vec<Invite>, Error> {
    conn.load(invites::table.select(columns::<Invite>()).filter(invites::account_id.eq(account_id)).order(invites::id))
        .await
}

/// Removes all invitations that an account made; returns how many.
///
/// # Errors
/// [`Error`] if the database fails.
pub async fn remove_of_account(conn: &mut Conn, account_id: i64) -> Result<usize, Error> {
    conn.execute(diesel::delete(invites::table.filter(invites::account_id.eq(account_id)))).await
}

/// Works like [`remove_pending`], for all pending invitations of an address.
///
/// # Errors
/// [`Error`] if the database fails.
pub async fn remove_by_address(conn: &mut Conn, address_index: &[u8], keys_until: Millis) -> Result<usize, Error> {
    let theirs = invites::table.select(invites::id).filter(invites::address_index.eq(address_index.to_vec()));
    let ids = conn.load(theirs).await?;
    remove_pending(conn, ids, keys_until).await
}

/// Returns whether the public key with this fingerprint is valid.
///
/// # Errors
/// [`Error`] if the database fails.
pub async fn is_key_valid(conn: &mut Conn, key_index: &[u8], now: Millis) -> Result<bool, Error> {
    let query = ephemeral_keys::table
        .select(ephemeral_keys::valid_until)
        .filter(ephemeral_keys::key_index.eq(key_index.to_vec()))
        .filter(ephemeral_keys::valid_until.gt(now));
    Ok(conn.first::<Millis>(query).await?.is_some())
}

/// Deletes at most `limit` invitations that were made by `until`; returns how many.
///
/// # Errors
/// [`Error`] if the database fails.
pub async fn sweep(conn: &mut Conn, until: Millis, limit: i64) -> Result<usize, Error> {
    let is_expired = invites::created_at.le(until);
    let rows: Vec<i64> = conn.load(invites::table.select(invites::id).filter(is_expired).limit(limit)).await?;
    conn.execute(diesel::delete(invites::table.filter(invites::id.eq_any(rows)).filter(is_expired))).await
}

/// Deletes at most `limit` keys that are no longer valid; returns how many.
///
/// # Errors
/// [`Error`] if the database fails.
pub async fn sweep_keys(conn: &mut Conn, now: Millis, limit: i64) -> Result<usize, Error> {
    let is_expired = ephemeral_keys::valid_until.le(now);
    let rows: Vec<Vec<u8>> =
        conn.load(ephemeral_keys::table.select(ephemeral_keys::key_index).filter(is_expired).limit(limit)).await?;
    conn.execute(diesel::delete(
        ephemeral_keys::table.filter(ephemeral_keys::key_index.eq_any(rows)).filter(is_expired),
    ))
    .await
}
