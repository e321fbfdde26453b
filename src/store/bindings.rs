//! Bindings: which address belongs to which Matrix ID.

use diesel::prelude::*;
use diesel::query_dsl::methods;

use super::connection::Conn;
use super::error::Error;
use super::prepared::Prepared;
use super::schema::bindings;
use crate::clock::Millis;

/// The most rows one INSERT can take: six variables each, and `SQLite` takes 32,766.
const ROWS_AN_INSERT: usize = 5_000;

/// A binding to be made.
#[derive(Clone, Debug, Insertable)]
#[diesel(table_name = bindings)]
pub struct NewBinding {
    /// Blind index of the address; owner of the sealed columns.
    pub address_index: Vec<u8>,
    /// Blind index of the Matrix ID.
    pub user_index: Vec<u8>,
    /// The address, sealed.
    pub address: Vec<u8>,
    /// The Matrix ID, sealed.
    pub mxid: Vec<u8>,
    /// When it was bound.
    pub bound_at: Millis,
}

/// A binding's row.
#[derive(Clone, Debug, Queryable)]
pub struct Binding {
    /// `bindings.id`
    pub id: i64,
    /// Blind index of the address; owner of the sealed columns.
    pub address_index: Vec<u8>,
    /// Blind index of the Matrix ID.
    pub user_index: Vec<u8>,
    /// The address, sealed.
    pub address: Vec<u8>,
    /// The Matrix ID, sealed.
    pub mxid: Vec<u8>,
    /// When it was bound.
    pub bound_at: Millis,
}

/// What the directory needs of a row.
#[derive(Clone, Debug, Queryable)]
pub struct Listed {
    /// `bindings.id`
    pub id: i64,
    /// Blind index of the address; owner of the sealed column.
    pub address_index: Vec<u8>,
    /// The address, sealed.
    pub address: Vec<u8>,
}

/// What a look-up needs of a row.
#[derive(Clone, Debug, Queryable)]
pub struct Found {
    /// `bindings.id`
    pub id: i64,
    /// Blind index of the address; owner of the sealed columns.
    pub address_index: Vec<u8>,
    /// The address, sealed.
    pub address: Vec<u8>,
    /// The Matrix ID, sealed.
    pub mxid: Vec<u8>,
}

type Columns = (
    bindings::id,
    bindings::address_index,
    bindings::user_index,
    bindings::address,
    bindings::mxid,
    bindings::bound_at,
);

const COLUMNS: Columns = (
    bindings::id,
    bindings::address_index,
    bindings::user_index,
    bindings::address,
    bindings::mxid,
    bindings::bound_at,
);

/// What [`bind`] has done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bound {
    /// `bindings.id`, which stays with the address while it is bound.
    pub id: i64,
    /// Whether the address was bound to nobody, or to somebody else.
    pub is_new: bool,
}

/// Binds an address, or binds it anew: the last one wins (MSC2229). To be called in a transaction. One that is bound to this user already
/// stays so since it was, or he could make his bind younger than the link that undoes it, without anybody being told; only the form in which
/// the address was typed is kept anew.
///
/// # Errors
/// [`Error`] if the database does not answer.
pub async fn bind(conn: &mut Conn, new: NewBinding) -> Result<Bound, Error> {
    let change = (
        bindings::user_index.eq(new.user_index.clone()),
        bindings::address.eq(new.address.clone()),
        bindings::mxid.eq(new.mxid.clone()),
        bindings::bound_at.eq(new.bound_at),
    );
    let upsert = diesel::insert_into(bindings::table)
        .values(new.clone())
        .on_conflict(bindings::address_index)
        .do_update()
        .set(change);
    let is_anothers = bindings::user_index.ne(new.user_index);
    let query = methods::FilterDsl::filter(upsert, is_anothers).returning(bindings::id);
    if let Some(id) = conn.first(Prepared(query)).await? {
        return Ok(Bound { id, is_new: true });
    }
    let same = bindings::table.filter(bindings::address_index.eq(new.address_index));
    let query = diesel::update(same).set(bindings::address.eq(new.address)).returning(bindings::id);
    Ok(Bound { id: conn.get(Prepared(query)).await?, is_new: false })
}

/// Makes many bindings of addresses that are not bound yet, and returns their ids: to load a database for a measurement.
///
/// # Errors
/// [`Error`] if the database does not answer or one of the addresses is bound.
pub async fn bind_many(conn: &mut Conn, new: &[NewBinding]) -> Result<(), Error> {
    for rows in new.chunks(ROWS_AN_INSERT) {
        conn.execute(diesel::insert_into(bindings::table).values(rows.to_vec())).await?;
    }
    Ok(())
}

/// Removes the binding of an address to a user; returns its id if there was one.
///
/// # Errors
/// [`Error`] if the database does not answer.
pub async fn unbind(conn: &mut Conn, address_index: &[u8], user_index: &[u8]) -> Result<Option<i64>, Error> {
    let binding = bindings::table
        .filter(bindings::address_index.eq(address_index.to_vec()))
        .filter(bindings::user_index.eq(user_index.to_vec()));
    conn.first(diesel::delete(binding).returning(bindings::id)).await
}

/// As [`unbind`], but only a binding that was made at `bound_until` or before.
///
/// # Errors
/// [`Error`] if the database does not answer.
pub async fn unbind_settled(
    conn: &mut Conn,
    address_index: &[u8],
    user_index: &[u8],
    bound_until: Millis,
) -> Result<Option<i64>, Error> {
    let binding = bindings::table
        .filter(bindings::address_index.eq(address_index.to_vec()))
        .filter(bindings::user_index.eq(user_index.to_vec()))
        .filter(bindings::bound_at.le(bound_until));
    conn.first(diesel::delete(binding).returning(bindings::id)).await
}

/// Whether an address is bound to a user.
///
/// # Errors
/// [`Error`] if the database does not answer.
pub async fn is_bound(conn: &mut Conn, address_index: &[u8], user_index: &[u8]) -> Result<bool, Error> {
    let binding = bindings::table
        .select(bindings::id)
        .filter(bindings::address_index.eq(address_index.to_vec()))
        .filter(bindings::user_index.eq(user_index.to_vec()));
    let id: Option<i64> = conn.first(binding).await?;
    Ok(id.is_some())
}

/// Removes the binding of an address to a user if it was made exactly then; returns its id if it was.
///
/// # Errors
/// [`Error`] if the database does not answer.
pub async fn unbind_of(
    conn: &mut Conn,
    address_index: &[u8],
    user_index: &[u8],
    bound_at: Millis,
) -> Result<Option<i64>, Error> {
    let binding = bindings::table
        .filter(bindings::address_index.eq(address_index.to_vec()))
        .filter(bindings::user_index.eq(user_index.to_vec()))
        .filter(bindings::bound_at.eq(bound_at));
    conn.first(diesel::delete(binding).returning(bindings::id)).await
}

/// Removes the binding of an address to a user if it was made then or later; returns its id if it was.
///
/// # Errors
/// [`Error`] if the database does not answer.
pub async fn unbind_since(
    conn: &mut Conn,
    address_index: &[u8],
    user_index: &[u8],
    since: Millis,
) -> Result<Option<i64>, Error> {
    let binding = bindings::table
        .filter(bindings::address_index.eq(address_index.to_vec()))
        .filter(bindings::user_index.eq(user_index.to_vec()))
        .filter(bindings::bound_at.ge(since));
    conn.first(diesel::delete(binding).returning(bindings::id)).await
}

/// Removes every binding of a user; returns how many.
///
/// # Errors
/// [`Error`] if the database does not answer.
pub async fn unbind_all(conn: &mut Conn, user_index: &[u8]) -> Result<usize, Error> {
    conn.execute(diesel::delete(bindings::table.filter(bindings::user_index.eq(user_index.to_vec())))).await
}

/// Removes the binding of an address to whomever; returns its id if there was one.
///
/// # Errors
/// [`Error`] if the database does not answer.
pub async fn unbind_address(conn: &mut Conn, address_index: &[u8]) -> Result<Option<i64>, Error> {
    let binding = bindings::table.filter(bindings::address_index.eq(address_index.to_vec()));
    conn.first(diesel::delete(binding).returning(bindings::id)).await
}

/// What a look-up needs of the rows with these ids that (still) are.
///
/// # Errors
/// [`Error`] if the database does not answer.
pub async fn found(conn: &mut Conn, ids: Vec<i64>) -> Result<Vec<Found>, Error> {
    let query = bindings::table
        .select((bindings::id, bindings::address_index, bindings::address, bindings::mxid))
        .filter(bindings::id.eq_any(ids));
    conn.load(query).await
}

/// The binding of an address.
///
/// # Errors
/// [`Error`] if the database does not answer.
pub async fn by_address(conn: &mut Conn, address_index: &[u8]) -> Result<Option<Binding>, Error> {
    conn.first(bindings::table.select(COLUMNS).filter(bindings::address_index.eq(address_index.to_vec()))).await
}

/// The bindings of a user, the oldest first.
///
/// # Errors
/// [`Error`] if the database does not answer.
pub async fn of_user(conn: &mut Conn, user_index: &[u8]) -> Result<Vec<Binding>, Error> {
    let theirs = bindings::table.select(COLUMNS).filter(bindings::user_index.eq(user_index.to_vec()));
    conn.load(theirs.order(bindings::id)).await
}

/// A page of at most `limit` rows with ids greater than `after`, in order.
///
/// # Errors
/// [`Error`] if the database does not answer.
pub async fn page(conn: &mut Conn, after: i64, limit: i64) -> Result<Vec<Listed>, Error> {
    let query = bindings::table
        .select((bindings::id, bindings::address_index, bindings::address))
        .filter(bindings::id.gt(after))
        .order(bindings::id)
        .limit(limit);
    conn.load(query).await
}

/// The ids greater than `after`, in order.
///
/// # Errors
/// [`Error`] if the database does not answer.
pub async fn ids_after(conn: &mut Conn, after: i64) -> Result<Vec<i64>, Error> {
    conn.load(bindings::table.select(bindings::id).filter(bindings::id.gt(after)).order(bindings::id)).await
}

/// What the directory needs of the rows with these ids that (still) are.
///
/// # Errors
/// [`Error`] if the database does not answer.
pub async fn listed(conn: &mut Conn, ids: Vec<i64>) -> Result<Vec<Listed>, Error> {
    let query = bindings::table
        .select((bindings::id, bindings::address_index, bindings::address))
        .filter(bindings::id.eq_any(ids));
    conn.load(query).await
}

/// The greatest id, or 0 if there is none.
///
/// # Errors
/// [`Error`] if the database does not answer.
pub async fn last_id(conn: &mut Conn) -> Result<i64, Error> {
    let last: Option<i64> = conn.get(bindings::table.select(diesel::dsl::max(bindings::id))).await?;
    Ok(last.unwrap_or(0))
}
