//! Moving in from another identity server.

use std::io::{IsTerminal, stderr};
use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::{Args, Subcommand, ValueEnum};
use indicatif::{ProgressBar, ProgressStyle};

use super::operator::{in_json, open};
use super::{Failure, complain, say};
use crate::clock::{DAY, Millis};
use crate::config::Config;
use crate::import::report::{Done, Report};
use crate::import::sydent::settings::Settings;
use crate::import::sydent::{self, Options};
use crate::import::{Accepted, Action, Progress};

const EXAMPLES: &str = "\
Examples:
  vouch import sydent sydent.db                       Say what would be imported, and what would be lost
  vouch import sydent sydent.db --yes                 Import it, or what has changed since the last time
  vouch import sydent sydent.db --verify              Compare both servers
  vouch import sydent --config sydent.conf            Print a vouch.toml to begin with

docs/moving-in.md describes a move step by step. Exit status: 0 success; 1 if something would be lost, or the servers differ.";

#[derive(Subcommand)]
pub(super) enum Import {
    /// Import the `SQLite` database of a Sydent, which may be running
    #[command(after_help = EXAMPLES)]
    Sydent(FromSydent),
}

/// What is imported from a Sydent.
#[derive(Args)]
pub(super) struct FromSydent {
    /// Its database. Without one, its configuration (--config) is converted
    file: Option<PathBuf>,
    #[command(flatten)]
    action: Choice,
    #[command(flatten)]
    extent: Extent,
    /// Print JSON
    #[arg(long)]
    json: bool,
    /// Whether to take bindings that it has from its peers, as its look-ups do
    #[arg(long, value_enum, default_value = "take")]
    peers: Peers,
    /// How long the public keys of its invitations stay valid, in days [default: as for new ones]
    #[arg(long, value_name = "DAYS", value_parser = clap::value_parser!(u32).range(1..=36_500))]
    keys_valid: Option<u32>,
    /// Its configuration, to compare the signing key
    #[arg(long, value_name = "FILE")]
    sydent_config: Option<PathBuf>,
    /// Import although something is lost that the report names
    #[arg(long)]
    accept_losses: bool,
    /// Import although the file seems to be older than the one imported last: what it lacks is
    /// removed
    #[arg(long)]
    accept_older: bool,
}

/// What is done.
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

/// How much is read, and remembered.
#[derive(Args)]
struct Extent {
    /// Read all of it again, and not only what has changed since the last time
    #[arg(long)]
    all: bool,
    /// This is the last time: forget afterwards what was remembered for further runs
    #[arg(long, requires = "yes")]
    last: bool,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Peers {
    Take,
    Leave,
}

impl Import {
    /// Converts the configuration of the other server, if that is what was asked for: then
    /// `--config` names that.
    pub fn converted(&self, config: Option<&Path>) -> Option<Result<String, Failure>> {
        let Self::Sydent(from) = self;
        if from.file.is_some() {
            return None;
        }
        let Some(path) = from.sydent_config.as_deref().or(config) else {
            let missing = "expected the database of a Sydent, or its configuration: --config sydent.conf";
            return Some(Err(Failure::Usage(missing.to_owned())));
        };
        Some(Settings::read(path).map(|settings| settings.to_toml()).map_err(Failure::from))
    }
}

pub(super) async fn run(config: Config, import: &Import) -> Result<(), Failure> {
    let Import::Sydent(from) = import;
    let settings = from.sydent_config.as_deref().map(Settings::read).transpose()?;
    let services = open(config).await?;
    let retention = &services.config.retention;
    let options = Options {
        file: from.file.clone().unwrap_or_default(),
        settings,
        action: match &from.action {
            Choice { yes: true, .. } => Action::Import,
            Choice { verify: true, .. } => Action::Verify,
            Choice { dry_run: _, .. } => Action::DryRun,
        },
        with_peers: from.peers == Peers::Take,
        reads_all: from.extent.all,
        keys_valid: from.keys_valid.map_or(retention.invite + retention.ephemeral_key, |days| Millis::from(days) * DAY),
        accepted: Accepted { losses: from.accept_losses, older: from.accept_older },
    };
    let bar = Bar::new();
    let report = sydent::run(&services, &options, &bar).await;
    bar.0.finish_and_clear();
    let report = report?;
    say(if from.json { in_json(&report)? } else { report.to_string().trim_end().to_owned() });
    if from.extent.last && report.done == Done::Imported {
        sydent::end(&services).await?;
    }
    conclude(&report, from.accept_losses)
}

fn conclude(report: &Report, accepts_losses: bool) -> Result<(), Failure> {
    match report.done {
        Done::Refused => Err(Failure::Failed(
            "nothing was imported, because something would be lost: see LOST above, and add --accept-losses if you accept that"
                .to_owned(),
        )),
        Done::DryRun if !report.losses.is_empty() && !accepts_losses => {
            Err(Failure::Failed("something would be lost: see LOST above".to_owned()))
        }
        Done::Verified if report.changes() > 0 => {
            Err(Failure::Failed(format!("the servers differ in {} rows", report.changes())))
        }
        Done::DryRun => {
            complain("nothing was imported: add --yes to import");
            Ok(())
        }
        Done::Verified | Done::Imported => Ok(()),
    }
}

/// A progress bar on a terminal; elsewhere, nothing.
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
