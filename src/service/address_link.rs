//! Links that hold an address and the time until which they work. They are sealed, and nothing is
//! stored for them: anybody who has one reads, or has read, the messages of the address.

use url::Url;

use super::links::PublicLinks;
use crate::clock::{DAY, HOUR, Millis, still_lasts};
use crate::identity::threepid::Address;
use crate::texts::Language;

/// The purpose of a link to the owner of an address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Purpose {
    /// Managing the address.
    Manage,
    /// Objecting to all messages, in the `List-Unsubscribe` header of an email.
    Object,
}

impl Purpose {
    /// Returns the first byte of a link, which no link for another purpose begins with.
    const fn kind(self) -> u8 {
        match self {
            Self::Manage => b'a',
            Self::Object => b'o',
        }
    }

    /// Returns the path of the page behind the link, below `server.public_url`.
    const fn page(self) -> &'static str {
        match self {
            Self::Manage => "address/open",
            Self::Object => "address/object",
        }
    }

    /// Returns how long a link works. Unsubscribing must work for at least 30 days almost
    /// everywhere.
    pub(super) const fn lifetime(self) -> Millis {
        match self {
            Self::Manage => HOUR,
            Self::Object => 60 * DAY,
        }
    }
}

/// The proof given by a link.
#[derive(Debug, PartialEq, Eq)]
pub enum Proof {
    /// The person who opens it reads, or has read, the messages of this address.
    Of {
        /// The address.
        address: Address,
        /// The time when the link was made.
        sent_at: Millis,
    },
    /// Nothing any more, because it has expired.
    Expired,
    /// Nothing, because it is not a link of this server.
    None,
}

#[derive(Debug, PartialEq, Eq)]
struct AddressLink {
    purpose: Purpose,
    expires_at: Millis,
    address: Address,
}

impl AddressLink {
    /// Objecting harms nobody, so a link to object works even if a wrong clock has made it.
    fn lasts(&self, now: Millis) -> bool {
        match self.purpose {
            Purpose::Manage => still_lasts(self.expires_at, self.purpose.lifetime(), now),
            Purpose::Object => now < self.expires_at,
        }
    }

    fn to_bytes(&self) -> Vec<u8> {
        let kind = [self.purpose.kind()];
        [&kind, self.expires_at.to_be_bytes().as_slice(), self.address.to_lookup().as_bytes()].concat()
    }

    fn from_bytes(purpose: Purpose, bytes: &[u8]) -> Option<Self> {
        let rest = bytes.strip_prefix(&[purpose.kind()])?;
        let (expires_at, address) = rest.split_first_chunk()?;
        let address = Address::from_lookup(str::from_utf8(address).ok()?).ok()?;
        Some(Self { purpose, expires_at: Millis::from_be_bytes(*expires_at), address })
    }
}

impl PublicLinks {
    /// Returns a link for the owner of an address.
    pub(super) fn of_address(&self, purpose: Purpose, address: &Address, now: Millis, language: Language) -> Url {
        let link = AddressLink { purpose, expires_at: now + purpose.lifetime(), address: address.clone() };
        self.sealed(purpose.page(), &link.to_bytes(), Some(language))
    }

    /// Returns what the token of a link made by [`Self::of_address`] proves.
    pub(super) fn prove(&self, purpose: Purpose, token: &str, now: Millis) -> Proof {
        match self.open(token).and_then(|bytes| AddressLink::from_bytes(purpose, &bytes)) {
            Some(link) if link.lasts(now) => {
                Proof::Of { address: link.address, sent_at: link.expires_at - purpose.lifetime() }
            }
            Some(_) => Proof::Expired,
            None => Proof::None,
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const PURPOSES: [Purpose; 2] = [Purpose::Manage, Purpose::Object];

    proptest! {
        #[test]
        fn a_link_is_parsed_as_it_was_written(expires_at: Millis, local in "[a-zß]{1,20}", digits in "[1-9][0-9]{4,14}") {
            for address in [Address::email(&format!("{local}@example.com")), Address::msisdn(&digits)] {
                for purpose in PURPOSES {
                    let link = AddressLink { purpose, expires_at, address: address.clone().unwrap() };
                    prop_assert_eq!(AddressLink::from_bytes(purpose, &link.to_bytes()), Some(link));
                }
            }
        }

        #[test]
        fn other_kinds_of_links_are_rejected(bytes in proptest::collection::vec(any::<u8>(), 0..60)) {
            for purpose in PURPOSES {
                prop_assume!(bytes.first() != Some(&purpose.kind()));
                prop_assert_eq!(AddressLink::from_bytes(purpose, &bytes), None);
            }
        }
    }
}
