//! One HTTP exchange with a gateway.

use std::error::Error;
use std::io;
use std::time::Duration;

use reqwest::redirect::Policy;
use reqwest::{Client, RequestBuilder, StatusCode};
use serde_json::Value;

use super::SendError;
use crate::config;
use crate::crypto::trust::{self, TrustError};
use crate::notify::StartError;

/// The most bytes of an answer that are read. What gateways say fits into a fraction of it.
const MAX_ANSWER: usize = 64 * 1024;
/// How long a connection may idle and be used again.
const MAX_IDLE: Duration = Duration::from_secs(30);

/// What a gateway has answered.
pub(super) struct Answer {
    pub(super) status: StatusCode,
    /// At most [`MAX_ANSWER`] bytes of it.
    pub(super) body: String,
}

impl Answer {
    /// The body if it is JSON, or null.
    pub(super) fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_default()
    }
}

/// A client that goes where it is told and nowhere else: it follows no redirect, and neither the environment's proxy
/// nor anybody else hears of the credentials.
pub(super) fn client(sms: &config::Sms) -> Result<Client, StartError> {
    let tls = trust::client_config(sms.ca_file.as_deref())
        .map_err(|TrustError { path, reason }| StartError::file("sms.ca_file", path, io::Error::other(reason)))?;
    let client = Client::builder()
        .tls_backend_preconfigured(tls)
        .user_agent(concat!("Vouch/", env!("CARGO_PKG_VERSION")))
        .redirect(Policy::none())
        .no_proxy()
        .referer(false)
        .connect_timeout(sms.connect_timeout)
        .timeout(sms.timeout)
        .pool_idle_timeout(MAX_IDLE)
        .build();
    client.map_err(|_| StartError::Setting { setting: "sms", problem: "the HTTP library refuses its settings" })
}

/// Sends the request and reads the answer.
pub(super) async fn exchange(request: RequestBuilder) -> Result<Answer, SendError> {
    let mut response = request.send().await.map_err(|error| trouble(&error))?;
    let status = response.status();
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(|error| trouble(&error))? {
        body.extend_from_slice(&chunk[..chunk.len().min(MAX_ANSWER - body.len())]);
        if body.len() == MAX_ANSWER {
            break;
        }
    }
    Ok(Answer { status, body: String::from_utf8_lossy(&body).into_owned() })
}

fn trouble(error: &reqwest::Error) -> SendError {
    if error.is_timeout() {
        SendError::TimedOut
    } else if is_about_tls(error) {
        SendError::Tls
    } else if error.is_builder() {
        SendError::Refused
    } else {
        SendError::Unreachable
    }
}

/// rustls' errors travel inside of I/O errors, which do not tell of them as their source.
fn is_about_tls(error: &(dyn Error + 'static)) -> bool {
    let inner = error.downcast_ref::<io::Error>().and_then(io::Error::get_ref);
    error.is::<rustls::Error>()
        || inner.is_some_and(|inner| is_about_tls(inner))
        || error.source().is_some_and(is_about_tls)
}
