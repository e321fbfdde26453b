//! What people accepted, and when.

use diesel::prelude::*;

use super::connection::Conn;
use super::error::Error;
use super::schema::consents;
use crate::clock::Millis;

/// A consent to be recorded.
#[derive(Clone, Debug, Insertable)]
#[diesel(table_name = consents)]
pub struct NewConsent {
    /// Whose it is.
    pub account_id: i64,
    /// The policy's id.
    pub policy: String,
    /// The policy's version.
    pub version: String,
    /// The language in which it was read.
    pub language: String,
    /// The URL that was accepted.
    pub url: String,
    /// SHA-256 of the document.
    pub sha256: Vec<u8>,
    /// When it was accepted.
    pub accepted_at: Millis,
}

/// A consent on record.
#[derive(Clone, Debug, Queryable)]
pub struct Consent {
    /// The policy's id.
    pub policy: String,
    /// The policy's version.
    pub version: String,
    /// The language in which it was read.
    pub language: String,
    /// The URL that was accepted.
    pub url: String,
    /// SHA-256 of the document.
    pub sha256: Vec<u8>,
    /// When it was accepted first.
    pub accepted_at: Millis,
    /// When it was withdrawn.
    pub withdrawn_at: Option<Millis>,
}

/// Records consents; one that is on record stays as it is, so the first acceptance keeps its time.
///
/// # Errors
/// [`Error`] if the database does not answer.
pub async fn add(conn: &mut Conn, new: Vec<NewConsent>) -> Result<(), Error> {
    // One by one: `SQLite` takes no batch with ON CONFLICT through diesel, and there are two or three.
    for consent in new {
        let insert = diesel::insert_into(consents::table)
            .values(consent)
            .on_conflict((consents::account_id, consents::policy, consents::version))
            .do_nothing();
        conn.execute(insert).await?;
    }
    Ok(())
}

/// The consents of an account, the oldest first.
///
/// # Errors
/// [`Error`] if the database does not answer.
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

/// Starts the last retention of an account's consents.
///
/// # Errors
/// [`Error`] if the database does not answer.
pub async fn account_gone(conn: &mut Conn, account_id: i64, now: Millis) -> Result<(), Error> {
    let theirs = consents::table.filter(consents::account_id.eq(account_id));
    conn.execute(diesel::update(theirs).set(consents::account_gone_at.eq(Some(now)))).await?;
    Ok(())
}

/// Removes the consents of accounts that were gone before `gone_since`; returns how many.
///
/// # Errors
/// [`Error`] if the database does not answer.
pub async fn sweep(conn: &mut Conn, gone_since: Millis) -> Result<usize, Error> {
    conn.execute(diesel::delete(consents::table.filter(consents::account_gone_at.le(gone_since)))).await
}
