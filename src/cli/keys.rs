//! The signing keys, by hand: which there are, a new one, and one that another server had.

use std::io::{self, Read};
use std::path::PathBuf;

use clap::{Args, Subcommand};
use zeroize::Zeroizing;

use super::{Failure, say};
use crate::config::Config;
use crate::crypto::key_file::KeyFileError;
use crate::crypto::signing::SigningKeys;

const NODES: &str = "\
A running server keeps the keys it has read: restart it to sign with another. Where several nodes share a database, give each of
them the new file before any is restarted: one whose file lacks the key that signed last does not start.";

const IMPORT: &str = "\
Examples:
  vouch keys import --sign sydent.key
  vouch keys import - < synapse.signing.key";

#[derive(Subcommand)]
pub(super) enum Keys {
    /// Print the id and the public half of each key, and which of them signs
    List,
    /// Make a new key, which signs from the next start on; those before it stay verifiable
    #[command(after_help = NODES)]
    New,
    /// Import the key of another server, which then is vouched for too
    #[command(after_help = IMPORT)]
    Import(Import),
}

/// A key that another server had.
#[derive(Args)]
pub(super) struct Import {
    /// A file of one line "ed25519 VERSION SEED", as Synapse and Sydent write it; - is standard input
    file: PathBuf,
    /// Sign with it from the next start on
    #[arg(long)]
    sign: bool,
}

/// Does what the command says to the file of the keys; no database is needed.
pub(super) fn keys(config: &Config, command: &Keys) -> Result<(), Failure> {
    let (path, name) = (&config.keys.signing_key_file, &config.server.name);
    match command {
        Keys::List => {
            let keys = SigningKeys::read(path, name)?;
            print(&keys.ok_or_else(|| Failure::Failed(format!("there is no key file at {}", path.display())))?);
        }
        Keys::New => print(&SigningKeys::renew(path, name)?),
        Keys::Import(import) => print(&SigningKeys::import(path, name, &import.line()?, import.sign)?),
    }
    Ok(())
}

/// A line a key: the id, the public half, and whether it signs.
fn print(keys: &SigningKeys) {
    let width = keys.all().map(|(id, _)| id.len()).max().unwrap_or_default();
    for (place, (id, public)) in keys.all().enumerate() {
        say(format_args!("{id:width$}  {public}  {}", if place == 0 { "signs" } else { "verifies" }));
    }
}

impl Import {
    fn line(&self) -> Result<Zeroizing<String>, Failure> {
        let mut text = Zeroizing::new(String::new());
        if self.file.as_os_str() == "-" {
            io::stdin().read_to_string(&mut text)?;
        } else {
            let mut file = std::fs::File::open(&self.file)
                .map_err(|error| Failure::Failed(format!("{}: {error}", self.file.display())))?;
            file.read_to_string(&mut text)?;
        }
        Ok(text)
    }
}

impl From<KeyFileError> for Failure {
    fn from(error: KeyFileError) -> Self {
        Self::Failed(error.to_string())
    }
}
