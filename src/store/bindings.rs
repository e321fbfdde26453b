//! Bindings of addresses to Matrix IDs.

use std::ops::RangeInclusive;

use diesel::dsl::exists;
use diesel::prelude::*;
use diesel::sql_query;
use diesel::sql_types::Binary;

use super::columns;
use super::connection::{Backend, Conn};
use super::error::Error;
use super::prepared::Prepared;
use super::schema::{bindings, erasures, objections, sessions};
use crate::clock::Millis;

/// The maximum number of rows of one INSERT: each has five variables, of which `SQLite` allows
/// 32,766.
const ROWS_PER_INSERT: usize = 5_000;

const BEFORE: &str = "WITH same AS (SELECT * FROM bindings WHERE address_index = $1 {lock}),
    related AS (
        SELECT id, address_index, user_index, address, mxid, bound_at FROM same
        UNION ALL
        SELECT id, address_index, user_index, address, mxid, bound_at FROM bindings
        WHERE user_index = $2 AND address_index <> $1
    )
    SELECT * FROM related ORDER BY bound_at, id";

/// A binding, without the row's id.
#[derive(Clone, Debug, Insertable, Queryable, QueryableByName, Selectable)]
#[diesel(table_name = bindings)]
pub struct Binding {
    /// Blind index of the address; the sealed columns are tied to it.
    pub address_index: Vec<u8>,
    /// Blind index of the Matrix ID.
    pub user_index: Vec<u8>,
    /// The address, sealed.
    pub address: Vec<u8>,
    /// The Matrix ID, sealed.
    pub mxid: Vec<u8>,
    /// The time when the address was bound.
    pub bound_at: Millis,
}

/// The columns that the directory needs.
#[derive(Clone, Debug, Queryable, Selectable)]
#[diesel(table_name = bindings)]
pub struct Listed {
    /// The row's id.
    pub id: i64,
    /// Blind index of the address; the sealed column is tied to it.
    pub address_index: Vec<u8>,
    /// The address, sealed.
    pub address: Vec<u8>,
}

/// The columns that a look-up needs.
#[derive(Clone, Debug, Queryable, Selectable)]
#[diesel(table_name = bindings)]
pub struct Found {
    /// The row's id.
    pub id: i64,
    /// Blind index of the address; the sealed columns are tied to it.
    pub address_index: Vec<u8>,
    /// The address, sealed.
    pub address: Vec<u8>,
    /// The Matrix ID, sealed.
    pub mxid: Vec<u8>,
}

/// The result of [`bind`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bound {
    /// The row's id. Other nodes [follow](super::following) the ids, so a new spelling has a new one.
    pub id: i64,
    /// True if the address was unbound before, or bound to another user.
    pub is_new: bool,
    /// The id of the row with another spelling that was replaced by this one.
    pub replaced: Option<i64>,
}

/// What may stand in the way of a binding, or follow from it.
#[derive(Clone)]
pub struct Sought {
    /// Every blind index that an objection of the address's owner can have.
    pub objections: Vec<Vec<u8>>,
    /// The id of the session that proves the address.
    pub session: Option<i64>,
    /// The blind index of an erasure of the user.
    pub erasure: Vec<u8>,
}

/// What was found of what was [`Sought`].
#[derive(Clone, Copy, Debug)]
pub struct Circumstances {
    /// True if the address's owner objects.
    pub has_objection: bool,
    /// True if the session exists.
    pub has_session: bool,
    /// The times when an erasure of the user was requested, and when it is to be carried out.
    pub erasure: Option<(Millis, Millis)>,
}

/// Returns what there is of what is sought, in one statement. For what it says to hold until the
/// transaction ends, the address must have been [locked](super::invites::lock_address) before.
///
/// # Errors
/// [`Error`] if the database fails.
pub async fn circumstances(conn: &mut Conn, sought: Sought) -> Result<Circumstances, Error> {
    let objections = objections::table.filter(objections::address_index.eq_any(sought.objections));
    // No row has this id.
    let session = sessions::table.filter(sessions::id.eq(sought.session.unwrap_or_default()));
    let erasure = erasures::table.filter(erasures::user_index.eq(sought.erasure));
    let query = diesel::select((
        exists(objections),
        exists(session),
        erasure.clone().select(erasures::requested_at).single_value(),
        erasure.select(erasures::due_at).single_value(),
    ));
    let (has_objection, has_session, requested_at, due_at) = conn.get(Prepared(query)).await?;
    Ok(Circumstances { has_objection, has_session, erasure: Option::zip(requested_at, due_at) })
}

/// Returns the binding that a new one would replace, locked, and the others of its user, oldest
/// first. Whoever is removing the first one meanwhile has finished by then.
///
/// # Errors
/// [`Error`] if the database fails.
pub async fn before(conn: &mut Conn, new: &Binding) -> Result<(Option<Binding>, Vec<Binding>), Error> {
    let query = match conn.backend {
        Backend::Postgres(_) => BEFORE.replace("{lock}", "FOR UPDATE"),
        // One transaction writes at a time.
        Backend::Sqlite(_) => BEFORE.replace("{lock}", ""),
    };
    let query = sql_query(query).bind::<Binary, _>(new.address_index.clone()).bind::<Binary, _>(new.user_index.clone());
    let rows: Vec<Binding> = conn.load(Prepared(query)).await?;
    let (same, others): (Vec<_>, _) = rows.into_iter().partition(|row| row.address_index == new.address_index);
    Ok((same.into_iter().next(), others))
}

/// Binds an address, replacing the [previous](before) binding of it: the last one wins (MSC2229).
/// `is_respelled` says that the previous one has another spelling of the address. Must be called in
/// a transaction.
///
/// An address that is already bound to this user keeps the time at which it was bound. Otherwise a
/// user could make their binding newer than the link that undoes it, without anyone being notified.
///
/// # Errors
/// [`Error`] if the database fails.
pub async fn bind(
    conn: &mut Conn,
    mut new: Binding,
    previous: Option<&Binding>,
    is_respelled: bool,
) -> Result<Bound, Error> {
    let same = bindings::table.filter(bindings::address_index.eq(new.address_index.clone()));
    let kept = previous.filter(|previous| previous.user_index == new.user_index);
    let is_new = kept.is_none();
    new.bound_at = kept.map_or(new.bound_at, |kept| kept.bound_at);
    if previous.is_some() && !is_respelled {
        let change = (
            bindings::user_index.eq(new.user_index),
            bindings::address.eq(new.address),
            bindings::mxid.eq(new.mxid),
            bindings::bound_at.eq(new.bound_at),
        );
        let query = diesel::update(same).set(change).returning(bindings::id);
        return Ok(Bound { id: conn.get(Prepared(query)).await?, is_new, replaced: None });
    }
    let replaced = match previous {
        Some(_) => conn.first(diesel::delete(same).returning(bindings::id)).await?,
        None => None,
    };
    let insert = diesel::insert_into(bindings::table)
        .values(new)
        .on_conflict(bindings::address_index)
        .do_nothing()
        .returning(bindings::id);
    match conn.first(Prepared(insert)).await? {
        Some(id) => Ok(Bound { id, is_new, replaced }),
        // An import has bound it since.
        None => conn.conflict(),
    }
}

/// Binds many addresses that are not bound yet.
///
/// # Errors
/// [`Error`] if the database fails or one of the addresses is bound.
pub async fn bind_many(conn: &mut Conn, new: &[Binding]) -> Result<(), Error> {
    for rows in new.chunks(ROWS_PER_INSERT) {
        let one = |row| Prepared(diesel::insert_into(bindings::table).values(row));
        let all = |rows| Prepared(diesel::insert_into(bindings::table).values(rows));
        conn.insert(rows.to_vec(), one, all).await?;
    }
    Ok(())
}

/// Removes the binding of an address to a user; returns its id if there was one.
///
/// # Errors
/// [`Error`] if the database fails.
pub async fn unbind(conn: &mut Conn, address_index: &[u8], user_index: &[u8]) -> Result<Option<i64>, Error> {
    let binding = bindings::table
        .filter(bindings::address_index.eq(address_index.to_vec()))
        .filter(bindings::user_index.eq(user_index.to_vec()));
    conn.first(diesel::delete(binding).returning(bindings::id)).await
}

/// Works like [`unbind`], but only if the binding was made within this time.
///
/// # Errors
/// [`Error`] if the database fails.
pub async fn unbind_made_in(
    conn: &mut Conn,
    address_index: &[u8],
    user_index: &[u8],
    bound_at: RangeInclusive<Millis>,
) -> Result<Option<i64>, Error> {
    let (from, until) = bound_at.into_inner();
    let binding = bindings::table
        .filter(bindings::address_index.eq(address_index.to_vec()))
        .filter(bindings::user_index.eq(user_index.to_vec()))
        .filter(bindings::bound_at.between(from, until));
    conn.first(diesel::delete(binding).returning(bindings::id)).await
}

/// Returns whether an address is bound to a user.
///
/// # Errors
/// [`Error`] if the database fails.
pub async fn is_bound(conn: &mut Conn, address_index: &[u8], user_index: &[u8]) -> Result<bool, Error> {
    let binding = bindings::table
        .select(bindings::id)
        .filter(bindings::address_index.eq(address_index.to_vec()))
        .filter(bindings::user_index.eq(user_index.to_vec()));
    let id: Option<i64> = conn.first(binding).await?;
    Ok(id.is_some())
}

/// Removes all bindings of a user; returns how many.
///
/// # Errors
/// [`Error`] if the database fails.
pub async fn unbind_all(conn: &mut Conn, user_index: &[u8]) -> Result<usize, Error> {
    conn.execute(diesel::delete(bindings::table.filter(bindings::user_index.eq(user_index.to_vec())))).await
}

/// Removes the binding of an address to any user; returns its id if there was one.
///
/// # Errors
/// [`Error`] if the database fails.
pub async fn unbind_address(conn: &mut Conn, address_index: &[u8]) -> Result<Option<i64>, Error> {
    let binding = bindings::table.filter(bindings::address_index.eq(address_index.to_vec()));
    conn.first(diesel::delete(binding).returning(bindings::id)).await
}

/// Returns the columns needed by a look-up, of those rows with these ids that (still) exist.
///
/// # Errors
/// [`Error`] if the database fails.
pub async fn found(conn: &mut Conn, ids: Vec<i64>) -> Result<Vec<Found>, Error> {
    let query = bindings::table.select(columns::<Found>()).filter(bindings::id.eq_any(ids));
    conn.load(query).await
}

/// Returns the binding of an address.
///
/// # Errors
/// [`Error`] if the database fails.
pub async fn by_address(conn: &mut Conn, address_index: &[u8]) -> Result<Option<Binding>, Error> {
    conn.first(bindings::table.select(columns::<Binding>()).filter(bindings::address_index.eq(address_index.to_vec())))
        .await
}

/// Returns the bindings of these addresses, if they are bound.
///
/// # Errors
/// [`Error`] if the database fails.
pub async fn of_addresses(conn: &mut Conn, address_indexes: &[Vec<u8>]) -> Result<Vec<Binding>, Error> {
    let theirs = bindings::address_index.eq_any(address_indexes.to_vec());
    conn.load(bindings::table.select(columns::<Binding>()).filter(theirs)).await
}

/// Returns the bindings of a user, oldest first.
///
/// # Errors
/// [`Error`] if the database fails.
pub async fn of_user(conn: &mut Conn, user_index: &[u8]) -> Result<Vec<Binding>, Error> {
    let theirs = bindings::table.select(columns::<Binding>()).filter(bindings::user_index.eq(user_index.to_vec()));
    conn.load(theirs.order((bindings::bound_at, bindings::id))).await
}

/// Returns the first `limit` rows with ids greater than `after`, in order of their ids.
///
/// # Errors
/// [`Error`] if the database fails.
pub async fn page(conn: &mut Conn, after: i64, limit: i64) -> Result<Vec<Listed>, Error> {
    let query =
        bindings::table.select(columns::<Listed>()).filter(bindings::id.gt(after)).order(bindings::id).limit(limit);
    conn.load(query).await
}

/// Returns the columns needed by the directory, of those rows with these ids that (still) exist.
///
/// # Errors
/// [`Error`] if the database fails.
pub async fn listed(conn: &mut Conn, ids: Vec<i64>) -> Result<Vec<Listed>, Error> {
    let query = bindings::table.select(columns::<Listed>()).filter(bindings::id.eq_any(ids));
    conn.load(query).await
}
