//! What can be typed.

use std::path::PathBuf;

use clap::builder::{PossibleValuesParser, TypedValueParser};
use clap::{Args, Parser, Subcommand};
use ruma_common::OwnedUserId;

use super::Failure;
use super::keys::Keys;
use crate::identity::threepid::{Address, Medium};

const EXAMPLES: &str = "\
Examples:
  vouch                                    Serve on http://127.0.0.1:8090, with everything below ./data
  vouch check-config --config vouch.toml   Say what is wrong with a configuration
  vouch lookup alice@example.org           Say who has an address

vouch.example.toml documents every setting. Each can also be a variable: [server] listen is VOUCH__SERVER__LISTEN.
RUST_LOG sets what is logged. Status: 0 done, 1 failed or nothing found, 2 wrong usage or configuration.";

/// A Matrix identity server: it vouches that an address belongs to a Matrix user, and lets people find each other.
#[derive(Parser)]
#[command(name = "vouch", version, after_help = EXAMPLES, disable_help_subcommand = true, max_term_width = 120)]
pub(super) struct Arguments {
    /// The configuration file [default: none, all settings have defaults]
    #[arg(long, global = true, env = "VOUCH_CONFIG", hide_env_values = true, value_name = "FILE")]
    pub config: Option<PathBuf>,
    #[command(subcommand)]
    pub command: Option<Command>,
}

#[derive(Subcommand)]
pub(super) enum Command {
    /// Serve until SIGTERM or Ctrl-C; this is what happens without a command
    Serve,
    /// Say what is wrong with the configuration; changes nothing
    CheckConfig,
    /// Print what is kept, and for how long
    Retention,
    /// List the keys that sign, make a new one, or import one
    #[command(subcommand)]
    Keys(Keys),
    /// Bind an address to a user, without proof: the last one wins
    #[command(after_help = "Example:\n  vouch bind --address alice@example.org --user @alice:example.org")]
    Bind(Binding),
    /// Unbind an address from a user
    #[command(after_help = "Example:\n  vouch unbind --address alice@example.org --user @alice:example.org")]
    Unbind(Binding),
    /// Print whose an address is
    #[command(after_help = "Example:\n  vouch lookup alice@example.org")]
    Lookup(Sought),
    /// Object for the owner of an address, who may write by post: it is unbound, and never listed or invited again
    #[command(after_help = "Example:\n  vouch object alice@example.org\n  vouch object alice@example.org --withdraw")]
    Object(Objection),
    /// Print everything that is held about a user, as JSON
    #[command(after_help = "Example:\n  vouch export --user @alice:example.org > alice.json")]
    Export {
        /// The Matrix ID
        #[arg(long, value_name = "@USER:SERVER", value_parser = user_id)]
        user: OwnedUserId,
    },
    /// Erase everything that is held about a user or an address, and print a receipt as JSON
    #[command(after_help = "Example:\n  vouch erase --user @alice:example.org --yes > receipt.json")]
    Erase(Erasure),
    /// Show what is still to be delivered to homeservers and people, try it now, or give it up
    #[command(subcommand, disable_help_subcommand = true)]
    Outbox(Outbox),
}

#[derive(Subcommand)]
pub(super) enum Outbox {
    /// Print what is still to be delivered, the oldest first
    List(Listing),
    /// Try a delivery now, whatever pause it is in
    #[command(after_help = "Example:\n  vouch outbox retry 7")]
    Retry(Chosen),
    /// Give a delivery up: the invitation or notice is lost
    #[command(after_help = "Example:\n  vouch outbox drop 7")]
    Drop(Chosen),
}

/// How the outbox is printed.
#[derive(Args)]
pub(super) struct Listing {
    /// Say whom each delivery is about
    #[arg(long)]
    pub reveal: bool,
    /// As JSON, times in milliseconds since 1970
    #[arg(long)]
    pub json: bool,
}

/// One delivery or all.
#[derive(Args)]
#[group(required = true, multiple = false)]
pub(super) struct Chosen {
    /// Its number in the list
    pub id: Option<i64>,
    /// All there are
    #[arg(long)]
    all: bool,
}

/// An address and a user.
#[derive(Args)]
pub(super) struct Binding {
    /// The e-mail address, or the phone number with its country code
    #[arg(long)]
    address: String,
    /// The Matrix ID
    #[arg(long, value_name = "@USER:SERVER", value_parser = user_id)]
    pub user: OwnedUserId,
    #[command(flatten)]
    medium: MediumOption,
}

/// An address.
#[derive(Args)]
pub(super) struct Sought {
    /// The e-mail address, or the phone number with its country code
    address: String,
    #[command(flatten)]
    medium: MediumOption,
}

/// An objection.
#[derive(Args)]
pub(super) struct Objection {
    #[command(flatten)]
    pub sought: Sought,
    /// Withdraw it: the address can be listed and invited again
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
    /// Do not ask; needed where there is no terminal
    #[arg(long)]
    pub yes: bool,
}

#[derive(Args)]
#[group(required = true, multiple = false)]
struct Whose {
    /// The Matrix ID: its account, tokens, sessions, invitations, bindings and deliveries go
    #[arg(long, value_name = "@USER:SERVER", value_parser = user_id)]
    user: Option<OwnedUserId>,
    /// The address: its binding, the sessions that were to prove it, its invitations and its deliveries go
    #[arg(long)]
    address: Option<String>,
}

#[derive(Args)]
struct MediumOption {
    /// What the address is; by default `email` if it has an @
    #[arg(long, value_parser = medium())]
    medium: Option<Medium>,
}

/// What is to be erased.
pub(super) enum Subject {
    User(OwnedUserId),
    Address(Address),
}

impl Binding {
    pub fn address(&self) -> Result<Address, Failure> {
        self.medium.parse(&self.address)
    }
}

impl Sought {
    pub fn address(&self) -> Result<Address, Failure> {
        self.medium.parse(&self.address)
    }
}

impl Erasure {
    pub fn subject(&self) -> Result<Subject, Failure> {
        match (&self.whose.user, &self.whose.address) {
            (Some(user), _) => Ok(Subject::User(user.clone())),
            (None, address) => self.medium.parse(address.as_deref().unwrap_or_default()).map(Subject::Address),
        }
    }
}

impl MediumOption {
    fn parse(&self, text: &str) -> Result<Address, Failure> {
        let guessed = if text.contains('@') { Medium::Email } else { Medium::Msisdn };
        let (parsed, expected) = match self.medium.unwrap_or(guessed) {
            Medium::Email => (Address::email(text), "an e-mail address such as alice@example.org"),
            Medium::Msisdn => {
                // As people write them: the specification wants the digits alone.
                let digits = text.strip_prefix('+').unwrap_or(text).replace([' ', '-'], "");
                (Address::msisdn(&digits), "an e-mail address, or a phone number such as +491701234567")
            }
        };
        parsed.map_err(|_| Failure::Usage(format!("the address is none: expected {expected}")))
    }
}

fn user_id(text: &str) -> Result<OwnedUserId, &'static str> {
    OwnedUserId::try_from(text).map_err(|_| "expected a Matrix ID such as @alice:example.org")
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
    fn the_medium_is_told_by_the_address() {
        assert_eq!(sought(&["Alice@Example.org"]).unwrap(), Address::email("alice@example.org").unwrap());
        let phone = Address::msisdn("491701234567").unwrap();
        for written in ["491701234567", "+49 170 1234567", "+49-170-123-4567"] {
            assert_eq!(sought(&[written]).unwrap(), phone, "{written}");
        }
        assert_eq!(sought(&["491701234567", "--medium", "msisdn"]).unwrap(), phone);
        for wrong in [&["alice"][..], &["alice@example.org", "--medium", "msisdn"], &["a@b", "--medium", "fax"]] {
            assert!(sought(wrong).is_none(), "{wrong:?}");
        }
    }

    #[test]
    fn one_delivery_is_chosen_or_all() {
        let parse = |words: &[&str]| Arguments::try_parse_from([&["vouch", "outbox", "drop"], words].concat());
        assert!(parse(&["7"]).is_ok() && parse(&["--all"]).is_ok());
        assert!(parse(&[]).is_err() && parse(&["7", "--all"]).is_err() && parse(&["seven"]).is_err());
    }

    #[test]
    fn something_is_erased_and_only_one_thing() {
        let parse = |words: &[&str]| Arguments::try_parse_from([&["vouch", "erase"], words].concat());
        assert!(parse(&["--user", "@a:b"]).is_ok());
        assert!(parse(&["--address", "a@b"]).is_ok());
        assert!(parse(&[]).is_err());
        assert!(parse(&["--user", "@a:b", "--address", "a@b"]).is_err());
        assert!(parse(&["--user", "alice"]).is_err());
    }
}
