//! Counting the outcomes of messages, for the operator's monitoring.

use std::borrow::Cow;

use super::{mail, sms};
use crate::metrics::Label;

/// The outcome of a message. A message that is withheld because its recipient objects counts as
/// refused: otherwise somebody who causes a message and sees the numbers would learn of the
/// objection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Outcome {
    /// The server or gateway accepted it.
    Sent,
    /// It is not accepted for this recipient.
    Refused,
    /// None will be accepted until the operator changes something.
    Misconfigured,
    /// The server or gateway cannot be reached, or does not work.
    Failed,
}

impl Label for Outcome {
    const NAME: &'static str = "outcome";

    fn all() -> Vec<Self> {
        vec![Self::Sent, Self::Refused, Self::Misconfigured, Self::Failed]
    }

    fn value(self) -> Cow<'static, str> {
        let value = match self {
            Self::Sent => "sent",
            Self::Refused => "refused",
            Self::Misconfigured => "misconfigured",
            Self::Failed => "failed",
        };
        value.into()
    }
}

impl From<&mail::SendError> for Outcome {
    fn from(error: &mail::SendError) -> Self {
        match error {
            error if error.refuses_email() => Self::Refused,
            error if error.needs_operator() => Self::Misconfigured,
            _ => Self::Failed,
        }
    }
}

impl From<&sms::SendError> for Outcome {
    fn from(error: &sms::SendError) -> Self {
        match error {
            sms::SendError::Rejected | sms::SendError::Refused => Self::Refused,
            sms::SendError::Tls(_) | sms::SendError::Login | sms::SendError::File(_) => Self::Misconfigured,
            sms::SendError::Unreachable | sms::SendError::TimedOut => Self::Failed,
        }
    }
}
