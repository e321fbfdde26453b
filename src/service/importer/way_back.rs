//! The state of addresses here, for a way back to the other server.

use ruma_common::OwnedUserId;
use serde_json::json;

use super::bindings::{PreparedBinding, decide, here};
use super::{Importer, Outcome, Seen};
use crate::clock::Millis;
use crate::error::Error;
use crate::identity::threepid::Address;
use crate::service::audit::{Act, Entry, Origin};
use crate::store::{self, bindings};

/// The number of bindings that are read at once.
const PAGE: i64 = 5_000;

/// The state of an address here, compared with the other server's newest event about it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Standing {
    /// The same as there.
    Same,
    /// The state before that event, which was not imported.
    Before,
    /// It was bound here later.
    Bound {
        /// The user.
        user: OwnedUserId,
        /// The time since which it has been bound.
        at: Millis,
    },
    /// It was removed here later, or its owner objects.
    Unbound,
}

/// A binding that was made here.
#[derive(Clone, Debug)]
pub struct MadeHere {
    /// The address.
    pub address: Address,
    /// The user.
    pub user: OwnedUserId,
    /// The time when it was bound.
    pub at: Millis,
}

impl Importer {
    /// Returns the state of the addresses of these events here.
    ///
    /// # Errors
    /// 503 if the database is unavailable.
    pub async fn standing(&self, rows: &[PreparedBinding], seen: &mut Seen) -> Result<Vec<Standing>, Error> {
        let mut conn = self.store.read_much().await?;
        let mut standings = Vec::new();
        for (row, here) in rows.iter().zip(here(&mut conn, rows).await?) {
            seen.note(&row.index);
            standings.push(match decide(row.user_index.is_some(), row.at, here) {
                Outcome::Unchanged | Outcome::NothingToRemove => Standing::Same,
                Outcome::NewerHere | Outcome::RemovedHere | Outcome::Objected if here.bound.is_some() => {
                    match bindings::by_address(&mut conn, &row.index).await? {
                        Some(bound) => Standing::Bound {
                            user: self.sealer.open_bound_mxid(&bound.address_index, &bound.mxid)?,
                            at: bound.bound_at,
                        },
                        None => Standing::Unbound,
                    }
                }
                Outcome::RemovedHere | Outcome::Objected => Standing::Unbound,
                _ => Standing::Before,
            });
        }
        Ok(standings)
    }

    /// Returns the bindings of all addresses except for those that were seen.
    ///
    /// # Errors
    /// 503 if the database is unavailable.
    pub async fn bound_besides(&self, seen: &mut Seen) -> Result<Vec<MadeHere>, Error> {
        let (mut after, mut made) = (0, Vec::new());
        loop {
            let mut conn = self.store.read_much().await?;
            let page = bindings::page(&mut conn, after, PAGE).await?;
            let Some(last) = page.last() else { return Ok(made) };
            after = last.id;
            let indexes = page.into_iter().map(|row| row.address_index);
            let others: Vec<_> = indexes.filter(|index| !seen.contains(index)).collect();
            for row in bindings::of_addresses(&mut conn, &others).await? {
                made.push(MadeHere {
                    address: self.sealer.open_bound_address(&row.address_index, &row.address)?,
                    user: self.sealer.open_bound_mxid(&row.address_index, &row.mxid)?,
                    at: row.bound_at,
                });
            }
        }
    }

    /// Records that addresses were revealed for a way back.
    ///
    /// # Errors
    /// 503 if the database is unavailable.
    pub async fn note_way_back(&self, rows: usize) -> Result<(), Error> {
        let audit = self.audit.clone();
        let noted = self.store.write(async move |conn| {
            let detail = json!({ "state": "way_back", "rows": rows });
            audit.note(conn, Entry::new(Act::Import, Origin::Command).detail(detail)).await
        });
        Ok(noted.await.map_err(|error: store::Error| error)?)
    }
}
