//! Other servers' ed25519 keys, and what they have signed.

use base64::Engine as _;
use ed25519_dalek::VerifyingKey;

use super::signing::LENIENT;

/// The public half of a key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PublicKey(VerifyingKey);

/// A signature, of which nothing is known yet but that it has the right length.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Signature([u8; 64]);

impl PublicKey {
    /// Parses standard base64, with padding or without.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let bytes = LENIENT.decode(text).ok()?;
        VerifyingKey::from_bytes(bytes.as_slice().try_into().ok()?).ok().map(Self)
    }

    /// Whether the owner of this key has signed `text`. A key so weak that anybody could have has signed nothing.
    #[must_use]
    pub fn has_signed(&self, text: &str, signature: &Signature) -> bool {
        self.0.verify_strict(text.as_bytes(), &ed25519_dalek::Signature::from_bytes(&signature.0)).is_ok()
    }
}

impl Signature {
    /// Parses standard base64, with padding or without.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        LENIENT.decode(text).ok()?.as_slice().try_into().ok().map(Self)
    }

    /// The signature itself, of which there is but one for a key and a text.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8] {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    // The appendix's first vector.
    const KEY: &str = "XGX0JRS2Af3be3knz2fBiRbApjm2Dh61gXDJA8kcJNI";
    const SIGNATURE: &str = "K8280/U9SSy9IVtjBuVeLr+HpOB4BQFWbg+UZaADMtTdGYI7Geitb76LTrr5QV/7Xg4ahLwYGYZzuHGZKM5ZAQ";

    #[test]
    fn what_was_signed_is_told_from_what_was_not() {
        let key = PublicKey::parse(KEY).unwrap();
        assert_eq!(PublicKey::parse(&format!("{KEY}=")), Some(key.clone()));
        let signature = Signature::parse(SIGNATURE).unwrap();
        assert!(key.has_signed("{}", &signature));
        assert!(!key.has_signed("{ }", &signature));
        let other = Signature::parse(&SIGNATURE.replacen('K', "L", 1)).unwrap();
        assert!(!key.has_signed("{}", &other));
    }

    #[test]
    fn a_key_that_anybody_can_sign_for_has_signed_nothing() {
        // The neutral element, for which all zeros but the first bit pass the laxer equation.
        let weak = PublicKey::parse(&format!("AQ{}", "A".repeat(41))).unwrap();
        let signature = Signature::parse(&format!("AQ{}", "A".repeat(84))).unwrap();
        assert!(!weak.has_signed("{}", &signature));
    }

    #[test]
    fn what_has_another_length_or_alphabet_is_neither() {
        for text in ["", "A", "XGX0", &KEY[1..], "!", &SIGNATURE[1..], &SIGNATURE.replace('/', "_")] {
            assert!(PublicKey::parse(text).is_none() && Signature::parse(text).is_none(), "{text}");
        }
    }
}
