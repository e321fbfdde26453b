//! A gateway described by the operator: one HTTP request, filled in from templates.

use reqwest::header::CONTENT_TYPE;
use reqwest::{Client, RequestBuilder, StatusCode};
use url::form_urlencoded;

use super::http::Answer;
use super::{SendError, Text};
use crate::config::{Escape, Slot, Template, Webhook};

pub(super) fn request(client: &Client, webhook: &Webhook, text: &Text<'_>) -> RequestBuilder {
    let mut request = client.request(webhook.method.clone(), fill(&webhook.url, text, Escape::Percent));
    for (name, value) in &webhook.headers {
        request = request.header(name, value);
    }
    match &webhook.body {
        Some(body) => request.header(CONTENT_TYPE, &webhook.content_type.header).body(fill(
            body,
            text,
            webhook.content_type.escape,
        )),
        None => request,
    }
}

pub(super) fn verdict(webhook: &Webhook, answer: &Answer) -> Result<(), SendError> {
    let is_success = webhook.success_status.iter().any(|range| range.contains(&answer.status.as_u16()));
    let says_so = webhook.success_text.as_ref().is_none_or(|text| answer.body.contains(text.as_str()));
    match answer.status {
        _ if is_success && says_so => Ok(()),
        StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => Err(SendError::Login),
        _ => Err(SendError::Refused),
    }
}

fn fill(template: &Template, text: &Text<'_>, escape: Escape) -> String {
    template.render(|slot| {
        let value = match slot {
            Slot::Number => text.number(),
            Slot::Digits => text.digits.to_owned(),
            Slot::Text => text.content.to_owned(),
            Slot::Sender => text.sender.map(ToString::to_string).unwrap_or_default(),
        };
        escaped(&value, escape)
    })
}

fn escaped(value: &str, escape: Escape) -> String {
    match escape {
        Escape::None => value.to_owned(),
        Escape::Json => {
            let quoted = serde_json::Value::from(value).to_string();
            quoted[1..quoted.len() - 1].to_owned()
        }
        // In a path, a plus sign does not stand for a space.
        Escape::Percent => form_urlencoded::byte_serialize(value.as_bytes()).collect::<String>().replace('+', "%20"),
        Escape::Xml => value
            .replace('&', "&amp;")
            .replace('<', "&lt;")
            .replace('>', "&gt;")
            .replace('"', "&quot;")
            .replace('\'', "&apos;"),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn escaped_values_are_read_unchanged(value: String) {
            let json = format!("\"{}\"", escaped(&value, Escape::Json));
            prop_assert_eq!(&serde_json::from_str::<String>(&json).unwrap(), &value);
            let form = format!("a={}&b=c", escaped(&value, Escape::Percent));
            let pairs: Vec<_> = form_urlencoded::parse(form.as_bytes()).collect();
            prop_assert_eq!(pairs, [("a".into(), value.as_str().into()), ("b".into(), "c".into())]);
            let xml = escaped(&value, Escape::Xml);
            prop_assert!(!xml.contains(['<', '>', '"', '\'']));
        }
    }
}
