//! Several nodes on one database, and pepper rotation.

use std::collections::BTreeSet;
use std::fs;
use std::time::{Duration, Instant};

use serde_json::json;
use vouch::clock::{DAY, MINUTE, SECOND};
use vouch::config::{Bucket, Config};

use crate::world::{PEPPER, PEPPER_LEFT, Person, SECRET, Server, World, hash, until};

/// The time within which nodes learn of each other's changes; generous, because the machine may be
/// busy.
pub const SOON: Duration = Duration::from_secs(1);
const PATIENCE: Duration = Duration::from_secs(10);

/// Returns the same person, using another node.
pub fn at<'a>(person: &Person<'a>, server: &'a Server) -> Person<'a> {
    Person { world: person.world, server, mxid: person.mxid.clone(), token: person.token.clone() }
}

/// Looks up an address with a pepper; returns the status and the Matrix ID.
async fn found(person: &Person<'_>, email: &str, pepper: &str) -> (u16, Option<String>) {
    let hash = hash(email, pepper);
    let asked = json!({ "algorithm": "sha256", "pepper": pepper, "addresses": [hash] });
    let answer = person.post("/lookup", asked).await;
    (answer.status, answer.body["mappings"][&hash].as_str().map(str::to_owned))
}

/// Starts several nodes at once.
async fn start_together(world: &World, count: usize) -> Vec<Server> {
    let starts: Vec<_> = (0..count)
        .map(|_| {
            let (config, clock) = (world.config.clone(), world.clock.clone());
            tokio::task::spawn_blocking(move || Server::try_start(config, clock))
        })
        .collect();
    let mut servers = Vec::new();
    for start in starts {
        servers.push(start.await.unwrap().unwrap());
    }
    for server in &servers {
        until(PATIENCE, "a node does not become ready", async || server.get("/ready", None).await.status == 200).await;
    }
    servers
}

on_both_backends! {
    async fn nodes_started_at_once_on_an_empty_database_agree(world: World) {
        let servers = start_together(&world, if world.database.is_some() { 4 } else { 2 }).await;
        let mut ids = BTreeSet::new();
        for server in &servers {
            let answer = server.get("/_matrix/identity/v2/pubkey/ed25519:0", None).await;
            ids.insert(answer.text);
        }
        assert_eq!(ids.len(), 1, "the nodes share one signing key");
        let alice = world.person(&servers[0], "alice").await;
        alice.binds("alice@example.com").await;
        let mut peppers = BTreeSet::new();
        for server in &servers {
            let alice = at(&alice, server);
            peppers.insert(alice.pepper().await);
            until(PATIENCE, "a binding is not found", async || alice.looks_up("alice@example.com").await.is_some()).await;
        }
        assert_eq!(peppers.len(), 1, "the nodes share one pepper");
    }

    async fn a_binding_is_soon_found_on_another_node_and_an_unbound_address_never(world: World) {
        let (one, other) = (world.start().await, world.start().await);
        let alice = world.person(&one, "alice").await;
        let there = at(&alice, &other);
        let email = "alice@example.com";
        assert_eq!(there.looks_up(email).await, None);
        alice.binds(email).await;
        until(PATIENCE, "the other node does not follow", async || there.looks_up(email).await.is_some()).await;
        assert_eq!(there.looks_up(email).await, Some(alice.mxid.clone()));
        alice.unbinds(email).await.ok();
        assert_eq!(there.looks_up(email).await, None);
        // Bound again, on the other node, by somebody else.
        let bob = world.person(&other, "bob").await;
        world.mail.forget();
        bob.binds(email).await;
        until(PATIENCE, "the first node does not follow", async || alice.looks_up(email).await == Some(bob.mxid.clone())).await;
    }

    async fn a_logout_takes_effect_on_another_node_within_a_second(world: World) {
        let (one, other) = (world.start().await, world.start().await);
        let alice = world.person(&one, "alice").await;
        let there = at(&alice, &other);
        there.get("/account").await.ok();
        alice.post("/account/logout", json!({})).await.ok();
        let asked = Instant::now();
        assert_eq!(alice.get("/account").await.status, 401);
        // The other node's cache entry expires even while it is used continuously.
        loop {
            let begun = asked.elapsed();
            if there.get("/account").await.status == 401 {
                break;
            }
            assert!(begun < SOON, "the token still works");
        }
        assert_eq!(there.get("/account").await.error(), (401, "M_UNAUTHORIZED"));
    }

    async fn terms_accepted_on_one_node_are_accepted_on_all(world: World) {
        let (one, other) = (world.start().await, world.start().await);
        let alice = world.newcomer(&one, "alice").await;
        let there = at(&alice, &other);
        assert_eq!(there.get("/hash_details").await.error(), (403, "M_TERMS_NOT_SIGNED"));
        alice.accepts_everything().await;
        until(PATIENCE, "the terms are not accepted", async || there.get("/hash_details").await.status == 200).await;
    }

    async fn a_session_can_continue_on_another_node(world: World) {
        let (one, other) = (world.start().await, world.start().await);
        let alice = world.person(&one, "alice").await;
        let there = at(&alice, &other);
        let sid = alice.asks_to_prove("alice@example.com").await;
        assert_eq!(there.asks_to_prove("alice@example.com").await, sid);
        assert_eq!(there.proves("alice@example.com").await, sid);
        assert_eq!(world.mail.count(), 1);
        alice.binds_by(&sid).await.ok();
    }

    async fn nodes_share_rate_limits_and_a_restart_resets_nothing(world: World) {
        let mut world = world;
        world.config.budgets.lookup_user = Bucket { capacity: 4, per_hour: 60 };
        world.config.budgets.messages_user = Bucket { capacity: 2, per_hour: 60 };
        let (one, other) = (world.start().await, world.start().await);
        let alice = world.person(&one, "alice").await;
        alice.asks_to_prove("one@example.com").await;
        at(&alice, &other).asks_to_prove("two@example.com").await;
        let third = json!({ "client_secret": SECRET, "email": "three@example.com", "send_attempt": 1 });
        for server in [&one, &other] {
            let answer = at(&alice, server).post("/validate/email/requestToken", third.clone()).await;
            assert_eq!(answer.error(), (429, "M_LIMIT_EXCEEDED"));
        }
        let pepper = alice.pepper().await;
        let mut answered = 0;
        for n in 0..12 {
            let there = at(&alice, if n % 2 == 0 { &one } else { &other });
            match found(&there, &format!("stranger{n}@example.com"), &pepper).await.0 {
                200 => answered += 1,
                status => assert_eq!(status, 429),
            }
        }
        // A node may have charged ahead for look-ups it never made, but the limit is never
        // exceeded.
        assert!((1..=4).contains(&answered), "{answered} look-ups were answered");
        let (token, mxid) = (alice.token.clone(), alice.mxid.clone());
        drop(alice);
        one.stop().await;
        other.stop().await;
        let again = world.start().await;
        let alice = Person { world: &world, server: &again, mxid, token };
        for n in 0..12 {
            if found(&alice, &format!("another{n}@example.com"), &pepper).await.0 == 200 {
                answered += 1;
            }
        }
        assert_eq!(answered, 4);
        let answer = alice.post("/validate/email/requestToken", third).await;
        assert_eq!(answer.error(), (429, "M_LIMIT_EXCEEDED"));
    }

    async fn the_current_and_previous_peppers_are_accepted_and_no_other(world: World) {
        let server = world.start().await;
        let alice = world.person(&server, "alice").await;
        let email = "alice@example.com";
        alice.binds(email).await;
        let mut peppers = vec![alice.pepper().await];
        for _ in 0..2 {
            world.clock.advance(PEPPER);
            until(PATIENCE, "no look-up after the change", async || server.get("/ready", None).await.status == 200).await;
            peppers.push(alice.pepper().await);
        }
        assert_eq!(peppers.iter().collect::<BTreeSet<_>>().len(), 3);
        for good in &peppers[1..] {
            assert_eq!(found(&alice, email, good).await, (200, Some(alice.mxid.clone())));
        }
        let asked = json!({ "algorithm": "sha256", "pepper": peppers[0], "addresses": [hash(email, &peppers[0])] });
        let answer = alice.post("/lookup", asked).await;
        assert_eq!(answer.error(), (400, "M_INVALID_PEPPER"));
        assert_eq!((&answer.body["algorithm"], &answer.body["lookup_pepper"]), (&json!("sha256"), &json!(peppers[2])));
        // An unbound address is found with neither.
        world.mail.forget();
        alice.unbinds(email).await.ok();
        for good in &peppers[1..] {
            assert_eq!(found(&alice, email, good).await, (200, None));
        }
        // A restart does not change the pepper.
        let (token, mxid) = (alice.token.clone(), alice.mxid.clone());
        drop(alice);
        server.stop().await;
        let server = world.start().await;
        let alice = Person { world: &world, server: &server, mxid, token };
        assert_eq!(alice.pepper().await, peppers[2]);
    }

    async fn pepper_rotation_delays_no_look_up(world: World) {
        let server = world.start().await;
        let alice = world.person(&server, "alice").await;
        let email = "alice@example.com";
        alice.binds(email).await;
        let old = alice.pepper().await;
        // The next directory is built shortly before the rotation, which cannot be observed from
        // outside; of the five minutes it has, one second passes here.
        world.clock.advance(PEPPER_LEFT - 5 * MINUTE);
        assert_eq!(found(&alice, email, &old).await.0, 200);
        tokio::time::sleep(SOON).await;
        // Bound while both directories exist.
        alice.binds("late@example.com").await;
        world.clock.advance(5 * MINUTE - 1);
        assert_eq!(alice.pepper().await, old);
        assert_eq!(found(&alice, email, &old).await, (200, Some(alice.mxid.clone())));
        world.clock.advance(1);
        let new = alice.pepper().await;
        assert_ne!(new, old);
        for pepper in [&new, &old] {
            for email in [email, "late@example.com"] {
                assert_eq!(found(&alice, email, pepper).await, (200, Some(alice.mxid.clone())));
            }
        }
        assert_eq!(server.get("/ready", None).await.status, 200);
    }

    async fn setting_the_clock_back_makes_nothing_valid_again(world: World) {
        let mut world = world;
        let server = world.start().await;
        let alice = world.person(&server, "alice").await;
        let email = "alice@example.com";
        let sid = alice.proves(email).await;
        let first = alice.pepper().await;
        world.clock.advance(2 * PEPPER);
        until(PATIENCE, "no look-up after the change", async || server.get("/ready", None).await.status == 200).await;
        let now = alice.pepper().await;
        let validated = format!("/3pid/getValidated3pid?sid={sid}&client_secret={SECRET}");
        assert_ne!(alice.get(&validated).await.status, 200);
        // While it runs: it answers nothing until the clock is right.
        world.clock.step(-2 * PEPPER);
        assert_eq!(alice.get("/hash_details").await.status, 503);
        assert_eq!(alice.get(&validated).await.status, 503);
        world.clock.step(2 * PEPPER);
        server.until_ready().await;
        assert_eq!(alice.pepper().await, now);
        assert_ne!(alice.get(&validated).await.status, 200);
        let (token, mxid) = (alice.token.clone(), alice.mxid.clone());
        drop(alice);
        server.stop().await;

        // And across a restart: a new process reads the latest time from the database.
        world.clock = vouch::clock::Clock::stopped_at(crate::world::NOON + SECOND);
        let server = Server::start(world.config.clone(), world.clock.clone());
        let alice = Person { world: &world, server: &server, mxid, token };
        assert_eq!(found(&alice, email, &first).await.0, 503);
        assert_eq!(alice.get(&validated).await.status, 503);
        world.clock.advance(2 * PEPPER);
        server.until_ready().await;
        assert_eq!(alice.pepper().await, now);
        assert_eq!(found(&alice, email, &first).await.0, 400);
        assert_ne!(alice.get(&validated).await.status, 200);
    }

    async fn a_token_unused_for_a_year_has_expired(world: World) {
        let mut world = world;
        let server = world.start().await;
        let alice = world.person(&server, "alice").await;
        world.clock.advance(365 * DAY - SECOND);
        alice.get("/account").await.ok();
        world.clock.advance(365 * DAY + SECOND);
        assert_eq!(alice.get("/account").await.error(), (401, "M_UNAUTHORIZED"));
        let (token, mxid) = (alice.token.clone(), alice.mxid.clone());
        drop(alice);
        server.stop().await;
        world.clock = vouch::clock::Clock::stopped_at(crate::world::NOON + DAY);
        let server = Server::start(world.config.clone(), world.clock.clone());
        let alice = Person { world: &world, server: &server, mxid, token };
        assert_eq!(alice.get("/account").await.status, 503);
    }

    async fn another_master_key_is_refused_before_anything_is_written(world: World) {
        world.start().await.stop().await;
        let mut keys = world.config.keys.clone();
        keys.master_key_file = world.folder.path().join("another.key");
        fs::write(&keys.master_key_file, "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=").unwrap();
        let error = Server::try_start(Config { keys: keys.clone(), ..world.config.clone() }, world.clock.clone());
        assert!(error.err().unwrap().contains("another master key"));
        // A missing key is not replaced either.
        keys.master_key_file = world.folder.path().join("missing.key");
        let error = Server::try_start(Config { keys: keys.clone(), ..world.config.clone() }, world.clock.clone());
        assert!(error.err().unwrap().contains("missing.key"));
        assert!(!keys.master_key_file.exists());
        world.start().await.stop().await;
    }
}

on_both_backends! {
    async fn a_node_whose_clock_lags_slightly_accepts_the_next_pepper(world: World) {
        let change = crate::world::NOON + PEPPER_LEFT;
        let mut world = world;
        world.clock = vouch::clock::Clock::stopped_at(change - 2 * SECOND);
        let behind = world.start().await;
        let alice = world.person(&behind, "alice").await;
        alice.binds("alice@example.com").await;
        let (mxid, token) = (alice.mxid.clone(), alice.token.clone());
        drop(alice);
        world.clock = vouch::clock::Clock::stopped_at(change + SECOND);
        let ahead = world.start().await;
        let on = |server| Person { world: &world, server, mxid: mxid.clone(), token: token.clone() };
        let pepper = on(&ahead).pepper().await;
        assert_ne!(on(&behind).pepper().await, pepper);
        let hash = hash("alice@example.com", &pepper);
        let asked = json!({ "algorithm": "sha256", "pepper": pepper, "addresses": [hash] });
        assert_eq!(on(&behind).post("/lookup", asked).await.ok()["mappings"][&hash], mxid);
    }

    async fn a_node_with_a_different_signing_key_starts_only_with_both_keys(world: World) {
        let server = world.start().await;
        world.person(&server, "alice").await.binds("alice@example.com").await;
        server.stop().await;
        let old = fs::read_to_string(&world.config.keys.signing_key_file).unwrap();
        let new = "ed25519 new YJDBA9Xnr2sVqXD9Vj7XVUnmFZcZrlw8Md7kMW+3XA1\n";
        fs::write(&world.config.keys.signing_key_file, new).unwrap();
        let error = Server::try_start(world.config.clone(), world.clock.clone()).err().unwrap();
        assert!(error.contains("signing key") && error.contains("signing.key"), "{error}");
        // The new key signs and the old one is still known; after that the old one may be removed.
        for text in [format!("{new}{old}"), new.to_owned()] {
            fs::write(&world.config.keys.signing_key_file, text).unwrap();
            let server = world.start().await;
            let key = server.get("/_matrix/identity/v2/pubkey/ed25519:new", None).await;
            assert_eq!(key.status, 200);
            server.stop().await;
        }
    }
}
