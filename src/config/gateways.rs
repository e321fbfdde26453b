//! `[sms.twilio]`, `[sms.openmarket]`, `[sms.kannel]` and `[sms.webhook]`: who takes texts.

use std::collections::BTreeMap;
use std::fmt;
use std::ops::{Deref, RangeInclusive};

use hyper::Method;
use hyper::header::{CONTENT_LENGTH, CONTENT_TYPE, HOST, HeaderName, HeaderValue, TRANSFER_ENCODING};
use url::Url;
use zeroize::Zeroizing;

use super::parse::{self, Parsed};
use super::reader::{Reader, Section};
use super::template::{Slot, Template};
use super::warnings::is_loopback;

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

/// `[sms.webhook]`: anything else that takes a text by one HTTP request.
#[derive(Clone, Debug)]
pub struct Webhook {
    /// `url`, with placeholders behind the host.
    pub url: Template,
    /// `method`: `POST`, `PUT` or `GET`. Default `POST`.
    pub method: Method,
    /// `headers`. Default none.
    pub headers: BTreeMap<String, HeaderValue>,
    /// `content_type`: of the body, and how what is put into it is escaped. Default `application/json`.
    pub content_type: ContentType,
    /// `body`, with placeholders. Default none.
    pub body: Option<Template>,
    /// `success_status`: with which the text counts as sent. Default `200-299`.
    pub success_status: Vec<RangeInclusive<u16>>,
    /// `success_text`: what the answer must hold as well. Default none.
    pub success_text: Option<String>,
}

/// What a body is.
#[derive(Clone, Debug)]
pub struct ContentType {
    /// As the header has it.
    pub header: HeaderValue,
    /// How texts are escaped in it.
    pub escape: Escape,
}

/// How texts are escaped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Escape {
    /// Within a JSON string.
    Json,
    /// In a form, and in URLs.
    Percent,
    /// Within an XML element or attribute.
    Xml,
    /// Not at all.
    None,
}

impl Webhook {
    fn read(reader: &mut Reader) -> Option<Self> {
        let mut section = reader.section("sms.webhook");
        let url = section.optional("url", url_template);
        let webhook = Self {
            url: url.clone().unwrap_or_default(),
            method: section.text("method", "POST", method),
            headers: section.table("headers", header_name, header_value),
            content_type: section.text("content_type", "application/json", ContentType::parse),
            body: section.optional("body", Template::parse),
            success_status: section.list("success_status", &["200-299"], statuses),
            success_text: section.optional("success_text", parse::line),
        };
        section.needs("body", "url");
        url?;
        webhook.check(&mut section);
        Some(webhook)
    }

    fn check(&self, section: &mut Section<'_>) {
        let holds = |slot| self.url.holds(slot) || self.body.as_ref().is_some_and(|body| body.holds(slot));
        if !holds(Slot::Text) || !(holds(Slot::Number) || holds(Slot::Digits)) {
            section.wrong("url", "neither this nor `body` has both {text} and {number} (or {digits})");
        }
        // Digits may stand without quotes, as a JSON number.
        let sample = |body: &Template| body.render(|slot| if slot == Slot::Digits { "1" } else { "a" }.to_owned());
        let is_json = |body: &Template| serde_json::from_str::<serde_json::Value>(&sample(body)).is_ok();
        if self.content_type.escape == Escape::Json && self.body.as_ref().is_some_and(|body| !is_json(body)) {
            section.wrong("body", "is not the JSON that `content_type` promises; placeholders stand in quotes");
        }
        if self.method == Method::GET && self.body.is_some() {
            section.wrong("body", "is not sent with the method GET: put everything into `url`");
        }
    }
}

impl ContentType {
    /// # Errors
    /// What was expected.
    pub fn parse(text: &str) -> Parsed<Self> {
        let essence = text.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
        let escape = match essence.as_str() {
            "application/x-www-form-urlencoded" => Some(Escape::Percent),
            "text/plain" => Some(Escape::None),
            "application/json" => Some(Escape::Json),
            "application/xml" | "text/xml" => Some(Escape::Xml),
            other if other.ends_with("+json") => Some(Escape::Json),
            other if other.ends_with("+xml") => Some(Escape::Xml),
            _ => None,
        };
        let header = HeaderValue::from_str(text).ok();
        let expected = "expected \"application/json\", \"application/x-www-form-urlencoded\", \"application/xml\" or \"text/plain\"";
        header.zip(escape).map(|(header, escape)| Self { header, escape }).ok_or_else(|| expected.to_owned())
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

/// The host is fixed: what is put into a URL must not send it elsewhere.
fn url_template(text: &str) -> Parsed<Template> {
    let template = Template::parse(text)?;
    let beginning = template.beginning();
    let authority = beginning.split_once("://").map(|(_, rest)| rest).unwrap_or_default();
    let url = Url::parse(beginning).ok().filter(|url| matches!(url.scheme(), "http" | "https"));
    let is_fixed = authority.contains(['/', '?']) || !template.has_slots();
    let is_usable = |url: Url| url.has_host() && url.username().is_empty() && url.password().is_none();
    if url.is_some_and(is_usable) && is_fixed && !text.contains('#') {
        Ok(template)
    } else {
        Err("expected an http or https URL without user, password and #, with placeholders behind the host only"
            .to_owned())
    }
}

fn method(text: &str) -> Parsed<Method> {
    let known = [Method::POST, Method::PUT, Method::GET].into_iter().find(|method| method.as_str() == text);
    known.ok_or_else(|| "expected \"POST\", \"PUT\" or \"GET\"".to_owned())
}

fn header_name(text: &str) -> Parsed<String> {
    let name = HeaderName::from_bytes(text.as_bytes()).ok();
    let name = name.filter(|name| ![CONTENT_TYPE, CONTENT_LENGTH, HOST, TRANSFER_ENCODING].contains(name));
    name.map(|name| name.to_string())
        .ok_or_else(|| "expected the name of a header; for Content-Type there is `content_type`".to_owned())
}

fn header_value(text: &str) -> Parsed<HeaderValue> {
    let mut value = HeaderValue::from_str(text).map_err(|_| "expected one line of text".to_owned())?;
    value.set_sensitive(true);
    Ok(value)
}

fn statuses(text: &str) -> Parsed<RangeInclusive<u16>> {
    let status = |text: &str| text.parse().ok().filter(|status| (100..=599).contains(status));
    let (least, most) = text.split_once('-').unwrap_or((text, text));
    let range = status(least).zip(status(most)).filter(|(least, most)| least <= most);
    range
        .map(|(least, most)| least..=most)
        .ok_or_else(|| "expected a status or a range, such as \"200\" or \"200-299\"".to_owned())
}
