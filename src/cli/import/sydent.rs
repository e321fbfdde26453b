//! `vouch import sydent`

use std::path::{Path, PathBuf};

use clap::Args;

use super::{Bar, Common, Decision, Failure, complain, convert, keys_valid, open, say};
use crate::config::Config;
use crate::import::sydent::settings::Settings;
use crate::import::sydent::{self, Options, way_back};

pub(super) const EXAMPLES: &str = "\
Examples:
  vouch import sydent sydent.db                       Say what would be imported, and what would be lost
  vouch import sydent sydent.db --yes                 Import it, or what has changed since the last time
  vouch import sydent sydent.db --verify              Compare both servers
  vouch import sydent --config sydent.conf            Print a vouch.toml to begin with
  vouch import sydent sydent.db --way-back            Print what has changed here since, as SQL for this file

docs/moving-in.md describes a move step by step. Exit status: 0 success; 1 if something would be lost, or the servers differ.";

/// The options of an import from a Sydent.
#[derive(Args)]
pub(in super::super) struct From {
    /// Its database. Without one, its configuration (--config) is converted
    file: Option<PathBuf>,
    #[command(flatten)]
    common: Common,
    /// Read all of it again, and not only what has changed since the last time
    #[arg(long)]
    all: bool,
    /// Whether to take bindings that it has from its peers, as its look-ups do
    #[arg(long, value_enum, default_value = "take")]
    peers: Decision,
    /// How long the public keys of its invitations stay valid, in days [default: as for new ones]
    #[arg(long, value_name = "DAYS", value_parser = clap::value_parser!(u32).range(1..=36_500))]
    keys_valid: Option<u32>,
    /// Print SQL that makes the same changes to the file as were made here since the import
    #[arg(long, conflicts_with_all = ["dry_run", "yes", "verify", "json", "all", "accept_losses"])]
    way_back: bool,
    /// Its configuration, to compare the signing key
    #[arg(long, value_name = "FILE")]
    sydent_config: Option<PathBuf>,
}

impl From {
    pub(super) fn converted(&self, config: Option<&Path>) -> Option<Result<String, Failure>> {
        let missing = "expected the database of a Sydent, or its configuration: --config sydent.conf";
        convert(self.file.is_some(), self.sydent_config.as_deref().or(config), missing, |path| {
            Settings::read(path).map(|settings| settings.to_toml())
        })
    }

    pub(super) async fn run(&self, config: Config) -> Result<(), Failure> {
        let settings = self.sydent_config.as_deref().map(Settings::read).transpose()?;
        let services = open(config).await?;
        let options = Options {
            file: self.file.clone().unwrap_or_default(),
            settings,
            action: self.common.action(),
            with_peers: self.peers == Decision::Take,
            reads_all: self.all,
            keys_valid: keys_valid(&services, self.keys_valid),
            accepted: self.common.accepted(),
        };
        let bar = Bar::new();
        if self.way_back {
            let way_back = way_back::run(&services, &options, &bar).await;
            bar.0.finish_and_clear();
            let way_back = way_back?;
            say(&way_back.sql);
            if way_back.newer_there > 0 {
                complain(format_args!(
                    "{} addresses have changed there since the last import, and stay as they are there",
                    way_back.newer_there
                ));
            }
            return Ok(());
        }
        let report = sydent::run(&services, &options, &bar).await;
        self.common.finish(&services, bar, report).await
    }
}
