//! Kills, outages and full disks: what was acknowledged stays, and what cannot be done is said.

use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use diesel::prelude::*;
use futures_util::future::join_all;
use reqwest::{Method, Response};
use serde_json::{Value, json};
use vouch::clock::Clock;
use vouch::config::{Bucket, DatabaseUrl, MailTransport};
use vouch_test_support::mail_sink::{Action, MailSink, Options};
use vouch_test_support::postgres::Cluster;

use crate::world::{SECRET, Server, World, hash, link, query};

const PATIENCE: Duration = Duration::from_secs(30);

/// The real program, on the database and with the neighbours of a world.
struct Program {
    child: Child,
    url: String,
}

impl Program {
    /// Starts it and waits until it is ready.
    async fn start(world: &World, variables: &[(&str, &str)]) -> Self {
        Self::start_under("exec \"$0\" serve", world, variables).await
    }

    /// The same, by a line of shell that ends by executing `$0`.
    async fn start_under(shell: &str, world: &World, variables: &[(&str, &str)]) -> Self {
        let begun = Instant::now();
        // Another process may take the port in between; then another one is tried.
        loop {
            let port = 10_000 + rand::random::<u16>() % 10_000;
            let mut child = command(shell, world, port, variables).spawn().unwrap();
            let url = format!("http://127.0.0.1:{port}");
            let http = http();
            loop {
                assert!(begun.elapsed() < PATIENCE, "the program does not become ready");
                tokio::time::sleep(Duration::from_millis(10)).await;
                if child.try_wait().unwrap().is_some() {
                    break;
                }
                let ready = http.get(format!("{url}/ready")).send().await;
                if ready.is_ok_and(|answer| answer.status() == 200) && child.try_wait().unwrap().is_none() {
                    return Self { child, url };
                }
            }
        }
    }

    /// `kill -9`
    fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    fn client(&self, token: &str) -> Client {
        client(&self.url, token)
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn command(shell: &str, world: &World, port: u16, variables: &[(&str, &str)]) -> Command {
    let path = |name: &str| world.folder.path().join(name).display().to_string();
    let database = match &world.database {
        Some(database) => database.url().to_owned(),
        None => format!("sqlite:{}", path("vouch.db")),
    };
    let homeserver = format!("{{ \"{}\" = \"{}\" }}", world.homeserver.name(), world.homeserver.address());
    let mut command = Command::new("bash");
    command.args(["-c", shell, env!("CARGO_BIN_EXE_vouch")]).stdout(Stdio::null()).stderr(Stdio::null());
    command
        .env("VOUCH__SERVER__LISTEN", format!("127.0.0.1:{port}"))
        .env("VOUCH__SERVER__NAME", "id.example")
        .env("VOUCH__DATABASE__URL", database)
        .env("VOUCH__KEYS__MASTER_KEY_FILE", path("master.key"))
        .env("VOUCH__KEYS__SIGNING_KEY_FILE", path("signing.key"))
        .env("VOUCH__TERMS__DIRECTORY", concat!(env!("CARGO_MANIFEST_DIR"), "/policies"))
        .env("VOUCH__MAIL__HOST", "127.0.0.1")
        .env("VOUCH__MAIL__PORT", world.mail.address().port().to_string())
        .env("VOUCH__MAIL__SECURITY", "none")
        .env("VOUCH__MAIL__TIMEOUT", "2s")
        .env("VOUCH__FEDERATION__CA_FILE", path("ca.pem"))
        .env("VOUCH__FEDERATION__ALLOWED_RANGES", "127.0.0.0/8")
        .env("VOUCH__FEDERATION__OVERRIDES", homeserver)
        .envs(variables.iter().copied());
    command
}

/// Who asks, by a connection that may break.
struct Client {
    http: reqwest::Client,
    url: String,
    token: String,
}

fn client(url: &str, token: &str) -> Client {
    Client { http: http(), url: url.to_owned(), token: token.to_owned() }
}

fn http() -> reqwest::Client {
    // Another test of this process may have been first.
    let _ = rustls::crypto::ring::default_provider().install_default();
    reqwest::Client::builder().no_proxy().timeout(Duration::from_secs(15)).build().unwrap()
}

impl Client {
    async fn send(&self, method: Method, path: &str, body: Option<&Value>) -> reqwest::Result<Response> {
        let request = self.http.request(method, format!("{}/_matrix/identity/v2{path}", self.url));
        let request = if self.token.is_empty() { request } else { request.bearer_auth(&self.token) };
        match body {
            Some(body) => request.json(body),
            None => request,
        }
        .send()
        .await
    }

    /// The status and the body; `None` if the connection broke.
    async fn post(&self, path: &str, body: &Value) -> Option<(u16, Value)> {
        read(self.send(Method::POST, path, Some(body)).await.ok()?).await
    }

    /// The body of an answer that must be 200.
    async fn posts(&self, path: &str, body: Value) -> Value {
        let (status, answer) = self.post(path, &body).await.expect("the server lives");
        assert_eq!(status, 200, "{answer}");
        answer
    }

    async fn gets(&self, path: &str) -> (u16, Value) {
        read(self.send(Method::GET, path, None).await.unwrap()).await.unwrap()
    }

    async fn accepts_everything(&self) {
        let (_, terms) = self.gets("/terms").await;
        let policies = terms["policies"].as_object().unwrap().values();
        let urls: Vec<&Value> = policies.map(|policy| &policy["en"]["url"]).collect();
        self.posts("/terms", json!({ "user_accepts": urls })).await;
    }

    async fn looks_up(&self, email: &str) -> Option<String> {
        let pepper = self.gets("/hash_details").await.1["lookup_pepper"].as_str().unwrap().to_owned();
        let hash = hash(email, &pepper);
        let asked = json!({ "algorithm": "sha256", "pepper": pepper, "addresses": [hash] });
        self.posts("/lookup", asked).await["mappings"][&hash].as_str().map(str::to_owned)
    }

    /// Asks until it is done. Whatever else comes must say that it is for a moment.
    async fn insists(&self, path: &str, body: &Value, refused: &AtomicUsize) -> Value {
        loop {
            let answer = self.send(Method::POST, path, Some(body)).await.unwrap();
            let retry_after = answer.headers().get("Retry-After").cloned();
            match read(answer).await.unwrap() {
                (200, answer) => return answer,
                (status, answer) => {
                    assert_eq!((status, &answer["errcode"]), (503, &json!("M_UNKNOWN")), "{path}: {answer}");
                    assert!(retry_after.is_some(), "{path}");
                    refused.fetch_add(1, Ordering::SeqCst);
                    tokio::time::sleep(Duration::from_millis(20)).await;
                }
            }
        }
    }
}

async fn read(answer: Response) -> Option<(u16, Value)> {
    let status = answer.status().as_u16();
    Some((status, answer.json().await.ok()?))
}

/// Registers somebody who accepts the terms; returns the token.
async fn person(world: &World, url: &str, localpart: &str) -> Client {
    let openid = world.homeserver.openid_token(localpart);
    let answer = client(url, "").posts("/account/register", openid).await;
    let person = client(url, answer["token"].as_str().unwrap());
    person.accepts_everything().await;
    person
}

fn request(email: &str) -> Value {
    json!({ "client_secret": SECRET, "email": email, "send_attempt": 1 })
}

fn binding(sid: &str, mxid: &str) -> Value {
    json!({ "sid": sid, "client_secret": SECRET, "mxid": mxid })
}

async fn submission(world: &World, sid: &str, email: &str) -> Value {
    let token = query(&link(&world.mail.wait_to(email).await), "token");
    json!({ "sid": sid, "client_secret": SECRET, "token": token })
}

on_both_backends! {
    async fn a_kill_between_any_two_steps_loses_nothing(world: World) {
        let (email, mxid) = ("alice@example.com", world.homeserver.user_id("alice"));
        let program = Program::start(&world, &[]).await;
        let openid = world.homeserver.openid_token("alice");
        let token = program.client("").posts("/account/register", openid).await["token"].as_str().unwrap().to_owned();
        let (_, key) = program.client("").gets("/pubkey/ed25519:0").await;
        program.kill();

        let program = Program::start(&world, &[]).await;
        let alice = program.client(&token);
        assert_eq!(alice.gets("/account").await.1["errcode"], "M_TERMS_NOT_SIGNED");
        alice.accepts_everything().await;
        program.kill();

        let program = Program::start(&world, &[]).await;
        let alice = program.client(&token);
        assert_eq!(alice.gets("/account").await, (200, json!({ "user_id": mxid })));
        let (_, details) = alice.gets("/hash_details").await;
        let sid = alice.posts("/validate/email/requestToken", request(email)).await;
        program.kill();

        let program = Program::start(&world, &[]).await;
        let alice = program.client(&token);
        assert_eq!(alice.posts("/validate/email/requestToken", request(email)).await, sid);
        assert_eq!(world.mail.count(), 1, "what was sent is not sent again");
        let sid = sid["sid"].as_str().unwrap();
        let submitted = submission(&world, sid, email).await;
        program.kill();

        let program = Program::start(&world, &[]).await;
        let alice = program.client(&token);
        alice.posts("/validate/email/submitToken", submitted).await;
        program.kill();

        let program = Program::start(&world, &[]).await;
        let alice = program.client(&token);
        let (status, validated) = alice.gets(&format!("/3pid/getValidated3pid?sid={sid}&client_secret={SECRET}")).await;
        assert_eq!((status, &validated["address"]), (200, &json!(email)));
        let association = alice.posts("/3pid/bind", binding(sid, &mxid)).await;
        assert!(association["signatures"]["id.example"].is_object());
        program.kill();

        let program = Program::start(&world, &[]).await;
        let alice = program.client(&token);
        assert_eq!(alice.gets("/hash_details").await.1, details);
        assert_eq!(program.client("").gets("/pubkey/ed25519:0").await.1, key);
        assert_eq!(alice.looks_up(email).await, Some(mxid.clone()));
        let mut unbinding = binding(sid, &mxid);
        unbinding["threepid"] = json!({ "medium": "email", "address": email });
        alice.posts("/3pid/unbind", unbinding).await;
        program.kill();

        let program = Program::start(&world, &[]).await;
        let alice = program.client(&token);
        assert_eq!(alice.looks_up(email).await, None);
        alice.posts("/account/logout", json!({})).await;
        program.kill();

        let program = Program::start(&world, &[]).await;
        assert_eq!(program.client(&token).gets("/account").await.0, 401);
    }

    async fn a_kill_in_the_middle_loses_nothing_acknowledged(world: World) {
        let program = Program::start(&world, &[]).await;
        let names = ["alice", "bob", "carol", "dave"];
        let mut people = Vec::new();
        for name in names {
            people.push((person(&world, &program.url, name).await, world.homeserver.user_id(name)));
        }
        let acknowledged = AtomicUsize::new(0);
        let bind_until_it_dies = async |at: usize| {
            let (client, mxid) = &people[at];
            let mut bound = Vec::new();
            for n in 0..20 {
                let email = format!("{}{n}@example.com", names[at]);
                let Some((200, answer)) = client.post("/validate/email/requestToken", &request(&email)).await else { break };
                let sid = answer["sid"].as_str().unwrap();
                let submitted = submission(&world, sid, &email).await;
                let Some((200, _)) = client.post("/validate/email/submitToken", &submitted).await else { break };
                let Some((200, _)) = client.post("/3pid/bind", &binding(sid, mxid)).await else { break };
                acknowledged.fetch_add(1, Ordering::SeqCst);
                bound.push(email);
            }
            bound
        };
        let kill_it = async {
            while acknowledged.load(Ordering::SeqCst) < 8 {
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
            program.kill();
        };
        let (bound, ()) = tokio::join!(join_all((0..names.len()).map(bind_until_it_dies)), kill_it);
        assert!(bound.iter().all(|bound| bound.len() < 20), "it was killed while they were at it");

        let program = Program::start(&world, &[]).await;
        for ((client, mxid), bound) in people.iter().zip(bound) {
            let client = program.client(&client.token);
            for email in bound {
                assert_eq!(client.looks_up(&email).await.as_ref(), Some(mxid), "{email}");
            }
        }
    }

    async fn a_mail_that_a_killed_node_was_sending_is_sent_by_the_next(world: World) {
        let mut world = world;
        let hangs = Arc::new(AtomicBool::new(true));
        let script = {
            let hangs = Arc::clone(&hangs);
            move |line: &str| (hangs.load(Ordering::SeqCst) && line == "DATA").then_some(Action::Silence)
        };
        world.mail = MailSink::start_with(Options { script: Some(Arc::new(script)), ..Options::default() }).await;
        let email = "alice@example.com";
        let program = Program::start(&world, &[]).await;
        let alice = person(&world, &program.url, "alice").await;
        let asked = request(email);
        let asks = alice.post("/validate/email/requestToken", &asked);
        let kill_it = async {
            while !world.mail.commands().iter().any(|command| command == "DATA") {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
            program.kill();
        };
        assert_eq!(tokio::join!(asks, kill_it).0, None);

        hangs.store(false, Ordering::SeqCst);
        let program = Program::start(&world, &[]).await;
        let alice = program.client(&alice.token);
        let sid = alice.posts("/validate/email/requestToken", request(email)).await;
        assert_eq!(world.mail.count(), 1);
        let submitted = submission(&world, sid["sid"].as_str().unwrap(), email).await;
        alice.posts("/validate/email/submitToken", submitted).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn postgres_is_stopped_and_started_under_load() {
    const CLIENTS: usize = 8;
    let mut world = World::on_sqlite().await;
    let cluster = tokio::task::spawn_blocking(Cluster::start).await.unwrap();
    let plenty = Bucket { capacity: 100_000, per_hour: 1 };
    world.clock = Clock::system();
    world.config.database.url = DatabaseUrl::Postgres(cluster.url().to_owned().into());
    world.config.budgets.messages_user = plenty;
    world.config.budgets.messages_network = plenty;
    if let MailTransport::Smtp(smtp) = &mut world.config.mail.transport {
        // So long, and a little longer, the mails wait that were being sent when the database went.
        smtp.timeout = Duration::from_secs(1);
    }
    let server = world.start().await;
    let mut people = Vec::new();
    for n in 0..CLIENTS {
        let name = format!("user{n}");
        people.push((person(&world, &server.url, &name).await, world.homeserver.user_id(&name)));
    }
    let pepper = people[0].0.gets("/hash_details").await.1["lookup_pepper"].as_str().unwrap().to_owned();
    let look_up = |email: &str| {
        let hash = hash(email, &pepper);
        (json!({ "algorithm": "sha256", "pepper": pepper, "addresses": [hash] }), hash)
    };
    let (acknowledged, refused, enough) = (AtomicUsize::new(0), AtomicUsize::new(0), AtomicBool::new(false));
    let works = async |of: usize| {
        let (client, mxid) = &people[of];
        let mut bound = Vec::new();
        while !enough.load(Ordering::SeqCst) {
            let email = format!("user{of}.{}@example.com", bound.len());
            let answer = client.insists("/validate/email/requestToken", &request(&email), &refused).await;
            let sid = answer["sid"].as_str().unwrap();
            let submitted = submission(&world, sid, &email).await;
            client.insists("/validate/email/submitToken", &submitted, &refused).await;
            client.insists("/3pid/bind", &binding(sid, mxid), &refused).await;
            acknowledged.fetch_add(1, Ordering::SeqCst);
            let (asked, hash) = look_up(&email);
            let found = client.insists("/lookup", &asked, &refused).await;
            assert_eq!(found["mappings"][&hash], json!(mxid), "what was bound is found at once");
            bound.push(email);
        }
        bound
    };
    let reaches = async |count: &AtomicUsize, goal: usize| {
        let begun = Instant::now();
        while count.load(Ordering::SeqCst) < goal {
            assert!(begun.elapsed() < PATIENCE, "nothing moves");
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    let breaks_it = async {
        for _ in 0..2 {
            reaches(&acknowledged, acknowledged.load(Ordering::SeqCst) + CLIENTS).await;
            tokio::task::block_in_place(|| cluster.stop());
            reaches(&refused, refused.load(Ordering::SeqCst) + CLIENTS).await;
            tokio::task::block_in_place(|| cluster.start_again());
        }
        reaches(&acknowledged, acknowledged.load(Ordering::SeqCst) + 2 * CLIENTS).await;
        enough.store(true, Ordering::SeqCst);
    };
    let (bound, ()) = tokio::join!(join_all((0..CLIENTS).map(works)), breaks_it);
    let none = AtomicUsize::new(0);
    for ((client, mxid), bound) in people.iter().zip(bound) {
        for email in bound {
            let (asked, hash) = look_up(&email);
            assert_eq!(client.insists("/lookup", &asked, &none).await["mappings"][&hash], json!(mxid), "{email}");
        }
    }
    assert_eq!(none.into_inner(), 0, "all is well again");
    assert_eq!(server.get("/ready", None).await.status, 200);
    server.stop().await;

    // And all of it is in the database, not only in that process.
    let server: Server = world.start().await;
    let (asked, hash) = look_up("user0.0@example.com");
    let found = client(&server.url, &people[0].0.token).insists("/lookup", &asked, &AtomicUsize::new(0)).await;
    assert_eq!(found["mappings"][&hash], json!(people[0].1));
}

#[derive(QueryableByName)]
struct Verdict {
    #[diesel(sql_type = diesel::sql_types::Text)]
    integrity_check: String,
}

#[tokio::test]
async fn a_full_disk_is_an_error_and_no_corrupt_file() {
    let world = World::on_sqlite().await;
    let no_terms = [("VOUCH__TERMS__DIRECTORY", "")];
    // As good as a full disk, for whoever writes: no file may become larger than this many KiB.
    let program = Program::start_under("trap '' XFSZ; ulimit -f 400; exec \"$0\" serve", &world, &no_terms).await;
    let stranger = program.client("");
    let mut tokens = Vec::new();
    let (status, answer) = loop {
        let openid = world.homeserver.openid_token(&format!("user{}", tokens.len()));
        let answer = stranger.post("/account/register", &openid).await.expect("the server lives");
        match answer {
            (200, answer) => tokens.push(answer["token"].as_str().unwrap().to_owned()),
            error => break error,
        }
        assert!(tokens.len() < 1_000, "the disk does not become full");
    };
    assert_eq!((status, &answer["errcode"]), (503, &json!("M_UNKNOWN")));
    assert!(!tokens.is_empty());
    // It can still read.
    assert_eq!(program.client(&tokens[0]).gets("/account").await.0, 200);
    program.kill();

    let program = Program::start(&world, &no_terms).await;
    for token in &tokens {
        assert_eq!(program.client(token).gets("/account").await.0, 200);
    }
    person(&world, &program.url, "somebody").await;
    program.kill();
    let file = world.folder.path().join("vouch.db");
    let mut file = SqliteConnection::establish(file.to_str().unwrap()).unwrap();
    let verdict: Verdict = diesel::sql_query("PRAGMA integrity_check").get_result(&mut file).unwrap();
    assert_eq!(verdict.integrity_check, "ok");
}
