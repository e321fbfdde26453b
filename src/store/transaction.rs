//! Transactions: their deadline, their retries, and the order in which they take locks.
//!
//! # Lock order
//!
//! A transaction locks rows in this order, and may skip any step:
//!
//! 1. the advisory lock of an address ([`invites::lock_address`](super::invites::lock_address))
//! 2. `accounts`
//! 3. `tokens`, in the order of their hashes; `visits`; `consents`, `erasures`
//! 4. `unbind_signatures`, in the order of their hashes; `objections`
//! 5. `bindings`
//! 6. `sessions`
//! 7. `invites`, then `ephemeral_keys`
//! 8. `outbox`
//! 9. `openid_tokens`
//! 10. `recent_lookups`
//! 11. `rate_limits`: the limit of the account itself, then the others in the order of their keys.
//!     No transaction charges another account's own limit among the others.
//! 12. `meta`, `leases`, `nodes`
//! 13. `audit_queue`, `audit_log`
//!
//! Inserting a row that refers to an account (a token, a session, an invitation) also locks the
//! account, so a transaction that has already locked something later in the list locks the account
//! first. A new row of the `outbox` or the `audit_queue` refers to nothing, so it can be inserted
//! at any step.
//!
//! Two kinds of transactions can still meet in the opposite order. `PostgreSQL` then aborts one of
//! them after a second, and it is run again. They are those that lock several rows of one table,
//! such as "all bindings of a user" and "the binding of an address", and those that learn from a
//! binding that they remove whose account they change
//! ([`accounts::note_unbound`](super::accounts::note_unbound)).

use std::sync::Arc;
use std::time::{Duration, Instant};

use super::connection::{Backend, Conn};
use super::error::Error;
use super::metering::Metering;

/// The time allowed for a transaction, including retries. If it has not committed by then, it is
/// rolled back.
pub const LONGEST: Duration = Duration::from_secs(10);

/// The number of attempts for a transaction that conflicts with others.
pub(super) const ATTEMPTS: u32 = 5;

/// Returns the pause before the next attempt. It is random, so that transactions that met once do
/// not meet again.
pub(super) fn pause(attempt: u32) -> Duration {
    Duration::from_millis(rand::random_range(5..20 << attempt))
}

/// Runs `work` in a transaction. It commits only if every statement succeeded, even if `work`
/// ignored an error.
pub(super) async fn run<R, E: From<Error>>(
    conn: &mut Conn,
    work: impl AsyncFnOnce(&mut Conn) -> Result<R, E>,
) -> Result<R, E> {
    conn.begin().await?;
    conn.check_stored_key().await?;
    let result = work(conn).await.and_then(|done| conn.failure.map_or(Ok(done), |error| Err(error.into())));
    let result = result.and_then(|done| conn.check_key().map(|()| done).map_err(E::from));
    match result {
        Ok(done) => conn.commit().await.map(|()| done).map_err(E::from),
        Err(error) => {
            conn.roll_back().await;
            Err(error)
        }
    }
}

/// A connection on which a transaction must have ended at `deadline`.
pub(super) const fn bounded(backend: Backend, deadline: Instant, metering: Arc<Metering>) -> Conn {
    Conn::new(backend, Some(deadline), metering)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metrics::Metrics;
    use crate::store::sqlite::Sqlite;
    use crate::store::{meta, migrations};

    #[tokio::test]
    async fn a_transaction_past_its_deadline_is_rolled_back() {
        let directory = tempfile::tempdir().unwrap();
        let sqlite = Sqlite::open(&directory.path().join("vouch.db")).unwrap();
        migrations::run_on_sqlite(&sqlite).await.unwrap();
        let metering = Arc::new(Metering::new(&Metrics::default()));
        let deadline = Instant::now() + Duration::from_secs(1);
        let mut conn = bounded(Backend::Sqlite(sqlite.writer().await.unwrap()), deadline, metering.clone());
        let result = run(&mut conn, async |conn| {
            meta::get_or_set(conn, "first", b"1").await?;
            std::thread::sleep(deadline.saturating_duration_since(Instant::now()));
            meta::get_or_set(conn, "second", b"2").await
        });
        assert_eq!(result.await, Err(Error::Timeout));
        let mut conn = Conn::new(Backend::Sqlite(sqlite.reader().unwrap()), None, metering);
        assert_eq!(meta::get(&mut conn, "first").await, Ok(None));
    }
}
