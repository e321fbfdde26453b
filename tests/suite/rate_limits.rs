//! Rate limits on how much a stranger may look up.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use futures_util::future::join_all;
use reqwest::Method;
use serde_json::json;
use sha2::{Digest as _, Sha256};
use vouch::clock::{DAY, HOUR, MINUTE};
use vouch::config::Bucket;

use crate::database::{execute, texts};
use crate::lookup::hex;
use crate::program::PATIENCE;
use crate::world::{Answer, Person, World, hash, until};

const TIGHT: Bucket = Bucket { capacity: 10, per_hour: 1 };
/// A bucket small enough that nothing is charged in advance.
const SMALL: Bucket = Bucket { capacity: 99, per_hour: 1 };
/// A network's bucket, of which one account that looks up many may fill ten.
const NETWORK: Bucket = Bucket { capacity: 28, per_hour: 1 };

/// Returns `n` hashes that nobody has looked up before.
fn new(n: usize) -> Vec<String> {
    static NEXT: AtomicU64 = AtomicU64::new(0);
    let hash = |_| BASE64_URL_SAFE_NO_PAD.encode(Sha256::digest(NEXT.fetch_add(1, Ordering::Relaxed).to_be_bytes()));
    (0..n).map(hash).collect()
}

async fn looks_up(person: &Person<'_>, addresses: &[String]) -> Answer {
    looks_up_through(person, addresses, &[]).await
}

/// Makes a look-up with these `X-Forwarded-For` headers.
async fn looks_up_through(person: &Person<'_>, addresses: &[String], forwarded_for: &[&str]) -> Answer {
    let body = json!({ "algorithm": "sha256", "pepper": person.pepper().await, "addresses": addresses });
    let mut request =
        person.server.request(Method::POST, "/_matrix/identity/v2/lookup", Some(&person.token)).json(&body);
    for addresses in forwarded_for {
        request = request.header("X-Forwarded-For", *addresses);
    }
    person.server.send(request).await
}

/// Checks that a look-up exceeds a limit. Returns `retry_after_ms`.
#[track_caller]
fn refused(answer: &Answer) -> i64 {
    assert_eq!(answer.error(), (429, "M_LIMIT_EXCEEDED"), "{}", answer.text);
    let wait = answer.body["retry_after_ms"].as_i64().unwrap();
    assert_eq!(answer.headers["retry-after"], ((wait + 999) / 1000).to_string().as_str());
    wait
}

on_both_backends! {
    async fn an_account_looks_up_64_000_addresses_and_then_250_an_hour(world: World) {
        let server = world.start().await;
        let alice = world.person(&server, "alice").await;
        for n in [10_000, 10_000, 10_000, 10_000, 10_000, 10_000, 4_000] {
            looks_up(&alice, &new(n)).await.ok();
        }
        // Two of so many may look alike, and count as one.
        refused(&looks_up(&alice, &new(20)).await);
        world.clock.advance(HOUR);
        looks_up(&alice, &new(250)).await.ok();
        refused(&looks_up(&alice, &new(20)).await);
    }

    async fn a_refused_look_up_is_answered_exactly_when_announced(mut world: World) {
        world.config.budgets.lookup_user = Bucket { capacity: 99, per_hour: 250 };
        let server = world.start().await;
        let alice = world.person(&server, "alice").await;
        looks_up(&alice, &new(99)).await.ok();
        for _ in 0..2 {
            assert_eq!(refused(&looks_up(&alice, &new(1)).await), 14_400);
            world.clock.advance(14_399);
            assert_eq!(refused(&looks_up(&alice, &new(1)).await), 1);
            world.clock.advance(1);
            looks_up(&alice, &new(1)).await.ok();
        }
    }

    async fn a_look_up_that_is_refused_is_not_charged_in_part(mut world: World) {
        world.config.budgets.lookup_user = TIGHT;
        let server = world.start().await;
        let alice = world.person(&server, "alice").await;
        looks_up(&alice, &new(8)).await.ok();
        let too_many = new(3);
        refused(&looks_up(&alice, &too_many).await);
        looks_up(&alice, &too_many[..2]).await.ok();
        refused(&looks_up(&alice, &too_many[2..]).await);
    }

    async fn repeated_look_ups_are_free_and_a_users_own_addresses_are_charged_as_any_others(mut world: World) {
        world.config.budgets.lookup_user = TIGHT;
        let server = world.start().await;
        let alice = world.person(&server, "alice").await;
        alice.binds("one@example.com").await;
        let own = hash("one@example.com", &alice.pepper().await);
        let mut asked = new(9);
        asked.push(own.clone());
        looks_up(&alice, &asked).await.ok();
        looks_up(&alice, &asked).await.ok();
        // Otherwise, somebody with a token of hers could find out what her addresses are.
        let thief = world.person(&server, "alice").await;
        let (known, unknown) = (looks_up(&thief, &[own]).await, looks_up(&thief, &new(1)).await);
        assert_eq!(refused(&known), refused(&unknown));
        let bob = world.person(&server, "bob").await;
        looks_up(&bob, &asked).await.ok();
        refused(&looks_up(&bob, &new(1)).await);
    }

    async fn limits_that_a_wrong_clock_has_filled_for_weeks_drain_from_now_on(mut world: World) {
        world.config.budgets.lookup_user = TIGHT;
        let server = world.start().await;
        let alice = world.person(&server, "alice").await;
        looks_up(&alice, &new(1)).await.ok();
        let token = alice.token.clone();
        drop(alice);
        server.stop().await;
        let later = 20 * DAY * 1000;
        let shift = format!("UPDATE rate_limits SET empty_at = empty_at + {later} WHERE kind = 'lookup:user'");
        execute(&world, &shift).await;
        let server = world.start().await;
        let alice = Person { world: &world, server: &server, mxid: world.homeserver.user_id("alice"), token };
        refused(&looks_up(&alice, &new(1)).await);
        world.clock.advance(11 * MINUTE);
        let beyond = format!(
            "SELECT 'beyond' AS text FROM rate_limits WHERE kind = 'lookup:user' AND empty_at > {}",
            (world.clock.now() + DAY) * 1000
        );
        until(PATIENCE, "the level stays", async || {
            world.clock.advance(1);
            texts(&world, &beyond).await.is_empty()
        })
        .await;
        refused(&looks_up(&alice, &new(1)).await);
        world.clock.advance(61 * MINUTE);
        looks_up(&alice, &new(1)).await.ok();
    }

    async fn an_invalid_look_up_is_not_charged(mut world: World) {
        world.config.budgets.lookup_user = TIGHT;
        let server = world.start().await;
        let alice = world.person(&server, "alice").await;
        let pepper = alice.pepper().await;
        for (body, errcode) in [
            (json!({ "algorithm": "sha256", "pepper": "wrong", "addresses": new(10) }), "M_INVALID_PEPPER"),
            (json!({ "algorithm": "md5", "pepper": pepper, "addresses": new(10) }), "M_INVALID_PARAM"),
            (json!({ "algorithm": "sha256", "pepper": pepper, "addresses": new(10_001) }), "M_INVALID_PARAM"),
        ] {
            assert_eq!(alice.post("/lookup", body).await.error(), (400, errcode));
        }
        looks_up(&alice, &new(10)).await.ok();
    }

    async fn the_users_of_a_homeserver_share_a_limit(mut world: World) {
        // A new domain has 30 %: 200.
        world.config.budgets.lookup_homeserver = Bucket { capacity: 667, per_hour: 5 };
        world.config.budgets.lookup_user = SMALL;
        let server = world.start().await;
        let (alice, bob) = (world.person(&server, "alice").await, world.person(&server, "bob").await);
        refused(&looks_up(&alice, &new(71)).await);
        looks_up(&alice, &new(70)).await.ok();
        // An account that has used little may use what others must leave free.
        refused(&looks_up(&bob, &new(6)).await);
        looks_up(&bob, &new(5)).await.ok();
        refused(&looks_up(&bob, &new(1)).await);
    }

    async fn accounts_of_another_week_share_nothing_with_a_crowd_on_their_homeserver(mut world: World) {
        world.config.budgets.lookup_homeserver = Bucket { capacity: 1_000, per_hour: 1 };
        world.config.budgets.lookup_network = Bucket { capacity: 1_000, per_hour: 1 };
        world.config.budgets.lookup_user = SMALL;
        let server = world.start().await;
        let alice = world.person(&server, "alice").await;
        world.clock.advance(7 * DAY);
        server.until_ready().await;
        for number in 0..26 {
            let attacker = world.person(&server, &format!("mallory{number}")).await;
            while looks_up(&attacker, &new(20)).await.status == 200 {}
        }
        looks_up(&alice, &new(80)).await.ok();
    }

    async fn a_trusted_homeserver_has_no_limit(mut world: World) {
        world.config.budgets.lookup_homeserver = TIGHT;
        world.config.budgets.lookup_user = Bucket { capacity: 20, per_hour: 1 };
        world.config.budgets.trusted_homeservers = vec!["hs.example".try_into().unwrap()];
        let server = world.start().await;
        let (alice, bob) = (world.person(&server, "alice").await, world.person(&server, "bob").await);
        looks_up(&alice, &new(20)).await.ok();
        looks_up(&bob, &new(20)).await.ok();
        refused(&looks_up(&bob, &new(1)).await);
    }

    async fn the_limit_of_the_server_is_enforced_and_newcomers_fill_half(mut world: World) {
        world.config.budgets.lookup_server = Bucket { capacity: 200, per_hour: 1 };
        world.config.budgets.lookup_user = SMALL;
        let server = world.start().await;
        let (alice, bob) = (world.person(&server, "alice").await, world.person(&server, "bob").await);
        // Of the half that is 100, an account that looks up many may fill 35.
        refused(&looks_up(&alice, &new(36)).await);
        looks_up(&alice, &new(35)).await.ok();
        looks_up(&bob, &new(5)).await.ok();
        refused(&looks_up(&alice, &new(1)).await);
        // All have drained in a week, and a settled account may use the half that is kept for it.
        world.clock.advance(7 * DAY);
        server.until_ready().await;
        let carol = world.person(&server, "carol").await;
        looks_up(&carol, &new(35)).await.ok();
        looks_up(&alice, &new(35)).await.ok();
        refused(&looks_up(&carol, &new(1)).await);
        refused(&looks_up(&alice, &new(1)).await);
    }

    async fn a_network_has_a_limit_and_trusted_proxies_name_the_network(mut world: World) {
        world.config.budgets.lookup_network = NETWORK;
        world.config.server.trusted_proxies = vec!["127.0.0.0/8".parse().unwrap(), "10.0.0.0/8".parse().unwrap()];
        world.config.budgets.lookup_user = SMALL;
        let server = world.start().await;
        let (alice, bob) = (world.person(&server, "alice").await, world.person(&server, "bob").await);
        looks_up_through(&alice, &new(10), &["203.0.113.1"]).await.ok();
        refused(&looks_up_through(&bob, &new(6), &["203.0.113.254"]).await);
        // Anybody can write what precedes the last address that is not a trusted proxy's.
        refused(&looks_up_through(&bob, &new(6), &["198.51.100.7, 203.0.113.1"]).await);
        refused(&looks_up_through(&bob, &new(6), &["198.51.100.7", "203.0.113.1, 10.1.1.1"]).await);
        looks_up_through(&bob, &new(10), &["198.51.100.7, 10.1.1.1"]).await.ok();
        looks_up_through(&bob, &new(10), &["2001:db8:1:1::1"]).await.ok();
        refused(&looks_up_through(&bob, &new(1), &["2001:db8:1:ffff::2"]).await);
        looks_up(&bob, &new(10)).await.ok();
    }

    async fn forwarded_headers_of_an_untrusted_peer_are_ignored(mut world: World) {
        world.config.budgets.lookup_network = NETWORK;
        world.config.budgets.lookup_user = SMALL;
        let server = world.start().await;
        let alice = world.person(&server, "alice").await;
        looks_up_through(&alice, &new(10), &["203.0.113.1"]).await.ok();
        refused(&looks_up_through(&alice, &new(1), &["198.51.100.7"]).await);
        refused(&looks_up(&alice, &new(1)).await);
    }

    async fn a_restart_neither_forgives_nor_charges_anything(mut world: World) {
        // Enough capacity that a node charges some of it in advance.
        world.config.budgets.lookup_user = Bucket { capacity: 1_000, per_hour: 1 };
        let server = world.start().await;
        let token = world.person(&server, "alice").await.token;
        let mut asked = 0;
        let mut server = Some(server);
        for n in [1, 2, 500] {
            let running = server.take().unwrap();
            let alice = Person { world: &world, server: &running, mxid: world.homeserver.user_id("alice"), token: token.clone() };
            looks_up(&alice, &new(n)).await.ok();
            asked += n;
            running.stop().await;
            server = Some(world.start().await);
        }
        let running = server.unwrap();
        let alice = Person { world: &world, server: &running, mxid: world.homeserver.user_id("alice"), token };
        refused(&looks_up(&alice, &new(1_000 - asked + 1)).await);
        looks_up(&alice, &new(1_000 - asked)).await.ok();
        refused(&looks_up(&alice, &new(1)).await);
    }

    async fn two_nodes_share_a_limit(mut world: World) {
        world.config.budgets.lookup_user = TIGHT;
        let (one, other) = (world.start().await, world.start().await);
        let here = world.person(&one, "alice").await;
        let there = Person { world: &world, server: &other, mxid: here.mxid.clone(), token: here.token.clone() };
        looks_up(&here, &new(8)).await.ok();
        refused(&looks_up(&there, &new(3)).await);
        looks_up(&there, &new(2)).await.ok();
        refused(&looks_up(&here, &new(1)).await);
    }

    async fn concurrent_requests_are_all_charged(mut world: World) {
        world.config.budgets.lookup_user = TIGHT;
        let server = world.start().await;
        let alice = world.person(&server, "alice").await;
        let answers = join_all((0..20).map(|_| async { looks_up(&alice, &new(1)).await })).await;
        let accepted = answers.iter().filter(|answer| answer.status == 200).count();
        assert_eq!(accepted, 10);
        assert!(answers.iter().filter(|answer| answer.status != 200).all(|answer| refused(answer) == HOUR));
    }

    async fn concurrent_requests_on_two_nodes_never_exceed_a_limit(mut world: World) {
        // A new domain has 30 %: 200.
        world.config.budgets.lookup_homeserver = Bucket { capacity: 667, per_hour: 5 };
        let (one, other) = (world.start().await, world.start().await);
        let people = [world.person(&one, "alice").await, world.person(&other, "bob").await];
        let requests = || async {
            let addresses = new(60);
            let requests = addresses.chunks(2).zip(people.iter().cycle());
            join_all(requests.map(|(address, person)| looks_up(person, address))).await
        };
        let mut accepted = 0;
        for _ in 0..5 {
            for answer in requests().await {
                if answer.status == 200 {
                    accepted += 2;
                } else {
                    assert!(refused(&answer) <= 2 * HOUR);
                }
            }
        }
        assert_eq!(accepted, 200);
    }
}

#[tokio::test]
async fn a_request_has_10_000_addresses_at_most() {
    let mut world = World::on_sqlite().await;
    world.config.budgets.lookup_user = Bucket { capacity: 100_000, per_hour: 1 };
    let server = world.start().await;
    let alice = world.person(&server, "alice").await;
    looks_up(&alice, &new(10_000)).await.ok();
    assert_eq!(looks_up(&alice, &new(10_001)).await.error(), (400, "M_INVALID_PARAM"));
    // Hexadecimal hashes are longer.
    let hex: Vec<String> = (0..10_000_u64).map(|n| hex(&Sha256::digest(n.to_be_bytes()))).collect();
    looks_up(&alice, &hex).await.ok();
}

#[tokio::test]
async fn an_address_sent_10_000_times_is_charged_once() {
    let mut world = World::on_sqlite().await;
    world.config.budgets.lookup_user = Bucket { capacity: 2, per_hour: 1 };
    let server = world.start().await;
    let alice = world.person(&server, "alice").await;
    let duplicates = vec![new(1).remove(0); 10_000];
    let begun = Instant::now();
    looks_up(&alice, &duplicates).await.ok();
    assert!(begun.elapsed() < Duration::from_secs(5), "took {:?}", begun.elapsed());
    looks_up(&alice, &new(1)).await.ok();
    refused(&looks_up(&alice, &new(1)).await);
}

#[tokio::test]
async fn invalid_hashes_are_not_charged() {
    let mut world = World::on_sqlite().await;
    world.config.budgets.lookup_user = TIGHT;
    let server = world.start().await;
    let alice = world.person(&server, "alice").await;
    let nonsense: Vec<String> = (0..100).map(|n| format!("nonsense {n}")).collect();
    looks_up(&alice, &nonsense).await.ok();
    looks_up(&alice, &new(10)).await.ok();
}
