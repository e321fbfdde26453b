//! Chromium and its driver, with their own profile and home directory.

use std::fs::{self, File};
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use vouch_test_support::program::{free_port, tail};

use crate::driver::Driver;
use crate::world::PATIENCE;

/// A running Chromium and its driver; both are killed when dropped.
pub struct Chromium {
    pub driver: Driver,
    /// The download directory.
    pub downloads: PathBuf,
    process: Child,
}

impl Drop for Chromium {
    fn drop(&mut self) {
        // They may have exited already.
        let _ = Command::new("kill").args(["-KILL", "--", &format!("-{}", self.process.id())]).status();
        let _ = self.process.wait();
    }
}

impl Chromium {
    /// Starts Chromium with these languages, such as `fr-CA,fr;q=0.9`, and these resolver rules.
    pub async fn start(folder: &Path, resolver_rules: &str, languages: &str) -> Self {
        let home = folder.join(format!("home-{:08x}", rand::random::<u32>()));
        fs::create_dir(&home).unwrap();
        trust(&folder.join("ca.pem"), &home);
        let (process, url) = start_driver(&home).await;
        let downloads = home.join("downloads");
        let driver = Driver::begin(&url, &capabilities(&home, &downloads, resolver_rules, languages)).await;
        let driver = driver.unwrap_or_else(|error| panic!("{error}\n{}", tail(&home.join("driver.log"))));
        Self { driver, downloads, process }
    }
}

/// Adds an authority to those that Chromium trusts for this home directory.
fn trust(certificate: &Path, home: &Path) {
    let database = home.join(".pki/nssdb");
    fs::create_dir_all(&database).unwrap();
    let database = format!("sql:{}", database.display());
    let certutil = |arguments: &[&str]| {
        let output = Command::new("certutil").args(["-d", &database]).args(arguments).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    };
    certutil(&["-N", "--empty-password"]);
    certutil(&["-A", "-t", "C,,", "-n", "test", "-i", certificate.to_str().unwrap()]);
}

/// Starts the driver, and waits until it answers.
async fn start_driver(home: &Path) -> (Child, String) {
    let port = free_port();
    let log = File::create(home.join("driver.log")).unwrap();
    let mut command = Command::new("chromedriver");
    command.arg(format!("--port={port}")).env("HOME", home).env_remove("XDG_CONFIG_HOME").env_remove("XDG_DATA_HOME");
    command.stdin(Stdio::null()).stdout(log.try_clone().unwrap()).stderr(log);
    // Their own process group, which includes Chromium's helpers.
    let process = command.process_group(0).spawn().expect("scripts/browser has installed it");
    let url = format!("http://127.0.0.1:{port}");
    let begun = Instant::now();
    let http = reqwest::Client::builder().no_proxy().build().unwrap();
    while http.get(format!("{url}/status")).send().await.is_err() {
        assert!(begun.elapsed() < PATIENCE, "{}", tail(&home.join("driver.log")));
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    (process, url)
}

fn capabilities(home: &Path, downloads: &Path, resolver_rules: &str, languages: &str) -> Value {
    let switches = [
        "headless=new",
        // Chromium's sandbox does not run as root; the pages are our own.
        "no-sandbox",
        "disable-gpu",
        "disable-dev-shm-usage",
        "disable-quic",
        "disable-background-networking",
        "disable-component-update",
        "disable-sync",
        "no-first-run",
        "hide-scrollbars",
        &format!("user-data-dir={}", home.join("profile").display()),
        &format!("host-resolver-rules={resolver_rules}"),
    ];
    let preferences = json!({
        "intl.accept_languages": languages,
        "download": { "default_directory": downloads, "prompt_for_download": false },
    });
    json!({
        "browserName": "chrome",
        "goog:loggingPrefs": { "browser": "ALL", "performance": "ALL" },
        "goog:chromeOptions": { "args": switches, "prefs": preferences },
    })
}
