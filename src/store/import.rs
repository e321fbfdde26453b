//! Importing another server's rows in batches, and remembering what later runs of an import must
//! know about earlier ones.

use std::collections::{HashMap, HashSet};

use diesel::prelude::*;

use super::columns;
use super::connection::Conn;
use super::error::Error;
use super::prepared::Prepared;
use super::schema::{accounts, bindings, consents, ephemeral_keys, imported, invites, meta, tokens};
use crate::clock::Millis;
use crate::store::consents::NewConsent;
use crate::store::invites::NewInvite;

/// The maximum number of rows in a batch: with the 11 columns of the widest table, they stay below
/// the 32,766 variables that `SQLite` allows in one statement.
pub const BATCH: usize = 2_000;

/// The kind of a remembered row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// The marker that a move is in progress.
    Marker,
    /// A binding, by its address index.
    Binding,
    /// An account that was removed here, by its user index.
    Account,
    /// An access token, by its hash.
    Token,
    /// An invitation, by the index of its token.
    Invite,
    /// A row of the other server that is dated in the future, by its table and id.
    DatedAhead,
}

/// The state of a remembered row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// It was removed, here or on the other server.
    Gone,
    /// It was stored.
    Stored,
    /// It was stored, and the other server had it from one of its peers.
    Replicated,
    /// It was stored, from a homeserver that remembers what its users have published here.
    Published,
}

/// The information remembered about a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Known {
    /// The time of the latest event known.
    pub at: Millis,
    /// Its state.
    pub state: State,
}

impl Kind {
    const ALL: [Self; 6] = [Self::Marker, Self::Binding, Self::Account, Self::Token, Self::Invite, Self::DatedAhead];
}

impl State {
    const ALL: [Self; 4] = [Self::Gone, Self::Stored, Self::Replicated, Self::Published];

    fn from_number(number: i64) -> Result<Self, Error> {
        Self::ALL.into_iter().find(|state| *state as i64 == number).ok_or(Error::Constraint)
    }
}

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

/// Whether a move is in progress.
///
/// # Errors
/// [`Error`] if the database fails.
pub async fn is_in_progress(conn: &mut Conn) -> Result<bool, Error> {
    Ok(!known(conn, Kind::Marker, &[Vec::new()]).await?.is_empty())
}

/// Marks that a move is in progress: from now on, the database remembers removed rows.
///
/// # Errors
/// [`Error`] if the database fails.
pub async fn begin(conn: &mut Conn, now: Millis) -> Result<(), Error> {
    let row = (
        imported::kind.eq(Kind::Marker as i64),
        imported::item.eq(Vec::<u8>::new()),
        imported::at.eq(now),
        imported::state.eq(State::Stored as i64),
    );
    conn.execute(diesel::insert_into(imported::table).values(row).on_conflict_do_nothing()).await.map(drop)
}

/// Remembers that an address is not bound at `at`, if a move is in progress, so that older rows do
/// not bind it.
///
/// # Errors
/// [`Error`] if the database fails.
pub async fn note_unbound(conn: &mut Conn, address_index: Vec<u8>, at: Millis) -> Result<(), Error> {
    if !is_in_progress(conn).await? {
        return Ok(());
    }
    let known = known(conn, Kind::Binding, std::slice::from_ref(&address_index)).await?;
    let at = known.get(&address_index).map_or(at, |known| known.at.max(at));
    remember(conn, Kind::Binding, vec![(address_index, Known { at, state: State::Gone })]).await
}

/// Returns what is remembered about these items.
///
/// # Errors
/// [`Error`] if the database fails.
pub async fn known(conn: &mut Conn, kind: Kind, items: &[Vec<u8>]) -> Result<HashMap<Vec<u8>, Known>, Error> {
    let rows = imported::table
        .select((imported::item, imported::at, imported::state))
        .filter(imported::kind.eq(kind as i64))
        .filter(imported::item.eq_any(items.to_vec()));
    let rows: Vec<(Vec<u8>, Millis, i64)> = conn.load(rows).await?;
    rows.into_iter().map(|(item, at, state)| Ok((item, Known { at, state: State::from_number(state)? }))).collect()
}

/// Remembers items, replacing what was remembered about them.
///
/// # Errors
/// [`Error`] if the database fails.
pub async fn remember(conn: &mut Conn, kind: Kind, rows: Vec<(Vec<u8>, Known)>) -> Result<(), Error> {
    if rows.is_empty() {
        return Ok(());
    }
    forget(conn, kind, rows.iter().map(|(item, _)| item.clone()).collect()).await?;
    let row = |(item, known): (Vec<u8>, Known)| {
        (
            imported::kind.eq(kind as i64),
            imported::item.eq(item),
            imported::at.eq(known.at),
            imported::state.eq(known.state as i64),
        )
    };
    let rows: Vec<_> = rows.into_iter().map(row).collect();
    conn.execute(diesel::insert_into(imported::table).values(rows)).await.map(drop)
}

/// Forgets items.
///
/// # Errors
/// [`Error`] if the database fails.
pub async fn forget(conn: &mut Conn, kind: Kind, items: Vec<Vec<u8>>) -> Result<usize, Error> {
    let rows = imported::table.filter(imported::kind.eq(kind as i64)).filter(imported::item.eq_any(items));
    conn.execute(diesel::delete(rows)).await
}

/// Forgets some of what is remembered, starting with the marker, so that nothing is added; returns
/// how many rows.
///
/// # Errors
/// [`Error`] if the database fails.
pub async fn forget_some(conn: &mut Conn) -> Result<usize, Error> {
    for kind in Kind::ALL {
        let rows = imported::table.select(imported::item).filter(imported::kind.eq(kind as i64));
        let items: Vec<Vec<u8>> = conn.load(rows.limit(i64::try_from(BATCH).unwrap_or(i64::MAX))).await?;
        if !items.is_empty() {
            return forget(conn, kind, items).await;
        }
    }
    Ok(0)
}

/// Returns the first items after `after` that are remembered in this state, in order.
///
/// # Errors
/// [`Error`] if the database fails.
pub async fn page(conn: &mut Conn, kind: Kind, state: State, after: Vec<u8>) -> Result<Vec<(Vec<u8>, Millis)>, Error> {
    let rows = imported::table
        .select((imported::item, imported::at))
        .filter(imported::kind.eq(kind as i64))
        .filter(imported::state.eq(state as i64))
        .filter(imported::item.gt(after))
        .order(imported::item)
        .limit(i64::try_from(BATCH).unwrap_or(i64::MAX));
    conn.load(rows).await
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
    if new.is_empty() {
        return Ok(());
    }
    conn.execute(diesel::insert_into(accounts::table).values(new)).await.map(drop)
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
    if new.is_empty() {
        return Ok(());
    }
    conn.execute(diesel::insert_into(tokens::table).values(new)).await.map(drop)
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
    if new.is_empty() {
        return Ok(());
    }
    conn.execute(diesel::insert_into(consents::table).values(new)).await.map(drop)
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
    if new.is_empty() {
        return Ok(());
    }
    conn.execute(diesel::insert_into(invites::table).values(new)).await.map(drop)
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
    if new.is_empty() {
        return Ok(());
    }
    let row = |index| (ephemeral_keys::key_index.eq(index), ephemeral_keys::valid_until.eq(valid_until));
    let rows: Vec<_> = new.into_iter().map(row).collect();
    conn.execute(diesel::insert_into(ephemeral_keys::table).values(rows)).await.map(drop)
}

/// Stores a named value, replacing any with this name.
///
/// # Errors
/// [`Error`] if the database fails.
pub async fn set_progress(conn: &mut Conn, name: &str, value: Vec<u8>) -> Result<(), Error> {
    let upsert = diesel::insert_into(meta::table)
        .values((meta::name.eq(name.to_owned()), meta::value.eq(value.clone())))
        .on_conflict(meta::name)
        .do_update()
        .set(meta::value.eq(value));
    conn.execute(Prepared(upsert)).await.map(drop)
}

/// Returns the named values whose names begin with `beginning`.
///
/// # Errors
/// [`Error`] if the database fails.
pub async fn progresses(conn: &mut Conn, beginning: &str) -> Result<Vec<String>, Error> {
    conn.load(meta::table.select(meta::name).filter(meta::name.like(format!("{beginning}%")))).await
}

/// Removes named values.
///
/// # Errors
/// [`Error`] if the database fails.
pub async fn remove_progress(conn: &mut Conn, names: &[String]) -> Result<(), Error> {
    conn.execute(diesel::delete(meta::table.filter(meta::name.eq_any(names.to_vec())))).await.map(drop)
}
