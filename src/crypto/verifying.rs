//! Verifies the ed25519 signatures of other servers.

use base64::Engine as _;
use ed25519_dalek::VerifyingKey;

use super::signing::LENIENT;

/// The public half of a key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PublicKey(VerifyingKey);

/// A signature of the right length that has not been verified yet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Signature([u8; 64]);

impl PublicKey {
    /// Parses standard base64, with or without padding.
    pub fn parse(text: &str) -> Option<Self> {
        let bytes = LENIENT.decode(text).ok()?;
        VerifyingKey::from_bytes(bytes.as_slice().try_into().ok()?).ok().map(Self)
    }

    /// Returns whether the owner of this key signed `text`. Never true for a weak key, for which
    /// anybody can sign.
    pub fn has_signed(&self, text: &str, signature: &Signature) -> bool {
        self.0.verify_strict(text.as_bytes(), &ed25519_dalek::Signature::from_bytes(&signature.0)).is_ok()
    }
}

impl Signature {
    /// Parses standard base64, with or without padding.
    pub fn parse(text: &str) -> Option<Self> {
        LENIENT.decode(text).ok()?.as_slice().try_into().ok().map(Self)
    }

    /// Returns the signature. For each key and text there is only one.
    pub const fn as_bytes(&self) -> &[u8] {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    // The first test vector of the specification's appendix.
    const KEY: &str = "XGX0JRS2Af3be3knz2fBiRbApjm2Dh61gXDJA8kcJNI";
    const SIGNATURE: &str = "K8280/U9SSy9IVtjBuVeLr+HpOB4BQFWbg+UZaADMtTdGYI7Geitb76LTrr5QV/7Xg4ahLwYGYZzuHGZKM5ZAQ";

    #[test]
    fn only_the_signed_text_verifies() {
        let key = PublicKey::parse(KEY).unwrap();
        assert_eq!(PublicKey::parse(&format!("{KEY}=")), Some(key.clone()));
        let signature = Signature::parse(SIGNATURE).unwrap();
        assert!(key.has_signed("{}", &signature));
        assert!(!key.has_signed("{ }", &signature));
        let other = Signature::parse(&SIGNATURE.replacen('K', "L", 1)).unwrap();
        assert!(!key.has_signed("{}", &other));
    }

    #[test]
    fn nothing_verifies_under_a_weak_key() {
        // The neutral element, under which this signature passes the laxer equation.
        let weak = PublicKey::parse(&format!("AQ{}", "A".repeat(41))).unwrap();
        let signature = Signature::parse(&format!("AQ{}", "A".repeat(84))).unwrap();
        assert!(!weak.has_signed("{}", &signature));
    }

    #[test]
    fn other_lengths_and_alphabets_do_not_parse() {
        for text in ["", "A", "XGX0", &KEY[1..], "!", &SIGNATURE[1..], &SIGNATURE.replace('/', "_")] {
            assert!(PublicKey::parse(text).is_none() && Signature::parse(text).is_none(), "{text}");
        }
    }
}
