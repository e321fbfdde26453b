//! Moving in from another identity server.

mod ma1sd;
mod sydent;
mod synapse;
mod vouch;

use std::io::{IsTerminal, stderr};
use std::path::Path;
use std::time::Duration;

use clap::{Args, Subcommand, ValueEnum};
use indicatif::{ProgressBar, ProgressStyle};

use super::operator::{in_json, open};
use super::{Failure, complain, input, say};
use crate::clock::{DAY, Millis};
use crate::config::Config;
use crate::import::report::{Done, Report};
use crate::import::{Accepted, Action, ImportError, Progress};
use crate::service::Services;

#[derive(Subcommand)]
pub(super) enum Import {
    /// Import the SQLite database of a Sydent, which may be running
    #[command(after_help = sydent::EXAMPLES)]
    Sydent(sydent::From),
    /// Import the database of a ma1sd or mxisd, which may be running
    #[command(after_help = ma1sd::EXAMPLES)]
    Ma1sd(ma1sd::From),
    /// Import what the users of a Synapse have published through this server
    #[command(after_help = synapse::EXAMPLES)]
    Synapse(synapse::From),
    /// Copy another database of a Vouch with the same keys, such as from `SQLite` to `PostgreSQL`
    #[command(after_help = vouch::EXAMPLES)]
    Vouch(vouch::From),
}

/// The options that every import has.
#[derive(Args)]
struct Common {
    #[command(flatten)]
    action: Choice,
    #[command(flatten)]
    acceptance: Acceptance,
    /// This is the last time: forget afterwards what was remembered for further runs, from all
    /// servers
    #[arg(long, requires = "yes")]
    last: bool,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// The risks that the operator accepts.
#[derive(Args)]
struct Acceptance {
    /// Import although something is lost that the report names
    #[arg(long)]
    accept_losses: bool,
    /// Import although the database seems to be older than the one imported last: what it lacks is
    /// removed
    #[arg(long)]
    accept_older: bool,
}

/// The action.
#[derive(Args)]
struct Choice {
    /// Only say what would be imported; this is the default
    #[arg(long, conflicts_with_all = ["yes", "verify"])]
    dry_run: bool,
    /// Import
    #[arg(long, conflicts_with = "verify")]
    yes: bool,
    /// Compare both servers, and fail if they differ
    #[arg(long)]
    verify: bool,
}

impl Choice {
    const fn action(&self) -> Action {
        match self {
            Self { yes: true, .. } => Action::Import,
            Self { verify: true, .. } => Action::Verify,
            Self { dry_run: _, .. } => Action::DryRun,
        }
    }
}

impl Common {
    const fn action(&self) -> Action {
        self.action.action()
    }

    const fn accepted(&self) -> Accepted {
        Accepted { losses: self.acceptance.accept_losses, older: self.acceptance.accept_older }
    }

    /// Replaces the progress bar with the report of an import, and ends the move if this was the
    /// last one.
    async fn finish(&self, services: &Services, bar: Bar, report: Result<Report, ImportError>) -> Result<(), Failure> {
        bar.0.finish_and_clear();
        let report = report?;
        say(if self.json { in_json(&report)? } else { report.to_string().trim_end().to_owned() });
        if self.last && report.done == Done::Imported {
            services.importer.end().await?;
        }
        if report.done == Done::Verified && report.changes() > 0 {
            return Err(Failure::Failed(format!("the servers differ in {} rows", report.changes())));
        }
        conclude(report.done, !report.losses.is_empty(), self.acceptance.accept_losses)
    }
}

impl Import {
    /// Converts the configuration of the other server, if that was requested. `--config` names it
    /// in that case.
    pub fn converted(&self, config: Option<&Path>) -> Option<Result<String, Failure>> {
        match self {
            Self::Sydent(from) => from.converted(config),
            Self::Ma1sd(from) => from.converted(config),
            Self::Synapse(_) | Self::Vouch(_) => None,
        }
    }
}

pub(super) async fn run(config: Config, import: &Import) -> Result<(), Failure> {
    match import {
        Import::Sydent(from) => from.run(config).await,
        Import::Ma1sd(from) => from.run(config).await,
        Import::Synapse(from) => from.run(config).await,
        Import::Vouch(from) => from.run(config).await,
    }
}

/// The operator's decision on whether to import something.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Decision {
    Take,
    Leave,
}

/// Converts the configuration of another server, unless its database is named. `missing` says what
/// to name if neither is.
fn convert<E>(
    has_database: bool,
    file: Option<&Path>,
    missing: &str,
    to_toml: impl FnOnce(&Path) -> Result<String, E>,
) -> Option<Result<String, Failure>>
where
    Failure: From<E>,
{
    if has_database {
        return None;
    }
    let Some(file) = file else { return Some(Err(Failure::Usage(missing.to_owned()))) };
    Some(to_toml(file).map_err(Failure::from))
}

/// Returns a file or URL. `-` means that it is read from standard input, since a URL may contain a
/// password.
fn place(given: &str) -> Result<String, Failure> {
    if given != "-" {
        return Ok(given.to_owned());
    }
    let text = input::read(Path::new("-"))?;
    if text.trim().is_empty() {
        return Err(Failure::Usage("expected a file or URL on standard input, but it is empty".to_owned()));
    }
    Ok(text.trim().to_owned())
}

/// Returns the time for which the public keys of invitations stay valid, by default that of new
/// ones.
fn keys_valid(services: &Services, days: Option<u32>) -> Millis {
    let retention = &services.config.retention;
    days.map_or(retention.invite + retention.ephemeral_key, |days| Millis::from(days) * DAY)
}

fn conclude(done: Done, is_lossy: bool, accepts_losses: bool) -> Result<(), Failure> {
    match done {
        Done::Refused => Err(Failure::Failed(
            "nothing was imported, because something would be lost: see LOST above, and add --accept-losses if you accept that"
                .to_owned(),
        )),
        Done::DryRun if is_lossy && !accepts_losses => {
            Err(Failure::Failed("something would be lost: see LOST above".to_owned()))
        }
        Done::DryRun => {
            complain("nothing was imported: add --yes to import");
            Ok(())
        }
        Done::Verified | Done::Imported => Ok(()),
    }
}

/// A progress bar on a terminal, or nothing elsewhere.
struct Bar(ProgressBar);

impl Bar {
    fn new() -> Self {
        let bar = if stderr().is_terminal() { ProgressBar::no_length() } else { ProgressBar::hidden() };
        let style = ProgressStyle::with_template("{msg} {wide_bar} {human_pos}/{human_len} ({per_sec}, {eta} left)");
        if let Ok(style) = style {
            bar.set_style(style);
        }
        bar.enable_steady_tick(Duration::from_millis(200));
        Self(bar)
    }
}

impl Progress for Bar {
    fn begin(&self, step: &'static str, rows: usize) {
        self.0.reset();
        self.0.set_message(step);
        self.0.set_length(rows as u64);
    }

    fn tick(&self, rows: usize) {
        self.0.inc(rows as u64);
    }
}
