//! Database errors, classified so that callers know whether to retry and operators know what to
//! fix.

use std::io::ErrorKind;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use diesel::result::{DatabaseErrorKind, Error as DieselError};
use tokio_postgres::error::SqlState;

use crate::crypto::trust::TlsFault;

/// The interval at which each kind of error is logged.
const LOG_INTERVAL: Duration = Duration::from_mins(1);

/// A failure of the database.
///
/// The database's own message is dropped: it can contain values. Only its class is kept and logged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Error {
    /// It cannot be reached, or the connection broke.
    Unavailable,
    /// Its connection cannot be secured.
    Tls(TlsFault),
    /// A statement or transaction ran out of time, or waited too long for a lock.
    Timeout,
    /// It accepts no more connections.
    TooManyConnections,
    /// A prepared statement is gone: a connection pooler has switched this connection to another
    /// session.
    Pooled,
    /// Another transaction got in the way: a deadlock or a serialization failure.
    Conflict,
    /// It accepts no writes, for example because it is a standby.
    ReadOnly,
    /// Its disk is full.
    DiskFull,
    /// Its disk could not be read or written.
    Io,
    /// An error of a class not listed here.
    Other,
    /// The role or the process is not allowed to do this.
    PermissionDenied,
    /// Its files are damaged.
    Corrupt,
    /// A table or column is missing.
    Schema,
    /// A referenced row, which can only be an account, is gone.
    MissingReference,
    /// Another constraint was violated, or a row that must exist does not.
    Constraint,
}

impl Error {
    /// Returns whether the same may succeed later without anyone changing the database.
    #[must_use]
    pub const fn is_temporary(self) -> bool {
        !matches!(
            self,
            Self::PermissionDenied | Self::Corrupt | Self::Schema | Self::MissingReference | Self::Constraint
        )
    }

    /// Returns whether a transaction that failed with this error is worth running again at once. A
    /// deadlock whose message is in another language is [`Self::Other`].
    pub(super) const fn may_be_conflict(self) -> bool {
        matches!(self, Self::Conflict | Self::Other)
    }

    /// Returns whether it concerns only one transaction, not the database.
    pub(super) const fn is_specific(self) -> bool {
        matches!(self, Self::Conflict | Self::MissingReference | Self::Constraint)
    }

    /// Logs the error, at most once a minute for each class.
    pub(super) fn log(self) {
        static LOGGED: Mutex<Vec<(Error, Instant)>> = Mutex::new(Vec::new());
        let mut logged = LOGGED.lock().unwrap_or_else(PoisonError::into_inner);
        logged.retain(|(_, at)| at.elapsed() < LOG_INTERVAL);
        // An account that is erased during a request of its user is not an error.
        if self == Self::MissingReference || logged.iter().any(|(error, _)| *error == self) {
            return;
        }
        logged.push((self, Instant::now()));
        let level = if self.is_temporary() { log::Level::Warn } else { log::Level::Error };
        log::log!(level, "{self} (logged at most once a minute)");
    }

    /// Classifies a failure to connect to `PostgreSQL`.
    pub(super) fn from_connecting(error: &tokio_postgres::Error) -> Self {
        match error.code() {
            Some(code) if *code == SqlState::TOO_MANY_CONNECTIONS => Self::TooManyConnections,
            // Class 28: the password or the authentication method; 42501: CONNECT was not granted.
            Some(code) if code.code().starts_with("28") || *code == SqlState::INSUFFICIENT_PRIVILEGE => {
                Self::PermissionDenied
            }
            _ if is_read_only(error) => Self::ReadOnly,
            _ => TlsFault::of(error).map_or(Self::Unavailable, Self::Tls),
        }
    }

    /// Classifies an error by its message. diesel does not pass on the code; `SQLite` always and
    /// `PostgreSQL` with `lc_messages = C` use these texts.
    fn from_message(message: &str) -> Self {
        const TEXTS: [(Error, &[&str]); 9] = [
            (Error::Conflict, &["deadlock detected", "could not serialize access"]),
            (Error::Timeout, &["timeout", "database is locked", "database table is locked"]),
            (Error::TooManyConnections, &["too many connections", "too many clients", "connection slots"]),
            (Error::DiskFull, &["No space left on device", "database or disk is full", "Disk quota exceeded"]),
            (Error::ReadOnly, &["in a read-only transaction", "readonly database"]),
            (Error::PermissionDenied, &["permission denied", "must be owner", "unable to open database file"]),
            (Error::Corrupt, &["malformed", "file is not a database", "invalid page", "checksum"]),
            (
                Error::Io,
                &["disk I/O error", "could not write", "could not read", "could not extend", "could not fsync"],
            ),
            (Error::Unavailable, &["the database system is", "terminating connection", "server closed the connection"]),
        ];
        let is_in = |texts: &[&str]| texts.iter().any(|text| message.contains(text));
        if let Some((error, _)) = TEXTS.iter().find(|(_, texts)| is_in(texts)) {
            return *error;
        }
        let is_missing = message.ends_with("does not exist")
            && ["column ", "relation ", "schema "].iter().any(|object| message.starts_with(object));
        if is_missing || is_in(&["no such table", "no such column", "has no column named"]) {
            return Self::Schema;
        }
        if message.starts_with("prepared statement ") {
            return Self::Pooled;
        }
        Self::Other
    }
}

/// Returns whether a connection was refused because the server accepts no writes, which
/// `tokio_postgres` reports as an input or output error that does not come from the system.
fn is_read_only(error: &tokio_postgres::Error) -> bool {
    let cause = std::error::Error::source(error).and_then(|cause| cause.downcast_ref::<std::io::Error>());
    cause.is_some_and(|cause| cause.kind() == ErrorKind::PermissionDenied && cause.raw_os_error().is_none())
}

impl std::fmt::Display for Error {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Unavailable => "the database is unavailable",
            Self::Tls(fault) => {
                return write!(f, "the connection to the database cannot be secured by TLS: {fault}");
            }
            Self::Timeout => "the database did not finish a statement in time",
            Self::TooManyConnections => {
                "the database accepts no more connections: raise its or its role's limit, or lower database.pool_size"
            }
            Self::Pooled => {
                "the database has lost a prepared statement: a connection pooler in front of it must use session pooling, \
                 such as PgBouncer with pool_mode = session"
            }
            Self::Conflict => "the database gave up a transaction that conflicted with another one",
            Self::ReadOnly => "the database accepts no writes: is it a standby?",
            Self::DiskFull => "the disk of the database is full",
            Self::Io => "the database could not read or write its files",
            Self::Other => "the database reported an error; its own log says which",
            Self::PermissionDenied => "the database denied permission: check the privileges of its role or \
             the permissions of its file",
            Self::Corrupt => "the database is corrupt: restore it from a backup",
            Self::Schema => "a table or column is missing from the database: was its schema changed by hand?",
            Self::MissingReference => "the account no longer exists",
            Self::Constraint => "the database refused a row that violates a constraint",
        })
    }
}

impl std::error::Error for Error {}

impl From<DieselError> for Error {
    fn from(error: DieselError) -> Self {
        use DatabaseErrorKind::{
            ClosedConnection, ForeignKeyViolation, ReadOnlyTransaction, SerializationFailure, UnableToSendCommand,
            Unknown,
        };
        match error {
            DieselError::DatabaseError(kind, information) => match kind {
                ClosedConnection | UnableToSendCommand => Self::Unavailable,
                SerializationFailure => Self::Conflict,
                ReadOnlyTransaction => Self::ReadOnly,
                ForeignKeyViolation => Self::MissingReference,
                Unknown => Self::from_message(information.message()),
                _ => Self::Constraint,
            },
            DieselError::BrokenTransactionManager => Self::Unavailable,
            DieselError::NotFound => Self::Constraint,
            _ => Self::Other,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_of_both_databases_are_classified() {
        for (message, class) in [
            ("deadlock detected", Error::Conflict),
            ("canceling statement due to lock timeout", Error::Timeout),
            ("too many connections for role \"vouch\"", Error::TooManyConnections),
            ("could not extend file \"base/1/2\": No space left on device", Error::DiskFull),
            ("database or disk is full", Error::DiskFull),
            ("permission denied for table tokens", Error::PermissionDenied),
            ("attempt to write a readonly database", Error::ReadOnly),
            ("database disk image is malformed", Error::Corrupt),
            ("invalid page in block 3 of relation base/1/2", Error::Corrupt),
            ("column tokens.used_at does not exist", Error::Schema),
            ("relation \"tokens\" does not exist", Error::Schema),
            ("no such column: tokens.used_at", Error::Schema),
            ("the database system is shutting down", Error::Unavailable),
            ("prepared statement \"s1\" does not exist", Error::Pooled),
            ("prepared statement \"s1\" already exists", Error::Pooled),
            ("bind message supplies 1 parameters, but prepared statement \"s1\" requires 2", Error::Other),
        ] {
            assert_eq!(Error::from_message(message), class, "{message}");
        }
    }
}
