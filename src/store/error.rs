//! What can go wrong with the database.

use diesel::result::{DatabaseErrorKind, Error as DieselError};

/// What went wrong with the database. Neither says so outside in the database's words: they can hold values.
#[derive(Debug)]
pub enum Error {
    /// It cannot be reached, is busy, full, or read-only for now; the same may succeed later.
    Away,
    /// It refused a statement that should have been right.
    Broken(DieselError),
}

impl std::fmt::Display for Error {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Away => f.write_str("the database is away"),
            Self::Broken(DieselError::DatabaseError(kind, _)) => {
                write!(f, "the database refused a statement ({kind:?})")
            }
            Self::Broken(_) => f.write_str("the database refused a statement"),
        }
    }
}

impl std::error::Error for Error {}

impl From<DieselError> for Error {
    fn from(error: DieselError) -> Self {
        use DatabaseErrorKind::{
            ClosedConnection, ReadOnlyTransaction, SerializationFailure, UnableToSendCommand, Unknown,
        };
        match error {
            // "Unknown" is all that is not about a constraint: shutting down, starting up, out of space, timed out, locked.
            DieselError::DatabaseError(
                ClosedConnection | ReadOnlyTransaction | SerializationFailure | UnableToSendCommand | Unknown,
                _,
            )
            | DieselError::BrokenTransactionManager => Self::Away,
            error => Self::Broken(error),
        }
    }
}
