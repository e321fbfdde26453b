//! The keys by which homeservers sign their requests: asked of the server itself, and remembered for a while
//! ([Server-server API](https://spec.matrix.org/latest/server-server-api/#retrieving-server-keys)).

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, PoisonError};

use hyper::StatusCode;
use ruma_common::canonical_json::{CanonicalJsonObject, CanonicalJsonValue};
use ruma_common::{OwnedServerName, ServerName};
use serde_json::Value;
use tokio::sync::Mutex as AsyncMutex;

use super::client::Request;
use super::{Cause, Error, Federation};
use crate::clock::{Clock, DAY, Millis, SECOND};
use crate::crypto::verifying::{PublicKey, Signature};

/// The document may have so many bytes …
const MAX_BYTES: usize = 64 * 1024;
/// … and name so many keys: homeservers have one or two.
const MAX_KEYS: usize = 32;
/// A key's id may have so many bytes.
pub(super) const MAX_ID_BYTES: usize = 128;
/// So many servers are remembered.
const MAX_REMEMBERED: usize = 5_000;
/// No document is good for longer.
const MAX_LIFETIME: Millis = 7 * DAY;
/// A server that was asked is not asked again for so long, whether it did not answer or did not name the key that is sought.
pub(super) const REST: Millis = 30 * SECOND;

/// What is known of the servers' keys.
pub(super) struct KeyRing {
    remembered: Mutex<HashMap<OwnedServerName, Arc<AsyncMutex<Known>>>>,
    clock: Clock,
}

/// What is known of a server's keys. Locked while the server is asked, so that whoever needs its keys meanwhile waits for the answer.
#[derive(Default)]
struct Known {
    document: Document,
    asked_at: Option<Millis>,
    /// Why there was no document when it was asked last.
    failure: Option<Error>,
}

/// The keys that a server publishes, each good until then.
#[derive(Debug, Default, PartialEq, Eq)]
struct Document {
    keys: BTreeMap<String, PublicKey>,
    valid_until: Millis,
}

impl KeyRing {
    pub(super) fn new(clock: Clock) -> Self {
        Self { remembered: Mutex::default(), clock }
    }

    /// What is known of `server`. Makes room by forgetting what is over, or else what is over next.
    fn of(&self, server: &ServerName) -> Arc<AsyncMutex<Known>> {
        let mut remembered = self.remembered.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = remembered.get(server) {
            return Arc::clone(known);
        }
        if remembered.len() >= MAX_REMEMBERED {
            let now = self.clock.now();
            // What is locked is being asked for.
            let until = |known: &AsyncMutex<Known>| known.try_lock().map_or(Millis::MAX, |known| known.until());
            remembered.retain(|_, known| now < until(known));
            if remembered.len() >= MAX_REMEMBERED {
                let next = remembered.iter().min_by_key(|(_, known)| until(known)).map(|(server, _)| server.clone());
                next.and_then(|next| remembered.remove(&next));
            }
        }
        Arc::clone(remembered.entry(server.to_owned()).or_default())
    }
}

impl Known {
    fn key(&self, id: &str, now: Millis) -> Option<PublicKey> {
        (now < self.document.valid_until).then(|| self.document.keys.get(id).cloned()).flatten()
    }

    fn may_be_asked(&self, now: Millis) -> bool {
        self.asked_at.is_none_or(|asked_at| now - asked_at >= REST)
    }

    /// Until when it is worth remembering.
    fn until(&self) -> Millis {
        self.document.valid_until.max(self.asked_at.map_or(0, |asked_at| asked_at + REST))
    }
}

impl Federation {
    /// The key of that id by which `server` signs now, if it has one. A server is asked again for an id that it has not named, but seldom:
    /// ids come from strangers.
    ///
    /// # Errors
    /// [`Error::Unreachable`] if the server does not answer with a document, [`Error::Malformed`] if it is none to believe.
    pub async fn signing_key(&self, server: &ServerName, id: &str) -> Result<Option<PublicKey>, Error> {
        let known = self.keys.of(server);
        let mut known = known.lock().await;
        let now = self.keys.clock.now();
        if let Some(key) = known.key(id, now) {
            return Ok(Some(key));
        }
        if known.may_be_asked(now) {
            let fetched = self.fetch_keys(server, now).await;
            known.asked_at = Some(now);
            known.failure = fetched.map(|document| known.document = document).err();
        }
        known.failure.map_or_else(|| Ok(known.key(id, now)), Err)
    }

    /// `GET /_matrix/key/v2/server`
    async fn fetch_keys(&self, server: &ServerName, now: Millis) -> Result<Document, Error> {
        let answer = self.request(server, Request::get("/_matrix/key/v2/server", MAX_BYTES)).await?;
        if answer.status() != StatusCode::OK {
            return Err(Error::Unreachable(Cause::Document));
        }
        read(answer.body(), server, now).ok_or(Error::Malformed)
    }
}

/// The keys of a document of `server` that is still valid, of those that have signed it themselves. Keys that signed once
/// (`old_verify_keys`) sign no request of today.
fn read(body: &[u8], server: &ServerName, now: Millis) -> Option<Document> {
    let document: Value = serde_json::from_slice(body).ok()?;
    let CanonicalJsonValue::Object(mut document) = document.try_into().ok()? else { return None };
    let signatures = document.remove("signatures")?;
    document.remove("unsigned");
    let signed = serde_json::to_string(&document).ok()?;
    let valid_until = Millis::from(document.get("valid_until_ts")?.as_integer()?);
    let verify_keys = document.get("verify_keys")?.as_object()?;
    if document.get("server_name")?.as_str()? != server.as_str() || valid_until <= now || verify_keys.len() > MAX_KEYS {
        return None;
    }
    let signatures = signatures.as_object()?.get(server.as_str())?.as_object()?;
    let signs = |id: &String, key: &CanonicalJsonValue| self_signed(id, key, signatures, &signed);
    let keys: BTreeMap<_, _> = verify_keys.iter().filter_map(|(id, key)| Some((id.clone(), signs(id, key)?))).collect();
    let valid_until = valid_until.min(now + MAX_LIFETIME);
    (!keys.is_empty()).then_some(Document { keys, valid_until })
}

/// The key, if it has signed the document it stands in.
fn self_signed(
    id: &str,
    key: &CanonicalJsonValue,
    signatures: &CanonicalJsonObject,
    signed: &str,
) -> Option<PublicKey> {
    let key = PublicKey::parse(key.as_object()?.get("key")?.as_str()?)?;
    let signature = Signature::parse(signatures.get(id)?.as_str()?)?;
    let usable = id.starts_with("ed25519:") && id.len() <= MAX_ID_BYTES;
    (usable && key.has_signed(signed, &signature)).then_some(key)
}

#[cfg(test)]
mod tests;
