//! Rate limits: for each key, the time in microseconds at which its bucket is empty.

use diesel::dsl::case_when;
use diesel::prelude::*;
use diesel::query_dsl::methods;

use super::connection::Conn;
use super::error::Error;
use super::prepared::Prepared;
use super::schema::rate_limits;

/// Moves the time at which a bucket is empty by `cost` from `now` or, if it is not empty yet, from
/// that time; but not if that time is after `latest`. Returns whether it did.
///
/// Either way the row stays locked until the transaction ends, so a transaction must charge its
/// keys in ascending order.
///
/// # Errors
/// [`Error`] if the database fails.
pub async fn charge(conn: &mut Conn, key: &[u8], now: i64, cost: i64, latest: i64) -> Result<bool, Error> {
    let later = case_when(rate_limits::empty_at.gt(now), rate_limits::empty_at).otherwise(now) + cost;
    let upsert = diesel::insert_into(rate_limits::table)
        .values((rate_limits::key.eq(key), rate_limits::empty_at.eq(now + cost)))
        .on_conflict(rate_limits::key)
        .do_update()
        .set(rate_limits::empty_at.eq(later));
    let upsert = methods::FilterDsl::filter(upsert, rate_limits::empty_at.le(latest));
    Ok(conn.execute(Prepared(upsert)).await? == 1)
}

/// Takes back what [`charge`] added. A time before now is as good as an empty bucket.
///
/// # Errors
/// [`Error`] if the database fails.
pub async fn refund(conn: &mut Conn, key: &[u8], cost: i64) -> Result<(), Error> {
    let row = diesel::update(rate_limits::table.filter(rate_limits::key.eq(key)));
    conn.execute(Prepared(row.set(rate_limits::empty_at.eq(rate_limits::empty_at - cost)))).await?;
    Ok(())
}

/// Returns when the buckets of those keys that have a row are empty.
///
/// # Errors
/// [`Error`] if the database fails.
pub async fn empty_at(conn: &mut Conn, keys: Vec<Vec<u8>>) -> Result<Vec<(Vec<u8>, i64)>, Error> {
    let query = rate_limits::table.select((rate_limits::key, rate_limits::empty_at));
    conn.load(query.filter(rate_limits::key.eq_any(keys))).await
}

/// Deletes at most `limit` rows of buckets that are empty at `now`, and returns how many.
///
/// # Errors
/// [`Error`] if the database fails.
pub async fn sweep(conn: &mut Conn, now: i64, limit: i64) -> Result<usize, Error> {
    let is_empty = rate_limits::empty_at.le(now);
    let rows: Vec<Vec<u8>> =
        conn.load(rate_limits::table.select(rate_limits::key).filter(is_empty).limit(limit)).await?;
    conn.execute(diesel::delete(rate_limits::table.filter(rate_limits::key.eq_any(rows)).filter(is_empty))).await
}
