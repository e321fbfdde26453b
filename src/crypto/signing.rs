//! Long-term ed25519 keys and [signed
//! JSON](https://spec.matrix.org/latest/appendices/#signing-json).

use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};

use base64::Engine as _;
use base64::alphabet;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use base64::prelude::BASE64_STANDARD_NO_PAD;
use ed25519_dalek::{Signer, SigningKey};
use ruma_common::canonical_json::{CanonicalJsonObject, CanonicalJsonValue};
use ruma_common::{OwnedServerName, ServerName};
use zeroize::Zeroizing;

use super::base62;
use super::key_file::{self, KeyFileError};
use super::verifying::{PublicKey, Signature};

const ALGORITHM: &str = "ed25519";

/// A key pair with its ID.
pub(super) struct NamedKey {
    /// `ed25519:<version>`
    id: String,
    key: SigningKey,
}

/// The server's keys. One signs, the first unless [chosen otherwise](Self::sign_with); all are
/// published as valid.
///
/// The file has one line per key, `ed25519 <version> <seed>` with the seed in unpadded base64, as
/// in Synapse and Sydent.
pub struct SigningKeys {
    server_name: OwnedServerName,
    keys: Vec<NamedKey>,
    /// The index of the key that signs.
    signs: AtomicUsize,
}

impl SigningKeys {
    /// Reads the key file, or returns `None` if it does not exist.
    ///
    /// # Errors
    /// If the file cannot be read, or has an invalid line.
    pub fn read(path: &Path, server_name: &ServerName) -> Result<Option<Self>, KeyFileError> {
        key_file::read(path)?.map(|text| Self::parse_file(path, &text, server_name)).transpose()
    }

    /// Creates the key file with one new key, or reads it if another process created it first.
    ///
    /// # Errors
    /// If the file cannot be written.
    pub fn make(path: &Path, server_name: &ServerName) -> Result<Self, KeyFileError> {
        Self::parse_file(path, &key_file::create(path, new_line())?, server_name)
    }

    pub(super) fn parse_file(path: &Path, text: &str, server_name: &ServerName) -> Result<Self, KeyFileError> {
        Self::parse(text, server_name).map_err(|problem| KeyFileError::new(path, problem))
    }

    /// Parses the text of a key file.
    ///
    /// # Errors
    /// Returns the problem, with the line number.
    pub fn parse(text: &str, server_name: &ServerName) -> Result<Self, String> {
        let lines = text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty());
        let keys: Vec<NamedKey> = lines
            .map(|(number, line)| {
                NamedKey::parse(line)
                    .ok_or_else(|| format!("line {}: expected \"ed25519 <version> <seed>\"", number + 1))
            })
            .collect::<Result<_, _>>()?;
        if keys.is_empty() {
            return Err("contains no signing key".into());
        }
        Ok(Self { server_name: server_name.to_owned(), keys, signs: AtomicUsize::new(0) })
    }

    /// Returns the key that signs: its ID (`ed25519:<version>`) and its public half in unpadded
    /// base64.
    #[must_use]
    pub fn current(&self) -> (&str, String) {
        let key = self.signing_key();
        (&key.id, key.public_key())
    }

    fn signing_key(&self) -> &NamedKey {
        &self.keys[self.signs.load(Ordering::Relaxed)]
    }

    /// Returns the first key, which is meant to sign, in the same form as [`Self::current`].
    #[must_use]
    pub fn first(&self) -> (&str, String) {
        (&self.keys[0].id, self.keys[0].public_key())
    }

    /// Signs with the key that has this public half, in unpadded base64, if there is one. Returns
    /// whether a different one signed before.
    pub fn sign_with(&self, public_key: &str) -> bool {
        let found = self.keys.iter().position(|key| key.public_key() == public_key);
        found.is_some_and(|nth| self.signs.swap(nth, Ordering::Relaxed) != nth)
    }

    /// Returns the ID and public half, in unpadded base64, of each key, as in the file.
    pub fn all(&self) -> impl Iterator<Item = (&str, String)> {
        self.keys.iter().map(|key| (key.id(), key.public_key()))
    }

    /// Returns the public half, in unpadded base64, of the current or former key with this ID.
    #[must_use]
    pub fn public_key(&self, id: &str) -> Option<String> {
        self.keys.iter().find(|key| key.id == id).map(NamedKey::public_key)
    }

    /// Returns whether `public_key`, in either base64 alphabet and with or without padding, is a
    /// key of this server.
    #[must_use]
    pub fn knows(&self, public_key: &str) -> bool {
        let unpadded = to_standard_alphabet(public_key.trim_end_matches('='));
        self.keys.iter().any(|key| key.public_key() == unpadded)
    }

    /// Signs an object with the current key.
    pub fn sign(&self, object: &mut CanonicalJsonObject) {
        let signing = self.signing_key();
        add_signature(object, &self.server_name, &signing.id, &signing.key);
    }

    /// Signs an object with the key of this ID, or with the current key if that one is gone.
    pub fn sign_as(&self, id: &str, object: &mut CanonicalJsonObject) {
        let signing = self.keys.iter().find(|key| key.id == id).unwrap_or_else(|| self.signing_key());
        add_signature(object, &self.server_name, &signing.id, &signing.key);
    }
}

impl SigningKeys {
    /// Returns whether one of these keys has signed an object, under any name of the server.
    #[must_use]
    pub fn has_signed(&self, object: &CanonicalJsonObject) -> bool {
        let mut signed = object.clone();
        let Some(CanonicalJsonValue::Object(signatures)) = signed.remove("signatures") else { return false };
        signed.remove("unsigned");
        let Ok(text) = serde_json::to_string(&signed) else { return false };
        let is_ours = |(id, signature): (&String, &CanonicalJsonValue)| {
            let key = self.public_key(id).and_then(|key| PublicKey::parse(&key));
            let signature = signature.as_str().and_then(Signature::parse);
            key.zip(signature).is_some_and(|(key, signature)| key.has_signed(&text, &signature))
        };
        signatures.values().filter_map(CanonicalJsonValue::as_object).flatten().any(is_ours)
    }
}

/// Adds the signature of `server` over the canonical JSON of `object` without `signatures` and
/// `unsigned`.
pub(super) fn add_signature(object: &mut CanonicalJsonObject, server: &ServerName, id: &str, key: &SigningKey) {
    let signatures = object.remove("signatures");
    let unsigned = object.remove("unsigned");
    let text = serde_json::to_string(object).expect("canonical JSON can be serialised");
    let signature = BASE64_STANDARD_NO_PAD.encode(key.sign(text.as_bytes()).to_bytes());
    let or_empty = |value| match value {
        Some(CanonicalJsonValue::Object(object)) => object,
        _ => CanonicalJsonObject::new(),
    };
    let mut signatures = or_empty(signatures);
    let mut ours = or_empty(signatures.remove(server.as_str()));
    ours.insert(id.to_owned(), CanonicalJsonValue::String(signature));
    signatures.insert(server.to_string(), CanonicalJsonValue::Object(ours));
    object.insert("signatures".to_owned(), CanonicalJsonValue::Object(signatures));
    object.extend(unsigned.map(|unsigned| ("unsigned".to_owned(), unsigned)));
}

/// Translates URL-safe base64 to the standard alphabet. An unescaped `+` in a query has become a
/// space.
pub(super) fn to_standard_alphabet(text: &str) -> String {
    text.replace(['-', ' '], "+").replace('_', "/")
}

impl NamedKey {
    /// `ed25519:<version>`
    pub(super) fn id(&self) -> &str {
        &self.id
    }

    /// Parses one line of the file.
    pub(super) fn parse(line: &str) -> Option<Self> {
        let mut words = line.split_whitespace();
        let (algorithm, version, seed) = (words.next()?, words.next()?, words.next()?);
        // ma1sd also used `-` in key IDs, contrary to the specification.
        let is_fit = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-');
        let named = !version.is_empty() && version.bytes().all(is_fit);
        if algorithm != ALGORITHM || !named || words.next().is_some() {
            return None;
        }
        let seed = Zeroizing::new(LENIENT.decode(seed).ok()?);
        let key = SigningKey::from_bytes(seed.as_slice().try_into().ok()?);
        Some(Self { id: format!("{ALGORITHM}:{version}"), key })
    }

    /// Returns the public half in unpadded base64.
    pub(super) fn public_key(&self) -> String {
        BASE64_STANDARD_NO_PAD.encode(self.key.verifying_key().as_bytes())
    }
}

/// Returns the line of a new key.
pub(super) fn new_line() -> Zeroizing<String> {
    let seed = Zeroizing::new(base62::random_bytes::<32>());
    Zeroizing::new(format!("{ALGORITHM} a_{} {}\n", base62::random(6), BASE64_STANDARD_NO_PAD.encode(*seed)))
}

/// Decodes seeds, keys and signatures from elsewhere, with or without padding and with any trailing
/// bits, which even the specification's own example has.
pub(super) const LENIENT: GeneralPurpose = GeneralPurpose::new(
    &alphabet::STANDARD,
    GeneralPurposeConfig::new()
        .with_decode_allow_trailing_bits(true)
        .with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    /// The test vectors of the specification's appendix.
    const LINE: &str = "ed25519 1 YJDBA9Xnr2sVqXD9Vj7XVUnmFZcZrlw8Md7kMW+3XA1";

    fn keys(text: &str) -> SigningKeys {
        SigningKeys::parse(text, <&ServerName>::try_from("domain").unwrap()).unwrap()
    }

    fn signed(object: serde_json::Value) -> serde_json::Value {
        let mut object: CanonicalJsonObject = serde_json::from_value(object).unwrap();
        keys(LINE).sign(&mut object);
        serde_json::to_value(object).unwrap()
    }

    #[test]
    fn the_specification_s_test_vectors() {
        assert_eq!(
            signed(json!({}))["signatures"]["domain"]["ed25519:1"],
            "K8280/U9SSy9IVtjBuVeLr+HpOB4BQFWbg+UZaADMtTdGYI7Geitb76LTrr5QV/7Xg4ahLwYGYZzuHGZKM5ZAQ"
        );
        assert_eq!(
            signed(json!({"one": 1, "two": "Two"}))["signatures"]["domain"]["ed25519:1"],
            "KqmLSbO39/Bzb0QIYE82zqLwsA+PDzYIpIRA2sRQ4sL53+sN6/fpNSoqE7BP7vBZhG6kYdD13EIMJpvhJI+6Bw"
        );
    }

    #[test]
    fn other_signatures_are_kept_and_unsigned_is_not_signed() {
        let other = json!({"signatures": {"other": {"ed25519:2": "x"}}, "unsigned": {"age": 1}});
        let signed = signed(other);
        assert_eq!(signed["signatures"]["other"]["ed25519:2"], "x");
        assert_eq!(signed["unsigned"]["age"], 1);
        assert_eq!(
            signed["signatures"]["domain"]["ed25519:1"],
            "K8280/U9SSy9IVtjBuVeLr+HpOB4BQFWbg+UZaADMtTdGYI7Geitb76LTrr5QV/7Xg4ahLwYGYZzuHGZKM5ZAQ"
        );
    }

    #[test]
    fn former_keys_are_still_known() {
        let both = keys(&format!("{}\n\n{LINE}\n", *new_line()));
        let (current, public) = both.current();
        assert_ne!(current, "ed25519:1");
        assert!(both.knows(&public) && both.knows(&both.public_key("ed25519:1").unwrap()));
        assert!(both.public_key("ed25519:2").is_none() && !both.knows("") && !both.knows("x"));
    }

    #[test]
    fn an_invalid_line_is_reported_by_number() {
        let name = <&ServerName>::try_from("domain").unwrap();
        for bad in
            ["", "ed25519 1", "rsa 1 YJDBA9Xnr2sVqXD9Vj7XVUnmFZcZrlw8Md7kMW+3XA1", "ed25519 a:b YJDB", "ed25519 1 YJDB"]
        {
            assert!(SigningKeys::parse(bad, name).is_err(), "{bad}");
        }
        assert!(SigningKeys::parse(&format!("{LINE}\nnonsense"), name).err().unwrap().contains("line 2"));
    }
}
