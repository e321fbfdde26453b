//! Invitations that wait for their address to be bound, and the public keys that belong to them.

use diesel::prelude::*;

use super::connection::Conn;
use super::error::Error;
use super::prepared::Prepared;
use super::schema::{ephemeral_keys, invites};
use crate::clock::Millis;

/// An invitation to be kept.
#[derive(Clone, Debug, Insertable)]
#[diesel(table_name = invites)]
pub struct NewInvite {
    /// Blind index of the token.
    pub token_hash: Vec<u8>,
    /// Who invites.
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
    /// Fingerprint of the public key; owner of the sealed columns.
    pub key_index: Vec<u8>,
    /// The id of this server's key that the room was shown.
    pub signing_key: String,
    /// When it was made.
    pub created_at: Millis,
}

/// An invitation's row.
#[derive(Clone, Debug, Queryable)]
pub struct Invite {
    /// `invites.id`
    pub id: i64,
    /// The address, sealed; `None` once the invitation is delivered.
    pub address: Option<Vec<u8>>,
    /// The token, sealed.
    pub token: Vec<u8>,
    /// The room's id, sealed.
    pub room_id: Vec<u8>,
    /// The inviter's Matrix ID, sealed.
    pub sender: Vec<u8>,
    /// Fingerprint of the public key; owner of the sealed columns.
    pub key_index: Vec<u8>,
    /// The id of this server's key that the room was shown.
    pub signing_key: String,
    /// When it was made.
    pub created_at: Millis,
}

type Columns = (
    invites::id,
    invites::address,
    invites::token,
    invites::room_id,
    invites::sender,
    invites::key_index,
    invites::signing_key,
    invites::created_at,
);

const COLUMNS: Columns = (
    invites::id,
    invites::address,
    invites::token,
    invites::room_id,
    invites::sender,
    invites::key_index,
    invites::signing_key,
    invites::created_at,
);

/// Holds an address until the transaction ends: whoever binds it and whoever invites it take turns, so that no invitation is kept that
/// a bind in the same moment does not see.
///
/// # Errors
/// [`Error`] if the database does not answer.
///
/// # Panics
/// Outside of a transaction.
pub async fn hold_address(conn: &mut Conn, address_index: &[u8]) -> Result<(), Error> {
    conn.lock(address_index).await
}

/// Keeps an invitation, and its public key as valid until `key_until`.
///
/// # Errors
/// [`Error`] if the database does not answer.
pub async fn insert(conn: &mut Conn, new: NewInvite, key_until: Millis) -> Result<(), Error> {
    let key = (ephemeral_keys::key_index.eq(new.key_index.clone()), ephemeral_keys::valid_until.eq(key_until));
    conn.execute(diesel::insert_into(ephemeral_keys::table).values(key)).await?;
    conn.execute(diesel::insert_into(invites::table).values(new)).await?;
    Ok(())
}

/// The invitation with that token, if it was made after `created_after`; delivered or not.
///
/// # Errors
/// [`Error`] if the database does not answer.
pub async fn by_token_hash(conn: &mut Conn, token_hash: &[u8], created_after: Millis) -> Result<Option<Invite>, Error> {
    let query = invites::table
        .select(COLUMNS)
        .filter(invites::token_hash.eq(token_hash.to_vec()))
        .filter(invites::created_at.gt(created_after));
    conn.first(query).await
}

/// The invitations of an address that are not delivered and were made after `created_after`, the oldest first. Whoever delivers them
/// [holds the address](hold_address). None of them is erased before the transaction ends.
///
/// # Errors
/// [`Error`] if the database does not answer.
pub async fn pending_of_address(
    conn: &mut Conn,
    address_index: &[u8],
    created_after: Millis,
) -> Result<Vec<Invite>, Error> {
    let theirs = invites::table.filter(invites::address_index.eq(address_index.to_vec()));
    // Waits for an erasure under way; what is queued for an invitation after that would outlive its sender's data.
    conn.execute(Prepared(diesel::update(theirs).set(invites::address_index.eq(Some(address_index.to_vec()))))).await?;
    of_address(conn, address_index, created_after).await
}

/// As [`pending_of_address`], but only to be looked at: they may be gone in the next moment.
///
/// # Errors
/// [`Error`] if the database does not answer.
pub async fn of_address(conn: &mut Conn, address_index: &[u8], created_after: Millis) -> Result<Vec<Invite>, Error> {
    let query = invites::table
        .select(COLUMNS)
        .filter(invites::address_index.eq(address_index.to_vec()))
        .filter(invites::created_at.gt(created_after))
        .order(invites::id);
    conn.load(query).await
}

/// Forgets the address of invitations that are on their way, and lets their keys be valid no longer than until `keys_until`.
///
/// # Errors
/// [`Error`] if the database does not answer.
pub async fn delivered(conn: &mut Conn, ids: Vec<i64>, keys_until: Millis) -> Result<(), Error> {
    retire_keys(conn, ids.clone(), keys_until).await?;
    let nothing = None::<Vec<u8>>;
    let change = (invites::address_index.eq(nothing.clone()), invites::address.eq(nothing));
    conn.execute(Prepared(diesel::update(invites::table.filter(invites::id.eq_any(ids))).set(change))).await?;
    Ok(())
}

/// Removes those invitations that are not delivered, and lets their keys be valid no longer than until `keys_until`; returns how many. Whoever does
/// so [holds the address](hold_address).
///
/// # Errors
/// [`Error`] if the database does not answer.
pub async fn remove_pending(conn: &mut Conn, ids: Vec<i64>, keys_until: Millis) -> Result<usize, Error> {
    retire_keys(conn, ids.clone(), keys_until).await?;
    let pending = invites::table.filter(invites::id.eq_any(ids)).filter(invites::address_index.is_not_null());
    conn.execute(diesel::delete(pending)).await
}

async fn retire_keys(conn: &mut Conn, ids: Vec<i64>, until: Millis) -> Result<(), Error> {
    let theirs = invites::table.select(invites::key_index).filter(invites::id.eq_any(ids));
    let keys = ephemeral_keys::table
        .filter(ephemeral_keys::key_index.eq_any(theirs))
        .filter(ephemeral_keys::valid_until.gt(until));
    conn.execute(Prepared(diesel::update(keys).set(ephemeral_keys::valid_until.eq(until)))).await?;
    Ok(())
}

/// The invitations that an account made, the oldest first.
///
/// # Errors
/// [`Error`] if the database does not answer.
pub async fn of_account(conn: &mut Conn, account_id: i64) -> Result<Vec<Invite>, Error> {
    conn.load(invites::table.select(COLUMNS).filter(invites::account_id.eq(account_id)).order(invites::id)).await
}

/// Removes the invitations that an account made; returns how many.
///
/// # Errors
/// [`Error`] if the database does not answer.
pub async fn remove_of_account(conn: &mut Conn, account_id: i64) -> Result<usize, Error> {
    conn.execute(diesel::delete(invites::table.filter(invites::account_id.eq(account_id)))).await
}

/// Removes the pending invitations of an address, as [`remove_pending`]; returns how many.
///
/// # Errors
/// [`Error`] if the database does not answer.
pub async fn remove_by_address(conn: &mut Conn, address_index: &[u8], keys_until: Millis) -> Result<usize, Error> {
    let theirs = invites::table.select(invites::id).filter(invites::address_index.eq(address_index.to_vec()));
    let ids = conn.load(theirs).await?;
    remove_pending(conn, ids, keys_until).await
}

/// Whether the public key with that fingerprint is valid.
///
/// # Errors
/// [`Error`] if the database does not answer.
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
