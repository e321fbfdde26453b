//! The links in messages by which the reader of an address stops an erasure. The meaning of a link
//! is sealed into its token, and nothing is stored for it.

use url::Url;

use super::links::PublicLinks;
use crate::clock::Millis;
use crate::texts::Language;

/// The path of the page, below `server.public_url`.
const PAGE: &str = "erasure";
/// The first byte of a link, which no link for another purpose begins with.
const KIND: u8 = b'e';

/// The erasure that a link stops. It reveals nobody to a stranger who finds it.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct ErasureLink {
    /// The lasting `bindings.user_index` of the user.
    pub user_index: [u8; 16],
    /// The lasting `bindings.address_index` of the address that it was sent to: the link works
    /// only while that address is bound to the user, since somebody else may read it afterwards.
    pub reader: [u8; 16],
    /// The time when it was requested: the link does not stop a later one.
    pub requested_at: Millis,
}

impl ErasureLink {
    /// Returns the link, which opens the page in the given language.
    pub fn url(&self, links: &PublicLinks, language: Language) -> Url {
        links.sealed(PAGE, &self.to_bytes(), Some(language))
    }

    /// Returns what the link with this token stops, or `None` if this server made no such link.
    pub fn open(links: &PublicLinks, token: &str) -> Option<Self> {
        Self::from_bytes(&links.open(token)?)
    }

    fn to_bytes(&self) -> Vec<u8> {
        [&[KIND], self.user_index.as_slice(), &self.reader, &self.requested_at.to_be_bytes()].concat()
    }

    fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let (&user_index, rest) = bytes.strip_prefix(&[KIND])?.split_first_chunk()?;
        let (&reader, rest) = rest.split_first_chunk()?;
        Some(Self { user_index, reader, requested_at: Millis::from_be_bytes(rest.try_into().ok()?) })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_link_reads_back_as_written(user_index: [u8; 16], reader: [u8; 16], requested_at: Millis) {
            let link = ErasureLink { user_index, reader, requested_at };
            prop_assert_eq!(ErasureLink::from_bytes(&link.to_bytes()), Some(link));
        }

        #[test]
        fn nothing_else_is_one(bytes in proptest::collection::vec(any::<u8>(), 0..60)) {
            let is_one = bytes.len() == 41 && bytes[0] == KIND;
            prop_assert_eq!(ErasureLink::from_bytes(&bytes).is_some(), is_one);
        }
    }
}
