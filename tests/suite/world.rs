//! A test's world: a server with its own database, a homeserver, a mail server, a stopped clock,
//! and people.

use std::fs;
use std::path::PathBuf;
use std::sync::mpsc;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use actix_web::dev::ServerHandle;
use actix_web::rt::System;
use reqwest::{Method, RequestBuilder, StatusCode};
use serde_json::Value;
use sha2::{Digest, Sha256};
use vouch::clock::{Clock, DAY, HOUR, Millis};
use vouch::config::{Config, DatabaseUrl, MailTransport, Smtp, SmtpSecurity};
use vouch::server::Application;
use vouch_test_support::ca::Ca;
use vouch_test_support::homeserver::Homeserver;
use vouch_test_support::mail_sink::{MailSink, Message};
use vouch_test_support::postgres::Database;

pub use crate::person::{Person, SECRET};

/// Monday, 2026-11-23, 12:00 UTC.
pub const NOON: Millis = 1_795_435_200_000;

/// The lifetime of a pepper, and the remaining lifetime of the pepper of [`NOON`].
pub const PEPPER: Millis = 7 * DAY;
pub const PEPPER_LEFT: Millis = 2 * DAY + 12 * HOUR;

/// Returns the real time.
pub fn now() -> Millis {
    Clock::system().now()
}

/// Returns the time an hour ago, for a stopped clock next to commands that use the real one.
pub fn an_hour_ago() -> Millis {
    now() - HOUR
}

/// Runs each test once on `SQLite` and once on `PostgreSQL`.
#[macro_export]
macro_rules! on_both_backends {
    ($($(#[$attribute:meta])* async fn $name:ident($($world:ident)+: World) $story:block)*) => {$(
        $(#[$attribute])*
        mod $name {
            use super::*;

            async fn story($($world)+: $crate::world::World) $story

            #[tokio::test]
            async fn on_sqlite() {
                story($crate::world::World::on_sqlite().await).await;
            }

            #[tokio::test]
            async fn on_postgres() {
                story($crate::world::World::on_postgres().await).await;
            }
        }
    )*};
}

/// Everything around the server.
pub struct World {
    pub homeserver: Homeserver,
    pub mail: MailSink,
    pub clock: Clock,
    /// The server's configuration, which a test may change before it starts.
    pub config: Config,
    pub folder: tempfile::TempDir,
    pub database: Option<Database>,
}

impl World {
    pub async fn on_sqlite() -> Self {
        Self::new(None).await
    }

    pub async fn on_postgres() -> Self {
        // It has its own runtime, which must not run inside ours.
        let database = tokio::task::spawn_blocking(Database::create).await.unwrap();
        Self::new(Some(database)).await
    }

    async fn new(database: Option<Database>) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let ca = Ca::new();
        let homeserver = Homeserver::start("hs.example", &ca);
        let mail = MailSink::start().await;
        let path = |name: &str| folder.path().join(name);
        ca.write_to(&path("ca.pem"));
        let mut config = Config::default();
        config.server.listen = vec!["127.0.0.1:0".parse().unwrap()];
        config.server.workers = 2;
        config.database.url = match &database {
            Some(database) => database.url().parse().unwrap(),
            None => DatabaseUrl::Sqlite(path("vouch.db")),
        };
        // Enough for transactions at the same time. Each takes 10 ms to open.
        config.database.pool_size = 4;
        config.keys.master_key_file = path("master.key");
        config.keys.signing_key_file = path("signing.key");
        config.terms.directory = Some("policies".into());
        config.mail.transport = MailTransport::Smtp(smtp(&mail));
        config.sms.directory = path("sms");
        config.federation.ca_file = Some(path("ca.pem"));
        config.federation.allowed_ranges = vec!["127.0.0.0/8".parse().unwrap()];
        let name = homeserver.name().try_into().unwrap();
        config.federation.overrides.insert(name, homeserver.address().into());
        Self { homeserver, mail, clock: Clock::stopped_at(NOON), config, folder, database }
    }

    /// Starts a server, the first node or another one, and waits until it is ready.
    pub async fn start(&self) -> Server {
        let server = Server::start(self.config.clone(), self.clock.clone());
        server.until_ready().await;
        server
    }

    /// Waits for the first validation mail to `address`.
    pub async fn validation_mail(&self, address: &str) -> Message {
        self.mail.wait_for(|mail| mail.to.iter().any(|to| to == address) && mail.text().contains("/submitToken?")).await
    }

    /// Returns the text messages that were sent, oldest first.
    pub fn texts(&self) -> Vec<Text> {
        let names = fs::read_dir(&self.config.sms.directory).unwrap().map(|entry| entry.unwrap().path());
        let mut names: Vec<_> =
            names.filter(|path| path.extension().is_some_and(|extension| extension == "txt")).collect();
        names.sort();
        let read = |path: &PathBuf| {
            let text = fs::read_to_string(path).unwrap();
            let (head, body) = text.split_once("\n\n").unwrap();
            Text { to: head.strip_prefix("To: +").unwrap().to_owned(), body: body.trim_end().to_owned() }
        };
        names.iter().map(read).collect()
    }

    /// Registers a user who has not accepted any terms.
    pub async fn newcomer<'a>(&'a self, server: &'a Server, localpart: &str) -> Person<'a> {
        let openid = self.homeserver.openid_token(localpart);
        let answer = server.post("/_matrix/identity/v2/account/register", None, &openid).await;
        assert_eq!(answer.status, 200, "{answer:?}");
        let token = answer.body["token"].as_str().unwrap().to_owned();
        Person { world: self, server, mxid: self.homeserver.user_id(localpart), token }
    }

    /// Registers a user who accepts the terms.
    pub async fn person<'a>(&'a self, server: &'a Server, localpart: &str) -> Person<'a> {
        let person = self.newcomer(server, localpart).await;
        person.accepts_everything().await;
        person
    }
}

/// A text message.
#[derive(Debug)]
pub struct Text {
    /// E.164 digits without `+`.
    pub to: String,
    pub body: String,
}

impl Text {
    /// Returns the code in its last, machine-readable line.
    pub fn code(&self) -> String {
        self.body.lines().last().unwrap().split_once(" #").expect("the last line has a code").1.to_owned()
    }
}

fn smtp(mail: &MailSink) -> Smtp {
    Smtp {
        host: mail.address().ip().into(),
        port: mail.address().port(),
        security: SmtpSecurity::None,
        credentials: None,
        verify_certificate: true,
        ca_file: None,
        timeout: Duration::from_secs(4),
        hello_name: None,
        connections: 10,
    }
}

/// An answer.
#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    pub headers: reqwest::header::HeaderMap,
    pub body: Value,
    pub text: String,
}

impl Answer {
    /// Returns the status and the errcode.
    pub fn error(&self) -> (u16, &str) {
        (self.status, self.body["errcode"].as_str().unwrap_or_default())
    }

    /// Returns the body of an answer that must have status 200.
    #[track_caller]
    pub fn ok(self) -> Value {
        assert_eq!(self.status, StatusCode::OK.as_u16(), "{}", self.text);
        self.body
    }
}

/// A running server.
pub struct Server {
    pub url: String,
    /// The address of its metrics, if it serves them.
    pub metrics: Option<String>,
    pub http: reqwest::Client,
    /// The thread it runs in, if it runs in this process.
    running: Option<(ServerHandle, JoinHandle<()>)>,
}

impl Server {
    /// Starts it in its own thread.
    pub fn start(config: Config, clock: Clock) -> Self {
        Self::try_start(config, clock).unwrap()
    }

    /// Works like [`Self::start`], but returns why it does not start.
    pub fn try_start(config: Config, clock: Clock) -> Result<Self, String> {
        let (tell, told) = mpsc::channel();
        let thread = std::thread::spawn(move || {
            System::new().block_on(async move {
                match Application::start(config, clock).await {
                    Ok(application) => {
                        let metrics =
                            application.metrics_addresses().first().map(|address| format!("http://{address}"));
                        tell.send(Ok((application.addresses()[0], metrics, application.handle()))).unwrap();
                        application.run().await.unwrap();
                    }
                    Err(error) => tell.send(Err(error.to_string())).unwrap(),
                }
            });
        });
        let (address, metrics, handle) = told.recv().unwrap()?;
        let mut server = Self::at(format!("http://{address}"));
        server.metrics = metrics;
        server.running = Some((handle, thread));
        Ok(server)
    }

    /// A server that runs in its own process.
    pub fn at(url: String) -> Self {
        Self { url, metrics: None, http: client(), running: None }
    }

    pub async fn until_ready(&self) {
        let begun = Instant::now();
        while self.get("/ready", None).await.status != 200 {
            assert!(begun.elapsed() < Duration::from_secs(10), "the server does not become ready");
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }

    /// Stops it cleanly.
    pub async fn stop(mut self) {
        let (handle, thread) = self.running.take().unwrap();
        handle.stop(true).await;
        tokio::task::spawn_blocking(move || thread.join().unwrap()).await.unwrap();
    }

    pub fn request(&self, method: Method, path: &str, token: Option<&str>) -> RequestBuilder {
        let request = self.http.request(method, format!("{}{path}", self.url));
        match token {
            Some(token) => request.bearer_auth(token),
            None => request,
        }
    }

    pub async fn send(&self, request: RequestBuilder) -> Answer {
        let response = request.send().await.unwrap();
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        let text = response.text().await.unwrap();
        Answer { status, headers, body: serde_json::from_str(&text).unwrap_or(Value::Null), text }
    }

    pub async fn get(&self, path: &str, token: Option<&str>) -> Answer {
        self.send(self.request(Method::GET, path, token)).await
    }

    pub async fn post(&self, path: &str, token: Option<&str>, body: &Value) -> Answer {
        self.send(self.request(Method::POST, path, token).json(body)).await
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if let Some((handle, thread)) = self.running.take() {
            drop(handle.stop(false));
            // Joined, so that its files and connections are closed when the world is dropped.
            let _ = thread.join();
        }
    }
}

/// Polls until the condition is true or the time is up.
pub async fn until(patience: Duration, what: &str, mut is_so: impl AsyncFnMut() -> bool) {
    let begun = Instant::now();
    while !is_so().await {
        assert!(begun.elapsed() < patience, "{what}");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

fn client() -> reqwest::Client {
    // Another test of this process may have been first.
    let _ = rustls::crypto::ring::default_provider().install_default();
    reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).no_proxy().build().unwrap()
}

/// Returns the look-up hash of an e-mail address.
pub fn hash(email: &str, pepper: &str) -> String {
    use base64::Engine as _;
    base64::prelude::BASE64_URL_SAFE_NO_PAD.encode(Sha256::digest(format!("{email} email {pepper}")))
}

/// Returns the validation link in a mail.
pub fn link(mail: &Message) -> String {
    mail.links().into_iter().find(|link| link.contains("/submitToken?")).expect("the mail has a validation link")
}

/// Returns a query parameter of a link.
pub fn query(link: &str, name: &str) -> String {
    let link = url::Url::parse(link).unwrap();
    link.query_pairs().find(|(key, _)| key == name).expect("the link has the parameter").1.into_owned()
}
