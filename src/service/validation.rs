//! Proving that an address is one's own: the life of a validation session.
//!
//! A message is sent only if its attempt is greater than the greatest one sent for the same account, address and secret.
//! Sending is claimed in the database first, for a while; whoever asks the same meanwhile waits for the outcome, and takes over if
//! the claim runs out. So three equal requests send one mail, and a node that is killed while it sends one loses none.

use std::sync::Arc;
use std::time::{Duration, Instant};

use ruma_common::UserId;
use subtle::ConstantTimeEq;
use url::Url;

use super::spending::Failure;
use super::{Caller, Network, Vouch};
use crate::clock::{Millis, SECOND};
use crate::config::MailTransport;
use crate::crypto::base62;
use crate::crypto::vault::{BlindIndex, Column, Purpose};
use crate::error::Error;
use crate::identity::session::{ClientSecret, NextLink, Sid};
use crate::identity::threepid::Address;
use crate::notify::letters::{ValidationFacts, validation_letter};
use crate::store::Conn;
use crate::store::sessions::{self, NewSession, Session};
use crate::texts::Language;

/// How much longer than sending may take a claim holds.
const GRACE: Millis = 2 * SECOND;
/// How often those who wait for another's sending look.
const LOOK: Duration = Duration::from_millis(50);
/// How often a claim is tried: others may come first, give up, or die.
const TRIES: usize = 20;
/// Letters and digits of a session's id: 131 bits.
const SID_LENGTH: usize = 22;

/// What a client asks with `requestToken` for an e-mail address.
pub struct EmailRequest {
    /// The client's own proof for later.
    pub client_secret: ClientSecret,
    /// The address to be proved.
    pub address: Address,
    /// Which attempt of the client's it is.
    pub send_attempt: i64,
    /// Where the reader of the mail goes next.
    pub next_link: Option<NextLink>,
    /// The language of the mail.
    pub language: Language,
}

/// What names a session: its id, and the client's proof.
pub struct Submission {
    /// The session's id.
    pub sid: Sid,
    /// The client's proof.
    pub client_secret: ClientSecret,
}

/// A validated session.
#[derive(Debug)]
pub struct Validated {
    /// What was proved.
    pub address: Address,
    /// When.
    pub at: Millis,
}

/// What came of a submitted token.
pub struct Submitted {
    /// Where the reader of the mail goes next.
    pub next_link: Option<NextLink>,
    /// Whether it had been validated before.
    pub again: bool,
}

/// What to do about a message.
enum Claim {
    /// It was sent.
    Sent(String),
    /// Somebody is sending it.
    Wait { id: i64 },
    /// It is ours to send.
    Ours { id: i64, sid: String },
}

impl Vouch {
    /// Begins a validation session, or finds the one of the same account, address and secret; sends its mail if the attempt asks for it; and
    /// returns its id.
    ///
    /// # Errors
    /// 400 `M_EMAIL_SEND_ERROR`, and then the same attempt may be made again; 429.
    pub async fn request_email(
        self: &Arc<Self>,
        caller: &Arc<Caller>,
        from: &Network,
        request: EmailRequest,
    ) -> Result<String, Error> {
        let request = Arc::new(request);
        for _ in 0..TRIES {
            let (vouch, whose, asked) = (Arc::clone(self), Arc::clone(caller), Arc::clone(&request));
            let claim = self.store.write(async move |conn| vouch.claim(conn, &whose, &asked).await).await;
            match claim {
                Err(Failure::Overtaken) => {}
                Err(Failure::Refused(error)) => return Err(error),
                Ok(Claim::Sent(sid)) => return Ok(sid),
                Ok(Claim::Wait { id }) => self.until_settled(id, request.send_attempt).await?,
                Ok(Claim::Ours { id, sid }) => {
                    if let Err(refusal) = self.spend_message(caller, from).await {
                        self.renounce(id, &request).await?;
                        return Err(refusal);
                    }
                    return self.send_validation(&caller.mxid, id, sid, &request).await;
                }
            }
        }
        Err(Error::away())
    }

    /// Waits until the attempt that somebody else is sending was sent or given up, or its claim has run out.
    async fn until_settled(&self, id: i64, attempt: i64) -> Result<(), Error> {
        let longest = Duration::from_millis((self.mail_patience() + GRACE).unsigned_abs());
        let until = Instant::now() + longest;
        while Instant::now() < until {
            tokio::time::sleep(LOOK).await;
            let session = sessions::by_id(&mut self.store.read().await?, id).await?;
            let is_pending =
                |session: &Session| session.send_attempt < attempt && self.clock.now() < session.sending_until;
            if !session.as_ref().is_some_and(is_pending) {
                break;
            }
        }
        Ok(())
    }

    /// Gives up a claim whose message was not to be.
    async fn renounce(self: &Arc<Self>, id: i64, request: &Arc<EmailRequest>) -> Result<(), Error> {
        let (vouch, asked) = (Arc::clone(self), Arc::clone(request));
        let done = self.store.write(async move |conn| {
            sessions::not_sent(conn, id, asked.send_attempt).await?;
            // Nobody fills the database with sessions of messages that he has no budget for.
            sessions::remove_unsent(conn, id).await?;
            vouch.refund_message_to(conn, &asked.address).await
        });
        match done.await {
            Err(Failure::Refused(error)) => Err(error),
            // Overtaken: the claim runs out by itself.
            Ok(()) | Err(Failure::Overtaken) => Ok(()),
        }
    }

    /// One transaction: the session's row, the address's budget, and the claim.
    async fn claim(&self, conn: &mut Conn, caller: &Caller, request: &EmailRequest) -> Result<Claim, Failure> {
        let now = self.clock.now();
        let new = self.new_session(caller, request, now);
        let mut session = sessions::get_or_begin(conn, new.clone()).await?;
        if self.is_expired(&session, now) {
            // What it proved is over: the new one has another id and proves nothing yet.
            sessions::remove(conn, session.id).await?;
            session = sessions::get_or_begin(conn, new.clone()).await?;
        }
        // A session that is begun here is begun with its claim.
        let is_new = session.sid == new.sid;
        let attempt = request.send_attempt;
        if attempt <= session.send_attempt {
            return Ok(Claim::Sent(session.sid));
        }
        if !is_new && attempt <= session.sending_attempt && now < session.sending_until {
            return Ok(Claim::Wait { id: session.id });
        }
        self.spend_message_to(conn, &request.address, now).await?;
        if !is_new {
            sessions::sending(conn, session.id, attempt, new.sending_until, new.next_link).await?;
        }
        Ok(Claim::Ours { id: session.id, sid: session.sid })
    }

    /// Sends the mail of a claim, and says in the database what came of it.
    async fn send_validation(
        self: &Arc<Self>,
        mxid: &UserId,
        id: i64,
        sid: String,
        request: &Arc<EmailRequest>,
    ) -> Result<String, Error> {
        let facts = ValidationFacts {
            mxid: mxid.as_str(),
            homeserver: mxid.server_name().as_str(),
            link: &self.validation_link(&sid, request),
            lifetime: self.config.retention.validation_session,
            cancel: &self.cancelling_link(&sid, request.language),
        };
        let letter = validation_letter(self.words(request.language), facts).map_err(|_| Error::internal())?;
        let attempt = request.send_attempt;
        if let Err(error) = self.mailer.send(&request.address, letter).await {
            log::warn!("a validation mail was not sent: {error}");
            self.renounce(id, request).await?;
            return Err(Error::email_not_sent());
        }
        // Lost in a power cut, it would be sent once more.
        self.store.note(async move |conn| sessions::sent(conn, id, attempt).await).await?;
        Ok(sid)
    }

    /// The link in the mail; `lang` is for the page it leads to, which is then in the language of the mail.
    fn validation_link(&self, sid: &str, request: &EmailRequest) -> Url {
        let mut link = self.public_link("_matrix/identity/v2/validate/email/submitToken");
        link.query_pairs_mut()
            .append_pair("token", &self.vault.validation_token(sid))
            .append_pair("client_secret", request.client_secret.as_str())
            .append_pair("sid", sid)
            .append_pair("lang", self.texts.tag(request.language));
        link
    }

    /// Takes the token of a mail, from the client that asked for it (`caller`) or from the reader of the mail (`None`).
    ///
    /// # Errors
    /// 404 `M_NO_VALID_SESSION`, 400 `M_SESSION_EXPIRED` or `M_TOKEN_INCORRECT`
    pub async fn submit(&self, caller: Option<&Caller>, named: &Submission, token: &str) -> Result<Submitted, Error> {
        let session = self.session(caller, named).await?;
        let expected = self.vault.validation_token(&session.sid);
        if !bool::from(expected.as_bytes().ct_eq(token.as_bytes())) {
            return Err(Error::token_incorrect());
        }
        let again = session.validated_at.is_some();
        if !again {
            let (id, now) = (session.id, self.clock.now());
            self.store.write_one(async move |conn| sessions::validate(conn, id, now).await).await?;
        }
        Ok(Submitted { next_link: self.next_link(&session)?, again })
    }

    /// What a session of the caller's has proved.
    ///
    /// # Errors
    /// 404 `M_NO_VALID_SESSION`, 400 `M_SESSION_EXPIRED` or `M_SESSION_NOT_VALIDATED`
    pub async fn validated(&self, caller: &Caller, named: &Submission) -> Result<Validated, Error> {
        let session = self.session(Some(caller), named).await?;
        let at = session.validated_at.ok_or_else(Error::session_not_validated)?;
        Ok(Validated { address: self.open_session_address(&session)?, at })
    }

    /// The session that is named, if it is not expired, and is the caller's where there is one. An unknown id, a wrong secret and somebody
    /// else's session look the same.
    async fn session(&self, caller: Option<&Caller>, named: &Submission) -> Result<Session, Error> {
        let secret = self.vault.index(Purpose::ClientSecret, &[named.client_secret.as_bytes()]);
        let session = sessions::by_sid(&mut self.store.read().await?, named.sid.as_str(), secret.as_ref()).await?;
        let theirs = |session: &Session| caller.is_none_or(|caller| caller.account_id == session.account_id);
        let session = session.filter(theirs).ok_or_else(Error::no_valid_session)?;
        if self.is_expired(&session, self.clock.now()) { Err(Error::session_expired()) } else { Ok(session) }
    }

    fn is_expired(&self, session: &Session, now: Millis) -> bool {
        now - session.modified_at >= self.config.retention.validation_session
    }

    /// A session as it is begun, its first message claimed.
    fn new_session(&self, caller: &Caller, request: &EmailRequest, now: Millis) -> NewSession {
        let key = self.session_key(caller, request);
        let next_link = request.next_link.as_ref();
        NewSession {
            sid: base62::random(SID_LENGTH),
            session_key: key.as_ref().to_vec(),
            secret_hash: self.vault.index(Purpose::ClientSecret, &[request.client_secret.as_bytes()]).as_ref().to_vec(),
            account_id: caller.account_id,
            address_index: self.session_address_index(&request.address).as_ref().to_vec(),
            address: self.vault.seal(Column::SessionAddress, &key, &request.address.to_sealed()),
            next_link: next_link.map(|link| self.vault.seal(Column::SessionNextLink, &key, link.as_str())),
            send_attempt: -1,
            sending_attempt: request.send_attempt,
            sending_until: now + self.mail_patience() + GRACE,
            modified_at: now,
        }
    }

    /// Equal for the same account, address and secret. The account is part of it, so that nobody who guesses a secret meets
    /// another's session.
    fn session_key(&self, caller: &Caller, request: &EmailRequest) -> BlindIndex {
        let (medium, address) = (request.address.medium().as_str().as_bytes(), request.address.as_str().as_bytes());
        let account = caller.account_id.to_be_bytes();
        self.vault.index(Purpose::Session, &[&account, medium, address, request.client_secret.as_bytes()])
    }

    pub(super) fn session_address_index(&self, address: &Address) -> BlindIndex {
        self.vault.index(Purpose::SessionAddress, &[address.medium().as_str().as_bytes(), address.as_str().as_bytes()])
    }

    pub(super) fn open_session_address(&self, session: &Session) -> Result<Address, Error> {
        let text = self.vault.open(Column::SessionAddress, &session.session_key, &session.address)?;
        Address::from_sealed(&text).map_err(|_| Error::internal())
    }

    fn next_link(&self, session: &Session) -> Result<Option<NextLink>, Error> {
        let Some(sealed) = &session.next_link else { return Ok(None) };
        let text = self.vault.open(Column::SessionNextLink, &session.session_key, sealed)?;
        // Parsed again, for the operator may have narrowed the hosts meanwhile.
        Ok(NextLink::parse(&text, self.config.validation.next_link_hosts.as_deref()).ok())
    }

    /// How long sending a mail may take.
    fn mail_patience(&self) -> Millis {
        match &self.config.mail.transport {
            MailTransport::Smtp(smtp) => Millis::try_from(smtp.timeout.as_millis()).unwrap_or(Millis::MAX / 4),
            MailTransport::Directory(_) => SECOND,
        }
    }
}
