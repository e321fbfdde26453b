//! Managing an address without an account: the link that proves that somebody reads its messages.
//!
//! Anybody can have a link sent to any address, and learns nothing from it: nothing is looked up before
//! it is sent, it is sent to every address, known or not, and the request is answered before. The answer
//! does not tell whether a message could be sent, nor whether others have used up the address's rate
//! limit. It tells only what concerns the asker (their network has asked too often) or nobody (this
//! server sends no texts to that country, or no more today).
//!
//! The link is [sealed](super::links::PublicLinks), and nothing is stored for it. It holds the address and
//! its expiry time. Until then it works as often as it is opened: whoever has it reads the messages of the
//! address.

use std::sync::Arc;

use url::Url;

use super::links::PublicLinks;
use super::messenger::Messenger;
use super::{Network, RateLimits};
use crate::clock::{Clock, HOUR, Millis};
use crate::error::{Error, ErrorKind};
use crate::identity::threepid::{Address, Medium};
use crate::notify::emails::address_email;
use crate::notify::sms_texts::address_text;
use crate::texts::Language;

/// The path of the page behind the link, below `server.public_url`.
const PAGE: &str = "address/open";

/// How long a link works.
const LIFETIME: Millis = HOUR;

/// What a link holds.
#[derive(Debug, PartialEq, Eq)]
struct Link {
    expires_at: Millis,
    address: Address,
}

impl Link {
    /// The first byte, which no other kind of link begins with.
    const KIND: u8 = b'a';

    fn to_bytes(&self) -> Vec<u8> {
        [&[Self::KIND], self.expires_at.to_be_bytes().as_slice(), self.address.to_lookup().as_bytes()].concat()
    }

    fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let rest = bytes.strip_prefix(&[Self::KIND])?;
        let (expires_at, address) = rest.split_first_chunk()?;
        let address = Address::from_lookup(str::from_utf8(address).ok()?).ok()?;
        Some(Self { expires_at: Millis::from_be_bytes(*expires_at), address })
    }
}

/// What a link proves.
#[derive(Debug, PartialEq, Eq)]
pub enum Proof {
    /// That whoever opens it reads the messages of this address.
    Of(Address),
    /// Nothing any more: it has expired.
    Expired,
    /// Nothing: it is not a link of this server.
    None,
}

/// Sends links that prove addresses, and opens them.
pub struct AddressProofs {
    clock: Clock,
    links: Arc<PublicLinks>,
    messenger: Arc<Messenger>,
    rate_limits: Arc<RateLimits>,
}

impl AddressProofs {
    pub(super) const fn new(
        clock: Clock,
        links: Arc<PublicLinks>,
        messenger: Arc<Messenger>,
        rate_limits: Arc<RateLimits>,
    ) -> Self {
        Self { clock, links, messenger, rate_limits }
    }

    /// Has a link sent to an address without waiting for it, so that the time until the answer says
    /// nothing about the address.
    ///
    /// # Errors
    /// 400 `M_DESTINATION_REJECTED` for a number in a country to which no texts are sent; 429 if the
    /// asker's network, or this server for that country, has sent too much; 503 if the database is
    /// unavailable.
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
            self.rate_limits.refund_text(to);
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
        let Ok(email) = address_email(self.messenger.words(language), link, LIFETIME) else { return };
        if let Err(error) = self.messenger.mailer.send(to, email).await {
            log::warn!("a mail with a link to manage an address was not sent: {error}");
            self.rate_limits.refund_proof_to(to);
        }
    }

    async fn text(&self, to: &Address, link: &Url, language: Language) {
        let text = address_text(self.messenger.words(language), link);
        if let Err(error) = self.messenger.sms_sender.send(to, &text).await {
            log::warn!("a text with a link to manage an address was not sent: {error}");
            if !error.may_have_sent() {
                self.rate_limits.refund_text(to);
                self.rate_limits.refund_proof_to(to);
            }
        }
    }

    fn link(&self, address: &Address, language: Language) -> Url {
        let link = Link { expires_at: self.clock.now() + LIFETIME, address: address.clone() };
        self.links.sealed(PAGE, &link.to_bytes(), Some(language))
    }

    /// Returns what the link with this token proves.
    #[must_use]
    pub fn open(&self, token: &str) -> Proof {
        match self.links.open(token).and_then(|bytes| Link::from_bytes(&bytes)) {
            Some(link) if self.clock.now() < link.expires_at => Proof::Of(link.address),
            Some(_) => Proof::Expired,
            None => Proof::None,
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_link_is_parsed_as_it_was_written(expires_at: Millis, local in "[a-zß]{1,20}", digits in "[1-9][0-9]{4,14}") {
            for address in [Address::email(&format!("{local}@example.com")), Address::msisdn(&digits)] {
                let link = Link { expires_at, address: address.unwrap() };
                prop_assert_eq!(Link::from_bytes(&link.to_bytes()), Some(link));
            }
        }

        #[test]
        fn other_kinds_of_links_are_rejected(bytes in proptest::collection::vec(any::<u8>(), 0..60)) {
            prop_assume!(bytes.first() != Some(&Link::KIND));
            prop_assert_eq!(Link::from_bytes(&bytes), None);
        }
    }
}
