//! `[sms.webhook]`: a gateway described by the operator.

use std::collections::BTreeMap;
use std::ops::RangeInclusive;

use hyper::Method;
use hyper::header::{CONTENT_LENGTH, CONTENT_TYPE, HOST, HeaderName, HeaderValue, TRANSFER_ENCODING};
use serde::de::IgnoredAny;
use url::Url;

use super::parse::{self, Parsed};
use super::reader::{Reader, Section};
use super::template::{Slot, Template};

/// `[sms.webhook]`: any other gateway that accepts a message as one HTTP request.
#[derive(Clone, Debug)]
pub struct Webhook {
    /// `url`, with placeholders after the host.
    pub url: Template,
    /// `method`: `POST`, `PUT` or `GET`. Default `POST`.
    pub method: Method,
    /// `headers`. Default none.
    pub headers: BTreeMap<String, HeaderValue>,
    /// `content_type`: of the body. It determines how placeholders are escaped. Default
    /// `application/json`.
    pub content_type: ContentType,
    /// `body`, with placeholders. Default none.
    pub body: Option<Template>,
    /// `success_status`: responses that mean that the message was sent. Default `200-299`.
    pub success_status: Vec<RangeInclusive<u16>>,
    /// `success_text`: text that the response must also contain. Default none.
    pub success_text: Option<String>,
}

/// The content type of a body.
#[derive(Clone, Debug)]
pub struct ContentType {
    /// The value of the header.
    pub header: HeaderValue,
    /// The way in which values are escaped in the body.
    pub escape: Escape,
}

/// A way of escaping values.
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
    pub(super) fn read(reader: &mut Reader) -> Option<Self> {
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
        section.together(&["url"], &["body"]);
        url?;
        webhook.check(&mut section);
        Some(webhook)
    }

    fn check(&self, section: &mut Section<'_>) {
        let contains = |slot| self.url.contains(slot) || self.body.as_ref().is_some_and(|body| body.contains(slot));
        if !contains(Slot::Text) || !(contains(Slot::Number) || contains(Slot::Digits)) {
            section.wrong("url", "{text} and {number} (or {digits}) must be here or in `body`");
        }
        let Some(body) = &self.body else { return };
        // Digits need no quotes, since they are also a JSON number.
        let sample = body.render(|slot| if slot == Slot::Digits { "1" } else { "a" }.to_owned());
        if self.content_type.escape == Escape::Json && serde_json::from_str::<IgnoredAny>(&sample).is_err() {
            section.wrong("body", "is not the JSON that `content_type` promises; placeholders belong in quotes");
        }
        if self.method == Method::GET {
            section.wrong("body", "is not sent with the method GET: put everything in `url`");
        }
    }
}

impl ContentType {
    /// Parses a content type.
    ///
    /// # Errors
    /// If the type is not supported.
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

/// Parses a URL whose host is fixed, so that no value can redirect the request.
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
        Err("expected an http or https URL without user, password and #, with placeholders only after the host"
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
        .ok_or_else(|| "expected the name of a header; set Content-Type by `content_type`".to_owned())
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
