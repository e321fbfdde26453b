//! A client of the nodes. A request whose answer is not received may have been carried out or not.

use std::error::Error;
use std::time::Duration;

use reqwest::Method;
use serde_json::Value;

/// How long a client waits for an answer.
const PATIENCE: Duration = Duration::from_secs(12);
/// How long it waits before it asks again.
const PAUSE: Duration = Duration::from_millis(250);

/// The answer to a request.
pub enum Answer {
    /// It was carried out.
    Done(Value),
    /// It was refused, for good.
    Refused(u16, String),
    /// Nobody knows.
    Unknown,
}

impl Answer {
    /// An error about an answer that should have been another.
    pub fn unexpected(self, path: &str) -> Box<dyn Error + Send + Sync> {
        match self {
            Self::Done(body) => format!("{path}: 200 {body}").into(),
            Self::Refused(status, body) => format!("{path}: {status} {body}").into(),
            Self::Unknown => format!("{path}: no answer").into(),
        }
    }
}

/// Sends requests to one of the nodes by turns.
#[derive(Clone)]
pub struct Client {
    http: reqwest::Client,
    urls: Vec<String>,
    /// The access token, if any.
    pub token: String,
}

impl Client {
    /// Creates a client of these nodes.
    pub fn new(http: &reqwest::Client, urls: &[&str]) -> Self {
        Self { http: http.clone(), urls: urls.iter().map(ToString::to_string).collect(), token: String::new() }
    }

    /// The user with this token, at the same nodes.
    pub fn with_token(&self, token: String) -> Self {
        Self { token, ..self.clone() }
    }

    /// The same user, at these nodes.
    pub fn at(&self, urls: &[&str]) -> Self {
        Self { token: self.token.clone(), ..Self::new(&self.http, urls) }
    }

    /// Sends one request to any node.
    pub async fn send(&self, method: Method, path: &str, body: Option<&Value>) -> Answer {
        let url = &self.urls[rand::random_range(0..self.urls.len())];
        let mut request = self.http.request(method, format!("{url}/_matrix/identity{path}")).timeout(PATIENCE);
        if !self.token.is_empty() {
            request = request.bearer_auth(&self.token);
        }
        if let Some(body) = body {
            request = request.json(body);
        }
        let Ok(response) = request.send().await else { return Answer::Unknown };
        let status = response.status().as_u16();
        let Ok(body) = response.json::<Value>().await else { return Answer::Unknown };
        match status {
            200 => Answer::Done(body),
            // A node that was frozen has lost its connection to the mail server.
            400 if body["errcode"] == "M_EMAIL_SEND_ERROR" => Answer::Unknown,
            400..=499 if status != 429 => Answer::Refused(status, body.to_string()),
            _ => Answer::Unknown,
        }
    }

    /// Sends a request until it is carried out or refused. Returns the answer, and whether an
    /// earlier attempt may have been carried out.
    pub async fn insist(&self, method: Method, path: &str, body: Option<&Value>) -> (Answer, bool) {
        let mut repeated = false;
        loop {
            match self.send(method.clone(), path, body).await {
                Answer::Unknown => tokio::time::sleep(PAUSE).await,
                answer => return (answer, repeated),
            }
            repeated = true;
        }
    }

    /// Sends a request until it is carried out.
    pub async fn post(&self, path: &str, body: &Value) -> crate::Result<Value> {
        match self.insist(Method::POST, path, Some(body)).await.0 {
            Answer::Done(body) => Ok(body),
            answer => Err(answer.unexpected(path)),
        }
    }

    /// As [`Self::post`], without a body.
    pub async fn get(&self, path: &str) -> crate::Result<Value> {
        match self.insist(Method::GET, path, None).await.0 {
            Answer::Done(body) => Ok(body),
            answer => Err(answer.unexpected(path)),
        }
    }
}
