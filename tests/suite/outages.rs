//! `PostgreSQL` outages.

use std::process::Command;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use futures_util::future::join_all;
use reqwest::Method;
use serde_json::{Value, json};
use vouch::clock::Clock;
use vouch::config::{Bucket, MailTransport};
use vouch_test_support::postgres::Cluster;

use crate::program::{Client, PATIENCE, binding, client, person, read, request, submission};
use crate::world::{Server, World, hash};

/// Retries until the request succeeds. Every failure must be marked as temporary.
async fn insists(client: &Client, path: &str, body: &Value, refused: &AtomicUsize) -> Value {
    loop {
        let answer = client.send(Method::POST, path, Some(body)).await.unwrap();
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

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn postgres_is_stopped_and_started_under_load() {
    const CLIENTS: usize = 8;
    let mut world = World::on_sqlite().await;
    let cluster = tokio::task::spawn_blocking(Cluster::start).await.unwrap();
    let plenty = Bucket { capacity: 100_000, per_hour: 1 };
    world.clock = Clock::system();
    world.config.database.url = cluster.url().parse().unwrap();
    world.config.budgets.messages_user = plenty;
    world.config.budgets.messages_network = plenty;
    world.config.budgets.messages_server = plenty;
    if let MailTransport::Smtp(smtp) = &mut world.config.mail.transport {
        // Mails being sent when the database went down wait this long and a little longer.
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
            let answer = insists(client, "/validate/email/requestToken", &request(&email), &refused).await;
            let sid = answer["sid"].as_str().unwrap();
            let submitted = submission(&world, sid, &email).await;
            insists(client, "/validate/email/submitToken", &submitted, &refused).await;
            insists(client, "/3pid/bind", &binding(sid, mxid), &refused).await;
            acknowledged.fetch_add(1, Ordering::SeqCst);
            let (asked, hash) = look_up(&email);
            let found = insists(client, "/lookup", &asked, &refused).await;
            assert_eq!(found["mappings"][&hash], json!(mxid), "an acknowledged binding is found at once");
            bound.push(email);
        }
        bound
    };
    let reaches = async |count: &AtomicUsize, goal: usize| {
        let begun = Instant::now();
        while count.load(Ordering::SeqCst) < goal {
            assert!(begun.elapsed() < PATIENCE, "no progress");
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
            assert_eq!(insists(client, "/lookup", &asked, &none).await["mappings"][&hash], json!(mxid), "{email}");
        }
    }
    assert_eq!(none.into_inner(), 0, "no request fails after the restart");
    assert_eq!(server.get("/ready", None).await.status, 200);
    server.stop().await;

    // Everything is in the database, not only in that process.
    let server: Server = world.start().await;
    let (asked, hash) = look_up("user0.0@example.com");
    let found = insists(&client(&server.url, &people[0].0.token), "/lookup", &asked, &AtomicUsize::new(0)).await;
    assert_eq!(found["mappings"][&hash], json!(people[0].1));
}

/// Sends a signal to all processes of a cluster.
fn signal(cluster: &Cluster, signal: &str) {
    let file = cluster.path().join("data/postmaster.pid");
    let postmaster = std::fs::read_to_string(file).unwrap().lines().next().unwrap().to_owned();
    let children = Command::new("ps").args(["-o", "pid=", "--ppid", &postmaster]).output().unwrap().stdout;
    let children = String::from_utf8(children).unwrap();
    let all = children.split_whitespace().chain([postmaster.as_str()]);
    assert!(Command::new("kill").arg(signal).args(all).status().unwrap().success());
}

/// A cluster whose processes are stopped until this is dropped.
struct Suspended<'a>(&'a Cluster);

impl<'a> Suspended<'a> {
    fn new(cluster: &'a Cluster) -> Self {
        signal(cluster, "-STOP");
        Self(cluster)
    }
}

impl Drop for Suspended<'_> {
    fn drop(&mut self) {
        signal(self.0, "-CONT");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_postgres_that_stops_answering_keeps_nobody_waiting() {
    let mut world = World::on_sqlite().await;
    let cluster = tokio::task::spawn_blocking(Cluster::start).await.unwrap();
    world.config.database.url = cluster.url().parse().unwrap();
    let server = world.start().await;
    let alice = world.person(&server, "alice").await;
    alice.binds("alice@example.com").await;
    let pepper = alice.pepper().await;
    let hash = hash("alice@example.com", &pepper);
    let lookup = json!({ "algorithm": "sha256", "pepper": pepper, "addresses": [hash] });

    let suspended = tokio::task::block_in_place(|| Suspended::new(&cluster));
    for _ in 0..2 {
        let (read, write) = tokio::join!(
            alice.post("/lookup", lookup.clone()),
            alice.post("/validate/email/requestToken", request("other@example.com"))
        );
        for answer in [read, write] {
            assert_eq!(answer.error(), (503, "M_UNKNOWN"));
            assert!(answer.headers.contains_key("retry-after"));
        }
    }
    tokio::task::block_in_place(|| drop(suspended));
    let none = AtomicUsize::new(0);
    let alice = client(&server.url, &alice.token);
    insists(&alice, "/validate/email/requestToken", &request("other@example.com"), &none).await;
    let found = insists(&alice, "/lookup", &lookup, &none).await;
    assert_eq!(found["mappings"][&hash], "@alice:hs.example");
}
