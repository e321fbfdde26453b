//! The outbox: pending deliveries, which are stored until they succeed or expire.

use diesel::prelude::*;

use super::columns;
use super::connection::Conn;
use super::error::Error;
use super::prepared::Prepared;
use super::schema::outbox;
use crate::clock::{APART, MINUTE, Millis};

/// The time for which a node leases a delivery. It extends the lease during the attempt, so that
/// another node can continue soon after a crash.
pub const LEASE: Millis = MINUTE;

/// The maximum number of rows of one INSERT: each has 11 variables, of which `SQLite` allows
/// 32,766.
const ROWS_PER_INSERT: usize = 2_000;

/// A delivery to queue.
#[derive(Clone, Debug, Insertable)]
#[diesel(table_name = outbox, treat_none_as_default_value = false)]
pub struct NewDelivery {
    /// The kind of delivery.
    pub kind: &'static str,
    /// A random value that the sealed column is tied to.
    pub owner: Vec<u8>,
    /// Blind index of the Matrix ID it is about.
    pub user_index: Vec<u8>,
    /// Blind index of the Matrix ID of the user that caused it, if that is someone else.
    pub cause_index: Option<Vec<u8>>,
    /// Blind index of the address it is about.
    pub address_index: Vec<u8>,
    /// Blind index of the destination.
    pub destination: Vec<u8>,
    /// The content, sealed.
    pub payload: Vec<u8>,
    /// The number of attempts.
    pub attempts: i64,
    /// The time of the next attempt.
    pub next_at: Millis,
    /// The time until which a node has leased it.
    pub held_until: Millis,
    /// The time when it was queued.
    pub created_at: Millis,
}

/// A delivery that is due.
#[derive(Clone, Debug, Queryable)]
pub struct Due {
    /// The row's id.
    pub id: i64,
    /// The kind of delivery.
    pub kind: String,
    /// Blind index of the destination.
    pub destination: Vec<u8>,
}

/// A delivery's row.
#[derive(Clone, Debug, Queryable, Selectable)]
#[diesel(table_name = outbox)]
pub struct Delivery {
    /// The row's id.
    pub id: i64,
    /// The kind of delivery.
    pub kind: String,
    /// A random value that the sealed column is tied to.
    pub owner: Vec<u8>,
    /// The content, sealed.
    pub payload: Vec<u8>,
    /// The number of attempts.
    pub attempts: i64,
    /// The time of the next attempt.
    pub next_at: Millis,
    /// The time until which a node has leased it.
    pub held_until: Millis,
    /// The time when it was queued.
    pub created_at: Millis,
    /// The reason why the last attempt failed.
    #[diesel(column_name = trouble)]
    pub last_error: Option<String>,
}

/// Queues deliveries, in as few statements as possible. The one for a single delivery, which is what
/// most transactions queue, stays prepared.
///
/// # Errors
/// [`Error`] if the database fails.
pub async fn queue_all(conn: &mut Conn, new: Vec<NewDelivery>) -> Result<(), Error> {
    for rows in new.chunks(ROWS_PER_INSERT) {
        let insert = diesel::insert_into(outbox::table);
        match rows {
            [row] => conn.execute(Prepared(insert.values(row.clone()))).await?,
            rows => conn.execute(insert.values(rows.to_vec())).await?,
        };
    }
    Ok(())
}

/// Queues a delivery that this node leases at once; returns its row.
///
/// # Errors
/// [`Error`] if the database fails.
pub async fn queue_leased(conn: &mut Conn, new: NewDelivery) -> Result<Delivery, Error> {
    let leased = NewDelivery { held_until: new.next_at + LEASE, ..new };
    conn.get(Prepared(diesel::insert_into(outbox::table).values(leased).returning(columns::<Delivery>()))).await
}

/// Returns whether no node has leased it. A lease that lasts longer than a lease can was taken with
/// a wrong clock.
#[diesel::dsl::auto_type]
fn is_free(now: Millis) -> _ {
    let earliest: Millis = now + 1i64;
    let latest: Millis = now + LEASE + APART;
    outbox::held_until.not_between(earliest, latest)
}

/// Returns at most `limit` deliveries that are due at `now` and not leased, in the order in which
/// they became due, except those to the `excluded` destinations, and those of the `passing` kind
/// that were queued by `queued_after`.
///
/// # Errors
/// [`Error`] if the database fails.
pub async fn due(
    conn: &mut Conn,
    now: Millis,
    (passing, queued_after): (&'static str, Millis),
    excluded: Vec<Vec<u8>>,
    limit: i64,
) -> Result<Vec<Due>, Error> {
    let query = outbox::table
        .select((outbox::id, outbox::kind, outbox::destination))
        .filter(outbox::next_at.le(now))
        .filter(is_free(now))
        .filter(outbox::created_at.gt(queued_after).or(outbox::kind.ne(passing)))
        .filter(outbox::destination.ne_all(excluded))
        .order((outbox::next_at, outbox::id))
        .limit(limit);
    conn.load(query).await
}

/// Leases due deliveries, except those that another node has leased.
///
/// # Errors
/// [`Error`] if the database fails.
pub async fn claim(conn: &mut Conn, ids: Vec<i64>, now: Millis) -> Result<Vec<Delivery>, Error> {
    let free = outbox::table.filter(outbox::id.eq_any(ids)).filter(is_free(now)).filter(outbox::next_at.le(now));
    conn.load(Prepared(diesel::update(free).set(outbox::held_until.eq(now + LEASE)).returning(columns::<Delivery>())))
        .await
}

/// Extends the lease of a delivery until `until`; returns whether it was still leased until
/// `held_until`.
///
/// # Errors
/// [`Error`] if the database fails.
pub async fn extend(conn: &mut Conn, id: i64, held_until: Millis, until: Millis) -> Result<bool, Error> {
    let ours = outbox::table.filter(outbox::id.eq(id)).filter(outbox::held_until.eq(held_until));
    Ok(conn.execute(Prepared(diesel::update(ours).set(outbox::held_until.eq(until)))).await? == 1)
}

/// Releases all leases; returns how many there were.
///
/// # Errors
/// [`Error`] if the database fails.
pub async fn give_up(conn: &mut Conn) -> Result<usize, Error> {
    let held = outbox::table.filter(outbox::held_until.gt(0));
    conn.execute(diesel::update(held).set(outbox::held_until.eq(0))).await
}

/// Records that a delivery that was leased until `held_until` failed, and releases it.
///
/// # Errors
/// [`Error`] if the database fails.
pub async fn failed(
    conn: &mut Conn,
    id: i64,
    held_until: Millis,
    next_at: Millis,
    last_error: String,
) -> Result<(), Error> {
    let ours = outbox::table.filter(outbox::id.eq(id)).filter(outbox::held_until.eq(held_until));
    let change = (
        outbox::attempts.eq(outbox::attempts + 1),
        outbox::next_at.eq(next_at),
        outbox::held_until.eq(0),
        outbox::trouble.eq(Some(last_error)),
    );
    conn.execute(Prepared(diesel::update(ours).set(change))).await?;
    Ok(())
}

/// Removes a delivery; returns whether it existed.
///
/// # Errors
/// [`Error`] if the database fails.
pub async fn remove(conn: &mut Conn, id: i64) -> Result<bool, Error> {
    Ok(conn.execute(diesel::delete(outbox::table.filter(outbox::id.eq(id)))).await? == 1)
}

/// Removes these deliveries, as far as they exist.
///
/// # Errors
/// [`Error`] if the database fails.
pub async fn remove_each(conn: &mut Conn, ids: Vec<i64>) -> Result<(), Error> {
    conn.execute(Prepared(diesel::delete(outbox::table.filter(outbox::id.eq_any(ids))))).await.map(drop)
}

/// Deletes at most `limit` deliveries of a kind that were queued by `until` and are not being
/// attempted; returns how many.
///
/// # Errors
/// [`Error`] if the database fails.
pub async fn sweep(
    conn: &mut Conn,
    kind: &'static str,
    until: Millis,
    now: Millis,
    limit: i64,
) -> Result<usize, Error> {
    let is_expired = outbox::created_at.le(until).and(is_free(now)).and(outbox::kind.eq(kind));
    let rows: Vec<i64> = conn.load(outbox::table.select(outbox::id).filter(is_expired).limit(limit)).await?;
    conn.execute(diesel::delete(outbox::table.filter(outbox::id.eq_any(rows)).filter(is_expired))).await
}

/// Returns all deliveries, oldest first.
///
/// # Errors
/// [`Error`] if the database fails.
pub async fn all(conn: &mut Conn) -> Result<Vec<Delivery>, Error> {
    conn.load(outbox::table.select(columns::<Delivery>()).order(outbox::id)).await
}

/// Returns the deliveries that are about a user, then those that they caused, each oldest first.
///
/// # Errors
/// [`Error`] if the database fails.
pub async fn of_user(conn: &mut Conn, user_index: &[u8]) -> Result<Vec<Delivery>, Error> {
    let about = outbox::table.select(columns::<Delivery>()).filter(outbox::user_index.eq(user_index.to_vec()));
    let mut theirs = conn.load(about.order(outbox::id)).await?;
    let caused = outbox::table.select(columns::<Delivery>()).filter(outbox::cause_index.eq(user_index.to_vec()));
    theirs.extend(conn.load(caused.order(outbox::id)).await?);
    Ok(theirs)
}

/// Returns the deliveries that are about an address, oldest first.
///
/// # Errors
/// [`Error`] if the database fails.
pub async fn of_address(conn: &mut Conn, address_index: &[u8]) -> Result<Vec<Delivery>, Error> {
    let about = outbox::table.select(columns::<Delivery>()).filter(outbox::address_index.eq(address_index.to_vec()));
    conn.load(about.order(outbox::id)).await
}

/// Makes a delivery due now; returns whether it exists.
///
/// # Errors
/// [`Error`] if the database fails.
pub async fn hurry(conn: &mut Conn, id: i64) -> Result<bool, Error> {
    let one = outbox::table.filter(outbox::id.eq(id));
    Ok(conn.execute(diesel::update(one).set(outbox::next_at.eq(0))).await? == 1)
}

/// Makes the deliveries due that would be due only after `latest`; returns how many.
///
/// # Errors
/// [`Error`] if the database fails.
pub async fn hurry_after(conn: &mut Conn, latest: Millis) -> Result<usize, Error> {
    let late = outbox::table.filter(outbox::next_at.gt(latest));
    conn.execute(diesel::update(late).set(outbox::next_at.eq(0))).await
}

/// Returns whether a delivery is due only after `latest`.
///
/// # Errors
/// [`Error`] if the database fails.
pub async fn is_any_after(conn: &mut Conn, latest: Millis) -> Result<bool, Error> {
    let late = outbox::table.select(outbox::id).filter(outbox::next_at.gt(latest)).limit(1);
    Ok(conn.first::<i64>(late).await?.is_some())
}

/// Makes all deliveries due now; returns how many there are.
///
/// # Errors
/// [`Error`] if the database fails.
pub async fn hurry_all(conn: &mut Conn) -> Result<usize, Error> {
    conn.execute(diesel::update(outbox::table).set(outbox::next_at.eq(0))).await
}

/// Removes all deliveries; returns how many.
///
/// # Errors
/// [`Error`] if the database fails.
pub async fn remove_all(conn: &mut Conn) -> Result<usize, Error> {
    conn.execute(diesel::delete(outbox::table)).await
}

/// Detaches the deliveries of these kinds that are about a user from that user, so that an erasure
/// does not delete them.
///
/// # Errors
/// [`Error`] if the database fails.
pub async fn detach(conn: &mut Conn, user_index: &[u8], kinds: Vec<&'static str>) -> Result<(), Error> {
    let theirs = outbox::table.filter(outbox::user_index.eq(user_index.to_vec())).filter(outbox::kind.eq_any(kinds));
    conn.execute(diesel::update(theirs).set(outbox::user_index.eq(outbox::owner))).await.map(drop)
}

/// Removes the deliveries that are about a user or that they caused; returns how many.
///
/// # Errors
/// [`Error`] if the database fails.
pub async fn remove_by_user(conn: &mut Conn, user_index: &[u8]) -> Result<usize, Error> {
    let about = conn.execute(diesel::delete(outbox::table.filter(outbox::user_index.eq(user_index.to_vec())))).await?;
    let caused = outbox::table.filter(outbox::cause_index.eq(user_index.to_vec()));
    Ok(about + conn.execute(diesel::delete(caused)).await?)
}

/// Removes the deliveries that are about an address, except for those of the kinds to be kept;
/// returns how many.
///
/// # Errors
/// [`Error`] if the database fails.
pub async fn remove_by_address(conn: &mut Conn, address_index: &[u8], kept: Vec<&'static str>) -> Result<usize, Error> {
    let about =
        outbox::table.filter(outbox::address_index.eq(address_index.to_vec())).filter(outbox::kind.ne_all(kept));
    conn.execute(diesel::delete(about)).await
}

/// Removes the deliveries that are about both an address and a user and were queued at `since` or
/// later, except for those of the kind to be kept; returns how many.
///
/// # Errors
/// [`Error`] if the database fails.
pub async fn remove_since(
    conn: &mut Conn,
    address_index: &[u8],
    user_index: &[u8],
    since: Millis,
    kept: &'static str,
) -> Result<usize, Error> {
    let theirs = outbox::table
        .filter(outbox::kind.ne(kept))
        .filter(outbox::address_index.eq(address_index.to_vec()))
        .filter(outbox::user_index.eq(user_index.to_vec()))
        .filter(outbox::created_at.ge(since));
    conn.execute(diesel::delete(theirs)).await
}
