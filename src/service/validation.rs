//! Proving ownership of an address: the validation sessions.
//!
//! A message is sent only if its attempt is greater than the greatest one sent for the same
//! requester, address and client secret. Sending is first claimed in the database, for a limited
//! time; an identical request waits for the outcome in the meantime, and takes over when the claim
//! runs out. So three identical requests send one message, and a node that is killed while sending
//! one loses none.
//!
//! The content of a message and the proof of its receipt depend on the medium: see [`email`] and
//! [`phone`].

mod email;
mod phone;
mod sessions;

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use super::links::PublicLinks;
use super::messenger::Messenger;
use super::sealing::Sealer;
use super::{Asker, Network, Objections, RateLimits};
use crate::clock::{Clock, Millis, SECOND, still_lasts};
use crate::error::Error;
use crate::identity::rate_limit::rules::Requester;
use crate::identity::session::{ClientSecret, HostPattern, NextLink};
use crate::identity::threepid::{Address, Medium};
use crate::store::sessions::{self as rows, NewSession, Session};
use crate::store::{Conn, Store};
use crate::texts::Language;

pub use sessions::{Submission, Submitted, Validated};

/// The time by which a claim outlasts the sending timeout.
const GRACE: Millis = 2 * SECOND;
/// The delay after which a request that waits for another one's message first checks the outcome.
/// It doubles each time.
const POLL: Duration = Duration::from_millis(50);
/// The longest pause between two checks.
const SLOWEST_POLL: Duration = Duration::from_secs(1);
/// The maximum number of requests that wait for the same message. A client sends one, and perhaps
/// repeats it.
const MOST_WAITING: usize = 4;
/// The number of times that a request tries to claim a message: others may claim it first, give up,
/// or crash.
const TRIES: usize = 20;

/// A request to send a message to an address.
pub struct TokenRequest {
    /// The client's secret, which it has to show later.
    pub client_secret: ClientSecret,
    /// The address to be proved.
    pub address: Address,
    /// The client's number for this attempt.
    pub send_attempt: i64,
    /// The URL to which the reader of the message is sent afterwards.
    pub next_link: Option<NextLink>,
    /// The language of the message.
    pub language: Language,
}

/// The action of a request regarding its message.
enum Claim {
    /// Nothing, because it has been sent.
    Sent(String),
    /// Wait, because another request is sending it.
    Wait { id: i64 },
    /// Send it.
    Ours(Claimed),
}

/// A session whose message is to be sent.
struct Claimed {
    id: i64,
    sid: String,
    /// The code in the message; an email has none.
    code: Option<Code>,
}

/// A code to be sent by text.
#[derive(Clone, Copy)]
struct Code {
    /// The time when it is first sent.
    since: Millis,
    /// True if it replaces an earlier one once it has been sent.
    is_replacing: bool,
}

/// The failure to send a message.
struct Unsent {
    error: Error,
    /// True if it is certain that nobody got it, so that its address is not charged.
    is_refunded: bool,
}

impl From<Error> for Unsent {
    fn from(error: Error) -> Self {
        Self { error, is_refunded: true }
    }
}

/// A request that waits for the message of a session.
struct Waits<'a> {
    waiting: &'a Mutex<Vec<i64>>,
    id: i64,
}

impl<'a> Waits<'a> {
    /// # Errors
    /// 429 if too many wait for it.
    fn begin(waiting: &'a Mutex<Vec<i64>>, id: i64) -> Result<Self, Error> {
        let mut all = waiting.lock().unwrap_or_else(PoisonError::into_inner);
        if all.iter().filter(|other| **other == id).count() >= MOST_WAITING {
            return Err(Error::limit_exceeded(SECOND));
        }
        all.push(id);
        Ok(Self { waiting, id })
    }
}

impl Drop for Waits<'_> {
    fn drop(&mut self) {
        let mut all = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(place) = all.iter().position(|other| *other == self.id) {
            all.swap_remove(place);
        }
    }
}

/// Sends messages that prove addresses, and accepts their readers' submissions.
pub struct Validation {
    pub(super) store: Store,
    pub(super) sealer: Sealer,
    pub(super) clock: Clock,
    pub(super) links: Arc<PublicLinks>,
    pub(super) messenger: Arc<Messenger>,
    pub(super) rate_limits: Arc<RateLimits>,
    pub(super) objections: Arc<Objections>,
    /// The sessions that requests wait for, one entry for each.
    pub(super) waiting: Mutex<Vec<i64>>,
    /// The time for which a session lasts after its last change.
    pub(super) lifetime: Millis,
    /// The time for which a code works after it was first sent.
    pub(super) code_lifetime: Millis,
    /// The time that sending an email may take.
    pub(super) mail_timeout: Millis,
    /// The time that sending a text may take.
    pub(super) text_timeout: Millis,
    /// The hosts that a `next_link` may point to; `None` allows any.
    pub(super) next_link_hosts: Option<Vec<HostPattern>>,
    /// True if links have a button.
    pub(super) has_button: bool,
    /// The host of the web page where people enter codes; browsers offer a code only to that page.
    pub(super) web_otp_domain: String,
}

impl Validation {
    /// Returns whether opening a link proves nothing until its reader presses a button.
    #[must_use]
    pub const fn needs_button(&self) -> bool {
        self.has_button
    }

    /// Begins a validation session, or finds the one with the same requester, address and client
    /// secret; sends its message if the attempt requires it; and returns its id.
    ///
    /// # Errors
    /// 400 `M_EMAIL_SEND_ERROR` or `M_SEND_ERROR`, after which the same attempt may be made again;
    /// 400 `M_DESTINATION_REJECTED`; 429, including while too many identical requests wait for the
    /// same message.
    pub async fn request_token(
        self: &Arc<Self>,
        asker: Asker<'_>,
        from: &Network,
        request: TokenRequest,
    ) -> Result<String, Error> {
        self.messenger.check_reach(&request.address)?;
        let request = Arc::new(request);
        for _ in 0..TRIES {
            let new = self.new_session(asker, &request, self.clock.now());
            let (validation, wanted) = (Arc::clone(self), Arc::clone(&request));
            let (payer, from) = (asker.into(), *from);
            match self.store.write(async move |conn| validation.claim(conn, new, payer, &from, &wanted).await).await? {
                Claim::Sent(sid) => return Ok(sid),
                Claim::Wait { id } => self.until_settled(id, &request).await?,
                Claim::Ours(claimed) => {
                    if let Err(unsent) = self.send(asker, &claimed, &request).await {
                        self.renounce(claimed.id, payer, &request, unsent.is_refunded).await?;
                        return Err(unsent.error);
                    }
                    let (id, attempt) = (claimed.id, request.send_attempt);
                    let new_code = claimed.code.filter(|code| code.is_replacing).map(|code| code.since);
                    let sent = async move |conn: &mut Conn| rows::sent(conn, id, attempt, new_code).await;
                    if new_code.is_some() {
                        self.store.write_one(sent).await?;
                    } else {
                        // If a power cut loses this, the same attempt sends the message once more.
                        self.store.note(sent).await?;
                    }
                    return Ok(claimed.sid);
                }
            }
        }
        Err(Error::away())
    }

    async fn send(&self, asker: Asker<'_>, claimed: &Claimed, request: &TokenRequest) -> Result<(), Unsent> {
        // The session exists by now, so that an objection made after this check removes it.
        let is_wanted = self.objections.is_wanted(&request.address).await?;
        match claimed.code {
            None => self.send_link(asker, &claimed.sid, request, is_wanted).await,
            Some(code) => self.send_code(asker, &claimed.sid, code.since, request, is_wanted).await,
        }
    }

    /// Waits until another request has sent the attempt or given it up, or its claim has run out.
    async fn until_settled(&self, id: i64, request: &TokenRequest) -> Result<(), Error> {
        let _waits = Waits::begin(&self.waiting, id)?;
        let mut pause = POLL;
        let longest = Duration::from_millis(self.claim_length(request.address.medium()).unsigned_abs());
        let until = Instant::now() + longest;
        while Instant::now() < until {
            tokio::time::sleep(pause).await;
            pause = (2 * pause).min(SLOWEST_POLL);
            let session = rows::by_id(&mut self.store.read().await?, id).await?;
            let is_pending = |session: &Session| {
                session.send_attempt < request.send_attempt && self.is_being_sent(session, self.clock.now())
            };
            if !session.as_ref().is_some_and(is_pending) {
                break;
            }
        }
        Ok(())
    }

    /// Gives up a claim whose message was not sent.
    async fn renounce(
        &self,
        id: i64,
        payer: Requester,
        request: &Arc<TokenRequest>,
        is_refunded: bool,
    ) -> Result<(), Error> {
        let (rate_limits, request) = (Arc::clone(&self.rate_limits), Arc::clone(request));
        let done = self.store.write(async move |conn| {
            rows::not_sent(conn, id, request.send_attempt).await?;
            // Otherwise sessions whose messages are refused could fill the database.
            rows::remove_unsent(conn, id).await?;
            if is_refunded { rate_limits.refund_message(conn, payer, &request.address).await } else { Ok(()) }
        });
        done.await
    }

    /// Finds or begins the session, charges its message, and claims the attempt, in one
    /// transaction.
    async fn claim(
        &self,
        conn: &mut Conn,
        new: NewSession,
        payer: Requester,
        from: &Network,
        request: &TokenRequest,
    ) -> Result<Claim, Error> {
        let (now, attempt) = (new.modified_at, request.send_attempt);
        let mut session = rows::get_or_begin(conn, new.clone()).await?;
        if self.is_expired(&session, now) || (sessions::is_dead(&session) && attempt > session.send_attempt) {
            // The new session has another id and proves nothing yet.
            rows::remove(conn, session.id).await?;
            session = rows::get_or_begin(conn, new.clone()).await?;
        }
        // A new session is inserted with its claim.
        let is_new = session.sid == new.sid;
        if attempt <= session.send_attempt {
            return Ok(Claim::Sent(session.sid));
        }
        if !is_new && attempt <= session.sending_attempt && self.is_being_sent(&session, now) {
            return Ok(Claim::Wait { id: session.id });
        }
        self.rate_limits.charge_message(conn, payer, from, &request.address).await?;
        if !is_new {
            rows::sending(conn, session.id, attempt, new.sending_until, new.next_link).await?;
        }
        let code = session.code_since.map(|since| {
            let is_replacing = !self.is_worth_repeating(since, now);
            Code { since: if is_replacing { now } else { since }, is_replacing }
        });
        Ok(Claim::Ours(Claimed { id: session.id, sid: session.sid, code }))
    }

    /// Returns whether another request is sending the message of a session.
    fn is_being_sent(&self, session: &Session, now: Millis) -> bool {
        let medium = if session.code_since.is_some() { Medium::Msisdn } else { Medium::Email };
        still_lasts(session.sending_until, self.claim_length(medium), now)
    }

    /// Returns the time for which the sending of a message is claimed.
    fn claim_length(&self, medium: Medium) -> Millis {
        self.timeout(medium) + GRACE
    }

    /// Returns how long sending a message may take.
    fn timeout(&self, medium: Medium) -> Millis {
        match medium {
            Medium::Email => self.mail_timeout,
            Medium::Msisdn => self.text_timeout,
        }
    }
}
