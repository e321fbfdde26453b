//! Keys that derive from an access token.
//!
//! The database has only a hash of each token. So values sealed with these keys cannot be opened
//! with the database alone, or with the database and the master key: the server needs the token
//! from its holder.

use std::fmt;

use aes_gcm::Aes256Gcm;
use aes_gcm::aead::KeyInit;
use hmac::Mac;
use zeroize::Zeroizing;

use super::{Unsealable, Vault, decrypt, encrypt};

/// The first byte of what is sealed.
const VERSION: u8 = 1;

/// The keys of one access token.
#[derive(Clone)]
pub struct TokenKeys {
    seal: Zeroizing<[u8; 32]>,
    hash: Zeroizing<[u64; 2]>,
}

impl Vault {
    /// Derives the keys of an access token. They derive from the first master key, even if there
    /// have been others: what they seal cannot be sealed again, and does not open without the
    /// token.
    #[must_use]
    pub fn token_keys(&self, token: &str) -> TokenKeys {
        let generations = self.generations.load();
        let derive = |label: &str| -> Zeroizing<[u8; 32]> {
            let mac = generations.oldest().tokens.clone().chain_update(label).chain_update(token);
            Zeroizing::new(mac.finalize().into_bytes().into())
        };
        let hash = derive("hash:");
        let ([first, second, ..], []) = hash.as_chunks() else { unreachable!("32 bytes are four times eight") };
        TokenKeys {
            seal: derive("seal:"),
            hash: Zeroizing::new([u64::from_be_bytes(*first), u64::from_be_bytes(*second)]),
        }
    }
}

impl TokenKeys {
    /// Seals a value, which does not open with other associated data. Its length is visible.
    ///
    /// # Panics
    /// If the operating system supplies no randomness.
    #[must_use]
    pub fn seal(&self, associated: &[u8], value: &[u8]) -> Vec<u8> {
        encrypt(&Aes256Gcm::new(&(*self.seal).into()), VERSION, associated, value)
    }

    /// Opens a value that [`Self::seal`] returned for the same token and associated data.
    ///
    /// # Errors
    /// [`Unsealable`] for anything else.
    pub fn open(&self, associated: &[u8], sealed: &[u8]) -> Result<Vec<u8>, Unsealable> {
        if sealed.first() != Some(&VERSION) {
            return Err(Unsealable);
        }
        decrypt(&Aes256Gcm::new(&(*self.seal).into()), associated, sealed)
    }

    /// Returns the key of a hash whose collisions only the server can find.
    #[must_use]
    pub fn hash_key(&self) -> [u64; 2] {
        *self.hash
    }
}

/// Hides the keys.
impl fmt::Debug for TokenKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TokenKeys(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::crypto::master_key::MasterKey;

    fn vault(key: u8) -> Vault {
        Vault::new(&MasterKey::from_bytes([key; 32]))
    }

    #[test]
    fn only_the_same_token_and_master_key_open_a_value_of_the_same_row() {
        let keys = vault(1).token_keys("token");
        let sealed = keys.seal(b"row", b"value");
        assert_eq!(vault(1).token_keys("token").open(b"row", &sealed), Ok(b"value".to_vec()));
        for (vault, token, row) in [(1, "other", "row"), (2, "token", "row"), (1, "token", "other")] {
            let opened = self::vault(vault).token_keys(token).open(row.as_bytes(), &sealed);
            assert_eq!(opened, Err(Unsealable), "{vault} {token} {row}");
        }
        assert_ne!(sealed, keys.seal(b"row", b"value"), "nonces are random");
    }

    #[test]
    fn hash_keys_agree_between_nodes_and_differ_between_tokens() {
        let key = |vault: u8, token| self::vault(vault).token_keys(token).hash_key();
        assert_eq!(key(1, "token"), key(1, "token"));
        assert_ne!(key(1, "token"), key(1, "other"));
        assert_ne!(key(1, "token"), key(2, "token"));
        assert_eq!(format!("{:?}", vault(1).token_keys("token")), "TokenKeys(…)");
    }
}
