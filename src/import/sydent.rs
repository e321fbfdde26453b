//! Moving in from a Sydent.
//!
//! Its database is read twice: first to decide which rows count and what would be lost, then to
//! import them. A later run reads only new local rows, which have greater ids, and all rows from
//! peers, because removals of these leave no trace.

pub mod age;
mod batches;
mod checks;
mod converting;
pub mod plan;
pub mod rows;
pub mod settings;
pub mod source;
pub mod survey;
pub mod way_back;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use tokio::sync::mpsc::{Receiver, channel};
use tokio::task::spawn_blocking;

use super::opening::SourceError;
use super::pace::Pace;
use super::report::{Done, KeyCheck, Report};
use super::{Accepted, Action, BATCH, ImportError, Progress, losses, refuse_besides};
use crate::clock::Millis;
use crate::crypto::signing::SigningKeys;
use crate::service::{
    ImportedBinding, ImportedConsent, Importer, Mode, NAMES, Outcome, PreparedBinding, Seen, Services,
};
use age::{Horizon, Marks};
use batches::Batches;
use rows::{Reference, Table};
use settings::Settings;
use source::{Selection, Source};
use survey::Found;

/// The policy under which accepted terms are recorded. None of our policies can have this name.
const POLICY: &str = "sydent:terms";

/// The number of batches that are prepared while others are written.
const AHEAD: usize = 6;

/// The options of an import.
pub struct Options {
    /// The database.
    pub file: PathBuf,
    /// Its configuration, to compare the signing key.
    pub settings: Option<Settings>,
    /// The action.
    pub action: Action,
    /// True if bindings from its peers are imported.
    pub with_peers: bool,
    /// True if everything is read again, rather than only the changes.
    pub reads_all: bool,
    /// The time for which the public keys of its invitations are reported as valid.
    pub keys_valid: Millis,
    /// The risks that the operator accepts.
    pub accepted: Accepted,
}

/// The position up to which a database has been read.
#[derive(Debug, Default, Serialize, Deserialize)]
struct Position {
    /// The greatest id of a local binding.
    local: i64,
    /// True if bindings from peers were imported.
    with_peers: bool,
    /// The time of the run.
    #[serde(default)]
    at: Millis,
    /// The marks that the server had reached.
    #[serde(default)]
    marks: Marks,
}

/// Returns the name under which the position is stored.
fn position_name(services: &Services) -> String {
    format!("{NAMES}sydent {}", services.config.server.name)
}

/// A database, with the position up to which it was read before.
struct Opened {
    source: Source,
    marks: Marks,
    position: Option<Position>,
    horizon: Horizon,
}

/// Opens the database, unless the options do not fit the earlier runs.
async fn open(services: &Services, options: &Options) -> Result<Opened, ImportError> {
    let importer = &services.importer;
    refuse_besides(importer, "ma1sd").await?;
    let position = importer.progress(&position_name(services)).await?;
    let position: Option<Position> = position.and_then(|bytes| serde_json::from_slice(&bytes).ok());
    if position.as_ref().is_some_and(|position| position.with_peers != options.with_peers) {
        let earlier = if options.with_peers { "left out" } else { "took" };
        return Err(ImportError::Choice(format!(
            "earlier runs {earlier} the bindings from peers: use the same --peers, or end that import with --last first"
        )));
    }
    let mut source = Source::open(&options.file, services.config.server.name.as_str())?;
    let marks = Marks::read(&mut source)?;
    if position.as_ref().is_some_and(|last| marks.is_older_than(&last.marks)) && !options.accepted.older {
        return Err(ImportError::Choice(format!(
            "{} seems to be older than what was imported last: what it lacks would be removed here. Use the current file, \
             or, if this is the current one, --accept-older",
            options.file.display()
        )));
    }
    let now = importer.now();
    let last = position.as_ref().map_or(now, |position| position.at);
    let known = importer.dated_ahead().await?.into_iter().map(|((table, id), at)| (Reference::of(table, id), at));
    let horizon = Horizon { now, last, known: known.collect(), new: Vec::new() };
    Ok(Opened { source, marks, position, horizon })
}

/// Imports the data, or reports what would be imported.
///
/// # Errors
/// [`ImportError`]. Everything imported before the error is kept, and the import can be repeated.
pub async fn run(
    services: &Services,
    options: &Options,
    progress: &(dyn Progress + Sync),
) -> Result<Report, ImportError> {
    let Opened { mut source, marks, position, mut horizon } = open(services, options).await?;
    let (importer, now) = (&services.importer, horizon.now);
    let since = if options.reads_all || options.action == Action::Verify {
        0
    } else {
        position.as_ref().map_or(0, |it| it.local)
    };
    let select = Selection { since, with_peers: options.with_peers };
    progress.begin("reading", expected(&mut source, since)?);
    let found = Found::of(&mut source, select, &mut horizon, &|rows| progress.tick(rows))?;
    let signing_key = checks::signing_key(&mut source, &services.signing, options.settings.as_ref())?;
    let Found { survey, winners, last_local } = found;
    let mut report = Report {
        done: Done::DryRun,
        variant: if source.is_tchap { "tchap" } else { "sydent" },
        schema_version: source.version,
        their_name: source.server_name.clone(),
        our_name: services.config.server.name.to_string(),
        signing_key: Some(signing_key),
        since,
        losses: Vec::new(),
        found: survey,
        outcomes: BTreeMap::new(),
        invitations_delivered: 0,
    };
    report.losses = losses::of(&report, &checks::key_advice(&options.file, services));
    let mode = options.action.begin(&mut report, options.accepted);
    if mode == Mode::Write {
        importer.begin().await?;
        let new = horizon.new.iter().map(|(row, at)| ((row.table as u8, row.id), *at));
        importer.note_dated_ahead(new.collect()).await?;
    }
    let mut run = Run { importer, mode, now, report: &mut report };
    run.people(&mut source).await?;
    run.invites(&mut source, &services.signing, options.keys_valid).await?;
    progress.begin("bindings", winners.len());
    let batches = read(source, winners, horizon, importer.clone(), mode);
    run.bindings(batches, progress, options.with_peers).await?;
    if mode == Mode::Write {
        report.invitations_delivered = importer.deliver_invites_of_bound().await?;
        let position = Position { local: last_local, with_peers: options.with_peers, at: now, marks };
        let position = serde_json::to_vec(&position).map_err(|error| ImportError::Choice(error.to_string()))?;
        importer.finish(&position_name(services), position, serde_json::json!(report.outcomes)).await?;
    }
    Ok(report)
}

/// Returns the approximate number of bindings' rows to be read.
fn expected(source: &mut Source, since: i64) -> Result<usize, SourceError> {
    if since > 0 {
        return Ok(0);
    }
    Ok(usize::try_from(source.count("local_threepid_associations")?).unwrap_or_default())
}

/// An import, step by step.
struct Run<'a> {
    importer: &'a Arc<Importer>,
    mode: Mode,
    now: Millis,
    report: &'a mut Report,
}

impl Run<'_> {
    /// Imports accounts, tokens and accepted terms.
    async fn people(&mut self, source: &mut Source) -> Result<(), ImportError> {
        let (mode, now) = (self.mode, self.now);
        self.report.add("accounts", []);
        let mut batches = Batches::new(Source::accounts);
        while let Some(rows) = batches.next(source)? {
            let accounts = rows.iter().filter_map(|row| row.parse(now)).collect();
            let outcomes = self.importer.accounts(accounts, mode).await?;
            self.report.add("accounts", outcomes);
            self.consents(rows.iter().filter_map(rows::RawAccount::consent).collect()).await?;
        }
        let mut batches = Batches::new(Source::consents);
        while let Some(rows) = batches.next(source)? {
            self.consents(rows.iter().filter_map(rows::RawConsent::parse).collect()).await?;
        }
        let mut seen = Seen::default();
        self.report.add("tokens", []);
        let mut batches = Batches::new(Source::tokens);
        while let Some(rows) = batches.next(source)? {
            let tokens = rows.iter().filter_map(|row| row.parse(now)).collect();
            let outcomes = self.importer.tokens(tokens, mode, &mut seen).await?;
            self.report.add("tokens", outcomes);
        }
        let vanished = self.importer.vanished_tokens(&mut seen, mode).await?;
        self.report.add("tokens", vec![Outcome::Removed; vanished]);
        Ok(())
    }

    async fn consents(&mut self, rows: Vec<ImportedConsent>) -> Result<(), ImportError> {
        let outcomes = self.importer.consents(rows, POLICY, self.mode).await?;
        self.report.add("accepted terms", outcomes);
        Ok(())
    }

    /// Imports pending invitations, and the public keys of all invitations.
    async fn invites(&mut self, source: &mut Source, signing: &SigningKeys, valid: Millis) -> Result<(), ImportError> {
        let (mode, now, mut seen) = (self.mode, self.now, Seen::default());
        let key = match &self.report.signing_key {
            Some(KeyCheck::Matches(id)) => id.clone(),
            // Sydent gives its keys this id, unless they were named by hand.
            _ if signing.public_key("ed25519:0").is_some() => "ed25519:0".to_owned(),
            _ => signing.current().0.to_owned(),
        };
        self.report.add("invitations", []);
        let mut batches = Batches::new(Source::invites);
        while let Some(rows) = batches.next(source)? {
            let pending = rows.iter().filter(|row| !row.is_sent() && !row.is_expired(now));
            let invites = pending.filter_map(rows::RawInvite::parse).collect();
            let outcomes = self.importer.invites(invites, &key, mode, &mut seen).await?;
            self.report.add("invitations", outcomes);
        }
        let vanished = self.importer.vanished_invites(&mut seen, mode).await?;
        self.report.add("invitations", vec![Outcome::Removed; vanished]);
        self.report.add("public keys of invitations", []);
        let mut batches = Batches::new(Source::keys);
        while let Some(rows) = batches.next(source)? {
            let keys: Vec<_> = rows.iter().filter_map(rows::RawKey::parse).collect();
            let outcomes = self.importer.keys(&keys, now + valid, mode).await?;
            self.report.add("public keys of invitations", outcomes);
        }
        Ok(())
    }

    /// Imports bindings. While some are written, others are read and sealed.
    async fn bindings(
        &mut self,
        mut batches: Receiver<Result<Vec<PreparedBinding>, SourceError>>,
        progress: &(dyn Progress + Sync),
        with_peers: bool,
    ) -> Result<(), ImportError> {
        let (mode, mut seen, mut pace) = (self.mode, Seen::default(), Pace::default());
        self.report.add("bindings", []);
        loop {
            let mut rows = Vec::new();
            while rows.len() < pace.rows() {
                let Some(batch) = batches.recv().await else { break };
                rows.extend(batch?);
            }
            if rows.is_empty() {
                break;
            }
            pace.begin();
            let outcomes = self.importer.bindings(rows, mode, &mut seen).await?;
            pace.end(outcomes.len());
            progress.tick(outcomes.len());
            self.report.add("bindings", outcomes);
        }
        if with_peers {
            let vanished = self.importer.vanished_bindings(&mut seen, mode).await?;
            self.report.add("bindings", vec![Outcome::Removed; vanished]);
        }
        Ok(())
    }
}

/// Reads and prepares the rows that count, on a separate thread.
fn read(
    mut source: Source,
    winners: Vec<Reference>,
    horizon: Horizon,
    importer: Arc<Importer>,
    mode: Mode,
) -> Receiver<Result<Vec<PreparedBinding>, SourceError>> {
    let (sender, receiver) = channel(AHEAD);
    spawn_blocking(move || {
        for same in winners.chunk_by(|one, other| one.table == other.table) {
            for some in same.chunks(BATCH) {
                let batch = batch(&mut source, some, &horizon).map(|rows| importer.prepare(rows, mode));
                // The receiver has been dropped if the import has failed.
                if batch.is_err() | sender.blocking_send(batch).is_err() {
                    return;
                }
            }
        }
    });
    receiver
}

fn batch(source: &mut Source, rows: &[Reference], horizon: &Horizon) -> Result<Vec<ImportedBinding>, SourceError> {
    let table = rows.first().map_or(Table::Local, |row| row.table);
    let ids: Vec<i64> = rows.iter().map(|row| row.id).collect();
    let event =
        |raw: &rows::RawBinding| raw.event(horizon.now, horizon.time_of(Reference { table, id: raw.id }, raw)).ok();
    Ok(source.bindings_of(table, &ids)?.iter().filter_map(event).map(rows::Event::into_imported).collect())
}
