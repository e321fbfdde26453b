//! `/.well-known/matrix/server`: to whom a server name delegates, fetched and remembered
//! ([Server-server API](https://spec.matrix.org/latest/server-server-api/#getwell-knownmatrixserver)).

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use hyper::body::Bytes;
use hyper::header::{CACHE_CONTROL, EXPIRES, HeaderMap, LOCATION};
use hyper::{Response, StatusCode};
use ruma_common::{OwnedServerName, ServerName};
use serde::Deserialize;
use time::PrimitiveDateTime;
use time::macros::format_description;
use tokio::time::timeout;
use url::{Position, Url};

use super::client::{Client, Destination, Request};
use super::error::Cause;
use crate::clock::{Clock, DAY, HOUR, MINUTE, Millis, SECOND};

/// The document may have so many bytes.
const MAX_BYTES: usize = 50 * 1024;
/// So many redirects are followed.
const MAX_REDIRECTS: usize = 5;
/// So many names are remembered, delegating or not.
const MAX_REMEMBERED: usize = 10_000;
/// A document that says nothing about it is good for so long.
const DEFAULT_LIFETIME: Millis = DAY;
/// No document is good for longer.
const MAX_LIFETIME: Millis = 2 * DAY;
/// A first failure is remembered for so long, each further one in a row twice as long …
const MIN_FAILURE_LIFETIME: Millis = MINUTE;
/// … up to this.
const MAX_FAILURE_LIFETIME: Millis = HOUR;

/// Fetches and remembers.
pub(super) struct WellKnown {
    remembered: Mutex<HashMap<String, Entry>>,
    clock: Clock,
    port: u16,
    patience: Duration,
}

struct Entry {
    /// `None` if there was no usable document.
    delegate: Option<OwnedServerName>,
    until: Millis,
    /// How often in a row there was none.
    failures: u32,
}

#[derive(Deserialize)]
struct Document {
    #[serde(rename = "m.server")]
    server: OwnedServerName,
}

impl WellKnown {
    /// Documents are looked for at `port`, and waited for no longer than `patience`.
    pub(super) fn new(clock: Clock, port: u16, patience: Duration) -> Self {
        Self { remembered: Mutex::default(), clock, port, patience }
    }

    /// To whom `server` delegates, if it does. A document that cannot be had or read is none.
    pub(super) async fn delegate(&self, client: &Client, server: &ServerName) -> Option<OwnedServerName> {
        let host = server.host().to_ascii_lowercase();
        let failures = match self.lock().get(&host) {
            Some(entry) if self.clock.now() < entry.until => return entry.delegate.clone(),
            Some(entry) => entry.failures,
            None => 0,
        };
        let fetched = timeout(self.patience, self.fetch(client, &host)).await.unwrap_or(Err(Cause::Timeout));
        let (delegate, lifetime, failures) = match fetched {
            Ok((delegate, lifetime)) => (Some(delegate), lifetime, 0),
            Err(cause) => {
                log::debug!("no well-known document of a homeserver: {cause}");
                (None, failure_lifetime(failures), failures.saturating_add(1))
            }
        };
        self.remember(host, Entry { delegate: delegate.clone(), until: self.clock.now() + lifetime, failures });
        delegate
    }

    async fn fetch(&self, client: &Client, host: &str) -> Result<(OwnedServerName, Millis), Cause> {
        let first = format!("https://{host}:{}/.well-known/matrix/server", self.port);
        let mut url = Url::parse(&first).map_err(|_| Cause::Name)?;
        for _ in 0..=MAX_REDIRECTS {
            let request = Request::get(&url[Position::BeforePath..Position::AfterQuery], MAX_BYTES);
            let answer = client.send(&destination(&url)?, request).await?;
            match answer.status() {
                StatusCode::OK => return self.read(&answer),
                status if status.is_redirection() => url = next(&url, answer.headers())?,
                _ => return Err(Cause::Document),
            }
        }
        Err(Cause::Redirect)
    }

    fn read(&self, answer: &Response<Bytes>) -> Result<(OwnedServerName, Millis), Cause> {
        let document: Document = serde_json::from_slice(answer.body()).map_err(|_| Cause::Document)?;
        Ok((document.server, lifetime(answer.headers(), self.clock.now())))
    }

    /// Makes room by forgetting what is over, or else what is over next.
    fn remember(&self, host: String, entry: Entry) {
        let mut remembered = self.lock();
        if remembered.len() >= MAX_REMEMBERED && !remembered.contains_key(&host) {
            let now = self.clock.now();
            remembered.retain(|_, entry| now < entry.until);
            if remembered.len() >= MAX_REMEMBERED {
                let next = remembered.iter().min_by_key(|(_, entry)| entry.until).map(|(host, _)| host.clone());
                next.and_then(|next| remembered.remove(&next));
            }
        }
        remembered.insert(host, entry);
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<String, Entry>> {
        self.remembered.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn destination(url: &Url) -> Result<Destination, Cause> {
    let host = url.host_str().ok_or(Cause::Redirect)?;
    let port = url.port_or_known_default().ok_or(Cause::Redirect)?;
    Destination::direct(&url[Position::BeforeHost..Position::AfterPort], host, port)
}

/// Where a redirect leads: over TLS again, and with no name or password in it.
fn next(url: &Url, headers: &HeaderMap) -> Result<Url, Cause> {
    let location = headers.get(LOCATION).and_then(|location| location.to_str().ok()).ok_or(Cause::Redirect)?;
    let next = url.join(location).map_err(|_| Cause::Redirect)?;
    let is_plain = next.username().is_empty() && next.password().is_none();
    if next.scheme() == "https" && is_plain { Ok(next) } else { Err(Cause::Redirect) }
}

/// How long an answer is good, by `Cache-Control` or else `Expires` (RFC 9111).
fn lifetime(headers: &HeaderMap, now: Millis) -> Millis {
    let told = by_cache_control(headers).or_else(|| by_expires(headers, now));
    told.unwrap_or(DEFAULT_LIFETIME).clamp(0, MAX_LIFETIME)
}

fn by_cache_control(headers: &HeaderMap) -> Option<Millis> {
    let lines = headers.get_all(CACHE_CONTROL).iter().filter_map(|line| line.to_str().ok());
    let directives = lines.flat_map(|line| line.split(',')).map(|directive| directive.trim().to_ascii_lowercase());
    let lifetimes = directives.filter_map(|directive| match directive.split_once('=') {
        None => matches!(directive.as_str(), "no-store" | "no-cache").then_some(0),
        Some(("max-age", seconds)) => {
            seconds.trim_matches('"').parse::<Millis>().ok().map(|s| s.saturating_mul(SECOND))
        }
        Some(_) => None,
    });
    lifetimes.min()
}

/// A date in another form than that of RFC 9110 is in the past, as RFC 9111 section 5.3 demands.
fn by_expires(headers: &HeaderMap, now: Millis) -> Option<Millis> {
    let format =
        format_description!("[weekday repr:short], [day] [month repr:short] [year] [hour]:[minute]:[second] GMT");
    let expires = headers.get(EXPIRES)?.to_str().ok();
    let expires = expires.and_then(|date| PrimitiveDateTime::parse(date, format).ok());
    Some(expires.map_or(0, |date| date.assume_utc().unix_timestamp().saturating_mul(SECOND).saturating_sub(now)))
}

fn failure_lifetime(failures_before: u32) -> Millis {
    // 2^6 minutes are more than an hour.
    (MIN_FAILURE_LIFETIME << failures_before.min(6)).min(MAX_FAILURE_LIFETIME)
}
