//! Look-ups, which return the Matrix IDs that addresses are bound to.

pub(super) mod memory;

use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use prometheus_client::metrics::counter::Counter;
use ruma_common::OwnedUserId;

use super::sealing::Sealer;
use super::{Caller, Directory, Network, RateLimits};
use crate::clock::Clock;
use crate::config;
use crate::error::Error;
use crate::identity::pepper::{Digest, Epoch, digest};
use crate::identity::threepid::{Address, sealed_lookup_forms};
use crate::metrics::Metrics;
use crate::store::Store;
use crate::store::bindings::{self as rows, Found};
use crate::store::recent_lookups::Size;
use memory::Memory;

/// The algorithm every server supports.
pub const SHA256: &str = "sha256";
/// Unhashed addresses, which an operator may enable.
pub const NONE: &str = "none";

/// Rows per query: `SQLite` allows 32,766 variables.
const ROWS_AT_ONCE: usize = 10_000;

/// The body of a look-up. Strings without escapes are borrowed from the request.
pub struct LookupRequest<'a> {
    /// `sha256` or `none`.
    pub algorithm: Cow<'a, str>,
    /// The pepper that the client used.
    pub pepper: Cow<'a, str>,
    /// Hashes, or `<address> <medium>` with the algorithm `none`.
    pub addresses: Vec<Cow<'a, str>>,
}

/// Answers look-ups, and charges them to rate limits.
pub struct Lookups {
    store: Store,
    sealer: Sealer,
    directory: Arc<Directory>,
    rate_limits: Arc<RateLimits>,
    memory: Memory,
    settings: config::Lookup,
    /// The number of addresses that were looked up, and of those that are bound.
    counts: (Counter, Counter),
}

impl Lookups {
    pub(super) fn new(
        store: Store,
        sealer: Sealer,
        clock: Clock,
        directory: Arc<Directory>,
        rate_limits: Arc<RateLimits>,
        settings: config::Lookup,
        metrics: &Metrics,
    ) -> Self {
        let memory = Memory::new(store.clone(), sealer.clone(), clock, directory.clone());
        let counts = (
            metrics.counter("lookup_addresses", "Addresses in look-ups that were answered"),
            metrics.counter("lookup_hits", "Addresses among them that are bound"),
        );
        Self { store, sealer, directory, rate_limits, memory, settings, counts }
    }

    /// Returns the current pepper.
    #[must_use]
    pub fn pepper(&self) -> String {
        self.directory.pepper(self.directory.current_epoch()).as_str().to_owned()
    }

    /// Returns the supported algorithms.
    #[must_use]
    pub fn algorithms(&self) -> &'static [&'static str] {
        if self.settings.plain { &[NONE, SHA256] } else { &[SHA256] }
    }

    /// Returns the maximum number of addresses in one look-up.
    #[must_use]
    pub const fn max_addresses(&self) -> usize {
        self.settings.max_addresses
    }

    /// Returns the Matrix IDs of those addresses that are bound, keyed by the strings sent.
    ///
    /// # Errors
    /// 400 `M_INVALID_PARAM` for an unknown algorithm or too many addresses, 400
    /// `M_INVALID_PEPPER`, 429 if a rate limit is exceeded (nothing is charged in that case), 503
    /// while the directory is not ready.
    pub async fn find<'a>(
        &self,
        caller: &Caller,
        from: &Network,
        request: &'a LookupRequest<'_>,
    ) -> Result<BTreeMap<&'a str, OwnedUserId>, Error> {
        let found = self.store.again_if_exchanged(async || self.search(caller, from, request).await).await?;
        self.counts.0.inc_by(request.addresses.len() as u64);
        self.counts.1.inc_by(found.len() as u64);
        Ok(found)
    }

    async fn search<'a>(
        &self,
        caller: &Caller,
        from: &Network,
        request: &'a LookupRequest<'_>,
    ) -> Result<BTreeMap<&'a str, OwnedUserId>, Error> {
        if !self.algorithms().contains(&request.algorithm.as_ref()) {
            return Err(Error::invalid("algorithm", "one of those in hash_details"));
        }
        if request.addresses.len() > self.max_addresses() {
            return Err(Error::invalid("addresses", "fewer addresses"));
        }
        let epoch = self
            .directory
            .accepted_epoch(&request.pepper)
            .ok_or_else(|| Error::invalid_pepper(&request.algorithm, &self.pepper()))?;
        if !self.directory.is_ready_for(epoch) {
            return Err(Error::away());
        }
        let (digests, sent) = digests(request);
        self.charge(caller, from, epoch, &digests).await?;
        let candidates = self.directory.find(epoch, &digests).ok_or_else(Error::away)?;
        if candidates.is_empty() {
            return Ok(BTreeMap::new());
        }
        let mut ids: Vec<i64> = candidates.iter().map(|(_, id)| *id).collect();
        ids.sort_unstable();
        ids.dedup();
        let mut bindings = HashMap::with_capacity(ids.len());
        for some in ids.chunks(ROWS_AT_ONCE) {
            let rows = rows::found(&mut self.store.read().await?, some.to_vec()).await?;
            bindings.extend(rows.iter().filter_map(|row| Some((row.id, self.open_found(row, epoch)?))));
        }
        // The directory stores only a part of each digest, so the whole digest is compared here.
        let hit = |(index, id): &(usize, i64)| {
            let binding = bindings.get(id).filter(|binding| binding.digests.contains(&digests[*index]))?;
            Some((sent[*index], binding.mxid.clone()))
        };
        Ok(candidates.iter().filter_map(hit).collect())
    }

    /// Charges one look-up for an answer that reveals whether an address is bound.
    pub(super) async fn charge_one(&self, caller: &Caller, from: &Network, of: &Address) -> Result<(), Error> {
        let epoch = self.directory.current_epoch();
        self.charge(caller, from, epoch, &self.directory.digests(of, epoch)[..1]).await
    }

    /// Charges for addresses that this token has not looked up during this epoch.
    async fn charge(&self, caller: &Caller, from: &Network, epoch: Epoch, digests: &[Digest]) -> Result<(), Error> {
        let new = self.memory.new_lookups(caller, epoch, digests).await?;
        if new.count() > 0 {
            self.rate_limits.charge_lookup(caller, from, new.count()).await?;
            self.memory.add(caller, new);
        }
        Ok(())
    }

    /// Writes the look-ups of tokens to the database every few seconds, forever.
    pub async fn keep_memory_saved(self: Arc<Self>) {
        self.memory.keep_saved().await;
    }

    /// Writes the look-ups of tokens to the database.
    ///
    /// # Errors
    /// 503 if the database is unavailable.
    pub(super) async fn save_memory(&self) -> Result<(), Error> {
        self.memory.save().await
    }

    /// Returns the amount of data stored about the look-ups of tokens.
    ///
    /// # Errors
    /// 503 if the database is unavailable.
    pub async fn memory_size(&self) -> Result<Size, Error> {
        self.memory.size().await
    }

    /// Forgets the look-ups of epochs that have ended.
    pub(super) fn forget_ended(&self) {
        self.memory.forget_ended();
    }

    /// Returns `None` for a row that cannot be decrypted; the directory has logged it.
    fn open_found(&self, row: &Found, epoch: Epoch) -> Option<Binding> {
        let pepper = self.directory.pepper(epoch);
        let sealed = self.sealer.open_bound_text(&row.address_index, &row.address).ok()?;
        Some(Binding {
            digests: sealed_lookup_forms(&sealed).map(|form| digest(form, pepper.as_str())).collect(),
            mxid: self.sealer.open_bound_mxid(&row.address_index, &row.mxid).ok()?,
        })
    }
}

/// A decrypted candidate.
struct Binding {
    digests: Vec<Digest>,
    mxid: OwnedUserId,
}

/// Returns the digests to find and the strings they came from. Anything that is not a digest
/// matches nothing.
fn digests<'a>(request: &'a LookupRequest<'_>) -> (Vec<Digest>, Vec<&'a str>) {
    let parse = |address: &str| match request.algorithm.as_ref() {
        // The server can read these, so every spelling of an address is found.
        NONE => Some(digest(&Address::from_lookup(address).ok()?.to_lookup(), &request.pepper)),
        _ => Digest::parse(address),
    };
    request.addresses.iter().filter_map(|address| Some((parse(address)?, address.as_ref()))).unzip()
}
