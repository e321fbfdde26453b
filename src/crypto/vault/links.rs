//! Sealed links: links in messages that carry their own value, so they need no row in the database.
//!
//! The value is encrypted with AES-256-GCM under a separate key and encoded in URL-safe base64. A
//! link reveals nothing, cannot be guessed, forged or altered, and is checked in constant time.
//! With random 96-bit nonces, the key is good for 2³² links. A value of 41 bytes takes 92
//! characters.

use aes_gcm::aead::{Aead, Payload};
use aes_gcm::{Aes256Gcm, Nonce};
use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;

use super::{NONCE_BYTES, Unsealable, Vault, base62};

/// Associated data of every link, so that a link of another version does not open.
const VERSION: &[u8] = b"link:1";

/// The longest link that is decoded, in characters. The longest of ours contains the key of an
/// invitation, two names and the URL of an avatar.
const MAX_CHARS: usize = 2_048;

/// The longest value of a link, in bytes: [`MAX_CHARS`] of base64, less nonce and tag.
#[cfg(test)]
pub(crate) const LONGEST_VALUE: usize = MAX_CHARS / 4 * 3 - NONCE_BYTES - 16;

impl Vault {
    /// Seals a value for a link.
    ///
    /// # Panics
    /// If the operating system supplies no randomness.
    #[must_use]
    pub fn seal_link(&self, value: &[u8]) -> String {
        let nonce = base62::random_bytes::<NONCE_BYTES>();
        let payload = Payload { msg: value, aad: VERSION };
        let generations = self.generations.load();
        let sealed = generations.current().links.encrypt(&Nonce::from(nonce), payload);
        let sealed = sealed.expect("values are far below the cipher's limit");
        BASE64_URL_SAFE_NO_PAD.encode([nonce.as_slice(), &sealed].concat())
    }

    /// Opens a link that [`Self::seal_link`] returned.
    ///
    /// # Errors
    /// [`Unsealable`] for anything else.
    pub fn open_link(&self, token: &str) -> Result<Vec<u8>, Unsealable> {
        if token.len() > MAX_CHARS {
            return Err(Unsealable);
        }
        let sealed = BASE64_URL_SAFE_NO_PAD.decode(token).map_err(|_| Unsealable)?;
        let (nonce, sealed) = sealed.split_first_chunk::<NONCE_BYTES>().ok_or(Unsealable)?;
        let generations = self.generations.load();
        let open = |links: &Aes256Gcm| links.decrypt(&Nonce::from(*nonce), Payload { msg: sealed, aad: VERSION }).ok();
        generations.of_links().find_map(|keys| open(&keys.links)).ok_or(Unsealable)
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
        fn a_link_opens_again_and_fits_in_a_url(value in proptest::collection::vec(any::<u8>(), 0..100)) {
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
    fn each_link_is_different_and_an_overlong_one_is_refused() {
        let vault = vault(1);
        assert_ne!(vault.seal_link(b"x"), vault.seal_link(b"x"));
        assert_eq!(vault.open_link(&vault.seal_link(&[0; LONGEST_VALUE + 1])), Err(Unsealable));
        assert!(vault.open_link(&vault.seal_link(&[0; LONGEST_VALUE])).is_ok());
        assert_eq!(vault.seal_link(&[0; 41]).len(), 92);
    }
}
