//! The content of a Sydent's database, before it is compared with ours.

use std::hash::RandomState;

use super::age::Horizon;
use super::plan::{Decided, Examples, Plan, ROWS_PER_PART};
use super::rows::{Event, Numbered, RawBinding, Reference, Table, Unusable};
use super::source::{Selection, Source};
use crate::clock::{DAY, Millis};
use crate::import::opening::SourceError;
use crate::import::survey::{BindingSurvey, InviteSurvey, Listed, Origin, Survey, TableRows};

/// The tables of a Sydent, each with a note on what is done with it.
const TABLES: [(&str, &str); 13] = [
    ("local_threepid_associations", "imported"),
    ("global_threepid_associations", "imported"),
    ("accounts", "imported"),
    ("tokens", "imported"),
    ("accepted_terms_urls", "imported, as history"),
    ("invite_tokens", "imported, if pending"),
    ("ephemeral_public_keys", "imported"),
    ("threepid_validation_sessions", "not imported: people have to prove their address again"),
    ("threepid_token_auths", "not imported: codes of these sessions"),
    ("peers", "not imported: there is no replication"),
    ("peer_pubkeys", "not imported: there is no replication"),
    ("hashing_metadata", "not imported: peppers are derived here"),
    ("sydent_schema_version", "not imported"),
];

/// The content of the database, and the rows that count.
pub struct Found {
    /// The survey of the database.
    pub survey: Survey,
    /// The rows of bindings that count.
    pub winners: Vec<Reference>,
    /// The greatest local id that was read.
    pub last_local: i64,
}

impl Found {
    /// Reads a database, and calls `tick` with the number of rows read each time.
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
        let mut tables = Vec::new();
        for name in source.tables().to_vec() {
            tables.push(TableRows::new(name.clone(), source.count(&name)?, &TABLES));
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
        let survey = Survey {
            tables,
            origins: origins(source, select.with_peers)?,
            bindings: counts,
            invitations: invites(source, now)?,
            malformed_accounts: accounts,
            malformed_tokens: tokens,
            malformed_consents: malformed(Source::consents, source, |row| row.parse().is_some())?,
            malformed_keys: malformed(Source::keys, source, |row| row.parse().is_some())?,
            sessions_lost: source.sessions_since(now - DAY)?,
            tokens_lost: 0,
            active_peers: source.active_peers()?,
            dated_ahead: horizon.new.len(),
        };
        Ok(Self { survey, winners: decided.winners, last_local })
    }
}

/// Reads the bindings.
struct Scan<'a> {
    select: Selection,
    horizon: &'a mut Horizon,
    counts: BindingSurvey,
    last_local: i64,
    /// The first local row that is not valid yet. It is read again next time.
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

fn origins(source: &mut Source, with_peers: bool) -> Result<Vec<Origin>, SourceError> {
    let theirs = source.server_name.clone();
    let note = |name: &String| match with_peers {
        _ if Some(name) == theirs.as_ref() => "its own",
        true => "from a peer, taken",
        false => "from a peer, left out",
    };
    Ok(source.origins()?.into_iter().map(|(name, rows)| Origin { note: note(&name), name, rows }).collect())
}

fn listed(source: &mut Source, examples: &Examples) -> Result<Listed, SourceError> {
    let mut listed = Listed { count: examples.count, some: Vec::new() };
    for (winner, loser) in &examples.some {
        listed.some.push(format!("{} (not {})", source.describe(*winner)?, source.describe(*loser)?));
    }
    Ok(listed)
}

/// Returns the number of rows of a table that are not valid.
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
                survey.count(now.saturating_sub(invite.received_at));
            } else {
                survey.malformed += 1;
            }
        }
    }
}
