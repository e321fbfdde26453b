//! Web sessions of people who view and change the data stored about them in a browser.
//!
//! Somebody who has proved to be a Matrix user, or to read the messages of an address, gets a
//! token, which the browser keeps in a cookie. Only its keyed fingerprint is stored, next to the
//! sealed Matrix ID or address. A web session creates no account, so just looking leaves nothing
//! behind.

use std::ops::RangeInclusive;

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use ruma_common::{OwnedUserId, UserId};
use subtle::ConstantTimeEq as _;

use super::sealing::Sealer;
use super::standing::{APART, FRESH, is_recent};
use crate::clock::{Clock, Millis};
use crate::crypto::base62;
use crate::crypto::vault::BlindIndex;
use crate::error::Error;
use crate::identity::threepid::Address;
use crate::store::proofs::Standing;
use crate::store::{self, Store, visits};

/// The length of a web session's token in letters and digits: 190 bits.
const TOKEN_LENGTH: usize = 32;

/// The person that a web session is for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Subject {
    /// The user of a Matrix ID.
    User(OwnedUserId),
    /// The reader of an address's messages.
    Address(Address),
}

impl Subject {
    /// A Matrix ID begins with `@`, and no address does.
    fn to_sealed(&self) -> String {
        match self {
            Self::User(mxid) => mxid.to_string(),
            Self::Address(address) => address.to_sealed(),
        }
    }

    fn from_sealed(text: &str) -> Result<Self, Error> {
        if text.starts_with('@') {
            return UserId::parse(text).map(Self::User).map_err(|_| Error::internal());
        }
        Address::from_sealed(text).map(Self::Address).map_err(|_| Error::internal())
    }
}

/// A session in a browser.
#[derive(Debug)]
pub struct WebSession {
    /// The person.
    pub subject: Subject,
    /// The time when they proved that.
    pub proved_at: Millis,
    /// The time when their homeserver vouched for them, if that proof has not been used yet.
    proof_at: Option<Millis>,
    /// The token in the forms of this session, without which no other site can send them: 22
    /// characters.
    pub form_token: String,
    pub(super) token_hash: BlindIndex,
}

impl WebSession {
    /// Returns whether this is the token in the forms of this session.
    #[must_use]
    pub fn has_sent(&self, form_token: &str) -> bool {
        self.form_token.as_bytes().ct_eq(form_token.as_bytes()).into()
    }
}

/// Begins, finds and ends web sessions.
pub struct WebSessions {
    pub(super) store: Store,
    pub(super) sealer: Sealer,
    pub(super) clock: Clock,
    pub(super) lifetime: Millis,
}

impl WebSessions {
    /// Begins a web session, and returns its token.
    ///
    /// # Errors
    /// 503 if the database is unavailable.
    pub async fn begin(&self, subject: &Subject) -> Result<String, Error> {
        self.begin_after(subject, None).await
    }

    /// Begins a web session in place of another one, and returns its token. If it is the same
    /// person's and has not ended, their confirmation stays valid.
    ///
    /// # Errors
    /// 503 if the database is unavailable.
    pub async fn begin_again(&self, subject: &Subject, previous: &WebSession) -> Result<String, Error> {
        self.begin_after(subject, Some(previous)).await
    }

    async fn begin_after(&self, subject: &Subject, previous: Option<&WebSession>) -> Result<String, Error> {
        let now = self.clock.now();
        let token = base62::random(TOKEN_LENGTH);
        let hash = self.sealer.web_session_index(&token);
        let mut row = visits::Visit {
            token_hash: hash.as_ref().to_vec(),
            subject_index: self.subject_index(subject).as_ref().to_vec(),
            subject: self.sealer.seal_subject(&hash, &subject.to_sealed()),
            proved_at: now,
            proof_at: Some(now),
            confirmed_at: None,
            confirmed_by: None,
        };
        let previous = previous.map(|previous| (previous.token_hash, previous.subject == *subject));
        let begun = self.store.write(async move |conn| {
            if let Some((hash, is_theirs)) = previous
                && let Some(Standing { confirmed_at, confirmed_by, .. }) = visits::take(conn, hash.as_ref()).await?
                && is_theirs
            {
                (row.confirmed_at, row.confirmed_by) = (confirmed_at, confirmed_by);
            }
            visits::begin(conn, row).await
        });
        begun.await.map_err(|error: store::Error| error)?;
        Ok(token)
    }

    /// Returns the web session with this token, unless it has ended.
    ///
    /// # Errors
    /// 503 if the database is unavailable.
    pub async fn find(&self, token: &str) -> Result<Option<WebSession>, Error> {
        let hash = self.sealer.web_session_index(token);
        let Some(row) = visits::find(&mut self.store.read().await?, hash.as_ref(), &self.current()).await? else {
            return Ok(None);
        };
        Ok(Some(WebSession {
            subject: Subject::from_sealed(&self.sealer.open_subject(&hash, &row.subject)?)?,
            proved_at: row.proved_at,
            proof_at: row.proof_at,
            form_token: BASE64_URL_SAFE_NO_PAD.encode(self.sealer.form_token(token)),
            token_hash: hash,
        }))
    }

    /// Returns when a person's current web sessions began, the oldest first.
    ///
    /// # Errors
    /// 503 if the database is unavailable.
    pub async fn begun_by(&self, subject: &Subject) -> Result<Vec<Millis>, Error> {
        let index = self.subject_index(subject);
        Ok(visits::times_of(&mut self.store.read().await?, index.as_ref(), &self.current()).await?)
    }

    /// Ends a web session.
    ///
    /// # Errors
    /// 503 if the database is unavailable.
    pub async fn end(&self, session: &WebSession) -> Result<(), Error> {
        let hash = session.token_hash;
        Ok(self.store.write_one(async move |conn| visits::end(conn, hash.as_ref()).await).await?)
    }

    /// Ends the other web sessions of the same person.
    ///
    /// # Errors
    /// 503 if the database is unavailable.
    pub async fn end_others(&self, session: &WebSession) -> Result<(), Error> {
        let (subject, hash) = (self.subject_index(&session.subject), session.token_hash);
        let ended =
            self.store.write_one(async move |conn| visits::end_others_of(conn, subject.as_ref(), hash.as_ref()).await);
        Ok(ended.await.map(drop)?)
    }

    /// Returns whether a proof is recent enough for an export, or for an action that cannot be
    /// undone. One in the future, beyond the difference between nodes' clocks, was dated by a wrong
    /// clock.
    #[must_use]
    pub fn is_fresh(&self, proved_at: Millis) -> bool {
        is_recent(proved_at, FRESH, self.clock.now())
    }

    /// Returns whether a web session has a recent proof that has not been used.
    #[must_use]
    pub fn has_proof(&self, session: &WebSession) -> bool {
        session.proof_at.is_some_and(|at| self.is_fresh(at))
    }

    /// Returns the beginnings of sessions that have not ended.
    fn current(&self) -> RangeInclusive<Millis> {
        let now = self.clock.now();
        now - self.lifetime + 1..=now + APART
    }

    pub(super) fn subject_index(&self, subject: &Subject) -> BlindIndex {
        match subject {
            Subject::User(mxid) => self.sealer.web_session_user_index(mxid),
            Subject::Address(address) => self.sealer.web_session_address_index(address),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::clock::MINUTE;
    use crate::config::{Database, DatabaseUrl};
    use crate::crypto::master_key::MasterKey;
    use crate::crypto::vault::Vault;
    use crate::identity::threepid::Medium;
    use crate::metrics::Metrics;

    #[actix_web::test]
    async fn a_session_ends_after_its_lifetime_or_when_it_is_ended() {
        let folder = tempfile::tempdir().unwrap();
        let url = DatabaseUrl::Sqlite(folder.path().join("vouch.db"));
        let store = Store::connect(&Database { url, pool_size: 1, ca_file: None }, &Metrics::default()).await.unwrap();
        store.migrate().await.unwrap();
        let sealer = Sealer::new(Arc::new(Vault::new(&MasterKey::generate())));
        let clock = Clock::stopped_at(0);
        let sessions = WebSessions { store, sealer, clock: clock.clone(), lifetime: 10 * MINUTE };
        let alice = Subject::User(UserId::parse("@alice:hs.example").unwrap());
        let (first, second) = (sessions.begin(&alice).await.unwrap(), sessions.begin(&alice).await.unwrap());
        let found = sessions.find(&first).await.unwrap().unwrap();
        assert_eq!((&found.subject, found.proved_at), (&alice, 0));
        sessions.end(&found).await.unwrap();
        assert!(sessions.find(&first).await.unwrap().is_none());
        assert!(!sessions.is_fresh(10 * MINUTE), "a proof from the future has no end");
        clock.advance(10 * MINUTE - 1);
        assert!(sessions.find(&second).await.unwrap().is_some_and(|session| !sessions.is_fresh(session.proved_at)));
        clock.advance(1);
        assert!(sessions.find(&second).await.unwrap().is_none());
    }

    #[test]
    fn a_subject_is_parsed_as_it_was_written() {
        let email = Address::parse(Medium::Email, "Alice@Example.com").unwrap();
        let phone = Address::parse(Medium::Msisdn, "447700900001").unwrap();
        let user = UserId::parse("@alice:hs.example").unwrap();
        for subject in [Subject::User(user), Subject::Address(email), Subject::Address(phone)] {
            assert_eq!(Subject::from_sealed(&subject.to_sealed()).unwrap(), subject);
        }
    }
}
