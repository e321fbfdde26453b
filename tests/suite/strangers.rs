//! The page that sends a link to an address: strangers can use it and learn nothing.

use std::sync::atomic::Ordering;

use reqwest::Method;
use reqwest::header::CONTENT_TYPE;
use vouch::clock::{HOUR, MINUTE};
use vouch::config::{Area, Bucket, Config, Route};
use vouch_test_support::postgres::Cluster;

use crate::address_visitor::{FORM, SENT, Visitor, asks, encoded, is_link};
use crate::database::count;
use crate::invitations::invites;
use crate::notices::{ALICE, PATIENCE, moody};
use crate::undoing::heading;
use crate::world::{Answer, Server, World, until};

const WRONG: &str = "What we store about your address";

/// Submits an address with the form, from another network.
async fn asks_from(server: &Server, network: &str, typed: &str) -> Answer {
    let request = server.request(Method::POST, "/address", None).header("X-Forwarded-For", network);
    server.send(request.header(CONTENT_TYPE, FORM).body(encoded(&[("address", typed)]))).await
}

fn links_to(world: &World, address: &str) -> usize {
    world.mail.messages().iter().filter(|mail| mail.to == [address] && is_link(mail)).count()
}

/// Returns what a browser receives, byte for byte, except the time in it.
fn everything(answer: &Answer) -> (u16, Vec<(String, String)>, String) {
    let header = |(name, value): (&reqwest::header::HeaderName, &reqwest::header::HeaderValue)| {
        (name.to_string(), value.to_str().unwrap().to_owned())
    };
    let headers =
        answer.headers.iter().map(header).filter(|(name, _)| !["date", "x-request-id"].contains(&name.as_str()));
    (answer.status, headers.collect(), answer.text.clone())
}

on_both_backends! {
    async fn the_answer_is_the_same_for_every_address_byte_for_byte(world: World) {
        let mut world = world;
        let refuses = moody(&mut world).await;
        world.config.budgets.messages_address = Bucket { capacity: 2, per_hour: 1 };
        let server = world.start().await;
        let bob = world.person(&server, "bob").await;
        bob.binds(ALICE).await;
        invites(&bob, "invited@example.com").await.ok();
        Visitor::by_mail(&world, &server, "objects@example.com").await.done("object").await;
        let unknown = everything(&asks(&server, "unknown@example.com").await);
        assert_eq!(unknown.0, 200);
        for known in [ALICE, "invited@example.com", "objects@example.com"] {
            assert_eq!(everything(&asks(&server, known).await), unknown, "{known}");
        }
        // It does not reveal how many others asked for the same address.
        for _ in 0..4 {
            assert_eq!(everything(&asks(&server, ALICE).await), unknown);
        }
        until(PATIENCE, "two links go out", async || links_to(&world, ALICE) == 2).await;
        // Nor whether the message could be sent.
        let tried = || world.mail.commands().iter().filter(|line| line.starts_with("MAIL")).count();
        mailed_after(&world, &server).await;
        let before = tried();
        refuses.store(true, Ordering::SeqCst);
        assert_eq!(everything(&asks(&server, "unreached@example.com").await), unknown);
        until(PATIENCE, "it is not tried", async || tried() > before).await;
        refuses.store(false, Ordering::SeqCst);
        assert_eq!((links_to(&world, "unreached@example.com"), links_to(&world, ALICE)), (0, 2));
    }

    async fn links_to_one_address_are_limited_regardless_of_who_asks(world: World) {
        let mut world = world;
        world.config.server.trusted_proxies = vec!["127.0.0.1/32".parse().unwrap()];
        world.config.budgets.messages_network.capacity = 1_000;
        let server = world.start().await;
        for network in 0..100 {
            assert_eq!(heading(&asks_from(&server, &format!("203.{network}.113.1"), ALICE).await, 200), SENT);
        }
        mailed_after(&world, &server).await;
        assert_eq!(links_to(&world, ALICE), 10);
        // Which prevents nobody from validating it.
        world.person(&server, "alice").await.proves(ALICE).await;
        world.clock.advance(HOUR);
        for _ in 0..20 {
            asks(&server, ALICE).await;
        }
        mailed_after(&world, &server).await;
        assert_eq!(links_to(&world, ALICE), 15);
    }

    async fn messages_caused_by_one_network_are_limited_and_the_page_says_so(world: World) {
        let mut world = world;
        world.config.server.trusted_proxies = vec!["127.0.0.1/32".parse().unwrap()];
        world.config.budgets.messages_network = Bucket { capacity: 200, per_hour: 600 };
        let server = world.start().await;
        let mut told = 0;
        for number in 0..100 {
            let answer = asks_from(&server, &format!("203.0.113.{number}"), &format!("a{number}@example.com")).await;
            if answer.status == 429 {
                assert_eq!(heading(&answer, 429), "Please wait a little");
                assert_eq!(answer.headers["retry-after"], "60");
                told += 1;
            }
        }
        assert_eq!(told, 80);
        assert_eq!(heading(&asks_from(&server, "203.0.114.1", ALICE).await, 200), SENT);
        until(PATIENCE, "not all were sent", async || world.mail.count() == 21).await;
        world.clock.advance(MINUTE);
        assert_eq!(heading(&asks_from(&server, "203.0.113.1", ALICE).await, 200), SENT);
    }

    async fn texts_count_towards_the_country_and_daily_limits(world: World) {
        let mut world = world;
        // A tenth is for those who have no account.
        world.config.budgets.texts_country = Bucket { capacity: 20, per_hour: 600 };
        world.config.budgets.texts_server = Bucket { capacity: 30, per_hour: 600 };
        world.config.budgets.texts_number = Bucket { capacity: 1, per_hour: 1 };
        let server = world.start().await;
        let sent = async |typed: &str, texts: usize| {
            assert_eq!(heading(&asks(&server, typed).await, 200), SENT);
            until(PATIENCE, "no text came", async || world.texts().len() == texts).await;
        };
        sent("+447700900001", 1).await;
        sent("+447700900002", 2).await;
        assert_eq!(asks(&server, "+447700900003").await.status, 429);
        sent("+491701234567", 3).await;
        assert_eq!(asks(&server, "+16502530000").await.status, 429);
        world.clock.advance(MINUTE);
        // A text that its number's limit refuses is not charged to the others.
        assert_eq!(heading(&asks(&server, "+447700900001").await, 200), SENT);
        until(PATIENCE, "it is charged for all the same", async || asks(&server, "+447700900003").await.status == 200).await;
        until(PATIENCE, "no text came", async || world.texts().len() == 4).await;
        assert_eq!(world.texts().pop().unwrap().to, "447700900003");
    }

    async fn an_unreachable_number_is_reported_regardless_of_its_owner(world: World) {
        let mut world = world;
        world.config.sms.rules = [(Area::Anywhere, Route::Directory), (Area::Prefix("44".to_owned()), Route::Reject)].into();
        let server = world.start().await;
        for number in ["+447700900001", "+447700900002"] {
            let page = asks(&server, number).await;
            assert_eq!(heading(&page, 400), WRONG);
            assert!(page.text.contains("does not send text messages to that country") && page.text.contains(number), "{}", page.text);
        }
        assert_eq!(heading(&asks(&server, "+491701234567").await, 200), SENT);
    }

    async fn an_invalid_address_is_reported_and_kept_in_the_form(world: World) {
        let server = world.start().await;
        for typed in [
            "",
            "alice",
            "07700 900123",
            "x@evil.example@allowed.example",
            "\"a@b\"@c",
            "<a@b>",
            "a@b,c@d",
            "a@b (c)",
            "a@b\r\nBcc: c@d",
            "a\u{37e}@b",
            "\"><script>alert(1)</script>@b",
            "\0",
        ] {
            let page = asks(&server, typed).await;
            assert_eq!(heading(&page, 400), WRONG, "{typed:?}");
            assert!(page.text.contains("<title>This is not a valid address · "), "{}", page.text);
            assert!(page.text.contains("id=\"address-error\" role=\"alert\"") && page.text.contains("aria-invalid=\"true\""));
            assert!(!page.text.contains("<script"), "{}", page.text);
        }
        assert!(asks(&server, "alice").await.text.contains("value=\"alice\""));
        let long = format!("{}@example.com", "a".repeat(490));
        assert_eq!(heading(&asks(&server, &long).await, 400), WRONG);
        let folds_to_more = format!("{}@example.com", "ΐ".repeat(240));
        assert_eq!(heading(&asks(&server, &folds_to_more).await, 400), WRONG);

        let post = || server.request(Method::POST, "/address", None);
        let form = || post().header(CONTENT_TYPE, FORM);
        for request in [
            post(),
            post().body(encoded(&[("address", ALICE)])),
            post().json(&serde_json::json!({ "address": ALICE })),
            form(),
            form().body("address"),
            form().body(encoded(&[("adress", ALICE)])),
            form().body(encoded(&[("address", ALICE), ("address", ALICE)])),
            form().body(vec![0xff; 100]),
            form().body(encoded(&[("address", ALICE), ("x", &"x".repeat(1_000_000))])),
        ] {
            assert_eq!(heading(&server.send(request).await, 400), WRONG);
        }
        mailed_after(&world, &server).await;
        assert_eq!(world.mail.count(), 1);
        assert_eq!(count(&world, "visits").await, 0);
    }

    async fn the_longest_address_gets_a_link_that_works(world: World) {
        let server = world.start().await;
        let long = format!("{}@{}.example.com", "a".repeat(64), "b".repeat(60));
        let visitor = Visitor::by_mail(&world, &server, &long).await;
        assert!(visitor.sees().await.text.contains(&long));
    }
}

/// Waits until everything requested earlier has been sent: this one is sent after it.
async fn mailed_after(world: &World, server: &Server) {
    assert_eq!(asks(server, "last@example.com").await.status, 200);
    world.mail.wait_for(|mail| mail.to == ["last@example.com"]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn while_the_database_is_unavailable_nothing_is_promised() {
    let cluster = tokio::task::spawn_blocking(Cluster::start).await.unwrap();
    let mut world = World::on_sqlite().await;
    world.config.database.url = cluster.url().parse().unwrap();
    world.config.budgets.messages_network = Bucket { capacity: 50, per_hour: 1 };
    let server = Server::start(Config { ..world.config.clone() }, world.clock.clone());
    server.until_ready().await;
    tokio::task::block_in_place(|| cluster.stop());
    let answer = asks(&server, ALICE).await;
    assert_eq!(answer.status, 503);
    assert!(answer.text.contains("We cannot answer right now"), "{}", answer.text);
}
