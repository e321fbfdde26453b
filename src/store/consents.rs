//! Consents: which policies were accepted, and when.

use diesel::prelude::*;
use diesel::query_dsl::methods;

use super::connection::Conn;
use super::error::Error;
use super::prepared::Prepared;
use super::schema::consents;
use crate::clock::Millis;

/// A consent to record.
#[derive(Clone, Debug, Insertable)]
#[diesel(table_name = consents)]
pub struct NewConsent {
    /// The account that gave it.
    pub account_id: i64,
    /// The policy's id.
    pub policy: String,
    /// The policy's version.
    pub version: String,
    /// The language of the accepted document.
    pub language: String,
    /// The URL of the accepted document.
    pub url: String,
    /// SHA-256 of the accepted document.
    pub sha256: Vec<u8>,
    /// When it was accepted.
    pub accepted_at: Millis,
}

/// A recorded consent.
#[derive(Clone, Debug, Queryable)]
pub struct Consent {
    /// The policy's id.
    pub policy: String,
    /// The policy's version.
    pub version: String,
    /// The language of the accepted document.
    pub language: String,
    /// The URL of the accepted document.
    pub url: String,
    /// SHA-256 of the accepted document.
    pub sha256: Vec<u8>,
    /// When it was accepted.
    pub accepted_at: Millis,
    /// When it was withdrawn, if it was.
    pub withdrawn_at: Option<Millis>,
}

/// Records consents. One that is already recorded is left unchanged, so it keeps the time at which
/// it was first given.
///
/// # Errors
/// [`Error`] if the database fails.
pub async fn add(conn: &mut Conn, new: Vec<NewConsent>) -> Result<(), Error> {
    // diesel does not support a batch with ON CONFLICT on SQLite, and there are only two or three.
    for consent in new {
        let insert = diesel::insert_into(consents::table)
            .values(consent)
            .on_conflict((consents::account_id, consents::policy, consents::version))
            .do_nothing();
        conn.execute(insert).await?;
    }
    Ok(())
}

/// Records a consent. One that was withdrawn is given again; one in force is left unchanged.
///
/// # Errors
/// [`Error`] if the database fails.
pub async fn give(conn: &mut Conn, new: NewConsent) -> Result<(), Error> {
    let change = (
        consents::language.eq(new.language.clone()),
        consents::url.eq(new.url.clone()),
        consents::sha256.eq(new.sha256.clone()),
        consents::accepted_at.eq(new.accepted_at),
        consents::withdrawn_at.eq(None::<Millis>),
    );
    let upsert = diesel::insert_into(consents::table)
        .values(new)
        .on_conflict((consents::account_id, consents::policy, consents::version))
        .do_update()
        .set(change);
    conn.execute(Prepared(methods::FilterDsl::filter(upsert, consents::withdrawn_at.is_not_null()))).await?;
    Ok(())
}

/// Withdraws an account's consents to all versions of a policy. Those already withdrawn are left
/// unchanged.
///
/// # Errors
/// [`Error`] if the database fails.
pub async fn withdraw(conn: &mut Conn, account_id: i64, policy: &str, now: Millis) -> Result<(), Error> {
    let in_force = consents::table
        .filter(consents::account_id.eq(account_id))
        .filter(consents::policy.eq(policy.to_owned()))
        .filter(consents::withdrawn_at.is_null());
    conn.execute(Prepared(diesel::update(in_force).set(consents::withdrawn_at.eq(Some(now))))).await?;
    Ok(())
}

/// Returns the consents of an account, oldest first.
///
/// # Errors
/// [`Error`] if the database fails.
pub async fn of_account(conn: &mut Conn, account_id: i64) -> Result<Vec<Consent>, Error> {
    let query = consents::table
        .select((
            consents::policy,
            consents::version,
            consents::language,
            consents::url,
            consents::sha256,
            consents::accepted_at,
            consents::withdrawn_at,
        ))
        .filter(consents::account_id.eq(account_id))
        .order(consents::id);
    conn.load(query).await
}

/// Starts the retention period of an erased account's consents; returns how many there are.
///
/// # Errors
/// [`Error`] if the database fails.
pub async fn account_gone(conn: &mut Conn, account_id: i64, now: Millis) -> Result<usize, Error> {
    let theirs = consents::table.filter(consents::account_id.eq(account_id));
    conn.execute(diesel::update(theirs).set(consents::account_gone_at.eq(Some(now)))).await
}

/// Deletes at most `limit` consents of accounts that were erased by `until`; returns how many.
///
/// # Errors
/// [`Error`] if the database fails.
pub async fn sweep(conn: &mut Conn, until: Millis, limit: i64) -> Result<usize, Error> {
    let is_expired = consents::account_gone_at.le(until);
    let rows: Vec<i64> = conn.load(consents::table.select(consents::id).filter(is_expired).limit(limit)).await?;
    conn.execute(diesel::delete(consents::table.filter(consents::id.eq_any(rows)).filter(is_expired))).await
}
