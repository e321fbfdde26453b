//! Twilio's Messages API (<https://www.twilio.com/docs/messaging/api/message-resource>).

use reqwest::{Client, RequestBuilder, StatusCode};
use url::form_urlencoded::Serializer;

use super::http::Answer;
use super::{SendError, Text};
use crate::config::Twilio;

/// Codes for numbers that cannot be texted (<https://www.twilio.com/docs/api/errors>): invalid,
/// unreachable, a short code, in a country that is not enabled, unsubscribed with STOP, without a
/// route, not a mobile, a landline.
const NOT_SERVED: [u64; 9] = [21211, 21214, 21217, 21265, 21408, 21610, 21612, 21614, 21635];
/// The code for wrong credentials.
const AUTHENTICATION: u64 = 20003;

pub(super) fn request(client: &Client, twilio: &Twilio, text: &Text<'_>) -> RequestBuilder {
    let base = twilio.url.as_str().trim_end_matches('/');
    let url = format!("{base}/2010-04-01/Accounts/{}/Messages.json", twilio.account);
    let mut form = Serializer::new(String::new());
    form.append_pair("To", &text.number());
    match (&twilio.messaging_service, text.sender) {
        (Some(service), _) => _ = form.append_pair("MessagingServiceSid", service),
        (None, Some(sender)) => _ = form.append_pair("From", &sender.to_string()),
        (None, None) => {}
    }
    form.append_pair("Body", text.content);
    let user = twilio.api_key.as_ref().unwrap_or(&twilio.account);
    client
        .post(url)
        .basic_auth(user, Some(&*twilio.token))
        .header("Content-Type", "application/x-www-form-urlencoded")
        .header("Accept", "application/json")
        .body(form.finish())
}

pub(super) fn verdict(answer: &Answer) -> Result<(), SendError> {
    if answer.status == StatusCode::CREATED {
        return Ok(());
    }
    match answer.json()["code"].as_u64() {
        Some(code) if NOT_SERVED.contains(&code) => Err(SendError::Rejected),
        Some(AUTHENTICATION) => Err(SendError::Login),
        _ if answer.status == StatusCode::UNAUTHORIZED => Err(SendError::Login),
        _ => Err(SendError::Refused),
    }
}
