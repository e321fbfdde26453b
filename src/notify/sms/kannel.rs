//! The `sendsms` service of Kannel's smsbox
//! (<https://www.kannel.org/download/1.4.5/userguide-1.4.5/userguide.html>, "Using the HTTP
//! interface to send SMS messages").

use reqwest::{Client, RequestBuilder, StatusCode};

use super::http::Answer;
use super::{SendError, Text};
use crate::config::Kannel;
use crate::notify::gsm::is_gsm;

pub(super) fn request(client: &Client, kannel: &Kannel, text: &Text<'_>) -> RequestBuilder {
    // Kannel would replace characters that a 7-bit message cannot express with question marks.
    let coding = if is_gsm(text.content) { "0" } else { "2" };
    let mut url = kannel.url.clone();
    let mut query = url.query_pairs_mut();
    query.append_pair("username", &kannel.user).append_pair("password", &kannel.password);
    if let Some(smsc) = &kannel.smsc {
        query.append_pair("smsc", smsc);
    }
    if let Some(sender) = text.sender {
        query.append_pair("from", &sender.to_string());
    }
    query.append_pair("to", &text.number()).append_pair("coding", coding).append_pair("charset", "UTF-8");
    query.append_pair("text", text.content);
    drop(query);
    client.get(url)
}

/// 202 means sent (`0: Accepted for delivery`) or queued (`3: Queued for later delivery`). Versions
/// before 1.4 return 200.
pub(super) fn verdict(answer: &Answer) -> Result<(), SendError> {
    match answer.status {
        StatusCode::ACCEPTED => Ok(()),
        StatusCode::OK if answer.body.starts_with("0:") || answer.body.starts_with("3:") => Ok(()),
        _ if answer.body.contains("black-lists") => Err(SendError::Rejected),
        StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => Err(SendError::Login),
        _ => Err(SendError::Refused),
    }
}
