//! Backing up and restoring the database.

use std::io::{self, IsTerminal};
use std::path::{Path, PathBuf};
use std::process;

use age::secrecy::SecretString;
use clap::Args;
use serde_json::json;
use tokio::signal::unix::{SignalKind, signal};
use zeroize::Zeroizing;

use super::{Failure, audit, complain, input, say};
use crate::backup::{self, Contents, Manifest};
use crate::clock::{Clock, InWords, Span};
use crate::config::Config;
use crate::service::Act;

const EXAMPLES: &str = "\
Examples:
  vouch backup /var/backups/vouch.age --config /etc/vouch/vouch.toml
  vouch backup vouch.age --passphrase-file passphrase --with-keys --with-config

While it works, the folder of FILE needs room for two copies of the database. The file is a tar archive, sealed by age:
`age --decrypt FILE | tar --extract` opens it too.";

const AFTER_RESTORE: &str = "\
Examples:
  vouch restore vouch.age --check                       Verify a backup
  vouch restore vouch.age --print-config > vouch.toml   Print the configuration in it
  vouch restore vouch.age --config vouch.toml           Restore it

Run it as the user that runs the server. docs/operations.md says what a restore brings back.";

/// The shortest passphrase for a new backup, in characters.
const SHORTEST: usize = 12;

#[derive(Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Backup {
    /// The file to write, which must not exist
    file: PathBuf,
    #[command(flatten)]
    passphrase: Passphrase,
    /// Include the master key and the signing keys: the file and its passphrase then reveal every
    /// address
    #[arg(long)]
    with_keys: bool,
    /// Include the configuration file, but not environment variables or files that it names
    #[arg(long)]
    with_config: bool,
}

#[derive(Args)]
#[command(after_help = AFTER_RESTORE)]
pub(super) struct Restore {
    /// A file that `vouch backup` wrote
    file: PathBuf,
    #[command(flatten)]
    passphrase: Passphrase,
    /// Only verify the backup, and list its contents
    #[arg(long, conflicts_with_all = ["print_config", "sign_out"])]
    check: bool,
    /// Only print the configuration file in the backup
    #[arg(long, conflicts_with = "sign_out")]
    print_config: bool,
    /// Restore no access tokens: those that were ended since the backup would work again
    #[arg(long)]
    sign_out: bool,
}

/// The source of the passphrase.
#[derive(Args)]
struct Passphrase {
    /// A file with the passphrase on one line; - means standard input [default: ask on the
    /// terminal]
    #[arg(long, value_name = "FILE")]
    passphrase_file: Option<PathBuf>,
}

/// Backs up the database. `file` is the configuration file.
pub(super) async fn backup(config: Config, file: Option<&Path>, what: &Backup) -> Result<(), Failure> {
    if what.with_config && file.is_none() {
        return Err(Failure::Usage("there is no configuration file to include: name it with --config".to_owned()));
    }
    let passphrase = what.passphrase.choose()?;
    let contents = Contents { keys: what.with_keys, config: file.filter(|_| what.with_config).map(Path::to_owned) };
    let (mut interrupt, mut terminate) = (signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?);
    let manifest = tokio::select! {
        made = backup::make(&config, contents, &what.file, passphrase) => made?,
        _ = interrupt.recv() => give_up(),
        _ = terminate.recv() => give_up(),
    };
    say(format_args!("{}: {}", what.file.display(), in_words(&manifest)));
    describe(what.with_keys, what.with_config);
    let noted = json!({
        "made_at": manifest.made_at,
        "keys": what.with_keys,
        "config": what.with_config,
        "bindings": manifest.rows("bindings"),
        "accounts": manifest.rows("accounts"),
    });
    audit::note(config, Act::Backup, noted).await;
    Ok(())
}

/// Ends the process without waiting for threads; the drafts are deleted.
fn give_up() -> ! {
    complain("interrupted: no backup was made");
    process::exit(1);
}

pub(super) async fn restore(config: Config, what: &Restore) -> Result<(), Failure> {
    let passphrase = what.passphrase.read()?;
    if what.print_config {
        say(backup::config(&what.file, passphrase)?.trim_end());
        return Ok(());
    }
    if what.check {
        let (parts, is_key_checked) = backup::check(&config, &what.file, passphrase)?;
        say(format_args!("{} is intact: {}", what.file.display(), in_words(&parts.manifest)));
        describe(parts.master_key.is_some(), parts.config.is_some());
        say(if is_key_checked {
            "The master key fits the database."
        } else {
            "There was no master key to check it with. With --config, the server's key is used."
        });
        return Ok(());
    }
    let restored = backup::restore(&config, &what.file, passphrase, what.sign_out).await?;
    say(format_args!("restored {}", in_words(&restored.manifest)));
    for file in &restored.keys {
        say(format_args!("restored the key file {}", file.display()));
    }
    if restored.is_clock_accepted {
        let now = InWords(Clock::system().now());
        say(format_args!("This machine's clock says {now}. If that is wrong, set it and restore again."));
    }
    say(format_args!("{}{}", advice(&restored.manifest), if what.sign_out { "" } else { TOKENS }));
    Ok(())
}

const TOKENS: &str = "
  Access tokens that were ended since then work again; `vouch restore --sign-out` restores none.";

/// Returns the steps to take before the server is started.
fn advice(manifest: &Manifest) -> String {
    format!(
        "
Changes since then are lost. Before you start the server:
  vouch erase         erase again what was erased since {}, by the receipts;
                      otherwise people who were erased are back
  vouch object        repeat objections that reached you since then
  vouch unbind        repeat removals that reached you since then
  vouch outbox list   see what would be delivered a second time, and `vouch outbox drop` it
Tell your users that addresses they removed since then are back until they remove them again.",
        InWords(manifest.made_at)
    )
}

fn in_words(manifest: &Manifest) -> String {
    let age = Clock::system().now().saturating_sub(manifest.made_at);
    let ago = if age < 0 { "ahead of this machine's clock" } else { "ago" };
    format!(
        "the database of {} as it was on {} ({} {ago}), with {} bindings, {} accounts, {} invitations and {} objections",
        manifest.server_name,
        InWords(manifest.made_at),
        Span(age),
        manifest.rows("bindings"),
        manifest.rows("accounts"),
        manifest.rows("invites"),
        manifest.rows("objections"),
    )
}

/// Lists the other contents of a backup, and what it lacks.
fn describe(has_keys: bool, has_config: bool) {
    say(if has_keys {
        "It contains the master key and the signing keys: anyone who has the file and its passphrase can read \
         every address in it."
    } else {
        "It contains no keys: without master.key and signing.key, which you must keep elsewhere, it is useless."
    });
    if has_config {
        say("It contains the configuration file, but neither environment variables nor the files that it names.");
    }
}

impl Passphrase {
    /// Reads the passphrase of an existing backup.
    fn read(&self) -> Result<SecretString, Failure> {
        let text = match &self.passphrase_file {
            Some(file) => input::read(file)?,
            None => ask("Passphrase: ")?,
        };
        let line = text.strip_suffix('\n').unwrap_or(&text);
        let line = line.strip_suffix('\r').unwrap_or(line);
        match line {
            "" => Err(Failure::Usage("the passphrase is empty".to_owned())),
            line if line.contains('\n') => Err(Failure::Usage("the passphrase must be on one line".to_owned())),
            line => Ok(SecretString::from(line)),
        }
    }

    /// Reads the passphrase of a new backup, twice from a terminal.
    fn choose(&self) -> Result<SecretString, Failure> {
        use age::secrecy::ExposeSecret;
        let passphrase = self.read()?;
        if passphrase.expose_secret().chars().count() < SHORTEST {
            return Err(Failure::Usage(format!(
                "the passphrase is too short: it needs at least {SHORTEST} characters"
            )));
        }
        if self.passphrase_file.is_none() && *ask("The same again: ")? != *passphrase.expose_secret() {
            return Err(Failure::Usage("the two passphrases differ".to_owned()));
        }
        Ok(passphrase)
    }
}

/// Asks on the terminal, without showing the answer.
fn ask(prompt: &str) -> Result<Zeroizing<String>, Failure> {
    if !io::stdin().is_terminal() {
        return Err(Failure::Usage(
            "there is no terminal to ask for the passphrase on: use --passphrase-file".to_owned(),
        ));
    }
    Ok(Zeroizing::new(rpassword::prompt_password(prompt)?))
}
