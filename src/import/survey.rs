//! The content of another server's database, before it is compared with ours.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::clock::{DAY, Millis};

/// The number of examples of each kind that are reported.
pub const EXAMPLES: usize = 100;

/// The ages by which invitations are counted.
const AGES: [(&str, Millis); 4] =
    [("week", 7 * DAY), ("month", 30 * DAY), ("three months", 90 * DAY), ("year", 365 * DAY)];

/// A table.
#[derive(Debug, Serialize)]
pub struct TableRows {
    /// Its name.
    pub name: String,
    /// The number of its rows.
    pub rows: i64,
    /// A note on what is done with them.
    pub note: &'static str,
    /// True if they have a counterpart here, or are known not to need one.
    #[serde(skip)]
    pub is_known: bool,
}

/// The rows of one origin.
#[derive(Debug, Serialize)]
pub struct Origin {
    /// The server that they come from or are for.
    pub name: String,
    /// The number of them.
    pub rows: i64,
    /// A note on what is done with them.
    pub note: &'static str,
}

/// A number of rows, with some examples.
#[derive(Debug, Default, Serialize)]
pub struct Listed {
    /// The number of them.
    pub count: usize,
    /// The first of them, in words.
    pub some: Vec<String>,
}

impl Listed {
    /// Counts a row, and describes it if it is one of the first.
    pub fn add(&mut self, text: impl FnOnce() -> String) {
        self.count += 1;
        if self.some.len() < EXAMPLES {
            self.some.push(text());
        }
    }
}

/// The bindings.
#[derive(Debug, Default, Serialize)]
pub struct BindingSurvey {
    /// The rows that were read: all of them, or those that changed since the last run.
    pub rows_read: usize,
    /// The addresses that these are about.
    pub addresses: usize,
    /// Local rows that say that an address was unbound.
    pub tombstones: usize,
    /// Rows that have expired.
    pub expired: usize,
    /// Rows that are not valid yet.
    pub not_yet_valid: usize,
    /// Local rows that look-ups do not find, because a peer has unbound the address.
    pub unbound_by_peers: usize,
    /// Rows of an unknown kind of address.
    pub unknown_media: Listed,
    /// Rows whose address is not valid.
    pub malformed_addresses: Listed,
    /// Addresses whose newest row names no valid Matrix ID. They are not bound at all.
    pub malformed_users: usize,
    /// Addresses that are spelled in several ways.
    pub respelled: Listed,
    /// Addresses that were bound to several users.
    pub several_users: Listed,
    /// Addresses that are bound to several users, without evidence of who is right. They are left
    /// out.
    pub contested: Listed,
    /// Rows of users who no longer exist, or who belong to another homeserver.
    pub strangers: usize,
    /// Rows for other identity servers.
    pub elsewhere: usize,
}

/// The pending invitations.
#[derive(Debug, Default, Serialize)]
pub struct InviteSurvey {
    /// The number that are pending.
    pub pending: usize,
    /// The number that were handed to a homeserver.
    pub handed_over: usize,
    /// The number that were not accepted by their homeserver (ma1sd).
    pub undelivered: usize,
    /// The number that are too old (Tchap).
    pub expired: usize,
    /// The number that have an address, room, sender or token that is not valid.
    pub malformed: usize,
    /// The pending ones by their age.
    pub by_age: BTreeMap<&'static str, usize>,
}

/// The content of a database. The numbers of things that a server does not have are zero.
#[derive(Debug, Default, Serialize)]
pub struct Survey {
    /// The tables.
    pub tables: Vec<TableRows>,
    /// The bindings by the server that they come from or are for.
    pub origins: Vec<Origin>,
    /// The bindings.
    pub bindings: BindingSurvey,
    /// The pending invitations.
    pub invitations: InviteSurvey,
    /// Accounts whose Matrix ID is not valid.
    pub malformed_accounts: usize,
    /// Tokens that are not valid, or whose Matrix ID is not.
    pub malformed_tokens: usize,
    /// Accepted terms whose Matrix ID is not valid.
    pub malformed_consents: usize,
    /// Public keys that are not valid.
    pub malformed_keys: usize,
    /// Validation sessions that are still usable, and will be lost.
    pub sessions_lost: i64,
    /// Access tokens that work now, and will be lost, since they expire soon (ma1sd).
    pub tokens_lost: usize,
    /// The peers with which the server replicates.
    pub active_peers: Vec<String>,
    /// Rows that are dated in the future and that no earlier run has seen.
    pub dated_ahead: usize,
}

impl Survey {
    /// Returns the tables with rows that have no counterpart.
    pub fn unknown_tables(&self) -> impl Iterator<Item = &TableRows> {
        self.tables.iter().filter(|table| table.rows > 0 && !table.is_known)
    }
}

impl TableRows {
    /// Describes a table, with its note in the list of known tables.
    #[must_use]
    pub fn new(name: String, rows: i64, known: &[(&'static str, &'static str)]) -> Self {
        let note = known.iter().find(|(table, _)| *table == name).map(|(_, note)| *note);
        Self { name, rows, note: note.unwrap_or("NOT IMPORTED: there is no counterpart"), is_known: note.is_some() }
    }
}

impl InviteSurvey {
    /// Counts a pending invitation by its age.
    pub fn count(&mut self, age: Millis) {
        let age = AGES.iter().find(|(_, longest)| age <= *longest).map_or("more", |(name, _)| *name);
        *self.by_age.entry(age).or_default() += 1;
        self.pending += 1;
    }
}
