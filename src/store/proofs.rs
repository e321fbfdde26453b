//! The proofs given by the bearer of an access token or web session: that their homeserver has just
//! vouched for them, which counts once, and that they read the messages of one of their addresses.

use diesel::prelude::*;

use super::connection::Conn;
use super::error::Error;
use super::schema::{openid_tokens, tokens, visits};
use crate::clock::{APART, Millis};

/// An access token or a web session, by the hash it is stored under.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Bearer {
    /// `tokens.token_hash`
    Token(Vec<u8>),
    /// `visits.token_hash`
    Visit(Vec<u8>),
}

/// The proofs that a bearer has given.
#[derive(Clone, Debug, Default, PartialEq, Eq, Queryable)]
pub struct Standing {
    /// The time when their homeserver vouched for them, if that proof has not been used.
    pub proof_at: Option<Millis>,
    /// The time when they confirmed that they read an address.
    pub confirmed_at: Option<Millis>,
    /// A fingerprint of that address.
    pub confirmed_by: Option<Vec<u8>>,
}

/// Records that an OpenID token was accepted, to be forgotten at `forget_at`; returns whether this
/// is the first time.
///
/// # Errors
/// [`Error`] if the database fails.
pub async fn accept_openid_token(conn: &mut Conn, token_hash: &[u8], forget_at: Millis) -> Result<bool, Error> {
    let row = (openid_tokens::token_hash.eq(token_hash.to_vec()), openid_tokens::forget_at.eq(forget_at));
    conn.execute(diesel::insert_into(openid_tokens::table).values(row).on_conflict_do_nothing())
        .await
        .map(|rows| rows == 1)
}

/// Deletes at most `limit` OpenID tokens that can be forgotten by `now`; returns how many.
///
/// # Errors
/// [`Error`] if the database fails.
pub async fn sweep_openid_tokens(conn: &mut Conn, now: Millis, limit: i64) -> Result<usize, Error> {
    let is_expired = openid_tokens::forget_at.le(now);
    let rows: Vec<Vec<u8>> =
        conn.load(openid_tokens::table.select(openid_tokens::token_hash).filter(is_expired).limit(limit)).await?;
    let expired = openid_tokens::table.filter(openid_tokens::token_hash.eq_any(rows)).filter(is_expired);
    conn.execute(diesel::delete(expired)).await
}

/// Returns the proofs that a bearer has given; none if they do not exist.
///
/// # Errors
/// [`Error`] if the database fails.
pub async fn standing(conn: &mut Conn, bearer: &Bearer) -> Result<Standing, Error> {
    let found = match bearer {
        Bearer::Token(hash) => {
            let columns = (tokens::proof_at, tokens::confirmed_at, tokens::confirmed_by);
            conn.first(tokens::table.select(columns).filter(tokens::token_hash.eq(hash.clone()))).await?
        }
        Bearer::Visit(hash) => {
            let columns = (visits::proof_at, visits::confirmed_at, visits::confirmed_by);
            conn.first(visits::table.select(columns).filter(visits::token_hash.eq(hash.clone()))).await?
        }
    };
    Ok(found.unwrap_or_default())
}

/// Uses the proof of a bearer, if it was given after `since` and by `now`; returns whether there
/// was one. Of concurrent uses, one succeeds.
///
/// # Errors
/// [`Error`] if the database fails.
pub async fn use_proof(conn: &mut Conn, bearer: &Bearer, since: Millis, now: Millis) -> Result<bool, Error> {
    let none: Option<Millis> = None;
    let rows = match bearer {
        Bearer::Token(hash) => {
            let row = tokens::table
                .filter(tokens::token_hash.eq(hash.clone()))
                .filter(tokens::proof_at.gt(since))
                .filter(tokens::proof_at.le(now));
            conn.execute(diesel::update(row).set(tokens::proof_at.eq(none))).await?
        }
        Bearer::Visit(hash) => {
            let row = visits::table
                .filter(visits::token_hash.eq(hash.clone()))
                .filter(visits::proof_at.gt(since))
                .filter(visits::proof_at.le(now));
            conn.execute(diesel::update(row).set(visits::proof_at.eq(none))).await?
        }
    };
    Ok(rows == 1)
}

/// Gives an access token a proof.
///
/// # Errors
/// [`Error`] if the database fails.
pub async fn give_proof(conn: &mut Conn, token_hash: &[u8], now: Millis) -> Result<(), Error> {
    let row = tokens::table.filter(tokens::token_hash.eq(token_hash.to_vec()));
    conn.execute(diesel::update(row).set(tokens::proof_at.eq(Some(now)))).await.map(drop)
}

/// Records that a bearer has confirmed, by a link that was requested at `asked_at`, that they read
/// an address. Returns whether they exist and no link of that time or later was used before. A use
/// in the future was recorded with a wrong clock and does not count.
///
/// # Errors
/// [`Error`] if the database fails.
pub async fn confirm(
    conn: &mut Conn,
    bearer: &Bearer,
    by: &[u8],
    asked_at: Millis,
    now: Millis,
) -> Result<bool, Error> {
    let (at, by) = (Some(now), Some(by.to_vec()));
    let rows = match bearer {
        Bearer::Token(hash) => {
            let is_unused = tokens::confirmed_at.is_null().or(tokens::confirmed_at.not_between(asked_at, now + APART));
            let row = tokens::table.filter(tokens::token_hash.eq(hash.clone())).filter(is_unused);
            conn.execute(diesel::update(row).set((tokens::confirmed_at.eq(at), tokens::confirmed_by.eq(by)))).await?
        }
        Bearer::Visit(hash) => {
            let is_unused = visits::confirmed_at.is_null().or(visits::confirmed_at.not_between(asked_at, now + APART));
            let row = visits::table.filter(visits::token_hash.eq(hash.clone())).filter(is_unused);
            conn.execute(diesel::update(row).set((visits::confirmed_at.eq(at), visits::confirmed_by.eq(by)))).await?
        }
    };
    Ok(rows == 1)
}

/// Returns whether a bearer exists and has used no link that was requested at that time or later.
///
/// # Errors
/// [`Error`] if the database fails.
pub async fn is_unused(conn: &mut Conn, bearer: &Bearer, asked_at: Millis, now: Millis) -> Result<bool, Error> {
    let confirmed_at: Option<Option<Millis>> = match bearer {
        Bearer::Token(hash) => {
            conn.first(tokens::table.select(tokens::confirmed_at).filter(tokens::token_hash.eq(hash.clone()))).await?
        }
        Bearer::Visit(hash) => {
            conn.first(visits::table.select(visits::confirmed_at).filter(visits::token_hash.eq(hash.clone()))).await?
        }
    };
    Ok(confirmed_at.is_some_and(|at| at.is_none_or(|at| !(asked_at..=now + APART).contains(&at))))
}
