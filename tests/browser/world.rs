//! A test's world: Vouch in its own process, a homeserver and a mail server on the loopback
//! interface. Their certificates are issued by an authority created for the test, which the browser
//! trusts.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use diesel::connection::SimpleConnection as _;
use diesel::{Connection as _, SqliteConnection};
use reqwest::{Certificate, Client, redirect};
use tempfile::TempDir;
use vouch_test_support::ca::Ca;
use vouch_test_support::homeserver::Homeserver;
use vouch_test_support::mail_sink::MailSink;
use vouch_test_support::program::{Program, free_port, tail};

/// The time that a test waits for anything before it fails. Generous, because the machine may be
/// busy.
pub const PATIENCE: Duration = Duration::from_secs(30);

/// The server's URL in the browser.
pub const URL: &str = "https://id.example";

/// The server's name in URLs.
const HOST: &str = "id.example";

/// The name of the homeserver.
const HOMESERVER: &str = "hs.example";

pub struct World {
    // Dropped in this order, so that nothing talks to a server that is gone.
    _vouch: Program,
    pub homeserver: Homeserver,
    pub mail: MailSink,
    /// Trusts only this world's authority.
    pub http: Client,
    pub folder: TempDir,
    port: u16,
}

impl World {
    /// Starts everything, and returns when the server is ready.
    pub async fn start() -> Self {
        Self::start_with(&[]).await
    }

    /// Starts with additional settings, such as `("BRAND__NAME", "Vouch")`; a value may contain
    /// `{folder}`.
    pub async fn start_with(settings: &[(&str, &str)]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        Self::start_in(folder, settings).await
    }

    /// Starts in a folder that the test has prepared.
    pub async fn start_in(folder: TempDir, settings: &[(&str, &str)]) -> Self {
        let ca = Ca::new();
        ca.write_to(&folder.path().join("ca.pem"));
        let homeserver = Homeserver::start(HOMESERVER, &ca);
        let mail = MailSink::start().await;
        let port = free_port();
        let mut variables = variables(folder.path(), &ca, port, &homeserver, &mail);
        let own = |value: &str| value.replace("{folder}", &folder.path().display().to_string());
        variables.extend(settings.iter().map(|(key, value)| (format!("VOUCH__{key}"), own(value))));
        let binary = std::env::var_os("VOUCH_TEST_BINARY").unwrap_or_else(|| env!("CARGO_BIN_EXE_vouch").into());
        let vouch = Program::new(binary, folder.path(), folder.path().join("vouch.log"), variables);
        vouch.start();
        let world = Self { _vouch: vouch, homeserver, mail, http: client(&ca, port), folder, port };
        world.until_up().await;
        world
    }

    /// Returns a URL of the server for [`Self::http`], including the port.
    pub fn url(&self, path: &str) -> String {
        format!("{URL}:{}{path}", self.port)
    }

    /// Changes the database directly, for changes that otherwise only time would bring.
    pub fn execute(&self, sql: &str) {
        let path = self.folder.path().join("data/vouch.db");
        let mut conn = SqliteConnection::establish(path.to_str().unwrap()).unwrap();
        conn.batch_execute(&format!("PRAGMA busy_timeout = 5000; {sql}")).unwrap();
    }

    /// Returns Chromium's resolver rules: the two servers, and nothing else.
    pub fn resolver_rules(&self) -> String {
        let homeserver = self.homeserver.address();
        format!("MAP {HOST} 127.0.0.1:{}, MAP {HOMESERVER} {homeserver}, MAP * ~NOTFOUND", self.port)
    }

    async fn until_up(&self) {
        let begun = Instant::now();
        loop {
            let answer = self.http.get(self.url("/ready")).send().await;
            if answer.as_ref().is_ok_and(|answer| answer.status() == 200) {
                return;
            }
            assert!(begun.elapsed() < PATIENCE, "it does not come up: {answer:?}");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }
}

impl Drop for World {
    /// Prints the server's log if the test failed.
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("--- the end of vouch.log\n{}", tail(&self.folder.path().join("vouch.log")));
        }
    }
}

/// Returns a path that `scripts/browser` sets in the environment.
pub fn setting(name: &str) -> PathBuf {
    std::env::var_os(name).unwrap_or_else(|| panic!("no {name}: run scripts/browser")).into()
}

fn variables(folder: &Path, ca: &Ca, port: u16, homeserver: &Homeserver, mail: &MailSink) -> Vec<(String, String)> {
    let certificates = folder.join("tls");
    fs::create_dir(&certificates).unwrap();
    let (certificate, key) = ca.write_certificate_for(&[HOST], &certificates);
    let mail = mail.address();
    let settings = [
        ("SERVER__LISTEN", format!("127.0.0.1:{port}")),
        ("SERVER__PUBLIC_URL", URL.to_owned()),
        ("SERVER__WORKERS", "2".to_owned()),
        ("SERVER__TLS_CERTIFICATE", certificate.display().to_string()),
        ("SERVER__TLS_KEY", key.display().to_string()),
        ("BRAND__NAME", "Example".to_owned()),
        ("BRAND__CONTACT", "help@id.example".to_owned()),
        ("TERMS__DIRECTORY", concat!(env!("CARGO_MANIFEST_DIR"), "/policies").to_owned()),
        ("FEDERATION__CA_FILE", "ca.pem".to_owned()),
        ("FEDERATION__ALLOWED_RANGES", "127.0.0.0/8".to_owned()),
        ("FEDERATION__OVERRIDES", format!(r#"{{ "{HOMESERVER}" = "{}" }}"#, homeserver.address())),
        ("MAIL__HOST", mail.ip().to_string()),
        ("MAIL__PORT", mail.port().to_string()),
        ("MAIL__SECURITY", "none".to_owned()),
    ];
    settings.map(|(key, value)| (format!("VOUCH__{key}"), value)).to_vec()
}

fn client(ca: &Ca, port: u16) -> Client {
    // Another test of this process may have been first.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let certificate = Certificate::from_pem(ca.pem().as_bytes()).unwrap();
    let client = Client::builder().tls_certs_only([certificate]).no_proxy().timeout(PATIENCE);
    client.resolve(HOST, ([127, 0, 0, 1], port).into()).redirect(redirect::Policy::none()).build().unwrap()
}
