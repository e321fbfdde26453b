//! `[sms.twilio]`, `[sms.openmarket]`, `[sms.kannel]` and `[sms.webhook]`: who takes texts.

use std::fmt;
use std::ops::Deref;

use url::Url;
use zeroize::Zeroizing;

use super::parse::{self, Parsed};
use super::reader::Reader;
use super::warnings::is_loopback;
use super::webhook::Webhook;

/// A gateway that is set up.
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

/// Which gateway, as rules name it.
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

    /// Which it is.
    #[must_use]
    pub const fn kind(&self) -> GatewayKind {
        match self {
            Self::Twilio(_) => GatewayKind::Twilio,
            Self::OpenMarket(_) => GatewayKind::OpenMarket,
            Self::Kannel(_) => GatewayKind::Kannel,
            Self::Webhook(_) => GatewayKind::Webhook,
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

    pub(super) const fn section(self) -> &'static str {
        match self {
            Self::Twilio => "sms.twilio",
            Self::OpenMarket => "sms.openmarket",
            Self::Kannel => "sms.kannel",
            Self::Webhook => "sms.webhook",
        }
    }

    /// The key that sets it up.
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

/// A text that is shown to nobody.
#[derive(Clone)]
pub struct Secret(Zeroizing<String>);

impl Secret {
    fn parse(text: &str) -> Parsed<Self> {
        parse::secret(text).map(Self)
    }
}

impl From<&str> for Secret {
    fn from(text: &str) -> Self {
        Self(Zeroizing::new(text.to_owned()))
    }
}

impl Deref for Secret {
    type Target = str;

    fn deref(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("…")
    }
}

/// `[sms.twilio]`: Twilio's Messages API.
#[derive(Clone, Debug)]
pub struct Twilio {
    /// `account`: the account's SID.
    pub account: String,
    /// `api_key`: the SID of an API key, which then logs in. Default none: the account logs in.
    pub api_key: Option<String>,
    /// `token`: the account's auth token, or the API key's secret.
    pub token: Secret,
    /// `messaging_service`: the SID of a service that chooses the sender, in place of `sender` and `senders`. Default
    /// none.
    pub messaging_service: Option<String>,
    /// `url`: where the API is. Default `https://api.twilio.com`.
    pub url: Url,
}

impl Twilio {
    fn read(reader: &mut Reader) -> Option<Self> {
        let mut section = reader.section("sms.twilio");
        let account = section.optional("account", sid("AC"));
        let api_key = section.optional("api_key", sid("SK"));
        let token = section.optional("token", Secret::parse);
        let messaging_service = section.optional("messaging_service", sid("MG"));
        let url = section.text("url", "https://api.twilio.com", secure_url);
        section.needs("account", "token");
        for key in ["token", "api_key", "messaging_service"] {
            section.needs(key, "account");
        }
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
    /// `program`: the ID of the program that a short code in the USA or Canada belongs to. Default none.
    pub program: Option<String>,
    /// `url`. Default `https://smsc.openmarket.com/sms/v4/mt`.
    pub url: Url,
}

impl OpenMarket {
    fn read(reader: &mut Reader) -> Option<Self> {
        let mut section = reader.section("sms.openmarket");
        let account = section.optional("account", parse::line);
        let password = section.optional("password", Secret::parse);
        let program = section.optional("program", parse::line);
        let url = section.text("url", "https://smsc.openmarket.com/sms/v4/mt", secure_url);
        section.needs("account", "password");
        section.needs("password", "account");
        section.needs("program", "account");
        Some(Self { account: account?, password: password?, program, url })
    }
}

/// `[sms.kannel]`: the `sendsms` service of a Kannel's smsbox.
#[derive(Clone, Debug)]
pub struct Kannel {
    /// `url`, such as `http://127.0.0.1:13013/cgi-bin/sendsms`.
    pub url: Url,
    /// `user`: of a `sendsms-user` group.
    pub user: String,
    /// `password`
    pub password: Secret,
    /// `smsc`: the connection that takes the texts. Default none: Kannel chooses.
    pub smsc: Option<String>,
}

impl Kannel {
    fn read(reader: &mut Reader) -> Option<Self> {
        let mut section = reader.section("sms.kannel");
        let url = section.optional("url", http_url);
        let user = section.optional("user", parse::line);
        let password = section.optional("password", Secret::parse);
        let smsc = section.optional("smsc", parse::line);
        section.needs("url", "user");
        section.needs("user", "password");
        section.needs("password", "url");
        section.needs("smsc", "url");
        Some(Self { url: url?, user: user?, password: password?, smsc })
    }
}

/// Twilio's identifiers: two letters and 32 hexadecimal digits.
fn sid(prefix: &'static str) -> impl Fn(&str) -> Parsed<String> {
    move |text| {
        let is_sid = text
            .strip_prefix(prefix)
            .is_some_and(|hex| hex.len() == 32 && hex.bytes().all(|byte| byte.is_ascii_hexdigit()));
        is_sid.then(|| text.to_owned()).ok_or_else(|| format!("expected {prefix} and 32 hexadecimal digits"))
    }
}

fn http_url(text: &str) -> Parsed<Url> {
    let url = Url::parse(text).ok().filter(|url| matches!(url.scheme(), "http" | "https"));
    let bare = url.filter(|url| {
        url.username().is_empty() && url.password().is_none() && url.query().is_none() && url.fragment().is_none()
    });
    bare.ok_or_else(|| "expected an http or https URL without user, password, ? and #".to_owned())
}

/// Passwords and numbers go there through the internet.
fn secure_url(text: &str) -> Parsed<Url> {
    let url = http_url(text)?;
    let is_secure = url.scheme() == "https" || is_loopback(&url);
    if is_secure { Ok(url) } else { Err("expected an https URL, unless it is this machine".to_owned()) }
}
