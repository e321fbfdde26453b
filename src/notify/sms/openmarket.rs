//! `OpenMarket`'s Global SMS API, version 4
//! (<https://www.openmarket.com/docs/Content/apis/v4http/send-json.htm>).

use reqwest::{Client, RequestBuilder, StatusCode};
use serde_json::{Value, json};

use super::http::Answer;
use super::{SendError, Text};
use crate::config::{OpenMarket, Sender};

/// The number has no known operator, or it is not valid.
const NOT_SERVED: [u64; 2] = [345, 349];

pub(super) fn request(client: &Client, gateway: &OpenMarket, text: &Text<'_>) -> RequestBuilder {
    let mut message = json!({
        "message": { "type": "text", "content": text.content },
        "destination": { "address": text.digits },
    });
    if let Some(sender) = text.sender {
        message["source"] = source(sender);
    }
    if let Some(program) = &gateway.program {
        message["options"] = json!({ "programId": program });
    }
    client
        .post(gateway.url.clone())
        .basic_auth(&gateway.account, Some(&*gateway.password))
        .header("Content-Type", "application/json; charset=UTF-8")
        .body(json!({ "mobileTerminate": message }).to_string())
}

/// Returns the sender and its type of number.
fn source(sender: &Sender) -> Value {
    let (ton, address) = match sender {
        Sender::Number(digits) => ("1", digits),
        Sender::ShortCode(digits) => ("3", digits),
        Sender::Name(name) => ("5", name),
    };
    json!({ "ton": ton, "address": address })
}

pub(super) fn verdict(answer: &Answer) -> Result<(), SendError> {
    match answer.status {
        StatusCode::ACCEPTED => Ok(()),
        StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => Err(SendError::Login),
        _ if code(&answer.json()).is_some_and(|code| NOT_SERVED.contains(&code)) => Err(SendError::Rejected),
        _ => Err(SendError::Refused),
    }
}

/// Returns `OpenMarket`'s own code, which is a number or a string.
fn code(body: &Value) -> Option<u64> {
    let code = &body["error"]["code"];
    code.as_u64().or_else(|| code.as_str()?.parse().ok())
}
