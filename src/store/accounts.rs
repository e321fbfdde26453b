//! Accounts and their access tokens.

use diesel::prelude::*;
use diesel::sql_query;
use diesel::sql_types::{BigInt, Binary};

use super::columns;
use super::connection::{Backend, Conn};
use super::error::Error;
use super::prepared::Prepared;
use super::schema::{accounts, consents, tokens};
use crate::clock::Millis;

/// An account's row.
#[derive(Clone, Debug, Queryable, Selectable)]
#[diesel(table_name = accounts)]
pub struct Account {
    /// The row's id.
    pub id: i64,
    /// Blind index of the Matrix ID.
    pub user_index: Vec<u8>,
    /// The Matrix ID, sealed.
    pub mxid: Vec<u8>,
    /// The time when the user first registered.
    pub created_at: Millis,
    /// The time when all their tokens were last [ended](end_tokens).
    pub shut_out_at: Option<Millis>,
}

/// An access token with the account it belongs to.
#[derive(Clone, Debug)]
pub struct TokenOwner {
    /// The account.
    pub account: Account,
    /// The time when the token was issued.
    pub created_at: Millis,
    /// The day on which the token was last used.
    pub used_at: Millis,
    /// Policy and version of each consent in force.
    pub accepted: Vec<(String, String)>,
}

/// The time when a token was issued and last used.
#[derive(Clone, Debug, Queryable)]
pub struct TokenTimes {
    /// The time when it was issued.
    pub created_at: Millis,
    /// The day on which it was last used.
    pub used_at: Millis,
}

/// The account of a locked token.
#[derive(QueryableByName)]
struct Locked {
    #[diesel(sql_type = BigInt)]
    account_id: i64,
}

/// The token is sought with the account that has been locked, and therefore locked after it. Nothing
/// is written, unlike by an UPDATE.
const LOCK_WITH_TOKEN: &str = "WITH account AS MATERIALIZED (SELECT id FROM accounts WHERE id = $1 FOR NO KEY UPDATE)
    SELECT account_id FROM tokens JOIN account ON id = account_id WHERE token_hash = $2 FOR NO KEY UPDATE OF tokens";
/// `SQLite` needs no locks: one transaction writes at a time.
const FIND_WITH_TOKEN: &str = "SELECT account_id FROM tokens WHERE account_id = $1 AND token_hash = $2";

/// Returns the first accounts.
///
/// # Errors
/// [`Error`] if the database fails.
pub async fn first(conn: &mut Conn, limit: i64) -> Result<Vec<Account>, Error> {
    conn.load(accounts::table.select(columns::<Account>()).order(accounts::id).limit(limit)).await
}

/// Returns the account of a user, creating it if necessary, and locks its row.
///
/// # Errors
/// [`Error`] if the database fails.
pub async fn get_or_create(conn: &mut Conn, user_index: &[u8], mxid: &[u8], now: Millis) -> Result<Account, Error> {
    let row =
        (accounts::user_index.eq(user_index.to_vec()), accounts::mxid.eq(mxid.to_vec()), accounts::created_at.eq(now));
    // DO NOTHING would neither return nor lock an existing row.
    let query = diesel::insert_into(accounts::table)
        .values(row)
        .on_conflict(accounts::user_index)
        .do_update()
        .set(accounts::user_index.eq(user_index.to_vec()))
        .returning(columns::<Account>());
    conn.get(Prepared(query)).await
}

/// Returns the account of a user.
///
/// # Errors
/// [`Error`] if the database fails.
pub async fn by_user(conn: &mut Conn, user_index: &[u8]) -> Result<Option<Account>, Error> {
    conn.first(accounts::table.select(columns::<Account>()).filter(accounts::user_index.eq(user_index.to_vec()))).await
}

/// Returns the account with this row id.
///
/// # Errors
/// [`Error`] if the database fails.
pub async fn by_id(conn: &mut Conn, id: i64) -> Result<Option<Account>, Error> {
    conn.first(accounts::table.select(columns::<Account>()).filter(accounts::id.eq(id))).await
}

/// Locks an account until the transaction ends; returns whether it exists.
///
/// # Errors
/// [`Error`] if the database fails.
pub async fn lock(conn: &mut Conn, id: i64) -> Result<bool, Error> {
    let same = diesel::update(accounts::table.filter(accounts::id.eq(id))).set(accounts::id.eq(id));
    Ok(conn.execute(Prepared(same)).await? == 1)
}

/// Works like [`lock`], for the account of a user; returns whether there is one.
///
/// # Errors
/// [`Error`] if the database fails.
pub async fn lock_user(conn: &mut Conn, user_index: &[u8]) -> Result<bool, Error> {
    let account = accounts::table.filter(accounts::user_index.eq(user_index.to_vec()));
    let same = diesel::update(account).set(accounts::user_index.eq(user_index.to_vec()));
    Ok(conn.execute(same).await? == 1)
}

/// Records that an address of a user was removed, in their account if they have one.
///
/// # Errors
/// [`Error`] if the database fails.
pub async fn note_unbound(conn: &mut Conn, user_index: &[u8], now: Millis) -> Result<(), Error> {
    let theirs = accounts::table.filter(accounts::user_index.eq(user_index.to_vec()));
    conn.execute(diesel::update(theirs).set(accounts::unbound_at.eq(Some(now)))).await.map(drop)
}

/// Returns when an address of a user was [last removed](note_unbound).
///
/// # Errors
/// [`Error`] if the database fails.
pub async fn unbound_at(conn: &mut Conn, user_index: &[u8]) -> Result<Option<Millis>, Error> {
    let query = accounts::table.select(accounts::unbound_at).filter(accounts::user_index.eq(user_index.to_vec()));
    conn.first::<Option<Millis>>(query).await.map(Option::flatten)
}

/// Removes an account with its tokens, sessions and invitations; returns whether it existed. Its
/// consents are retained, see [`super::consents::account_gone`].
///
/// # Errors
/// [`Error`] if the database fails.
pub async fn remove(conn: &mut Conn, id: i64) -> Result<bool, Error> {
    Ok(conn.execute(diesel::delete(accounts::table.filter(accounts::id.eq(id)))).await? == 1)
}

/// The maximum number of tokens of an account: far more than anybody's devices, bridges and
/// attempts in a year, after which an unused token expires.
const MOST: i64 = 100;
/// The number of surplus tokens that end at a time: imported accounts may have more.
const SPARE: i64 = 100;

/// Ends surplus tokens of an account whose row is locked, so that there is room for one more;
/// returns their hashes. Those that were not used after the minute of their registration end first,
/// so that repeated registrations do not end a device that is in use.
///
/// # Errors
/// [`Error`] if the database fails.
pub async fn end_surplus_tokens(conn: &mut Conn, account_id: i64) -> Result<Vec<Vec<u8>>, Error> {
    let surplus = tokens::table
        .select(tokens::token_hash)
        .filter(tokens::account_id.eq(account_id))
        .order((tokens::used_at.gt(tokens::created_at).desc(), tokens::used_at.desc(), tokens::token_hash))
        .offset(MOST - 1)
        .limit(SPARE);
    let surplus: Vec<Vec<u8>> = conn.load(surplus).await?;
    if !surplus.is_empty() {
        conn.execute(diesel::delete(tokens::table.filter(tokens::token_hash.eq_any(surplus.clone())))).await?;
    }
    Ok(surplus)
}

/// Adds a token; `proof_at` is the time of a fresh proof of who its user is.
///
/// # Errors
/// [`Error`] if the database fails.
pub async fn add_token(
    conn: &mut Conn,
    token_hash: &[u8],
    account_id: i64,
    now: Millis,
    proof_at: Option<Millis>,
) -> Result<(), Error> {
    let row = (
        tokens::token_hash.eq(token_hash.to_vec()),
        tokens::account_id.eq(account_id),
        tokens::created_at.eq(now),
        tokens::used_at.eq(now),
        tokens::proof_at.eq(proof_at),
    );
    conn.execute(diesel::insert_into(tokens::table).values(row)).await?;
    Ok(())
}

/// Returns a token that was last used after `idle_since`, with its account and consents, in one
/// statement.
///
/// # Errors
/// [`Error`] if the database fails.
pub async fn by_token(conn: &mut Conn, token_hash: &[u8], idle_since: Millis) -> Result<Option<TokenOwner>, Error> {
    type Row = (Account, Millis, Millis, Option<(String, String)>);
    let in_force = consents::account_id.eq(accounts::id).and(consents::withdrawn_at.is_null());
    let query = tokens::table
        .inner_join(accounts::table.on(accounts::id.eq(tokens::account_id)))
        .left_join(consents::table.on(in_force))
        .filter(tokens::token_hash.eq(token_hash.to_vec()))
        .filter(tokens::used_at.gt(idle_since))
        .select((
            columns::<Account>(),
            tokens::created_at,
            tokens::used_at,
            (consents::policy, consents::version).nullable(),
        ));
    let rows: Vec<Row> = conn.load(query).await?;
    let mut rows = rows.into_iter();
    Ok(rows.next().map(|(account, created_at, used_at, first)| TokenOwner {
        account,
        created_at,
        used_at,
        accepted: first.into_iter().chain(rows.filter_map(|(.., accepted)| accepted)).collect(),
    }))
}

/// Records that a token was used.
///
/// # Errors
/// [`Error`] if the database fails.
pub async fn touch_token(conn: &mut Conn, token_hash: &[u8], now: Millis) -> Result<(), Error> {
    let token = tokens::table.filter(tokens::token_hash.eq(token_hash.to_vec())).filter(tokens::used_at.lt(now));
    conn.execute(diesel::update(token).set(tokens::used_at.eq(now))).await?;
    Ok(())
}

/// Removes a token that was last used after `idle_since`; returns whether there was one.
///
/// # Errors
/// [`Error`] if the database fails.
pub async fn remove_token(conn: &mut Conn, token_hash: &[u8], idle_since: Millis) -> Result<bool, Error> {
    let token = tokens::table.filter(tokens::token_hash.eq(token_hash.to_vec())).filter(tokens::used_at.gt(idle_since));
    Ok(conn.execute(diesel::delete(token)).await? == 1)
}

/// Locks a token until the transaction ends; returns whether it exists.
///
/// # Errors
/// [`Error`] if the database fails.
pub async fn lock_token(conn: &mut Conn, token_hash: &[u8]) -> Result<bool, Error> {
    let hash = token_hash.to_vec();
    let same =
        diesel::update(tokens::table.filter(tokens::token_hash.eq(hash.clone()))).set(tokens::token_hash.eq(hash));
    Ok(conn.execute(Prepared(same)).await? == 1)
}

/// Locks an account, and then a token of it, until the transaction ends; returns whether both exist.
///
/// # Errors
/// [`Error`] if the database fails.
pub async fn lock_with_token(conn: &mut Conn, id: i64, token_hash: &[u8]) -> Result<bool, Error> {
    let lock = match conn.backend {
        Backend::Postgres(_) => LOCK_WITH_TOKEN,
        Backend::Sqlite(_) => FIND_WITH_TOKEN,
    };
    let lock = sql_query(lock).bind::<BigInt, _>(id).bind::<Binary, _>(token_hash.to_vec());
    let locked: Option<Locked> = conn.first(Prepared(lock)).await?;
    Ok(locked.is_some_and(|locked| locked.account_id == id))
}

/// Removes all tokens of an account and records the time; returns their hashes.
///
/// # Errors
/// [`Error`] if the database fails.
pub async fn end_tokens(conn: &mut Conn, account_id: i64, now: Millis) -> Result<Vec<Vec<u8>>, Error> {
    let account = accounts::table.filter(accounts::id.eq(account_id));
    conn.execute(diesel::update(account).set(accounts::shut_out_at.eq(Some(now)))).await?;
    remove_tokens_of(conn, account_id).await
}

/// Removes all tokens of an account; returns their hashes.
///
/// # Errors
/// [`Error`] if the database fails.
pub async fn remove_tokens_of(conn: &mut Conn, account_id: i64) -> Result<Vec<Vec<u8>>, Error> {
    let of_account = tokens::table.filter(tokens::account_id.eq(account_id));
    conn.load(diesel::delete(of_account).returning(tokens::token_hash)).await
}

/// Returns the times of an account's tokens, oldest first.
///
/// # Errors
/// [`Error`] if the database fails.
pub async fn tokens_of(conn: &mut Conn, account_id: i64) -> Result<Vec<TokenTimes>, Error> {
    let query = tokens::table
        .select((tokens::created_at, tokens::used_at))
        .filter(tokens::account_id.eq(account_id))
        .order(tokens::created_at);
    conn.load(query).await
}

/// Deletes at most `limit` tokens that were last used by `until`; returns their hashes.
///
/// # Errors
/// [`Error`] if the database fails.
pub async fn sweep_tokens(conn: &mut Conn, until: Millis, limit: i64) -> Result<Vec<Vec<u8>>, Error> {
    let is_expired = tokens::used_at.le(until);
    let rows: Vec<Vec<u8>> =
        conn.load(tokens::table.select(tokens::token_hash).filter(is_expired).limit(limit)).await?;
    let expired = tokens::table.filter(tokens::token_hash.eq_any(rows)).filter(is_expired);
    conn.load(diesel::delete(expired).returning(tokens::token_hash)).await
}
