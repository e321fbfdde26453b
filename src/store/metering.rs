//! Counting failures of the database and waits for connections.

use std::borrow::Cow;
use std::sync::Arc;
use std::time::Instant;

use prometheus_client::metrics::counter::Counter;

use super::error::Error;
use crate::crypto::trust::TlsFault;
use crate::metrics::{Label, Metrics, Seconds, Series};

/// The metrics of the database.
pub(super) struct Metering {
    errors: Series<Error, Counter>,
    waits: Arc<Seconds>,
}

impl Metering {
    pub(super) fn new(metrics: &Metrics) -> Self {
        Self {
            errors: metrics.counters("database_errors", "Failures of the database"),
            waits: metrics.seconds(
                "database_pool_wait_seconds",
                "Time that transactions waited for a connection of the pool, or on SQLite for their turn to write",
            ),
        }
    }

    /// Counts a failure. An account that is erased during a request of its user is not one.
    pub(super) fn count(&self, error: Error) {
        match error {
            Error::MissingReference => {}
            Error::Tls(_) => self.errors.inc(TLS),
            error => self.errors.inc(error),
        }
    }

    /// Measures how long it takes to get a connection.
    pub(super) async fn wait<T>(&self, connection: impl Future<Output = T>) -> T {
        let begun = Instant::now();
        let connection = connection.await;
        self.waits.observe(begun.elapsed());
        connection
    }
}

/// Represents all faults of TLS.
const TLS: Error = Error::Tls(TlsFault::Misbehaved);

impl Label for Error {
    const NAME: &'static str = "class";

    fn all() -> Vec<Self> {
        vec![
            Self::Unavailable,
            TLS,
            Self::Timeout,
            Self::TooManyConnections,
            Self::Pooled,
            Self::Conflict,
            Self::ReadOnly,
            Self::DiskFull,
            Self::Io,
            Self::Other,
            Self::PermissionDenied,
            Self::Corrupt,
            Self::Schema,
            Self::Constraint,
        ]
    }

    fn value(self) -> Cow<'static, str> {
        let value = match self {
            Self::Unavailable => "unavailable",
            Self::Tls(_) => "tls",
            Self::Timeout => "timeout",
            Self::TooManyConnections => "too_many_connections",
            Self::Pooled => "pooled",
            Self::Conflict => "conflict",
            Self::ReadOnly => "read_only",
            Self::DiskFull => "disk_full",
            Self::Io => "io",
            Self::Other => "other",
            Self::PermissionDenied => "permission_denied",
            Self::Corrupt => "corrupt",
            Self::Schema => "schema",
            Self::MissingReference => "missing_reference",
            Self::Constraint => "constraint",
        };
        value.into()
    }
}
