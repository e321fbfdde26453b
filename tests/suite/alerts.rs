//! Alerts: a real Prometheus reads the metrics of a server that misbehaves, and raises the alerts
//! of `deploy/prometheus`. The conditions for each of them are in the tests for promtool next to
//! them.

use std::collections::BTreeSet;
use std::fs;
use std::net::TcpListener;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;

use serde_json::Value;
use tempfile::TempDir;
use vouch::clock::{Clock, MINUTE};
use vouch::config::{Bucket, MailTransport};
use vouch_test_support::homeserver::Conduct;
use vouch_test_support::mail_sink::{Action, MailSink, Options};

use crate::database::execute;

use crate::program::PATIENCE;
use crate::scrapes::{is_installed, looks_up, measured};
use crate::world::{self, SECRET, Server, World, until};

const RULES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/deploy/prometheus");

/// A running Prometheus, stopped when dropped.
struct Prometheus {
    child: Child,
    api: Server,
    _folder: TempDir,
}

impl Prometheus {
    /// Starts it with our alerts, to scrape a server, and waits until it has done both.
    async fn start(server: &Server) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let target = server.metrics.as_ref().unwrap().strip_prefix("http://").unwrap();
        let configuration = format!(
            "global: {{ scrape_interval: 500ms, evaluation_interval: 500ms }}\n\
             rule_files: [\"{RULES}/vouch.rules.yml\"]\n\
             scrape_configs: [{{ job_name: vouch, static_configs: [{{ targets: [\"{target}\"] }}] }}]\n"
        );
        let file = folder.path().join("prometheus.yml");
        fs::write(&file, configuration).unwrap();
        let address = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        let child = Command::new("prometheus")
            .arg(format!("--config.file={}", file.display()))
            .arg(format!("--storage.tsdb.path={}", folder.path().join("data").display()))
            .arg(format!("--web.listen-address={address}"))
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let prometheus = Self { child, api: Server::at(format!("http://{address}")), _folder: folder };
        until(PATIENCE, "Prometheus does not evaluate the alerts", async || prometheus.has_evaluated().await).await;
        prometheus
    }

    async fn get(&self, path: &str) -> Option<Value> {
        let answer = self.api.http.get(format!("{}/api/v1/{path}", self.api.url)).send().await.ok()?;
        let answer: Value = serde_json::from_str(&answer.text().await.ok()?).ok()?;
        Some(answer["data"].clone())
    }

    /// Returns whether it has scraped the server, and evaluated every rule without an error.
    async fn has_evaluated(&self) -> bool {
        let (Some(rules), Some(up)) = (self.get("rules").await, self.get("query?query=vouch_database_up==1").await)
        else {
            return false;
        };
        let Some(groups) = rules["groups"].as_array().filter(|groups| !groups.is_empty()) else { return false };
        let mut rules = groups.iter().flat_map(|group| group["rules"].as_array().unwrap());
        rules.all(|rule| rule["health"] == "ok") && up["result"].as_array().is_some_and(|result| !result.is_empty())
    }

    /// Returns the alerts that it has raised, even if it does not notify anybody yet.
    async fn alerts(&self) -> BTreeSet<String> {
        let alerts = self.get("alerts").await.unwrap_or_default();
        let alerts = alerts["alerts"].as_array().cloned().unwrap_or_default();
        for text in alerts.iter().flat_map(|alert| alert["annotations"].as_object().unwrap().values()) {
            let text = text.as_str().unwrap();
            assert!(!text.contains("error") && !text.contains("no value"), "{text}");
        }
        alerts.iter().map(|alert| alert["labels"]["alertname"].as_str().unwrap().to_owned()).collect()
    }

    /// Does this again and again until there is an alert.
    async fn raises(&self, alert: &str, mut misbehave: impl AsyncFnMut()) {
        until(PATIENCE, alert, async || {
            misbehave().await;
            self.alerts().await.contains(alert)
        })
        .await;
    }
}

impl Drop for Prometheus {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[tokio::test]
async fn a_server_that_misbehaves_raises_alerts() {
    if !is_installed("prometheus") {
        return;
    }
    let mut world = World::on_postgres().await;
    measured(&mut world);
    world.clock = Clock::system();
    let refuses = |line: &str| line.starts_with("MAIL FROM").then_some(Action::Reply("550 5.7.1 not from here"));
    world.mail = MailSink::start_with(Options { script: Some(Arc::new(refuses)), ..Options::default() }).await;
    let MailTransport::Smtp(smtp) = &mut world.config.mail.transport else { panic!("the world has a mail server") };
    smtp.port = world.mail.address().port();
    // Of which newcomers may use half.
    world.config.budgets.lookup_server = Bucket { capacity: 2, per_hour: 1 };
    let server = world.start().await;
    let alice = world.person(&server, "alice").await;
    let prometheus = Prometheus::start(&server).await;
    until(PATIENCE, "there is an alert although all is well", async || prometheus.alerts().await.is_empty()).await;

    prometheus
        .raises("VouchSharedLimitRefuses", async || {
            looks_up(&alice, "one@example.com").await;
            looks_up(&alice, "another@example.com").await;
        })
        .await;
    prometheus
        .raises("VouchMessagesMisconfigured", async || {
            let asked = serde_json::json!({ "client_secret": SECRET, "email": "alice@example.com", "send_attempt": 1 });
            alice.post("/validate/email/requestToken", asked).await;
        })
        .await;
    world.homeserver.behave(Conduct::HangsUp);
    prometheus
        .raises("VouchHomeserversOutOfReach", async || {
            let openid = world.homeserver.openid_token("bob");
            server.post("/_matrix/identity/v2/account/register", None, &openid).await;
        })
        .await;
    let two_hours_ago = world::now() - 120 * MINUTE;
    let waiting = format!(
        "INSERT INTO outbox (kind, owner, user_index, address_index, destination, payload, attempts, next_at, held_until, created_at) \
         SELECT 'notice', int4send(number), '', '', '', '', 1, {}, 0, {two_hours_ago} FROM generate_series(1, 1001) AS number",
        i64::MAX
    );
    execute(&world, &waiting).await;
    prometheus.raises("VouchNoticesWait", async || ()).await;
    prometheus.raises("VouchOutboxGrows", async || ()).await;
    execute(&world, "ALTER TABLE tokens RENAME TO away").await;
    prometheus.raises("VouchDatabaseDown", async || ()).await;
    prometheus.raises("VouchDatabaseFaulty", async || ()).await;
    prometheus.raises("VouchServerErrors", async || drop(alice.get("/account").await)).await;
    execute(&world, "ALTER TABLE away RENAME TO tokens").await;
    world.clock.step(10 * MINUTE);
    prometheus.raises("VouchClockWrong", async || ()).await;
    prometheus.raises("VouchClockDrifts", async || ()).await;
    server.stop().await;
    prometheus.raises("VouchDown", async || ()).await;
}

#[test]
fn each_alert_is_raised_by_its_condition_and_no_other() {
    if !is_installed("promtool") {
        return;
    }
    for arguments in [["check", "rules", "vouch.rules.yml"], ["test", "rules", "vouch.test.yml"]] {
        let output = Command::new("promtool").args(arguments).current_dir(RULES).output().unwrap();
        assert!(output.status.success(), "{output:?}");
    }
    let read = |name: &str| fs::read_to_string(format!("{RULES}/{name}")).unwrap();
    let (rules, tests) = (read("vouch.rules.yml"), read("vouch.test.yml"));
    let alerts: Vec<_> = rules.lines().filter_map(|line| line.trim().strip_prefix("- alert: ")).collect();
    assert!(!alerts.is_empty());
    let manual = fs::read_to_string("docs/operations.md").unwrap();
    for alert in alerts {
        assert!(manual.contains(&format!("`{alert}`")), "{alert} is not in the manual");
        assert!(tests.contains(&format!("alertname=\"{alert}\", alertstate=\"firing\"")), "{alert} is not tested");
    }
}
