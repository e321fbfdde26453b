//! A time that a wrong clock has stored, and how the operator corrects it.

use reqwest::Method;
use vouch::clock::{Clock, DAY, HOUR, MINUTE};
use vouch_test_support::homeserver::Conduct;

use crate::clock::{latest_time, serves_nothing, until_right, until_wrong};
use crate::database::{count, execute, texts};
use crate::onbind::{ROOM, invites};
use crate::own_proofs::DATA;
use crate::program::{Binary, PATIENCE, done, refused};
use crate::world::{Person, Server, World, now, until};

/// Stores a time in hexadecimal digits, as a version that compared no clocks may have done.
async fn store_time(world: &World, hex: &str) {
    let value = if world.database.is_some() { format!("decode('{hex}', 'hex')") } else { format!("x'{hex}'") };
    execute(world, &format!("UPDATE meta SET value = {value} WHERE name = 'latest_time'")).await;
}

on_both_backends! {
    async fn after_a_pause_of_31_days_the_operator_is_asked(world: World) {
        let mut world = world;
        let binary = Binary::beside(&world);
        world.clock = Clock::stopped_at(now() - 31 * DAY);
        world.start().await.stop().await;
        world.clock = Clock::stopped_at(now());
        let server = Server::start(world.config.clone(), world.clock.clone());
        let reason = until_wrong(&server).await;
        assert!(reason.contains("31 days ahead") && reason.contains("`vouch clock --accept`"), "{reason}");
        refused(&binary.run(&["lookup", "alice@example.org"]), 1, "31 days ahead");
        assert_eq!(binary.run(&["clock"]).status, Some(1));
        assert!(done(binary.run(&["clock", "--accept"])).starts_with("stored "));
        done(binary.run(&["clock"]));
        until_right(&server).await;
    }

    async fn a_stored_time_that_is_wrong_is_put_right_while_the_server_runs(world: World) {
        let mut world = world;
        let binary = Binary::beside(&world);
        world.clock = Clock::stopped_at(now());
        world.start().await.stop().await;
        let year_2107 = 4_323_456_000_000_i64;
        for wrong in [i64::MAX, year_2107, now() + 400 * DAY] {
            store_time(&world, &format!("{wrong:016x}")).await;
            world.clock = Clock::stopped_at(now());
            let server = Server::start(world.config.clone(), world.clock.clone());
            let reason = until_wrong(&server).await;
            assert!(reason.contains("behind") && reason.contains("`vouch clock --reset`"), "{reason}");
            serves_nothing(&server, "none").await;
            let said = binary.run(&["clock", "--accept"]);
            assert!(said.status == Some(1) && said.stderr.contains("--reset"), "{said:?}");
            assert!(done(binary.run(&["clock", "--reset"])).starts_with("stored "));
            assert!(latest_time(&world).await.unwrap().abs_diff(now()) < MINUTE.unsigned_abs());
            until_right(&server).await;
            server.stop().await;
        }
        // A value that is not a time counts as none, and is replaced.
        store_time(&world, "6e65766572").await;
        world.clock = Clock::stopped_at(now());
        world.start().await.stop().await;
        assert_eq!(latest_time(&world).await, Some(world.clock.now()));
        // A negative one is in the past.
        store_time(&world, "8000000000000000").await;
        let server = Server::start(world.config.clone(), world.clock.clone());
        assert!(until_wrong(&server).await.contains("`vouch clock --accept`"));
        done(binary.run(&["clock", "--reset"]));
        until_right(&server).await;
    }

    async fn what_is_dated_in_the_future_is_put_right(world: World) {
        let mut world = world;
        world.clock = Clock::stopped_at(now() - 2 * HOUR);
        world.config.budgets.messages_user.capacity = 1;
        let server = world.start().await;
        let (alice, bob) = (world.person(&server, "alice").await, world.person(&server, "bob").await);
        invites(&bob, ROOM, "pending@example.com").await;
        invites(&bob, ROOM, "alice@example.com").await;
        world.homeserver.behave(Conduct::HangsUp);
        alice.binds("alice@example.com").await;
        until(PATIENCE, "nothing is queued", async || count(&world, "outbox").await > 0).await;
        let (mxid, token) = (alice.mxid.clone(), alice.token.clone());
        drop((alice, bob));
        server.stop().await;
        // As if it had been written by a clock 400 days ahead.
        let columns = times(&world).await;
        for (table, column) in &columns {
            let by = 400 * DAY * if table == "rate_limits" { 1000 } else { 1 };
            execute(&world, &format!("UPDATE {table} SET {column} = {column} + {by}")).await;
        }
        let binary = Binary::beside(&world);
        let said = done(binary.run(&["clock", "--reset"]));
        assert!(said.contains("bindings.bound_at") && said.contains("rate_limits.empty_at"), "{said}");
        let latest = now() + MINUTE;
        for (table, column) in &columns {
            let until = match table.as_str() {
                "openid_tokens" => latest + 3650 * DAY,
                "ephemeral_keys" => latest + 36_500 * DAY,
                "outbox" => latest + 30 * HOUR,
                "recent_lookups" => latest + 14 * DAY,
                "leases" => latest + 10 * MINUTE,
                "rate_limits" => (latest + 300 * HOUR) * 1000,
                _ => latest,
            };
            let late = texts(&world, &format!("SELECT CAST({column} AS TEXT) AS text FROM {table} WHERE {column} > {until}")).await;
            assert!(late.is_empty(), "{table}.{column}: {late:?}");
        }
        assert_eq!((count(&world, "bindings").await, count(&world, "invites").await), (1, 2));

        world.homeserver.behave(Conduct::Honest);
        world.clock = Clock::stopped_at(now());
        let server = world.start().await;
        let alice = Person { world: &world, server: &server, mxid, token };
        assert_eq!(alice.looks_up("alice@example.com").await, Some(alice.mxid.clone()));
        let erasure = server.request(Method::DELETE, DATA, Some(&alice.token));
        assert_eq!(server.send(erasure).await.status, 403, "an old proof has become new");
        alice.asks_to_prove("another@example.com").await;
        until(PATIENCE, "the delivery waits", async || {
            world.clock.advance(6 * HOUR);
            count(&world, "outbox").await == 0
        })
        .await;
    }
}

/// Returns the columns that contain times, with their tables.
pub async fn times(world: &World) -> Vec<(String, String)> {
    let sql = if world.database.is_some() {
        "SELECT table_name || '.' || column_name AS text FROM information_schema.columns \
         WHERE table_schema = current_schema() AND data_type = 'bigint'"
    } else {
        "SELECT m.name || '.' || c.name AS text FROM sqlite_master m, pragma_table_info(m.name) c \
         WHERE m.type = 'table' AND c.type = 'BIGINT'"
    };
    let all = texts(world, sql).await;
    let is_time = |column: &str| ["_at", "_until", "_since"].iter().any(|end| column.ends_with(end)) || column == "at";
    let split = |text: String| text.split_once('.').map(|(table, column)| (table.to_owned(), column.to_owned()));
    all.into_iter().filter_map(split).filter(|(_, column)| is_time(column)).collect()
}
