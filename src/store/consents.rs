//! Consents: the policies that were accepted, and when.

use diesel::prelude::*;

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
    /// The time when it was accepted.
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
    /// The time when it was accepted.
    pub accepted_at: Millis,
    /// The time when it was withdrawn, if it was.
    pub withdrawn_at: Option<Millis>,
}

impl Consent {
    /// Returns whether it is a consent to the same version of the same policy, in any language.
    #[must_use]
    pub fn is_of(&self, new: &NewConsent) -> bool {
        (&self.policy, &self.version) == (&new.policy, &new.version)
    }
}

/// Records a consent, after those of the account whose row is locked. A consent that is given again
/// after it was withdrawn is a new one, so that the history is kept.
///
/// # Errors
/// [`Error`] if the database fails, or one to the same version is in force.
pub async fn add(conn: &mut Conn, new: NewConsent) -> Result<(), Error> {
    conn.execute(diesel::insert_into(consents::table).values(new)).await.map(drop)
}

/// Removes the oldest consent of an account that was withdrawn.
///
/// # Errors
/// [`Error`] if the database fails.
pub async fn remove_oldest(conn: &mut Conn, account_id: i64) -> Result<(), Error> {
    let withdrawn = consents::account_id.eq(account_id).and(consents::withdrawn_at.is_not_null());
    let oldest = consents::table.select(consents::id).filter(withdrawn).order(consents::id).limit(1);
    let oldest: Vec<i64> = conn.load(oldest).await?;
    conn.execute(diesel::delete(consents::table.filter(consents::id.eq_any(oldest)))).await.map(drop)
}

/// Withdraws an account's consents to all versions of a policy; returns how many. Those already
/// withdrawn are left unchanged.
///
/// # Errors
/// [`Error`] if the database fails.
pub async fn withdraw(conn: &mut Conn, account_id: i64, policy: &str, now: Millis) -> Result<usize, Error> {
    let in_force = consents::table
        .filter(consents::account_id.eq(account_id))
        .filter(consents::policy.eq(policy.to_owned()))
        .filter(consents::withdrawn_at.is_null());
    conn.execute(Prepared(diesel::update(in_force).set(consents::withdrawn_at.eq(Some(now))))).await
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
