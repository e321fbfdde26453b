//! `vouch status`: the state of the server, in words and in JSON.

use serde_json::{Value, json};
use vouch::clock::{Clock, DAY, HOUR, MINUTE};
use vouch_test_support::ca::Ca;

use crate::database::{execute, texts};
use crate::program::{Binary, PATIENCE, done, refused};
use crate::world::{World, an_hour_ago, now, until};

const EMAIL: &str = "alice@example.com";

fn status(binary: &Binary) -> Value {
    serde_json::from_str(&done(binary.run(&["status", "--json"]))).unwrap()
}

/// Waits until this many nodes have been recorded.
async fn until_noted(world: &World, nodes: usize) {
    let sql = "SELECT version AS text FROM nodes";
    until(PATIENCE, "the nodes are not noted", async || texts(world, sql).await.len() == nodes).await;
}

on_both_backends! {
    async fn everything_is_counted_and_nobody_is_named(world: World) {
        let mut world = world;
        world.clock = Clock::stopped_at(an_hour_ago());
        let server = world.start().await;
        let alice = world.person(&server, "alice").await;
        alice.binds(EMAIL).await;
        until_noted(&world, 1).await;
        world.clock.advance(HOUR);
        let sql = "SELECT CAST(seen_at - started_at AS TEXT) AS text FROM nodes";
        until(PATIENCE, "it is not noted again", async || texts(&world, sql).await == [HOUR.to_string()]).await;
        let binary = Binary::beside(&world);
        let before = now();
        let status = status(&binary);
        assert_eq!((&status["version"], &status["name"]), (&json!(env!("CARGO_PKG_VERSION")), &json!("127.0.0.1:8090")));
        let counts = json!({ "bindings": 1, "accounts": 1, "tokens": 1, "web_sessions": 0, "pending_invitations": 0,
            "objections": 0, "pending_erasures": 0 });
        assert_eq!(status["counts"], counts);
        let node = &status["nodes"][0];
        assert_eq!((&node["alive"], &node["version"]), (&json!(true), &json!(env!("CARGO_PKG_VERSION"))));
        assert_eq!(node["seen_at"].as_i64().unwrap() - node["started_at"].as_i64().unwrap(), HOUR);
        assert_eq!(status["nodes"].as_array().unwrap().len(), 1);
        assert!(status["next_pepper_at"].as_i64().unwrap() > before);
        assert_eq!(status["clock"]["wrong"], Value::Null);
        assert_eq!(status["clock"]["database"].is_i64(), world.database.is_some());
        assert_eq!(status["certificate"], Value::Null);
        let limits = status["limits"].as_array().unwrap();
        assert!(limits.iter().any(|limit| limit["limit"] == "lookup:server") && limits.iter().all(|limit| limit["level"].is_u64()));

        let words = done(binary.run(&["status"]));
        for line in ["node          version ", "clock         right", "bindings      1\n", "queue         ", "lookup:server", "certificate   none here"] {
            assert!(words.contains(line), "{line}: {words}");
        }
        assert!(!words.contains("alice") && !status.to_string().contains("alice"), "{words}");

        execute(&world, "UPDATE tokens SET used_at = 1").await;
        assert_eq!(self::status(&binary)["counts"]["tokens"], 0);
        server.stop().await;
        until_noted(&world, 0).await;
        assert!(done(binary.run(&["status"])).contains("node          none is running\n"));
    }

    async fn the_audit_log_is_shown_with_the_last_checkpoint(world: World) {
        let mut world = world;
        world.clock = Clock::stopped_at(an_hour_ago());
        let server = world.start().await;
        world.person(&server, "alice").await.binds(EMAIL).await;
        server.stop().await;
        let binary = Binary::beside(&world);
        let at = world.clock.now();
        let checkpoint = json!({ "at": at, "sequence": 5 });
        let audit = json!({ "entries": 5, "verified": 5, "waiting": 0, "waiting_since": null, "checkpoint": checkpoint, "problems": [] });
        assert_eq!(status(&binary)["audit"], audit);
        let words = done(binary.run(&["status"]));
        let line = "audit log     5 entries, of which the newest 5 verify, and 0 not linked yet; last checkpoint at ";
        assert!(words.contains(line) && words.contains(", up to entry 5\n"), "{words}");

        done(binary.run(&["unbind", "--address", EMAIL, "--user", &world.homeserver.user_id("alice")]));
        let audit = status(&binary)["audit"].clone();
        assert_eq!((&audit["entries"], &audit["waiting"]), (&json!(5), &json!(1)));
        assert!(audit["waiting_since"].as_i64().unwrap() > at, "{audit}");
        execute(&world, "UPDATE audit_log SET entry = REPLACE(entry, 'bind', 'unbind') WHERE sequence = 5; DELETE FROM audit_log WHERE sequence = 2").await;
        let words = done(binary.run(&["status"]));
        assert!(words.contains("audit log     altered: entry 2 is missing, and 1 more problems\n"), "{words}");
        assert_eq!(status(&binary)["audit"]["problems"], json!(["entry 2 is missing", "entry 5 was changed"]));
    }

    async fn the_queue_is_shown_by_kind_with_its_age(world: World) {
        let server = world.start().await;
        server.stop().await;
        let old = now() - 3 * DAY;
        let deliveries = [("onbind", 2, old), ("onbind", 0, now()), ("notice", 0, old + DAY)];
        for (n, (kind, attempts, created_at)) in deliveries.into_iter().enumerate() {
            let bytes = if world.database.is_some() { format!("'\\x0{n}'") } else { format!("x'0{n}'") };
            let row = format!("INSERT INTO outbox (kind, owner, user_index, address_index, destination, payload, attempts,
                next_at, held_until, created_at) VALUES ('{kind}', {bytes}, {bytes}, {bytes}, {bytes}, {bytes},
                {attempts}, 0, 0, {created_at})");
            execute(&world, &row).await;
        }
        let binary = Binary::beside(&world);
        let queue = json!([
            { "kind": "notice", "waiting": 1, "failed": 0, "oldest_queued_at": old + DAY },
            { "kind": "onbind", "waiting": 2, "failed": 1, "oldest_queued_at": old },
        ]);
        let status = status(&binary);
        assert_eq!(status["queue"], queue);
        let words = done(binary.run(&["status"]));
        assert!(words.contains("onbind: 2 waiting, 1 of them failed before, the oldest for 3 days"), "{words}");
    }

    async fn a_crashed_node_is_shown_and_a_wrong_clock_does_not_hide_it(world: World) {
        let server = world.start().await;
        until_noted(&world, 1).await;
        server.stop().await;
        let (started_at, seen_at) = (now() - HOUR, now() - 10 * MINUTE);
        let id = if world.database.is_some() { "'\\x01'" } else { "x'01'" };
        execute(&world, &format!("INSERT INTO nodes (id, version, started_at, seen_at) VALUES ({id}, '0.0.1', {started_at}, {seen_at})")).await;
        let binary = Binary::beside(&world);
        let words = done(binary.run(&["status"]));
        assert!(words.contains("none is running") && words.contains("version 0.0.1, silent for 10 minutes after"), "{words}");
        let future = (now() + DAY).to_be_bytes().map(|byte| format!("{byte:02x}")).concat();
        let value = if world.database.is_some() { format!("'\\x{future}'") } else { format!("x'{future}'") };
        execute(&world, &format!("UPDATE meta SET value = {value} WHERE name = 'latest_time'")).await;
        let wrong = done(binary.run(&["status"]));
        assert!(wrong.contains("clock         wrong: ") && wrong.contains("behind"), "{wrong}");
        assert_eq!(status(&binary)["nodes"][0]["alive"], false);
    }

    async fn a_database_of_another_version_is_not_touched(world: World) {
        let server = world.start().await;
        server.stop().await;
        let binary = Binary::beside(&world);
        execute(&world, "INSERT INTO __diesel_schema_migrations (version) VALUES ('20990101000000')").await;
        refused(&binary.run(&["status"]), 1, "a newer version has upgraded the database (1 migrations are unknown)");
        execute(&world, "DELETE FROM __diesel_schema_migrations WHERE version > '20261128000013'").await;
        refused(&binary.run(&["status"]), 1, "migrations of this version: restart the server, which upgrades it");
    }
}

#[tokio::test]
async fn the_days_left_of_the_servers_own_certificate_are_shown() {
    let world = World::on_sqlite().await;
    let server = world.start().await;
    server.stop().await;
    let (certificate, key) = Ca::new().write_certificate_until(40, &["id.example"], world.folder.path());
    let mut binary = Binary::beside(&world);
    binary.set("VOUCH__SERVER__TLS_CERTIFICATE", certificate.to_str().unwrap());
    binary.set("VOUCH__SERVER__TLS_KEY", key.to_str().unwrap());
    assert_eq!(status(&binary)["certificate"]["days_left"], 39);
    assert!(done(binary.run(&["status"])).contains("certificate   39 days left, until "));
}
