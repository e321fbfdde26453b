//! Nodes use only a PostgreSQL server that accepts writes: what a standby knows is old.

use std::time::{Duration, Instant};

use serde_json::json;
use tokio::task::{block_in_place, spawn_blocking};
use tokio_postgres::NoTls;
use vouch_test_support::postgres::Cluster;

use crate::world::{Answer, Person, Server, World, hash, until};

const PATIENCE: Duration = Duration::from_secs(30);
/// Longer than a node waits before it connects again.
const RECONNECTING: Duration = Duration::from_secs(1);
const ALICE: &str = "alice@example.com";

/// Two clusters, the second of which is a standby of the first. A node knows both, the standby
/// first.
struct Pair {
    primary: Cluster,
    standby: Cluster,
}

impl Pair {
    async fn start() -> Self {
        let start = || {
            let primary = Cluster::start();
            let standby = primary.standby();
            Self { primary, standby }
        };
        spawn_blocking(start).await.unwrap()
    }

    fn url(&self) -> String {
        let (start, _) = self.primary.url().rsplit_once('/').unwrap();
        let (_, primary) = start.split_once('@').unwrap();
        self.standby.url().replace("/postgres", &format!(",{primary}/postgres"))
    }

    /// Waits until the standby has everything.
    async fn until_level(&self) {
        let end = select(&self.primary, "pg_current_wal_insert_lsn()::text").await;
        let has_it = format!("(pg_last_wal_replay_lsn() >= '{end}')::text");
        until(PATIENCE, "the standby is behind", async || select(&self.standby, &has_it).await == "true").await;
    }
}

async fn connect(cluster: &Cluster) -> tokio_postgres::Client {
    let (client, connection) = tokio_postgres::connect(cluster.url(), NoTls).await.unwrap();
    tokio::spawn(connection);
    client
}

/// Returns the value of an expression.
async fn select(cluster: &Cluster, expression: &str) -> String {
    connect(cluster).await.query_one(&format!("SELECT {expression}"), &[]).await.unwrap().get(0)
}

async fn world_on(url: &str) -> World {
    let mut world = World::on_sqlite().await;
    world.config.database.url = url.parse().unwrap();
    world
}

/// Looks up Alice's address for longer than a node needs to connect again. Every answer must be
/// that the database is away.
async fn finds_nothing_for_a_while(alice: &Person<'_>, pepper: &str) {
    let asked = json!({ "algorithm": "sha256", "pepper": pepper, "addresses": [hash(ALICE, pepper)] });
    let begun = Instant::now();
    while begun.elapsed() < RECONNECTING {
        assert_is_away(&alice.post("/lookup", asked.clone()).await);
    }
}

fn assert_is_away(answer: &Answer) {
    assert_eq!(answer.error(), (503, "M_UNKNOWN"));
    assert!(answer.headers.contains_key("retry-after"));
}

async fn until_ready(server: &Server) {
    until(PATIENCE, "the node is not ready", async || server.get("/ready", None).await.status == 200).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_node_never_reads_from_a_standby() {
    let pair = Pair::start().await;
    let world = world_on(&pair.url()).await;
    let server = world.start().await;
    let alice = world.person(&server, "alice").await;
    alice.binds(ALICE).await;
    let pepper = alice.pepper().await;
    pair.until_level().await;
    // The standby keeps what is removed now.
    select(&pair.standby, "pg_wal_replay_pause()::text").await;
    alice.unbinds(ALICE).await.ok();
    block_in_place(|| pair.primary.stop());
    finds_nothing_for_a_while(&alice, &pepper).await;

    block_in_place(|| pair.standby.promote());
    until_ready(&server).await;
    alice.binds(ALICE).await;
    block_in_place(|| pair.primary.follow(&pair.standby));
    assert_eq!(alice.looks_up(ALICE).await, Some(alice.mxid.clone()));

    // The former primary is a standby now.
    block_in_place(|| pair.standby.stop());
    finds_nothing_for_a_while(&alice, &pepper).await;
    block_in_place(|| pair.standby.start_again());
    until_ready(&server).await;
    assert_eq!(alice.looks_up(ALICE).await, Some(alice.mxid.clone()));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_accepts_no_writes_for_a_while_is_temporary_trouble() {
    let cluster = spawn_blocking(Cluster::start).await.unwrap();
    let world = world_on(cluster.url()).await;
    let server = world.start().await;
    let operator = connect(&cluster).await;
    let set = async |sql| {
        for sql in ["SET default_transaction_read_only = off", sql, "SELECT pg_reload_conf()"] {
            operator.batch_execute(sql).await.unwrap();
        }
    };
    set("ALTER SYSTEM SET default_transaction_read_only = on").await;
    let openid = world.homeserver.openid_token("alice");
    until(PATIENCE, "it is still writable", async || {
        server.post("/_matrix/identity/v2/account/register", None, &openid).await.status != 200
    })
    .await;
    assert_is_away(&server.post("/_matrix/identity/v2/account/register", None, &openid).await);
    assert_eq!(server.get("/ready", None).await.status, 503);
    let problem = Server::try_start(world.config.clone(), world.clock.clone()).err().unwrap();
    assert!(problem.contains("accepts no writes"), "{problem}");

    set("ALTER SYSTEM RESET default_transaction_read_only").await;
    until_ready(&server).await;
    world.person(&server, "alice").await.binds(ALICE).await;
}
