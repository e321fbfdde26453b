//! Requests that a homeserver signs: `Authorization: X-Matrix
//! origin="…",destination="…",key="ed25519:x",sig="…"` ([Server-server
//! API](https://spec.matrix.org/latest/server-server-api/#request-authentication)).

use std::collections::BTreeMap;

use ruma_common::canonical_json::{CanonicalJsonObject, CanonicalJsonValue};
use ruma_common::{OwnedServerName, ServerName};

use super::keys::MAX_ID_BYTES;
use crate::crypto::verifying::{PublicKey, Signature};

/// The longest header that is read. No homeserver sends a longer one.
const MAX_BYTES: usize = 4096;

/// The claim of one header: `origin` signed the request with its key `key`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct XMatrix {
    /// The signing server.
    pub origin: OwnedServerName,
    /// The server that the request is for. Old homeservers omit it.
    pub destination: Option<String>,
    /// The ID of the key, which starts with `ed25519:`.
    pub key: String,
    /// The signature.
    pub signature: Signature,
}

/// The header has the scheme `X-Matrix`, but nothing in it can be verified.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NotACredential;

/// The parts of a request that its sender signed.
#[derive(Clone, Debug)]
pub struct SignedRequest {
    /// The method.
    pub method: String,
    /// Path and query in each form that the sender may have used: a proxy may have stripped a
    /// prefix of the path.
    pub uris: Vec<String>,
    /// The body.
    pub content: CanonicalJsonObject,
}

impl XMatrix {
    /// Parses an `Authorization` header. Returns `None` for another scheme.
    pub fn parse(value: &[u8]) -> Option<Result<Self, NotACredential>> {
        let end = value.iter().position(|&byte| is_space(byte)).unwrap_or(value.len());
        let (scheme, params) = value.split_at(end);
        scheme.eq_ignore_ascii_case(b"x-matrix").then(|| {
            let params = Some(params).filter(|params| params.len() <= MAX_BYTES);
            params.and_then(parameters).and_then(Self::read).ok_or(NotACredential)
        })
    }

    fn read(mut params: BTreeMap<String, Vec<u8>>) -> Option<Self> {
        let mut take = |name| params.remove(name).map(String::from_utf8).transpose().ok();
        let origin = ServerName::parse(take("origin")??).ok()?;
        let destination = take("destination")?;
        let key = take("key")??;
        let signature = Signature::parse(&take("sig")??)?;
        let is_usable = key.starts_with("ed25519:") && key.len() <= MAX_ID_BYTES;
        is_usable.then_some(Self { origin, destination, key, signature })
    }
}

impl SignedRequest {
    /// Returns whether the owner of `key` signed this request for one of `destinations`. Synapse
    /// signs `destination_is` instead of `destination` in requests to identity servers.
    ///
    /// # Panics
    /// Never panics: canonical JSON can always be serialised.
    pub fn is_signed(&self, by: &XMatrix, key: &PublicKey, destinations: &[String]) -> bool {
        let text = |text: &str| CanonicalJsonValue::String(text.to_owned());
        let mut signed = CanonicalJsonObject::from([
            ("method".to_owned(), text(&self.method)),
            ("origin".to_owned(), text(by.origin.as_str())),
            ("content".to_owned(), CanonicalJsonValue::Object(self.content.clone())),
        ]);
        for field in ["destination_is", "destination"] {
            for destination in destinations {
                signed.insert(field.to_owned(), text(destination));
                for uri in &self.uris {
                    signed.insert("uri".to_owned(), text(uri));
                    let canonical = serde_json::to_string(&signed).expect("canonical JSON can be serialised");
                    if key.has_signed(&canonical, &by.signature) {
                        return true;
                    }
                }
            }
            signed.remove(field);
        }
        false
    }
}

/// Parses the parameters of a credential ([RFC 9110, section
/// 11.4](https://www.rfc-editor.org/rfc/rfc9110#section-11.4)), with names in lower case. Duplicate
/// and malformed parameters are refused.
fn parameters(text: &[u8]) -> Option<BTreeMap<String, Vec<u8>>> {
    let mut rest = Rest(text);
    let mut params = BTreeMap::new();
    loop {
        // Lists may contain empty elements (section 5.6.1.2).
        rest.take_while(|byte| is_space(byte) || byte == b',');
        if rest.0.is_empty() {
            return Some(params);
        }
        let name = String::from_utf8(rest.token(is_tchar)?.to_ascii_lowercase()).ok()?;
        rest.skip_space();
        rest.expect(b'=')?;
        rest.skip_space();
        if params.insert(name, rest.value()?).is_some() {
            return None;
        }
        rest.skip_space();
        if !rest.0.is_empty() {
            rest.expect(b',')?;
        }
    }
}

/// The unread part of the header.
struct Rest<'a>(&'a [u8]);

impl<'a> Rest<'a> {
    fn take_while(&mut self, is_wanted: impl Fn(u8) -> bool) -> &'a [u8] {
        let end = self.0.iter().position(|&byte| !is_wanted(byte)).unwrap_or(self.0.len());
        let (taken, rest) = self.0.split_at(end);
        self.0 = rest;
        taken
    }

    fn skip_space(&mut self) {
        self.take_while(is_space);
    }

    fn next(&mut self) -> Option<u8> {
        let (&byte, rest) = self.0.split_first()?;
        self.0 = rest;
        Some(byte)
    }

    fn expect(&mut self, byte: u8) -> Option<()> {
        (self.next()? == byte).then_some(())
    }

    fn token(&mut self, is_part: impl Fn(u8) -> bool) -> Option<&'a [u8]> {
        Some(self.take_while(is_part)).filter(|token| !token.is_empty())
    }

    /// Reads a token or a quoted string, without its quotes and backslashes. Old homeservers do not
    /// quote the colon of a port or key ID, and the specification requires servers to accept this.
    fn value(&mut self) -> Option<Vec<u8>> {
        if self.0.first() != Some(&b'"') {
            return self.token(|byte| is_tchar(byte) || byte == b':').map(<[u8]>::to_vec);
        }
        self.next();
        let mut value = Vec::new();
        loop {
            match self.next()? {
                b'"' => return Some(value),
                b'\\' => value.push(self.next().filter(|&byte| is_text(byte))?),
                byte if is_text(byte) => value.push(byte),
                _ => return None,
            }
        }
    }
}

fn is_space(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t')
}

fn is_tchar(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte)
}

/// Returns whether a quoted string may contain the byte: a tab, or anything except control
/// characters.
fn is_text(byte: u8) -> bool {
    byte == b'\t' || !byte.is_ascii_control()
}

#[cfg(test)]
mod tests;
