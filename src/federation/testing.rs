//! A small internet on loopback for tests: a certificate authority, a DNS server, and HTTPS servers
//! that misbehave on demand.

mod zone;

use std::collections::BTreeMap;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
use ruma_common::{OwnedServerName, ServerName};
use rustls::ServerConfig;
use rustls::pki_types::PrivateKeyDer;
use tempfile::TempDir;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

pub(super) use zone::{Fault, Zone};

use super::Federation;
use super::discovery::Ports;
use crate::clock::Clock;
use crate::config;
use crate::metrics::Metrics;

/// The name of the homeserver in most tests.
pub(super) const NAME: &str = "hs.example.org";
/// The time at which tests start: 2026-01-01T00:00:00Z, a Thursday.
pub(super) const NOW: i64 = 1_767_225_600_000;
/// An address that no test allows.
pub(super) const ELSEWHERE: Ipv4Addr = Ipv4Addr::new(127, 0, 0, 99);

pub(super) fn server(name: &str) -> OwnedServerName {
    ServerName::parse(name).unwrap()
}

/// The default settings, without files and ranges.
pub(super) fn settings() -> config::Federation {
    config::Federation {
        ca_file: None,
        allowed_ranges: Vec::new(),
        overrides: BTreeMap::new(),
        dns_servers: Vec::new(),
        allowed_servers: None,
        blocked_servers: Vec::new(),
        connect_timeout: Duration::from_secs(3),
        timeout: Duration::from_secs(4),
    }
}

/// A certificate authority, a DNS zone, and the settings of a server that trusts both and may
/// connect to 127.0.0.1.
pub(super) struct Lab {
    authority: Issuer<'static, KeyPair>,
    pub(super) zone: Zone,
    pub(super) settings: config::Federation,
    pub(super) clock: Clock,
    pub(super) ports: Ports,
    directory: TempDir,
}

impl Lab {
    pub(super) async fn new() -> Self {
        let key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let directory = tempfile::tempdir().unwrap();
        let ca_file: PathBuf = directory.path().join("ca.pem");
        std::fs::write(&ca_file, params.self_signed(&key).unwrap().pem()).unwrap();
        let zone = Zone::start().await;
        let settings = config::Federation {
            ca_file: Some(ca_file),
            allowed_ranges: vec!["127.0.0.1/32".parse().unwrap()],
            dns_servers: vec![zone.address()],
            ..settings()
        };
        // Nothing listens on these ports unless a test changes them.
        let ports = Ports { web: free_port().await, federation: free_port().await };
        let authority = Issuer::new(params, key);
        Self { authority, zone, settings, clock: Clock::stopped_at(NOW), ports, directory }
    }

    /// Returns a directory for files.
    pub(super) fn directory(&self) -> &std::path::Path {
        self.directory.path()
    }

    pub(super) fn federation(&self) -> Federation {
        Federation::with_ports(&self.settings, self.clock.clone(), &Metrics::default(), self.ports).unwrap()
    }

    /// Starts a server at 127.0.0.1 with a valid certificate for these names.
    pub(super) async fn serve(&self, names: &[&str], answer: impl Fn(&Seen) -> Reply + Send + Sync + 'static) -> Peer {
        Peer::start(Ipv4Addr::LOCALHOST, self.certificate(names, |_| {}), answer).await
    }

    /// Starts the homeserver of [`NAME`] at the federation port, found by an A record.
    pub(super) async fn homeserver(&mut self, answer: impl Fn(&Seen) -> Reply + Send + Sync + 'static) -> Peer {
        let peer = self.serve(&[NAME], answer).await;
        self.zone.a(NAME, Ipv4Addr::LOCALHOST);
        self.ports.federation = peer.address.port();
        peer
    }

    /// Issues a certificate with the changes that `change` makes.
    pub(super) fn certificate(&self, names: &[&str], change: impl FnOnce(&mut CertificateParams)) -> ServerConfig {
        let key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::new(owned(names)).unwrap();
        change(&mut params);
        let certificate = params.signed_by(&key, &self.authority).unwrap();
        server_config(certificate.der().clone(), &key)
    }
}

/// Returns a self-signed certificate.
pub(super) fn self_signed(names: &[&str]) -> ServerConfig {
    let key = KeyPair::generate().unwrap();
    let certificate = CertificateParams::new(owned(names)).unwrap().self_signed(&key).unwrap();
    server_config(certificate.der().clone(), &key)
}

fn owned(names: &[&str]) -> Vec<String> {
    names.iter().map(|&name| name.to_owned()).collect()
}

fn server_config(certificate: rustls::pki_types::CertificateDer<'static>, key: &KeyPair) -> ServerConfig {
    let key = PrivateKeyDer::Pkcs8(key.serialize_der().into());
    ServerConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![certificate], key)
        .unwrap()
}

/// Returns a port on which nothing listens.
async fn free_port() -> u16 {
    TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap().local_addr().unwrap().port()
}

/// A request that a [`Peer`] received.
#[derive(Clone, Debug)]
pub(super) struct Seen {
    pub(super) sni: Option<String>,
    /// `GET /path`.
    pub(super) line: String,
    /// The header lines, names in lower case.
    pub(super) headers: BTreeMap<String, String>,
    pub(super) body: String,
}

/// An answer of a [`Peer`].
pub(super) enum Reply {
    /// Status, headers and body.
    Whole(u16, Vec<(&'static str, String)>, String),
    /// A body that is shorter than announced.
    Truncated,
    /// An endless body.
    Endless,
    /// An endless body that arrives byte by byte.
    Drip,
    /// No answer at all.
    Silence,
    /// An answer after a delay.
    Late(Duration, Box<Self>),
}

impl Reply {
    pub(super) fn json(body: impl Into<String>) -> Self {
        Self::Whole(200, Vec::new(), body.into())
    }

    pub(super) fn status(status: u16) -> Self {
        Self::Whole(status, Vec::new(), "{}".to_owned())
    }

    pub(super) fn after(self, delay: Duration) -> Self {
        Self::Late(delay, Box::new(self))
    }

    pub(super) fn redirect(location: impl Into<String>) -> Self {
        Self::Whole(302, vec![("Location", location.into())], String::new())
    }

    pub(super) fn with(self, name: &'static str, value: impl Into<String>) -> Self {
        let Self::Whole(status, mut headers, body) = self else { panic!("only a whole answer has headers") };
        headers.push((name, value.into()));
        Self::Whole(status, headers, body)
    }
}

/// An HTTPS server.
pub(super) struct Peer {
    pub(super) address: SocketAddr,
    connections: Arc<Mutex<usize>>,
    seen: Arc<Mutex<Vec<Seen>>>,
}

impl Peer {
    pub(super) async fn start(
        ip: Ipv4Addr,
        config: ServerConfig,
        answer: impl Fn(&Seen) -> Reply + Send + Sync + 'static,
    ) -> Self {
        let listener = TcpListener::bind((ip, 0)).await.unwrap();
        let peer = Self { address: listener.local_addr().unwrap(), connections: Arc::default(), seen: Arc::default() };
        let (connections, seen) = (peer.connections.clone(), peer.seen.clone());
        let acceptor = TlsAcceptor::from(Arc::new(config));
        let answer = Arc::new(answer);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                *connections.lock().unwrap() += 1;
                let (acceptor, answer, seen) = (acceptor.clone(), answer.clone(), seen.clone());
                tokio::spawn(async move {
                    let Ok(mut stream) = acceptor.accept(stream).await else { return };
                    let Some(request) = read(&mut stream).await else { return };
                    seen.lock().unwrap().push(request.clone());
                    let reply = answer(&request);
                    write(&mut stream, reply).await;
                });
            }
        });
        peer
    }

    pub(super) fn port(&self) -> u16 {
        self.address.port()
    }

    /// Returns the number of connections, with or without requests.
    pub(super) fn connections(&self) -> usize {
        *self.connections.lock().unwrap()
    }

    pub(super) fn seen(&self) -> Vec<Seen> {
        self.seen.lock().unwrap().clone()
    }
}

async fn read(stream: &mut TlsStream<TcpStream>) -> Option<Seen> {
    let mut bytes = Vec::new();
    while !bytes.ends_with(b"\r\n\r\n") {
        bytes.push(stream.read_u8().await.ok()?);
    }
    let text = String::from_utf8(bytes).unwrap();
    let mut lines = text.trim_end().split("\r\n");
    let line = lines.next().unwrap().trim_end_matches(" HTTP/1.1").to_owned();
    let headers = lines.map(|line| line.split_once(": ").unwrap());
    let headers: BTreeMap<_, _> = headers.map(|(name, value)| (name.to_lowercase(), value.to_owned())).collect();
    let mut body = vec![0; headers.get("content-length").map_or(0, |length| length.parse().unwrap())];
    stream.read_exact(&mut body).await.ok()?;
    let sni = stream.get_ref().1.server_name().map(str::to_owned);
    Some(Seen { sni, line, headers, body: String::from_utf8(body).unwrap() })
}

async fn write(stream: &mut TlsStream<TcpStream>, reply: Reply) {
    let open = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n";
    match reply {
        Reply::Whole(status, headers, body) => {
            let mut text = format!("HTTP/1.1 {status} Whatever\r\nContent-Length: {}\r\n", body.len());
            for (name, value) in headers {
                text.extend([name, ": ", &value, "\r\n"]);
            }
            text.extend(["\r\n", &body]);
            let _ = stream.write_all(text.as_bytes()).await;
            let _ = stream.shutdown().await;
        }
        Reply::Truncated => {
            let _ = stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\n{}").await;
            let _ = stream.shutdown().await;
        }
        Reply::Endless => {
            let _ = stream.write_all(open.as_bytes()).await;
            while stream.write_all(&[b' '; 4096]).await.is_ok() {}
        }
        Reply::Drip => {
            let _ = stream.write_all(open.as_bytes()).await;
            while stream.write_all(b" ").await.is_ok() && stream.flush().await.is_ok() {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        }
        Reply::Silence => std::future::pending().await,
        Reply::Late(delay, reply) => {
            tokio::time::sleep(delay).await;
            Box::pin(write(stream, *reply)).await;
        }
    }
}
