//! `vouch import synapse`

use clap::Args;

use super::{Bar, Common, Failure, open, place};
use crate::config::Config;
use crate::import::synapse::{self, Options};

pub(super) const EXAMPLES: &str = "\
Examples:
  vouch import synapse - < url                              Say what would be imported from PostgreSQL
  vouch import synapse homeserver.db                        Say what would be imported from a file
  vouch import synapse homeserver.db --yes                  Import it, also again later
  vouch import synapse homeserver.db --id-server old.name   Import what was published under another name

Only what people have published through this server is imported, not the other addresses of their accounts.
docs/moving-in.md describes a move step by step. Exit status: 0 success; 1 if something would be lost, or the servers differ.";

/// The options of an import from a Synapse.
#[derive(Args)]
pub(in super::super) struct From {
    /// Its PostgreSQL database as postgres://…, or its SQLite file; - means that this is read
    /// from standard input
    #[arg(value_name = "URL|FILE")]
    database: String,
    #[command(flatten)]
    common: Common,
    /// A name under which people have entered this server there; can be repeated [default: those
    /// in the configuration]
    #[arg(long, value_name = "NAME")]
    id_server: Vec<String>,
}

impl From {
    pub(super) async fn run(&self, config: Config) -> Result<(), Failure> {
        let place = place(&self.database)?;
        let services = open(config).await?;
        let options = Options {
            place,
            id_servers: self.id_server.clone(),
            action: self.common.action(),
            accepted: self.common.accepted(),
        };
        let bar = Bar::new();
        let report = synapse::run(&services, &options, &bar).await;
        self.common.finish(&services, bar, report).await
    }
}
