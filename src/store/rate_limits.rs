//! Rate limits: for each key, the time in microseconds at which its bucket is empty, and the time
//! at which its use is forgotten.

use diesel::dsl::{case_when, count_star, max, min};
use diesel::prelude::*;
use diesel::query_dsl::methods;
use diesel::sql_query;
use diesel::sql_types::{Array, BigInt, Binary, Text};
use diesel::upsert::excluded;

use super::connection::{Backend, Conn};
use super::error::Error;
use super::prepared::Prepared;
use super::schema::rate_limits;

/// A charge to a bucket. All times are in microseconds.
pub struct Charge {
    /// The key of the bucket.
    pub key: Vec<u8>,
    /// The kind of event that it counts.
    pub kind: String,
    /// The time.
    pub now: i64,
    /// The delay that this adds to the time when the bucket is empty.
    pub cost: i64,
    /// The latest time at which the bucket may be empty: if it is later, nothing is charged.
    pub latest: i64,
    /// The delay that this adds to the time when its use is forgotten.
    pub lasting_cost: i64,
    /// The latest time until which its use may be remembered.
    pub memory: i64,
}

/// The stored state of a bucket.
#[derive(Clone, Debug, PartialEq, Eq, Queryable)]
pub struct Stored {
    /// The key of the bucket.
    pub key: Vec<u8>,
    /// The time when it is empty.
    pub empty_at: i64,
    /// The time when its use is forgotten.
    pub forgotten_at: i64,
}

/// The buckets of a kind.
#[derive(Clone, Debug, PartialEq, Eq, Queryable)]
pub struct Kind {
    /// The kind of event that they count.
    pub name: String,
    /// The number of those that are not empty.
    pub filled: i64,
    /// The time when the first of them is empty.
    pub first_empty_at: Option<i64>,
    /// The time when the last of them is empty.
    pub last_empty_at: Option<i64>,
}

/// A bucket that had room.
#[derive(QueryableByName)]
struct Charged {
    #[diesel(sql_type = Binary)]
    key: Vec<u8>,
}

/// Does what [`charge`] does, for several buckets in the order of the arrays.
const CHARGE_EACH: &str = "WITH charge AS MATERIALIZED (
        SELECT * FROM unnest($1, $2, $3, $4, $5, $6, $7)
            WITH ORDINALITY AS t (now, cost, latest, lasting_cost, memory, key, kind, place))
    INSERT INTO rate_limits AS stored (key, kind, empty_at, forgotten_at)
        SELECT key, kind, now + cost, least(now + lasting_cost, memory) FROM charge ORDER BY place
    ON CONFLICT (key) DO UPDATE SET kind = excluded.kind, (empty_at, forgotten_at) = (
        SELECT greatest(stored.empty_at, now) + cost, least(greatest(stored.forgotten_at, now) + lasting_cost, memory)
            FROM charge WHERE key = excluded.key)
    WHERE stored.empty_at <= (SELECT latest FROM charge WHERE key = excluded.key)
    RETURNING key";

/// Moves the time at which a bucket is empty by `cost` from `now` or, if it is not empty yet, from
/// that time; but not if that time is after `latest`. Moves the time at which its use is forgotten
/// by `lasting_cost`, but not beyond `memory`. Returns that time, or `None` if nothing was charged.
///
/// Either way the row stays locked until the transaction ends, so transactions must charge their
/// keys in the same order.
///
/// # Errors
/// [`Error`] if the database fails.
pub async fn charge(conn: &mut Conn, charge: Charge) -> Result<Option<i64>, Error> {
    let Charge { key, kind, now, cost, latest, lasting_cost, memory } = charge;
    let later = case_when(rate_limits::empty_at.gt(now), rate_limits::empty_at).otherwise(now) + cost;
    let forgotten =
        || case_when(rate_limits::forgotten_at.gt(now), rate_limits::forgotten_at).otherwise(now) + lasting_cost;
    let upsert = diesel::insert_into(rate_limits::table)
        .values((
            rate_limits::key.eq(key),
            rate_limits::kind.eq(kind),
            rate_limits::empty_at.eq(now + cost),
            rate_limits::forgotten_at.eq(memory.min(now + lasting_cost)),
        ))
        .on_conflict(rate_limits::key)
        .do_update()
        .set((
            rate_limits::kind.eq(excluded(rate_limits::kind)),
            rate_limits::empty_at.eq(later),
            rate_limits::forgotten_at.eq(case_when(forgotten().lt(memory), forgotten()).otherwise(memory)),
        ));
    let upsert = methods::FilterDsl::filter(upsert, rate_limits::empty_at.le(latest));
    conn.first(Prepared(upsert.returning(rate_limits::forgotten_at))).await
}

/// Charges each bucket that has room as [`charge`] does, in this order; returns the keys of those that
/// had.
///
/// # Errors
/// [`Error`] if the database fails.
pub async fn charge_each(conn: &mut Conn, all: Vec<Charge>) -> Result<Vec<Vec<u8>>, Error> {
    if let Backend::Postgres(_) = conn.backend
        && all.len() > 1
    {
        let numbers = |of: fn(&Charge) -> i64| all.iter().map(of).collect::<Vec<_>>();
        let query = sql_query(CHARGE_EACH)
            .bind::<Array<BigInt>, _>(numbers(|one| one.now))
            .bind::<Array<BigInt>, _>(numbers(|one| one.cost))
            .bind::<Array<BigInt>, _>(numbers(|one| one.latest))
            .bind::<Array<BigInt>, _>(numbers(|one| one.lasting_cost))
            .bind::<Array<BigInt>, _>(numbers(|one| one.memory));
        let (keys, kinds): (Vec<_>, Vec<_>) = all.into_iter().map(|one| (one.key, one.kind)).unzip();
        let query = query.bind::<Array<Binary>, _>(keys).bind::<Array<Text>, _>(kinds);
        let charged: Vec<Charged> = conn.load_from_postgres(Prepared(query)).await?;
        return Ok(charged.into_iter().map(|one| one.key).collect());
    }
    let mut charged = Vec::with_capacity(all.len());
    for one in all {
        let key = one.key.clone();
        charged.extend(charge(conn, one).await?.map(|_| key));
    }
    Ok(charged)
}

/// Takes back what [`charge`] added to both times, or less of the latter. A time before now is as
/// good as an empty bucket.
///
/// # Errors
/// [`Error`] if the database fails.
pub async fn refund(conn: &mut Conn, key: &[u8], cost: i64, lasting_cost: i64) -> Result<(), Error> {
    let row = diesel::update(rate_limits::table.filter(rate_limits::key.eq(key)));
    let earlier = (
        rate_limits::empty_at.eq(rate_limits::empty_at - cost),
        rate_limits::forgotten_at.eq(rate_limits::forgotten_at - lasting_cost),
    );
    conn.execute(Prepared(row.set(earlier))).await?;
    Ok(())
}

/// Returns the buckets of those keys that have a row.
///
/// # Errors
/// [`Error`] if the database fails.
pub async fn by_keys(conn: &mut Conn, keys: Vec<Vec<u8>>) -> Result<Vec<Stored>, Error> {
    let query = rate_limits::table.select((rate_limits::key, rate_limits::empty_at, rate_limits::forgotten_at));
    conn.load(query.filter(rate_limits::key.eq_any(keys))).await
}

/// Returns the kinds that have buckets which are not empty at `now`.
///
/// # Errors
/// [`Error`] if the database fails.
pub async fn kinds(conn: &mut Conn, now: i64) -> Result<Vec<Kind>, Error> {
    let query = rate_limits::table.filter(rate_limits::empty_at.gt(now)).group_by(rate_limits::kind).select((
        rate_limits::kind,
        count_star(),
        min(rate_limits::empty_at),
        max(rate_limits::empty_at),
    ));
    conn.load(query.order(rate_limits::kind)).await
}

/// Makes the buckets that would be empty only after `latest` empty earlier by `by`; returns how
/// many.
///
/// # Errors
/// [`Error`] if the database fails.
pub async fn take_back(conn: &mut Conn, latest: i64, by: i64) -> Result<usize, Error> {
    let earlier = (
        rate_limits::empty_at.eq(rate_limits::empty_at - by),
        rate_limits::forgotten_at.eq(rate_limits::forgotten_at - by),
    );
    conn.execute(diesel::update(rate_limits::table.filter(rate_limits::empty_at.gt(latest))).set(earlier)).await
}

/// Makes the buckets of a kind that would be empty only after `latest` empty earlier by `by`, and
/// at that time at the latest; returns how many.
///
/// # Errors
/// [`Error`] if the database fails.
pub async fn lower(conn: &mut Conn, kind: &str, latest: i64, by: i64) -> Result<usize, Error> {
    let of_kind = rate_limits::table.filter(rate_limits::kind.eq(kind.to_owned()));
    let fuller = of_kind.filter(rate_limits::empty_at.gt(latest));
    let earlier = (
        rate_limits::empty_at.eq(rate_limits::empty_at - by),
        rate_limits::forgotten_at.eq(rate_limits::forgotten_at - by),
    );
    let lowered = conn.execute(Prepared(diesel::update(fuller.clone()).set(earlier))).await?;
    conn.execute(Prepared(diesel::update(fuller).set(rate_limits::empty_at.eq(latest)))).await?;
    Ok(lowered)
}

/// Returns how many buckets of a kind are empty only after `time`.
///
/// # Errors
/// [`Error`] if the database fails.
pub async fn count_after(conn: &mut Conn, kind: &str, time: i64) -> Result<i64, Error> {
    let of_kind = rate_limits::table.filter(rate_limits::kind.eq(kind.to_owned()));
    conn.get(of_kind.filter(rate_limits::empty_at.gt(time)).select(count_star())).await
}

/// Deletes at most `limit` rows of buckets that are empty and forgotten at `now`, and returns how
/// many.
///
/// # Errors
/// [`Error`] if the database fails.
pub async fn sweep(conn: &mut Conn, now: i64, limit: i64) -> Result<usize, Error> {
    let is_over = rate_limits::forgotten_at.le(now).and(rate_limits::empty_at.le(now));
    let rows: Vec<Vec<u8>> =
        conn.load(rate_limits::table.select(rate_limits::key).filter(is_over).limit(limit)).await?;
    conn.execute(diesel::delete(rate_limits::table.filter(rate_limits::key.eq_any(rows)).filter(is_over))).await
}
