//! The outbox: it survives restarts, is shared between nodes, and can be managed by the operator.

use std::sync::mpsc;
use std::time::Duration;

use hyper::StatusCode;
use serde_json::{Value, json};
use vouch::clock::{Clock, DAY, HOUR, InWords, MINUTE, Millis};
use vouch_test_support::homeserver::Conduct;
use vouch_test_support::postgres::Cluster;

use crate::database::{allow, count, refuse};
use crate::onbind::{EMAIL, PATIENCE, ROOM, invites, told, until_nothing_is_left, until_told, until_tried};
use crate::program::{Binary, done};
use crate::world::{Person, Server, World, an_hour_ago, until};

const MARKER: &str = "marker@example.com";
/// Longer than a node's lease on a delivery.
const LEASE: Millis = 2 * MINUTE;

on_both_backends! {
    async fn a_queued_delivery_survives_a_restart_and_arrives_once(world: World) {
        let server = world.start().await;
        let (alice, bob) = (world.person(&server, "alice").await, world.person(&server, "bob").await);
        let token = invites(&bob, ROOM, EMAIL).await;
        let sid = alice.proves(EMAIL).await;
        world.homeserver.behave(Conduct::HangsUp);
        alice.binds_by(&sid).await.ok();
        until_tried(&world, 1).await;
        let (mxid, access) = (alice.mxid.clone(), alice.token.clone());
        server.stop().await;
        let before = world.homeserver.told().len();
        world.homeserver.behave(Conduct::Honest);
        world.clock.advance(HOUR);
        let server = world.start().await;
        until_nothing_is_left(&world).await;
        // Nothing sends it again: not another bind, time passing, or a restart.
        Person { world: &world, server: &server, mxid: mxid.clone(), token: access.clone() }.binds_by(&sid).await.ok();
        world.clock.advance(DAY);
        server.stop().await;
        let server = world.start().await;
        let alice = Person { world: &world, server: &server, mxid, token: access };
        marks(&world, &server, &alice).await;
        assert_eq!(told(&world).iter().skip(before).filter(|one| **one == token).count(), 1);
    }

    async fn two_nodes_share_the_work_and_deliver_once(world: World) {
        let mut world = world;
        world.config.budgets.invites_address.capacity = 100;
        let (one, other) = (world.start().await, world.start().await);
        let (alice, bob) = (world.person(&one, "alice").await, world.person(&other, "bob").await);
        let mut tokens = Vec::new();
        for _ in 0..24 {
            tokens.push(invites(&bob, ROOM, EMAIL).await);
        }
        let sid = alice.proves(EMAIL).await;
        world.homeserver.behave(Conduct::Slow(Duration::from_millis(300)));
        alice.binds_by(&sid).await.ok();
        until(PATIENCE, "something is left", async || {
            // Wakes everything that waits for time to pass.
            world.clock.advance(1);
            count(&world, "outbox").await == 0
        })
        .await;
        let mut told = told(&world);
        told.sort();
        tokens.sort();
        assert_eq!(told, tokens);
        // A node makes four deliveries at once to one homeserver.
        assert!((5..=8).contains(&world.homeserver.most_at_once()), "{}", world.homeserver.most_at_once());
    }

    async fn a_crashed_nodes_delivery_is_made_at_once_by_an_only_node_and_otherwise_when_its_lease_has_expired(world: World) {
        let mut world = world;
        world.config.notices.enabled = false;
        world.config.server.shutdown_timeout = Duration::ZERO;
        let server = world.start().await;
        let (alice, bob) = (world.person(&server, "alice").await, world.person(&server, "bob").await);
        let token = invites(&bob, ROOM, EMAIL).await;
        let sid = alice.proves(EMAIL).await;
        world.homeserver.behave(Conduct::Slow(Duration::from_hours(1)));
        alice.binds_by(&sid).await.ok();
        until_told(&world, 1).await;
        let (mxid, access) = (alice.mxid.clone(), alice.token.clone());
        server.stop().await;

        world.homeserver.behave(Conduct::Honest);
        let server = world.start().await;
        if world.database.is_some() {
            let alice = Person { world: &world, server: &server, mxid, token: access };
            // It may have arrived, and its node may still be alive, so nobody tries it again during
            // the lease.
            marks(&world, &server, &alice).await;
            assert_eq!(told(&world).iter().filter(|one| **one == token).count(), 1);
            until(PATIENCE, "it is held no more", async || count(&world, "outbox").await == 1).await;
            world.clock.advance(LEASE);
        }
        until_nothing_is_left(&world).await;
        assert_eq!(told(&world).iter().filter(|one| **one == token).count(), 2);
    }

    async fn a_delivery_whose_arrival_cannot_be_recorded_is_not_repeated(world: World) {
        let server = world.start().await;
        let (alice, bob) = (world.person(&server, "alice").await, world.person(&server, "bob").await);
        let token = invites(&bob, ROOM, EMAIL).await;
        let sid = alice.proves(EMAIL).await;
        refuse(&world, "DELETE", "outbox").await;
        alice.binds_by(&sid).await.ok();
        until_told(&world, 1).await;
        world.clock.advance(LEASE);
        marks(&world, &server, &alice).await;
        assert_eq!(told(&world).iter().filter(|one| **one == token).count(), 1);
        allow(&world, "outbox").await;
        until_nothing_is_left(&world).await;
        assert_eq!(told(&world).iter().filter(|one| **one == token).count(), 1);
    }

    async fn the_operator_sees_the_queue_retries_and_drops(mut world: World) {
        world.clock = Clock::stopped_at(an_hour_ago());
        world.config.notices.enabled = false;
        let server = world.start().await;
        let (alice, bob) = (world.person(&server, "alice").await, world.person(&server, "bob").await);
        let binary = Binary::beside(&world);
        assert_eq!(done(binary.run(&["outbox", "list"])), "nothing is waiting to be delivered\n");
        for room in [ROOM, "!other:elsewhere.example", "!third:elsewhere.example"] {
            invites(&bob, room, EMAIL).await;
        }
        let sid = alice.proves(EMAIL).await;
        world.homeserver.behave(Conduct::HangsUp);
        alice.binds_by(&sid).await.ok();
        until_tried(&world, 1).await;

        let list = done(binary.run(&["outbox", "list"]));
        let lines: Vec<Vec<&str>> = list.lines().map(|line| line.split("  ").filter(|cell| !cell.is_empty()).map(str::trim).collect()).collect();
        assert_eq!(lines[0], ["ID", "KIND", "TO", "QUEUED", "ATTEMPTS", "NEXT", "PROBLEM"]);
        assert_eq!(lines.len(), 4);
        let (id, queued) = (lines[1][0], InWords(world.clock.now()).to_string());
        assert_eq!(lines[1], [id, "onbind", "hs.example", &queued, "1", lines[1][5], "out of reach (http)"]);
        assert!(!list.contains("alice"), "{list}");
        let revealed = done(binary.run(&["outbox", "list", "--reveal"]));
        assert!(revealed.contains("@alice:hs.example  alice@example.com"), "{revealed}");
        let listed: Value = serde_json::from_str(&done(binary.run(&["outbox", "list", "--json"]))).unwrap();
        let mut first = listed[0].clone();
        first.as_object_mut().unwrap().remove("next_at");
        assert_eq!(first, json!({
            "id": id.parse::<i64>().unwrap(), "kind": "onbind", "destination": "hs.example", "queued_at": world.clock.now(), "attempts": 1,
            "under_way": false, "trouble": "out of reach (http)",
        }));

        // The clock stands still, so nothing is retried automatically.
        world.homeserver.behave(Conduct::Honest);
        let before = world.homeserver.told().len();
        assert_eq!(done(binary.run(&["outbox", "retry", id])), "1 delivery is tried now\n");
        until(PATIENCE, "it is not delivered", async || count(&world, "outbox").await == 2).await;
        assert_eq!(world.homeserver.told().len(), before + 1);
        let gone = binary.run(&["outbox", "drop", id]);
        assert_eq!((gone.status, gone.stderr), (Some(1), format!("there is no delivery {id}; it may have arrived\n")));
        assert_eq!(done(binary.run(&["outbox", "drop", lines[2][0]])), "1 delivery is given up\n");
        assert_eq!(done(binary.run(&["outbox", "retry", "--all"])), "1 delivery is tried now\n");
        until_nothing_is_left(&world).await;
        assert_eq!(world.homeserver.told().len(), before + 2);
        assert_eq!(done(binary.run(&["outbox", "drop", "--all"])), "0 deliveries are given up\n");
    }

    async fn queued_deliveries_are_exported_and_erased_with_their_user(mut world: World) {
        world.clock = Clock::stopped_at(an_hour_ago());
        world.config.notices.enabled = false;
        let server = world.start().await;
        let (alice, bob) = (world.person(&server, "alice").await, world.person(&server, "bob").await);
        let carol = world.person(&server, "carol").await;
        let binary = Binary::beside(&world);
        let addresses = [EMAIL, "second@example.com", "third@example.com"];
        let inviters = [&bob, &bob, &carol];
        let mut sids = Vec::new();
        for (address, inviter) in addresses.into_iter().zip(inviters) {
            invites(inviter, ROOM, address).await;
            sids.push(alice.proves(address).await);
        }
        world.homeserver.behave(Conduct::HangsUp);
        for sid in &sids {
            alice.binds_by(sid).await.ok();
        }
        until_tried(&world, 1).await;
        let exported = |user: &str| {
            let export: Value = serde_json::from_str(&done(binary.run(&["export", "--user", user]))).unwrap();
            let of = |one: &Value| one["address"].as_str().unwrap().to_owned();
            export["deliveries"].as_array().unwrap().iter().map(of).collect::<Vec<_>>()
        };
        assert_eq!(exported(&alice.mxid), addresses);
        assert_eq!(exported(&bob.mxid), &addresses[..2]);
        assert_eq!(exported(&carol.mxid), &addresses[2..]);

        let erase = |whose: &[&str]| {
            let receipt = done(binary.run(&[&["erase", "--yes"], whose].concat()));
            serde_json::from_str::<Value>(&receipt).unwrap()["erased"]["deliveries"].clone()
        };
        assert_eq!((erase(&["--address", EMAIL]), count(&world, "outbox").await), (json!(1), 2));
        assert_eq!((erase(&["--user", &carol.mxid]), count(&world, "outbox").await), (json!(1), 1));
        assert_eq!((erase(&["--user", &alice.mxid]), count(&world, "outbox").await), (json!(1), 0));
    }
}

/// Queues an invitation and waits until it is delivered: everything due earlier has been tried by
/// then.
async fn marks(world: &World, server: &Server, person: &Person<'_>) {
    server.until_ready().await;
    let before = world.homeserver.told().len();
    let inviter = world.person(server, "marker").await;
    let token = invites(&inviter, ROOM, MARKER).await;
    person.binds(MARKER).await;
    until(PATIENCE, "the marker does not arrive", async || told(world).split_off(before).contains(&token)).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_delivery_that_arrives_during_a_database_outage_is_not_repeated() {
    let mut world = World::on_sqlite().await;
    world.clock = Clock::stopped_at(an_hour_ago());
    let cluster = tokio::task::spawn_blocking(Cluster::start).await.unwrap();
    world.config.database.url = cluster.url().parse().unwrap();
    let server = world.start().await;
    let (alice, bob) = (world.person(&server, "alice").await, world.person(&server, "bob").await);
    let token = invites(&bob, ROOM, EMAIL).await;
    let sid = alice.proves(EMAIL).await;
    let (go, wait) = mpsc::channel();
    world.homeserver.answer_onbind(move |_, told| {
        if told["address"] == EMAIL {
            wait.recv().unwrap();
        }
        (StatusCode::OK, json!({}))
    });
    alice.binds_by(&sid).await.ok();
    until_told(&world, 1).await;
    tokio::task::block_in_place(|| cluster.stop());
    go.send(()).unwrap();
    drop(go);
    // The lease expires before the database is back.
    world.clock.advance(LEASE);
    until(PATIENCE, "the database is not missed", async || server.get("/ready", None).await.status == 503).await;
    tokio::task::block_in_place(|| cluster.start_again());
    until(PATIENCE, "the database is not back", async || server.get("/ready", None).await.status == 200).await;
    let mut binary = Binary::beside(&world);
    binary.set("VOUCH__DATABASE__URL", cluster.url());
    let list = || serde_json::from_str::<Value>(&done(binary.run(&["outbox", "list", "--json"]))).unwrap();
    until(PATIENCE, "it is not said that it arrived", async || list().as_array().unwrap().is_empty()).await;
    assert_eq!(told(&world).iter().filter(|one| **one == token).count(), 1);
}
