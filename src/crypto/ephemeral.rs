//! The key pair of one invitation, and a lenient decoder for keys.

use base64::Engine as _;
use base64::prelude::{BASE64_STANDARD_NO_PAD, BASE64_URL_SAFE_NO_PAD};
use ed25519_dalek::SigningKey;
use ruma_common::ServerName;
use ruma_common::canonical_json::CanonicalJsonObject;
use zeroize::Zeroizing;

use super::base62;
use super::signing::{LENIENT, add_signature, to_standard_alphabet};

/// The key ID of signatures by such a key.
const KEY_ID: &str = "ed25519:0";

/// A key pair. The private half exists only in one message, and is erased from memory when dropped.
pub struct EphemeralKey(SigningKey);

impl EphemeralKey {
    /// Generates a key pair.
    ///
    /// # Panics
    /// If the operating system supplies no randomness.
    #[must_use]
    pub fn random() -> Self {
        Self::from_private_bytes(&Zeroizing::new(base62::random_bytes()))
    }

    /// Parses a private half as [`decode_key`] does.
    #[must_use]
    pub fn parse(private_key: &str) -> Option<Self> {
        Some(Self::from_private_bytes(&*decode_key(private_key)?))
    }

    /// Returns the key pair of a private half.
    #[must_use]
    pub fn from_private_bytes(private: &[u8; 32]) -> Self {
        Self(SigningKey::from_bytes(private))
    }

    /// Returns the private half.
    #[must_use]
    pub fn private_bytes(&self) -> &[u8; 32] {
        self.0.as_bytes()
    }

    /// Returns the public half.
    #[must_use]
    pub fn public_bytes(&self) -> [u8; 32] {
        self.0.verifying_key().to_bytes()
    }

    /// Returns the public half in unpadded base64.
    #[must_use]
    pub fn public_key(&self) -> String {
        BASE64_STANDARD_NO_PAD.encode(self.public_bytes())
    }

    /// Returns the private half in URL-safe unpadded base64, which contains no `+` that an
    /// application could misread.
    #[must_use]
    pub fn private_key(&self) -> Zeroizing<String> {
        Zeroizing::new(BASE64_URL_SAFE_NO_PAD.encode(self.0.as_bytes()))
    }

    /// Adds a signature by `server`.
    pub fn sign(&self, object: &mut CanonicalJsonObject, server: &ServerName) {
        add_signature(object, server, KEY_ID, &self.0);
    }
}

/// Decodes the 32 bytes of a key from either base64 alphabet, with or without padding.
#[must_use]
pub fn decode_key(text: &str) -> Option<Zeroizing<[u8; 32]>> {
    let standard = Zeroizing::new(to_standard_alphabet(text));
    let bytes = Zeroizing::new(LENIENT.decode(standard.as_bytes()).ok()?);
    Some(Zeroizing::new(bytes.as_slice().try_into().ok()?))
}

#[cfg(test)]
mod tests {
    use base64::prelude::{BASE64_STANDARD, BASE64_URL_SAFE};
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    proptest! {
        #[test]
        fn a_key_is_decoded_from_every_encoding(bytes: [u8; 32]) {
            let standard = BASE64_STANDARD.encode(bytes);
            let ways = [
                standard.replace('+', " "),
                standard.trim_end_matches('=').to_owned(),
                BASE64_URL_SAFE.encode(bytes),
                BASE64_URL_SAFE_NO_PAD.encode(bytes),
                standard,
            ];
            for way in ways {
                prop_assert_eq!(decode_key(&way).map(|key| *key), Some(bytes), "{}", way);
            }
        }

        #[test]
        fn nothing_else_decodes(text in ".{0,42}|.{45,60}") {
            prop_assert_eq!(decode_key(&text), None);
        }
    }

    #[test]
    fn the_specification_s_test_vector() {
        let key = EphemeralKey::parse("YJDBA9Xnr2sVqXD9Vj7XVUnmFZcZrlw8Md7kMW+3XA1").unwrap();
        let mut object: CanonicalJsonObject = serde_json::from_value(json!({ "one": 1, "two": "Two" })).unwrap();
        key.sign(&mut object, &ServerName::parse("domain").unwrap());
        assert_eq!(
            serde_json::to_value(object).unwrap()["signatures"],
            json!({ "domain": { "ed25519:0":
                "KqmLSbO39/Bzb0QIYE82zqLwsA+PDzYIpIRA2sRQ4sL53+sN6/fpNSoqE7BP7vBZhG6kYdD13EIMJpvhJI+6Bw" } })
        );
    }

    #[test]
    fn the_private_half_determines_the_public_one() {
        let key = EphemeralKey::random();
        let again = EphemeralKey::parse(&key.private_key()).unwrap();
        assert_eq!(again.public_key(), key.public_key());
        assert_eq!(EphemeralKey::from_private_bytes(key.private_bytes()).public_key(), key.public_key());
        assert_ne!(EphemeralKey::random().public_key(), key.public_key());
        assert!(key.private_key().bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte)));
    }
}
