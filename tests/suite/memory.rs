//! The look-ups of an access token: repeating them is free to this token, on every node and after a
//! restart, and nobody else learns about them.

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use futures_util::future::join_all;
use serde_json::json;
use sha2::{Digest as _, Sha256};
use vouch::clock::{DAY, MINUTE, SECOND};
use vouch::config::Bucket;

use crate::database::{allow, count, execute, refuse, texts};
use crate::program::{Binary, PATIENCE, done};
use crate::visitor::Visitor;
use crate::world::{Answer, Person, Server, World, until};

const TIGHT: Bucket = Bucket { capacity: 10, per_hour: 1 };

/// Look-up hashes of nobody's addresses.
fn hashes(numbers: std::ops::Range<u32>) -> Vec<String> {
    numbers.map(|number| BASE64_URL_SAFE_NO_PAD.encode(Sha256::digest(number.to_be_bytes()))).collect()
}

async fn looks_up(person: &Person<'_>, addresses: &[String]) -> Answer {
    let asked = json!({ "algorithm": "sha256", "pepper": person.pepper().await, "addresses": addresses });
    person.post("/lookup", asked).await
}

/// Checks that a look-up exceeds a limit. Returns when to try again.
#[track_caller]
fn refused(answer: &Answer) -> i64 {
    assert_eq!(answer.error(), (429, "M_LIMIT_EXCEEDED"), "{}", answer.text);
    answer.body["retry_after_ms"].as_i64().unwrap()
}

/// The holder of a token at a node.
fn at<'a>(world: &'a World, server: &'a Server, token: &str) -> Person<'a> {
    Person { world, server, mxid: world.homeserver.user_id("alice"), token: token.to_owned() }
}

/// Waits until this many rows are stored.
async fn rows(world: &World, expected: usize) {
    until(PATIENCE, "the rows are not as expected", async || {
        // Wakes the tasks that save and sweep.
        world.clock.advance(1);
        count(world, "recent_lookups").await == expected
    })
    .await;
}

/// Returns the stored values in hexadecimal.
async fn stored(world: &World) -> Vec<String> {
    let hex = if world.database.is_some() { "encode(hashes, 'hex')" } else { "hex(hashes)" };
    texts(world, &format!("SELECT {hex} AS text FROM recent_lookups")).await
}

on_both_backends! {
    async fn a_repeat_is_free_after_a_restart(mut world: World) {
        world.config.budgets.lookup_user = TIGHT;
        let server = world.start().await;
        let token = world.person(&server, "alice").await.token;
        looks_up(&at(&world, &server, &token), &hashes(0..10)).await.ok();
        server.stop().await;
        let server = world.start().await;
        let alice = at(&world, &server, &token);
        looks_up(&alice, &hashes(0..10)).await.ok();
        refused(&looks_up(&alice, &hashes(10..11)).await);
    }

    async fn a_repeat_is_free_on_another_node_a_few_seconds_later(mut world: World) {
        world.config.budgets.lookup_user = TIGHT;
        let (one, other) = (world.start().await, world.start().await);
        let here = world.person(&one, "alice").await;
        let there = at(&world, &other, &here.token);
        looks_up(&here, &hashes(0..4)).await.ok();
        rows(&world, 1).await;
        looks_up(&there, &hashes(0..4)).await.ok();
        // The other node knows the token now. It learns what is new when it charges something.
        looks_up(&here, &hashes(4..10)).await.ok();
        let before = stored(&world).await;
        until(PATIENCE, "it is not saved", async || {
            world.clock.advance(SECOND);
            stored(&world).await != before
        })
        .await;
        world.clock.advance(5 * SECOND);
        looks_up(&there, &hashes(0..10)).await.ok();
        refused(&looks_up(&there, &hashes(10..11)).await);
    }

    async fn nodes_that_save_the_same_token_lose_nothing(mut world: World) {
        world.config.budgets.lookup_user = TIGHT;
        let (one, other) = (world.start().await, world.start().await);
        let here = world.person(&one, "alice").await;
        let token = here.token.clone();
        looks_up(&here, &hashes(0..5)).await.ok();
        looks_up(&at(&world, &other, &token), &hashes(5..10)).await.ok();
        drop(here);
        one.stop().await;
        other.stop().await;
        let server = world.start().await;
        looks_up(&at(&world, &server, &token), &hashes(0..10)).await.ok();
    }

    async fn another_token_of_the_user_does_not_learn_what_was_looked_up(mut world: World) {
        world.config.budgets.lookup_user = Bucket { capacity: 20, per_hour: 1 };
        let server = world.start().await;
        let alice = world.person(&server, "alice").await;
        let thief = world.person(&server, "alice").await;
        looks_up(&alice, &hashes(0..10)).await.ok();
        // Repeating what the other token has looked up is charged like anything else.
        looks_up(&thief, &hashes(5..15)).await.ok();
        // At the limit, what the other token has looked up is refused like anything else.
        let (known, unknown) = (looks_up(&thief, &hashes(0..1)).await, looks_up(&thief, &hashes(90..91)).await);
        assert_eq!(refused(&known), refused(&unknown));
        assert_eq!((known.text, known.headers.get("retry-after")), (unknown.text, unknown.headers.get("retry-after")));
        assert_eq!(refused(&looks_up(&thief, &hashes(0..5)).await), refused(&looks_up(&thief, &hashes(90..95)).await));
        // Each token repeats its own look-ups for free.
        looks_up(&alice, &hashes(0..10)).await.ok();
        looks_up(&thief, &hashes(5..15)).await.ok();
        // Nor does the other token learn it from the database, after a restart.
        let (alice, thief) = (alice.token, thief.token);
        server.stop().await;
        let server = world.start().await;
        looks_up(&at(&world, &server, &alice), &hashes(0..10)).await.ok();
        refused(&looks_up(&at(&world, &server, &thief), &hashes(0..10)).await);
    }

    async fn what_a_token_has_looked_up_is_deleted_with_the_token_and_not_written_again(mut world: World) {
        world.config.retention.access_token = DAY;
        let (one, other) = (world.start().await, world.start().await);
        let mut people = Vec::new();
        for name in ["alice", "alice", "bob", "carol"] {
            let person = world.person(&one, name).await;
            looks_up(&person, &hashes(0..3)).await.ok();
            // The other node has something to save when the token is deleted.
            looks_up(&Person { world: &world, server: &other, mxid: person.mxid.clone(), token: person.token.clone() }, &hashes(3..6)).await.ok();
            people.push(person);
        }
        rows(&world, 4).await;
        people[0].post("/account/logout", json!({})).await.ok();
        rows(&world, 3).await;
        Visitor::signed_in(&world, &one, "bob").await.sends("/you/sign-out-everywhere", &[]).await;
        rows(&world, 2).await;
        done(Binary::beside(&world).run(&["erase", "--user", &people[3].mxid, "--yes"]));
        rows(&world, 1).await;
        world.clock.advance(DAY + 10 * MINUTE);
        rows(&world, 0).await;
        drop(people);
        one.stop().await;
        other.stop().await;
        assert_eq!(count(&world, "recent_lookups").await, 0);
    }

    async fn a_look_up_under_way_when_its_token_is_deleted_is_not_written(world: World) {
        let (one, other) = (world.start().await, world.start().await);
        let alice = world.person(&one, "alice").await;
        refuse(&world, "INSERT", "recent_lookups").await;
        looks_up(&alice, &hashes(0..3)).await.ok();
        at(&world, &other, &alice.token).post("/account/logout", json!({})).await.ok();
        allow(&world, "recent_lookups").await;
        drop(alice);
        one.stop().await;
        assert_eq!(count(&world, "recent_lookups").await, 0);
    }

    async fn what_was_looked_up_is_deleted_when_its_pepper_expires(world: World) {
        let server = world.start().await;
        let alice = world.person(&server, "alice").await;
        looks_up(&alice, &hashes(0..3)).await.ok();
        rows(&world, 1).await;
        world.clock.advance(7 * DAY);
        server.until_ready().await;
        looks_up(&alice, &hashes(0..3)).await.ok();
        rows(&world, 2).await;
        world.clock.advance(7 * DAY);
        rows(&world, 1).await;
    }

    async fn the_database_tells_neither_whose_nor_how_many_look_ups_it_stores(world: World) {
        let server = world.start().await;
        let (alice, bob) = (world.person(&server, "alice").await, world.person(&server, "bob").await);
        looks_up(&alice, &hashes(0..1)).await.ok();
        looks_up(&bob, &hashes(0..60)).await.ok();
        rows(&world, 2).await;
        let stored = stored(&world).await;
        assert_eq!(stored[0].len(), stored[1].len(), "lengths are padded");
        assert_eq!(stored[0].len(), 2 * (1 + 12 + 64 * 4 + 16));
        let linked = "SELECT CAST(COUNT(*) AS TEXT) AS text FROM recent_lookups JOIN tokens ON token_hash = token_index";
        assert_eq!(texts(&world, linked).await, ["0"]);
    }

    async fn look_ups_are_saved_once_the_database_can_be_written_again(mut world: World) {
        world.config.budgets.lookup_user = TIGHT;
        let server = world.start().await;
        let token = world.person(&server, "alice").await.token;
        refuse(&world, "INSERT", "recent_lookups").await;
        let alice = at(&world, &server, &token);
        looks_up(&alice, &hashes(0..5)).await.ok();
        world.clock.advance(3 * SECOND);
        looks_up(&alice, &hashes(0..10)).await.ok();
        assert_eq!(count(&world, "recent_lookups").await, 0);
        allow(&world, "recent_lookups").await;
        rows(&world, 1).await;
        drop(alice);
        server.stop().await;
        let server = world.start().await;
        looks_up(&at(&world, &server, &token), &hashes(0..10)).await.ok();
    }

    async fn a_damaged_row_is_charged_again_and_replaced(mut world: World) {
        world.config.budgets.lookup_user = TIGHT;
        let server = world.start().await;
        let token = world.person(&server, "alice").await.token;
        looks_up(&at(&world, &server, &token), &hashes(0..5)).await.ok();
        server.stop().await;
        let damaged = if world.database.is_some() { "'\\x01'::BYTEA" } else { "x'01'" };
        execute(&world, &format!("UPDATE recent_lookups SET hashes = {damaged}")).await;
        for _ in 0..2 {
            let server = world.start().await;
            looks_up(&at(&world, &server, &token), &hashes(0..5)).await.ok();
            server.stop().await;
        }
        let server = world.start().await;
        refused(&looks_up(&at(&world, &server, &token), &hashes(5..6)).await);
    }

    async fn a_new_user_with_three_devices_of_10_000_contacts_each_is_never_refused(world: World) {
        let (one, other) = (world.start().await, world.start().await);
        let mut devices = Vec::new();
        for device in 0..3 {
            let token = world.person(&one, "alice").await.token;
            devices.push((token, hashes(device * 10_000..(device + 1) * 10_000)));
        }
        let all = async |server: &Server| {
            for answer in join_all(devices.iter().map(async |(token, book)| looks_up(&at(&world, server, token), book).await)).await {
                answer.ok();
            }
        };
        all(&one).await;
        one.stop().await;
        let restarted = world.start().await;
        all(&restarted).await;
        all(&other).await;
        assert_eq!(count(&world, "recent_lookups").await, 3);
    }
}
