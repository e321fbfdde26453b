//! The errors of this module: [`StartError`] is for the operator and names what to mend, [`Error`] is for the API,
//! and [`Cause`] for our own eyes: it never leaves the server, lest it tell a stranger what our network looks like.

use std::fmt;
use std::path::PathBuf;

use crate::crypto::trust::TrustError;

/// Why an exchange with a homeserver gave nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Error {
    /// The operator does not let this homeserver's users in.
    Blocked,
    /// No answer could be had: not found, refused by the address filter, no valid certificate, too slow, too much.
    Unreachable(Cause),
    /// The homeserver says that the token is none of its own.
    Rejected,
    /// The homeserver's answer makes no sense, or vouches for somebody else's user.
    Malformed,
}

/// At which step an exchange failed: coarse enough to be logged, it names nobody.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cause {
    /// No name that could be resolved or certified, or no port that could be connected to.
    Name,
    /// No address was found.
    Dns,
    /// The address filter refused.
    Filter,
    /// Nobody listens there.
    Connect,
    /// It took too long.
    Timeout,
    /// No TLS, or no valid certificate for this name.
    Tls,
    /// No HTTP, or it broke off.
    Http,
    /// The body is longer than what the answer may have.
    TooLarge,
    /// Too many redirects, or one that leads nowhere.
    Redirect,
    /// Not the document that was expected.
    Document,
}

/// Why [`Federation`](super::Federation) cannot be set up.
#[derive(Debug)]
pub enum StartError {
    /// `federation.ca_file` cannot be used.
    CaFile {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// The TLS or DNS library refuses its settings.
    Library(String),
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Blocked => "this homeserver is not welcome here",
            Self::Unreachable(_) => "the homeserver could not be reached",
            Self::Rejected => "the homeserver rejected the token",
            Self::Malformed => "the homeserver gave no usable answer",
        })
    }
}

impl std::error::Error for Error {}

impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Name => "name",
            Self::Dns => "dns",
            Self::Filter => "filter",
            Self::Connect => "connect",
            Self::Timeout => "timeout",
            Self::Tls => "tls",
            Self::Http => "http",
            Self::TooLarge => "size",
            Self::Redirect => "redirect",
            Self::Document => "document",
        })
    }
}

impl fmt::Display for StartError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::CaFile { path, reason } => {
                write!(f, "federation.ca_file: {}: {reason}; it must hold PEM certificates", path.display())
            }
            Self::Library(reason) => write!(f, "federation: {reason}"),
        }
    }
}

impl std::error::Error for StartError {}

impl From<TrustError> for StartError {
    fn from(error: TrustError) -> Self {
        match error {
            TrustError::File { path, reason } => Self::CaFile { path, reason },
            TrustError::Library(reason) => Self::Library(reason),
        }
    }
}
