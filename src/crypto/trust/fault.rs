//! The reasons why TLS handshakes fail.

use std::error::Error as StdError;
use std::{fmt, io};

use rustls::{AlertDescription, CertificateError, Error};

/// The reason why a TLS handshake failed. It contains no names, so it can be logged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TlsFault {
    /// No trusted authority issued the certificate.
    UnknownIssuer,
    /// The certificate has expired.
    Expired,
    /// The certificate is not valid yet.
    NotYetValid,
    /// The certificate is for other names.
    OtherName,
    /// The certificate has no names in the field where they belong.
    NoName,
    /// The certificate belongs to an authority (`CA:TRUE`), and is not in `ca_file`.
    Authority,
    /// The certificate is for another purpose, such as clients.
    OtherPurpose,
    /// The certificate is malformed, revoked, or uses an unsupported algorithm.
    BadCertificate,
    /// The server does not speak TLS.
    NotTls,
    /// The server and this client have no version or algorithm in common.
    Incompatible,
    /// The server has refused the handshake with this alert.
    Refused(AlertDescription),
    /// The server does not follow the protocol.
    Misbehaved,
}

impl TlsFault {
    /// Returns the fault that an error or one of its causes contains, or `None` if it has nothing
    /// to do with TLS, such as a broken connection. rustls' errors are wrapped in I/O errors, which
    /// do not return them as their source.
    #[must_use]
    pub fn of(error: &(dyn StdError + 'static)) -> Option<Self> {
        if let Some(error) = error.downcast_ref::<Error>() {
            return Some(Self::from(error));
        }
        let inner = error.downcast_ref::<io::Error>().and_then(io::Error::get_ref);
        inner.and_then(|inner| Self::of(inner)).or_else(|| error.source().and_then(Self::of))
    }
}

impl From<&Error> for TlsFault {
    fn from(error: &Error) -> Self {
        match error {
            Error::InvalidCertificate(error) => Self::from(error),
            Error::InvalidMessage(_) => Self::NotTls,
            Error::PeerIncompatible(_) => Self::Incompatible,
            Error::AlertReceived(alert) => Self::Refused(*alert),
            _ => Self::Misbehaved,
        }
    }
}

impl From<&CertificateError> for TlsFault {
    fn from(error: &CertificateError) -> Self {
        use CertificateError as E;
        match error {
            // The signature is wrong if an authority was created again under the same name.
            E::UnknownIssuer | E::BadSignature => Self::UnknownIssuer,
            E::Expired | E::ExpiredContext { .. } => Self::Expired,
            E::NotValidYet | E::NotValidYetContext { .. } => Self::NotYetValid,
            E::NotValidForNameContext { presented, .. } if presented.is_empty() => Self::NoName,
            E::NotValidForName | E::NotValidForNameContext { .. } => Self::OtherName,
            E::InvalidPurpose | E::InvalidPurposeContext { .. } => Self::OtherPurpose,
            E::Other(other) if matches!(other.0.downcast_ref(), Some(webpki::Error::CaUsedAsEndEntity)) => {
                Self::Authority
            }
            _ => Self::BadCertificate,
        }
    }
}

impl fmt::Display for TlsFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::UnknownIssuer => {
                "its certificate was not issued by a trusted authority; ca_file can add one, or the certificate itself"
            }
            Self::Expired => "its certificate has expired",
            Self::NotYetValid => "its certificate is not valid yet",
            Self::OtherName => "its certificate is not for the name by which it was reached",
            Self::NoName => "its certificate has no names in subjectAltName, the only place where they count",
            Self::Authority => {
                "its certificate is an authority's (CA:TRUE), which is only accepted if it is in ca_file itself"
            }
            Self::OtherPurpose => "its certificate is not for servers",
            Self::BadCertificate => "its certificate is malformed or revoked, or uses an unsupported algorithm",
            Self::NotTls => "it does not speak TLS",
            Self::Incompatible => "it has no TLS version or algorithm in common with this server",
            Self::Refused(alert) => return write!(f, "it refused the handshake ({alert:?})"),
            Self::Misbehaved => "it does not follow the protocol",
        })
    }
}
