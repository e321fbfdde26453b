//! Named values that describe the database as a whole.

use diesel::dsl::sql;
use diesel::prelude::*;
use diesel::query_dsl::methods;
use diesel::sql_query;
use diesel::sql_types::{BigInt, Binary, Bool, Text};

use super::connection::{Backend, Conn};
use super::error::Error;
use super::schema::meta;
use crate::clock::Millis;

/// The check value of the master key.
pub const MASTER_KEY_CHECK: &str = "master_key_check";
/// The former master keys, sealed with the current one.
pub const FORMER_KEYS: &str = "former_master_keys";
/// Present while rows of the former master key may be left.
pub const KEY_EXCHANGE: &str = "master_key_exchange";
/// The public half of the signing key.
pub const SIGNING_KEY: &str = "signing_key";
/// The form in which addresses are stored.
pub const ADDRESS_FORM: &str = "address_form";
/// The key of the audit log, sealed.
pub const AUDIT_KEY: &str = "audit_key";
/// The number and link of the last entry in the audit log.
pub const AUDIT_HEAD: &str = "audit_head";
/// The number and link of the last entry that was deleted from the front of the audit log.
pub const AUDIT_ANCHOR: &str = "audit_anchor";
/// The version, settings and signing keys of the last start, for the audit log.
pub const AUDIT_START: &str = "audit_start";
/// The line of the log with the last checkpoint of the audit log.
pub const LAST_CHECKPOINT: &str = "last_checkpoint";
/// The latest time at which a node with a correct clock was running, as 8 bytes, big-endian.
pub(super) const LATEST_TIME: &str = "latest_time";
/// The latest time at which a node has acted and that may turn out to be wrong, in the same form.
const UNSETTLED_TIME: &str = "unsettled_time";
/// The latest unsettled time for which rate limits were taken back, in the same form.
const TAKEN_BACK: &str = "limits_taken_back";

/// Returns the value with this name.
///
/// # Errors
/// [`Error`] if the database fails.
pub async fn get(conn: &mut Conn, name: &str) -> Result<Option<Vec<u8>>, Error> {
    conn.first(meta::table.select(meta::value).filter(meta::name.eq(name.to_owned()))).await
}

/// Returns the value with this name, and locks it until the transaction ends.
///
/// # Errors
/// [`Error`] if the database fails.
pub async fn lock(conn: &mut Conn, name: &'static str) -> Result<Option<Vec<u8>>, Error> {
    let row = meta::table.filter(meta::name.eq(name));
    conn.first(diesel::update(row).set(meta::name.eq(name)).returning(meta::value)).await
}

/// As [`get`], on `PostgreSQL`, so that the value stays until the transaction ends.
///
/// # Errors
/// [`Error`] if the database fails.
pub(super) async fn share(conn: &mut Conn, name: &str) -> Result<Option<Vec<u8>>, Error> {
    let query = sql_query("SELECT value FROM meta WHERE name = $1 FOR SHARE").bind::<Text, _>(name.to_owned());
    Ok(conn.first::<Value>(query).await?.map(|row| row.value))
}

#[derive(QueryableByName)]
struct Value {
    #[diesel(sql_type = Binary)]
    value: Vec<u8>,
}

/// Stores a value unless there is one with this name, and returns the stored one.
///
/// # Errors
/// [`Error`] if the database fails.
pub async fn get_or_set(conn: &mut Conn, name: &str, value: &[u8]) -> Result<Vec<u8>, Error> {
    set_once(conn, name, value).await?;
    get(conn, name).await?.ok_or(Error::Constraint)
}

/// Stores a value unless there is one with this name; returns whether it was stored.
///
/// # Errors
/// [`Error`] if the database fails.
pub async fn set_once(conn: &mut Conn, name: &str, value: &[u8]) -> Result<bool, Error> {
    let row = (meta::name.eq(name.to_owned()), meta::value.eq(value.to_vec()));
    Ok(conn.execute(diesel::insert_into(meta::table).values(row).on_conflict_do_nothing()).await? == 1)
}

/// Replaces the value with this name.
///
/// # Errors
/// [`Error`] if the database fails.
pub async fn set(conn: &mut Conn, name: &str, value: &[u8]) -> Result<(), Error> {
    let row = meta::table.filter(meta::name.eq(name.to_owned()));
    conn.execute(diesel::update(row).set(meta::value.eq(value.to_vec()))).await?;
    Ok(())
}

/// Stores a value with this name, or replaces it.
///
/// # Errors
/// [`Error`] if the database fails.
pub async fn put(conn: &mut Conn, name: &str, value: &[u8]) -> Result<(), Error> {
    if !set_once(conn, name, value).await? {
        set(conn, name, value).await?;
    }
    Ok(())
}

/// Removes the value with this name.
///
/// # Errors
/// [`Error`] if the database fails.
pub async fn remove(conn: &mut Conn, name: &str) -> Result<(), Error> {
    conn.execute(diesel::delete(meta::table.filter(meta::name.eq(name.to_owned())))).await.map(drop)
}

/// Returns the latest time that any node has recorded.
///
/// # Errors
/// [`Error`] if the database fails.
pub async fn latest_time(conn: &mut Conn) -> Result<Option<Millis>, Error> {
    time(conn, LATEST_TIME).await
}

/// Returns the latest time at which a node has acted after a jump ahead, unless that time was found
/// to be right or the rows stored then were corrected.
///
/// # Errors
/// [`Error`] if the database fails.
pub async fn unsettled_time(conn: &mut Conn) -> Result<Option<Millis>, Error> {
    time(conn, UNSETTLED_TIME).await
}

async fn time(conn: &mut Conn, name: &str) -> Result<Option<Millis>, Error> {
    let bytes = get(conn, name).await?;
    Ok(bytes.and_then(|bytes| bytes.try_into().ok()).map(Millis::from_be_bytes))
}

/// Records `now` as the latest time, unless a later one is recorded. The database compares the
/// bytes: non-negative big-endian numbers sort in numerical order. The caller has checked that
/// `now` is right.
///
/// # Errors
/// [`Error`] if the database fails.
pub async fn set_latest_time(conn: &mut Conn, now: Millis) -> Result<(), Error> {
    raise(conn, LATEST_TIME, now).await.map(drop)
}

/// Records that a node acts at `now`, which may turn out to be wrong.
///
/// # Errors
/// [`Error`] if the database fails.
pub async fn note_unsettled_time(conn: &mut Conn, now: Millis) -> Result<(), Error> {
    raise(conn, UNSETTLED_TIME, now).await.map(drop)
}

/// Forgets an unsettled time up to `until`.
///
/// # Errors
/// [`Error`] if the database fails.
pub async fn forget_unsettled_time(conn: &mut Conn, until: Millis) -> Result<(), Error> {
    let times = meta::table.filter(meta::name.eq_any([UNSETTLED_TIME, TAKEN_BACK]));
    let forgotten = times.filter(meta::value.le(until.to_be_bytes().to_vec()));
    conn.execute(diesel::delete(forgotten)).await.map(drop)
}

/// Records that rate limits are being taken back from this unsettled time; returns whether this had
/// not been done before.
///
/// # Errors
/// [`Error`] if the database fails.
pub async fn take_limits_back(conn: &mut Conn, from: Millis) -> Result<bool, Error> {
    raise(conn, TAKEN_BACK, from).await
}

/// Records a time unless a later one is recorded; returns whether it did.
async fn raise(conn: &mut Conn, name: &'static str, now: Millis) -> Result<bool, Error> {
    let bytes = now.to_be_bytes().to_vec();
    let query = diesel::insert_into(meta::table)
        .values((meta::name.eq(name), meta::value.eq(bytes.clone())))
        .on_conflict(meta::name)
        .do_update()
        .set(meta::value.eq(bytes.clone()));
    // A value that is not a time does not count.
    let is_earlier = meta::value.lt(bytes).or(sql::<Bool>("length(meta.value) <> 8"));
    Ok(conn.execute(methods::FilterDsl::filter(query, is_earlier)).await? == 1)
}

/// Records `now` as the latest time, even if a later one is recorded.
///
/// # Errors
/// [`Error`] if the database fails.
pub async fn reset_latest_time(conn: &mut Conn, now: Millis) -> Result<(), Error> {
    set_latest_time(conn, now).await?;
    set(conn, LATEST_TIME, &now.to_be_bytes()).await
}

/// Returns the time of `PostgreSQL`.
///
/// # Errors
/// [`Error`] if the database fails.
pub(super) async fn database_time(conn: &mut Conn) -> Result<Millis, Error> {
    let sql = "SELECT floor(extract(epoch FROM now()) * 1000)::bigint AS time";
    Ok(conn.get::<DatabaseTime>(diesel::sql_query(sql)).await?.time)
}

#[derive(QueryableByName)]
struct DatabaseTime {
    #[diesel(sql_type = BigInt)]
    time: Millis,
}

/// Overwrites a row, to check that the database is writable.
///
/// # Errors
/// [`Error`] if it is not.
pub(super) async fn probe_write(conn: &mut Conn) -> Result<(), Error> {
    let query = diesel::insert_into(meta::table)
        .values((meta::name.eq("write_probe"), meta::value.eq(Vec::new())))
        .on_conflict(meta::name)
        .do_update()
        .set(meta::value.eq(Vec::new()));
    conn.execute(query).await.map(drop)
}

/// Returns whether the tables exist; on `PostgreSQL`, in a schema on the `search_path`.
///
/// # Errors
/// [`Error`] if the database fails.
pub(super) async fn has_tables(conn: &mut Conn) -> Result<bool, Error> {
    let sql = match &conn.backend {
        Backend::Postgres(_) => "SELECT 'meta' AS name WHERE to_regclass('meta') IS NOT NULL",
        Backend::Sqlite(_) => "SELECT name FROM sqlite_master WHERE type = 'table' AND name = 'meta'",
    };
    Ok(conn.first::<TableName>(diesel::sql_query(sql)).await?.is_some())
}

#[derive(QueryableByName)]
struct TableName {
    #[diesel(sql_type = Text, column_name = "name")]
    _name: String,
}
