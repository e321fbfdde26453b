//! Importing another server's rows in batches, and remembering what later runs of an import must
//! know about earlier ones.

mod rows;

use std::collections::HashMap;

use diesel::prelude::*;

use super::connection::Conn;
use super::error::Error;
use super::prepared::Prepared;
use super::schema::{imported, meta};
use crate::clock::Millis;

pub use rows::{
    NewAccount, NewToken, Pending, accounts, add_accounts, add_consents, add_invites, add_keys, add_tokens, bound,
    consents, invites, keys, pending, remove_tokens, tokens, unbind,
};

/// The maximum number of rows that a function here takes at once: with the 11 columns of the widest
/// table, they stay below the 32,766 variables that `SQLite` allows in one statement.
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
    let one = |row| Prepared(diesel::insert_into(imported::table).values(row));
    let all = |rows| Prepared(diesel::insert_into(imported::table).values(rows));
    conn.insert(rows.into_iter().map(row).collect(), one, all).await
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
