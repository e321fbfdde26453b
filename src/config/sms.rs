//! `[sms]`: how text messages are sent, and where to.

use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

use phonenumber::country;

use super::gateways::{Gateway, GatewayKind};
use super::parse::{self, Parsed};
use super::reader::Reader;

/// `[sms]`
#[derive(Clone, Debug)]
pub struct Sms {
    /// `directory`: one `.txt` file a text while there is no gateway. Default `data/sms`.
    pub directory: PathBuf,
    /// `rules`: what becomes of texts to an area. Default none: the only gateway, or the directory, takes all.
    pub rules: BTreeMap<Area, Route>,
    /// `sender`: from whom texts come. Default none: the gateway chooses.
    pub sender: Option<Sender>,
    /// `senders`: from whom texts to an area come, in place of `sender`. Default none.
    pub senders: BTreeMap<Area, Sender>,
    /// `ca_file`: PEM certificates trusted besides the system's. Default none.
    pub ca_file: Option<PathBuf>,
    /// `connect_timeout`. Default 3 s.
    pub connect_timeout: Duration,
    /// `timeout`: for a whole exchange with a gateway. Default 4 s.
    pub timeout: Duration,
    /// `[sms.twilio]`, `[sms.openmarket]`, `[sms.kannel]` and `[sms.webhook]`: those that are set up.
    pub gateways: Vec<Gateway>,
}

/// Where a number belongs.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Area {
    /// `*`
    Anywhere,
    /// A country by its ISO 3166 code, such as `GB`.
    Country(String),
    /// What E.164 numbers begin with, such as `44` for `+44`.
    Prefix(String),
}

/// What becomes of a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Route {
    /// It is not sent.
    Reject,
    /// It goes to the directory.
    Directory,
    /// It goes to a gateway.
    Gateway(GatewayKind),
}

/// From whom a text comes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Sender {
    /// A phone number: its E.164 digits.
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

    /// Rules and gateways must fit each other.
    fn check(&self, reader: &mut Reader) {
        let is_there = |kind| self.gateways.iter().any(|gateway| gateway.kind() == kind);
        let kinds = self.rules.values().filter_map(|route| match route {
            Route::Gateway(kind) => Some(*kind),
            Route::Reject | Route::Directory => None,
        });
        for missing in kinds.filter(|kind| !is_there(*kind)) {
            let problem = format!("sends texts through {missing}, but `[sms.{missing}]` is not set up");
            reader.section("sms").wrong("rules", &problem);
        }
        if let (true, [first, second, ..]) = (self.rules.is_empty(), &self.gateways[..]) {
            let problem =
                format!("with {} there are several gateways: say in `[sms] rules` which texts go where", first.kind());
            reader.section(second.kind().section()).wrong(second.kind().essential(), &problem);
        }
        let is_anonymous = self.sender.is_none() && self.senders.is_empty();
        let needs_sender =
            |gateway: &&Gateway| matches!(gateway, Gateway::Twilio(twilio) if twilio.messaging_service.is_none());
        if is_anonymous && self.gateways.iter().any(|gateway| needs_sender(&gateway)) {
            let problem = "Twilio must be told who sends: set `messaging_service` here, or `sender` in `[sms]`";
            reader.section("sms.twilio").wrong("account", problem);
        }
    }

    /// What becomes of texts that no rule is about.
    #[must_use]
    pub fn otherwise(&self) -> Route {
        match (self.rules.is_empty(), self.gateways.first()) {
            (true, Some(gateway)) => Route::Gateway(gateway.kind()),
            (true, None) => Route::Directory,
            (false, _) => Route::Reject,
        }
    }
}

impl Area {
    fn parse(text: &str) -> Parsed<Self> {
        let is_prefix = |digits: &&str| is_digits(digits, 1, 15) && !digits.starts_with('0');
        if text == "*" {
            Ok(Self::Anywhere)
        } else if let Some(digits) = text.strip_prefix('+').filter(is_prefix) {
            Ok(Self::Prefix(digits.to_owned()))
        } else if country::Id::from_str(text).is_ok() {
            Ok(Self::Country(text.to_owned()))
        } else {
            Err("expected what numbers begin with, such as \"+44\", a country such as \"GB\", or \"*\" for all others"
                .to_owned())
        }
    }
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
