//! Looking up who has an address.

use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap};

use ruma_common::OwnedUserId;

use super::{Caller, Network, Vouch};
use crate::clock::{Millis, SECOND};
use crate::crypto::vault::Column;
use crate::error::Error;
use crate::identity::pepper::{Digest, Epoch, digest};
use crate::identity::threepid::{Address, sealed_lookup_forms};
use crate::store::bindings::{self, Found};

/// The algorithm that every server has.
pub const SHA256: &str = "sha256";
/// The algorithm that an operator may turn on: addresses in the clear.
pub const NONE: &str = "none";

/// How far the clocks of nodes may be apart.
const SKEW: Millis = 5 * SECOND;
/// Rows read in one statement: `SQLite` takes 32,766 variables.
const AT_ONCE: usize = 10_000;

/// The body of a look-up; its strings are borrowed from the request where they have no escapes.
pub struct LookupRequest<'a> {
    /// `sha256` or `none`.
    pub algorithm: Cow<'a, str>,
    /// The pepper the client hashed with.
    pub pepper: Cow<'a, str>,
    /// The hashes, or with `none`, `<address> <medium>`.
    pub addresses: Vec<Cow<'a, str>>,
}

impl Vouch {
    /// The pepper to hash with now.
    #[must_use]
    pub fn lookup_pepper(&self) -> String {
        self.peppers.pepper(self.peppers.current(self.clock.now())).as_str().to_owned()
    }

    /// The algorithms on offer.
    #[must_use]
    pub fn algorithms(&self) -> &'static [&'static str] {
        if self.config.lookup.plain { &[NONE, SHA256] } else { &[SHA256] }
    }

    /// Finds the Matrix IDs of those addresses that are bound; keys are as they were sent.
    ///
    /// # Errors
    /// 400 `M_INVALID_PARAM` for an unknown algorithm or too many addresses, 400 `M_INVALID_PEPPER`, 429 if it does not fit the budgets
    /// (and then nothing is charged), 503 while the directory is not ready.
    pub async fn lookup<'a>(
        &self,
        caller: &Caller,
        from: &Network,
        request: &'a LookupRequest<'_>,
    ) -> Result<BTreeMap<&'a str, OwnedUserId>, Error> {
        if !self.algorithms().contains(&request.algorithm.as_ref()) {
            return Err(Error::invalid("algorithm", "one of those in hash_details"));
        }
        if request.addresses.len() > self.config.lookup.max_addresses {
            return Err(Error::invalid("addresses", "fewer addresses"));
        }
        let epoch = self
            .accepted_epoch(&request.pepper)
            .ok_or_else(|| Error::invalid_pepper(&request.algorithm, &self.lookup_pepper()))?;
        if !self.directories.is_ready(&[epoch]) {
            return Err(Error::away());
        }
        let (digests, sent) = digests(request);
        self.charge(caller, from, epoch, &digests).await?;
        let candidates = self.directories.find_many(epoch, &digests).ok_or_else(Error::away)?;
        if candidates.is_empty() {
            return Ok(BTreeMap::new());
        }
        let mut ids: Vec<i64> = candidates.iter().map(|(_, id)| *id).collect();
        ids.sort_unstable();
        ids.dedup();
        let mut bound = HashMap::with_capacity(ids.len());
        for some in ids.chunks(AT_ONCE) {
            let rows = bindings::found(&mut self.store.read().await?, some.to_vec()).await?;
            bound.extend(rows.iter().filter_map(|row| Some((row.id, self.open_binding(row, epoch)?))));
        }
        // The directory keeps but a part of each digest: the whole one decides.
        let hit = |(index, id): &(usize, i64)| {
            let found = bound.get(id).filter(|bound| bound.digests.contains(&digests[*index]))?;
            Some((sent[*index], found.mxid.clone()))
        };
        Ok(candidates.iter().filter_map(hit).collect())
    }

    /// The epoch of a pepper that is good now, or that another node, whose clock is a little ahead, has named already.
    fn accepted_epoch(&self, pepper: &str) -> Option<Epoch> {
        let now = self.clock.now();
        self.peppers.accepted(now, pepper).or_else(|| self.peppers.accepted(now + SKEW, pepper))
    }

    /// Charges an answer that tells whether an address is bound, as one look-up of it.
    pub(super) async fn charge_as_lookup(&self, caller: &Caller, from: &Network, of: &Address) -> Result<(), Error> {
        let epoch = self.peppers.current(self.clock.now());
        self.charge(caller, from, epoch, &self.digests(of, epoch)[..1]).await
    }

    /// Charges what is new to the user, and remembers it.
    async fn charge(&self, caller: &Caller, from: &Network, epoch: Epoch, digests: &[Digest]) -> Result<(), Error> {
        let whose = caller.user_index.0;
        if !self.seen.knows(whose, epoch) {
            self.seen.own(whose, epoch, &self.own_digests(caller, epoch).await?);
        }
        let new = self.seen.new_ones(whose, epoch, digests);
        if new.count() > 0 {
            self.spend_lookup(caller, from, new.count()).await?;
            self.seen.remember(new);
        }
        Ok(())
    }

    /// The digests of the caller's own addresses, which cost nothing.
    async fn own_digests(&self, caller: &Caller, epoch: Epoch) -> Result<Vec<Digest>, Error> {
        let index = self.binding_user_index(&caller.mxid);
        let own = bindings::of_user(&mut self.store.read().await?, index.as_ref()).await?;
        let mut digests = Vec::new();
        for row in own {
            digests.extend(self.digests(&self.open_address(&row.address_index, &row.address)?, epoch));
        }
        Ok(digests)
    }

    /// Makes an address that was just bound one that costs its owner nothing.
    pub(super) fn see_own(&self, caller: &Caller, address: &Address) {
        let current = self.peppers.current(self.clock.now());
        for epoch in [current, current.previous()] {
            if self.seen.knows(caller.user_index.0, epoch) {
                self.seen.own(caller.user_index.0, epoch, &self.digests(address, epoch));
            }
        }
    }

    /// A row that does not open is no match; the directory's log tells the operator.
    fn open_binding(&self, row: &Found, epoch: Epoch) -> Option<Opened> {
        let pepper = self.peppers.pepper(epoch);
        let sealed = self.vault.open(Column::BindingAddress, &row.address_index, &row.address).ok()?;
        Some(Opened {
            digests: sealed_lookup_forms(&sealed).map(|form| digest(form, pepper.as_str())).collect(),
            mxid: self.open_bound_mxid(&row.address_index, &row.mxid).ok()?,
        })
    }
}

/// A binding as a look-up needs it.
struct Opened {
    digests: Vec<Digest>,
    mxid: OwnedUserId,
}

/// The digests asked for, and beside them what was sent. What is no digest matches nothing.
fn digests<'a>(request: &'a LookupRequest<'_>) -> (Vec<Digest>, Vec<&'a str>) {
    let parse = |address: &str| match request.algorithm.as_ref() {
        NONE => Some(digest(address, &request.pepper)),
        _ => Digest::parse(address),
    };
    request.addresses.iter().filter_map(|address| Some((parse(address)?, address.as_ref()))).unzip()
}
