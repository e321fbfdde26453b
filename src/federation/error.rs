//! The failures of federation. [`StartError`] names the setting to fix, [`Error`] becomes an answer
//! of the API, and [`Cause`] is only for the log: in an answer, it would show strangers what our
//! network can reach.

use std::{fmt, io};

use crate::clock::Millis;
use crate::crypto::trust::TlsFault;

/// The reason why a homeserver gave no valid answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Error {
    /// The operator's rules exclude this homeserver.
    Blocked,
    /// The homeserver refused the token.
    Rejected,
    /// The homeserver answered, but for a user of another server, or with keys that prove nothing.
    Untrusted,
    /// The homeserver could not be asked. The cause is there or here, and the same request may
    /// succeed later.
    Unavailable {
        /// The step that failed.
        cause: Cause,
        /// The time for which the homeserver wants to be left alone.
        retry_after: Option<Millis>,
    },
}

/// The step at which an exchange failed. Safe to log: it contains no names or addresses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cause {
    /// The name cannot be resolved or certified, or its port cannot be connected to.
    Name,
    /// The resolver failed.
    Dns,
    /// The name has no address.
    NoAddress,
    /// The address filter refused the address.
    Filter,
    /// The connection was not accepted.
    Connect(io::ErrorKind),
    /// The deadline passed.
    Timeout,
    /// The TLS handshake failed, or the connection broke during it.
    Tls(Option<TlsFault>),
    /// The server closed the connection, or does not speak HTTP.
    Http,
    /// The body was cut off.
    Body,
    /// The body is longer than the limit.
    TooLarge,
    /// Too many redirects, or one to a place that must not be followed.
    Redirect,
    /// A status that is not an answer, such as 500.
    Status(u16),
    /// The body is not the expected document.
    Document,
}

/// A setting of `[federation]` that cannot be used, and why.
#[derive(Debug)]
pub struct StartError(pub(super) String);

impl From<Cause> for Error {
    fn from(cause: Cause) -> Self {
        Self::Unavailable { cause, retry_after: None }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Blocked => f.write_str("blocked"),
            Self::Rejected => f.write_str("refused the token"),
            Self::Untrusted => f.write_str("cannot be trusted"),
            Self::Unavailable { cause, .. } => write!(f, "out of reach ({cause})"),
        }
    }
}

impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Name => "name",
            Self::Dns => "dns",
            Self::NoAddress => "no address",
            Self::Filter => "filter",
            Self::Connect(kind) => return write!(f, "connect: {kind}"),
            Self::Timeout => "timeout",
            Self::Tls(Some(fault)) => return write!(f, "tls: {fault}"),
            Self::Tls(None) => "tls",
            Self::Http => "http",
            Self::Body => "body",
            Self::TooLarge => "size",
            Self::Redirect => "redirect",
            Self::Status(status) => return write!(f, "status {status}"),
            Self::Document => "document",
        })
    }
}

impl fmt::Display for StartError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "federation.{}", self.0)
    }
}
