//! Validation sessions.

use diesel::prelude::*;

use super::columns;
use super::connection::Conn;
use super::error::Error;
use super::prepared::Prepared;
use super::schema::sessions;
use crate::clock::Millis;

/// A session to begin.
#[derive(Clone, Debug, Insertable)]
#[diesel(table_name = sessions, treat_none_as_default_value = false)]
pub struct NewSession {
    /// The id by which the client knows it.
    pub sid: String,
    /// Blind index of requester, address and client secret; unique.
    pub session_key: Vec<u8>,
    /// Blind index of the client secret.
    pub secret_hash: Vec<u8>,
    /// The requester's account; `None` for a homeserver, which has none.
    pub account_id: Option<i64>,
    /// Blind index of the address.
    pub address_index: Vec<u8>,
    /// The address, sealed.
    pub address: Vec<u8>,
    /// The URL to redirect to after the validation, sealed.
    pub next_link: Option<Vec<u8>>,
    /// The greatest attempt whose message was sent; -1 before the first.
    pub send_attempt: i64,
    /// The attempt whose message is being sent.
    pub sending_attempt: i64,
    /// The time until which that attempt has the exclusive right to send.
    pub sending_until: Millis,
    /// The time when it was begun or validated.
    pub modified_at: Millis,
    /// The time when the current code was first sent by text; `None` for a mail, whose token
    /// expires with the session.
    pub code_since: Option<Millis>,
}

/// A session's row.
#[derive(Clone, Debug, Queryable, Selectable)]
#[diesel(table_name = sessions)]
pub struct Session {
    /// The row's id.
    pub id: i64,
    /// The id by which the client knows it.
    pub sid: String,
    /// Blind index of requester, address and client secret; the sealed columns are tied to it.
    #[diesel(column_name = session_key)]
    pub key: Vec<u8>,
    /// The requester's account; `None` for a homeserver.
    pub account_id: Option<i64>,
    /// The address, sealed.
    pub address: Vec<u8>,
    /// The URL to redirect to after the validation, sealed.
    pub next_link: Option<Vec<u8>>,
    /// The greatest attempt whose message was sent; -1 before the first.
    pub send_attempt: i64,
    /// The attempt whose message is being sent.
    pub sending_attempt: i64,
    /// The time until which that attempt has the exclusive right to send.
    pub sending_until: Millis,
    /// The time when it was begun or validated.
    pub modified_at: Millis,
    /// The time when it was validated, if it was.
    pub validated_at: Option<Millis>,
    /// The time when the current code was first sent by text; `None` for a mail.
    pub code_since: Option<Millis>,
    /// The number of attempts that were made to enter that code.
    pub wrong_codes: i64,
}

/// Returns the session with the same key, beginning it if necessary, and locks its row until the
/// transaction ends.
///
/// # Errors
/// [`Error`] if the database fails.
pub async fn get_or_begin(conn: &mut Conn, new: NewSession) -> Result<Session, Error> {
    let key = new.session_key.clone();
    let query = diesel::insert_into(sessions::table)
        .values(new)
        .on_conflict(sessions::session_key)
        .do_update()
        .set(sessions::session_key.eq(key))
        .returning(columns::<Session>());
    conn.get(Prepared(query)).await
}

/// Returns the session with this sid and client secret.
///
/// # Errors
/// [`Error`] if the database fails.
pub async fn by_sid(conn: &mut Conn, sid: &str, secret_hash: &[u8]) -> Result<Option<Session>, Error> {
    let query = sessions::table
        .select(columns::<Session>())
        .filter(sessions::sid.eq(sid.to_owned()))
        .filter(sessions::secret_hash.eq(secret_hash.to_vec()));
    conn.first(query).await
}

/// Returns the session with this sid. Only for links made by the server: a client must also present
/// its secret.
///
/// # Errors
/// [`Error`] if the database fails.
pub async fn mailed(conn: &mut Conn, sid: &str) -> Result<Option<Session>, Error> {
    conn.first(sessions::table.select(columns::<Session>()).filter(sessions::sid.eq(sid.to_owned()))).await
}

/// Returns the session with this row id.
///
/// # Errors
/// [`Error`] if the database fails.
pub async fn by_id(conn: &mut Conn, id: i64) -> Result<Option<Session>, Error> {
    conn.first(sessions::table.select(columns::<Session>()).filter(sessions::id.eq(id))).await
}

/// Returns the sessions of an account, oldest first.
///
/// # Errors
/// [`Error`] if the database fails.
pub async fn of_account(conn: &mut Conn, account_id: i64) -> Result<Vec<Session>, Error> {
    conn.load(
        sessions::table.select(columns::<Session>()).filter(sessions::account_id.eq(account_id)).order(sessions::id),
    )
    .await
}

/// Returns the sessions for an address, oldest first.
///
/// # Errors
/// [`Error`] if the database fails.
pub async fn of_address(conn: &mut Conn, address_index: &[u8]) -> Result<Vec<Session>, Error> {
    let theirs =
        sessions::table.select(columns::<Session>()).filter(sessions::address_index.eq(address_index.to_vec()));
    conn.load(theirs.order(sessions::id)).await
}

/// Claims the exclusive right to send the message of an attempt, which redirects to `next_link`,
/// until `until`.
///
/// # Errors
/// [`Error`] if the database fails.
pub async fn sending(
    conn: &mut Conn,
    id: i64,
    attempt: i64,
    until: Millis,
    next_link: Option<Vec<u8>>,
) -> Result<(), Error> {
    let change =
        (sessions::sending_attempt.eq(attempt), sessions::sending_until.eq(until), sessions::next_link.eq(next_link));
    conn.execute(Prepared(diesel::update(sessions::table.filter(sessions::id.eq(id))).set(change))).await?;
    Ok(())
}

/// Records that the message of an attempt was sent, and the time of the code in it if that replaces
/// an earlier one.
///
/// # Errors
/// [`Error`] if the database fails.
pub async fn sent(conn: &mut Conn, id: i64, attempt: i64, new_code: Option<Millis>) -> Result<(), Error> {
    let session = sessions::table.filter(sessions::id.eq(id)).filter(sessions::send_attempt.le(attempt));
    let change = sessions::send_attempt.eq(attempt);
    if new_code.is_some() {
        let change = (change, sessions::code_since.eq(new_code), sessions::wrong_codes.eq(0));
        conn.execute(Prepared(diesel::update(session).set(change))).await?;
    } else {
        conn.execute(Prepared(diesel::update(session).set(change))).await?;
    }
    Ok(())
}

/// Releases a claim, so that the same attempt can be made again.
///
/// # Errors
/// [`Error`] if the database fails.
pub async fn not_sent(conn: &mut Conn, id: i64, attempt: i64) -> Result<(), Error> {
    let session = sessions::table.filter(sessions::id.eq(id)).filter(sessions::sending_attempt.eq(attempt));
    conn.execute(diesel::update(session).set(sessions::sending_until.eq(0))).await?;
    Ok(())
}

/// Removes a session if no message was ever sent for it and none is being sent.
///
/// # Errors
/// [`Error`] if the database fails.
pub async fn remove_unsent(conn: &mut Conn, id: i64) -> Result<(), Error> {
    let session = sessions::table.filter(sessions::id.eq(id));
    let unsent = session.filter(sessions::send_attempt.lt(0)).filter(sessions::sending_until.eq(0));
    conn.execute(diesel::delete(unsent)).await?;
    Ok(())
}

/// Counts an attempt to enter the code that was first sent at `since`. Once there have been `most`,
/// returns `false` and counts nothing.
///
/// Must be called before the code is compared: the count is exact even if many requests run
/// concurrently on several nodes.
///
/// # Errors
/// [`Error`] if the database fails.
pub async fn count_try(conn: &mut Conn, id: i64, since: Millis, most: i64) -> Result<bool, Error> {
    let session = sessions::table
        .filter(sessions::id.eq(id))
        .filter(sessions::code_since.eq(Some(since)))
        .filter(sessions::wrong_codes.lt(most));
    let change = sessions::wrong_codes.eq(sessions::wrong_codes + 1);
    Ok(conn.execute(Prepared(diesel::update(session).set(change))).await? == 1)
}

/// Marks a session as validated, unless it already is.
///
/// # Errors
/// [`Error`] if the database fails.
pub async fn validate(conn: &mut Conn, id: i64, now: Millis) -> Result<(), Error> {
    let session = sessions::table.filter(sessions::id.eq(id)).filter(sessions::validated_at.is_null());
    let change = (sessions::validated_at.eq(Some(now)), sessions::modified_at.eq(now));
    conn.execute(Prepared(diesel::update(session).set(change))).await?;
    Ok(())
}

/// Removes a session.
///
/// # Errors
/// [`Error`] if the database fails.
pub async fn remove(conn: &mut Conn, id: i64) -> Result<(), Error> {
    conn.execute(diesel::delete(sessions::table.filter(sessions::id.eq(id)))).await?;
    Ok(())
}

/// Removes all sessions of an account; returns how many.
///
/// # Errors
/// [`Error`] if the database fails.
pub async fn remove_of_account(conn: &mut Conn, account_id: i64) -> Result<usize, Error> {
    conn.execute(diesel::delete(sessions::table.filter(sessions::account_id.eq(account_id)))).await
}

/// Removes all sessions for an address; returns how many.
///
/// # Errors
/// [`Error`] if the database fails.
pub async fn remove_by_address(conn: &mut Conn, address_index: &[u8]) -> Result<usize, Error> {
    conn.execute(diesel::delete(sessions::table.filter(sessions::address_index.eq(address_index.to_vec())))).await
}

/// Deletes at most `limit` sessions that were last modified by `until`; returns how many.
///
/// # Errors
/// [`Error`] if the database fails.
pub async fn sweep(conn: &mut Conn, until: Millis, limit: i64) -> Result<usize, Error> {
    let is_expired = sessions::modified_at.le(until);
    let rows: Vec<i64> = conn.load(sessions::table.select(sessions::id).filter(is_expired).limit(limit)).await?;
    conn.execute(diesel::delete(sessions::table.filter(sessions::id.eq_any(rows)).filter(is_expired))).await
}
