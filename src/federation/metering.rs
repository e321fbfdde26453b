//! Counting the outcomes of requests to homeservers, for the operator's monitoring.

use std::borrow::Cow;

use hyper::{Response, StatusCode};

use super::Cause;
use crate::metrics::Label;

/// The outcome of a request to a homeserver.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Outcome {
    /// It was answered with 200 to 299.
    Success,
    /// It was answered with 400 to 499: the homeserver does not agree.
    Refused,
    /// It was answered with another status, or the answer was not HTTP, cut off, or too long.
    Failed,
    /// No address was found for the homeserver's name.
    Discovery,
    /// The address is not public, and is not among the allowed ranges.
    Forbidden,
    /// The homeserver did not accept the connection.
    Connection,
    /// The connection could not be secured.
    Tls,
    /// It took too long.
    Timeout,
}

impl Outcome {
    pub(super) fn of<B>(answer: &Result<Response<B>, Cause>) -> Self {
        match answer.as_ref().map(Response::status) {
            Ok(status) => Self::from(status),
            Err(cause) => Self::from(*cause),
        }
    }
}

impl From<StatusCode> for Outcome {
    fn from(status: StatusCode) -> Self {
        match status {
            status if status.is_success() => Self::Success,
            status if status.is_client_error() => Self::Refused,
            _ => Self::Failed,
        }
    }
}

impl From<Cause> for Outcome {
    fn from(cause: Cause) -> Self {
        match cause {
            Cause::Name | Cause::Dns | Cause::NoAddress | Cause::Redirect | Cause::Document => Self::Discovery,
            Cause::Filter => Self::Forbidden,
            Cause::Connect(_) => Self::Connection,
            Cause::Tls(_) => Self::Tls,
            Cause::Timeout => Self::Timeout,
            Cause::Http | Cause::Body | Cause::TooLarge | Cause::Status(_) => Self::Failed,
        }
    }
}

impl Label for Outcome {
    const NAME: &'static str = "outcome";

    fn all() -> Vec<Self> {
        vec![
            Self::Success,
            Self::Refused,
            Self::Failed,
            Self::Discovery,
            Self::Forbidden,
            Self::Connection,
            Self::Tls,
            Self::Timeout,
        ]
    }

    fn value(self) -> Cow<'static, str> {
        let value = match self {
            Self::Success => "success",
            Self::Refused => "refused",
            Self::Failed => "failed",
            Self::Discovery => "discovery",
            Self::Forbidden => "forbidden",
            Self::Connection => "connection",
            Self::Tls => "tls",
            Self::Timeout => "timeout",
        };
        value.into()
    }
}
