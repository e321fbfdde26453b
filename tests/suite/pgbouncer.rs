//! PostgreSQL behind `PgBouncer`, for which `SQLite` has no equivalent.

use std::sync::Arc;
use std::time::Duration;

use futures_util::future::join_all;
use tokio_postgres::{Client, NoTls, SimpleQueryMessage};
use vouch_test_support::pgbouncer::PgBouncer;
use vouch_test_support::postgres::Cluster;

use crate::world::{Server, World, until};

struct Pooled {
    /// Dropped before the database.
    pooler: PgBouncer,
    _cluster: Arc<Cluster>,
}

/// Starts PostgreSQL and `PgBouncer` in front of it.
async fn pooled(settings: &'static [&'static str]) -> Pooled {
    let start = move || {
        let cluster = Arc::new(Cluster::start());
        Pooled { pooler: PgBouncer::start(cluster.url(), settings), _cluster: cluster }
    };
    tokio::task::spawn_blocking(start).await.unwrap()
}

async fn connect(pooled: &Pooled) -> Client {
    let (client, connection) = tokio_postgres::connect(pooled.pooler.url(), NoTls).await.unwrap();
    tokio::spawn(connection);
    client
}

/// Makes the pooler open this many connections to PostgreSQL, which then wait for clients.
async fn warm_up(pooled: &Pooled, connections: usize) {
    let clients = join_all((0..connections).map(|_| connect(pooled))).await;
    for client in &clients {
        client.batch_execute("BEGIN").await.unwrap();
    }
    for client in &clients {
        client.batch_execute("ROLLBACK").await.unwrap();
    }
}

async fn world(pooled: &Pooled) -> World {
    let mut world = World::on_sqlite().await;
    world.config.database.url = pooled.pooler.url().parse().unwrap();
    world
}

async fn is_refused(pooled: &Pooled, what: &str) {
    let world = world(pooled).await;
    let refusal = Server::try_start(world.config.clone(), world.clock.clone()).err();
    let refusal = refusal.unwrap_or_else(|| panic!("{what}: it starts"));
    for part in ["connection pooler", "prepared statements", "pool_mode = session", "database.url"] {
        assert!(refusal.contains(part), "{what}: {refusal}");
    }
    // Nor has it left anything behind in sessions that belong to others.
    let timeout = connect(pooled).await.simple_query("SHOW statement_timeout").await.unwrap();
    let timeout = timeout.iter().find_map(|message| match message {
        SimpleQueryMessage::Row(row) => row.get(0),
        _ => None,
    });
    assert_eq!(timeout, Some("0"), "{what}");
}

#[tokio::test]
async fn transaction_mode_is_refused_no_matter_how_the_pooler_chooses_sessions() {
    for (what, settings) in [
        ("the last used first", &["pool_mode = transaction"][..]),
        ("in turn", &["pool_mode = transaction", "server_round_robin = 1"]),
        ("a single one", &["pool_mode = transaction", "default_pool_size = 1"]),
        ("with reset", &["pool_mode = transaction", "server_reset_query_always = 1"]),
    ] {
        let pooled = pooled(settings).await;
        is_refused(&pooled, what).await;
        if what != "a single one" {
            for connections in [2, 3, 5] {
                warm_up(&pooled, connections).await;
                is_refused(&pooled, &format!("{what}, {connections} waiting")).await;
            }
        }
    }
}

#[tokio::test]
async fn statement_mode_is_refused() {
    for settings in [&["pool_mode = statement"][..], &["pool_mode = statement", "server_round_robin = 1"]] {
        let pooled = pooled(settings).await;
        is_refused(&pooled, "statement mode").await;
    }
}

#[tokio::test]
async fn session_mode_works() {
    for settings in [
        &["pool_mode = session", "default_pool_size = 60"][..],
        &["pool_mode = session", "default_pool_size = 60", "server_round_robin = 1"],
    ] {
        let pooled = pooled(settings).await;
        let world = world(&pooled).await;
        let (server, other) = (world.start().await, world.start().await);
        let (alice, bob) = (world.person(&server, "alice").await, world.person(&other, "bob").await);
        alice.binds("alice@example.com").await;
        let hers = async || bob.looks_up("alice@example.com").await.is_some();
        until(Duration::from_secs(10), "she is not found on the other node", hers).await;
        alice.unbinds("alice@example.com").await.ok();
        assert_eq!(bob.looks_up("alice@example.com").await, None);
    }
}
