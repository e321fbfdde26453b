//! A text with a code: whoever types it in has read it.
//!
//! A code of 6 digits can be guessed, so it lives for minutes and for [`CODE_TRIES`] tries. Each try is counted in the database before anybody
//! compares it, so that all nodes together never compare more. A session whose tries are used up is dead; a greater attempt begins a new one,
//! with another id and code, and is paid for like any text.
//!
//! A text that is repeated carries the same code while half of its life is left, so that texts which arrive late or out of order
//! still work; later it carries a new one, and the old one is worth nothing.

use super::sessions::is_same;
use super::{Asker, TokenRequest, Unsent};
use crate::clock::{MINUTE, Millis};
use crate::error::Error;
use crate::identity::session::CODE_TRIES;
use crate::notify::sms::SendError;
use crate::notify::sms_texts::{CodeFacts, code_text};
use crate::service::Vouch;
use crate::store::sessions::{self, Session};

impl Vouch {
    /// Sends the text of a session, whose code was first sent at `since`.
    pub(super) async fn send_code(
        &self,
        asker: Asker<'_>,
        sid: &str,
        since: Millis,
        request: &TokenRequest,
    ) -> Result<(), Unsent> {
        let facts = CodeFacts {
            code: &self.sealer.validation_code(sid, since),
            mxid: match asker {
                Asker::User(caller) => Some(caller.mxid.as_str()),
                Asker::Homeserver(_) => None,
            },
            minutes: in_minutes(since + self.config.retention.sms_code - self.clock.now()),
            domain: self.web_otp_domain(),
        };
        let text = code_text(self.messenger.words(request.language), &facts);
        self.messenger.sms_sender.send(&request.address, &text).await.map_err(|error| match error {
            SendError::Rejected => Error::destination_rejected().into(),
            error => {
                log::warn!("a text with a code was not sent: {error}");
                Unsent { why: Error::text_not_sent(), refunded: !error.may_have_sent() }
            }
        })
    }

    /// Whether a code that was first sent at `since` is still worth sending.
    pub(super) fn is_worth_repeating(&self, since: Millis, now: Millis) -> bool {
        now - since <= self.config.retention.sms_code / 2
    }

    /// Whether what was typed is the code of a session, which was first sent at `since`.
    pub(super) async fn try_code(&self, session: &Session, since: Millis, typed: &str) -> Result<bool, Error> {
        if session.validated_at.is_none() {
            if self.clock.now() - since >= self.config.retention.sms_code {
                return Err(Error::session_expired());
            }
            let id = session.id;
            let count = async move |conn: &mut _| sessions::count_try(conn, id, since, CODE_TRIES).await;
            if !self.store.write_one(count).await? {
                return Err(Error::session_expired());
            }
        }
        Ok(is_same(&self.sealer.validation_code(&session.sid, since), typed.trim()))
    }

    /// The web page in which codes are typed, to which browsers hold them.
    fn web_otp_domain(&self) -> &str {
        let ours = self.config.server.public_url.host_str().unwrap_or_default();
        self.config.validation.web_otp_domain.as_deref().unwrap_or(ours)
    }
}

/// A time in minutes, to the nearest: between the claim and the text pass some milliseconds, which take no minute from the reader.
fn in_minutes(left: Millis) -> i64 {
    ((left + MINUTE / 2) / MINUTE).max(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_that_was_just_made_is_said_to_work_as_long_as_it_does() {
        for (left, minutes) in [(10 * MINUTE, 10), (10 * MINUTE - 40, 10), (5 * MINUTE + 1, 5), (MINUTE / 3, 1)] {
            assert_eq!(in_minutes(left), minutes, "{left}");
        }
    }
}
