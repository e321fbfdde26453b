//! Proving that an address is one's own: the life of a validation session.
//!
//! A message is sent only if its attempt is greater than the greatest one sent for the same asker, address and secret.
//! Sending is claimed in the database first, for a while; whoever asks the same meanwhile waits for the outcome, and takes over if
//! the claim runs out. So three equal requests send one message, and a node that is killed while it sends one loses none.
//!
//! What a message says, and what it takes to prove that it was read, is told medium by medium: in [`email`] and in [`phone`].

mod email;
mod phone;
mod sessions;

use std::sync::Arc;
use std::time::{Duration, Instant};

use super::{Asker, Network, Vouch};
use crate::clock::{Millis, SECOND};
use crate::error::Error;
use crate::identity::session::{ClientSecret, NextLink};
use crate::identity::threepid::{Address, Medium};
use crate::store::Conn;
use crate::store::sessions::{self as rows, NewSession, Session};
use crate::texts::Language;

pub use sessions::{Submission, Submitted, Validated};

/// How much longer than sending may take a claim holds.
const GRACE: Millis = 2 * SECOND;
/// How often those who wait for another's sending look.
const LOOK: Duration = Duration::from_millis(50);
/// How often a claim is tried: others may come first, give up, or die.
const TRIES: usize = 20;

/// What a client asks with `requestToken`.
pub struct TokenRequest {
    /// The client's own proof for later.
    pub client_secret: ClientSecret,
    /// The address to be proved.
    pub address: Address,
    /// Which attempt of the client's it is.
    pub send_attempt: i64,
    /// Where the reader of the message goes next.
    pub next_link: Option<NextLink>,
    /// The language of the message.
    pub language: Language,
}

/// What to do about a message.
enum Claim {
    /// It was sent.
    Sent(String),
    /// Somebody is sending it.
    Wait { id: i64 },
    /// It is ours to send.
    Ours(Claimed),
}

/// A session whose message is ours to send.
struct Claimed {
    id: i64,
    sid: String,
    /// When the code in the message was first sent; a mail has none.
    code_since: Option<Millis>,
}

/// Why a message was not sent.
struct Unsent {
    why: Error,
    /// Whether it is certain that nobody got it, so that its address is not charged.
    refunded: bool,
}

impl From<Error> for Unsent {
    fn from(why: Error) -> Self {
        Self { why, refunded: true }
    }
}

impl Vouch {
    /// Begins a validation session, or finds the one of the same asker, address and secret; sends its message if the attempt asks for it; and
    /// returns its id.
    ///
    /// # Errors
    /// 400 `M_EMAIL_SEND_ERROR` or `M_SEND_ERROR`, and then the same attempt may be made again; 400 `M_DESTINATION_REJECTED`; 429.
    pub async fn request_token(
        self: &Arc<Self>,
        asker: Asker<'_>,
        from: &Network,
        request: TokenRequest,
    ) -> Result<String, Error> {
        if request.address.medium() == Medium::Msisdn && !self.messenger.sms_sender.reaches(&request.address) {
            return Err(Error::destination_rejected());
        }
        let request = Arc::new(request);
        for _ in 0..TRIES {
            let new = self.new_session(asker, &request, self.clock.now());
            let (vouch, wanted) = (Arc::clone(self), Arc::clone(&request));
            match self.store.write(async move |conn| vouch.claim(conn, new, &wanted).await).await? {
                Claim::Sent(sid) => return Ok(sid),
                Claim::Wait { id } => self.until_settled(id, &request).await?,
                Claim::Ours(claimed) => {
                    if let Err(unsent) = self.pay_and_send(asker, from, &claimed, &request).await {
                        self.renounce(claimed.id, &request, unsent.refunded).await?;
                        return Err(unsent.why);
                    }
                    let (id, attempt) = (claimed.id, request.send_attempt);
                    // Lost in a power cut, it would be sent once more.
                    self.store.note(async move |conn| rows::sent(conn, id, attempt).await).await?;
                    return Ok(claimed.sid);
                }
            }
        }
        Err(Error::away())
    }

    async fn pay_and_send(
        &self,
        asker: Asker<'_>,
        from: &Network,
        claimed: &Claimed,
        request: &TokenRequest,
    ) -> Result<(), Unsent> {
        self.rate_limits.charge_message(asker, request.address.medium(), from).await?;
        // Now that the session is there: who objects from here on removes it.
        self.objections.check_wanted(&request.address).await?;
        match claimed.code_since {
            None => self.send_link(asker, &claimed.sid, request).await,
            Some(since) => self.send_code(asker, &claimed.sid, since, request).await,
        }
    }

    /// Waits until the attempt that somebody else is sending was sent or given up, or its claim has run out.
    async fn until_settled(&self, id: i64, request: &TokenRequest) -> Result<(), Error> {
        let longest = Duration::from_millis((self.patience(request.address.medium()) + GRACE).unsigned_abs());
        let until = Instant::now() + longest;
        while Instant::now() < until {
            tokio::time::sleep(LOOK).await;
            let session = rows::by_id(&mut self.store.read().await?, id).await?;
            let is_pending = |session: &Session| {
                session.send_attempt < request.send_attempt && self.clock.now() < session.sending_until
            };
            if !session.as_ref().is_some_and(is_pending) {
                break;
            }
        }
        Ok(())
    }

    /// Gives up a claim whose message was not to be.
    async fn renounce(&self, id: i64, request: &Arc<TokenRequest>, refunded: bool) -> Result<(), Error> {
        let (rate_limits, asked) = (Arc::clone(&self.rate_limits), Arc::clone(request));
        let done = self.store.write(async move |conn| {
            rows::not_sent(conn, id, asked.send_attempt).await?;
            // Otherwise sessions whose messages are refused could fill the database.
            rows::remove_unsent(conn, id).await?;
            if refunded { rate_limits.refund_message_to(conn, &asked.address).await } else { Ok(()) }
        });
        done.await
    }

    /// One transaction: the session's row, the address's rate limit, and the claim.
    async fn claim(&self, conn: &mut Conn, new: NewSession, request: &TokenRequest) -> Result<Claim, Error> {
        let (now, attempt) = (new.modified_at, request.send_attempt);
        let mut session = rows::get_or_begin(conn, new.clone()).await?;
        if self.is_expired(&session, now) || (sessions::is_dead(&session) && attempt > session.send_attempt) {
            // What it proved is over: the new one has another id and proves nothing yet.
            rows::remove(conn, session.id).await?;
            session = rows::get_or_begin(conn, new.clone()).await?;
        }
        // A session that is begun here is begun with its claim.
        let is_new = session.sid == new.sid;
        if attempt <= session.send_attempt {
            return Ok(Claim::Sent(session.sid));
        }
        if !is_new && attempt <= session.sending_attempt && now < session.sending_until {
            return Ok(Claim::Wait { id: session.id });
        }
        self.rate_limits.charge_message_to(conn, &request.address).await?;
        let mut code_since = session.code_since;
        if !is_new {
            rows::sending(conn, session.id, attempt, new.sending_until, new.next_link).await?;
            if code_since.is_some_and(|since| !self.is_worth_repeating(since, now)) {
                rows::renew_code(conn, session.id, now).await?;
                code_since = Some(now);
            }
        }
        Ok(Claim::Ours(Claimed { id: session.id, sid: session.sid, code_since }))
    }

    /// How long sending a message may take.
    fn patience(&self, medium: Medium) -> Millis {
        match medium {
            Medium::Email => self.mail_patience(),
            Medium::Msisdn => {
                Millis::try_from(self.messenger.sms_sender.patience().as_millis()).unwrap_or(Millis::MAX / 4)
            }
        }
    }
}
