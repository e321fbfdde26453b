//! A small HTTPS client for untrusted servers: one exchange per connection, verified TLS, no
//! redirects, a limit on every body, and a filter that sees the address actually connected to.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use http_body_util::{BodyExt, Full, LengthLimitError, Limited};
use hyper::body::Bytes;
use hyper::client::conn::http1;
use hyper::header::{ACCEPT, CONNECTION, CONTENT_TYPE, HOST, RETRY_AFTER, USER_AGENT};
use hyper::{Method, Response};
use hyper_util::rt::TokioIo;
use rustls::pki_types::ServerName as TlsName;
use serde_json::Value;
use tokio::net::TcpStream;
use tokio::task::JoinSet;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use super::address_filter::AddressFilter;
use super::dns::Dns;
use super::error::{Cause, StartError};
use super::racing;
use crate::clock::{Millis, SECOND};
use crate::config::{self, Host, Target, without_brackets};
use crate::crypto::certificate;
use crate::crypto::trust::{self, TlsFault};

/// The destination of a request.
#[derive(Clone, Debug)]
pub(super) struct Destination {
    /// The `Host` header: the server name, with the port if that is part of the name.
    pub(super) authority: String,
    /// The name that the certificate must be valid for. Sent as SNI unless it is an address.
    pub(super) tls_name: TlsName<'static>,
    /// The targets to connect to, in order of preference.
    pub(super) targets: Vec<Target>,
}

impl Destination {
    /// Returns the destination called `authority` that has a certificate for `host` and listens at
    /// `targets`.
    ///
    /// # Errors
    /// [`Cause::Name`] if no certificate can be valid for `host`.
    pub(super) fn new(authority: &str, host: &str, targets: Vec<Target>) -> Result<Self, Cause> {
        let tls_name = TlsName::try_from(without_brackets(host).to_owned()).map_err(|_| Cause::Name)?;
        Ok(Self { authority: authority.to_owned(), tls_name, targets })
    }

    /// Returns the destination that listens at `host` and `port`.
    ///
    /// # Errors
    /// [`Cause::Name`] if `host` is not valid.
    pub(super) fn direct(authority: &str, host: &str, port: u16) -> Result<Self, Cause> {
        Self::new(authority, host, vec![Target { host: Host::parse(host).ok_or(Cause::Name)?, port }])
    }
}

/// A request.
#[derive(Clone, Debug)]
pub struct Request {
    /// The method.
    pub method: Method,
    /// Path and query, percent-encoded.
    pub path: String,
    /// The JSON document to send.
    pub body: Option<Bytes>,
    /// The maximum length of the response body, in bytes.
    pub limit: usize,
}

impl Request {
    /// Returns a GET of `path` that accepts a body of `limit` bytes.
    pub fn get(path: impl Into<String>, limit: usize) -> Self {
        Self { method: Method::GET, path: path.into(), body: None, limit }
    }

    /// Returns a request with a JSON document that accepts a body of `limit` bytes.
    pub fn json(method: Method, path: impl Into<String>, body: impl Into<Bytes>, limit: usize) -> Self {
        Self { method, path: path.into(), body: Some(body.into()), limit }
    }
}

/// Connects and exchanges requests for responses. Callers set the deadline for the whole.
pub(super) struct Client {
    dns: Dns,
    filter: AddressFilter,
    tls: TlsConnector,
    connect_timeout: Duration,
}

impl Client {
    /// # Errors
    /// [`StartError`] if `ca_file` cannot be used, or the resolver cannot be set up.
    pub(super) fn new(settings: &config::Federation) -> Result<Self, StartError> {
        let mut tls = trust::client_config(settings.ca_file.as_deref())
            .map_err(|error| StartError(format!("ca_file: {error}")))?;
        tls.alpn_protocols = vec![b"http/1.1".to_vec()];
        Ok(Self {
            // Leaves time for a second attempt after a lost datagram, and for the exchange itself.
            dns: Dns::new(&settings.dns_servers, settings.timeout / 4)?,
            filter: AddressFilter::new(&settings.allowed_ranges),
            tls: TlsConnector::from(Arc::new(tls)),
            connect_timeout: settings.connect_timeout,
        })
    }

    pub(super) fn dns(&self) -> &Dns {
        &self.dns
    }

    /// Makes one exchange over its own connection.
    ///
    /// # Errors
    /// The [`Cause`] if there is no complete answer.
    pub(super) async fn send(&self, to: &Destination, request: Request) -> Result<Response<Bytes>, Cause> {
        let limit = request.limit;
        let request = prepare(&to.authority, request)?;
        exchange(self.secure(to).await?, request, limit).await
    }

    /// Connects, and returns the time until which the server's certificate is valid, if that can be
    /// read.
    ///
    /// # Errors
    /// The [`Cause`] if no connection can be secured.
    pub(super) async fn certificate_of(&self, to: &Destination) -> Result<Option<Millis>, Cause> {
        let stream = self.secure(to).await?;
        let chain = stream.get_ref().1.peer_certificates().unwrap_or_default();
        Ok(chain.first().and_then(certificate::valid_until))
    }

    async fn secure(&self, to: &Destination) -> Result<TlsStream<TcpStream>, Cause> {
        let stream = self.connect(to).await?;
        self.tls.connect(to.tls_name.clone(), stream).await.map_err(|error| Cause::Tls(TlsFault::of(&error)))
    }

    async fn connect(&self, to: &Destination) -> Result<TcpStream, Cause> {
        let addresses = self.dns.addresses(&to.targets);
        racing::connect(addresses, |address| self.open(address), self.connect_timeout).await
    }

    /// The only place that opens a connection, so the filter sees the very address that is used.
    async fn open(&self, address: SocketAddr) -> Result<TcpStream, Cause> {
        if !self.filter.allows(address.ip()) {
            return Err(Cause::Filter);
        }
        TcpStream::connect(address).await.map_err(|error| Cause::Connect(error.kind()))
    }
}

fn prepare(authority: &str, request: Request) -> Result<hyper::Request<Full<Bytes>>, Cause> {
    let mut builder = hyper::Request::builder()
        .method(request.method)
        .uri(request.path)
        .header(HOST, authority)
        .header(USER_AGENT, "vouch")
        .header(ACCEPT, "application/json")
        .header(CONNECTION, "close");
    if request.body.is_some() {
        builder = builder.header(CONTENT_TYPE, "application/json");
    }
    builder.body(Full::new(request.body.unwrap_or_default())).map_err(|_| Cause::Http)
}

async fn exchange(
    stream: TlsStream<TcpStream>,
    request: hyper::Request<Full<Bytes>>,
    limit: usize,
) -> Result<Response<Bytes>, Cause> {
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await.map_err(|_| Cause::Http)?;
    // Dropping the set aborts its task, so the connection never outlives the exchange or its
    // deadline.
    let mut driver = JoinSet::new();
    driver.spawn(connection);
    let (head, body) = sender.send_request(request).await.map_err(|_| Cause::Http)?.into_parts();
    let body = Limited::new(body, limit).collect().await;
    let body = body.map_err(|error| if error.is::<LengthLimitError>() { Cause::TooLarge } else { Cause::Body })?;
    Ok(Response::from_parts(head, body.to_bytes()))
}

/// Returns how long the server wants to be left alone: the header's seconds, or `retry_after_ms`,
/// which older homeservers send.
pub(super) fn retry_after(answer: &Response<Bytes>) -> Option<Millis> {
    let header = answer.headers().get(RETRY_AFTER).and_then(|value| value.to_str().ok()?.trim().parse().ok());
    let header = header.map(|seconds: Millis| seconds.saturating_mul(SECOND));
    let in_body = || serde_json::from_slice::<Value>(answer.body()).ok()?.get("retry_after_ms")?.as_i64();
    header.or_else(in_body).filter(|wait| *wait > 0)
}

#[cfg(test)]
mod tests {
    use std::io;
    use std::net::Ipv4Addr;
    use std::time::Instant;

    use rustls::ServerConfig;

    use vouch_test_support::ca::SelfSigned;

    use super::*;
    use crate::federation::testing::{self, Lab, NAME, Peer, Reply, server};

    /// Exchanges a request with [`NAME`], accepting 64 bytes.
    async fn outcome(lab: &Lab) -> Result<Response<Bytes>, Cause> {
        lab.federation().request(&server(NAME), Request::get("/", 64)).await
    }

    /// Asserts that a homeserver with this certificate is refused before any request is sent.
    async fn is_refused(lab: &mut Lab, certificate: ServerConfig, fault: TlsFault) {
        let peer = Peer::start(Ipv4Addr::LOCALHOST, certificate, |_| Reply::json("{}")).await;
        lab.zone.a(NAME, Ipv4Addr::LOCALHOST);
        lab.ports.federation = peer.port();
        assert_eq!(outcome(lab).await.unwrap_err(), Cause::Tls(Some(fault)));
        assert!(peer.connections() > 0 && peer.seen().is_empty());
    }

    #[tokio::test]
    async fn a_request_has_its_path_host_sni_and_headers() {
        let mut lab = Lab::new().await;
        let peer = lab.homeserver(|_| Reply::json("[1]").with("X-Extra", "kept")).await;
        let answer = lab.federation().request(&server(NAME), Request::get("/path?a=b%20c", 64)).await.unwrap();
        assert_eq!((answer.status().as_u16(), &answer.body()[..]), (200, &b"[1]"[..]));
        assert_eq!(answer.headers()["x-extra"], "kept");
        let seen = &peer.seen()[0];
        assert_eq!(seen.line, "GET /path?a=b%20c");
        assert_eq!(seen.sni.as_deref(), Some(NAME));
        assert_eq!(seen.headers["host"], NAME);
        assert_eq!(seen.headers["user-agent"], "vouch");
        assert_eq!(seen.headers["accept"], "application/json");
        assert!(!seen.headers.contains_key("authorization"));
    }

    #[tokio::test]
    async fn a_document_is_sent_and_any_status_is_returned() {
        let mut lab = Lab::new().await;
        let peer = lab.homeserver(|_| Reply::status(403)).await;
        let request = Request::json(Method::POST, "/bind", r#"{"a":"ä"}"#, 64);
        let answer = lab.federation().request(&server(NAME), request).await.unwrap();
        assert_eq!(answer.status(), 403);
        let seen = &peer.seen()[0];
        assert_eq!((seen.line.as_str(), seen.body.as_str()), ("POST /bind", r#"{"a":"ä"}"#));
        assert_eq!(seen.headers["content-type"], "application/json");
    }

    #[tokio::test]
    async fn a_certificate_for_another_name_is_refused() {
        let mut lab = Lab::new().await;
        let certificate = lab.certificate(&["other.example.org"], |_| {});
        is_refused(&mut lab, certificate, TlsFault::OtherName).await;
    }

    #[tokio::test]
    async fn a_self_signed_certificate_is_refused() {
        is_refused(&mut Lab::new().await, testing::self_signed(&[NAME]), TlsFault::UnknownIssuer).await;
    }

    #[tokio::test]
    async fn a_self_signed_certificate_in_ca_file_is_accepted() {
        let mut lab = Lab::new().await;
        let certificate = SelfSigned::authority_for(&[NAME]);
        let file = lab.directory().join("own.pem");
        std::fs::write(&file, certificate.pem()).unwrap();
        lab.settings.ca_file = Some(file);
        let peer = Peer::start(Ipv4Addr::LOCALHOST, certificate.server_config(), |_| Reply::json("{}")).await;
        lab.zone.a(NAME, Ipv4Addr::LOCALHOST);
        lab.ports.federation = peer.port();
        assert!(outcome(&lab).await.is_ok());
        is_refused(&mut lab, SelfSigned::authority_for(&[NAME]).server_config(), TlsFault::Authority).await;
    }

    #[tokio::test]
    async fn an_expired_certificate_is_refused() {
        let mut lab = Lab::new().await;
        let certificate = lab.certificate(&[NAME], |params| params.not_after = rcgen::date_time_ymd(2020, 1, 1));
        is_refused(&mut lab, certificate, TlsFault::Expired).await;
    }

    #[tokio::test]
    async fn a_body_longer_than_the_limit_is_refused() {
        let mut lab = Lab::new().await;
        let _peer = lab.homeserver(|_| Reply::json("x".repeat(64))).await;
        assert_eq!(outcome(&lab).await.unwrap().body().len(), 64);
        let _peer = lab.homeserver(|_| Reply::json("x".repeat(65))).await;
        assert_eq!(outcome(&lab).await.unwrap_err(), Cause::TooLarge);
    }

    #[tokio::test]
    async fn a_truncated_body_is_no_answer() {
        let mut lab = Lab::new().await;
        let _peer = lab.homeserver(|_| Reply::Truncated).await;
        assert_eq!(outcome(&lab).await.unwrap_err(), Cause::Body);
    }

    #[tokio::test]
    async fn a_failure_to_connect_says_at_which_step() {
        let lab = Lab::new().await;
        assert_eq!(outcome(&lab).await.unwrap_err(), Cause::NoAddress);
        lab.zone.a(NAME, Ipv4Addr::LOCALHOST);
        assert_eq!(outcome(&lab).await.unwrap_err(), Cause::Connect(io::ErrorKind::ConnectionRefused));
    }

    #[tokio::test]
    async fn an_endless_body_is_cut_off() {
        let mut lab = Lab::new().await;
        let _peer = lab.homeserver(|_| Reply::Endless).await;
        assert_eq!(outcome(&lab).await.unwrap_err(), Cause::TooLarge);
    }

    #[tokio::test]
    async fn a_slow_body_and_a_silent_server_run_into_the_deadline() {
        let mut lab = Lab::new().await;
        lab.settings.timeout = Duration::from_millis(400);
        for reply in [|_: &_| Reply::Drip, |_: &_| Reply::Silence] {
            let peer = lab.homeserver(reply).await;
            let start = Instant::now();
            assert_eq!(outcome(&lab).await.unwrap_err(), Cause::Timeout);
            assert!(start.elapsed() < Duration::from_secs(3));
            assert_eq!(peer.seen().len(), 1);
        }
    }

    #[tokio::test]
    async fn the_next_target_is_tried_if_one_does_not_answer() {
        let mut lab = Lab::new().await;
        let peer = lab.homeserver(|_| Reply::json("{}")).await;
        let dead = lab.ports.web;
        lab.zone.a("dead.example.org", Ipv4Addr::LOCALHOST);
        let service = format!("_matrix-fed._tcp.{NAME}");
        lab.zone.srv(&service, 0, peer.port(), "no-such-host.example.org");
        lab.zone.srv(&service, 1, dead, "dead.example.org");
        lab.zone.srv(&service, 2, peer.port(), NAME);
        assert!(outcome(&lab).await.is_ok());
    }

    #[test]
    fn an_unusable_ca_file_is_reported_by_setting_and_path() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("ca.pem");
        for contents in [None, Some(""), Some("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n")] {
            if let Some(contents) = contents {
                std::fs::write(&path, contents).unwrap();
            }
            let settings = config::Federation { ca_file: Some(path.clone()), ..testing::settings() };
            let message = Client::new(&settings).err().unwrap().to_string();
            assert!(message.contains("federation.ca_file") && message.contains("ca.pem"), "{message}");
        }
    }
}
