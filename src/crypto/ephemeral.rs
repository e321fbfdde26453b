//! The key pair of one invitation, and keys as strangers write them.

use base64::Engine as _;
use base64::prelude::{BASE64_STANDARD_NO_PAD, BASE64_URL_SAFE_NO_PAD};
use ed25519_dalek::{Signer, SigningKey};
use ruma_common::canonical_json::{CanonicalJsonObject, CanonicalJsonValue};
use ruma_common::{OwnedServerName, ServerName};
use zeroize::Zeroizing;

use super::base62;
use super::signing::LENIENT;

/// What signatures of such a key are called.
const KEY_ID: &str = "ed25519:0";

/// A key pair. Its private half is in one message and nowhere else; it erases itself when it is dropped.
pub struct EphemeralKey(SigningKey);

impl EphemeralKey {
    /// A new one.
    ///
    /// # Panics
    /// If the operating system has no randomness to give.
    #[must_use]
    pub fn random() -> Self {
        Self::from_private_bytes(&Zeroizing::new(base62::random_bytes()))
    }

    /// Parses a private half, see [`decode_key`].
    #[must_use]
    pub fn parse(private_key: &str) -> Option<Self> {
        Some(Self::from_private_bytes(&*decode_key(private_key)?))
    }

    /// The key pair of a private half.
    #[must_use]
    pub fn from_private_bytes(private: &[u8; 32]) -> Self {
        Self(SigningKey::from_bytes(private))
    }

    /// The private half.
    #[must_use]
    pub fn private_bytes(&self) -> &[u8; 32] {
        self.0.as_bytes()
    }

    /// The public half.
    #[must_use]
    pub fn public_bytes(&self) -> [u8; 32] {
        self.0.verifying_key().to_bytes()
    }

    /// The public half in unpadded base64.
    #[must_use]
    pub fn public_key(&self) -> String {
        BASE64_STANDARD_NO_PAD.encode(self.public_bytes())
    }

    /// The private half in URL-safe unpadded base64, in which no application on its way can mistake a `+`.
    #[must_use]
    pub fn private_key(&self) -> Zeroizing<String> {
        Zeroizing::new(BASE64_URL_SAFE_NO_PAD.encode(self.0.as_bytes()))
    }

    /// Adds a signature in the name of `server` to an object that has none.
    ///
    /// # Panics
    /// Never: canonical JSON can always be written.
    pub fn sign(&self, object: &mut CanonicalJsonObject, server: &ServerName) {
        let text = serde_json::to_string(object).expect("canonical JSON can be written");
        let signature = BASE64_STANDARD_NO_PAD.encode(self.0.sign(text.as_bytes()).to_bytes());
        let signature = one(KEY_ID.to_owned(), CanonicalJsonValue::String(signature));
        let server: OwnedServerName = server.to_owned();
        object.insert("signatures".to_owned(), one(server.to_string(), signature));
    }
}

fn one(key: String, value: CanonicalJsonValue) -> CanonicalJsonValue {
    CanonicalJsonValue::Object(CanonicalJsonObject::from([(key, value)]))
}

/// The 32 bytes of a key in either base64 alphabet, padded or not. In a query a `+` that was not escaped has become a space.
#[must_use]
pub fn decode_key(text: &str) -> Option<Zeroizing<[u8; 32]>> {
    let standard = Zeroizing::new(text.replace(['-', ' '], "+").replace('_', "/"));
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
        fn a_key_is_read_in_every_way_it_is_written(bytes: [u8; 32]) {
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
        fn nothing_else_is_a_key(text in ".{0,42}|.{45,60}") {
            prop_assert_eq!(decode_key(&text), None);
        }
    }

    #[test]
    fn the_vector_of_the_appendix() {
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
    fn the_private_half_leads_to_the_public_one() {
        let key = EphemeralKey::random();
        let again = EphemeralKey::parse(&key.private_key()).unwrap();
        assert_eq!(again.public_key(), key.public_key());
        assert_eq!(EphemeralKey::from_private_bytes(key.private_bytes()).public_key(), key.public_key());
        assert_ne!(EphemeralKey::random().public_key(), key.public_key());
        assert!(key.private_key().bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte)));
    }
}
