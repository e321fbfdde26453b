//! `[sms.twilio]`, `[sms.openmarket]`, `[sms.kannel]` and `[sms.webhook]`: the gateways that send
//! text messages.

use std::fmt;

use url::Url;

use super::parse::{self, Parsed};
use super::reader::Reader;
use super::secret::Secret;
use super::warnings::is_loopback;
use super::webhook::Webhook;

/// A configured gateway.
#[derive(Clone, Debug)]
pub enum Gateway {
    /// `[sms.twilio]`
    Twilio(Twilio),
    /// `[sms.openmarket]`
    OpenMarket(OpenMarket),
    /// `[sms.kannel]`
    Kannel(Kannel),
    /// `[sms.webhook]`
    Webhook(Box<Webhook>),
}

/// The kind of a gateway, as used in rules.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum GatewayKind {
    /// `twilio`
    Twilio,
    /// `openmarket`
    OpenMarket,
    /// `kannel`
    Kannel,
    /// `webhook`
    Webhook,
}

impl Gateway {
    pub(super) fn read_all(reader: &mut Reader) -> Vec<Self> {
        let all = [
            Twilio::read(reader).map(Self::Twilio),
            OpenMarket::read(reader).map(Self::OpenMarket),
            Kannel::read(reader).map(Self::Kannel),
            Webhook::read(reader).map(|webhook| Self::Webhook(Box::new(webhook))),
        ];
        all.into_iter().flatten().collect()
    }

    /// Returns the kind of the gateway.
    #[must_use]
    pub const fn kind(&self) -> GatewayKind {
        match self {
            Self::Twilio(_) => GatewayKind::Twilio,
            Self::OpenMarket(_) => GatewayKind::OpenMarket,
            Self::Kannel(_) => GatewayKind::Kannel,
            Self::Webhook(_) => GatewayKind::Webhook,
        }
    }

    /// Returns the URL to which text messages are sent, if the operator chose it. A webhook's URL
    /// is cut at its first placeholder.
    pub(super) fn url(&self) -> Option<Url> {
        match self {
            Self::Kannel(kannel) => Some(kannel.url.clone()),
            Self::Webhook(webhook) => Url::parse(webhook.url.beginning()).ok(),
            Self::Twilio(_) | Self::OpenMarket(_) => None,
        }
    }
}

impl Gateway {
    /// Returns the URL of the gateway. A webhook's URL is cut at its first placeholder.
    #[must_use]
    pub fn endpoint(&self) -> Option<Url> {
        match self {
            Self::Twilio(twilio) => Some(twilio.url.clone()),
            Self::OpenMarket(openmarket) => Some(openmarket.url.clone()),
            Self::Kannel(_) | Self::Webhook(_) => self.url(),
        }
    }
}

impl GatewayKind {
    pub(super) fn parse(name: &str) -> Option<Self> {
        [Self::Twilio, Self::OpenMarket, Self::Kannel, Self::Webhook].into_iter().find(|kind| kind.as_str() == name)
    }

    const fn as_str(self) -> &'static str {
        match self {
            Self::Twilio => "twilio",
            Self::OpenMarket => "openmarket",
            Self::Kannel => "kannel",
            Self::Webhook => "webhook",
        }
    }

    /// Returns the section of the gateway.
    pub(super) fn section(self) -> String {
        format!("sms.{self}")
    }

    /// Returns the key that enables the gateway.
    pub(super) const fn essential(self) -> &'static str {
        match self {
            Self::Twilio | Self::OpenMarket => "account",
            Self::Kannel | Self::Webhook => "url",
        }
    }
}

impl fmt::Display for GatewayKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// `[sms.twilio]`: Twilio's Messages API.
#[derive(Clone, Debug)]
pub struct Twilio {
    /// `account`: the account's SID.
    pub account: String,
    /// `api_key`: the SID of an API key to log in with. Default none, which means the account.
    pub api_key: Option<String>,
    /// `token`: the account's auth token, or the API key's secret.
    pub token: Secret,
    /// `messaging_service`: the SID of a service that chooses the sender instead of `sender` and
    /// `senders`. Default none.
    pub messaging_service: Option<String>,
    /// `url`: the address of the API. Default `https://api.twilio.com`.
    pub url: Url,
}

impl Twilio {
    fn read(reader: &mut Reader) -> Option<Self> {
        let mut section = reader.section("sms.twilio");
        let account = section.optional("account", sid("AC"));
        let api_key = section.optional("api_key", sid("SK"));
        let token = section.optional("token", parse::secret);
        let messaging_service = section.optional("messaging_service", sid("MG"));
        let url = section.text("url", "https://api.twilio.com", secure_url);
        section.together(&["account", "token"], &["api_key", "messaging_service"]);
        Some(Self { account: account?, api_key, token: token?, messaging_service, url })
    }
}

/// `[sms.openmarket]`: `OpenMarket`'s Global SMS API, version 4.
#[derive(Clone, Debug)]
pub struct OpenMarket {
    /// `account`: the account's ID.
    pub account: String,
    /// `password`
    pub password: Secret,
    /// `program`: the ID of the program that a short code in the USA or Canada belongs to. Default
    /// none.
    pub program: Option<String>,
    /// `url`. Default `https://smsc.openmarket.com/sms/v4/mt`.
    pub url: Url,
}

impl OpenMarket {
    fn read(reader: &mut Reader) -> Option<Self> {
        let mut section = reader.section("sms.openmarket");
        let account = section.optional("account", parse::line);
        let password = section.optional("password", parse::secret);
        let program = section.optional("program", parse::line);
        let url = section.text("url", "https://smsc.openmarket.com/sms/v4/mt", secure_url);
        section.together(&["account", "password"], &["program"]);
        Some(Self { account: account?, password: password?, program, url })
    }
}

/// `[sms.kannel]`: the `sendsms` service of a Kannel's smsbox.
#[derive(Clone, Debug)]
pub struct Kannel {
    /// `url`, such as `http://127.0.0.1:13013/cgi-bin/sendsms`.
    pub url: Url,
    /// `user`: the name of a `sendsms-user` group.
    pub user: String,
    /// `password`
    pub password: Secret,
    /// `smsc`: the connection that sends the messages. Default none, which lets Kannel choose.
    pub smsc: Option<String>,
}

impl Kannel {
    fn read(reader: &mut Reader) -> Option<Self> {
        let mut section = reader.section("sms.kannel");
        let url = section.optional("url", http_url);
        let user = section.optional("user", parse::line);
        let password = section.optional("password", parse::secret);
        let smsc = section.optional("smsc", parse::line);
        section.together(&["url", "user", "password"], &["smsc"]);
        Some(Self { url: url?, user: user?, password: password?, smsc })
    }
}

/// Returns a parser for one of Twilio's identifiers: two letters and 32 hexadecimal digits.
fn sid(prefix: &'static str) -> impl Fn(&str) -> Parsed<String> {
    move |text| {
        let is_hex = |hex: &str| hex.len() == 32 && hex.bytes().all(|byte| byte.is_ascii_hexdigit());
        let sid = text.strip_prefix(prefix).filter(|hex| is_hex(hex)).map(|_| text.to_owned());
        sid.ok_or_else(|| format!("expected {prefix} and 32 hexadecimal digits"))
    }
}

fn http_url(text: &str) -> Parsed<Url> {
    let url = Url::parse(text).ok().filter(|url| {
        let has_credentials = !url.username().is_empty() || url.password().is_some();
        let is_bare = !has_credentials && url.query().is_none() && url.fragment().is_none();
        matches!(url.scheme(), "http" | "https") && is_bare
    });
    url.ok_or_else(|| "expected an http or https URL without user, password, ? and #".to_owned())
}

/// Parses a URL to which credentials and phone numbers are sent over the Internet.
fn secure_url(text: &str) -> Parsed<Url> {
    let url = http_url(text)?;
    let is_secure = url.scheme() == "https" || is_loopback(&url);
    if is_secure { Ok(url) } else { Err("expected an https URL, except on this machine".to_owned()) }
}
