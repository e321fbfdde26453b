//! Sessions: their owners, what they prove, and how they are stored.

use ruma_common::OwnedUserId;

use super::{Asker, TokenRequest, Validation};
use crate::clock::{Millis, is_recent};
use crate::crypto::base62;
use crate::crypto::vault::BlindIndex;
use crate::error::{Error, ErrorKind};
use crate::identity::session::{CODE_TRIES, ClientSecret, NextLink, Sid};
use crate::identity::threepid::{Address, Medium};
use crate::service::Bound;
use crate::store::accounts;
use crate::store::sessions::{self, NewSession, Session};

/// The length of a session's id in letters and digits: 131 bits.
const SID_LENGTH: usize = 22;

/// The identification of a session: its id, and the client's secret.
pub struct Submission {
    /// The session's id.
    pub sid: Sid,
    /// The client's secret.
    pub client_secret: ClientSecret,
}

/// A validated session.
#[derive(Debug)]
pub struct Validated {
    /// The row of the session.
    pub(in crate::service) session: i64,
    /// The address that was proved.
    pub address: Address,
    /// The time when it was proved.
    pub at: Millis,
}

/// The outcome of submitting a token.
pub struct Submitted {
    /// The URL to which the reader of the message is sent now.
    pub next_link: Option<NextLink>,
    /// True if the session had been validated before.
    pub again: bool,
    /// The user who asked for the message; only its reader is told.
    pub asked_by: Option<OwnedUserId>,
    /// True if its reader should be told who asked before being sent anywhere, because the operator
    /// restricts the destinations and the address is not bound to that user.
    pub is_told_first: bool,
}

impl Validation {
    /// Accepts the token of a message, from its requester or from its reader (`None`), who has only
    /// the message.
    ///
    /// # Errors
    /// 404 `M_NO_VALID_SESSION`, 400 `M_SESSION_EXPIRED` or `M_TOKEN_INCORRECT`
    pub async fn submit(
        &self,
        asker: Option<Asker<'_>>,
        medium: Medium,
        named: &Submission,
        token: &str,
    ) -> Result<Submitted, Error> {
        let session = match self.session(asker, named).await {
            Err(error)
                if asker.is_none() && error.kind() == ErrorKind::NotFound && self.was_removed(named, token).await? =>
            {
                return Err(Error::session_expired());
            }
            session => session?,
        };
        let is_right = match (medium, session.code_since) {
            (Medium::Email, None) => self.sealer.is_validation_token(&session.sid, token),
            (Medium::Msisdn, Some(since)) => self.try_code(&session, since, token).await?,
            (Medium::Email, Some(_)) | (Medium::Msisdn, None) => return Err(Error::no_valid_session()),
        };
        if !is_right {
            return Err(Error::token_incorrect());
        }
        let again = session.validated_at.is_some();
        if !again {
            let (id, now) = (session.id, self.clock.now());
            self.store.write_one(async move |conn| sessions::validate(conn, id, now).await).await?;
        }
        let asked_by = if asker.is_none() { self.asked_by(&session).await? } else { None };
        let next_link = self.next_link(&session)?;
        let is_told_first = match &asked_by {
            Some(user) if next_link.is_some() && self.next_link_hosts.is_some() => {
                !self.is_bound(&session, user).await?
            }
            _ => false,
        };
        Ok(Submitted { next_link, again, asked_by, is_told_first })
    }

    async fn is_bound(&self, session: &Session, user: &OwnedUserId) -> Result<bool, Error> {
        let address = self.sealer.open_session_address(session)?;
        let bound = Bound::find(&self.store, &self.sealer, &address).await?;
        Ok(bound.is_some_and(|bound| bound.user_id == *user))
    }

    /// Returns whether a link was valid for a session that is no longer stored: its token is
    /// derived from the session's id.
    async fn was_removed(&self, named: &Submission, token: &str) -> Result<bool, Error> {
        let is_ours = self.sealer.is_validation_token(named.sid.as_str(), token);
        Ok(is_ours && sessions::mailed(&mut self.store.read().await?, named.sid.as_str()).await?.is_none())
    }

    /// Returns the user of a session, unless it is a homeserver's or the user has just been erased.
    async fn asked_by(&self, session: &Session) -> Result<Option<OwnedUserId>, Error> {
        let Some(id) = session.account_id else { return Ok(None) };
        let account = accounts::by_id(&mut self.store.read().await?, id).await?;
        account.map(|account| self.sealer.open_account(&account)).transpose()
    }

    /// Returns the address that a session of the requester has proved.
    ///
    /// # Errors
    /// 404 `M_NO_VALID_SESSION`, 400 `M_SESSION_EXPIRED` or `M_SESSION_NOT_VALIDATED`
    pub async fn validated(&self, asker: Asker<'_>, named: &Submission) -> Result<Validated, Error> {
        let session = self.session(Some(asker), named).await?;
        let at = session.validated_at.ok_or_else(Error::session_not_validated)?;
        Ok(Validated { session: session.id, address: self.sealer.open_session_address(&session)?, at })
    }

    /// Returns the session if it has not expired and, if there is a requester, belongs to them. An
    /// unknown id, a wrong secret and somebody else's session give the same error.
    async fn session(&self, asker: Option<Asker<'_>>, named: &Submission) -> Result<Session, Error> {
        let secret = self.sealer.client_secret_index(&named.client_secret);
        let session = sessions::by_sid(&mut self.store.read().await?, named.sid.as_str(), secret.as_ref()).await?;
        let session = session.ok_or_else(Error::no_valid_session)?;
        if !self.is_of(&session, asker, &named.client_secret)? {
            return Err(Error::no_valid_session());
        }
        let has_ended = self.is_expired(&session, self.clock.now()) || is_dead(&session);
        if has_ended { Err(Error::session_expired()) } else { Ok(session) }
    }

    /// Returns whether a session belongs to the requester. Only its key tells which homeserver a
    /// session belongs to. Readers of messages can only submit to sessions of users.
    fn is_of(&self, session: &Session, asker: Option<Asker<'_>>, secret: &ClientSecret) -> Result<bool, Error> {
        Ok(match asker {
            None => session.account_id.is_some(),
            Some(Asker::User(caller)) => session.account_id == Some(caller.account_id),
            Some(asker @ Asker::Homeserver(_)) => {
                let key = self.session_key(asker, &self.sealer.open_session_address(session)?, secret);
                session.account_id.is_none() && session.key == key.as_ref()
            }
        })
    }

    pub(super) fn is_expired(&self, session: &Session, now: Millis) -> bool {
        !is_recent(session.modified_at, self.lifetime, now)
    }

    /// Returns a new session, with its first message claimed.
    pub(super) fn new_session(&self, asker: Asker<'_>, request: &TokenRequest, now: Millis) -> NewSession {
        let medium = request.address.medium();
        let key = self.session_key(asker, &request.address, &request.client_secret);
        let next_link = request.next_link.as_ref();
        NewSession {
            sid: base62::random(SID_LENGTH),
            session_key: key.as_ref().to_vec(),
            secret_hash: self.sealer.client_secret_index(&request.client_secret).as_ref().to_vec(),
            account_id: asker.account_id(),
            address_index: self.sealer.session_address_index(&request.address).as_ref().to_vec(),
            address: self.sealer.seal_session_address(&key, &request.address),
            next_link: next_link.map(|link| self.sealer.seal_next_link(&key, link.as_str())),
            send_attempt: -1,
            sending_attempt: request.send_attempt,
            sending_until: now + self.claim_length(medium),
            modified_at: now,
            code_since: (medium == Medium::Msisdn).then_some(now),
        }
    }

    /// Returns the key of a session: the same for the same requester, address and secret. It
    /// includes the requester, so that guessing a secret does not give access to somebody else's
    /// session.
    fn session_key(&self, asker: Asker<'_>, address: &Address, secret: &ClientSecret) -> BlindIndex {
        let whose = match asker {
            Asker::User(caller) => caller.account_id.to_be_bytes().to_vec(),
            Asker::Homeserver(range) => format!("homeserver {range}").into_bytes(),
        };
        self.sealer.session_key(&whose, address, secret)
    }

    /// Parses a `next_link`.
    ///
    /// # Errors
    /// 400 `M_INVALID_PARAM` if the operator does not allow redirecting to it.
    pub fn parse_next_link(&self, link: &str) -> Result<NextLink, Error> {
        NextLink::parse(link, self.next_link_hosts.as_deref())
            .map_err(|_| Error::invalid("next_link", "an http or https URL that this server may redirect to"))
    }

    fn next_link(&self, session: &Session) -> Result<Option<NextLink>, Error> {
        // It is parsed again, since the operator may have restricted the hosts in the meantime.
        Ok(self.sealer.open_next_link(session)?.and_then(|link| self.parse_next_link(&link).ok()))
    }
}

/// Returns whether all attempts at the code of a session have failed.
pub(super) fn is_dead(session: &Session) -> bool {
    session.validated_at.is_none() && session.wrong_codes >= CODE_TRIES
}
