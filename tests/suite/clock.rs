//! Wrong clocks of a machine and of the database.

use serde_json::{Value, json};
use vouch::clock::{Clock, DAY, HOUR, MINUTE, Millis, SECOND};
use vouch_test_support::homeserver::Conduct;

use crate::database::{count, execute, texts};
use crate::onbind::{EMAIL, ROOM, invites, until_tried};
use crate::program::{Binary, PATIENCE, done, refused};
use crate::world::{self, NOON, Person, Server, World, until};

/// Returns what `/ready` says about the clock: whether it is right, and why not.
async fn clock_of(server: &Server) -> (bool, String) {
    let answer = server.get("/ready", None).await;
    let is_right = answer.body["clock"].as_bool().unwrap_or_else(|| panic!("{answer:?}"));
    assert!(is_right || answer.status == 503, "{answer:?}");
    (is_right, answer.body["reason"].as_str().unwrap_or_default().to_owned())
}

/// Waits until the node is ready.
pub async fn until_right(server: &Server) {
    until(PATIENCE, "the clock is not right", async || server.get("/ready", None).await.status == 200).await;
}

/// Waits until the clock is found to be wrong, and returns why.
pub async fn until_wrong(server: &Server) -> String {
    until(PATIENCE, "the clock is not wrong", async || !clock_of(server).await.1.is_empty()).await;
    clock_of(server).await.1
}

/// Asserts that a node answers nothing that depends on the time.
pub async fn serves_nothing(server: &Server, token: &str) {
    for path in ["/account", "/hash_details", "/pubkey/isvalid?public_key=x"] {
        let answer = server.get(&format!("/_matrix/identity/v2{path}"), Some(token)).await;
        assert_eq!(answer.error(), (503, "M_UNKNOWN"), "{path}");
        assert!(
            answer.headers.contains_key("retry-after") && answer.headers.contains_key("access-control-allow-origin")
        );
    }
    for path in [
        "/account/register",
        "/account/logout",
        "/lookup",
        "/validate/email/requestToken",
        "/store-invite",
        "/3pid/unbind",
    ] {
        let answer = server.post(&format!("/_matrix/identity/v2{path}"), Some(token), &json!({})).await;
        assert_eq!(answer.error(), (503, "M_UNKNOWN"), "{path}");
    }
    for page in ["/", "/you", "/address", "/retention"] {
        assert_eq!(server.get(page, None).await.status, 503, "{page}");
    }
    assert_eq!(server.get("/health", None).await.status, 200);
}

/// Returns everything that is stored with a time.
pub async fn stored(world: &World) -> Vec<String> {
    let tables = [
        ("tokens", "created_at + used_at"),
        ("accounts", "created_at"),
        ("invites", "created_at"),
        ("ephemeral_keys", "valid_until"),
        ("outbox", "next_at + created_at"),
        ("sessions", "modified_at"),
        ("bindings", "bound_at"),
        ("rate_limits", "empty_at"),
        ("leases", "held_until"),
    ];
    let mut stored = Vec::new();
    for (table, times) in tables {
        let sql = format!("SELECT '{table}' || ' ' || CAST({times} AS TEXT) AS text FROM {table} ORDER BY 1");
        stored.extend(texts(world, &sql).await);
    }
    stored
}

/// Returns the stored time.
pub async fn latest_time(world: &World) -> Option<Millis> {
    let hex = if world.database.is_some() { "encode(value, 'hex')" } else { "lower(hex(value))" };
    let rows = texts(world, &format!("SELECT {hex} AS text FROM meta WHERE name = 'latest_time'")).await;
    rows.first().map(|hex| Millis::from_str_radix(hex, 16).unwrap())
}

/// Lets minutes pass, with time for every check.
pub async fn pass(clock: &Clock, server: &Server, minutes: i64) {
    for _ in 0..minutes {
        clock.advance(MINUTE);
        server.get("/ready", None).await;
    }
}

/// Runs a few rounds in which every background task that waits for time is woken.
pub async fn rounds(clock: &Clock, server: &Server) {
    for _ in 0..20 {
        clock.step(0);
        server.get("/ready", None).await;
    }
}

#[tokio::test]
async fn a_node_400_days_ahead_harms_no_other() {
    let mut world = World::on_postgres().await;
    // The real clocks of this machine and of the database.
    world.clock = Clock::system();
    let healthy = world.start().await;
    let (alice, bob) = (world.person(&healthy, "alice").await, world.person(&healthy, "bob").await);
    alice.binds("alice@example.com").await;
    invites(&bob, ROOM, "pending@example.com").await;
    let (pepper, before) = (alice.pepper().await, stored(&world).await);

    let ahead = Clock::system();
    ahead.step(400 * DAY);
    let sick = Server::start(world.config.clone(), ahead.clone());
    let reason = until_wrong(&sick).await;
    assert!(reason.contains("400 days ahead") && reason.contains("30 seconds are allowed"), "{reason}");
    serves_nothing(&sick, &alice.token).await;
    rounds(&ahead, &sick).await;
    let time = latest_time(&world).await.unwrap();
    assert!(time <= world::now(), "{time}");

    // It is corrected, and becomes wrong again while the server is running.
    ahead.step(-400 * DAY);
    until_right(&sick).await;
    let there = Person { world: &world, server: &sick, mxid: alice.mxid.clone(), token: alice.token.clone() };
    assert_eq!(there.pepper().await, pepper);
    ahead.step(400 * DAY);
    serves_nothing(&sick, &alice.token).await;
    rounds(&ahead, &sick).await;
    ahead.step(-400 * DAY);
    until_right(&sick).await;
    ahead.step(400 * DAY);
    sick.stop().await;

    assert!(latest_time(&world).await.unwrap() <= world::now());
    assert_eq!(alice.pepper().await, pepper);
    alice.get("/account").await.ok();
    bob.get("/account").await.ok();
    assert_eq!(alice.looks_up("alice@example.com").await, Some(alice.mxid.clone()));
    let after = stored(&world).await;
    let kept = |row: &&String| !row.starts_with("rate_limits") && !row.starts_with("leases");
    assert_eq!(before.iter().filter(kept).collect::<Vec<_>>(), after.iter().filter(kept).collect::<Vec<_>>());
    let bound = bob.proves("pending@example.com").await;
    bob.binds_by(&bound).await.ok();
    until(PATIENCE, "the invitation is lost", async || !world.homeserver.told().is_empty()).await;
}

on_both_backends! {
    async fn a_clock_that_is_set_while_the_node_runs_changes_nothing(world: World) {
        let server = world.start().await;
        let (alice, bob) = (world.person(&server, "alice").await, world.person(&server, "bob").await);
        for email in ["pending@example.com", EMAIL] {
            invites(&bob, ROOM, email).await;
        }
        world.homeserver.behave(Conduct::HangsUp);
        alice.binds(EMAIL).await;
        until_tried(&world, 1).await;
        until(PATIENCE, "no time is stored", async || latest_time(&world).await == Some(NOON)).await;
        until(PATIENCE, "the notice does not arrive", async || count(&world, "outbox").await == 1).await;
        let (pepper, before) = (alice.pepper().await, stored(&world).await);
        for off in [400 * DAY, -400 * DAY, 31 * DAY, -HOUR, i64::MAX - 2 * NOON, -NOON] {
            world.clock.step(off);
            serves_nothing(&server, &alice.token).await;
            rounds(&world.clock, &server).await;
            let reason = until_wrong(&server).await;
            assert!(reason.starts_with("this machine's clock says "), "{reason}");
            assert_eq!(stored(&world).await, before, "{off}");
            assert_eq!(latest_time(&world).await, Some(NOON));
            world.clock.step(-off);
            until_right(&server).await;
            assert_eq!(alice.pepper().await, pepper);
            alice.get("/account").await.ok();
        }
    }

    async fn a_node_that_boots_in_1970_waits_until_its_clock_is_set(world: World) {
        for round in ["with a new database", "with one in use"] {
            let clock = Clock::stopped_at(0);
            clock.step_database(NOON);
            let server = Server::start(world.config.clone(), clock.clone());
            let reason = until_wrong(&server).await;
            assert!(reason.contains("1970-01-01T00:00:00Z"), "{round}: {reason}");
            serves_nothing(&server, "none").await;
            clock.step(NOON);
            until_right(&server).await;
            until(PATIENCE, round, async || latest_time(&world).await == Some(NOON)).await;
            server.stop().await;
        }
    }

    async fn steps_of_a_few_seconds_disturb_nobody(world: World) {
        let server = world.start().await;
        let alice = world.person(&server, "alice").await;
        for step in [5, -5, 20, -20, 1, -1] {
            world.clock.step(step * SECOND);
            alice.get("/account").await.ok();
            world.clock.advance(MINUTE);
            alice.get("/account").await.ok();
            assert_eq!(clock_of(&server).await, (true, String::new()), "{step}");
        }
    }

    async fn after_a_pause_of_29_days_nothing_is_deleted_for_an_hour(world: World) {
        let mut world = world;
        let server = world.start().await;
        let alice = world.person(&server, "alice").await;
        invites(&alice, ROOM, "pending@example.com").await;
        let (mxid, token) = (alice.mxid.clone(), alice.token.clone());
        drop(alice);
        server.stop().await;
        world.config.retention.invite = 20 * DAY;

        world.clock = Clock::stopped_at(NOON + 29 * DAY);
        let server = world.start().await;
        let alice = Person { world: &world, server: &server, mxid, token };
        alice.get("/account").await.ok();
        pass(&world.clock, &server, 59).await;
        assert_eq!(count(&world, "invites").await, 1);
        assert!(latest_time(&world).await.unwrap() <= NOON + HOUR);
        until(PATIENCE, "it is kept", async || {
            pass(&world.clock, &server, 1).await;
            count(&world, "invites").await == 0
        })
        .await;
    }

    async fn a_jump_that_turns_out_to_be_wrong_within_an_hour_has_destroyed_nothing(world: World) {
        let mut world = world;
        let server = world.start().await;
        let alice = world.person(&server, "alice").await;
        invites(&alice, ROOM, "pending@example.com").await;
        let (mxid, token, pepper) = (alice.mxid.clone(), alice.token.clone(), alice.pepper().await);
        drop(alice);
        server.stop().await;
        world.config.retention.invite = 20 * DAY;
        world.config.retention.access_token = 20 * DAY;

        // The clock of the machine, on which the database also runs, is wrong at startup.
        world.clock = Clock::stopped_at(NOON + 29 * DAY);
        let server = world.start().await;
        let alice = Person { world: &world, server: &server, mxid, token };
        assert_eq!(alice.get("/account").await.status, 401);
        pass(&world.clock, &server, 50).await;
        world.clock.step(-29 * DAY);
        world.clock.step_database(-29 * DAY);
        until_right(&server).await;
        alice.get("/account").await.ok();
        assert_eq!(alice.pepper().await, pepper);
        assert_eq!(count(&world, "invites").await, 1);
        pass(&world.clock, &server, 90).await;
        until(PATIENCE, "the jump is not forgotten", async || {
            pass(&world.clock, &server, 1).await;
            latest_time(&world).await == Some(world.clock.now())
        })
        .await;
        assert_eq!(count(&world, "invites").await, 1);
    }
}

#[tokio::test]
async fn a_database_with_another_clock_stops_every_node_until_they_agree() {
    let world = World::on_postgres().await;
    let (one, other) = (world.start().await, world.start().await);
    let alice = world.person(&one, "alice").await;
    // A failover to a machine that is not synchronised.
    for off in [10 * MINUTE, -10 * MINUTE, 400 * DAY, -400 * DAY] {
        world.clock.step_database(off);
        world.clock.advance(MINUTE);
        for server in [&one, &other] {
            let reason = until_wrong(server).await;
            assert!(reason.contains("and the database's "), "{reason}");
            serves_nothing(server, &alice.token).await;
        }
        world.clock.step_database(-off);
        for server in [&one, &other] {
            until_right(server).await;
        }
        alice.get("/account").await.ok();
    }
}

#[tokio::test]
async fn the_program_compares_its_clock_with_the_real_database() {
    let world = World::on_postgres().await;
    let database = world.database.as_ref().unwrap();
    let schema = database.schema();
    let now = |from: &str| {
        format!(
            "CREATE OR REPLACE FUNCTION {schema}.now() RETURNS timestamptz LANGUAGE sql AS \
             $$ SELECT pg_catalog.now() {from} $$"
        )
    };
    let mut binary = Binary::beside(&world);
    // The schema's functions come before PostgreSQL's own.
    let url = database.url().replace(schema, &format!("{schema}%2Cpg_catalog"));
    binary.set("VOUCH__DATABASE__URL", &url);
    execute(&world, &now("- interval '400 days'")).await;
    let process = binary.start();
    let reason = until_wrong(&process.server).await;
    assert!(reason.contains("400 days ahead"), "{reason}");
    serves_nothing(&process.server, "none").await;
    assert_eq!(latest_time(&world).await, None);
    assert!(process.log().contains(&reason), "{}", process.log());
    execute(&world, &now("+ interval '25 seconds'")).await;
    until_right(&process.server).await;
    let said = done(binary.run(&["clock"]));
    assert!(said.contains("this machine  ") && said.contains("seconds ahead\nlast stored   "), "{said}");
    assert!(process.log().contains("the clock is right again"), "{}", process.log());

    execute(&world, &now("+ interval '35 seconds'")).await;
    refused(&binary.run(&["lookup", "alice@example.org"]), 1, "seconds behind");
    refused(&binary.run(&["clock", "--reset"]), 1, "seconds behind");
    refused(&binary.run(&["clock", "--accept"]), 1, "seconds behind");
    process.signal("TERM");
    assert_eq!(process.ended().await.0, Some(0));
}

#[tokio::test]
async fn the_time_is_stored_every_minute() {
    let world = World::on_sqlite().await;
    let server = world.start().await;
    for minute in 1..4 {
        world.clock.advance(MINUTE);
        until(PATIENCE, "it is not stored", async || latest_time(&world).await == Some(NOON + minute * MINUTE)).await;
    }
    let body: Value = server.get("/ready", None).await.ok();
    assert_eq!(body, json!({ "directory": true, "database": true, "clock": true }));
}
