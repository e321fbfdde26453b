//! Budgets: what a stranger may look up.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use reqwest::Method;
use serde_json::json;
use sha2::{Digest as _, Sha256};
use vouch::clock::{DAY, HOUR};
use vouch::config::Bucket;

use crate::lookup::hex;
use crate::world::{Answer, Person, World, hash};

const TIGHT: Bucket = Bucket { capacity: 10, per_hour: 1 };

/// So many hashes that nobody has asked for before.
fn new(n: usize) -> Vec<String> {
    static NEXT: AtomicU64 = AtomicU64::new(0);
    let hash = |_| BASE64_URL_SAFE_NO_PAD.encode(Sha256::digest(NEXT.fetch_add(1, Ordering::Relaxed).to_be_bytes()));
    (0..n).map(hash).collect()
}

async fn asks(person: &Person<'_>, addresses: &[String]) -> Answer {
    asks_through(person, addresses, &[]).await
}

/// A look-up that came through these proxies, if one believes it.
async fn asks_through(person: &Person<'_>, addresses: &[String], forwarded_for: &[&str]) -> Answer {
    let body = json!({ "algorithm": "sha256", "pepper": person.pepper().await, "addresses": addresses });
    let mut request =
        person.server.request(Method::POST, "/_matrix/identity/v2/lookup", Some(&person.token)).json(&body);
    for addresses in forwarded_for {
        request = request.header("X-Forwarded-For", *addresses);
    }
    person.server.send(request).await
}

/// The answer of a look-up that does not fit, and when it will.
#[track_caller]
fn refused(answer: &Answer) -> i64 {
    assert_eq!(answer.error(), (429, "M_LIMIT_EXCEEDED"), "{}", answer.text);
    let wait = answer.body["retry_after_ms"].as_i64().unwrap();
    assert_eq!(answer.headers["retry-after"], ((wait + 999) / 1000).to_string().as_str());
    wait
}

on_both_backends! {
    async fn a_newcomer_looks_up_2000_addresses_and_then_50_an_hour(world: World) {
        let server = world.start().await;
        let alice = world.person(&server, "alice").await;
        asks(&alice, &new(2_000)).await.ok();
        for _ in 0..2 {
            assert_eq!(refused(&asks(&alice, &new(1)).await), 72_000);
            world.clock.advance(71_999);
            assert_eq!(refused(&asks(&alice, &new(1)).await), 1);
            world.clock.advance(1);
            asks(&alice, &new(1)).await.ok();
        }
        world.clock.advance(HOUR);
        asks(&alice, &new(50)).await.ok();
        refused(&asks(&alice, &new(1)).await);
    }

    async fn an_address_book_of_10_000_fits_an_account_that_is_a_week_old(world: World) {
        let server = world.start().await;
        let alice = world.person(&server, "alice").await;
        world.clock.advance(7 * DAY - 1);
        server.until_ready().await;
        refused(&asks(&alice, &new(2_001)).await);
        world.clock.advance(1);
        asks(&alice, &new(10_000)).await.ok();
        assert_eq!(refused(&asks(&alice, &new(1)).await), 72_000);
    }

    async fn all_or_nothing_is_charged(mut world: World) {
        world.config.budgets.lookup_newcomer = TIGHT;
        let server = world.start().await;
        let alice = world.person(&server, "alice").await;
        asks(&alice, &new(8)).await.ok();
        let too_many = new(3);
        refused(&asks(&alice, &too_many).await);
        asks(&alice, &too_many[..2]).await.ok();
        refused(&asks(&alice, &too_many[2..]).await);
    }

    async fn repeats_and_ones_own_addresses_are_free(mut world: World) {
        world.config.budgets.lookup_newcomer = TIGHT;
        let server = world.start().await;
        let alice = world.person(&server, "alice").await;
        alice.binds("one@example.com").await;
        let pepper = alice.pepper().await;
        let mut asked = new(10);
        asked.push(hash("one@example.com", &pepper));
        asks(&alice, &asked).await.ok();
        asks(&alice, &asked).await.ok();
        alice.binds("two@example.com").await;
        asks(&alice, &[hash("two@example.com", &pepper)]).await.ok();
        refused(&asks(&alice, &new(1)).await);
        let bob = world.person(&server, "bob").await;
        refused(&asks(&bob, &asked).await);
        asks(&bob, &asked[..10]).await.ok();
    }

    async fn what_is_refused_otherwise_is_not_charged(mut world: World) {
        world.config.budgets.lookup_newcomer = TIGHT;
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
        asks(&alice, &new(10)).await.ok();
    }

    async fn a_homeserver_has_a_budget_for_all_its_users(mut world: World) {
        world.config.budgets.lookup_homeserver = TIGHT;
        let server = world.start().await;
        let (alice, bob) = (world.person(&server, "alice").await, world.person(&server, "bob").await);
        asks(&alice, &new(6)).await.ok();
        refused(&asks(&bob, &new(5)).await);
        asks(&bob, &new(4)).await.ok();
        refused(&asks(&alice, &new(1)).await);
    }

    async fn a_trusted_homeserver_has_none(mut world: World) {
        world.config.budgets.lookup_homeserver = TIGHT;
        world.config.budgets.lookup_newcomer = Bucket { capacity: 20, per_hour: 1 };
        world.config.budgets.trusted_homeservers = vec!["hs.example".try_into().unwrap()];
        let server = world.start().await;
        let (alice, bob) = (world.person(&server, "alice").await, world.person(&server, "bob").await);
        asks(&alice, &new(20)).await.ok();
        asks(&bob, &new(20)).await.ok();
        refused(&asks(&bob, &new(1)).await);
    }

    async fn the_whole_server_stops_if_the_operator_wants_that(mut world: World) {
        world.config.budgets.lookup_server = TIGHT;
        let server = world.start().await;
        asks(&world.person(&server, "alice").await, &new(11)).await.ok();
        server.stop().await;
        world.config.budgets.stop_server = true;
        let server = world.start().await;
        let bob = world.person(&server, "bob").await;
        refused(&asks(&bob, &new(11)).await);
    }

    async fn a_network_has_a_budget_and_is_known_by_what_trusted_proxies_say(mut world: World) {
        world.config.budgets.lookup_network = TIGHT;
        world.config.server.trusted_proxies = vec!["127.0.0.0/8".parse().unwrap(), "10.0.0.0/8".parse().unwrap()];
        let server = world.start().await;
        let (alice, bob) = (world.person(&server, "alice").await, world.person(&server, "bob").await);
        asks_through(&alice, &new(10), &["203.0.113.1"]).await.ok();
        refused(&asks_through(&bob, &new(1), &["203.0.113.254"]).await);
        // What stands before the last address that is no trusted proxy, anybody can write.
        refused(&asks_through(&bob, &new(1), &["198.51.100.7, 203.0.113.1"]).await);
        refused(&asks_through(&bob, &new(1), &["198.51.100.7", "203.0.113.1, 10.1.1.1"]).await);
        asks_through(&bob, &new(10), &["198.51.100.7, 10.1.1.1"]).await.ok();
        asks_through(&bob, &new(10), &["2001:db8:1:1::1"]).await.ok();
        refused(&asks_through(&bob, &new(1), &["2001:db8:1:ffff::2"]).await);
        asks(&bob, &new(10)).await.ok();
    }

    async fn what_an_untrusted_peer_says_of_its_network_is_not_believed(mut world: World) {
        world.config.budgets.lookup_network = TIGHT;
        let server = world.start().await;
        let alice = world.person(&server, "alice").await;
        asks_through(&alice, &new(10), &["203.0.113.1"]).await.ok();
        refused(&asks_through(&alice, &new(1), &["198.51.100.7"]).await);
        refused(&asks(&alice, &new(1)).await);
    }

    async fn a_restart_forgives_nothing_and_a_clean_one_takes_nothing(mut world: World) {
        // So much capacity that a node takes some of it ahead.
        world.config.budgets.lookup_newcomer = Bucket { capacity: 1_000, per_hour: 1 };
        let server = world.start().await;
        let token = world.person(&server, "alice").await.token;
        let mut asked = 0;
        let mut server = Some(server);
        for n in [1, 2, 500] {
            let running = server.take().unwrap();
            let alice = Person { world: &world, server: &running, mxid: world.homeserver.user_id("alice"), token: token.clone() };
            asks(&alice, &new(n)).await.ok();
            asked += n;
            running.stop().await;
            server = Some(world.start().await);
        }
        let running = server.unwrap();
        let alice = Person { world: &world, server: &running, mxid: world.homeserver.user_id("alice"), token };
        refused(&asks(&alice, &new(1_000 - asked + 1)).await);
        asks(&alice, &new(1_000 - asked)).await.ok();
        refused(&asks(&alice, &new(1)).await);
    }

    async fn two_nodes_share_one_budget(mut world: World) {
        world.config.budgets.lookup_newcomer = TIGHT;
        let (one, other) = (world.start().await, world.start().await);
        let here = world.person(&one, "alice").await;
        let there = Person { world: &world, server: &other, mxid: here.mxid.clone(), token: here.token.clone() };
        asks(&here, &new(8)).await.ok();
        refused(&asks(&there, &new(3)).await);
        asks(&there, &new(2)).await.ok();
        refused(&asks(&here, &new(1)).await);
    }

    async fn requests_at_once_are_all_charged(mut world: World) {
        world.config.budgets.lookup_newcomer = TIGHT;
        let server = world.start().await;
        let alice = world.person(&server, "alice").await;
        let answers = futures_util::future::join_all((0..20).map(|_| async { asks(&alice, &new(1)).await })).await;
        let good = answers.iter().filter(|answer| answer.status == 200).count();
        assert_eq!(good, 10);
        assert!(answers.iter().filter(|answer| answer.status != 200).all(|answer| refused(answer) == HOUR));
    }
}

#[tokio::test]
async fn a_request_has_10_000_addresses_at_most() {
    let mut world = World::on_sqlite().await;
    world.config.budgets.lookup_newcomer = Bucket { capacity: 100_000, per_hour: 1 };
    let server = world.start().await;
    let alice = world.person(&server, "alice").await;
    asks(&alice, &new(10_000)).await.ok();
    assert_eq!(asks(&alice, &new(10_001)).await.error(), (400, "M_INVALID_PARAM"));
    // In hexadecimal they are longer.
    let hex: Vec<String> = (0..10_000_u64).map(|n| hex(&Sha256::digest(n.to_be_bytes()))).collect();
    asks(&alice, &hex).await.ok();
}

#[tokio::test]
async fn an_address_that_is_sent_10_000_times_is_charged_once() {
    let mut world = World::on_sqlite().await;
    world.config.budgets.lookup_newcomer = Bucket { capacity: 2, per_hour: 1 };
    let server = world.start().await;
    let alice = world.person(&server, "alice").await;
    let equal = vec![new(1).remove(0); 10_000];
    let begun = Instant::now();
    asks(&alice, &equal).await.ok();
    assert!(begun.elapsed() < Duration::from_secs(5), "took {:?}", begun.elapsed());
    asks(&alice, &new(1)).await.ok();
    refused(&asks(&alice, &new(1)).await);
}

#[tokio::test]
async fn what_is_no_hash_costs_nothing() {
    let mut world = World::on_sqlite().await;
    world.config.budgets.lookup_newcomer = TIGHT;
    let server = world.start().await;
    let alice = world.person(&server, "alice").await;
    let nonsense: Vec<String> = (0..100).map(|n| format!("nonsense {n}")).collect();
    asks(&alice, &nonsense).await.ok();
    asks(&alice, &new(10)).await.ok();
}
