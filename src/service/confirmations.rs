//! Confirmations: the user of an access token or web session shows, by a link sent to one of their
//! addresses, that they read it; see [`standing`](super::standing).
//!
//! The link works once, for half an hour, and only for that token or web session, wherever it is
//! opened. It confirms nothing once the address is no longer bound to the user.

use std::sync::Arc;

use ruma_common::OwnedUserId;
use url::Url;

use super::confirmation_link::{ConfirmationLink, LIFETIME};
use super::links::PublicLinks;
use super::messenger::Messenger;
use super::notices::trusted;
use super::outbox::Event;
use super::sealing::Sealer;
use super::self_service::address_id;
use super::standing::{CONFIRMED, SETTLED, is_recent};
use super::{Actor, Network, Notices, Outbox, RateLimits, SelfService};
use crate::clock::{Clock, Millis};
use crate::crypto::vault::Purpose;
use crate::error::Error;
use crate::identity::rate_limit::kind::Counted;
use crate::identity::threepid::{Address, Medium};
use crate::notify::emails::{ConfirmationFacts, confirmation_email};
use crate::notify::sms_texts::confirmation_text;
use crate::store::bindings::{self, Binding};
use crate::store::proofs::{self, Bearer};
use crate::store::{Store, outbox};
use crate::texts::Language;

/// The subject of a link.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Question {
    /// That this user asked.
    Asked {
        /// The user.
        mxid: OwnedUserId,
        /// The time when they asked.
        at: Millis,
        /// True if an app asked, rather than a browser.
        by_app: bool,
    },
    /// Nothing any more: it was used, the token or web session has ended, or the address is no
    /// longer the user's.
    Over,
    /// Nothing any more: it has expired.
    Expired,
    /// Nothing: this server made no such link.
    Unknown,
}

/// Sends and opens links that confirm.
pub struct Confirmations {
    pub(super) store: Store,
    pub(super) sealer: Sealer,
    pub(super) clock: Clock,
    pub(super) links: Arc<PublicLinks>,
    pub(super) messenger: Arc<Messenger>,
    pub(super) rate_limits: Arc<RateLimits>,
    pub(super) notices: Arc<Notices>,
    pub(super) outbox: Arc<Outbox>,
    pub(super) self_service: Arc<SelfService>,
}

impl Confirmations {
    /// Has a link sent to the address that a user names by its id or, without one, to the email
    /// address that has been bound the longest, or else to their oldest number. The answer does not
    /// wait for it.
    ///
    /// # Errors
    /// 400 `M_DESTINATION_REJECTED` for a number in a country to which no texts are sent; 404 if
    /// they have no such address; 429; and 503 if the database is unavailable.
    pub async fn send(
        self: &Arc<Self>,
        actor: &Actor,
        id: Option<&str>,
        from: &Network,
        language: Language,
    ) -> Result<(), Error> {
        let user = self.sealer.binding_user_index(&actor.mxid);
        let rows = bindings::of_user(&mut self.store.read().await?, user.as_ref()).await?;
        let mut found = None;
        for row in rows.iter().filter(|row| id.is_none_or(|id| address_id(&self.sealer, row) == id)) {
            let address = self.sealer.open_bound_address(&row.address_index, &row.address)?;
            let is_better = address.medium() == Medium::Email && found.as_ref().is_none_or(is_number);
            if found.is_none() || is_better {
                found = Some((address, row));
            }
        }
        let (address, _) = found.ok_or_else(|| Error::not_found("You have no such address"))?;
        self.messenger.check_reach(&address)?;
        self.rate_limits.charge_confirmation(actor, &address, from).await?;
        let link = ConfirmationLink {
            asked_at: self.clock.now(),
            address_index: self.sealer.binding_index(&address).lasting(),
            user_index: user.lasting(),
            bearer: actor.bearer.clone(),
        };
        let (this, mxid) = (Arc::clone(self), actor.mxid.clone());
        drop(tokio::task::spawn_local(async move { this.deliver(&address, &mxid, &link, language).await }));
        Ok(())
    }

    async fn deliver(&self, to: &Address, mxid: &OwnedUserId, link: &ConfirmationLink, language: Language) {
        let url = link.url(&self.links, language);
        let sent = match to.medium() {
            Medium::Email => self.mail(to, mxid, link.asked_at, &url, language).await,
            Medium::Msisdn => {
                let text = self.messenger.write(language, |words| confirmation_text(words, &url));
                let sent = self.messenger.sms_sender.send(to, &text).await;
                if sent.as_ref().is_err_and(|error| !error.may_have_sent()) {
                    self.rate_limits.refund_text(to);
                }
                sent.map_err(|error| error.to_string())
            }
        };
        if let Err(error) = sent {
            log::warn!("a link by which somebody confirms an address was not sent: {error}");
        }
    }

    async fn mail(
        &self,
        to: &Address,
        mxid: &OwnedUserId,
        at: Millis,
        link: &Url,
        language: Language,
    ) -> Result<(), String> {
        let (homeserver, lifetime) = (mxid.server_name().as_str(), LIFETIME);
        let facts = ConfirmationFacts { mxid: mxid.as_str(), homeserver, at, link, lifetime };
        let email = self.messenger.write(language, |words| confirmation_email(words, facts));
        let email = email.map_err(|error| error.to_string())?;
        self.messenger.mail_on_own_data(to, email, language).await.map_err(|error| error.to_string())
    }

    /// Returns what the link with this token would confirm; changes nothing.
    ///
    /// # Errors
    /// 503 if the database is unavailable.
    pub async fn open(&self, token: &str) -> Result<Question, Error> {
        let (link, row) = match self.find(token).await? {
            Ok(found) => found,
            Err(useless) => return Ok(useless),
        };
        let mut conn = self.store.read().await?;
        if !proofs::is_unused(&mut conn, &link.bearer, link.asked_at, self.clock.now()).await? {
            return Ok(Question::Over);
        }
        self.question(&link, &row)
    }

    /// Confirms what the link with this token confirms, and returns what that was.
    ///
    /// # Errors
    /// 503 if the database is unavailable; nothing is confirmed in that case.
    pub async fn confirm(&self, token: &str, language: Language) -> Result<Question, Error> {
        let (link, row) = match self.find(token).await? {
            Ok(found) => found,
            Err(useless) => return Ok(useless),
        };
        let question = self.question(&link, &row)?;
        let mxid = self.sealer.open_bound_mxid(&row.address_index, &row.mxid)?;
        let (sealer, notices, rate_limits) = (self.sealer.clone(), self.notices.clone(), self.rate_limits.clone());
        let now = self.clock.now();
        let confirmed = self.store.write(async move |conn| {
            let (confirmed, others): (Vec<_>, Vec<_>) = bindings::of_user(conn, &row.user_index)
                .await?
                .into_iter()
                .partition(|other| other.address_index == row.address_index);
            let Some(confirmed) = confirmed.first() else { return Ok(false) };
            let id = sealer.address_id(confirmed);
            let by = sealer.confirmed_index(&sealer.open_bound_address(&confirmed.address_index, &confirmed.address)?);
            if !proofs::confirm(conn, &link.bearer, by.as_ref(), link.asked_at, now).await? {
                return Ok(false);
            }
            // An address that shows only itself reveals nothing else.
            let opens = now + CONFIRMED - confirmed.bound_at >= SETTLED;
            if opens && !others.is_empty() && rate_limits.may_alert(conn, Counted::ViewAlert, &id).await? {
                outbox::queue_all(conn, notices.alerts(|_| Event::Opened, &mxid, now, &others, language)?).await?;
            }
            Ok::<_, Error>(true)
        });
        if !confirmed.await? {
            return Ok(Question::Over);
        }
        self.outbox.wake();
        Ok(question)
    }

    /// Ends all sessions of the user of the link with this token, even if the link has already
    /// confirmed something, and stops their erasure if the address is trusted, since an untrusted
    /// one may have been bound just to stop it. Returns whose sessions they were. This works once.
    /// For a day, tokens cannot have links sent to this address.
    ///
    /// # Errors
    /// 503 if the database is unavailable; no session has ended in that case.
    pub async fn deny(&self, token: &str) -> Result<Question, Error> {
        let (link, row) = match self.find(token).await? {
            Ok(found) => found,
            Err(useless) => return Ok(useless),
        };
        if self.rate_limits.is_denied_link(token).await? {
            return Ok(Question::Over);
        }
        self.rate_limits.note_denial(&self.sealer.open_bound_address(&row.address_index, &row.address)?).await?;
        let rows = bindings::of_user(&mut self.store.read().await?, &row.user_index).await?;
        let is_trusted = trusted(&rows, self.clock.settled())(&row);
        self.self_service.shut_out(&self.sealer.open_bound_mxid(&row.address_index, &row.mxid)?, is_trusted).await?;
        self.rate_limits.note_denied_link(token).await?;
        self.question(&link, &row)
    }

    /// Returns the link with this token and the binding of its address, or why it cannot be used.
    async fn find(&self, token: &str) -> Result<Result<(ConfirmationLink, Binding), Question>, Error> {
        let Some(mut link) = ConfirmationLink::open(&self.links, token) else { return Ok(Err(Question::Unknown)) };
        if !is_recent(link.asked_at, LIFETIME, self.clock.now()) {
            return Ok(Err(Question::Expired));
        }
        if let Bearer::Visit(hash) = &mut link.bearer {
            *hash = self.sealer.visit_in_link(hash);
        }
        let address_index = self.sealer.in_link(Purpose::BindingAddress, link.address_index);
        let user_index = self.sealer.in_link(Purpose::BindingUser, link.user_index);
        let row = bindings::by_address(&mut self.store.read().await?, &address_index).await?;
        let row = row.filter(|row| row.user_index == user_index && row.bound_at <= link.asked_at);
        Ok(row.map(|row| (link, row)).ok_or(Question::Over))
    }

    fn question(&self, link: &ConfirmationLink, row: &Binding) -> Result<Question, Error> {
        let mxid = self.sealer.open_bound_mxid(&row.address_index, &row.mxid)?;
        Ok(Question::Asked { mxid, at: link.asked_at, by_app: matches!(link.bearer, Bearer::Token(_)) })
    }
}

fn is_number((address, _): &(Address, &Binding)) -> bool {
    address.medium() == Medium::Msisdn
}
