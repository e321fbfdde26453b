//! Visits: people who look at what is held about them in a browser, and change it.
//!
//! Somebody has proved to be a Matrix user, or to read the messages of an address, and gets a token for the time of the visit, which the
//! browser keeps in a cookie. Here only its keyed fingerprint is stored, beside the sealed Matrix ID or address. A visit is no account, and makes
//! none: who only looks leaves nothing behind.

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use ruma_common::{OwnedUserId, UserId};
use subtle::ConstantTimeEq as _;

use super::{Network, Registration, Vouch};
use crate::clock::{MINUTE, Millis};
use crate::crypto::base62;
use crate::crypto::vault::BlindIndex;
use crate::error::Error;
use crate::identity::threepid::Address;
use crate::store::{self, visits};

/// Letters and digits of a visit's token: 190 bits.
const TOKEN_LENGTH: usize = 32;

/// How old a proof may be for what cannot be undone, or shows everything at once.
const FRESH: Millis = 5 * MINUTE;

/// Who visits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Subject {
    /// The user of a Matrix ID.
    User(OwnedUserId),
    /// Whoever reads the messages of an address.
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

/// Somebody who visits.
#[derive(Debug)]
pub struct Visit {
    /// Who.
    pub subject: Subject,
    /// When that was proved.
    pub proved_at: Millis,
    /// What the forms of this visit carry, so that no other site can send them: 22 characters.
    pub form_token: String,
    pub(super) token_hash: BlindIndex,
}

impl Visit {
    /// Whether a form carries what those of this visit do.
    #[must_use]
    pub fn has_sent(&self, form_token: &str) -> bool {
        self.form_token.as_bytes().ct_eq(form_token.as_bytes()).into()
    }
}

impl Vouch {
    /// Begins the visit of the user of an OpenID token, which is good for one, and returns its token. That makes no account.
    ///
    /// # Errors
    /// As [`Self::register`].
    pub async fn sign_in(&self, from: &Network, registration: &Registration) -> Result<String, Error> {
        let mxid = self.identify(from, registration).await?;
        self.rate_limits.use_openid_token(&registration.access_token).await?;
        self.begin_visit(&Subject::User(mxid)).await
    }

    /// Begins a visit, and returns its token.
    ///
    /// # Errors
    /// 503 if the database is away.
    pub async fn begin_visit(&self, subject: &Subject) -> Result<String, Error> {
        let token = base62::random(TOKEN_LENGTH);
        let hash = self.sealer.web_session_index(&token);
        let row = visits::Visit {
            token_hash: hash.as_ref().to_vec(),
            subject_index: self.visit_subject_index(subject).as_ref().to_vec(),
            subject: self.sealer.seal_subject(&hash, &subject.to_sealed()),
            proved_at: self.clock.now(),
        };
        let begun = self.store.write(async move |conn| visits::begin(conn, row).await);
        begun.await.map_err(|error: store::Error| error)?;
        Ok(token)
    }

    /// The visit of that token, unless it is over.
    ///
    /// # Errors
    /// 503 if the database is away.
    pub async fn visit(&self, token: &str) -> Result<Option<Visit>, Error> {
        let hash = self.sealer.web_session_index(token);
        let since = self.visits_since();
        let Some(row) = visits::find(&mut self.store.read().await?, hash.as_ref(), since).await? else {
            return Ok(None);
        };
        let subject = self.sealer.open_subject(&hash, &row.subject)?;
        let form_token = self.sealer.form_token(token);
        Ok(Some(Visit {
            subject: Subject::from_sealed(&subject)?,
            proved_at: row.proved_at,
            form_token: BASE64_URL_SAFE_NO_PAD.encode(form_token),
            token_hash: hash,
        }))
    }

    /// Ends a visit.
    ///
    /// # Errors
    /// 503 if the database is away.
    pub async fn end_visit(&self, visit: &Visit) -> Result<(), Error> {
        let hash = visit.token_hash;
        Ok(self.store.write_one(async move |conn| visits::end(conn, hash.as_ref()).await).await?)
    }

    /// Whether a proof is of the last five minutes: for an export, and for what cannot be undone.
    #[must_use]
    pub fn is_fresh(&self, proved_at: Millis) -> bool {
        self.clock.now() - proved_at < FRESH
    }

    /// Visits that began before this are over.
    pub(super) fn visits_since(&self) -> Millis {
        self.clock.now() - self.config.retention.visit
    }

    pub(super) fn visit_subject_index(&self, subject: &Subject) -> BlindIndex {
        match subject {
            Subject::User(mxid) => self.sealer.web_session_user_index(mxid),
            Subject::Address(address) => self.sealer.web_session_address_index(address),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::identity::threepid::Medium;

    #[test]
    fn a_subject_is_read_as_it_was_written() {
        let email = Address::parse(Medium::Email, "Alice@Example.com").unwrap();
        let phone = Address::parse(Medium::Msisdn, "447700900001").unwrap();
        let user = UserId::parse("@alice:hs.example").unwrap();
        for subject in [Subject::User(user), Subject::Address(email), Subject::Address(phone)] {
            assert_eq!(Subject::from_sealed(&subject.to_sealed()).unwrap(), subject);
        }
    }
}
