//! `vouch doctor`: every check passes for a healthy server, and fails for the reason that it looks
//! for.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use serde_json::{Value, json};
use vouch::clock::{Clock, DAY};
use vouch::service::Act;
use vouch_test_support::ca::Ca;
use vouch_test_support::program::free_port;
use vouch_test_support::sms_gateway::SmsGateway;

use crate::audit;
use crate::database::execute;
use crate::doctor_network::Dns;
use crate::program::{Binary, Done, Process};
use crate::world::{World, now};

/// The checks of a run, by name.
#[derive(Debug)]
pub struct Report(pub Vec<Value>);

impl Report {
    /// Runs the checks. The exit status must say whether there is a problem.
    #[track_caller]
    pub fn of(binary: &Binary, arguments: &[&str]) -> Self {
        Self::read(&binary.run(&[&["doctor", "--json"], arguments].concat()))
    }

    #[track_caller]
    fn read(done: &Done) -> Self {
        let report: Value = serde_json::from_str(&done.stdout).unwrap_or_else(|error| panic!("{error}: {done:?}"));
        let checks = report["checks"].as_array().unwrap().clone();
        let has_problem = checks.iter().any(|check| check["outcome"] == "problem");
        assert_eq!(done.status, Some(i32::from(has_problem)), "{done:?}");
        assert!(!done.stdout.contains("hunter2") && !done.stderr.contains("hunter2"), "{done:?}");
        Self(checks)
    }

    fn get(&self, name: &str) -> &Value {
        self.0.iter().find(|check| check["check"] == name).unwrap_or_else(|| panic!("no check {name}: {self:?}"))
    }

    /// Asserts the outcome of a check and its text. Every fault has a remedy.
    #[track_caller]
    pub fn says(&self, name: &str, outcome: &str, found: &str) {
        let check = self.get(name);
        assert_eq!(check["outcome"], outcome, "{check}");
        assert!(check["found"].as_str().unwrap().contains(found), "{found}: {check}");
        let has_remedy = check["remedy"].as_str().is_some_and(|remedy| !remedy.is_empty());
        assert_eq!(has_remedy, matches!(outcome, "warning" | "problem"), "{check}");
    }
}

/// A server at `https://id.example` with everything that it needs.
pub struct Well {
    pub binary: Binary,
    pub ca: Ca,
    pub gateway: SmsGateway,
    pub url: String,
}

impl Well {
    pub fn new(world: &World) -> Self {
        let (ca, gateway, dns, port) = (Ca::new(), SmsGateway::start(), Dns::start(), free_port());
        let folder = world.folder.path();
        ca.write_to(&folder.join("roots.pem"));
        ca.write_certificate_until(90, &["id.example"], folder);
        dns.answers("id.example", [127, 0, 0, 1]);
        let url = format!("https://id.example:{port}");
        let mut binary = Binary::of(world);
        for (name, value) in [
            ("VOUCH__SERVER__LISTEN", format!("127.0.0.1:{port}").as_str()),
            ("VOUCH__SERVER__PUBLIC_URL", &url),
            ("VOUCH__SERVER__TLS_CERTIFICATE", "certificate.pem"),
            ("VOUCH__SERVER__TLS_KEY", "key.pem"),
            ("VOUCH__FEDERATION__DNS_SERVERS", &dns.address().to_string()),
            ("VOUCH__SMS__WEBHOOK__METHOD", "GET"),
            ("VOUCH__SMS__WEBHOOK__URL", &format!("{}/hunter2?to={{number}}&text={{text}}", gateway.url())),
            ("SSL_CERT_FILE", "roots.pem"),
        ] {
            binary.set(name, value);
        }
        if world.database.is_none() {
            binary.set("VOUCH__DATABASE__URL", "sqlite:vouch.db");
        }
        chmod(&folder.join("key.pem"), 0o600);
        Self { binary, ca, gateway, url }
    }

    /// Starts the server, and waits until it listens.
    pub fn start(&self) -> Process {
        self.binary.start()
    }

    #[track_caller]
    pub fn report(&self, arguments: &[&str]) -> Report {
        Report::of(&self.binary, arguments)
    }
}

pub fn chmod(path: &Path, mode: u32) {
    fs::set_permissions(path, Permissions::from_mode(mode)).unwrap();
}

/// Makes the homeserver tell its clients about this server.
pub fn recommends(world: &World, url: &str) {
    let document =
        json!({ "m.homeserver": { "base_url": "https://hs.example" }, "m.identity_server": { "base_url": url } });
    let path = "/.well-known/matrix/client";
    world.homeserver.answers_clients(reqwest::Method::GET, path, reqwest::StatusCode::OK, document);
}

on_both_backends! {
    async fn a_server_that_is_well_passes_every_check(world: World) {
        let well = Well::new(&world);
        let _server = well.start();
        recommends(&world, &well.url);
        let all = ["--homeserver", "hs.example", "--mail-to", "postmaster@example.com", "--text-to", "+49 170 1234567"];
        let report = well.report(&all);
        for check in &report.0 {
            // Its only address is that of this machine.
            let expected = if check["check"] == "dns" { "warning" } else { "ok" };
            assert_eq!(check["outcome"], expected, "{check}");
        }
        assert_eq!(report.0.len(), 21);
        let mail = world.mail.wait_to("postmaster@example.com").await;
        assert!(mail.text().contains("a test by `vouch doctor`"), "{}", mail.text());
        assert!(well.gateway.request().uri().query().unwrap().contains("%2B491701234567"));

        let words = well.binary.run(&["doctor", "--homeserver", "hs.example"]);
        assert_eq!((words.status, words.stderr.as_str()), (Some(0), ""), "{words:?}");
        for line in ["ok       master key          it ", "warning  dns                 id.example is at 127.0.0.1", "no problems, 1 warnings"] {
            assert!(words.stdout.contains(line), "{line}: {words:?}");
        }
        for secret in ["postmaster", "hunter2", "491701234567"] {
            assert!(!words.stdout.contains(secret), "{words:?}");
        }
        // Nothing more was sent.
        assert_eq!((world.mail.count(), well.gateway.requests().len()), (1, 1));
    }

    async fn problems_with_the_database_are_found(world: World) {
        let well = Well::new(&world);
        let server = well.start();
        well.report(&[]).says("schema", "ok", "it matches this version");
        drop(server);
        let report = || well.report(&[]);
        execute(&world, "INSERT INTO __diesel_schema_migrations (version) VALUES ('20990101000000')").await;
        report().says("schema", "problem", "1 migrations are unknown");
        execute(&world, "DELETE FROM __diesel_schema_migrations WHERE version > '20261128000013'").await;
        report().says("schema", "warning", "migrations of this version are missing");
        report().says("audit log", "skipped", "the schema");

        let later = (now() + DAY).to_be_bytes().map(|byte| format!("{byte:02x}")).concat();
        let value = if world.database.is_some() { format!("'\\x{later}'") } else { format!("x'{later}'") };
        execute(&world, &format!("UPDATE meta SET value = {value} WHERE name = 'latest_time'")).await;
        report().says("clock", "problem", "behind");

        report().says("master key", "ok", "nothing is sealed yet");
        let bytes = if world.database.is_some() { "'\\x01'" } else { "x'01'" };
        execute(&world, &format!("INSERT INTO accounts (user_index, mxid, created_at) VALUES ({bytes}, {bytes}, 1)")).await;
        report().says("master key", "problem", "cannot be opened with this key");
    }

    async fn keys_that_do_not_belong_to_the_database_are_found(world: World) {
        let well = Well::new(&world);
        let server = well.start();
        let data = world.folder.path().join("data");
        let report = well.report(&[]);
        report.says("signing key", "ok", "signs as id.example");
        report.says("public key", "ok", "has this key");

        assert_eq!(well.binary.run(&["keys", "new"]).status, Some(0));
        well.report(&[]).says("public key", "problem", "does not have this signing key");
        fs::remove_file(data.join("signing.key")).unwrap();
        well.report(&[]).says("signing key", "problem", "there is none at data/signing.key");
        fs::write(data.join("signing.key"), "ed25519 0 BBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBA\n").unwrap();
        well.report(&[]).says("signing key", "problem", "signing key that is not in data/signing.key");

        fs::write(data.join("master.key"), "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=\n").unwrap();
        well.report(&[]).says("master key", "problem", "another master key");
        fs::remove_file(data.join("master.key")).unwrap();
        well.report(&[]).says("master key", "problem", "there is none at data/master.key");
        well.report(&[]).says("audit log", "skipped", "without the keys");
        drop(server);
    }

    async fn an_audit_log_that_nobody_keeps_or_somebody_has_altered_is_found(world: World) {
        let mut world = world;
        world.clock = Clock::stopped_at(now() - 3 * DAY);
        let server = world.start().await;
        assert_eq!(audit::problems(&world).await, [""; 0]);
        server.stop().await;
        let binary = Binary::beside(&world);
        let says = |outcome: &str, found: &str| Report::of(&binary, &[]).says("audit log", outcome, found);
        says("warning", "2 entries, of which the newest 2 verify, and 0 not linked yet; last checkpoint at ");
        let noted = audit::look(&world).await.audit.note_alone(Act::Lookup, None, true, None).await;
        noted.unwrap();
        says("warning", "and 1 not linked yet, the first of ");

        world.clock = Clock::stopped_at(now());
        let server = world.start().await;
        assert_eq!(audit::problems(&world).await, [""; 0]);
        server.stop().await;
        says("ok", "3 entries, of which the newest 3 verify, and 0 not linked yet; last checkpoint at ");
        execute(&world, "DELETE FROM audit_log WHERE sequence = 3").await;
        says("problem", "altered: entry 3 is missing");
        execute(&world, "DELETE FROM meta WHERE name = 'audit_key'").await;
        says("problem", "the key of the audit log is missing");
    }
}

#[tokio::test]
async fn a_database_that_cannot_be_opened_stops_only_the_checks_that_need_it() {
    let world = World::on_sqlite().await;
    let mut well = Well::new(&world);
    let report = well.report(&[]);
    report.says("database", "problem", "there is no database at vouch.db");
    for check in ["schema", "clock", "master key", "signing key", "audit log", "public key"] {
        report.says(check, "skipped", "the database cannot be opened");
    }
    report.says("mail", "ok", "--mail-to sends a mail");
    assert!(!world.folder.path().join("data").exists());
    well.binary.set("VOUCH__DATABASE__URL", "postgres://vouch:hunter2@127.0.0.1:1/vouch");
    well.report(&[]).says("database", "problem", "PostgreSQL: ");
}

#[test]
fn mistakes_in_the_configuration_are_found_and_the_rest_is_skipped() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("vouch.toml"), "[mail]\nsecurity = \"hunter2\"\n[lookup]\nplain = 1\n").unwrap();
    let mut binary = Binary::bare(folder.path());
    let report = Report::of(&binary, &["--config", "vouch.toml"]);
    report.says("configuration", "problem", "vouch.toml:2:12: [mail] security: expected");
    report.says("configuration", "problem", "\nvouch.toml:4:9: [lookup] plain: ");
    assert_eq!(report.0.len(), 21);
    for check in &report.0[1..] {
        report.says(check["check"].as_str().unwrap(), "skipped", "the configuration cannot be read");
    }
    binary.set("VOUCH__LOOKUP__PLAIN", "true");
    Report::of(&binary, &[]).says("configuration", "warning", "[lookup] plain: ");
    binary.set("VOUCH__TEXTS__DIRECTORY", "texts");
    fs::create_dir(folder.path().join("texts")).unwrap();
    fs::write(folder.path().join("texts/en.ftl"), "no-such-message = Hello\n").unwrap();
    Report::of(&binary, &[]).says("configuration", "problem", "texts/en.ftl: ");
    let words = binary.run(&["doctor"]);
    assert_eq!(words.status, Some(1));
    assert!(words.stdout.starts_with("PROBLEM  configuration       "), "{words:?}");
    assert!(words.stderr.starts_with("problems: "), "{words:?}");
    for wrong in [["--mail-to", "alice"], ["--text-to", "alice"], ["--homeserver", "a b"]] {
        assert_eq!(binary.run(&[&["doctor"][..], &wrong].concat()).status, Some(2), "{wrong:?}");
    }
}

#[test]
fn secrets_that_others_can_read_are_found() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    let write = |name: &str, text: &str, mode: u32| {
        fs::write(path(name), text).unwrap();
        chmod(&path(name), mode);
    };
    fs::create_dir(path("data")).unwrap();
    let mut binary = Binary::bare(folder.path());
    for name in ["data/master.key", "data/signing.key"] {
        write(name, "\n", 0o600);
        Report::of(&binary, &[]).says("secrets", "ok", "nobody else can read");
        chmod(&path(name), 0o640);
        Report::of(&binary, &[]).says("secrets", "warning", &format!("{name} (mode 640)"));
        chmod(&path(name), 0o644);
        Report::of(&binary, &[]).says("secrets", "problem", &format!("{name} (mode 644)"));
        chmod(&path(name), 0o600);
    }
    let mail = "[mail]\nhost = \"127.0.0.1\"\nuser = \"vouch\"\n";
    for (text, is_secret) in [
        (format!("{mail}password = \"hunter2\"\nsecurity = \"tls\"\n"), true),
        ("[database]\nurl = \"postgres://vouch:hunter2@127.0.0.1:1/vouch\"\n".to_owned(), true),
        ("[database]\nurl = \"postgres://vouch@127.0.0.1:1/vouch\"\n".to_owned(), false),
        ("[database]\nurl = \"sqlite:data/vouch.db\"\n".to_owned(), false),
    ] {
        write("vouch.toml", &text, 0o644);
        let outcome = if is_secret { "problem" } else { "ok" };
        Report::of(&binary, &["--config", "vouch.toml"]).says(
            "secrets",
            outcome,
            if is_secret { "vouch.toml (mode 644)" } else { "" },
        );
        chmod(&path("vouch.toml"), 0o640);
        Report::of(&binary, &["--config", "vouch.toml"]).says("secrets", "ok", "");
    }
    write("password", "hunter2\n", 0o604);
    for (name, value) in [("HOST", "127.0.0.1"), ("USER", "vouch"), ("PASSWORD_FILE", "password"), ("SECURITY", "tls")]
    {
        binary.set(&format!("VOUCH__MAIL__{name}"), value);
    }
    Report::of(&binary, &[]).says("secrets", "problem", "password (mode 604)");
}

#[test]
fn folders_that_are_missing_or_full_are_found() {
    let folder = tempfile::tempdir().unwrap();
    let mut binary = Binary::bare(folder.path());
    binary.set("VOUCH__MAIL__DIRECTORY", "full");
    fs::create_dir_all(folder.path().join("data/sms")).unwrap();
    Report::of(&binary, &[]).says("folders", "problem", "full cannot be written: ");
    fs::create_dir(folder.path().join("full")).unwrap();
    Report::of(&binary, &[]).says("folders", "ok", "data, full, data/sms can be written");
    assert_eq!(fs::read_dir(folder.path().join("full")).unwrap().count(), 0);
    // A disk of 4 MiB that only the command sees.
    let binary =
        binary.under("exec unshare -rm bash -c 'mount -t tmpfs -o size=4m none full && exec \"$@\"' - \"$0\" \"$@\"");
    Report::of(&binary, &[]).says("disk space", "problem", "4 MiB are free in full");
}
