//! `[sms]`: whether and how text messages are sent.

use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use rlibphonenumber::{PHONE_NUMBER_UTIL, Region};

use super::gateways::{Gateway, GatewayKind};
use super::parse::{self, Parsed};
use super::reader::Reader;

/// `[sms]`
#[derive(Clone, Debug)]
pub struct Sms {
    /// `directory`: one `.txt` file per message if there is no gateway. Default `data/sms`.
    pub directory: PathBuf,
    /// `rules`: how messages to an area are sent. Default none: the only gateway, or the directory,
    /// gets all of them.
    pub rules: BTreeMap<Area, Route>,
    /// `sender`: the sender of messages. Default none, which lets the gateway choose.
    pub sender: Option<Sender>,
    /// `senders`: the sender of messages to an area, instead of `sender`. Default none.
    pub senders: BTreeMap<Area, Sender>,
    /// `ca_file`: PEM certificates trusted in addition to the system's. Default none.
    pub ca_file: Option<PathBuf>,
    /// `connect_timeout`. Default 3 s.
    pub connect_timeout: Duration,
    /// `timeout`: for a whole exchange with a gateway. Default 4 s.
    pub timeout: Duration,
    /// `[sms.twilio]`, `[sms.openmarket]`, `[sms.kannel]` and `[sms.webhook]`, if configured.
    pub gateways: Vec<Gateway>,
}

/// A set of phone numbers.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Area {
    /// `*`
    Anywhere,
    /// A country by its ISO 3166 code, such as `GB`.
    Country(String),
    /// The first digits of E.164 numbers, such as `44` for `+44`.
    Prefix(String),
}

/// The way in which a message is sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Route {
    /// It is not sent.
    Reject,
    /// It is written to the directory.
    Directory,
    /// It is sent through a gateway.
    Gateway(GatewayKind),
}

/// The sender of a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Sender {
    /// The E.164 digits of a phone number.
    Number(String),
    /// A short code: 3 to 8 digits.
    ShortCode(String),
    /// A name of at most 11 characters.
    Name(String),
}

impl Sms {
    pub(super) fn read(reader: &mut Reader) -> Self {
        let mut section = reader.section("sms");
        let mut sms = Self {
            directory: section.text("directory", "data/sms", parse::path),
            rules: section.table("rules", Area::parse, Route::parse),
            sender: section.optional("sender", Sender::parse),
            senders: section.table("senders", Area::parse, Sender::parse),
            ca_file: section.optional("ca_file", parse::file),
            connect_timeout: section.text("connect_timeout", "3s", parse::duration("100ms", "5m")),
            timeout: section.text("timeout", "4s", parse::duration("100ms", "5m")),
            gateways: Vec::new(),
        };
        sms.gateways = Gateway::read_all(reader);
        sms.check(reader);
        sms
    }

    /// Checks that rules, senders and gateways match.
    fn check(&self, reader: &mut Reader) {
        let exists = |kind| self.gateways.iter().any(|gateway| gateway.kind() == kind);
        for route in self.rules.values() {
            if let Route::Gateway(missing) = *route
                && !exists(missing)
            {
                let problem = format!("sends messages through {missing}, but `[sms.{missing}]` is not set up");
                reader.wrong("sms", "rules", &problem);
            }
        }
        if let (true, [first, second, ..]) = (self.rules.is_empty(), &self.gateways[..]) {
            let (first, second) = (first.kind(), second.kind());
            let problem = format!("is a second gateway, in addition to {first}: choose between them in `[sms] rules`");
            reader.wrong(&second.section(), second.essential(), &problem);
        }
        let needs_sender =
            |gateway: &Gateway| matches!(gateway, Gateway::Twilio(twilio) if twilio.messaging_service.is_none());
        if !self.has_sender() && self.gateways.iter().any(needs_sender) {
            let problem = "Twilio needs a sender: set `messaging_service` here, or `sender` in `[sms]`";
            reader.wrong("sms.twilio", "account", problem);
        }
    }

    pub(super) fn has_sender(&self) -> bool {
        self.sender.is_some() || !self.senders.is_empty()
    }

    /// Returns the route of messages that no rule applies to.
    #[must_use]
    pub fn otherwise(&self) -> Route {
        match (self.rules.is_empty(), self.gateways.first()) {
            (true, Some(gateway)) => Route::Gateway(gateway.kind()),
            (true, None) => Route::Directory,
            (false, _) => Route::Reject,
        }
    }

    /// Returns the routes that messages may take, without duplicates. Empty if all messages are
    /// rejected.
    #[must_use]
    pub fn routes(&self) -> Vec<Route> {
        let mut routes: Vec<_> = self.rules.values().copied().chain([self.otherwise()]).collect();
        routes.retain(|route| *route != Route::Reject);
        routes.sort_unstable();
        routes.dedup();
        routes
    }
}

impl Area {
    fn parse(text: &str) -> Parsed<Self> {
        let is_prefix = |digits: &&str| is_digits(digits, 1, 15) && !digits.starts_with('0');
        if text == "*" {
            Ok(Self::Anywhere)
        } else if let Some(digits) = text.strip_prefix('+').filter(is_prefix) {
            Ok(Self::Prefix(digits.to_owned()))
        } else if is_country(text) {
            Ok(Self::Country(text.to_owned()))
        } else {
            let expected = "expected the first digits of numbers, such as \"+44\", a country such as \"GB\", or \"*\"";
            Err(expected.to_owned())
        }
    }
}

/// Returns whether this is the ISO 3166 code, in upper case, of a country that has phone numbers.
fn is_country(code: &str) -> bool {
    let region = Region::from_code(code).ok().filter(|region| region.to_string() == code);
    region.is_some_and(|region| PHONE_NUMBER_UTIL.get_country_code_for_region(region).is_some())
}

impl Route {
    fn parse(text: &str) -> Parsed<Self> {
        match text {
            "reject" => Ok(Self::Reject),
            "directory" => Ok(Self::Directory),
            _ => GatewayKind::parse(text).map(Self::Gateway).ok_or_else(|| {
                "expected \"twilio\", \"openmarket\", \"kannel\", \"webhook\", \"directory\" or \"reject\"".to_owned()
            }),
        }
    }
}

impl Sender {
    fn parse(text: &str) -> Parsed<Self> {
        let is_name = text.len() <= 11
            && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b" &-_.+".contains(&byte))
            && text.bytes().any(|byte| byte.is_ascii_alphabetic());
        match text.strip_prefix('+') {
            Some(digits) if is_digits(digits, 5, 15) => Ok(Self::Number(digits.to_owned())),
            None if is_digits(text, 3, 8) => Ok(Self::ShortCode(text.to_owned())),
            None if is_name => Ok(Self::Name(text.to_owned())),
            _ => Err("expected a number such as \"+12025550123\", a short code, or a name of at most 11 ASCII letters and digits".to_owned()),
        }
    }
}

impl fmt::Display for Sender {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Number(digits) => write!(f, "+{digits}"),
            Self::ShortCode(sender) | Self::Name(sender) => f.write_str(sender),
        }
    }
}

fn is_digits(text: &str, least: usize, most: usize) -> bool {
    (least..=most).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit())
}

#[cfg(test)]
mod tests;
