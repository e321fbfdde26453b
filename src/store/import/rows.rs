//! Comparing another server's rows with those stored here, and adding them.

use std::collections::{HashMap, HashSet};

use diesel::prelude::*;

use super::BATCH;
use crate::clock::Millis;
use crate::store::columns;
use crate::store::connection::Conn;
use crate::store::consents::NewConsent;
use crate::store::error::Error;
use crate::store::invites::NewInvite;
use crate::store::prepared::Prepared;
use crate::store::schema::{accounts, bindings, consents, ephemeral_keys, invites, tokens};

/// An account to insert.
#[derive(Clone, Debug, Insertable)]
#[diesel(table_name = accounts)]
pub struct NewAccount {
    /// Blind index of the Matrix ID.
    pub user_index: Vec<u8>,
    /// The Matrix ID, sealed.
    pub mxid: Vec<u8>,
    /// The time when the user first registered.
    pub created_at: Millis,
}

/// A token to insert.
#[derive(Clone, Debug, Insertable)]
#[diesel(table_name = tokens)]
pub struct NewToken {
    /// SHA-256 of the token.
    pub token_hash: Vec<u8>,
    /// The account it belongs to.
    pub account_id: i64,
    /// The time when it was issued.
    pub created_at: Millis,
    /// The time when it was last used.
    pub used_at: Millis,
}

/// The columns of a pending invitation that say who is invited.
#[derive(Clone, Debug, Queryable, Selectable)]
#[diesel(table_name = invites)]
pub struct Pending {
    /// The row's id.
    pub id: i64,
    /// Fingerprint of the ephemeral public key; the sealed column is tied to it.
    pub key_index: Vec<u8>,
    /// The address, sealed.
    pub address: Option<Vec<u8>>,
}

/// Returns the users that these addresses are bound to, and since when, by address index.
///
/// # Errors
/// [`Error`] if the database fails.
pub async fn bound(conn: &mut Conn, indexes: &[Vec<u8>]) -> Result<HashMap<Vec<u8>, (Vec<u8>, Millis)>, Error> {
    let rows = bindings::table
        .select((bindings::address_index, bindings::user_index, bindings::bound_at))
        .filter(bindings::address_index.eq_any(indexes.to_vec()));
    let rows: Vec<(Vec<u8>, Vec<u8>, Millis)> = conn.load(rows).await?;
    Ok(rows.into_iter().map(|(address, user, at)| (address, (user, at))).collect())
}

/// Removes the bindings of these addresses that were made by `until`; returns how many.
///
/// # Errors
/// [`Error`] if the database fails.
pub async fn unbind(conn: &mut Conn, address_indexes: &[Vec<u8>], until: Millis) -> Result<usize, Error> {
    let theirs = bindings::address_index.eq_any(address_indexes.to_vec());
    conn.execute(diesel::delete(bindings::table.filter(theirs).filter(bindings::bound_at.le(until)))).await
}

/// Returns the ids of the existing accounts among these, by user index.
///
/// # Errors
/// [`Error`] if the database fails.
pub async fn accounts(conn: &mut Conn, indexes: &[Vec<u8>]) -> Result<HashMap<Vec<u8>, i64>, Error> {
    let rows = accounts::table.select((accounts::user_index, accounts::id));
    let rows: Vec<(Vec<u8>, i64)> = conn.load(rows.filter(accounts::user_index.eq_any(indexes.to_vec()))).await?;
    Ok(rows.into_iter().collect())
}

/// Adds accounts that do not exist.
///
/// # Errors
/// [`Error`] if the database fails or one of them exists.
pub async fn add_accounts(conn: &mut Conn, new: Vec<NewAccount>) -> Result<(), Error> {
    let one = |row| Prepared(diesel::insert_into(accounts::table).values(row));
    conn.insert(new, one, |rows| Prepared(diesel::insert_into(accounts::table).values(rows))).await
}

/// Returns the existing tokens among these.
///
/// # Errors
/// [`Error`] if the database fails.
pub async fn tokens(conn: &mut Conn, hashes: &[Vec<u8>]) -> Result<HashSet<Vec<u8>>, Error> {
    let rows = tokens::table.select(tokens::token_hash).filter(tokens::token_hash.eq_any(hashes.to_vec()));
    Ok(conn.load::<Vec<u8>>(rows).await?.into_iter().collect())
}

/// Adds tokens that do not exist.
///
/// # Errors
/// [`Error`] if the database fails or one of them exists.
pub async fn add_tokens(conn: &mut Conn, new: Vec<NewToken>) -> Result<(), Error> {
    let one = |row| Prepared(diesel::insert_into(tokens::table).values(row));
    conn.insert(new, one, |rows| Prepared(diesel::insert_into(tokens::table).values(rows))).await
}

/// Removes tokens.
///
/// # Errors
/// [`Error`] if the database fails.
pub async fn remove_tokens(conn: &mut Conn, hashes: Vec<Vec<u8>>) -> Result<usize, Error> {
    conn.execute(diesel::delete(tokens::table.filter(tokens::token_hash.eq_any(hashes)))).await
}

/// Returns account and version of the consents of these accounts to this policy.
///
/// # Errors
/// [`Error`] if the database fails.
pub async fn consents(conn: &mut Conn, of: Vec<i64>, policy: &str) -> Result<HashSet<(i64, String)>, Error> {
    let rows = consents::table
        .select((consents::account_id, consents::version))
        .filter(consents::account_id.eq_any(of))
        .filter(consents::policy.eq(policy.to_owned()));
    Ok(conn.load::<(i64, String)>(rows).await?.into_iter().collect())
}

/// Adds consents that are not recorded.
///
/// # Errors
/// [`Error`] if the database fails or one of them is recorded.
pub async fn add_consents(conn: &mut Conn, new: Vec<NewConsent>) -> Result<(), Error> {
    let one = |row| Prepared(diesel::insert_into(consents::table).values(row));
    conn.insert(new, one, |rows| Prepared(diesel::insert_into(consents::table).values(rows))).await
}

/// Returns which of these invitations are stored, by the index of their token, and the ids of those
/// that are pending.
///
/// # Errors
/// [`Error`] if the database fails.
pub async fn invites(conn: &mut Conn, token_hashes: &[Vec<u8>]) -> Result<HashMap<Vec<u8>, Option<i64>>, Error> {
    let rows = invites::table
        .select((invites::token_hash, invites::id, invites::address_index.is_not_null()))
        .filter(invites::token_hash.eq_any(token_hashes.to_vec()));
    let rows: Vec<(Vec<u8>, i64, bool)> = conn.load(rows).await?;
    Ok(rows.into_iter().map(|(hash, id, is_pending)| (hash, is_pending.then_some(id))).collect())
}

/// Adds invitations that are not stored, without their keys.
///
/// # Errors
/// [`Error`] if the database fails or one of them is stored.
pub async fn add_invites(conn: &mut Conn, new: Vec<NewInvite>) -> Result<(), Error> {
    let one = |row| Prepared(diesel::insert_into(invites::table).values(row));
    conn.insert(new, one, |rows| Prepared(diesel::insert_into(invites::table).values(rows))).await
}

/// Returns the first pending invitations with ids greater than `after`, in order of their ids.
///
/// # Errors
/// [`Error`] if the database fails.
pub async fn pending(conn: &mut Conn, after: i64) -> Result<Vec<Pending>, Error> {
    let rows = invites::table
        .select(columns::<Pending>())
        .filter(invites::address_index.is_not_null())
        .filter(invites::id.gt(after))
        .order(invites::id)
        .limit(i64::try_from(BATCH).unwrap_or(i64::MAX));
    conn.load(rows).await
}

/// Returns the times until which these ephemeral public keys are valid, by their fingerprints.
///
/// # Errors
/// [`Error`] if the database fails.
pub async fn keys(conn: &mut Conn, indexes: &[Vec<u8>]) -> Result<HashMap<Vec<u8>, Millis>, Error> {
    let rows = ephemeral_keys::table.select((ephemeral_keys::key_index, ephemeral_keys::valid_until));
    let rows: Vec<(Vec<u8>, Millis)> =
        conn.load(rows.filter(ephemeral_keys::key_index.eq_any(indexes.to_vec()))).await?;
    Ok(rows.into_iter().collect())
}

/// Adds ephemeral public keys that are not stored.
///
/// # Errors
/// [`Error`] if the database fails or one of them is stored.
pub async fn add_keys(conn: &mut Conn, new: Vec<Vec<u8>>, valid_until: Millis) -> Result<(), Error> {
    let row = |index| (ephemeral_keys::key_index.eq(index), ephemeral_keys::valid_until.eq(valid_until));
    let one = |row| Prepared(diesel::insert_into(ephemeral_keys::table).values(row));
    let all = |rows| Prepared(diesel::insert_into(ephemeral_keys::table).values(rows));
    conn.insert(new.into_iter().map(row).collect(), one, all).await
}
