//! Look-ups: which Matrix IDs addresses are bound to.

use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use ruma_common::OwnedUserId;

use super::sealing::Sealer;
use super::{Caller, Directory, Network, RateLimits};
use crate::config;
use crate::error::Error;
use crate::identity::pepper::{Digest, Epoch, digest};
use crate::identity::recent_lookups::RecentLookups;
use crate::identity::threepid::{Address, sealed_lookup_forms};
use crate::store::Store;
use crate::store::bindings::{self as rows, Found};

/// The algorithm every server supports.
pub const SHA256: &str = "sha256";
/// Unhashed addresses, which an operator may enable.
pub const NONE: &str = "none";

/// Recent look-ups are kept up to twice this number, at some 10 bytes each.
const RECENT_LOOKUPS: usize = 20_000_000;
/// Rows per query: `SQLite` allows 32,766 variables.
const ROWS_AT_ONCE: usize = 10_000;

/// The body of a look-up. Strings without escapes are borrowed from the request.
pub struct LookupRequest<'a> {
    /// `sha256` or `none`.
    pub algorithm: Cow<'a, str>,
    /// The pepper the client hashed with.
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
    recent: RecentLookups,
    settings: config::Lookup,
}

impl Lookups {
    pub(super) fn new(
        store: Store,
        sealer: Sealer,
        directory: Arc<Directory>,
        rate_limits: Arc<RateLimits>,
        settings: config::Lookup,
    ) -> Self {
        Self { store, sealer, directory, rate_limits, recent: RecentLookups::new(RECENT_LOOKUPS), settings }
    }

    /// Returns the pepper to hash with now.
    #[must_use]
    pub fn pepper(&self) -> String {
        self.directory.pepper(self.directory.current_epoch()).as_str().to_owned()
    }

    /// Returns the supported algorithms.
    #[must_use]
    pub fn algorithms(&self) -> &'static [&'static str] {
        if self.settings.plain { &[NONE, SHA256] } else { &[SHA256] }
    }

    /// Returns how many addresses one look-up may have.
    #[must_use]
    pub const fn max_addresses(&self) -> usize {
        self.settings.max_addresses
    }

    /// Returns the Matrix IDs of those addresses that are bound, keyed by the strings sent.
    ///
    /// # Errors
    /// 400 `M_INVALID_PARAM` for an unknown algorithm or too many addresses, 400
    /// `M_INVALID_PEPPER`, 429 if a rate limit is exceeded (then nothing is charged), 503 while the
    /// directory is not ready.
    pub async fn find<'a>(
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
        // The directory stores only a part of each digest, so the whole one is compared here.
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

    /// Charges for addresses this user has not looked up during this epoch.
    async fn charge(&self, caller: &Caller, from: &Network, epoch: Epoch, digests: &[Digest]) -> Result<(), Error> {
        let whose = caller.user_index;
        if !self.recent.knows(whose, epoch) {
            self.recent.add_own(whose, epoch, &self.own_digests(caller, epoch).await?);
        }
        let new = self.recent.new_lookups(whose, epoch, digests);
        if new.count() > 0 {
            self.rate_limits.charge_lookup(caller, from, new.count()).await?;
            self.recent.add(new);
        }
        Ok(())
    }

    /// Returns the digests of the caller's own addresses, which are free.
    async fn own_digests(&self, caller: &Caller, epoch: Epoch) -> Result<Vec<Digest>, Error> {
        let index = self.sealer.binding_user_index(&caller.mxid);
        let own = rows::of_user(&mut self.store.read().await?, index.as_ref()).await?;
        let mut digests = Vec::new();
        for row in own {
            digests.extend(
                self.directory.digests(&self.sealer.open_bound_address(&row.address_index, &row.address)?, epoch),
            );
        }
        Ok(digests)
    }

    /// Makes look-ups of a newly bound address free for its owner.
    pub(super) fn see_own(&self, caller: &Caller, address: &Address) {
        let current = self.directory.current_epoch();
        for epoch in [current, current.previous()] {
            if self.recent.knows(caller.user_index, epoch) {
                self.recent.add_own(caller.user_index, epoch, &self.directory.digests(address, epoch));
            }
        }
    }

    /// Forgets the look-ups of epochs that have ended.
    pub(super) fn forget_ended(&self) {
        self.recent.forget_before(self.directory.current_epoch().previous());
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
