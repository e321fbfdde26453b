//! Fetching and caching `/.well-known/matrix/server`, by which a server name delegates to another
//! ([Server-server
//! API](https://spec.matrix.org/latest/server-server-api/#getwell-knownmatrixserver)).

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use hyper::body::Bytes;
use hyper::header::{CACHE_CONTROL, EXPIRES, HeaderMap, LOCATION};
use hyper::{Response, StatusCode};
use ruma_common::{OwnedServerName, ServerName};
use serde_json::Value;
use time::PrimitiveDateTime;
use time::macros::format_description;
use tokio::time::timeout;
use url::{Position, Url};

use super::client::{Client, Destination, Request};
use super::error::Cause;
use super::make_room;
use crate::clock::{Clock, DAY, HOUR, MINUTE, Millis, SECOND, still_lasts};

/// The longest document that is read, in bytes.
const MAX_BYTES: usize = 50 * 1024;
/// The maximum number of redirects that are followed.
const MAX_REDIRECTS: usize = 5;
/// The maximum number of names in the cache, delegating or not.
const MAX_CACHED: usize = 10_000;
/// The time for which a document is trusted if it does not specify one.
const DEFAULT_LIFETIME: Millis = DAY;
/// The maximum time for which a document is trusted.
const MAX_LIFETIME: Millis = 2 * DAY;
/// The time for which a first failure is cached. Each further one in a row doubles it.
const MIN_FAILURE_LIFETIME: Millis = MINUTE;
/// The maximum time for which a failure is cached.
const MAX_FAILURE_LIFETIME: Millis = HOUR;

/// Fetches and caches the documents.
pub(super) struct WellKnown {
    cache: Mutex<HashMap<String, Entry>>,
    clock: Clock,
    port: u16,
    patience: Duration,
}

struct Entry {
    /// `None` if there was no usable document.
    delegate: Option<OwnedServerName>,
    until: Millis,
    /// The number of failures in a row.
    failures: u32,
}

impl WellKnown {
    /// Fetches documents from `port`, each within `patience`.
    pub(super) fn new(clock: Clock, port: u16, patience: Duration) -> Self {
        Self { cache: Mutex::default(), clock, port, patience }
    }

    /// Returns the name that `server` delegates to. A document that cannot be fetched or read
    /// counts as absent.
    pub(super) async fn delegate(&self, client: &Client, server: &ServerName) -> Option<OwnedServerName> {
        let host = server.host().to_ascii_lowercase();
        let failures = match self.lock().get(&host) {
            Some(entry) if still_lasts(entry.until, MAX_LIFETIME, self.clock.now()) => return entry.delegate.clone(),
            Some(entry) => entry.failures,
            None => 0,
        };
        let fetched = timeout(self.patience, self.fetch(client, &host)).await.unwrap_or(Err(Cause::Timeout));
        let (delegate, lifetime, failures) = match fetched {
            Ok((delegate, lifetime)) => (Some(delegate), lifetime, 0),
            Err(cause) => {
                log::debug!("a homeserver has no usable well-known document: {cause}");
                (None, failure_lifetime(failures), failures.saturating_add(1))
            }
        };
        self.put(host, Entry { delegate: delegate.clone(), until: self.clock.now() + lifetime, failures });
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
                status => return Err(Cause::Status(status.as_u16())),
            }
        }
        Err(Cause::Redirect)
    }

    fn read(&self, answer: &Response<Bytes>) -> Result<(OwnedServerName, Millis), Cause> {
        let document: Value = serde_json::from_slice(answer.body()).map_err(|_| Cause::Document)?;
        let server = document.get("m.server").and_then(Value::as_str).ok_or(Cause::Document)?;
        let server = ServerName::parse(server).map_err(|_| Cause::Document)?;
        Ok((server, lifetime(answer.headers(), self.clock.now())))
    }

    fn put(&self, host: String, entry: Entry) {
        let mut cache = self.lock();
        if !cache.contains_key(&host) {
            make_room(&mut cache, MAX_CACHED, self.clock.now(), |entry| entry.until);
        }
        cache.insert(host, entry);
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<String, Entry>> {
        self.cache.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn destination(url: &Url) -> Result<Destination, Cause> {
    let host = url.host_str().ok_or(Cause::Redirect)?;
    let port = url.port_or_known_default().ok_or(Cause::Redirect)?;
    Destination::direct(&url[Position::BeforeHost..Position::AfterPort], host, port)
}

/// Returns the target of a redirect, which must be an HTTPS URL without credentials.
fn next(url: &Url, headers: &HeaderMap) -> Result<Url, Cause> {
    let location = headers.get(LOCATION).and_then(|location| location.to_str().ok()).ok_or(Cause::Redirect)?;
    let next = url.join(location).map_err(|_| Cause::Redirect)?;
    let is_plain = next.username().is_empty() && next.password().is_none();
    if next.scheme() == "https" && is_plain { Ok(next) } else { Err(Cause::Redirect) }
}

/// Returns the time for which an answer may be cached, by `Cache-Control` or else `Expires` (RFC
/// 9111).
fn lifetime(headers: &HeaderMap, now: Millis) -> Millis {
    let specified = by_cache_control(headers).or_else(|| by_expires(headers, now));
    specified.unwrap_or(DEFAULT_LIFETIME).clamp(0, MAX_LIFETIME)
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

/// Reads `Expires`. A date that is not in the format of RFC 9110 is in the past, as RFC 9111
/// section 5.3 requires.
fn by_expires(headers: &HeaderMap, now: Millis) -> Option<Millis> {
    let format =
        format_description!("[weekday repr:short], [day] [month repr:short] [year] [hour]:[minute]:[second] GMT");
    let expires = headers.get(EXPIRES)?.to_str().ok();
    let expires = expires.and_then(|date| PrimitiveDateTime::parse(date, format).ok());
    Some(expires.map_or(0, |date| date.assume_utc().unix_timestamp().saturating_mul(SECOND).saturating_sub(now)))
}

fn failure_lifetime(failures_before: u32) -> Millis {
    // 2⁶ minutes are more than an hour.
    (MIN_FAILURE_LIFETIME << failures_before.min(6)).min(MAX_FAILURE_LIFETIME)
}

#[cfg(test)]
mod fuzz;

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};

    use serde_json::json;

    use super::*;
    use crate::federation::testing::{ELSEWHERE, Lab, NAME, NOW, Peer, Reply, Seen, server};

    fn document() -> Reply {
        Reply::json(json!({ "m.server": "delegated.example.net" }).to_string())
    }

    /// Returns a lab in which the web server of [`NAME`] gives this answer, that server, and the
    /// client that fetches its document.
    async fn lab(answer: impl Fn(&Seen) -> Reply + Send + Sync + 'static) -> (Lab, Peer, WellKnown, Client) {
        let mut lab = Lab::new().await;
        lab.settings.connect_timeout = Duration::from_millis(500);
        let peer = lab.serve(&[NAME, "next.example.org"], answer).await;
        lab.zone.a(NAME, Ipv4Addr::LOCALHOST);
        lab.zone.a("next.example.org", Ipv4Addr::LOCALHOST);
        let well_known = WellKnown::new(lab.clock.clone(), peer.port(), Duration::from_millis(500));
        let client = Client::new(&lab.settings).unwrap();
        (lab, peer, well_known, client)
    }

    async fn delegates(answer: impl Fn(&Seen) -> Reply + Send + Sync + 'static) -> bool {
        let (_lab, peer, well_known, client) = lab(answer).await;
        let delegate = well_known.delegate(&client, &server(NAME)).await;
        assert!(peer.connections() > 0);
        delegate.is_some_and(|delegate| delegate == "delegated.example.net")
    }

    /// Returns whether [`NAME`] delegates after this many redirects.
    async fn delegates_after(redirects: usize) -> bool {
        delegates(move |seen| {
            let done: usize = seen.line.rsplit('/').next().unwrap().parse().unwrap_or(0);
            if done == redirects { document() } else { Reply::redirect(format!("/hop/{}", done + 1)) }
        })
        .await
    }

    #[tokio::test]
    async fn five_redirects_are_followed_but_not_six() {
        assert!(delegates_after(0).await);
        assert!(delegates_after(5).await);
        assert!(!delegates_after(6).await);
    }

    #[tokio::test]
    async fn a_redirect_may_lead_to_another_host() {
        assert!(
            delegates(|seen| {
                let (host, port) = seen.headers["host"].split_once(':').unwrap();
                if host == NAME { Reply::redirect(format!("//next.example.org:{port}/?q=1")) } else { document() }
            })
            .await
        );
    }

    /// Returns whether [`NAME`] delegates if it redirects to `location`.
    async fn delegates_by(location: String) -> bool {
        let (lab, _peer, well_known, client) = lab(move |_| Reply::redirect(location.as_str())).await;
        lab.zone.a("elsewhere.example.org", ELSEWHERE);
        well_known.delegate(&client, &server(NAME)).await.is_some()
    }

    #[tokio::test]
    async fn a_redirect_to_plain_http_or_a_filtered_address_is_not_followed() {
        let lab = Lab::new().await;
        let names = ["127.0.0.1", "127.0.0.99", "elsewhere.example.org"];
        let good = lab.serve(&names, |_| document()).await;
        let forbidden = Peer::start(ELSEWHERE, lab.certificate(&names, |_| {}), |_| document()).await;
        let (open, closed) = (good.port(), forbidden.port());
        for location in [
            format!("http://127.0.0.1:{open}/"),
            format!("https://u:p@127.0.0.1:{open}/"),
            format!("https://u@127.0.0.1:{open}/"),
            format!("https://127.0.0.99:{closed}/"),
            format!("https://0x7f.99:{closed}/"),
            format!("https://[::ffff:127.0.0.99]:{closed}/"),
            format!("https://elsewhere.example.org:{closed}/"),
            "file:///etc/passwd".to_owned(),
            "https://".to_owned(),
        ] {
            assert!(!delegates_by(location.clone()).await, "{location}");
        }
        assert_eq!((good.connections(), forbidden.connections()), (0, 0));
    }

    #[tokio::test]
    async fn an_unusable_document_delegates_nothing() {
        let bodies = [
            "",
            "null",
            "[]",
            r#"["delegated.example.net"]"#,
            r#"{"m.server":1}"#,
            r#"{"m.server":"a/b"}"#,
            r#"{"server":"delegated.example.net"}"#,
        ];
        for body in bodies {
            assert!(!delegates(move |_| Reply::json(body)).await, "{body}");
        }
        for status in [201, 204, 400, 404, 500] {
            assert!(
                !delegates(move |_| Reply::Whole(
                    status,
                    Vec::new(),
                    r#"{"m.server":"delegated.example.net"}"#.to_owned()
                ))
                .await
            );
        }
        assert!(!delegates(|_| Reply::Endless).await);
        assert!(!delegates(|_| Reply::Drip).await);
        assert!(!delegates(|_| Reply::Silence).await);
    }

    #[tokio::test]
    async fn a_document_may_be_50_kib_long() {
        let padded = |length: usize| {
            let body = json!({ "m.server": "delegated.example.net" }).to_string();
            format!("{body}{}", " ".repeat(length - body.len()))
        };
        assert!(delegates(move |_| Reply::json(padded(50 * 1024))).await);
        assert!(!delegates(move |_| Reply::json(padded(51 * 1024))).await);
    }

    /// Returns the time for which the answer is trusted, on the test's clock.
    async fn believed_for(answer: impl Fn() -> Reply + Send + Sync + 'static) -> Millis {
        let (lab, peer, well_known, client) = lab(move |_| answer()).await;
        let mut asked = 0;
        let mut believed = 0;
        let step = HOUR / 2;
        while asked < 2 {
            well_known.delegate(&client, &server(NAME)).await;
            asked = peer.seen().len();
            lab.clock.advance(step);
            believed += step;
        }
        believed - step
    }

    #[tokio::test]
    async fn a_document_is_believed_as_long_as_its_headers_say_but_48_hours_at_most() {
        assert_eq!(believed_for(document).await, 24 * HOUR);
        assert_eq!(believed_for(|| document().with("Cache-Control", "public, Max-Age=7200")).await, 2 * HOUR);
        assert_eq!(believed_for(|| document().with("Cache-Control", "max-age=31536000")).await, 48 * HOUR);
        assert_eq!(believed_for(|| document().with("Expires", "Thu, 01 Jan 2026 05:00:00 GMT")).await, 5 * HOUR);
        assert_eq!(believed_for(|| document().with("Expires", "Fri, 01 Jan 2027 00:00:00 GMT")).await, 48 * HOUR);
    }

    #[test]
    fn lifetimes_by_header() {
        let lifetime_of = |name, value: &'static str| {
            let headers = HeaderMap::from_iter([(name, value.parse().unwrap())]);
            lifetime(&headers, NOW)
        };
        for (value, seconds) in [
            ("max-age=10", 10),
            ("max-age=\"10\"", 10),
            ("max-age=600, no-cache", 0),
            ("no-store", 0),
            ("max-age=-5", 0),
            ("max-age=9223372036854775807", 172_800),
            ("max-age=99999999999999999999", 86_400),
            ("s-maxage=10", 86_400),
            ("", 86_400),
        ] {
            assert_eq!(lifetime_of(CACHE_CONTROL, value), seconds * SECOND, "{value}");
        }
        for value in ["0", "-1", "yesterday", "Wed, 31 Dec 2025 23:59:59 GMT"] {
            assert_eq!(lifetime_of(EXPIRES, value), 0, "{value}");
        }
    }

    #[tokio::test]
    async fn a_failure_is_cached_for_longer_each_time_but_an_hour_at_most() {
        let (lab, peer, well_known, client) = lab(|_| Reply::status(404)).await;
        for minutes in [1, 2, 4, 8, 16, 32, 60, 60] {
            let asked = peer.seen().len();
            assert_eq!(well_known.delegate(&client, &server(NAME)).await, None);
            assert_eq!(peer.seen().len(), asked + 1);
            lab.clock.advance(minutes * MINUTE - 1);
            assert_eq!(well_known.delegate(&client, &server(NAME)).await, None);
            assert_eq!(peer.seen().len(), asked + 1);
            lab.clock.advance(1);
        }
    }

    #[tokio::test]
    async fn a_server_that_recovers_is_believed_again() {
        let count = Arc::new(AtomicUsize::new(0));
        let (lab, _peer, well_known, client) = lab(move |_| match count.fetch_add(1, Ordering::Relaxed) {
            0 => Reply::status(500),
            _ => document(),
        })
        .await;
        assert_eq!(well_known.delegate(&client, &server(NAME)).await, None);
        lab.clock.advance(MINUTE);
        assert!(well_known.delegate(&client, &server(NAME)).await.is_some());
    }

    #[test]
    fn the_cache_is_limited() {
        let clock = Clock::stopped_at(NOW);
        let well_known = WellKnown::new(clock.clone(), 443, Duration::ZERO);
        let entry = |lifetime| Entry { delegate: None, until: NOW + lifetime, failures: 1 };
        well_known.put("soonest.example".to_owned(), entry(1));
        for number in 0..MAX_CACHED {
            well_known.put(format!("{number}.example"), entry(HOUR));
        }
        assert_eq!(well_known.lock().len(), MAX_CACHED);
        assert!(!well_known.lock().contains_key("soonest.example"));
        clock.advance(HOUR);
        well_known.put("new.example".to_owned(), entry(2 * HOUR));
        assert_eq!(well_known.lock().len(), 1);
    }
}
