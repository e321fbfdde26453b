//! Scraping metrics like Prometheus.

use std::collections::{BTreeMap, BTreeSet};
use std::process::Command;

use reqwest::Method;
use serde_json::json;
use vouch::clock::SECOND;

use crate::world::{Answer, Person, Server, World, hash};

/// Lets the rows be counted again.
pub const AGAIN: i64 = 5 * SECOND;

pub const OPEN_METRICS: &str = "application/openmetrics-text";

/// The result of one scrape: a value for each series.
pub struct Scrape(BTreeMap<String, f64>);

impl Scrape {
    pub fn find(&self, series: &str) -> Option<f64> {
        self.0.get(&format!("vouch_{series}")).copied()
    }

    #[track_caller]
    pub fn get(&self, series: &str) -> f64 {
        self.find(series).unwrap_or_else(|| panic!("{series} is not among {:#?}", self.0.keys()))
    }

    /// Asserts that these series have these values.
    #[track_caller]
    pub fn shows(&self, expected: &[(&str, f64)]) {
        for (series, value) in expected {
            assert!((self.get(series) - value).abs() < 1e-9, "{series}: {} instead of {value}", self.get(series));
        }
    }

    /// Returns the values of a label.
    pub fn values(&self, label: &str) -> BTreeSet<&str> {
        let label = format!("{label}=\"");
        self.0
            .keys()
            .filter_map(|series| series.split_once(&label)?.1.split_once('"'))
            .map(|(value, _)| value)
            .collect()
    }
}

/// The server that listens for Prometheus.
pub fn monitoring(server: &Server) -> Server {
    Server::at(server.metrics.clone().expect("metrics are served"))
}

pub async fn text(server: &Server) -> String {
    let answer = monitoring(server).get("/metrics", None).await;
    assert_eq!((answer.status, answer.headers["cache-control"].to_str().unwrap()), (200, "no-store"));
    answer.text
}

pub async fn scrape(server: &Server) -> Scrape {
    let text = text(server).await;
    let samples = text.lines().filter(|line| !line.starts_with('#')).map(|line| {
        let (series, value) = line.rsplit_once(' ').unwrap();
        (series.to_owned(), value.parse().unwrap_or_else(|_| panic!("{line}")))
    });
    Scrape(samples.collect())
}

/// Serves metrics at a free port.
pub fn measured(world: &mut World) {
    world.config.metrics.listen = Some(vec!["127.0.0.1:0".parse().unwrap()]);
}

/// Returns whether a program of Debian's package `prometheus` is installed, as it must be in CI.
/// Without it, a test can only be skipped.
pub fn is_installed(program: &str) -> bool {
    let is_installed = Command::new(program).arg("--version").output().is_ok();
    assert!(is_installed || std::env::var_os("CI").is_none(), "{program} is missing");
    if !is_installed {
        eprintln!("skipped, since {program} is missing (Debian's package prometheus)");
    }
    is_installed
}

pub fn requests(route: &str, method: &str, status: &str) -> String {
    format!("http_request_duration_seconds_count{{route=\"{route}\",method=\"{method}\",status=\"{status}\"}}")
}

/// Looks an address up, and returns the status.
pub async fn looks_up(person: &Person<'_>, email: &str) -> u16 {
    let pepper = person.pepper().await;
    let hashes = [hash(email, &pepper)];
    person.post("/lookup", json!({ "algorithm": "sha256", "pepper": pepper, "addresses": hashes })).await.status
}

/// Reads metrics in the requested format.
pub async fn accepts(server: &Server, accept: &str) -> Answer {
    let server = monitoring(server);
    server.send(server.request(Method::GET, "/metrics", None).header("Accept", accept)).await
}
