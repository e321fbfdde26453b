//! What a Sydent's database contains, before it is compared with ours.

use std::collections::BTreeMap;
use std::hash::RandomState;

use serde::Serialize;

use super::age::Horizon;
use super::plan::{Decided, EXAMPLES, Examples, Plan, ROWS_PER_PART};
use super::rows::{Event, Numbered, RawBinding, Reference, Table, Unusable};
use super::source::{Selection, Source, SourceError};
use crate::clock::{DAY, Millis};

/// The tables of a Sydent, and what becomes of them.
const TABLES: [(&str, &str); 13] = [
    ("local_threepid_associations", "imported"),
    ("global_threepid_associations", "imported"),
    ("accounts", "imported"),
    ("tokens", "imported"),
    ("accepted_terms_urls", "imported, as history"),
    ("invite_tokens", "imported, if pending"),
    ("ephemeral_public_keys", "imported"),
    ("threepid_validation_sessions", "not imported: people prove their address again"),
    ("threepid_token_auths", "not imported: codes of these sessions"),
    ("peers", "not imported: there is no replication"),
    ("peer_pubkeys", "not imported: there is no replication"),
    ("hashing_metadata", "not imported: peppers are derived here"),
    ("sydent_schema_version", "not imported"),
];

/// A table.
#[derive(Debug, Serialize)]
pub struct TableRows {
    /// Its name.
    pub name: String,
    /// How many rows it has.
    pub rows: i64,
    /// What becomes of them.
    pub note: &'static str,
}

/// Rows of which some are shown.
#[derive(Debug, Default, Serialize)]
pub struct Listed {
    /// How many there are.
    pub count: usize,
    /// The first of them, in words.
    pub some: Vec<String>,
}

impl Listed {
    pub(super) fn add(&mut self, text: impl FnOnce() -> String) {
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
    /// Rows whose time is over.
    pub expired: usize,
    /// Rows whose time has not come.
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
}

/// The pending invitations.
#[derive(Debug, Default, Serialize)]
pub struct InviteSurvey {
    /// How many are pending.
    pub pending: usize,
    /// How many were handed to a homeserver.
    pub handed_over: usize,
    /// How many are too old (Tchap).
    pub expired: usize,
    /// How many have an address, room, sender or token that is not valid.
    pub malformed: usize,
    /// The pending ones by their age.
    pub by_age: BTreeMap<&'static str, usize>,
}

/// What a database contains.
#[derive(Debug, Serialize)]
pub struct Survey {
    /// The tables.
    pub tables: Vec<TableRows>,
    /// Bindings by the server that they come from.
    pub origins: BTreeMap<String, i64>,
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
    /// The peers with which the server replicates.
    pub active_peers: Vec<String>,
    /// The rows of bindings that count.
    #[serde(skip)]
    pub winners: Vec<Reference>,
    /// Rows that are dated in the future, and that no earlier run has seen.
    pub dated_ahead: usize,
    /// How far the bindings were read.
    #[serde(skip)]
    pub last_local: i64,
}

impl Survey {
    /// Reads a database. `tick` is called with the number of rows as they are read.
    ///
    /// # Errors
    /// [`SourceError`] if it cannot be read.
    pub fn of(
        source: &mut Source,
        select: Selection,
        horizon: &mut Horizon,
        tick: &dyn Fn(usize),
    ) -> Result<Self, SourceError> {
        let now = horizon.now;
        let known = |name: &str| TABLES.iter().find(|(table, _)| *table == name).map(|(_, note)| *note);
        let mut tables = Vec::new();
        for name in source.tables().to_vec() {
            let note = known(&name).unwrap_or("NOT IMPORTED: there is no counterpart");
            tables.push(TableRows { rows: source.count(&name)?, name, note });
        }
        let mut scan =
            Scan { select, horizon, counts: BindingSurvey::default(), last_local: select.since, first_early: None };
        let decided = scan.decide(source, tick)?;
        let Scan { mut counts, last_local, .. } = scan;
        counts.addresses = decided.winners.len();
        counts.malformed_users = decided.bound_to_nobody;
        counts.respelled = listed(source, &decided.respelled)?;
        counts.several_users = listed(source, &decided.moved)?;
        let (accounts, tokens) = (
            malformed(Source::accounts, source, |row| row.parse(now).is_some())?,
            malformed(Source::tokens, source, |row| row.parse(now).is_some())?,
        );
        Ok(Self {
            tables,
            origins: source.origins()?.into_iter().collect(),
            bindings: counts,
            invitations: invites(source, now)?,
            malformed_accounts: accounts,
            malformed_tokens: tokens,
            malformed_consents: malformed(Source::consents, source, |row| row.parse().is_some())?,
            malformed_keys: malformed(Source::keys, source, |row| row.parse().is_some())?,
            sessions_lost: source.sessions_since(now - DAY)?,
            active_peers: source.active_peers()?,
            winners: decided.winners,
            dated_ahead: horizon.new.len(),
            last_local,
        })
    }

    /// Returns the tables with rows that have no counterpart.
    pub fn unknown_tables(&self) -> impl Iterator<Item = &TableRows> {
        self.tables.iter().filter(|table| table.rows > 0 && TABLES.iter().all(|(name, _)| *name != table.name))
    }
}

/// Reads the bindings.
struct Scan<'a> {
    select: Selection,
    horizon: &'a mut Horizon,
    counts: BindingSurvey,
    last_local: i64,
    /// The first local row whose time has not come: it is read again.
    first_early: Option<i64>,
}

impl Scan<'_> {
    fn decide(&mut self, source: &mut Source, tick: &dyn Fn(usize)) -> Result<Decided, SourceError> {
        let rows = source.count("local_threepid_associations")? + source.count("global_threepid_associations")?;
        let parts = u64::try_from(rows / ROWS_PER_PART + 1).unwrap_or(1);
        let (mut decided, hashers) = (Decided::default(), [RandomState::new(), RandomState::new()]);
        for part in 0..parts {
            let mut plan = Plan::new(hashers.clone(), part, parts);
            for table in [Table::Local, Table::Global] {
                self.read(source, table, part == 0, tick, &mut plan)?;
            }
            decided.extend(plan.decide());
        }
        decided.winners.sort_unstable_by_key(|row| (row.table, row.id));
        if let Some(early) = self.first_early {
            self.last_local = self.last_local.min(early - 1);
        }
        Ok(decided)
    }

    fn read(
        &mut self,
        source: &mut Source,
        table: Table,
        is_counted: bool,
        tick: &dyn Fn(usize),
        plan: &mut Plan,
    ) -> Result<(), SourceError> {
        let mut after = 0;
        loop {
            let page = source.bindings(table, after, self.select)?;
            let Some(last) = page.last() else { return Ok(()) };
            after = last.id;
            for raw in &page {
                let at = self.horizon.discover(Reference { table, id: raw.id }, raw);
                let event = raw.event(self.horizon.now, at);
                if let Ok(event) = &event {
                    plan.add(table, raw, event);
                }
                if is_counted {
                    self.count(table, raw, event.as_ref());
                }
            }
            if is_counted {
                tick(page.len());
            }
        }
    }

    fn count(&mut self, table: Table, raw: &RawBinding, event: Result<&Event, &Unusable>) {
        let counts = &mut self.counts;
        let described = || format!("{}: {raw}", Reference { table, id: raw.id });
        counts.rows_read += 1;
        counts.tombstones += usize::from(raw.is_tombstone());
        if table == Table::Local {
            self.last_local = self.last_local.max(raw.id);
        }
        match event {
            Ok(event) => counts.unbound_by_peers += usize::from(event.what == super::rows::What::Unlisted),
            Err(Unusable::Medium) => counts.unknown_media.add(described),
            Err(Unusable::Address) => counts.malformed_addresses.add(described),
            Err(Unusable::Expired) => counts.expired += 1,
            Err(Unusable::NotYet) => {
                counts.not_yet_valid += 1;
                if table == Table::Local {
                    self.first_early = Some(self.first_early.map_or(raw.id, |first| first.min(raw.id)));
                }
            }
        }
    }
}

fn listed(source: &mut Source, examples: &Examples) -> Result<Listed, SourceError> {
    let mut listed = Listed { count: examples.count, some: Vec::new() };
    for (winner, loser) in &examples.some {
        listed.some.push(format!("{} (not {})", source.describe(*winner)?, source.describe(*loser)?));
    }
    Ok(listed)
}

/// Returns how many rows of a table are not valid.
fn malformed<T: Numbered>(
    read: impl Fn(&mut Source, i64) -> Result<Vec<T>, SourceError>,
    source: &mut Source,
    is_valid: impl Fn(&T) -> bool,
) -> Result<usize, SourceError> {
    let (mut after, mut count) = (0, 0);
    loop {
        let page = read(source, after)?;
        let Some(last) = page.last() else { return Ok(count) };
        after = last.id();
        count += page.iter().filter(|row| !is_valid(row)).count();
    }
}

fn invites(source: &mut Source, now: Millis) -> Result<InviteSurvey, SourceError> {
    const AGES: [(&str, Millis); 4] =
        [("week", 7 * DAY), ("month", 30 * DAY), ("three months", 90 * DAY), ("year", 365 * DAY)];
    let (mut after, mut survey) = (0, InviteSurvey::default());
    loop {
        let page = source.invites(after)?;
        let Some(last) = page.last() else { return Ok(survey) };
        after = last.id;
        for row in page {
            if row.is_sent() {
                survey.handed_over += 1;
            } else if row.is_expired(now) {
                survey.expired += 1;
            } else if let Some(invite) = row.parse() {
                let age = now.saturating_sub(invite.received_at);
                let age = AGES.iter().find(|(_, longest)| age <= *longest).map_or("more", |(name, _)| *name);
                *survey.by_age.entry(age).or_default() += 1;
                survey.pending += 1;
            } else {
                survey.malformed += 1;
            }
        }
    }
}
