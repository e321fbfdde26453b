//! Long-term ed25519 keys and [signed JSON](https://spec.matrix.org/latest/appendices/#signing-json).

use std::path::Path;

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

const ALGORITHM: &str = "ed25519";

/// One key pair and its name.
pub(super) struct NamedKey {
    /// `ed25519:<version>`
    id: String,
    key: SigningKey,
}

/// The server's keys: the first signs, all are vouched for.
///
/// The file has one line a key, `ed25519 <version> <seed>`, the seed in unpadded base64: what Synapse and Sydent use.
pub struct SigningKeys {
    server_name: OwnedServerName,
    keys: Vec<NamedKey>,
}

impl SigningKeys {
    /// Reads the key file, if there is one.
    ///
    /// # Errors
    /// If the file cannot be read, or has a line that is no key.
    pub fn read(path: &Path, server_name: &ServerName) -> Result<Option<Self>, KeyFileError> {
        key_file::read(path)?.map(|text| Self::parse_file(path, &text, server_name)).transpose()
    }

    /// Makes the key file with one new key, or reads it if another process was quicker.
    ///
    /// # Errors
    /// If the file cannot be written.
    pub fn make(path: &Path, server_name: &ServerName) -> Result<Self, KeyFileError> {
        Self::parse_file(path, &key_file::make(path, new_line())?, server_name)
    }

    pub(super) fn parse_file(path: &Path, text: &str, server_name: &ServerName) -> Result<Self, KeyFileError> {
        Self::parse(text, server_name).map_err(|problem| KeyFileError::new(path, problem))
    }

    /// Parses the text of a key file.
    ///
    /// # Errors
    /// What is wrong, with the number of the line.
    pub fn parse(text: &str, server_name: &ServerName) -> Result<Self, String> {
        let lines = text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty());
        let keys: Vec<NamedKey> = lines
            .map(|(number, line)| {
                NamedKey::parse(line)
                    .ok_or_else(|| format!("line {}: expected \"ed25519 <version> <seed>\"", number + 1))
            })
            .collect::<Result<_, _>>()?;
        if keys.is_empty() {
            return Err("holds no signing key".into());
        }
        Ok(Self { server_name: server_name.to_owned(), keys })
    }

    /// The key that signs: its id (`ed25519:<version>`) and its public half in unpadded base64.
    #[must_use]
    pub fn current(&self) -> (&str, String) {
        (&self.keys[0].id, self.keys[0].public_key())
    }

    /// The id and the public half, in unpadded base64, of each key; the first signs.
    pub fn all(&self) -> impl Iterator<Item = (&str, String)> {
        self.keys.iter().map(|key| (key.id(), key.public_key()))
    }

    /// The public half, in unpadded base64, of the key with this id, of whatever age.
    #[must_use]
    pub fn public_key(&self, id: &str) -> Option<String> {
        self.keys.iter().find(|key| key.id == id).map(NamedKey::public_key)
    }

    /// Whether `public_key`, in either base64 alphabet, padded or not, is a key of this server. In a query a `+` that was not
    /// escaped has become a space.
    #[must_use]
    pub fn knows(&self, public_key: &str) -> bool {
        let unpadded = public_key.trim_end_matches('=').replace(['-', ' '], "+").replace('_', "/");
        self.keys.iter().any(|key| key.public_key() == unpadded)
    }

    /// Adds this server's signature over the canonical JSON of `object` without `signatures` and `unsigned`.
    ///
    /// # Panics
    /// Never: canonical JSON can always be written.
    pub fn sign(&self, object: &mut CanonicalJsonObject) {
        self.sign_with(&self.keys[..1], object);
    }

    /// As [`Self::sign`], but with every key: for those who know an older one.
    ///
    /// # Panics
    /// Never: canonical JSON can always be written.
    pub fn sign_with_all(&self, object: &mut CanonicalJsonObject) {
        self.sign_with(&self.keys, object);
    }

    fn sign_with(&self, keys: &[NamedKey], object: &mut CanonicalJsonObject) {
        let signatures = object.remove("signatures");
        let unsigned = object.remove("unsigned");
        let text = serde_json::to_string(object).expect("canonical JSON can be written");
        let mut signatures = match signatures {
            Some(CanonicalJsonValue::Object(signatures)) => signatures,
            _ => CanonicalJsonObject::new(),
        };
        let ours = signatures
            .entry(self.server_name.to_string())
            .or_insert_with(|| CanonicalJsonValue::Object(CanonicalJsonObject::new()));
        if let CanonicalJsonValue::Object(ours) = ours {
            for signing in keys {
                let signature = BASE64_STANDARD_NO_PAD.encode(signing.key.sign(text.as_bytes()).to_bytes());
                ours.insert(signing.id.clone(), CanonicalJsonValue::String(signature));
            }
        }
        object.insert("signatures".into(), CanonicalJsonValue::Object(signatures));
        if let Some(unsigned) = unsigned {
            object.insert("unsigned".into(), unsigned);
        }
    }
}

impl NamedKey {
    /// `ed25519:<version>`
    pub(super) fn id(&self) -> &str {
        &self.id
    }

    /// Parses a line of the file.
    pub(super) fn parse(line: &str) -> Option<Self> {
        let mut words = line.split_whitespace();
        let (algorithm, version, seed) = (words.next()?, words.next()?, words.next()?);
        let named = !version.is_empty() && version.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
        if algorithm != ALGORITHM || !named || words.next().is_some() {
            return None;
        }
        let seed = Zeroizing::new(LENIENT.decode(seed).ok()?);
        let key = SigningKey::from_bytes(seed.as_slice().try_into().ok()?);
        Some(Self { id: format!("{ALGORITHM}:{version}"), key })
    }

    /// The public half in unpadded base64.
    pub(super) fn public_key(&self) -> String {
        BASE64_STANDARD_NO_PAD.encode(self.key.verifying_key().as_bytes())
    }
}

/// The line of a key that nobody has.
pub(super) fn new_line() -> Zeroizing<String> {
    let seed = Zeroizing::new(base62::random_bytes());
    Zeroizing::new(format!("{ALGORITHM} a_{} {}\n", base62::random(6), BASE64_STANDARD_NO_PAD.encode(*seed)))
}

/// Seeds, keys and signatures as they are written elsewhere: padded or not, the bits left over of any value (the specification's own example has some).
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

    /// The appendix's vectors.
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
    fn the_vectors_of_the_appendix() {
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
    fn other_signatures_stay_and_unsigned_is_not_signed() {
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
    fn older_keys_stay_known() {
        let both = keys(&format!("{}\n\n{LINE}\n", *new_line()));
        let (current, public) = both.current();
        assert_ne!(current, "ed25519:1");
        assert!(both.knows(&public) && both.knows(&both.public_key("ed25519:1").unwrap()));
        assert!(both.public_key("ed25519:2").is_none() && !both.knows("") && !both.knows("x"));
    }

    #[test]
    fn a_line_that_is_no_key_is_named() {
        let name = <&ServerName>::try_from("domain").unwrap();
        for bad in
            ["", "ed25519 1", "rsa 1 YJDBA9Xnr2sVqXD9Vj7XVUnmFZcZrlw8Md7kMW+3XA1", "ed25519 a:b YJDB", "ed25519 1 YJDB"]
        {
            assert!(SigningKeys::parse(bad, name).is_err(), "{bad}");
        }
        assert!(SigningKeys::parse(&format!("{LINE}\nnonsense"), name).err().unwrap().contains("line 2"));
    }
}
