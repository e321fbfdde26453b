//! Sealed links: what a link in a message stands for, without a row for it in the database.
//!
//! The value is sealed (AES-256-GCM, under a key for links alone) and written in URL-safe base64, so that the link shows nothing, cannot be
//! guessed, altered or made by anybody else, and is checked in constant time. With random nonces of 96 bits the key is good for 2³²
//! links. A value of 41 bytes makes 92 characters.

use aes_gcm::Nonce;
use aes_gcm::aead::{Aead, Payload};
use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use rand::TryRng;
use rand::rngs::SysRng;

use super::{NONCE_BYTES, Unsealable, Vault};

/// Sealed into every link and sent with none: a link of another version does not open.
const VERSION: &[u8] = b"link:1";

/// The most characters that are looked at. The longest of ours holds an invitation's key, two names and the address of a picture.
const MAX_CHARS: usize = 2_048;

/// The longest value of a link, in bytes: what [`MAX_CHARS`] of base64 hold, less the nonce and the tag.
#[cfg(test)]
pub(crate) const LONGEST_VALUE: usize = MAX_CHARS / 4 * 3 - NONCE_BYTES - 16;

impl Vault {
    /// Seals a value for a link.
    ///
    /// # Panics
    /// If the operating system has no randomness to give.
    #[must_use]
    pub fn seal_link(&self, value: &[u8]) -> String {
        let mut nonce = [0; NONCE_BYTES];
        SysRng.try_fill_bytes(&mut nonce).expect("the operating system's random generator works");
        let payload = Payload { msg: value, aad: VERSION };
        let sealed = self.links.encrypt(&Nonce::from(nonce), payload).expect("a value is far below the cipher's limit");
        BASE64_URL_SAFE_NO_PAD.encode([nonce.as_slice(), &sealed].concat())
    }

    /// Opens what [`Self::seal_link`] returned.
    ///
    /// # Errors
    /// [`Unsealable`] if it is anything else.
    pub fn open_link(&self, token: &str) -> Result<Vec<u8>, Unsealable> {
        if token.len() > MAX_CHARS {
            return Err(Unsealable);
        }
        let sealed = BASE64_URL_SAFE_NO_PAD.decode(token).map_err(|_| Unsealable)?;
        let (nonce, sealed) = sealed.split_first_chunk::<NONCE_BYTES>().ok_or(Unsealable)?;
        self.links.decrypt(&Nonce::from(*nonce), Payload { msg: sealed, aad: VERSION }).map_err(|_| Unsealable)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::crypto::master_key::MasterKey;

    fn vault(key: u8) -> Vault {
        Vault::new(&MasterKey::from_bytes([key; 32]))
    }

    proptest! {
        #[test]
        fn a_link_opens_again_and_fits_into_a_url(value in proptest::collection::vec(any::<u8>(), 0..100)) {
            let token = vault(1).seal_link(&value);
            prop_assert!(token.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte)));
            prop_assert_eq!(vault(1).open_link(&token), Ok(value));
            prop_assert_eq!(vault(2).open_link(&token), Err(Unsealable));
        }

        #[test]
        fn nothing_else_opens(token: String) {
            prop_assert_eq!(vault(1).open_link(&token), Err(Unsealable));
        }

        #[test]
        fn an_altered_link_does_not_open(value in proptest::collection::vec(any::<u8>(), 0..60), at: prop::sample::Index) {
            let token = vault(1).seal_link(&value);
            let at = at.index(token.len());
            let other = if token.as_bytes()[at] == b'A' { "B" } else { "A" };
            let altered = format!("{}{other}{}", &token[..at], &token[at + 1..]);
            prop_assert_eq!(vault(1).open_link(&altered), Err(Unsealable));
        }
    }

    #[test]
    fn the_same_value_makes_another_link_each_time_and_a_huge_one_is_not_looked_at() {
        let vault = vault(1);
        assert_ne!(vault.seal_link(b"x"), vault.seal_link(b"x"));
        assert_eq!(vault.open_link(&vault.seal_link(&[0; LONGEST_VALUE + 1])), Err(Unsealable));
        assert!(vault.open_link(&vault.seal_link(&[0; LONGEST_VALUE])).is_ok());
        assert_eq!(vault.seal_link(&[0; 41]).len(), 92);
    }
}
