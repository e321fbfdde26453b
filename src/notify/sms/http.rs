//! HTTP requests to gateways.

use std::time::Duration;

use reqwest::redirect::Policy;
use reqwest::{Client, RequestBuilder, StatusCode};
use serde_json::Value;

use super::SendError;
use crate::config;
use crate::crypto::trust::{self, TlsFault, TrustError};
use crate::notify::unusable;

/// The maximum number of bytes of a response that are read. Gateways need a fraction of that.
const MAX_ANSWER: usize = 64 * 1024;
/// The time for which an idle connection can be reused.
const MAX_IDLE: Duration = Duration::from_secs(30);

/// A gateway's response.
pub(super) struct Answer {
    pub(super) status: StatusCode,
    /// The first [`MAX_ANSWER`] bytes.
    pub(super) body: String,
}

impl Answer {
    /// Returns the body as JSON, or null if it is not.
    pub(super) fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_default()
    }
}

/// Returns a client that follows no redirects and uses no proxy from the environment, so that only
/// the gateway receives the credentials.
pub(super) fn client(sms: &config::Sms) -> Result<Client, String> {
    let tls = trust::client_config(sms.ca_file.as_deref())
        .map_err(|TrustError { path, reason }| unusable("sms.ca_file", &path, reason))?;
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
    client.map_err(|_| "sms: the HTTP library rejects these settings".to_owned())
}

/// Sends a request and reads the response.
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
    } else if let Some(fault) = TlsFault::of(error) {
        SendError::Tls(fault)
    } else if error.is_builder() {
        SendError::Refused
    } else {
        SendError::Unreachable
    }
}
