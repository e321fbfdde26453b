//! `vouch import ma1sd`

use std::path::{Path, PathBuf};

use clap::Args;

use super::{Bar, Common, Decision, Failure, convert, keys_valid, open, place};
use crate::config::Config;
use crate::import::ma1sd::keys::KeyStore;
use crate::import::ma1sd::settings::Settings;
use crate::import::ma1sd::{self, Options};
use crate::import::position::Choices;

pub(super) const EXAMPLES: &str = "\
Examples:
  vouch import ma1sd /var/lib/ma1sd/store.db --keys /var/lib/ma1sd/keys          Say what would be imported
  vouch import ma1sd /var/lib/ma1sd/store.db --keys /var/lib/ma1sd/keys --yes    Import it, also again later
  vouch import ma1sd - < url                                                     Read PostgreSQL
  vouch import ma1sd --config ma1sd.yaml                                         Print a vouch.toml to begin with

docs/moving-in.md describes a move step by step. Exit status: 0 success; 1 if something would be lost, or the servers differ.";

/// The options of an import from a ma1sd.
#[derive(Args)]
pub(in super::super) struct From {
    /// Its SQLite file, or its PostgreSQL database as postgres://…; - means that this is read
    /// from standard input. Without one, its configuration (--config) is converted
    #[arg(value_name = "FILE|URL")]
    database: Option<String>,
    #[command(flatten)]
    common: Common,
    /// Its signing keys, which its setting key.path names
    #[arg(long, value_name = "PATH")]
    keys: Option<PathBuf>,
    /// Its configuration, to compare the server's name
    #[arg(long, value_name = "FILE")]
    ma1sd_config: Option<PathBuf>,
    /// Whether to take invitations that no homeserver has accepted
    #[arg(long, value_enum)]
    undelivered: Option<Decision>,
    /// Whether to publish all addresses that its look-ups found in directories
    #[arg(long, value_enum)]
    hashes: Option<Decision>,
    /// How long the public keys of its invitations stay valid, in days [default: as for new ones]
    #[arg(long, value_name = "DAYS", value_parser = clap::value_parser!(u32).range(1..=36_500))]
    keys_valid: Option<u32>,
}

impl From {
    pub(super) fn converted(&self, config: Option<&Path>) -> Option<Result<String, Failure>> {
        let missing = "expected the database of a ma1sd, or its configuration: --config ma1sd.yaml";
        convert(self.database.is_some(), self.ma1sd_config.as_deref().or(config), missing, |path| {
            Settings::read(path).map(|settings| settings.to_toml())
        })
    }

    pub(super) async fn run(&self, config: Config) -> Result<(), Failure> {
        let settings = self.ma1sd_config.as_deref().map(Settings::read).transpose()?;
        let keys = self.keys.as_deref().map(KeyStore::read).transpose()?;
        let place = place(self.database.as_deref().unwrap_or_default())?;
        let services = open(config).await?;
        let is_taken = |decision: Option<Decision>| decision.map(|decision| decision == Decision::Take);
        let options = Options {
            place,
            keys,
            name: settings.as_ref().and_then(Settings::name).map(str::to_owned),
            action: self.common.action(),
            choices: Choices { undelivered: is_taken(self.undelivered), hashes: is_taken(self.hashes) },
            keys_valid: keys_valid(&services, self.keys_valid),
            accepted: self.common.accepted(),
        };
        let bar = Bar::new();
        let report = ma1sd::run(&services, &options, &bar).await;
        self.common.finish(&services, bar, report).await
    }
}
