//! SIGHUP: what is read again, and what continues in the meantime.

use std::fs;
use std::path::Path;
use std::sync::{Arc, Mutex, mpsc};

use reqwest::{Certificate, Client, Method};
use tempfile::TempDir;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use vouch_test_support::ca::Ca;
use vouch_test_support::mail_sink::{MailSink, Options};

use crate::manager::Manager;
use crate::program::{Binary, PATIENCE, Process, person, request};
use crate::world::{World, until};

pub const PNG: &[u8] = b"\x89PNG\r\n\x1a\n...";

/// Writes a file, and the folder that it is in.
pub fn write(folder: &Path, name: &str, content: impl AsRef<[u8]>) {
    let path = folder.join(name);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, content).unwrap();
}

/// Writes a document with this text.
pub fn publish(folder: &Path, document: &str, text: &str) {
    write(folder, &format!("policies/{document}.md"), format!("---\nname: Terms\n---\n{text}\n"));
}

/// A binary that reads its configuration from a file in a folder.
pub fn configured(mut binary: Binary, folder: &Path, config: &str) -> (Binary, Manager) {
    write(folder, "vouch.toml", config);
    binary.set("VOUCH_CONFIG", "vouch.toml");
    let manager = Manager::of(&mut binary, folder);
    (binary, manager)
}

/// A server on its own, in a folder.
pub async fn serve(config: &str) -> (TempDir, Manager, Process) {
    let folder = tempfile::tempdir().unwrap();
    let (binary, manager) = configured(Binary::bare(folder.path()), folder.path(), config);
    let process = manager.starts(&binary).await;
    (folder, manager, process)
}

/// Returns a client that trusts only this authority, and keeps its connections.
pub fn trusting(ca: &Ca) -> Client {
    let certificate = Certificate::from_pem(ca.pem().as_bytes()).unwrap();
    Client::builder().tls_certs_only([certificate]).no_proxy().timeout(PATIENCE).build().unwrap()
}

pub async fn answers(client: &Client, process: &Process) -> bool {
    let answer = client.get(format!("{}/health", process.server.url)).send().await;
    match answer {
        Ok(answer) => answer.text().await.unwrap().contains("ok"),
        Err(_) => false,
    }
}

async fn page(process: &Process, path: &str) -> String {
    process.server.get(path, None).await.text
}

#[tokio::test]
async fn the_brand_the_texts_the_logo_and_the_log_filter_are_read_again() {
    let (folder, manager, process) = serve("[brand]\nname = \"Old Club\"\n").await;
    assert!(page(&process, "/").await.contains("Old Club"));
    assert_eq!(process.server.get("/logo", None).await.status, 404);

    let config = "[brand]\nname = \"New Club\"\nlogo = \"logo.png\"\n[texts]\ndirectory = \"texts\"\n[log]\nfilter = \"debug\"\n";
    write(folder.path(), "vouch.toml", config);
    write(folder.path(), "logo.png", PNG);
    write(folder.path(), "texts/it.ftl", "page-language-name = Italiano\npage-tagline = Buongiorno\n");
    let status = manager.reloads(&process).await;
    assert!(status.starts_with("serving, reloaded at 20") && !status.contains("restart"), "{status}");
    let home = page(&process, "/?lang=it").await;
    assert!(home.contains("New Club") && home.contains("Buongiorno") && home.contains("<html lang=\"it\""), "{home}");
    assert_eq!(process.server.get("/logo", None).await.headers["content-type"], "image/png");

    // Only what is in the files has changed.
    write(folder.path(), "logo.png", [PNG, b"."].concat());
    write(folder.path(), "texts/it.ftl", "page-language-name = Italiano\npage-tagline = Buonasera\n");
    manager.reloads(&process).await;
    assert!(page(&process, "/?lang=it").await.contains("Buonasera"));
    assert_eq!(page(&process, "/logo").await.len(), String::from_utf8_lossy(PNG).len() + 1);
    fs::remove_file(folder.path().join("texts/it.ftl")).unwrap();
    manager.reloads(&process).await;
    assert!(page(&process, "/?lang=it").await.contains("<html lang=\"en\""));
    manager.reloads(&process).await;

    process.signal("TERM");
    let (_, log) = process.ended().await;
    for said in [
        "reloaded: [brand] name has changed\n",
        "reloaded: [brand] logo has changed\n",
        "reloaded: the texts in it.ftl have changed\n",
        "reloaded: [log] filter has changed\n",
        "reloaded: there are no changes that",
    ] {
        assert!(log.contains(said), "{said}: {log}");
    }
    assert_eq!(log.matches("[log] filter").count(), 1, "{log}");
}

on_both_backends! {
    async fn a_new_version_of_a_policy_must_be_accepted_at_once(world: World) {
        let folder = world.folder.path();
        publish(folder, "terms/1.0/en", "We keep logs for ten days.");
        let mut binary = Binary::of(&world);
        binary.set("VOUCH__TERMS__DIRECTORY", "policies");
        let (binary, manager) = configured(binary, folder, "");
        let process = manager.starts(&binary).await;
        process.server.until_ready().await;
        let alice = person(&world, &process.server.url, "alice").await;
        assert_eq!(alice.gets("/account").await.0, 200);

        publish(folder, "terms/1.1/en", "We keep logs for <b>twenty</b> days.");
        publish(folder, "terms/1.0/de", "Wir bewahren Protokolle auf.");
        manager.reloads(&process).await;
        // Acceptances are cached for a second, but not after a reload.
        let (status, answer) = alice.gets("/account").await;
        assert_eq!((status, answer["errcode"].as_str()), (403, Some("M_TERMS_NOT_SIGNED")));
        assert_eq!(alice.gets("/terms").await.1["policies"]["terms"]["version"], "1.1");
        assert_eq!(process.server.get("/policies/terms/1.0/de", None).await.status, 200);
        let changes = page(&process, "/policies/terms/1.1/en/changes?since=1.0").await;
        assert!(changes.contains("twenty") && changes.contains("<del"), "{changes}");
        alice.accepts_everything().await;
        assert_eq!(alice.gets("/account").await.0, 200);
        process.signal("TERM");
        let (_, log) = process.ended().await;
        assert!(log.contains("reloaded: terms 1.1 is in force, and must be accepted\n"), "{log}");
        assert!(log.contains("reloaded: terms 1.0 has been added in de\n"), "{log}");
    }
}

#[tokio::test]
async fn new_handshakes_get_the_new_certificate_and_old_connections_keep_theirs() {
    let (folder, [old, new]) = (tempfile::tempdir().unwrap(), [(); 2].map(|()| Ca::new()));
    old.write_certificate_for(&["127.0.0.1"], folder.path());
    let tls = "[server]\ntls_certificate = \"certificate.pem\"\ntls_key = \"key.pem\"\n";
    let (binary, manager) = configured(Binary::bare(folder.path()), folder.path(), tls);
    let process = manager.starts(&binary).await;
    let [trusts_old, trusts_new] = [&old, &new].map(trusting);
    assert!(answers(&trusts_old, &process).await && !answers(&trusts_new, &process).await);

    new.write_certificate_until(90, &["127.0.0.1"], folder.path());
    manager.reloads(&process).await;
    assert!(answers(&trusts_old, &process).await, "an open connection was closed");
    assert!(answers(&trusts_new, &process).await && !answers(&trusting(&old), &process).await);

    // Under other names, too.
    let other = folder.path().join("other");
    fs::create_dir(&other).unwrap();
    old.write_certificate_for(&["127.0.0.1"], &other);
    write(folder.path(), "vouch.toml", tls.replace("= \"", "= \"other/"));
    let status = manager.reloads(&process).await;
    assert!(!status.contains("restart"), "{status}");
    assert!(answers(&trusts_new, &process).await && answers(&trusting(&old), &process).await);
    process.signal("TERM");
    let (_, log) = process.ended().await;
    assert_eq!(log.matches("reloaded: new connections get another certificate, valid until ").count(), 2, "{log}");
}

/// Sends the first half of a request, and returns a future that sends the second half and reads the
/// answer.
async fn half_a_request(process: &Process) -> impl AsyncFnOnce() -> String {
    let mut stream = TcpStream::connect(process.server.url.trim_start_matches("http://")).await.unwrap();
    let mut answer = [0; 16];
    for _ in 0..2 {
        stream.write_all(b"GET /health HTTP/1.1\r\nHost: a\r\n\r\n").await.unwrap();
        stream.read_exact(&mut answer).await.unwrap();
    }
    stream.write_all(b"GET /policies HTTP/1.1\r\nConnection: close\r\n").await.unwrap();
    async move || {
        stream.write_all(b"Host: a\r\n\r\n").await.unwrap();
        let mut rest = String::new();
        stream.read_to_string(&mut rest).await.unwrap();
        rest
    }
}

#[tokio::test]
async fn requests_in_flight_go_on() {
    let world = World::on_sqlite().await;
    let (folder, (tell, told), (go, wait)) = (world.folder.path(), mpsc::channel(), mpsc::channel::<()>());
    let (tell, wait) = (Mutex::new(tell), Mutex::new(wait));
    let script = move |line: &str| {
        if line == "DATA" {
            tell.lock().unwrap().send(()).unwrap();
            wait.lock().unwrap().recv().unwrap();
        }
        None
    };
    let sink = MailSink::start_with(Options { script: Some(Arc::new(script)), ..Options::default() }).await;
    let mut binary = Binary::of(&world);
    binary.set("VOUCH__MAIL__PORT", &sink.address().port().to_string());
    binary.set("VOUCH__TERMS__DIRECTORY", "policies");
    publish(folder, "terms/1.0/en", "Old.");
    let (binary, manager) = configured(binary, folder, "[brand]\nname = \"Old Club\"\n");
    let process = manager.starts(&binary).await;
    let alice = person(&world, &process.server.url, "alice").await;

    let url = process.server.url.clone();
    let asked = tokio::spawn(async move {
        let answer = alice.post("/validate/email/requestToken", &request("alice@example.com")).await;
        answer.map(|(status, _)| (status, alice))
    });
    tokio::task::spawn_blocking(move || told.recv_timeout(PATIENCE).unwrap()).await.unwrap();
    let answered = half_a_request(&process).await;
    write(folder, "vouch.toml", "[brand]\nname = \"New Club\"\n");
    publish(folder, "terms/1.1/en", "New.");
    manager.reloads(&process).await;
    let answer = answered().await;
    assert!(answer.contains("HTTP/1.1 200 OK\r\n") && answer.contains("New Club"), "{answer}");
    go.send(()).unwrap();
    let (status, alice) = asked.await.unwrap().expect("the connection was closed");
    assert_eq!(status, 200);
    let mail = sink.wait_to("alice@example.com").await;
    assert!(mail.html().contains("Old Club"), "{}", mail.html());
    assert_eq!((url, alice.gets("/account").await.0), (process.server.url.clone(), 403));
}

#[tokio::test]
async fn signals_that_come_during_the_start_or_a_reload_lose_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let (binary, manager) = configured(Binary::bare(folder.path()), folder.path(), "[brand]\nname = \"Club 0\"\n");
    // From before the start until its end.
    let storm = "trap '' HUP; (while kill -HUP $$ 2>/dev/null; do sleep 0.005; done) & exec \"$0\"";
    let process = manager.starts(&binary.under(storm)).await;
    // It reads no more.
    drop(manager);
    for n in 1..=5 {
        write(folder.path(), "new.toml", format!("[brand]\nname = \"Club {n}\"\n"));
        fs::rename(folder.path().join("new.toml"), folder.path().join("vouch.toml")).unwrap();
        let shown = async || page(&process, "/").await.contains(&format!("Club {n}"));
        until(PATIENCE, "the last signal was lost", shown).await;
    }
    process.signal("TERM");
    process.signal("HUP");
    assert_eq!(process.ended().await.0, Some(0));
}

#[tokio::test]
async fn a_signal_sent_twice_while_a_request_is_sent_reads_the_last_state() {
    let (folder, manager, process) = serve("").await;
    for n in 0..3 {
        write(folder.path(), "vouch.toml", format!("[brand]\nname = \"Old {n}\"\n"));
        process.signal("HUP");
        write(folder.path(), "vouch.toml", format!("[brand]\nname = \"New {n}\"\n"));
        process.signal("HUP");
        until(PATIENCE, "a signal was lost", async || page(&process, "/").await.contains(&format!("New {n}"))).await;
    }
    drop(manager);
    // Nobody is listening any more, which must not matter.
    write(folder.path(), "vouch.toml", "[brand]\nname = \"Alone\"\n");
    process.signal("HUP");
    until(PATIENCE, "it needs a service manager", async || page(&process, "/").await.contains("Alone")).await;
}

#[tokio::test]
async fn settings_that_need_a_restart_are_named_without_their_values() {
    let (folder, manager, process) = serve("[brand]\nname = \"Old Club\"\n").await;
    let mut binary = Binary::bare(folder.path());
    binary.set("VOUCH_CONFIG", "vouch.toml");
    let config = "[brand]\nname = \"New Club\"\n[database]\nurl_file = \"url\"\n[mail]\nhost = \"mail.canary.example\"\n\
                  user = \"canary\"\npassword = \"canary-password\"\n[budgets.user]\ncapacity = 77\n\
                  [server]\nshutdown_timeout = \"30s\"\n[homeservers]\nphone_checks_from = [\"192.0.2.7\"]\n\
                  [log]\nformat = \"json\"\naccess = true\n";
    write(folder.path(), "url", "postgres://vouch:canary-password@db.canary.example/vouch\n");
    write(folder.path(), "vouch.toml", "[keys]\n");
    assert_eq!(binary.run(&["keys", "new"]).status, Some(0));
    write(folder.path(), "vouch.toml", config);
    let status = manager.reloads(&process).await;
    let pending = [
        "[budgets.user] capacity",
        "[database] url",
        "[database] url_file",
        "[homeservers] phone_checks_from",
        "[log] access",
        "[log] format",
        "[mail] host",
        "[mail] password",
        "[mail] user",
        "the file that [keys] signing_key_file names",
    ];
    assert!(status.ends_with(&format!("; needs a restart: {}", pending.join(", "))), "{status}");
    assert!(page(&process, "/").await.contains("New Club"));
    // A setting that the operator has put back needs no restart.
    write(folder.path(), "vouch.toml", "[mail]\ndirectory = \"data/mail\"\n");
    let status = manager.reloads(&process).await;
    assert!(status.ends_with("; needs a restart: the file that [keys] signing_key_file names"), "{status}");
    process.signal("TERM");
    let (_, log) = process.ended().await;
    for setting in pending {
        assert!(log.contains(&format!("{setting} has changed: restart the server to apply it\n")), "{setting}: {log}");
    }
    assert!(!log.contains("canary"), "{log}");
}

#[tokio::test]
async fn a_server_without_tls_goes_on_without_it() {
    let (folder, manager, process) = serve("").await;
    Ca::new().write_certificate_for(&["127.0.0.1"], folder.path());
    write(folder.path(), "vouch.toml", "[server]\ntls_certificate = \"certificate.pem\"\ntls_key = \"key.pem\"\n");
    let status = manager.reloads(&process).await;
    assert!(status.ends_with("; needs a restart: [server] tls_certificate, [server] tls_key"), "{status}");
    let answer = process.server.send(process.server.request(Method::GET, "/health", None)).await;
    assert!(!answer.headers.contains_key("strict-transport-security"));
}

#[tokio::test]
async fn a_server_that_logs_only_warnings_obeys_a_filter_that_wants_more_and_the_variable_before_it() {
    for (variable, is_obeyed) in [("", true), ("warn", false)] {
        let folder = tempfile::tempdir().unwrap();
        let mut binary = Binary::bare(folder.path());
        binary.set("RUST_LOG", variable);
        let (binary, manager) = configured(binary, folder.path(), "[log]\nfilter = \"warn\"\n");
        let process = manager.starts(&binary).await;
        write(folder.path(), "vouch.toml", "[log]\nfilter = \"info\"\n");
        manager.reloads(&process).await;
        process.signal("TERM");
        let (_, log) = process.ended().await;
        assert_eq!(log.contains("reloaded: [log] filter has changed\n"), is_obeyed, "{log}");
        assert_eq!(log.contains("stopped\n"), is_obeyed, "{log}");
        assert_eq!(log.contains("[log] filter has changed, but RUST_LOG takes precedence\n"), !is_obeyed, "{log}");
    }
}
