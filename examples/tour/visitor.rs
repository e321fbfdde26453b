//! A person with a Matrix client.

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use reqwest::{Client, Method};
use serde_json::Value;
use sha2::{Digest, Sha256};

use crate::Outcome;
use crate::show::{self, Narrator};
use crate::world::{NAME, World};

/// The amount of detail shown of a request and its response.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Show {
    /// Everything.
    Fully,
    /// One line, because a similar one was shown in full before.
    Briefly,
}

/// Sends requests to the server and shows them.
pub struct Visitor<'a> {
    narrator: &'a Narrator,
    http: Client,
    pub show: Show,
    pub token: Option<String>,
}

/// The response to a request.
pub struct Response {
    status: u16,
    text: String,
}

impl<'a> Visitor<'a> {
    pub fn new(narrator: &'a Narrator, world: &World) -> Outcome<Self> {
        // The public name resolves to the address on which the server listens.
        let http = Client::builder().no_proxy().resolve(NAME, world.address()).build()?;
        Ok(Self { narrator, http, show: Show::Fully, token: None })
    }

    /// Sends a GET request to a `path` below `/_matrix/identity/v2`. The response must have this
    /// status and be JSON.
    pub async fn get(&self, path: &str, status: u16) -> Outcome<Value> {
        self.json(Method::GET, &api(path), None, status).await
    }

    /// Works like [`Self::get`], but sends a POST request.
    pub async fn post(&self, path: &str, body: &Value, status: u16) -> Outcome<Value> {
        self.json(Method::POST, &api(path), Some(body), status).await
    }

    async fn json(&self, method: Method, path: &str, body: Option<&Value>, status: u16) -> Outcome<Value> {
        let response = self.send(method, path, body).await?;
        let json = serde_json::from_str(&response.text)?;
        if self.show == Show::Fully {
            show::json(&json);
        }
        response.must_be(status)?;
        Ok(json)
    }

    /// Opens a page of the server as a browser does, without an access token, and returns its
    /// heading.
    pub async fn open(&self, url: &str) -> Outcome<String> {
        let path = url.strip_prefix(&format!("http://{NAME}")).ok_or_else(|| format!("{url} is not on this server"))?;
        let response = Self { http: self.http.clone(), token: None, ..*self }.send(Method::GET, path, None).await?;
        let heading = response.text.split("<h1>").nth(1).and_then(|rest| rest.split("</h1>").next());
        let heading = heading.ok_or("the page has no heading")?.to_owned();
        if self.show == Show::Fully {
            self.narrator.lines(&format!("A web page: “{heading}”"));
        }
        response.must_be(200)?;
        Ok(heading)
    }

    async fn send(&self, method: Method, path: &str, body: Option<&Value>) -> Outcome<Response> {
        let token = self.token.as_deref();
        if self.show == Show::Fully {
            self.narrator.request(method.as_str(), path, token, body);
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
            Show::Fully => self.narrator.status(status),
            Show::Briefly => self.narrator.brief(method.as_str(), path, status),
        }
        Ok(Response { status, text: response.text().await? })
    }
}

impl Response {
    fn must_be(&self, status: u16) -> Outcome {
        if self.status == status {
            Ok(())
        } else {
            Err(format!("expected status {status}, got {}: {}", self.status, self.text).into())
        }
    }
}

fn api(path: &str) -> String {
    format!("/_matrix/identity/v2{path}")
}

/// Returns the look-up hash of an email address: SHA-256 in unpadded URL-safe base64.
pub fn hash(email: &str, pepper: &str) -> String {
    BASE64_URL_SAFE_NO_PAD.encode(Sha256::digest(format!("{email} email {pepper}")))
}

/// Decodes a look-up hash.
pub fn decode(hash: &str) -> Outcome<Vec<u8>> {
    Ok(BASE64_URL_SAFE_NO_PAD.decode(hash)?)
}
