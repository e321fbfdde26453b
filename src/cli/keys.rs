//! Listing, creating and importing signing keys, and exchanging the master key.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use serde_json::json;
use zeroize::Zeroizing;

use super::{Failure, audit, complain, input, rotation, say};
use crate::config::Config;
use crate::crypto::signing::SigningKeys;
use crate::import::ma1sd::keys::KeyStore;
use crate::service::Act;

const NODES: &str = "\
A running server keeps the keys it has read: restart it to sign with the new one. If several nodes share a database, give
each of them the new file and restart them one by one: the new key signs once all running nodes know it.";

const ROTATE: &str = "\
Example:
  vouch keys rotate-master --config /etc/vouch/vouch.toml

The new key is put beside the old one, in a file whose name ends in .next. A running server finds it within seconds, and
exchanges the key while it serves; without one, this command does. It ends when nothing that is stored needs the old key any
more, and can be interrupted: run it again, or leave the rest to the server. If several nodes share the database, stop all but
one first, and start the others with the new file once the exchange has begun. Afterwards, back up the new file; older backups
of the database still need the old one.";

const IMPORT: &str = "\
Examples:
  vouch keys import --sign sydent.key
  vouch keys import --sign /var/lib/ma1sd/keys
  vouch keys import - < synapse.signing.key";

#[derive(Subcommand)]
pub(super) enum Keys {
    /// Print the ID and the public half of each key, and which one signs
    List,
    /// Create a key that signs after the next restart; the other keys remain valid
    #[command(after_help = NODES)]
    New,
    /// Exchange the master key for a new one, also while the server runs
    #[command(after_help = ROTATE)]
    RotateMaster,
    /// Import a key of another server, so that its signatures remain valid
    #[command(after_help = IMPORT)]
    Import(Import),
}

/// A key of another server.
#[derive(Args)]
pub(super) struct Import {
    /// A file with one line "ed25519 VERSION SEED", as written by Synapse and Sydent, or the
    /// directory with the keys of a ma1sd; - means standard input
    file: PathBuf,
    /// Sign with it, or with the one that signs there, after the next restart
    #[arg(long)]
    sign: bool,
}

/// Runs the command on the key file. Stdout has one line per key; stderr names the file and the
/// next step.
pub(super) async fn keys(config: Config, command: &Keys) -> Result<(), Failure> {
    let (path, name) = (&config.keys.signing_key_file, &config.server.name);
    let keys = match command {
        Keys::RotateMaster => return rotation::rotate_master(config).await,
        Keys::List => SigningKeys::read(path, name)?
            .ok_or_else(|| Failure::Failed(format!("there is no key file at {}", path.display())))?,
        Keys::New => SigningKeys::renew(path, name)?,
        Keys::Import(import) if import.file.is_dir() => {
            let lines = KeyStore::read(&import.file)?.server;
            SigningKeys::import_all(path, name, &lines, import.sign)?
        }
        Keys::Import(import) => SigningKeys::import(path, name, &named(input::read(&import.file)?), import.sign)?,
    };
    let file = std::path::absolute(path)?;
    complain(match command {
        Keys::List => format!("key file {}", file.display()),
        _ => format!(
            "key file {}: restart the server for the change to take effect, and back up the file",
            file.display()
        ),
    });
    let width = keys.all().map(|(id, _)| id.len()).max().unwrap_or_default();
    for (place, (id, public)) in keys.all().enumerate() {
        say(format_args!("{id:width$}  {public}  {}", if place == 0 { "signs" } else { "verifies" }));
    }
    let done = match command {
        Keys::List | Keys::RotateMaster => return Ok(()),
        Keys::New => "new",
        Keys::Import(_) => "import",
    };
    let ids: Vec<&str> = keys.all().map(|(id, _)| id).collect();
    let detail = json!({ "command": done, "signs": ids.first(), "all": ids });
    audit::note(config, Act::Keys, detail).await;
    Ok(())
}

/// Returns the line of a key. mxisd before 1.4 wrote only a seed; its key has the version 0.
fn named(text: Zeroizing<String>) -> Zeroizing<String> {
    if text.split_whitespace().count() == 1 { Zeroizing::new(format!("ed25519 0 {}", text.trim())) } else { text }
}
