//! The outbox: what is to be delivered, and is kept until it is.

use diesel::prelude::*;

use super::connection::Conn;
use super::error::Error;
use super::prepared::Prepared;
use super::schema::outbox;
use crate::clock::Millis;

/// A delivery to be made.
#[derive(Clone, Debug, Insertable)]
#[diesel(table_name = outbox, treat_none_as_default_value = false)]
pub struct NewDelivery {
    /// What kind of delivery.
    pub kind: &'static str,
    /// Random; owner of the sealed column.
    pub owner: Vec<u8>,
    /// Blind index of the Matrix ID it is about.
    pub user_index: Vec<u8>,
    /// Blind index of the Matrix ID that caused it, if that is another.
    pub cause_index: Option<Vec<u8>>,
    /// Blind index of the address it is about.
    pub address_index: Vec<u8>,
    /// Blind index of where it goes.
    pub destination: Vec<u8>,
    /// What is delivered, sealed.
    pub payload: Vec<u8>,
    /// How often it was tried.
    pub attempts: i64,
    /// When it is tried next.
    pub next_at: Millis,
    /// Until when a node holds it.
    pub held_until: Millis,
    /// When it was queued.
    pub created_at: Millis,
}

/// A delivery that can be made now.
#[derive(Clone, Debug, Queryable)]
pub struct Due {
    /// `outbox.id`
    pub id: i64,
    /// Blind index of where it goes.
    pub destination: Vec<u8>,
}

/// A delivery's row.
#[derive(Clone, Debug, Queryable)]
pub struct Delivery {
    /// `outbox.id`
    pub id: i64,
    /// What kind of delivery.
    pub kind: String,
    /// Random; owner of the sealed column.
    pub owner: Vec<u8>,
    /// What is delivered, sealed.
    pub payload: Vec<u8>,
    /// How often it was tried.
    pub attempts: i64,
    /// When it is tried next.
    pub next_at: Millis,
    /// Until when a node holds it.
    pub held_until: Millis,
    /// When it was queued.
    pub created_at: Millis,
    /// Why the last attempt failed.
    pub trouble: Option<String>,
}

type Columns = (
    outbox::id,
    outbox::kind,
    outbox::owner,
    outbox::payload,
    outbox::attempts,
    outbox::next_at,
    outbox::held_until,
    outbox::created_at,
    outbox::trouble,
);

const COLUMNS: Columns = (
    outbox::id,
    outbox::kind,
    outbox::owner,
    outbox::payload,
    outbox::attempts,
    outbox::next_at,
    outbox::held_until,
    outbox::created_at,
    outbox::trouble,
);

/// Queues a delivery.
///
/// # Errors
/// [`Error`] if the database does not answer.
pub async fn queue(conn: &mut Conn, new: NewDelivery) -> Result<(), Error> {
    conn.execute(diesel::insert_into(outbox::table).values(new)).await?;
    Ok(())
}

/// At most `limit` deliveries that can be made at `now` and were queued after `queued_after`, those that wait longest first, but for
/// those to the destinations in `but_to`.
///
/// # Errors
/// [`Error`] if the database does not answer.
pub async fn due(
    conn: &mut Conn,
    now: Millis,
    queued_after: Millis,
    but_to: Vec<Vec<u8>>,
    limit: i64,
) -> Result<Vec<Due>, Error> {
    let query = outbox::table
        .select((outbox::id, outbox::destination))
        .filter(outbox::next_at.le(now))
        .filter(outbox::held_until.le(now))
        .filter(outbox::created_at.gt(queued_after))
        .filter(outbox::destination.ne_all(but_to))
        .order((outbox::next_at, outbox::id))
        .limit(limit);
    conn.load(query).await
}

/// Takes a delivery until `until`, unless another node was quicker.
///
/// # Errors
/// [`Error`] if the database does not answer.
pub async fn claim(conn: &mut Conn, id: i64, now: Millis, until: Millis) -> Result<Option<Delivery>, Error> {
    let free =
        outbox::table.filter(outbox::id.eq(id)).filter(outbox::held_until.le(now)).filter(outbox::next_at.le(now));
    conn.first(Prepared(diesel::update(free).set(outbox::held_until.eq(until)).returning(COLUMNS))).await
}

/// Gives back a delivery that was held until `held_until` and failed.
///
/// # Errors
/// [`Error`] if the database does not answer.
pub async fn failed(
    conn: &mut Conn,
    id: i64,
    held_until: Millis,
    next_at: Millis,
    trouble: String,
) -> Result<(), Error> {
    let ours = outbox::table.filter(outbox::id.eq(id)).filter(outbox::held_until.eq(held_until));
    let change = (
        outbox::attempts.eq(outbox::attempts + 1),
        outbox::next_at.eq(next_at),
        outbox::held_until.eq(0),
        outbox::trouble.eq(Some(trouble)),
    );
    conn.execute(Prepared(diesel::update(ours).set(change))).await?;
    Ok(())
}

/// Removes a delivery; returns whether it was there.
///
/// # Errors
/// [`Error`] if the database does not answer.
pub async fn remove(conn: &mut Conn, id: i64) -> Result<bool, Error> {
    Ok(conn.execute(diesel::delete(outbox::table.filter(outbox::id.eq(id)))).await? == 1)
}

/// Removes the deliveries that were queued before `queued_before` and that nobody is making; returns how many.
///
/// # Errors
/// [`Error`] if the database does not answer.
pub async fn sweep(conn: &mut Conn, queued_before: Millis, now: Millis) -> Result<usize, Error> {
    let over = outbox::table.filter(outbox::created_at.le(queued_before)).filter(outbox::held_until.le(now));
    conn.execute(diesel::delete(over)).await
}
