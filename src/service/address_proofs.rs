//! Managing an address without an account, with a link that proves that somebody reads its
//! messages.
//!
//! Anybody can have a link sent to any address, and learns nothing from it: nothing is looked up
//! before it is sent, it is sent to every address, known or not, and the request is answered before
//! that. The answer reveals neither whether a message could be sent nor whether others have used up
//! the address's rate limit. It reveals only facts about the requester (their network has asked too
//! often) or about nobody (this server sends no texts to that country, or no more today).
//!
//! A link works as often as it is opened until it expires.

use std::sync::Arc;

use url::Url;

use super::address_link::{Proof, Purpose};
use super::links::PublicLinks;
use super::messenger::Messenger;
use super::{Network, RateLimits};
use crate::clock::Clock;
use crate::error::{Error, ErrorKind};
use crate::identity::threepid::{Address, Medium};
use crate::notify::emails::address_email;
use crate::notify::sms_texts::address_text;
use crate::texts::Language;

/// Sends links that prove addresses, and opens them.
pub struct AddressProofs {
    pub(super) clock: Clock,
    pub(super) links: Arc<PublicLinks>,
    pub(super) messenger: Arc<Messenger>,
    pub(super) rate_limits: Arc<RateLimits>,
}

impl AddressProofs {
    /// Has a link sent to an address without waiting for it, so that the response time reveals
    /// nothing about the address.
    ///
    /// # Errors
    /// 400 `M_DESTINATION_REJECTED` for a number in a country to which no texts are sent; 429 if
    /// the requester's network, or this server for that country, has sent too much; 503 if the
    /// database is unavailable.
    pub async fn send(self: &Arc<Self>, to: Address, from: &Network, language: Language) -> Result<(), Error> {
        self.messenger.check_reach(&to)?;
        self.rate_limits.charge_proof(&to, from).await?;
        let proofs = Arc::clone(self);
        drop(tokio::task::spawn_local(async move { proofs.send_charged(&to, language).await }));
        Ok(())
    }

    /// Sends the link, unless the address's rate limit is exceeded. Nobody learns of the outcome.
    async fn send_charged(&self, to: &Address, language: Language) {
        if let Err(error) = self.rate_limits.charge_proof_to(to).await {
            self.rate_limits.refund_proof(to);
            if error.kind() != ErrorKind::LimitExceeded {
                log::warn!("a link to manage an address was not sent: {error}");
            }
            return;
        }
        let link = self.link(to, language);
        match to.medium() {
            Medium::Email => self.mail(to, &link, language).await,
            Medium::Msisdn => self.text(to, &link, language).await,
        }
    }

    async fn mail(&self, to: &Address, link: &Url, language: Language) {
        let email = self.messenger.write(language, |words| address_email(words, link, Purpose::Manage.lifetime()));
        let Ok(email) = email else { return };
        if let Err(error) = self.messenger.mail(to, email, language).await {
            log::warn!("a mail with a link to manage an address was not sent: {error}");
            self.rate_limits.refund_proof_to(to);
        }
    }

    async fn text(&self, to: &Address, link: &Url, language: Language) {
        let text = self.messenger.write(language, |words| address_text(words, link));
        if let Err(error) = self.messenger.sms_sender.send(to, &text).await {
            log::warn!("a text with a link to manage an address was not sent: {error}");
            if !error.may_have_sent() {
                self.rate_limits.refund_proof(to);
                self.rate_limits.refund_proof_to(to);
            }
        }
    }

    fn link(&self, address: &Address, language: Language) -> Url {
        self.links.of_address(Purpose::Manage, address, self.clock.now(), language)
    }

    /// Returns what the link with this token proves.
    #[must_use]
    pub fn open(&self, token: &str) -> Proof {
        self.links.prove(Purpose::Manage, token, self.clock.now())
    }

    /// Returns the proof for the objection made by the `List-Unsubscribe` link with this token.
    #[must_use]
    pub fn open_objection(&self, token: &str) -> Proof {
        self.links.prove(Purpose::Object, token, self.clock.now())
    }
}
