//! This node's place among the others: it records that it is running, and does not use a new
//! signing key until all nodes know it.
//!
//! Clients and homeservers ask any node whether a key is valid. So a node records in the database
//! which keys it knows, and signs with the first key of its file once all running nodes know that
//! key. Until then, it signs with the one that signed last.

use std::sync::Arc;
use std::time::Duration;

use super::start::{self, in_words};
use crate::clock::{Clock, DAY, MINUTE, Millis};
use crate::config::Keys;
use crate::crypto::base62;
use crate::crypto::signing::SigningKeys;
use crate::error::{Error, StartError};
use crate::store::{Error as StoreError, Store, meta, nodes};

/// The interval at which a node records that it is running.
const INTERVAL: Duration = Duration::from_mins(1);
/// The time for which a node counts as running after its last record.
pub(crate) const ALIVE: Millis = 3 * MINUTE;
/// The time for which a node that crashed is remembered.
const REMEMBERED: Millis = DAY;

/// This node.
pub struct Node {
    store: Store,
    clock: Clock,
    signing: Arc<SigningKeys>,
    /// Its name, which is random.
    id: Vec<u8>,
    started_at: Millis,
}

impl Node {
    pub(super) fn new(store: Store, clock: Clock, signing: Arc<SigningKeys>) -> Self {
        let started_at = clock.now();
        Self { store, clock, signing, id: base62::random_bytes::<16>().to_vec(), started_at }
    }

    /// Returns its name.
    pub(super) fn id(&self) -> Vec<u8> {
        self.id.clone()
    }

    /// Records that this node is running, before it serves any requests.
    ///
    /// # Errors
    /// [`StartError`], for the operator, if the key that signed last is not in this node's file.
    pub(crate) async fn join(&self, keys: &Keys) -> Result<(), StartError> {
        let signs = self.note().await.map_err(in_words)?;
        start::check_known(&self.signing, signs.as_bytes(), keys)?;
        let (id, first) = self.signing.first();
        if signs != first {
            log::info!("signing with {}, until all running nodes know {id}", self.signing.current().0);
        }
        Ok(())
    }

    /// Records every minute that this node is running, forever.
    pub async fn run(self: Arc<Self>) {
        loop {
            self.clock.pause(INTERVAL).await;
            if !self.clock.is_right() {
                continue;
            }
            match self.note().await {
                Ok(signs) if self.signing.knows(&signs) => {}
                Ok(_) => {
                    log::error!("the other nodes sign with a key that this one does not know: restart it with theirs");
                }
                Err(error) => log::debug!("could not record that this node is running: {error}"),
            }
        }
    }

    /// Records that this node is running, and signs with its first key if all nodes know it.
    /// Returns the public half of the key that signs.
    async fn note(&self) -> Result<String, StoreError> {
        let seen_at = self.clock.now();
        let node = nodes::Node {
            id: self.id.clone(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            started_at: self.started_at.min(seen_at),
            seen_at,
            signing_keys: self.signing.all().map(|(_, public)| public).collect::<Vec<_>>().join(" "),
        };
        let (signing, first) = (Arc::clone(&self.signing), self.signing.first().1);
        let noted = self.store.write(async move |conn| {
            // The lock prevents other nodes from starting or from changing the signing key in the
            // meantime.
            let last = meta::lock(conn, meta::SIGNING_KEY).await?.unwrap_or_default();
            let last = String::from_utf8_lossy(&last).into_owned();
            if !signing.knows(&last) {
                return Ok(last);
            }
            nodes::note(conn, node).await?;
            let nodes = nodes::all(conn).await?;
            let mut running = nodes.iter().filter(|node| node.seen_at > seen_at - ALIVE);
            if last == first || !running.all(|node| node.signing_keys.split(' ').any(|key| key == first)) {
                return Ok(last);
            }
            meta::set(conn, meta::SIGNING_KEY, first.as_bytes()).await?;
            Ok::<_, StoreError>(first)
        });
        let signs = noted.await?;
        if self.signing.sign_with(&signs) {
            log::info!("signing with {} from now on", self.signing.current().0);
        }
        let until = self.clock.settled().saturating_sub(REMEMBERED);
        self.store.note(async move |conn| nodes::sweep(conn, until).await).await?;
        Ok(signs)
    }

    /// Forgets this node, which is stopping.
    ///
    /// # Errors
    /// 503 if the database is unavailable.
    pub async fn close(&self) -> Result<(), Error> {
        let id = self.id.clone();
        Ok(self.store.write_one(async move |conn| nodes::remove(conn, id).await).await?)
    }
}
