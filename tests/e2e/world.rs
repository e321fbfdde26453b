//! The environment of a test: Synapse, Vouch and a mail server on the loopback interface. A
//! certificate authority is created for each test, and is the only one that the servers trust.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use reqwest::{Certificate, Client, Method, RequestBuilder, redirect};
use serde_json::{Map, Value};
use tempfile::TempDir;
use vouch_test_support::ca::Ca;
use vouch_test_support::mail_sink::MailSink;
use vouch_test_support::program::{free_port, tail};

use super::person::Person;
use super::synapse::Synapse;
use super::vouch::Vouch;

/// The time that a test waits before it fails. Generous, because the machine may be busy.
pub const PATIENCE: Duration = Duration::from_secs(30);

pub struct World {
    // Dropped in this order, so that no server contacts one that is gone.
    pub synapse: Synapse,
    pub vouch: Vouch,
    pub mail: MailSink,
    pub http: Client,
    pub folder: TempDir,
}

impl World {
    /// Starts everything, and returns when all servers are up.
    pub async fn start() -> Self {
        Self::start_with(&Map::new()).await
    }

    /// Does the same with additional settings of Synapse.
    pub async fn start_with(settings: &Map<String, Value>) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let ca = Ca::new();
        ca.write_to(&folder.path().join("ca.pem"));
        let mail = MailSink::start().await;
        let http = client(&ca);
        let (synapse_port, vouch_port) = (free_port(), free_port());
        let vouch_url = format!("https://localhost:{vouch_port}");
        let synapse = Synapse::start(folder.path(), &ca, synapse_port, &vouch_url, settings);
        let vouch = Vouch::start(folder.path(), &ca, vouch_port, &synapse, mail.address());
        let world = Self { synapse, vouch, mail, http, folder };
        world.until_up(&world.vouch.url, "/ready").await;
        world.until_up(&world.synapse.url, "/health").await;
        world
    }

    /// Creates a user of the homeserver who is registered at the identity server and has accepted
    /// its terms.
    pub async fn person(&self, localpart: &str) -> Person<'_> {
        let mut person = Person::join(self, localpart).await;
        person.registers().await;
        person.accepts_the_terms().await;
        person
    }

    /// Waits until `url` answers `path` with 200.
    pub async fn until_up(&self, url: &str, path: &str) {
        let begun = Instant::now();
        loop {
            let answer = self.http.get(format!("{url}{path}")).send().await;
            if answer.as_ref().is_ok_and(|answer| answer.status() == 200) {
                return;
            }
            assert!(begun.elapsed() < PATIENCE, "{url} does not come up: {answer:?}");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    /// Creates a request to one of the servers.
    pub fn request(&self, method: Method, url: &str, token: Option<&str>) -> RequestBuilder {
        let request = self.http.request(method, url);
        match token {
            Some(token) => request.bearer_auth(token),
            None => request,
        }
    }
}

impl Drop for World {
    /// Prints the logs of the servers if the test failed.
    fn drop(&mut self) {
        if std::thread::panicking() {
            for name in ["synapse.log", "vouch.log"] {
                eprintln!("--- the end of {name}\n{}", tail(&self.folder.path().join(name)));
            }
        }
    }
}

/// The answer of a server.
#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    pub body: Value,
}

impl Answer {
    pub async fn to(request: RequestBuilder) -> Self {
        let response = request.send().await.unwrap();
        let status = response.status().as_u16();
        let text = response.text().await.unwrap();
        Self { status, body: serde_json::from_str(&text).unwrap_or(Value::String(text)) }
    }

    /// Returns the body of an answer that must be 200.
    #[track_caller]
    pub fn ok(self) -> Value {
        assert_eq!(self.status, 200, "{}", self.body);
        self.body
    }

    /// Returns the status and the `errcode`.
    pub fn error(&self) -> (u16, &str) {
        (self.status, self.body["errcode"].as_str().unwrap_or_default())
    }
}

/// Returns the virtual environment with Synapse, Node and the SDK, which `scripts/e2e` creates.
pub fn installed() -> PathBuf {
    std::env::var_os("VOUCH_TEST_E2E").expect("no Synapse to test with: run scripts/e2e").into()
}

/// Returns a client that only trusts the authority of this test.
fn client(ca: &Ca) -> Client {
    // Another test in this process may have installed it already.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let certificate = Certificate::from_pem(ca.pem().as_bytes()).unwrap();
    let client = Client::builder().tls_certs_only([certificate]).no_proxy().timeout(PATIENCE);
    client.redirect(redirect::Policy::none()).build().unwrap()
}
