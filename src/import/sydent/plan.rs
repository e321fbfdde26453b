//! Finds the row that counts for each address: the newest.
//!
//! Rows are compared by keyed hashes, of which a few million fit into memory. A larger database is
//! divided into parts, and the addresses of one part are compared at a time.

use std::collections::hash_map::RandomState;
use std::hash::BuildHasher;

use super::rows::{Event, RawBinding, Reference, Table, What};
use crate::clock::Millis;
use crate::import::survey::EXAMPLES;

/// The number of rows that are compared at once, at 48 bytes each.
pub const ROWS_PER_PART: i64 = 3_000_000;

/// The part of a row that is compared.
#[derive(Clone, Copy, Debug)]
struct Seen {
    key: [u64; 2],
    at: Millis,
    id: i64,
    spelling: u32,
    user: u32,
    table: Table,
    rank: Rank,
}

/// The rank among rows of the same time: the greatest counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Rank {
    Unlisted,
    BoundToNobody,
    Bound,
    Unbound,
}

/// Collects rows, and decides between those about the same address.
pub struct Plan {
    hashers: [RandomState; 2],
    part: u64,
    parts: u64,
    seen: Vec<Seen>,
}

/// The rows that count.
#[derive(Debug, Default)]
pub struct Decided {
    /// One row for each address, ordered by table and id.
    pub winners: Vec<Reference>,
    /// The number of them that bind the address to something other than a Matrix ID.
    pub bound_to_nobody: usize,
    /// Addresses that are spelled in several ways: the row that counts, and one that does not.
    pub respelled: Examples,
    /// Addresses that were bound to several users, in the same way.
    pub moved: Examples,
}

/// A number of addresses, with some examples.
#[derive(Debug, Default)]
pub struct Examples {
    /// The number of them.
    pub count: usize,
    /// The first of them.
    pub some: Vec<(Reference, Reference)>,
}

impl Examples {
    fn add(&mut self, winner: Reference, loser: Reference) {
        self.count += 1;
        if self.some.len() < EXAMPLES {
            self.some.push((winner, loser));
        }
    }

    fn extend(&mut self, other: Self) {
        self.count += other.count;
        self.some.extend(other.some);
        self.some.truncate(EXAMPLES);
    }
}

impl Decided {
    /// Adds the decisions about another part.
    pub fn extend(&mut self, other: Self) {
        self.winners.extend(other.winners);
        self.bound_to_nobody += other.bound_to_nobody;
        self.respelled.extend(other.respelled);
        self.moved.extend(other.moved);
    }
}

impl Plan {
    /// Creates a plan for one of several parts.
    #[must_use]
    pub fn new(hashers: [RandomState; 2], part: u64, parts: u64) -> Self {
        Self { hashers, part, parts, seen: Vec::new() }
    }

    /// Adds a row, if it is about an address in this part.
    pub fn add(&mut self, table: Table, raw: &RawBinding, event: &Event) {
        let address = (event.address.medium(), event.address.as_str());
        let key = [self.hashers[0].hash_one(address), self.hashers[1].hash_one(address)];
        if key[0] % self.parts != self.part {
            return;
        }
        let (rank, user) = match &event.what {
            What::Unlisted => (Rank::Unlisted, 0),
            What::BoundToNobody => (Rank::BoundToNobody, 0),
            What::Unbound => (Rank::Unbound, 0),
            What::Bound(user) => (Rank::Bound, half(self.hashers[0].hash_one(user.as_str())) | 1),
        };
        let spelling = half(self.hashers[1].hash_one(raw.spelling()));
        self.seen.push(Seen { key, at: event.at, id: raw.id, spelling, user, table, rank });
    }

    /// Decides which rows count.
    #[must_use]
    pub fn decide(mut self) -> Decided {
        self.seen.sort_unstable_by_key(|seen| (seen.key, seen.at, seen.rank, seen.table, seen.id));
        let mut decided = Decided::default();
        for same in self.seen.chunk_by(|one, other| one.key == other.key) {
            let Some((winner, others)) = same.split_last() else { continue };
            let reference = |seen: &Seen| Reference { table: seen.table, id: seen.id };
            decided.winners.push(reference(winner));
            decided.bound_to_nobody += usize::from(winner.rank == Rank::BoundToNobody);
            if let Some(other) = others.iter().rfind(|seen| seen.spelling != winner.spelling) {
                decided.respelled.add(reference(winner), reference(other));
            } else if let Some(other) =
                others.iter().rfind(|seen| seen.user != 0 && winner.user != 0 && seen.user != winner.user)
            {
                decided.moved.add(reference(winner), reference(other));
            }
        }
        decided.winners.sort_unstable_by_key(|row| (row.table, row.id));
        decided
    }
}

/// Returns the upper half of a hash.
fn half(hash: u64) -> u32 {
    u32::try_from(hash >> 32).unwrap_or_default()
}
