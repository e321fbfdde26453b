//! An address without an account: whoever reads its messages sees what is held about it, and changes that.
//!
//! Anybody may have a link sent to any address, and learns nothing by it: nothing is looked up before it is sent, it is sent to every address,
//! known or not, and the answer comes before it is. Not even whether a message could be sent is told, nor whether others have asked for so many
//! that there is none any more. What is told is about the asker alone (his network has asked too often) or about nobody (this server sends no
//! texts to that country, or none today).
//!
//! The link is sealed ([`Vault::seal_link`](crate::crypto::vault::Vault::seal_link)) and nothing is stored for it. It holds the address and when
//! it expires. Within that hour it works as often as it is opened: who has it reads the messages of the address, today as then.

mod held;

use std::sync::Arc;

use url::Url;

use super::{Network, Vouch};
use crate::clock::{HOUR, Millis};
use crate::error::{Error, ErrorKind};
use crate::identity::threepid::{Address, Medium};
use crate::notify::emails::address_email;
use crate::notify::sms_texts::address_text;
use crate::texts::Language;

pub use held::{Held, HeldBinding, HeldConfirmation, HeldDelivery, HeldInvitation};

/// The path of the page behind the link.
const OPENING: &str = "address/open";

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
    /// Nothing any more: its hour is over.
    Expired,
    /// It is none of this server's.
    None,
}

impl Vouch {
    /// Has a link sent to an address, and does not wait for it: so the time until the answer tells nothing of the address.
    ///
    /// # Errors
    /// 400 `M_DESTINATION_REJECTED` for a number in a country to which no texts go; 429 if the asker's network, or this server for that country,
    /// has sent too much; 503 if the database is away.
    pub async fn send_proof(self: &Arc<Self>, to: Address, from: &Network, language: Language) -> Result<(), Error> {
        if to.medium() == Medium::Msisdn && !self.messenger.sms_sender.reaches(&to) {
            return Err(Error::destination_rejected());
        }
        self.rate_limits.charge_proof(&to, from).await?;
        let vouch = Arc::clone(self);
        drop(tokio::task::spawn_local(async move { vouch.send_paid_proof(&to, language).await }));
        Ok(())
    }

    /// Sends the link, if the address may get one more. Nobody is told what came of it.
    async fn send_paid_proof(&self, to: &Address, language: Language) {
        if let Err(error) = self.rate_limits.charge_proof_to(to).await {
            self.rate_limits.refund_text(to);
            if error.kind() != ErrorKind::LimitExceeded {
                log::warn!("a link to what is held was not sent: {}", error.errcode());
            }
            return;
        }
        let link = self.proof_link(to, language);
        match to.medium() {
            Medium::Email => self.mail_proof(to, &link, language).await,
            Medium::Msisdn => self.text_proof(to, &link, language).await,
        }
    }

    async fn mail_proof(&self, to: &Address, link: &Url, language: Language) {
        let Ok(email) = address_email(self.messenger.words(language), link, LIFETIME) else {
            return;
        };
        if let Err(error) = self.messenger.mailer.send(to, email).await {
            log::warn!("a mail with a link to what is held was not sent: {error}");
            self.rate_limits.refund_proof_to(to);
        }
    }

    async fn text_proof(&self, to: &Address, link: &Url, language: Language) {
        let text = address_text(self.messenger.words(language), link);
        if let Err(error) = self.messenger.sms_sender.send(to, &text).await {
            log::warn!("a text with a link to what is held was not sent: {error}");
            if !error.may_have_sent() {
                self.rate_limits.refund_text(to);
                self.rate_limits.refund_proof_to(to);
            }
        }
    }

    /// `lang` is for the page, which is then in the language of the message.
    fn proof_link(&self, address: &Address, language: Language) -> Url {
        let expires_at = self.clock.now() + LIFETIME;
        self.links.sealed(OPENING, &Link { expires_at, address: address.clone() }.to_bytes(), Some(language))
    }

    /// What the link with this token proves.
    #[must_use]
    pub fn proof(&self, token: &str) -> Proof {
        let link = self.links.open(token).and_then(|bytes| Link::from_bytes(&bytes));
        match link {
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
        fn a_link_is_read_as_it_was_written(expires_at: Millis, local in "[a-zß]{1,20}", digits in "[1-9][0-9]{4,14}") {
            for address in [Address::email(&format!("{local}@example.com")), Address::msisdn(&digits)] {
                let link = Link { expires_at, address: address.unwrap() };
                prop_assert_eq!(Link::from_bytes(&link.to_bytes()), Some(link));
            }
        }

        #[test]
        fn no_other_kind_of_link_is_one(bytes in proptest::collection::vec(any::<u8>(), 0..60)) {
            prop_assume!(bytes.first() != Some(&Link::KIND));
            prop_assert_eq!(Link::from_bytes(&bytes), None);
        }
    }
}
