//! The links by which the user of an access token or web session confirms that they read one of
//! their addresses. The meaning of a link is sealed into its token, and nothing is stored for it:
//! it works once because the token or web session remembers when it was last confirmed.

use url::Url;

use super::links::PublicLinks;
use crate::clock::{MINUTE, Millis};
use crate::store::proofs::Bearer;
use crate::texts::Language;

/// The path of the page, below `server.public_url`.
const PAGE: &str = "unlock";
/// The first byte of a link, which no link for another purpose begins with.
const KIND: u8 = b'c';
/// The time for which a link works.
pub(super) const LIFETIME: Millis = 30 * MINUTE;

/// The content of a link. It reveals nobody to a stranger who finds it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct ConfirmationLink {
    /// The time when it was requested.
    pub asked_at: Millis,
    /// The lasting `bindings.address_index` of the address it was sent to.
    pub address_index: [u8; 16],
    /// The lasting `bindings.user_index` of the user.
    pub user_index: [u8; 16],
    /// The token or web session that asked.
    pub bearer: Bearer,
}

impl ConfirmationLink {
    /// Returns the link, which opens the page in the given language.
    pub fn url(&self, links: &PublicLinks, language: Language) -> Url {
        links.sealed(PAGE, &self.to_bytes(), Some(language))
    }

    /// Returns what the link with this token confirms, or `None` if this server made no such link.
    pub fn open(links: &PublicLinks, token: &str) -> Option<Self> {
        Self::from_bytes(&links.open(token)?)
    }

    fn to_bytes(&self) -> Vec<u8> {
        let (kind, hash) = match &self.bearer {
            Bearer::Token(hash) => (b't', hash),
            Bearer::Visit(hash) => (b'v', hash),
        };
        let asked_at = self.asked_at.to_be_bytes();
        [&[KIND], asked_at.as_slice(), &self.address_index, &self.user_index, &[kind], hash].concat()
    }

    fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let (&asked_at, rest) = bytes.strip_prefix(&[KIND])?.split_first_chunk()?;
        let (&address_index, rest) = rest.split_first_chunk()?;
        let (&user_index, rest) = rest.split_first_chunk()?;
        let (kind, hash) = rest.split_first()?;
        let bearer = match (kind, hash.len()) {
            (b't', 32) => Bearer::Token(hash.to_vec()),
            (b'v', 16 | 17) => Bearer::Visit(hash.to_vec()),
            _ => return None,
        };
        Some(Self { asked_at: Millis::from_be_bytes(asked_at), address_index, user_index, bearer })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_link_reads_back_as_written(
            asked_at: Millis, address_index: [u8; 16], user_index: [u8; 16], token: [u8; 32], visit: [u8; 16],
        ) {
            for bearer in [Bearer::Token(token.to_vec()), Bearer::Visit(visit.to_vec())] {
                let link = ConfirmationLink { asked_at, address_index, user_index, bearer };
                prop_assert_eq!(ConfirmationLink::from_bytes(&link.to_bytes()), Some(link));
            }
        }

        #[test]
        fn only_two_lengths_are_links(bytes in proptest::collection::vec(any::<u8>(), 0..90)) {
            let bytes = [&[KIND], &bytes[..]].concat();
            let is_one = matches!((bytes.len(), bytes.get(41)), (58 | 59, Some(b'v')) | (74, Some(b't')));
            prop_assert_eq!(ConfirmationLink::from_bytes(&bytes).is_some(), is_one);
        }
    }
}
