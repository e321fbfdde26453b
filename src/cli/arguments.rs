//! The command line.

use std::path::{Path, PathBuf};

use clap::builder::{PossibleValuesParser, TypedValueParser};
use clap::{Args, Parser, Subcommand};
use ruma_common::{OwnedServerName, OwnedUserId};

use super::audit::Audit;
use super::backup::{Backup, Restore};
use super::import::Import;
use super::keys::Keys;
use super::status::StatusOptions;
use super::{Failure, input};
use crate::identity::threepid::{Address, Medium};

const EXAMPLES: &str = "\
Examples:
  vouch                                    Serve on http://127.0.0.1:8090, with all data below ./data
  vouch check-config --config vouch.toml   Check a configuration
  vouch lookup alice@example.org           Print whose an address is

vouch.example.toml documents every setting. Environment variables override them: VOUCH__SERVER__LISTEN sets [server] listen.
RUST_LOG sets what is logged. Exit status: 0 success, 1 failed or nothing found, 2 wrong usage or configuration.";

const DOCTOR: &str = "\
Examples:
  vouch doctor --config /etc/vouch/vouch.toml --homeserver example.org
  vouch doctor --config /etc/vouch/vouch.toml --mail-to postmaster@example.org --json

Nothing is changed, and nothing is sent unless --mail-to or --text-to asks for it. Run it as the server's user, while the
server is running. Exit status: 0 no problem, 1 at least one problem, 2 wrong usage. Warnings do not count.";

/// A Matrix identity server: it vouches that an address belongs to a Matrix user, and lets people
/// find each other.
#[derive(Parser)]
#[command(name = "vouch", version, after_help = EXAMPLES, disable_help_subcommand = true, max_term_width = 120)]
pub(super) struct Arguments {
    /// The configuration file [default: none, since all settings have defaults]
    #[arg(long, global = true, env = "VOUCH_CONFIG", hide_env_values = true, value_name = "FILE")]
    pub config: Option<PathBuf>,
    #[command(subcommand)]
    pub command: Option<Command>,
}

#[derive(Subcommand)]
pub(super) enum Command {
    /// Serve until SIGTERM or Ctrl-C; this is the default command
    Serve,
    /// Check the configuration without changing anything
    CheckConfig,
    /// Check everything that the server depends on, from here, and say how to fix any problem
    #[command(after_help = DOCTOR)]
    Doctor(Doctor),
    /// Print what data is stored, and for how long
    Retention,
    /// List, create or import signing keys, or exchange the master key
    #[command(subcommand)]
    Keys(Keys),
    /// Bind an address to a user without validation, replacing any other binding of the address
    #[command(after_help = "Example:\n  vouch bind --address alice@example.org --user @alice:example.org")]
    Bind(Binding),
    /// Unbind an address from a user
    #[command(after_help = "Example:\n  vouch unbind --address alice@example.org --user @alice:example.org")]
    Unbind(Binding),
    /// Print whose an address is
    #[command(after_help = "Example:\n  vouch lookup alice@example.org")]
    Lookup(Sought),
    /// Object on behalf of an address's owner: it is unbound, and can no longer be bound or invited
    #[command(after_help = "Example:\n  vouch object alice@example.org\n  vouch object alice@example.org --withdraw")]
    Object(Objection),
    /// Print all data stored about a user as JSON
    #[command(after_help = "Example:\n  vouch export --user @alice:example.org > alice.json")]
    Export {
        /// The Matrix ID
        #[arg(long, value_name = "@USER:SERVER", value_parser = user_id)]
        user: OwnedUserId,
    },
    /// Erase all data stored about a user or an address, and print a receipt as JSON
    #[command(after_help = "Example:\n  vouch erase --user @alice:example.org --yes > receipt.json")]
    Erase(Erasure),
    /// Compare the clocks, or correct a time that was stored wrongly
    Clock(ClockOptions),
    /// List what operators and people did to data, or verify that nobody has altered that log
    #[command(subcommand, disable_help_subcommand = true)]
    Audit(Audit),
    /// Write a copy of the database to a file, sealed with a passphrase, while servers run
    Backup(Backup),
    /// Restore a backup into an empty database, of either kind
    Restore(Restore),
    /// Move in from another identity server
    #[command(subcommand, disable_help_subcommand = true)]
    Import(Import),
    /// Print the rate limits in force and how full they are, without saying whose they are
    #[command(after_help = "Example:\n  vouch limits --json")]
    Limits(Limits),
    /// Print the state of the server: its nodes, how much is stored, limits, queue and clocks
    #[command(after_help = "Example:\n  vouch status --json")]
    Status(StatusOptions),
    /// List, retry or drop pending deliveries to homeservers and people
    #[command(subcommand, disable_help_subcommand = true)]
    Outbox(Outbox),
}

/// Corrections of the stored time.
#[derive(Args)]
#[group(multiple = false)]
pub(super) struct ClockOptions {
    /// This machine's clock is right, although it is more than 30 days ahead of the stored time:
    /// the server was off for that long
    #[arg(long)]
    pub accept: bool,
    /// This machine's clock is right, although it is behind the stored time: store it, and correct
    /// rows that are dated in the future
    #[arg(long)]
    pub reset: bool,
}

#[derive(Subcommand)]
pub(super) enum Outbox {
    /// Print pending deliveries, oldest first
    List(Listing),
    /// Retry a delivery now instead of waiting for the next attempt
    #[command(after_help = "Example:\n  vouch outbox retry 7")]
    Retry(Chosen),
    /// Drop a delivery: the invitation or notice is lost
    #[command(after_help = "Example:\n  vouch outbox drop 7")]
    Drop(Chosen),
}

/// Options for printing deliveries.
#[derive(Args)]
pub(super) struct Listing {
    /// Show whom each delivery is about
    #[arg(long)]
    pub reveal: bool,
    /// Print JSON, with times in milliseconds since 1970
    #[arg(long)]
    pub json: bool,
}

/// Options for printing rate limits.
#[derive(Args)]
pub(super) struct Limits {
    /// Print how much attackers can look up with the limits in force; needs no database
    #[arg(long, conflicts_with = "json")]
    pub simulate: bool,
    /// Print JSON, with times in milliseconds since 1970
    #[arg(long)]
    pub json: bool,
}

/// Options for the checks.
#[derive(Args)]
pub(super) struct Doctor {
    /// Send a test mail to this address
    #[arg(long, value_name = "ADDRESS", value_parser = email)]
    pub mail_to: Option<Address>,
    /// Send a test text to this number, with its country code
    #[arg(long, value_name = "NUMBER", value_parser = phone)]
    pub text_to: Option<Address>,
    /// Check a homeserver whose users will use this server
    #[arg(long, value_name = "SERVER", value_parser = server_name)]
    pub homeserver: Option<OwnedServerName>,
    /// Print JSON
    #[arg(long)]
    pub json: bool,
}

/// One delivery, or all of them.
#[derive(Args)]
#[group(required = true, multiple = false)]
pub(super) struct Chosen {
    /// The ID of the delivery, as listed
    pub id: Option<i64>,
    /// All deliveries
    #[arg(long)]
    all: bool,
}

/// An address and a user.
#[derive(Args)]
pub(super) struct Binding {
    #[command(flatten)]
    address: AddressOption,
    /// The Matrix ID
    #[arg(long, value_name = "@USER:SERVER", value_parser = user_id)]
    pub user: OwnedUserId,
    #[command(flatten)]
    medium: MediumOption,
}

/// An address.
#[derive(Args)]
pub(super) struct Sought {
    #[command(flatten)]
    address: AddressArgument,
    #[command(flatten)]
    medium: MediumOption,
}

/// An objection.
#[derive(Args)]
pub(super) struct Objection {
    #[command(flatten)]
    pub sought: Sought,
    /// Withdraw the objection: the address can be bound and invited again
    #[arg(long)]
    pub withdraw: bool,
}

/// A user or an address.
#[derive(Args)]
pub(super) struct Erasure {
    #[command(flatten)]
    whose: Whose,
    #[command(flatten)]
    medium: MediumOption,
    /// Do not ask for confirmation; required without a terminal
    #[arg(long)]
    pub yes: bool,
}

#[derive(Args)]
#[group(required = true, multiple = false)]
struct Whose {
    /// The Matrix ID whose account, tokens, sessions, invitations, bindings and deliveries are
    /// erased
    #[arg(long, value_name = "@USER:SERVER", value_parser = user_id)]
    user: Option<OwnedUserId>,
    /// The address whose binding, validation sessions, invitations and deliveries are erased
    #[arg(long)]
    address: Option<String>,
    /// A file with that address on one line; - means standard input
    #[arg(long, value_name = "FILE")]
    address_from: Option<PathBuf>,
}

/// An address, or the file that contains it.
#[derive(Args)]
#[group(required = true, multiple = false)]
struct AddressOption {
    /// The e-mail address, or the phone number with its country code
    #[arg(long)]
    address: Option<String>,
    /// A file with the address on one line, to keep it out of the list of processes; - means
    /// standard input
    #[arg(long, value_name = "FILE")]
    address_from: Option<PathBuf>,
}

/// The same as [`AddressOption`], without the option's name.
#[derive(Args)]
#[group(required = true, multiple = false)]
struct AddressArgument {
    /// The e-mail address, or the phone number with its country code
    address: Option<String>,
    /// A file with the address on one line, to keep it out of the list of processes; - means
    /// standard input
    #[arg(long, value_name = "FILE")]
    address_from: Option<PathBuf>,
}

#[derive(Args)]
pub(super) struct MediumOption {
    /// The type of the address; by default `email` if it contains an @
    #[arg(long, value_parser = medium())]
    medium: Option<Medium>,
}

/// The data to erase.
pub(super) enum Subject {
    User(OwnedUserId),
    Address(Address),
}

impl Binding {
    pub fn address(&self) -> Result<Address, Failure> {
        let AddressOption { address, address_from } = &self.address;
        self.medium.parse(address.as_deref(), address_from.as_deref())
    }
}

impl Sought {
    pub fn address(&self) -> Result<Address, Failure> {
        let AddressArgument { address, address_from } = &self.address;
        self.medium.parse(address.as_deref(), address_from.as_deref())
    }
}

impl Erasure {
    pub fn subject(&self) -> Result<Subject, Failure> {
        let Whose { user, address, address_from } = &self.whose;
        match user {
            Some(user) => Ok(Subject::User(user.clone())),
            None => self.medium.parse(address.as_deref(), address_from.as_deref()).map(Subject::Address),
        }
    }
}

impl MediumOption {
    /// Parses an address that is given or is in a file.
    pub fn parse(&self, given: Option<&str>, file: Option<&Path>) -> Result<Address, Failure> {
        match (given, file) {
            (None, Some(file)) => self.parse_text(&input::read_line(file)?),
            (given, _) => self.parse_text(given.unwrap_or_default()),
        }
    }

    pub fn parse_text(&self, text: &str) -> Result<Address, Failure> {
        let guessed = if text.contains('@') { Medium::Email } else { Medium::Msisdn };
        let (parsed, expected) = match self.medium.unwrap_or(guessed) {
            Medium::Email => (Address::email(text), "an e-mail address such as alice@example.org"),
            Medium::Msisdn => {
                (Address::msisdn(&digits(text)), "an e-mail address, or a phone number such as +491701234567")
            }
        };
        parsed.map_err(|_| Failure::Usage(format!("the address is not valid: expected {expected}")))
    }
}

pub(super) fn user_id(text: &str) -> Result<OwnedUserId, &'static str> {
    OwnedUserId::try_from(text).map_err(|_| "expected a Matrix ID such as @alice:example.org")
}

fn email(text: &str) -> Result<Address, &'static str> {
    Address::email(text).map_err(|_| "expected an e-mail address such as alice@example.org")
}

fn phone(text: &str) -> Result<Address, &'static str> {
    Address::msisdn(&digits(text)).map_err(|_| "expected a phone number such as +491701234567")
}

fn server_name(text: &str) -> Result<OwnedServerName, &'static str> {
    OwnedServerName::try_from(text).map_err(|_| "expected a server name such as example.org")
}

/// People write a plus, spaces and hyphens; the specification has only digits.
fn digits(text: &str) -> String {
    text.strip_prefix('+').unwrap_or(text).replace([' ', '-'], "")
}

fn medium() -> impl TypedValueParser<Value = Medium> {
    let names = PossibleValuesParser::new([Medium::Email.as_str(), Medium::Msisdn.as_str()]);
    names.map(|name| Medium::parse(&name).expect("only these names are possible"))
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    fn sought(words: &[&str]) -> Option<Address> {
        let arguments = Arguments::try_parse_from([&["vouch", "lookup"], words].concat()).ok()?;
        let Some(Command::Lookup(sought)) = arguments.command else { panic!("another command") };
        sought.address().ok()
    }

    #[test]
    fn the_command_line_is_well_formed() {
        Arguments::command().debug_assert();
    }

    #[test]
    fn the_medium_is_derived_from_the_address() {
        assert_eq!(sought(&["Alice@Example.org"]).unwrap(), Address::email("alice@example.org").unwrap());
        let phone = Address::msisdn("491701234567").unwrap();
        for written in ["491701234567", "+49 170 1234567", "+49-170-123-4567"] {
            assert_eq!(sought(&[written]).unwrap(), phone, "{written}");
        }
        assert_eq!(sought(&["491701234567", "--medium", "msisdn"]).unwrap(), phone);
        for wrong in [&["alice"][..], &["alice@example.org", "--medium", "msisdn"], &["a@b.c", "--medium", "fax"]] {
            assert!(sought(wrong).is_none(), "{wrong:?}");
        }
    }

    #[test]
    fn either_one_delivery_or_all_are_chosen() {
        let parse = |words: &[&str]| Arguments::try_parse_from([&["vouch", "outbox", "drop"], words].concat());
        assert!(parse(&["7"]).is_ok() && parse(&["--all"]).is_ok());
        assert!(parse(&[]).is_err() && parse(&["7", "--all"]).is_err() && parse(&["seven"]).is_err());
    }

    #[test]
    fn exactly_one_thing_is_erased() {
        let parse = |words: &[&str]| Arguments::try_parse_from([&["vouch", "erase"], words].concat());
        assert!(parse(&["--user", "@a:b"]).is_ok());
        assert!(parse(&["--address", "a@b.c"]).is_ok());
        assert!(parse(&[]).is_err());
        assert!(parse(&["--user", "@a:b", "--address", "a@b.c"]).is_err());
        assert!(parse(&["--user", "alice"]).is_err());
    }
}
