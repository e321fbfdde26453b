//! The keys with which homeservers sign requests, fetched from the homeserver itself and cached
//! ([Server-server API](https://spec.matrix.org/latest/server-server-api/#retrieving-server-keys)).

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, PoisonError};

use hyper::StatusCode;
use ruma_common::canonical_json::{CanonicalJsonObject, CanonicalJsonValue};
use ruma_common::{OwnedServerName, ServerName};
use serde_json::Value;
use tokio::sync::Mutex as AsyncMutex;

use super::client::{Request, retry_after};
use super::{Cause, Error, Federation, make_room};
use crate::clock::{Clock, DAY, Millis, SECOND, is_recent, still_lasts};
use crate::crypto::verifying::{PublicKey, Signature};

/// The longest document that is read, in bytes.
const MAX_BYTES: usize = 64 * 1024;
/// The maximum number of keys in a document. Homeservers have one or two.
const MAX_KEYS: usize = 32;
/// The longest key ID, in bytes.
pub(super) const MAX_ID_BYTES: usize = 128;
/// The maximum number of servers in the cache.
const MAX_CACHED: usize = 5_000;
/// The maximum time for which a document is trusted.
const MAX_LIFETIME: Millis = 7 * DAY;
/// The time for which a server is left alone after a request that failed or did not return the
/// wanted key.
const REST: Millis = 30 * SECOND;

/// The cached keys of homeservers.
pub(super) struct KeyRing {
    cache: Mutex<HashMap<OwnedServerName, Arc<AsyncMutex<Known>>>>,
    clock: Clock,
}

/// The keys of one server. The entry is locked during a request, so that other callers wait for its
/// answer.
#[derive(Default)]
struct Known {
    document: Document,
    asked_at: Option<Millis>,
    /// The failure of the last request.
    failure: Option<Error>,
}

/// The keys that a server publishes.
#[derive(Debug, Default, PartialEq, Eq)]
struct Document {
    keys: BTreeMap<String, PublicKey>,
    valid_until: Millis,
}

impl KeyRing {
    pub(super) fn new(clock: Clock) -> Self {
        Self { cache: Mutex::default(), clock }
    }

    /// Returns the entry of `server`.
    fn of(&self, server: &ServerName) -> Arc<AsyncMutex<Known>> {
        let mut cache = self.cache.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = cache.get(server) {
            return Arc::clone(known);
        }
        // A locked entry is in use.
        let until = |known: &Arc<AsyncMutex<Known>>| known.try_lock().map_or(Millis::MAX, |known| known.until());
        make_room(&mut cache, MAX_CACHED, self.clock.now(), until);
        Arc::clone(cache.entry(server.to_owned()).or_default())
    }
}

impl Known {
    fn key(&self, id: &str, now: Millis) -> Option<PublicKey> {
        let is_valid = still_lasts(self.document.valid_until, MAX_LIFETIME, now);
        is_valid.then(|| self.document.keys.get(id).cloned()).flatten()
    }

    fn may_be_asked(&self, now: Millis) -> bool {
        self.asked_at.is_none_or(|asked_at| !is_recent(asked_at, REST, now))
    }

    /// Returns the time at which the entry expires.
    fn until(&self) -> Millis {
        self.document.valid_until.max(self.asked_at.map_or(0, |asked_at| asked_at + REST))
    }
}

impl Federation {
    /// Returns the current signing key of `server` with this ID, if there is one. The server is
    /// asked again for an unknown ID, but rarely, since IDs come from strangers.
    ///
    /// # Errors
    /// [`Error::Unavailable`] if the server returns no document, [`Error::Untrusted`] if the
    /// document proves nothing.
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
            if let Some(error) = known.failure {
                log::warn!("the signing keys of a homeserver could not be fetched: {error}");
            }
        }
        known.failure.map_or_else(|| Ok(known.key(id, now)), Err)
    }

    /// `GET /_matrix/key/v2/server`
    async fn fetch_keys(&self, server: &ServerName, now: Millis) -> Result<Document, Error> {
        let answer = self.request(server, Request::get("/_matrix/key/v2/server", MAX_BYTES)).await?;
        if answer.status() != StatusCode::OK {
            let cause = Cause::Status(answer.status().as_u16());
            return Err(Error::Unavailable { cause, retry_after: retry_after(&answer) });
        }
        let document: Value = serde_json::from_slice(answer.body()).map_err(|_| Cause::Document)?;
        read(document, server, now).ok_or(Error::Untrusted)
    }
}

/// Returns the keys that signed the document that contains them, if it is a valid document of
/// `server`. Former keys (`old_verify_keys`) do not sign new requests.
fn read(document: Value, server: &ServerName, now: Millis) -> Option<Document> {
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

/// Returns the key if it signed the document that contains it.
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
