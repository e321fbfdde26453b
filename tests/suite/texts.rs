//! Rate limits of text messages, which cost money.

use std::fs;

use reqwest::Method;
use serde_json::json;
use vouch::clock::{DAY, HOUR, MINUTE};
use vouch::config::{Area, Bucket, Route};

use crate::database::count;
use crate::deferred_erasure::asks_for_erasure;
use crate::invitations::invitation;
use crate::notices::PATIENCE;
use crate::phones::{SUBMIT, asked, sid};
use crate::world::{Answer, Person, SECRET, Text, World, until};

const REQUEST: &str = "/validate/msisdn/requestToken";

/// Two at once, then one a minute.
const TWO: Bucket = Bucket { capacity: 2, per_hour: 60 };
const ONE: Bucket = Bucket { capacity: 1, per_hour: 60 };
/// The same in a limit that newcomers may fill by half.
const TWO_OF_FOUR: Bucket = Bucket { capacity: 4, per_hour: 60 };
const ONE_OF_TWO: Bucket = Bucket { capacity: 2, per_hour: 60 };

async fn asks_from(person: &Person<'_>, network: &str, number: &str, attempt: u32) -> Answer {
    let path = format!("/_matrix/identity/v2{REQUEST}");
    let request = person.server.request(Method::POST, &path, Some(&person.token)).json(&asked(number, attempt));
    person.server.send(request.header("X-Forwarded-For", network)).await
}

async fn asks(person: &Person<'_>, number: &str, attempt: u32) -> Answer {
    asks_from(person, "198.51.100.1", number, attempt).await
}

async fn invites(person: &Person<'_>, msisdn: &str) -> Answer {
    let mut asked = invitation(person, msisdn);
    asked["medium"] = "msisdn".into();
    person.post("/store-invite", asked).await
}

/// Validates a number that has had no text yet, and binds it.
async fn binds_number(person: &Person<'_>, number: &str) {
    let sid = sid(asks(person, number, 1).await);
    let code = person.world.texts().iter().find(|text| text.to.ends_with(&number[1..])).unwrap().code();
    person.post(SUBMIT, json!({ "sid": sid, "client_secret": SECRET, "token": code })).await.ok();
    person.binds_by(&sid).await.ok();
}

/// Waits until an attempt was made at everything that is due.
async fn until_attempted(world: &World) {
    let due = format!("outbox WHERE next_at <= {}", world.clock.now());
    until(PATIENCE, "it is not attempted", async || count(world, &due).await == 0).await;
}

#[track_caller]
fn assert_must_wait(answer: &Answer, millis: i64) {
    assert_eq!(answer.error(), (429, "M_LIMIT_EXCEEDED"), "{}", answer.text);
    assert_eq!(answer.headers["retry-after"], ((millis + 999) / 1000).to_string().as_str());
    assert_eq!(answer.body["retry_after_ms"], millis);
}

on_both_backends! {
    async fn a_number_gets_five_texts_then_one_an_hour(world: World) {
        let server = world.start().await;
        let (alice, bob) = (world.person(&server, "alice").await, world.person(&server, "bob").await);
        for attempt in [1, 1, 2, 3, 3] {
            // A request that sends no text is not charged.
            asks(&alice, "07700900001", attempt).await.ok();
        }
        for attempt in [1, 2] {
            asks(&bob, "+44 7700 900001", attempt).await.ok();
        }
        assert_must_wait(&asks(&alice, "07700900001", 4).await, HOUR);
        assert_eq!(world.texts().len(), 5);
        asks(&alice, "07700900002", 1).await.ok();
        world.clock.advance(HOUR - 1);
        assert_must_wait(&asks(&bob, "07700900001", 3).await, 1);
        world.clock.advance(1);
        asks(&bob, "07700900001", 3).await.ok();
        assert_eq!(world.texts().len(), 7);
    }

    async fn a_user_can_request_ten_texts_then_two_an_hour(world: World) {
        let server = world.start().await;
        let (alice, bob) = (world.person(&server, "alice").await, world.person(&server, "bob").await);
        for n in 0..10 {
            asks(&alice, &format!("0770090001{n}"), 1).await.ok();
        }
        assert_must_wait(&asks(&alice, "07700900020", 1).await, HOUR / 2);
        asks(&bob, "07700900020", 1).await.ok();
        // Mails are limited separately.
        alice.asks_to_prove("alice@example.com").await;
        world.clock.advance(HOUR / 2);
        asks(&alice, "07700900020", 1).await.ok();
        assert_eq!(world.texts().len(), 12);
    }

    async fn texts_to_a_country_are_limited(world: World) {
        let mut world = world;
        world.config.budgets.texts_country = TWO_OF_FOUR;
        let server = world.start().await;
        let (alice, bob) = (world.person(&server, "alice").await, world.person(&server, "bob").await);
        asks(&alice, "07700900001", 1).await.ok();
        asks(&bob, "07700900002", 1).await.ok();
        assert_must_wait(&asks(&alice, "07700900003", 1).await, MINUTE);
        // A calling code counts as one country even if two share it.
        for (number, status) in [("+1 650 253 0000", 200), ("+1 416 555 0123", 200), ("+1 212 555 0123", 429)] {
            assert_eq!(asks(&bob, number, 1).await.status, status, "{number}");
        }
        world.clock.advance(MINUTE);
        asks(&alice, "07700900003", 1).await.ok();
        assert_eq!(world.texts().len(), 5);
    }

    async fn an_invitation_by_text_counts_towards_the_country_but_not_the_number(world: World) {
        let mut world = world;
        world.config.budgets.texts_country = TWO_OF_FOUR;
        world.config.budgets.texts_number = ONE;
        let server = world.start().await;
        let (alice, bob) = (world.person(&server, "alice").await, world.person(&server, "bob").await);
        assert_eq!(invites(&alice, "447700900001").await.status, 200);
        asks(&bob, "07700900001", 1).await.ok();
        assert_must_wait(&asks(&bob, "07700900002", 1).await, MINUTE);
        assert_must_wait(&invites(&alice, "447700900003").await, MINUTE);
        assert_eq!(world.texts().len(), 2);
    }

    async fn texts_requested_from_a_network_are_limited(world: World) {
        let mut world = world;
        world.config.budgets.texts_network = TWO;
        world.config.server.trusted_proxies = vec!["127.0.0.1/32".parse().unwrap()];
        let server = world.start().await;
        let (alice, bob) = (world.person(&server, "alice").await, world.person(&server, "bob").await);
        asks_from(&alice, "203.0.113.1", "07700900001", 1).await.ok();
        asks_from(&bob, "203.0.113.200", "07700900002", 1).await.ok();
        assert_must_wait(&asks_from(&alice, "203.0.113.77", "07700900003", 1).await, MINUTE);
        asks_from(&alice, "203.0.114.77", "07700900003", 1).await.ok();
        world.clock.advance(MINUTE);
        asks_from(&alice, "203.0.113.77", "07700900003", 2).await.ok();
        assert_eq!(world.texts().len(), 4);
    }

    async fn the_daily_number_of_texts_is_limited(world: World) {
        let mut world = world;
        world.config.budgets.texts_server = Bucket { capacity: 12, per_hour: 1 };
        world.config.budgets.texts_user = Bucket { capacity: 8_000, per_hour: 1_000 };
        let server = world.start().await;
        let alice = world.person(&server, "alice").await;
        let (mut sent, begun) = (0, world.clock.now());
        // To any country, in every quarter of an hour. Newcomers may cause half at once.
        while world.clock.now() < begun + DAY {
            for number in ["07700900001", "+1 650 253 0000", "+49 151 23456789"] {
                let attempt = u32::try_from((world.clock.now() - begun) / MINUTE).unwrap() + 1;
                sent += usize::from(asks(&alice, number, attempt).await.status == 200);
            }
            world.clock.advance(15 * MINUTE);
        }
        assert_eq!((sent, world.texts().len()), (6 + 23, 6 + 23));
    }

    async fn a_refused_text_is_charged_to_no_recipient(world: World) {
        let mut world = world;
        world.config.budgets.texts_country = TWO_OF_FOUR;
        world.config.budgets.texts_number = ONE;
        let server = world.start().await;
        let (alice, bob) = (world.person(&server, "alice").await, world.person(&server, "bob").await);
        asks(&alice, "07700900001", 1).await.ok();
        for _ in 0..3 {
            // The number's limit is reached; the country is not charged.
            assert_must_wait(&asks(&bob, "07700900001", 1).await, MINUTE);
        }
        asks(&bob, "07700900002", 1).await.ok();
        for _ in 0..3 {
            // The country's limit is reached; the number is not charged.
            assert_must_wait(&asks(&bob, "07700900003", 1).await, MINUTE);
        }
        world.clock.advance(MINUTE);
        asks(&bob, "07700900003", 1).await.ok();
        assert_eq!(world.texts().len(), 3);
    }

    async fn a_refused_user_is_charged_to_no_number(world: World) {
        let mut world = world;
        world.config.budgets.texts_user = ONE;
        world.config.budgets.texts_number = ONE;
        let server = world.start().await;
        let (alice, bob) = (world.person(&server, "alice").await, world.person(&server, "bob").await);
        asks(&bob, "07700900002", 1).await.ok();
        for _ in 0..3 {
            assert_must_wait(&asks(&bob, "07700900001", 1).await, MINUTE);
        }
        asks(&alice, "07700900001", 1).await.ok();
    }

    async fn a_text_that_failed_is_charged_only_to_its_asker(world: World) {
        let mut world = world;
        world.config.budgets.texts_number = ONE;
        world.config.budgets.texts_country = ONE_OF_TWO;
        world.config.budgets.texts_server = ONE_OF_TWO;
        world.config.budgets.texts_user = TWO;
        let server = world.start().await;
        let (alice, bob) = (world.person(&server, "alice").await, world.person(&server, "bob").await);
        let (there, away) = (world.folder.path().join("sms"), world.folder.path().join("away"));
        fs::rename(&there, &away).unwrap();
        for _ in 0..2 {
            assert_eq!(asks(&alice, "07700900001", 1).await.error(), (400, "M_SEND_ERROR"));
        }
        assert_must_wait(&asks(&alice, "07700900001", 1).await, MINUTE);
        fs::rename(&away, &there).unwrap();
        asks(&bob, "07700900001", 1).await.ok();
        assert_must_wait(&asks(&bob, "07700900001", 2).await, MINUTE);
    }

    async fn a_rejected_destination_is_not_charged(world: World) {
        let mut world = world;
        world.config.sms.rules = [(Area::Anywhere, Route::Directory), (Area::Prefix("1".to_owned()), Route::Reject)].into();
        world.config.budgets.texts_user = ONE;
        let server = world.start().await;
        let alice = world.person(&server, "alice").await;
        for _ in 0..3 {
            assert_eq!(asks(&alice, "+1 650 253 0000", 1).await.error(), (400, "M_DESTINATION_REJECTED"));
        }
        assert_eq!(count(&world, "sessions").await, 0);
        asks(&alice, "07700900001", 1).await.ok();
        assert_eq!(world.texts().len(), 1);
    }

    async fn alerts_that_new_accounts_cause_leave_texts_for_settled_people(world: World) {
        let mut world = world;
        world.config.budgets.texts_country = Bucket { capacity: 60, per_hour: 10 };
        world.config.budgets.messages_address = Bucket { capacity: 100, per_hour: 100 };
        let server = world.start().await;
        let settled = world.person(&server, "settled").await;
        binds_number(&settled, "07700900100").await;
        world.clock.advance(8 * DAY);
        server.until_ready().await;
        let mut newcomers = Vec::new();
        for n in 0..10 {
            let newcomer = world.person(&server, &format!("newcomer{n}")).await;
            binds_number(&newcomer, &format!("0770090000{n}")).await;
            newcomers.push(newcomer);
        }
        for (n, newcomer) in newcomers.iter().enumerate() {
            let email = format!("n{n}@evil.example");
            let sid = newcomer.proves(&email).await;
            let threepid = json!({ "medium": "email", "address": email });
            let unbind = json!({ "sid": sid, "client_secret": SECRET, "mxid": newcomer.mxid, "threepid": threepid });
            for _ in 0..5 {
                newcomer.binds_by(&sid).await.ok();
                newcomer.post("/3pid/unbind", unbind.clone()).await.ok();
            }
        }
        until_attempted(&world).await;
        let additions = || world.texts().iter().filter(|text| text.body.contains("/not-me?") && text.to != "447700900100").count();
        let told = additions();
        assert!(told > 0, "some are told at once");
        asks(&settled, "07700900101", 1).await.ok();
        asks_for_erasure(&world.newcomer(&server, "settled").await).await.ok();
        let is_it = |text: &Text| text.to == "447700900100" && text.body.contains("/erasure?");
        until(PATIENCE, "the erasure is not told", async || world.texts().iter().any(is_it)).await;
        // Those that had to wait are told before the new address counts.
        for _ in 0..8 {
            world.clock.advance(8 * HOUR);
            server.until_ready().await;
            until_attempted(&world).await;
        }
        assert_eq!((additions(), count(&world, "outbox").await), (10 * 5 + 10, 0), "{told} at once");
    }

    async fn texts_requested_concurrently_on_two_nodes_are_all_counted(world: World) {
        let mut world = world;
        world.config.budgets.texts_server = Bucket { capacity: 20, per_hour: 1 };
        world.config.budgets.texts_user = Bucket { capacity: 8_000, per_hour: 1_000 };
        let (one, other) = (world.start().await, world.start().await);
        let here = world.person(&one, "alice").await;
        let there = Person { world: &world, server: &other, mxid: here.mxid.clone(), token: here.token.clone() };
        let answers = futures_util::future::join_all((0..24).map(|n| {
            let person = if n % 2 == 0 { &here } else { &there };
            async move { asks(person, &format!("077009001{n:02}"), 1).await }
        }));
        let answers = answers.await;
        let sent = answers.iter().filter(|answer| answer.status == 200).count();
        assert_eq!((sent, world.texts().len()), (10, 10));
        for answer in answers.iter().filter(|answer| answer.status != 200) {
            assert_must_wait(answer, HOUR);
        }
    }
}

#[test]
fn the_daily_limit_is_the_documented_one() {
    let budgets = vouch::config::Config::default().budgets;
    let a_day = |bucket: Bucket| bucket.capacity + 24 * bucket.per_hour;
    let (server, country) = (a_day(budgets.texts_server), a_day(budgets.texts_country));
    assert_eq!((server, country), (980, 440));
    let example = fs::read_to_string("vouch.example.toml").unwrap();
    for sentence in [format!("so {server} messages."), format!("At most {country} per day.")] {
        assert!(example.contains(&sentence), "{sentence:?} is not in the example");
    }
    assert_eq!(json!([budgets.texts_number.capacity, budgets.texts_number.per_hour]), json!([5, 1]));
}
