//! Text messages with a code. Submitting it proves that the text was read.
//!
//! A code of 6 digits can be guessed, so it works only for minutes, and for [`CODE_TRIES`]
//! attempts. Each attempt is counted in the database before the code is compared, so that all nodes
//! together never compare more. A session whose attempts are used up is dead; a greater attempt
//! begins a new one, with another id and code, and is charged like any text.
//!
//! A repeated text carries the same code during the first half of the code's life, so that texts
//! that arrive late or out of order still work. Later it carries a new one, which replaces the old
//! one as soon as the text has been sent: if it cannot be sent, the code that is already on the
//! phone still works.

use super::{Asker, TokenRequest, Unsent, Validation};
use crate::clock::{MINUTE, Millis, is_recent};
use crate::error::Error;
use crate::identity::session::CODE_TRIES;
use crate::notify::sms::SendError;
use crate::notify::sms_texts::{CodeFacts, code_text};
use crate::store::sessions::{self, Session};

impl Validation {
    /// Sends the text of a session, with the code that is first sent at `since`.
    pub(super) async fn send_code(
        &self,
        asker: Asker<'_>,
        sid: &str,
        since: Millis,
        request: &TokenRequest,
        is_wanted: bool,
    ) -> Result<(), Unsent> {
        let facts = CodeFacts {
            code: &self.sealer.validation_code(sid, since),
            mxid: match asker {
                Asker::User(caller) => Some(caller.mxid.as_str()),
                Asker::Homeserver(_) => None,
            },
            minutes: in_minutes(since + self.code_lifetime - self.clock.now()),
            domain: &self.web_otp_domain,
        };
        let text = self.messenger.write(request.language, |words| code_text(words, &facts));
        self.messenger.text_if(is_wanted, &request.address, &text).await.map_err(|error| match error {
            SendError::Rejected => Error::destination_rejected().into(),
            error => {
                log::warn!("a text with a code could not be sent: {error}");
                Unsent { error: Error::text_not_sent(), is_refunded: !error.may_have_sent() }
            }
        })
    }

    /// Returns whether a code that was first sent at `since` should be sent again rather than a new
    /// one.
    pub(super) fn is_worth_repeating(&self, since: Millis, now: Millis) -> bool {
        is_recent(since, self.code_lifetime / 2 + 1, now)
    }

    /// Returns whether `typed` is the code of a session that was first sent at `since`.
    pub(super) async fn try_code(&self, session: &Session, since: Millis, typed: &str) -> Result<bool, Error> {
        if session.validated_at.is_none() {
            if !is_recent(since, self.code_lifetime, self.clock.now()) {
                return Err(Error::session_expired());
            }
            let id = session.id;
            let count = async move |conn: &mut _| sessions::count_try(conn, id, since, CODE_TRIES).await;
            if !self.store.write_one(count).await? {
                return Err(Error::session_expired());
            }
        }
        Ok(self.sealer.is_validation_code(&session.sid, since, typed.trim()))
    }
}

/// Converts to minutes, to the nearest: the milliseconds between claiming and sending a text do not
/// take a minute from its reader.
fn in_minutes(left: Millis) -> i64 {
    ((left + MINUTE / 2) / MINUTE).max(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_new_code_is_announced_with_its_whole_lifetime() {
        for (left, minutes) in [(10 * MINUTE, 10), (10 * MINUTE - 40, 10), (5 * MINUTE + 1, 5), (MINUTE / 3, 1)] {
            assert_eq!(in_minutes(left), minutes, "{left}");
        }
    }
}
