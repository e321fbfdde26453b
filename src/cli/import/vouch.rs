//! `vouch import vouch`

use clap::Args;
use tokio::signal::unix::{SignalKind, signal};

use super::{Bar, Choice, Done, Failure, complain, conclude, in_json, place, say};
use crate::config::Config;
use crate::import::vouch;

pub(super) const EXAMPLES: &str = "\
Examples:
  vouch import vouch /var/lib/vouch/vouch.db          Say what would be copied into the database in database.url
  vouch import vouch /var/lib/vouch/vouch.db --yes    Copy it
  vouch import vouch - --verify < url                 Compare a PostgreSQL database with the one in database.url

Both databases have the same keys, and the one in database.url must be empty. docs/moving-in.md describes it step by step.
Exit status: 0 success; 1 if something would be lost, or the databases differ.";

/// The options of a copy of another Vouch database.
#[derive(Args)]
pub(in super::super) struct From {
    /// Its `SQLite` file, or its `PostgreSQL` database as postgres://…; - means that this is read
    /// from standard input
    #[arg(value_name = "URL|FILE")]
    database: String,
    #[command(flatten)]
    action: Choice,
    /// Copy although a server may be using the database: what it stores meanwhile is lost
    #[arg(long)]
    accept_losses: bool,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

impl From {
    pub(super) async fn run(&self, config: Config) -> Result<(), Failure> {
        let place = place(&self.database)?;
        let bar = Bar::new();
        let (mut interrupt, mut terminate) = (signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?);
        let report = tokio::select! {
            report = vouch::run(&config, &place, self.action.action(), self.accept_losses, &bar) => report,
            _ = interrupt.recv() => give_up(),
            _ = terminate.recv() => give_up(),
        };
        bar.0.finish_and_clear();
        let report = report?;
        say(if self.json { in_json(&report)? } else { report.to_string().trim_end().to_owned() });
        if report.done == Done::Verified && !report.differences.is_empty() {
            return Err(Failure::Failed(format!("the databases differ in {} tables", report.differences.len())));
        }
        conclude(report.done, !report.losses.is_empty(), self.accept_losses)
    }
}

/// Ends the process without waiting for threads; drafts are deleted.
fn give_up() -> ! {
    complain("interrupted: nothing was stored");
    std::process::exit(1);
}
