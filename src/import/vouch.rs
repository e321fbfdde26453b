//! Copies one Vouch database into another unchanged, including its ids. Both have the same keys.
//!
//! The copy is a snapshot of the source, and is stored completely or not at all.

use std::collections::BTreeMap;
use std::fmt;
use std::fs;

use serde::Serialize;

use super::database::Database;
use super::opening::{Maker, SourceError};
use super::report::{Done, Loss};
use super::{Action, ImportError, Progress};
use crate::backup::{Draft, Target};
use crate::clock::{Clock, InWords, Span};
use crate::config::{self, Config, DatabaseUrl};
use crate::crypto::vault::Vault;
use crate::error::StartError;
use crate::metrics::Metrics;
use crate::service::start;
use crate::store::{Contents, Snapshot, Store, meta, nodes};

const MAKER: Maker = Maker { name: "a Vouch", tables: &[] };

/// Tables that every version has.
const TABLES: [&str; 3] = ["accounts", "bindings", "meta"];

/// The result of a copy.
#[derive(Debug, Serialize)]
pub struct Report {
    /// The completed action.
    pub done: Done,
    /// The number of rows of each table.
    pub rows: BTreeMap<String, u64>,
    /// The tables that differ.
    pub differences: Vec<Difference>,
    /// The losses.
    pub losses: Vec<Loss>,
    /// The time of this machine, if the database is so old that the clock had to be assumed to be
    /// right.
    pub clock_accepted: Option<String>,
}

/// A table that does not have the same rows in both databases.
#[derive(Debug, Serialize)]
pub struct Difference {
    /// Its name.
    pub table: String,
    /// The number of rows in the source.
    pub there: u64,
    /// The number of rows here.
    pub here: u64,
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (done, verb) = match self.done {
            Done::Imported => ("Copied, read back and compared", "copied"),
            Done::Verified => ("Compared", "compared"),
            Done::DryRun | Done::Refused => ("Would be copied", "would be copied"),
        };
        writeln!(f, "{done}:")?;
        for (table, rows) in self.rows.iter().filter(|(_, rows)| **rows > 0) {
            writeln!(f, "  {rows:>9}  {table}")?;
        }
        writeln!(f, "  {:>9}  rows {verb}", self.rows.values().sum::<u64>())?;
        for Difference { table, there, here } in &self.differences {
            writeln!(f, "DIFFERENT: {table}, with {there} rows there and {here} here")?;
        }
        for Loss { what, advice } in &self.losses {
            writeln!(f, "LOST: {what}. {advice}")?;
        }
        match &self.clock_accepted {
            Some(now) => writeln!(f, "This machine's clock says {now}. If that is wrong, set it and begin again."),
            None => Ok(()),
        }
    }
}

/// Copies the database at `place`, a file or URL, into the empty one in the configuration, reports
/// what would be copied, or compares them.
///
/// # Errors
/// [`ImportError`], in which case nothing was stored.
pub async fn run(
    config: &Config,
    place: &str,
    action: Action,
    accepts_losses: bool,
    progress: &(dyn Progress + Sync),
) -> Result<Report, ImportError> {
    let (source, rows) = open(config, place).await?;
    let mut report =
        Report { done: Done::DryRun, rows, differences: Vec::new(), losses: Vec::new(), clock_accepted: None };
    check_keys(config, &source).await?;
    if action == Action::Verify {
        return verify(config, &source, report, progress).await;
    }
    let target = Target::vacant(config).await?;
    report.losses.extend(running(&source).await?);
    if action == Action::Import && !report.losses.is_empty() && !accepts_losses {
        report.done = Done::Refused;
    } else if action == Action::Import {
        copy(&source, target, &mut report, progress).await?;
    }
    Ok(report)
}

/// Opens the source. Also returns the number of rows of its tables.
async fn open(config: &Config, place: &str) -> Result<(Store, BTreeMap<String, u64>), ImportError> {
    let url = place.parse().unwrap_or_else(|_| DatabaseUrl::Sqlite(place.into()));
    let path = match (&url, &config.database.url) {
        (DatabaseUrl::Sqlite(path), DatabaseUrl::Sqlite(ours)) if is_same(path, ours) => {
            return Err(ImportError::Choice(format!(
                "{} is the database in database.url itself: set that to the new one, and name the old one here",
                path.display()
            )));
        }
        (DatabaseUrl::Sqlite(path), _) => path.to_string_lossy().into_owned(),
        (DatabaseUrl::Postgres(_), _) => place.to_owned(),
    };
    let ca_file = config.database.ca_file.clone();
    let mut tables = Database::open(&path, MAKER, &TABLES, ca_file.as_deref()).await?;
    let mut rows = BTreeMap::new();
    for table in tables.tables().to_vec() {
        if !table.starts_with("__diesel") && !["leases", "nodes"].contains(&table.as_str()) {
            let number = tables.count(&table).await?;
            rows.insert(table, u64::try_from(number).unwrap_or_default());
        }
    }
    drop(tables);
    let database = config::Database { url, pool_size: 1, ca_file };
    let store = Store::connect(&database, &Metrics::default()).await.map_err(SourceError)?;
    start::check_schema(&store).await.map_err(of_source)?;
    Ok((store, rows))
}

fn is_same(one: &std::path::Path, other: &std::path::Path) -> bool {
    match (fs::canonicalize(one), fs::canonicalize(other)) {
        (Ok(one), Ok(other)) => one == other,
        _ => false,
    }
}

/// Checks that the source was made with our keys.
async fn check_keys(config: &Config, source: &Store) -> Result<(), ImportError> {
    let master = start::existing_master_key(&config.keys)?;
    let signing = start::existing_signing_keys(config)?;
    let remembered = source.remembered_key().await.map_err(of_source)?.unwrap_or_default();
    start::check_key(Some(&remembered), &Vault::new(&master)).map_err(of_source)?;
    let last = meta::get(&mut source.read().await.map_err(of_source)?, meta::SIGNING_KEY).await.map_err(of_source)?;
    match last {
        Some(last) => start::check_known(&signing, &last, &config.keys).map_err(of_source),
        None => Ok(()),
    }
}

fn of_source(error: impl fmt::Display) -> ImportError {
    ImportError::Source(SourceError(format!("the database to copy: {error}")))
}

/// Returns the losses if a server is using the source.
async fn running(source: &Store) -> Result<Option<Loss>, ImportError> {
    if source.alone().is_some() {
        return Ok(None);
    }
    let now = Clock::system().now();
    let nodes = nodes::all(&mut source.read().await.map_err(of_source)?).await.map_err(of_source)?;
    let last = nodes.iter().map(|node| node.seen_at).max().filter(|at| *at > now - start::ALIVE);
    Ok(last.map(|at| Loss {
        what: "anything that a server using the database stores after the copy has begun".to_owned(),
        advice: format!("Stop it first. It was seen {} ago", Span((now - at).max(0))),
    }))
}

async fn copy(
    source: &Store,
    target: Target,
    report: &mut Report,
    progress: &(dyn Progress + Sync),
) -> Result<(), ImportError> {
    let total = |rows: &BTreeMap<String, u64>| usize::try_from(rows.values().sum::<u64>()).unwrap_or_default();
    let tick = |rows| progress.tick(rows);
    let place = target.place()?;
    let draft = Draft::within(&place)
        .map_err(|error| ImportError::Choice(format!("{} cannot be written: {error}", place.display())))?;
    progress.begin("reading", total(&report.rows));
    source.copy_to(draft.file.path(), &tick).await.map_err(of_source)?;
    let mut snapshot = Snapshot::open(draft.file.path()).map_err(of_source)?;
    snapshot.check().map_err(of_source)?;
    snapshot.forget_nodes().map_err(of_source)?;
    let now = Clock::system().now();
    report.clock_accepted = snapshot.accept_time(now).map_err(of_source)?.then(|| InWords(now).to_string());
    for (table, rows) in snapshot.rows().map_err(of_source)? {
        if let Some(counted) = report.rows.get_mut(&table) {
            *counted = u64::try_from(rows).unwrap_or_default();
        }
    }
    progress.begin("writing", total(&report.rows));
    target.fill(draft, snapshot, &tick).await?;
    report.done = Done::Imported;
    Ok(())
}

async fn verify(
    config: &Config,
    source: &Store,
    mut report: Report,
    progress: &(dyn Progress + Sync),
) -> Result<Report, ImportError> {
    let (ours, _) = start::connect_existing(config).await?;
    start::check_schema(&ours).await?;
    let tick = |rows| progress.tick(rows);
    progress.begin("comparing", usize::try_from(2 * report.rows.values().sum::<u64>()).unwrap_or_default());
    let there = source.contents(&tick).await.map_err(of_source)?;
    let here = ours.contents(&tick).await.map_err(|problem| ImportError::Start(StartError(problem)))?;
    let none = Contents::default();
    report.done = Done::Verified;
    for (table, there) in &there {
        let here = here.get(table).unwrap_or(&none);
        if there != here {
            report.differences.push(Difference { table: table.clone(), there: there.rows, here: here.rows });
        }
    }
    report.rows = there.into_iter().map(|(table, contents)| (table, contents.rows)).collect();
    Ok(report)
}
