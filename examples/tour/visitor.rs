//! A person with a Matrix client.

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use reqwest::{Client, Method};
use serde_json::Value;
use sha2::{Digest, Sha256};

use crate::Outcome;
use crate::house::{House, NAME};
use crate::show::{self, Teller};

/// How much is shown of a request and its answer.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Show {
    /// All of it.
    Fully,
    /// A line: it was shown in full before.
    Briefly,
}

/// Sends requests to the server, and shows them.
pub struct Visitor<'a> {
    teller: &'a Teller,
    http: Client,
    pub show: Show,
    pub token: Option<String>,
}

/// What a request is answered with.
pub struct Answer {
    status: u16,
    text: String,
}

impl<'a> Visitor<'a> {
    pub fn new(teller: &'a Teller, house: &House) -> Outcome<Self> {
        // The public name leads to the port on which the server happens to listen.
        let http = Client::builder().no_proxy().resolve(NAME, house.address()).build()?;
        Ok(Self { teller, http, show: Show::Fully, token: None })
    }

    /// `path` is below `/_matrix/identity/v2`; the answer must have this status and be JSON.
    pub async fn get(&self, path: &str, status: u16) -> Outcome<Value> {
        self.json(Method::GET, &api(path), None, status).await
    }

    /// As [`Self::get`].
    pub async fn post(&self, path: &str, body: &Value, status: u16) -> Outcome<Value> {
        self.json(Method::POST, &api(path), Some(body), status).await
    }

    async fn json(&self, method: Method, path: &str, body: Option<&Value>, status: u16) -> Outcome<Value> {
        let answer = self.ask(method, path, body).await?;
        let json = serde_json::from_str(&answer.text)?;
        if self.show == Show::Fully {
            show::json(&json);
        }
        answer.must_be(status)?;
        Ok(json)
    }

    /// Opens a page of the server as a browser does, without a token, and returns its heading.
    pub async fn open(&self, url: &str) -> Outcome<String> {
        let path = url.strip_prefix(&format!("http://{NAME}")).ok_or_else(|| format!("{url} leads elsewhere"))?;
        let answer = Self { http: self.http.clone(), token: None, ..*self }.ask(Method::GET, path, None).await?;
        let heading = answer.text.split("<h1>").nth(1).and_then(|rest| rest.split("</h1>").next());
        let heading = heading.ok_or("the page has no heading")?.to_owned();
        if self.show == Show::Fully {
            self.teller.lines(&format!("A page for people: “{heading}”"));
        }
        answer.must_be(200)?;
        Ok(heading)
    }

    async fn ask(&self, method: Method, path: &str, body: Option<&Value>) -> Outcome<Answer> {
        let token = self.token.as_deref();
        if self.show == Show::Fully {
            self.teller.request(method.as_str(), path, token, body);
        }
        let mut request = self.http.request(method.clone(), format!("http://{NAME}{path}"));
        if let Some(token) = token {
            request = request.bearer_auth(token);
        }
        if let Some(body) = body {
            request = request.json(body);
        }
        let response = request.send().await?;
        let status = response.status().as_u16();
        match self.show {
            Show::Fully => self.teller.status(status),
            Show::Briefly => self.teller.brief(method.as_str(), path, status),
        }
        Ok(Answer { status, text: response.text().await? })
    }
}

impl Answer {
    fn must_be(&self, status: u16) -> Outcome {
        if self.status == status {
            Ok(())
        } else {
            Err(format!("the answer should have been {status} and is {}: {}", self.status, self.text).into())
        }
    }
}

fn api(path: &str) -> String {
    format!("/_matrix/identity/v2{path}")
}

/// The look-up hash of an e-mail address: unpadded URL-safe base64 of a SHA-256.
pub fn hash(email: &str, pepper: &str) -> String {
    BASE64_URL_SAFE_NO_PAD.encode(Sha256::digest(format!("{email} email {pepper}")))
}

/// The bytes that a look-up hash stands for.
pub fn decode(hash: &str) -> Outcome<Vec<u8>> {
    Ok(BASE64_URL_SAFE_NO_PAD.decode(hash)?)
}
