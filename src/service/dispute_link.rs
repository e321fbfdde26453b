//! The links in messages by which their recipient says "this wasn't me".
//!
//! Somebody who reads the messages of an address needs no account to say so: the link is the whole
//! proof. Its meaning is sealed into its token, and nothing is stored for it. There is no rate
//! limit: an invalid token costs one decryption, less than any other request.

use ruma_common::UserId;
use url::Url;

use super::links::PublicLinks;
use super::sealing::Sealer;
use crate::clock::Millis;
use crate::identity::threepid::Address;
use crate::texts::Language;

/// The path of the page, below `server.public_url`.
const PAGE: &str = "not-me";

/// The subject of a link. It reveals nobody to a stranger who finds it.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum DisputeLink {
    /// A binding, by the lasting blind indexes of its row and the time it was made: the link does
    /// not work for a later binding.
    Binding { address_index: [u8; 16], user_index: [u8; 16], bound_at: Millis },
    /// The addition of an address, with its time, disputed by another address of the user. Both are
    /// named by `bindings.address_index`, so the link keeps working if the user removes either
    /// address and adds it again.
    Addition { user_index: [u8; 16], reader: [u8; 16], added: [u8; 16], added_at: Millis },
    /// A validation session, by its id: the link works while the session is stored.
    Session(String),
}

impl DisputeLink {
    const BINDING: u8 = b'b';
    const ADDITION: u8 = b'n';
    const SESSION: u8 = b's';

    pub fn of_binding(sealer: &Sealer, address: &Address, mxid: &UserId, bound_at: Millis) -> Self {
        let (address_index, user_index) =
            (sealer.binding_index(address).lasting(), sealer.binding_user_index(mxid).lasting());
        Self::Binding { address_index, user_index, bound_at }
    }

    /// Returns the link, which opens the page in the given language.
    pub fn url(&self, links: &PublicLinks, language: Language) -> Url {
        links.sealed(PAGE, &self.to_bytes(), Some(language))
    }

    /// Returns what the link with this token disputes, or `None` if this server made no such link.
    pub fn open(links: &PublicLinks, token: &str) -> Option<Self> {
        Self::from_bytes(&links.open(token)?)
    }

    fn to_bytes(&self) -> Vec<u8> {
        match self {
            Self::Binding { address_index, user_index, bound_at } => {
                [&[Self::BINDING], address_index.as_slice(), user_index, &bound_at.to_be_bytes()].concat()
            }
            Self::Addition { user_index, reader, added, added_at } => {
                [&[Self::ADDITION], user_index.as_slice(), reader, added, &added_at.to_be_bytes()].concat()
            }
            Self::Session(sid) => [&[Self::SESSION], sid.as_bytes()].concat(),
        }
    }

    fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let (&kind, rest) = bytes.split_first()?;
        match kind {
            Self::BINDING => {
                let (&address_index, rest) = rest.split_first_chunk()?;
                let (&user_index, bound_at) = rest.split_first_chunk()?;
                let bound_at = Millis::from_be_bytes(bound_at.try_into().ok()?);
                Some(Self::Binding { address_index, user_index, bound_at })
            }
            Self::ADDITION => {
                let (&user_index, rest) = rest.split_first_chunk()?;
                let (&reader, rest) = rest.split_first_chunk()?;
                let (&added, added_at) = rest.split_first_chunk()?;
                let added_at = Millis::from_be_bytes(added_at.try_into().ok()?);
                Some(Self::Addition { user_index, reader, added, added_at })
            }
            Self::SESSION => Some(Self::Session(String::from_utf8(rest.to_vec()).ok()?)),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_link_reads_back_as_written(
            address_index: [u8; 16], user_index: [u8; 16], bound_at: Millis, sid in "[0-9a-zA-Z]{1,22}",
            reader: [u8; 16], added: [u8; 16], added_at: Millis,
        ) {
            for link in [
                DisputeLink::Binding { address_index, user_index, bound_at },
                DisputeLink::Addition { user_index, reader, added, added_at },
                DisputeLink::Session(sid),
            ] {
                prop_assert_eq!(DisputeLink::from_bytes(&link.to_bytes()), Some(link));
            }
        }

        #[test]
        fn only_one_length_is_a_binding(bytes in proptest::collection::vec(any::<u8>(), 0..60)) {
            for (kind, length) in [(DisputeLink::BINDING, 40), (DisputeLink::ADDITION, 56)] {
                let link = [&[kind], &bytes[..]].concat();
                prop_assert_eq!(DisputeLink::from_bytes(&link).is_some(), bytes.len() == length);
            }
        }
    }
}
