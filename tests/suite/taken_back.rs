//! A jump of the clock that was accepted and is taken back: rows stored in between are dated in the
//! future.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use vouch::clock::{Clock, DAY, HOUR, MINUTE, Millis};
use vouch::config::Bucket;
use vouch_test_support::homeserver::Conduct;

use crate::address_visitor::mailed;
use crate::clock::{pass, rounds, stored, until_right, until_wrong};
use crate::confirming::presses as confirms_by;
use crate::database::{count, execute, texts};
use crate::deferred_erasure::asks_for_erasure;
use crate::notices::ALICE;
use crate::onbind::{EMAIL, ROOM, invites, until_nothing_is_left, until_tried};
use crate::own_proofs::{Seen, exports};
use crate::program::{Binary, PATIENCE, done};
use crate::stored_time::times;
use crate::undoing::{heading, presses, undoing};
use crate::visitor::Visitor;
use crate::world::{NOON, Person, SECRET, Server, World, now, until};

/// The length of the jump, which is accepted.
const JUMP: Millis = 29 * DAY;

/// Starts a server after a pause that its clock mistakes for one of 29 days.
async fn jumped(world: &mut World) -> Server {
    let start = world.clock.now();
    world.start().await.stop().await;
    world.clock = Clock::stopped_at(start + JUMP);
    world.start().await
}

/// Moves all clocks by this much, and waits until that is accepted.
async fn sets(world: &World, by: Millis, servers: &[&Server]) {
    world.clock.step(by);
    world.clock.step_database(by);
    for server in servers {
        until_right(server).await;
    }
}

/// Returns how many rows are dated after a time, by column.
async fn dated_after(world: &World, time: Millis) -> BTreeMap<String, usize> {
    let mut late = BTreeMap::new();
    for (table, column) in times(world).await {
        let latest = if table == "rate_limits" { time * 1000 } else { time };
        let sql = format!("SELECT CAST({column} AS TEXT) AS text FROM {table} WHERE {column} > {latest}");
        let rows = texts(world, &sql).await.len();
        if rows > 0 {
            late.insert(format!("{table}.{column}"), rows);
        }
    }
    late
}

/// Returns whether a column has a time that may last for days, or that an operator or a person was
/// told.
fn may_be_late(column: &str) -> bool {
    ["openid_tokens.", "ephemeral_keys.", "recent_lookups.", "rate_limits.", "erasures."]
        .iter()
        .any(|table| column.starts_with(table))
}

on_both_backends! {
    async fn a_jump_settles_no_address_within_an_hour(world: World) {
        let mut world = world;
        let server = world.start().await;
        let alice = world.person(&server, "alice").await;
        for address in [ALICE, "alice@work.example"] {
            alice.binds(address).await;
        }
        let (mxid, token) = (alice.mxid.clone(), alice.token.clone());
        drop(alice);
        server.stop().await;
        world.clock = Clock::stopped_at(NOON + JUMP);
        let server = world.start().await;
        let alice = Person { world: &world, server: &server, mxid, token };
        alice.confirms(ALICE).await;
        assert_eq!(exports(&alice).await.seen(), [ALICE, "a•••@w•••"]);
        pass(&world.clock, &server, 70).await;
        alice.confirms(ALICE).await;
        assert_eq!(exports(&alice).await.seen(), [ALICE, "alice@work.example"]);
    }

    async fn pending_deliveries_are_sent_and_earlier_proofs_prove_nothing(world: World) {
        let mut world = world;
        world.config.notices.enabled = false;
        let server = jumped(&mut world).await;
        let (alice, bob) = (world.person(&server, "alice").await, world.person(&server, "bob").await);
        invites(&bob, ROOM, EMAIL).await;
        let visitor = Visitor::signed_in(&world, &server, "alice").await;
        world.homeserver.behave(Conduct::HangsUp);
        alice.binds(EMAIL).await;
        until_tried(&world, 1).await;
        assert_eq!(heading(&visitor.opens("/you").await, 200), "Your data");
        let proved = alice.proves("second@example.com").await;
        let manage = mailed(&world, &server, EMAIL).await;
        execute(&world, &format!("UPDATE outbox SET held_until = {}", NOON + JUMP + MINUTE)).await;

        world.homeserver.behave(Conduct::Honest);
        sets(&world, -JUMP, &[&server]).await;
        until(PATIENCE, "the delivery waits for 29 days", async || {
            rounds(&world.clock, &server).await;
            count(&world, "outbox").await == 0
        })
        .await;
        assert!(visitor.opens("/you").await.text.contains("<h1>Sign in</h1>"));
        assert_eq!(alice.binds_by(&proved).await.error(), (400, "M_SESSION_EXPIRED"));
        assert_eq!(heading(&server.get(&manage, None).await, 410), "This link has expired");
        // Limits that were charged in the future have room again, without waiting for a sweep.
        let asked = json!({ "client_secret": SECRET, "email": "second@example.com", "send_attempt": 1 });
        let mut answer = Value::Null;
        until(PATIENCE, "limits stay full for 29 days", async || {
            rounds(&world.clock, &server).await;
            let asked = alice.post("/validate/email/requestToken", asked.clone()).await;
            answer = asked.body.clone();
            asked.status == 200
        })
        .await;
        // The same request has begun a new session.
        assert_ne!(answer["sid"].as_str(), Some(proved.as_str()));
        alice.binds("third@example.com").await;
        assert_eq!(alice.looks_up(EMAIL).await, Some(alice.mxid.clone()));
    }

    async fn links_that_protect_keep_working(world: World) {
        let mut world = world;
        let server = jumped(&mut world).await;
        let alice = world.person(&server, "alice").await;
        alice.binds(ALICE).await;
        let path = undoing(&world, ALICE).await;
        sets(&world, -JUMP, &[&server]).await;
        // A link that confirmed in the future does not prevent another one from confirming.
        execute(&world, &format!("UPDATE tokens SET confirmed_at = {}", NOON + JUMP)).await;
        pass(&world.clock, &server, 62).await;
        until(PATIENCE, "it is not put right", async || {
            pass(&world.clock, &server, 1).await;
            dated_after(&world, world.clock.now() + MINUTE).await.keys().all(|column| may_be_late(column))
        })
        .await;
        execute(&world, &format!("UPDATE tokens SET confirmed_at = {}", NOON + JUMP)).await;
        let confirmation = alice.asks_to_confirm(ALICE).await;
        assert_eq!(heading(&confirms_by(&server, &confirmation, "confirm").await, 200), "Confirmed");
        presses(&server, &path).await;
        assert_eq!(count(&world, "bindings").await, 0, "the link in the notice has stopped working");
    }

    async fn an_hour_later_rows_are_put_right_and_none_is_lost(world: World) {
        let mut world = world;
        let server = jumped(&mut world).await;
        let (alice, bob) = (world.person(&server, "alice").await, world.person(&server, "bob").await);
        invites(&bob, ROOM, "pending@example.com").await;
        alice.binds(ALICE).await;
        alice.asks_to_prove("second@example.com").await;
        until_nothing_is_left(&world).await;
        Visitor::signed_in(&world, &server, "alice").await;
        let due = asks_for_erasure(&bob).await.ok();
        sets(&world, -JUMP, &[&server]).await;
        let tables = ["accounts", "tokens", "consents", "bindings", "invites", "ephemeral_keys", "erasures"];
        let counts = async || {
            let mut counts = Vec::new();
            for table in tables {
                counts.push(count(&world, table).await);
            }
            counts
        };
        let before = counts().await;
        pass(&world.clock, &server, 58).await;
        let late = dated_after(&world, world.clock.now() + MINUTE).await;
        for column in ["accounts.created_at", "bindings.bound_at", "tokens.used_at", "invites.created_at"] {
            assert!(late.contains_key(column), "too early: {late:?}");
        }
        until(PATIENCE, "it is not put right", async || {
            pass(&world.clock, &server, 1).await;
            dated_after(&world, world.clock.now() + MINUTE).await.keys().all(|column| may_be_late(column))
        })
        .await;
        assert_eq!(counts().await, before);
        // Its user, and everybody who reads their addresses, was told this date.
        assert_eq!(texts(&world, "SELECT CAST(due_at AS TEXT) AS text FROM erasures").await, [due.to_string()]);
        until(PATIENCE, "the jump is not forgotten", async || {
            texts(&world, "SELECT name AS text FROM meta WHERE name = 'unsettled_time'").await.is_empty()
        })
        .await;
        alice.get("/account").await.ok();
        assert_eq!(alice.looks_up(ALICE).await, Some(alice.mxid.clone()));
    }

    async fn limits_are_as_full_as_before_and_not_full(world: World) {
        let mut world = world;
        world.config.budgets.lookup_user = Bucket { capacity: 100, per_hour: 1 };
        let server = jumped(&mut world).await;
        let alice = world.person(&server, "alice").await;
        for _ in 0..9 {
            alice.looks_up(ALICE).await;
            alice.looks_up(EMAIL).await;
        }
        sets(&world, -JUMP, &[&server]).await;
        until(PATIENCE, "the limit refuses look-ups", async || {
            pass(&world.clock, &server, 1).await;
            let hashes: Vec<_> = (0..80).map(|n| format!("{n:043}")).collect();
            let asked = json!({ "algorithm": "sha256", "pepper": alice.pepper().await, "addresses": hashes });
            alice.post("/lookup", asked).await.status == 200
        })
        .await;
    }

    async fn a_right_time_that_is_taken_back_for_less_than_an_hour_loses_nothing(world: World) {
        let mut world = world;
        let server = jumped(&mut world).await;
        let (alice, bob) = (world.person(&server, "alice").await, world.person(&server, "bob").await);
        invites(&bob, ROOM, "pending@example.com").await;
        alice.binds(ALICE).await;
        until_nothing_is_left(&world).await;
        let kept = async || {
            let rows = stored(&world).await.into_iter();
            let is_kept = |row: &String| ["bindings", "invites", "accounts", "ephemeral"].iter().any(|kind| row.starts_with(kind));
            rows.filter(is_kept).collect::<Vec<_>>()
        };
        let before = kept().await;
        pass(&world.clock, &server, 5).await;
        sets(&world, -JUMP, &[&server]).await;
        pass(&world.clock, &server, 50).await;
        sets(&world, JUMP, &[&server]).await;
        pass(&world.clock, &server, 130).await;
        assert_eq!(kept().await, before);
        until(PATIENCE, "the jump is not forgotten", async || {
            pass(&world.clock, &server, 1).await;
            texts(&world, "SELECT name AS text FROM meta WHERE name = 'unsettled_time'").await.is_empty()
        })
        .await;
        assert_eq!(kept().await, before);
    }

    async fn the_operator_is_told_and_can_put_it_right_at_once(world: World) {
        let mut world = world;
        world.clock = Clock::stopped_at(now());
        let server = jumped(&mut world).await;
        world.person(&server, "alice").await.binds(ALICE).await;
        server.stop().await;
        let binary = Binary::beside(&world);
        let said = done(binary.run(&["clock"]));
        assert!(said.contains("rows until    ") && said.contains("28 days ahead") && said.contains("`vouch clock --reset`"), "{said}");
        let said = done(binary.run(&["clock", "--reset"]));
        assert!(said.contains("1 rows were corrected: bindings.bound_at"), "{said}");
        assert!(!done(binary.run(&["clock"])).contains("rows until"));
    }
}

#[tokio::test]
async fn only_a_node_whose_clock_is_right_puts_rows_right_and_one_is_enough() {
    let mut world = World::on_postgres().await;
    let server = jumped(&mut world).await;
    let alice = world.person(&server, "alice").await;
    alice.binds(ALICE).await;
    let (mxid, token) = (alice.mxid.clone(), alice.token.clone());
    drop(alice);
    server.stop().await;
    let bound_at = "SELECT CAST(bound_at AS TEXT) AS text FROM bindings";
    let before = texts(&world, bound_at).await;

    let clock = Clock::stopped_at(NOON + MINUTE);
    clock.step_database(10 * MINUTE);
    let wrong = Server::start(world.config.clone(), clock.clone());
    until_wrong(&wrong).await;
    for _ in 0..150 {
        clock.advance(MINUTE);
        wrong.get("/ready", None).await;
    }
    assert_eq!(texts(&world, bound_at).await, before);

    let started = NOON + 20 * MINUTE;
    world.clock = Clock::stopped_at(started);
    let (one, other) = (world.start().await, world.start().await);
    for _ in 0..59 {
        pass(&world.clock, &one, 1).await;
        other.get("/ready", None).await;
    }
    assert_eq!(texts(&world, bound_at).await, before);
    until(PATIENCE, "it is not put right", async || {
        pass(&world.clock, &one, 1).await;
        texts(&world, bound_at).await != before
    })
    .await;
    let bound_at: Millis = texts(&world, bound_at).await[0].parse().unwrap();
    assert!((started + HOUR..=world.clock.now()).contains(&bound_at), "{bound_at}");
    let there = Person { world: &world, server: &other, mxid, token };
    assert_eq!(there.looks_up(ALICE).await, Some(there.mxid.clone()));
}
