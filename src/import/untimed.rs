//! Bindings without a known time.
//!
//! They count as older than everything else known about an address, here or from another source.
//! They are added if nothing is known, but neither replace nor restore anything. Nothing can decide
//! between two of them, so addresses of several users are left out.

use std::collections::HashMap;
use std::hash::{BuildHasher, RandomState};

use ruma_common::OwnedUserId;
use tokio::task::spawn_blocking;

use super::database::{Database, Pages, Row};
use super::survey::BindingSurvey;
use super::values::shown;
use super::{BATCH, ImportError, Target};
use crate::error::Error;
use crate::identity::threepid::{Address, Medium};
use crate::service::{BindingSource, ImportedBinding, Seen};

/// The columns of a row: `medium`, `address` and the Matrix ID, in this order.
const MEDIUM: usize = 0;
const ADDRESS: usize = 1;
const USER: usize = 2;

/// The facts about an address. A few million fit into memory, at 48 bytes each.
struct Claim {
    user: u64,
    spelling: u64,
    is_respelled: bool,
    is_contested: bool,
    is_taken: bool,
}

/// Collects rows, and decides which of them count.
#[derive(Default)]
pub struct Untimed {
    hashers: [RandomState; 2],
    claims: HashMap<[u64; 2], Claim>,
}

/// The reason why a row binds nothing.
enum Unusable {
    Medium,
    Address,
    User,
}

impl Untimed {
    /// Adds a row, and counts it.
    pub fn add(&mut self, row: &Row, counts: &mut BindingSurvey) {
        counts.rows_read += 1;
        let described = || format!("{} bound to {}", shown(row.bytes(ADDRESS)), shown(row.bytes(USER)));
        let (address, user) = match parse(row) {
            Ok(parsed) => parsed,
            Err(Unusable::Medium) => return counts.unknown_media.add(described),
            Err(Unusable::Address) => return counts.malformed_addresses.add(described),
            Err(Unusable::User) => return counts.malformed_users += 1,
        };
        let (user, spelling) = (self.hash(user.as_str()), self.hash(row.bytes(ADDRESS).unwrap_or_default()));
        let key = self.key(&address);
        let Some(claim) = self.claims.get_mut(&key) else {
            let claim = Claim { user, spelling, is_respelled: false, is_contested: false, is_taken: false };
            self.claims.insert(key, claim);
            counts.addresses += 1;
            return;
        };
        if claim.user != user && !claim.is_contested {
            claim.is_contested = true;
            counts.contested.add(|| format!("{}, and to another user", described()));
        }
        if claim.spelling != spelling && !claim.is_respelled {
            claim.is_respelled = true;
            counts.respelled.add(|| format!("{} is {}", shown(row.bytes(ADDRESS)), address.as_str()));
        }
    }

    /// Returns the binding to import for a row that was added, once for each address.
    pub fn take(&mut self, row: &Row, source: BindingSource) -> Option<ImportedBinding> {
        let (address, user) = parse(row).ok()?;
        let (key, hash) = (self.key(&address), self.hash(user.as_str()));
        // A row that was added or changed meanwhile is left to the next run.
        let claim = self.claims.get_mut(&key)?;
        if claim.is_contested || claim.is_taken || claim.user != hash {
            return None;
        }
        claim.is_taken = true;
        Some(ImportedBinding { address, user: Some(user), at: 0, source })
    }

    fn key(&self, address: &Address) -> [u64; 2] {
        let address = (address.medium(), address.as_str());
        [self.hashers[0].hash_one(address), self.hashers[1].hash_one(address)]
    }

    fn hash(&self, value: impl std::hash::Hash) -> u64 {
        self.hashers[0].hash_one(value)
    }
}

fn parse(row: &Row) -> Result<(Address, OwnedUserId), Unusable> {
    let medium = row.text(MEDIUM).and_then(Medium::parse).ok_or(Unusable::Medium)?;
    let address = row.text(ADDRESS).ok_or(Unusable::Address)?;
    let address = Address::parse(medium, address).map_err(|_| Unusable::Address)?;
    Ok((address, row.user_id(USER).ok_or(Unusable::User)?))
}

/// Imports the rows that count, and returns those that were seen. In a repetition, only its changes
/// are reported.
///
/// # Errors
/// [`ImportError`]
pub(super) async fn import(
    target: &mut Target<'_>,
    database: &mut Database,
    mut pages: Pages,
    claims: &mut Untimed,
    source: BindingSource,
    is_repeated: bool,
) -> Result<Seen, ImportError> {
    let mut seen = Seen::default();
    target.progress.begin("bindings", claims.claims.len());
    claims.claims.values_mut().for_each(|claim| claim.is_taken = false);
    while let Some(page) = pages.next(database).await? {
        for some in page.chunks(BATCH) {
            let bindings: Vec<_> = some.iter().filter_map(|row| claims.take(row, source)).collect();
            let (importer, mode) = (target.importer.clone(), target.mode);
            let prepared = spawn_blocking(move || importer.prepare(bindings, mode)).await;
            let prepared = prepared.map_err(|_| Error::internal())?;
            let outcomes = target.importer.bindings(prepared, mode, &mut seen).await?;
            target.progress.tick(outcomes.len());
            let reported = outcomes.into_iter().filter(|outcome| !is_repeated || outcome.is_change());
            target.report.add("bindings", reported);
        }
    }
    Ok(seen)
}
