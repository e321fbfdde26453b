//! The times since which the users of homeservers have been known.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use ruma_common::UserId;

use super::RateLimits;
use crate::clock::{DAY, Millis, is_recent};
use crate::crypto::vault::BlindIndex;
use crate::error::Error;
use crate::identity::homeserver_group;
use crate::identity::rate_limit::rules::Homeserver;
use crate::store::homeservers;

/// The number of homeservers that a node remembers. Others are read again.
const MOST: usize = 10_000;

/// The times that this node has read or written in the last day.
#[derive(Default)]
pub(super) struct Homeservers(Mutex<HashMap<BlindIndex, Seen>>);

#[derive(Clone, Copy)]
struct Seen {
    /// The time when the first user was seen.
    since: Millis,
    /// The time when this was read.
    read_at: Millis,
}

impl Homeservers {
    fn get(&self, index: &BlindIndex, now: Millis) -> Option<Millis> {
        let seen = *self.0.lock().unwrap_or_else(PoisonError::into_inner).get(index)?;
        is_recent(seen.read_at, DAY, now).then_some(seen.since)
    }

    fn put(&self, index: BlindIndex, seen: Seen) {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if all.len() >= MOST {
            all.clear();
        }
        all.insert(index, seen);
    }
}

impl RateLimits {
    /// Returns the homeserver of a user who registered then, or `None` if the operator trusts it.
    /// Records at most once a day and node that it was seen.
    pub(in crate::service) async fn homeserver(
        &self,
        mxid: &UserId,
        since: Millis,
    ) -> Result<Option<Homeserver>, Error> {
        let name = mxid.server_name();
        if self.budgets.trusted_homeservers.iter().any(|trusted| trusted == name) {
            return Ok(None);
        }
        let group = homeserver_group::of(name.host());
        let (index, now) = (self.sealer.homeserver_index(&group), self.clock.now());
        // A domain is at least as old as the accounts on it, even if it was forgotten in the
        // meantime.
        if let Some(since) = self.homeservers.get(&index, now).filter(|known| *known <= since) {
            return Ok(Some(Homeserver { group, since }));
        }
        let since =
            self.store.write_one(async move |conn| homeservers::see(conn, index.as_ref(), since, now).await).await?;
        self.homeservers.put(index, Seen { since, read_at: now });
        Ok(Some(Homeserver { group, since }))
    }
}
