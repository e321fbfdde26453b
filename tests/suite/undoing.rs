//! The “this wasn't me” links: an address's reader can undo a bind without an account.

use futures_util::future::join;
use reqwest::Method;
use reqwest::header::CONTENT_TYPE;
use serde_json::json;
use url::Url;
use vouch::clock::{DAY, HOUR, SECOND};
use vouch::config::Config;
use vouch_test_support::mail_sink::Message;
use vouch_test_support::postgres::Cluster;

use crate::address_visitor::FORM;
use crate::database::{count, until_one_waits_for};
use crate::notices::{ALICE, BOUND, PATIENCE, notice, notices};
use crate::world::{Answer, Person, SECRET, Server, World, link, query, until};

/// Returns path and query of the “this wasn't me” link in a mail.
pub fn not_me(mail: &Message) -> String {
    let link = mail.links().into_iter().find(|link| link.contains("/not-me?")).expect("the mail has such a link");
    let link = Url::parse(&link).unwrap();
    format!("{}?{}", link.path(), link.query().unwrap())
}

/// Returns the link that undoes the last bind of an address.
pub async fn undoing(world: &World, address: &str) -> String {
    not_me(&notice(world, address, BOUND).await)
}

pub async fn opens(server: &Server, path: &str) -> Answer {
    server.get(path, None).await
}

/// Opens the page and presses its button.
pub async fn presses(server: &Server, path: &str) -> Answer {
    let page = opens(server, path).await;
    assert_eq!(page.status, 200, "{}", page.text);
    let value = |mark: &str| page.text.split_once(mark).unwrap().1.split_once('"').unwrap().0.to_owned();
    posts(server, &value("<form method=\"post\" action=\""), &value("name=\"token\" value=\"")).await
}

/// Posts the form of a page that was opened earlier.
async fn posts(server: &Server, action: &str, token: &str) -> Answer {
    let form = server.request(Method::POST, action, None).header(CONTENT_TYPE, FORM);
    server.send(form.body(format!("token={token}"))).await
}

/// Like [`posts`], with everything it needs taken from the link.
async fn posts_link(server: &Server, path: &str) -> Answer {
    posts(server, "/not-me", &query(&format!("http://h{path}"), "token")).await
}

/// Returns the heading of a page, which must be private.
#[track_caller]
pub fn heading(page: &Answer, status: u16) -> &str {
    assert_eq!(page.status, status, "{}", page.text);
    for (name, value) in [
        ("content-type", "text/html; charset=utf-8"),
        ("cache-control", "no-store"),
        ("referrer-policy", "no-referrer"),
        ("x-frame-options", "DENY"),
        ("x-robots-tag", "noindex, nofollow"),
    ] {
        assert_eq!(page.headers[name], value);
    }
    let policy = page.headers["content-security-policy"].to_str().unwrap();
    assert!(policy.starts_with("default-src 'none'; ") && policy.contains("frame-ancestors 'none'"), "{policy}");
    assert!(!page.headers.contains_key("set-cookie"));
    page.text.split_once("<h1>").unwrap().1.split_once("</h1>").unwrap().0
}

on_both_backends! {
    async fn opening_the_link_changes_nothing(world: World) {
        let server = world.start().await;
        let alice = world.person(&server, "alice").await;
        alice.binds(ALICE).await;
        let path = undoing(&world, ALICE).await;
        let question = opens(&server, &path).await;
        for _ in 0..3 {
            assert_eq!(opens(&server, &path).await.text, question.text);
            let head = server.send(server.request(Method::HEAD, &path, None)).await;
            assert_eq!((head.status, head.text.as_str()), (200, ""));
            for method in [Method::PUT, Method::DELETE, Method::OPTIONS, Method::PATCH] {
                assert_eq!(server.send(server.request(method, &path, None)).await.status, 405);
            }
            // Neither does a form without the token, even if the URL contains it.
            assert_eq!(heading(&posts(&server, &path, "").await, 404), "This link does not work");
        }
        assert_eq!(alice.looks_up(ALICE).await, Some(alice.mxid.clone()));
        assert_eq!(alice.binds_by(&alice.asks_to_prove(ALICE).await).await.status, 200);
    }

    async fn one_click_unbinds_on_every_node_and_invalidates_the_session(world: World) {
        let (server, other) = (world.start().await, world.start().await);
        let mallory = world.person(&server, "mallory").await;
        let there = Person { world: &world, server: &other, mxid: mallory.mxid.clone(), token: mallory.token.clone() };
        let sid = mallory.proves(ALICE).await;
        mallory.binds_by(&sid).await.ok();
        until(PATIENCE, "the other node does not follow", async || there.looks_up(ALICE).await.is_some()).await;
        let path = undoing(&world, ALICE).await;
        let page = presses(&server, &path).await;
        assert_eq!(heading(&page, 200), "Done. The link has been removed");
        assert_eq!(mallory.looks_up(ALICE).await, None);
        assert_eq!(there.looks_up(ALICE).await, None);
        // The session that the reader confirmed by mistake cannot bind again.
        assert_eq!(mallory.binds_by(&sid).await.error(), (404, "M_NO_VALID_SESSION"));
        // Again, on either node.
        for node in [&server, &other] {
            assert_eq!(heading(&opens(node, &path).await, 200), "There is nothing left to undo");
            assert_eq!(heading(&posts_link(node, &path).await, 200), "There is nothing left to undo");
        }
        // No notice is sent to the person who pressed the button.
        assert_eq!(notices(&world, ALICE), [BOUND]);
        assert_eq!(count(&world, "bindings").await, 0);
        until(PATIENCE, "something more is to be told", async || count(&world, "outbox").await == 0).await;
    }

    async fn an_old_link_does_not_affect_a_newer_bind(world: World) {
        let server = world.start().await;
        let (alice, bob) = (world.person(&server, "alice").await, world.person(&server, "bob").await);
        let sid = alice.proves(ALICE).await;
        alice.binds_by(&sid).await.ok();
        let of_alice = undoing(&world, ALICE).await;
        world.mail.forget();
        // In the same millisecond.
        bob.binds(ALICE).await;
        let of_bob = undoing(&world, ALICE).await;
        for answer in [opens(&server, &of_alice).await, posts_link(&server, &of_alice).await] {
            assert_eq!(heading(&answer, 410), "This link is out of date");
        }
        assert_eq!(alice.looks_up(ALICE).await, Some(bob.mxid.clone()));
        // Alice binds again later: her first link still does nothing.
        world.mail.forget();
        world.clock.advance(SECOND);
        alice.binds_by(&sid).await.ok();
        for old in [&of_alice, &of_bob] {
            assert_eq!(heading(&posts_link(&server, old).await, 410), "This link is out of date");
        }
        assert_eq!(bob.looks_up(ALICE).await, Some(alice.mxid.clone()));
        assert_eq!(heading(&presses(&server, &undoing(&world, ALICE).await).await, 200), "Done. The link has been removed");
        assert_eq!(bob.looks_up(ALICE).await, None);
    }

    async fn two_concurrent_clicks_undo_it_once(world: World) {
        let server = world.start().await;
        let alice = world.person(&server, "alice").await;
        alice.binds(ALICE).await;
        let path = undoing(&world, ALICE).await;
        let pages = futures_util::future::join_all((0..8).map(|_| posts_link(&server, &path))).await;
        let done = pages.iter().filter(|page| heading(page, 200) == "Done. The link has been removed").count();
        assert_eq!(done, 1);
        assert_eq!(alice.looks_up(ALICE).await, None);
    }

    async fn a_binding_and_its_session_disputed_at_the_same_time_are_both_undone(world: World) {
        let mut world = world;
        world.config.budgets.messages_network.capacity = 1_000;
        world.config.budgets.messages_user.capacity = 1_000;
        let (server, other) = (world.start().await, world.start().await);
        let mallory = world.person(&server, "mallory").await;
        for number in 0..25 {
            let address = format!("alice{number}@example.com");
            mallory.binds(&address).await;
            let bound = undoing(&world, &address).await;
            let asked = not_me(&world.validation_mail(&address).await);
            let (bound, asked) = join(posts_link(&server, &bound), posts_link(&other, &asked)).await;
            assert!(bound.status == 200 && asked.status == 200, "{number}: {} {}", bound.text, asked.text);
            assert_eq!(mallory.looks_up(&address).await, None);
        }
        assert_eq!((count(&world, "bindings").await, count(&world, "sessions").await), (0, 0));
    }

    async fn an_invalid_link_is_reported_whatever_is_wrong_with_it(world: World) {
        let server = world.start().await;
        let alice = world.person(&server, "alice").await;
        alice.binds(ALICE).await;
        let path = undoing(&world, ALICE).await;
        let token = query(&format!("http://h{path}"), "token");
        let altered = |at: usize| {
            let other = if &token[at..=at] == "A" { "B" } else { "A" };
            format!("{}{other}{}", &token[..at], &token[at + 1..])
        };
        let mut bad = vec![String::new(), "x".into(), "%00".into(), "%F0%9F".into(), "x".repeat(10_000)];
        bad.extend([format!("{token}A"), format!("{token}="), token[1..].to_owned(), token[..token.len() - 4].to_owned()]);
        bad.extend([0, 20, 45, token.len() - 1].map(altered));
        for bad in &bad {
            let answers = [opens(&server, &format!("/not-me?token={bad}")).await, posts(&server, "/not-me", bad).await];
            for answer in answers {
                assert_eq!(heading(&answer, 404), "This link does not work", "{bad}");
            }
        }
        assert_eq!(heading(&opens(&server, "/not-me").await, 404), "This link does not work");
        let post = || server.request(Method::POST, "/not-me", None);
        let form = || post().header(CONTENT_TYPE, FORM);
        for request in [
            post(),
            post().json(&json!({ "token": token })),
            post().body(format!("token={token}")),
            form(),
            form().body("token"),
            form().body(format!("tokens={token}")),
            form().body(format!("token={token}&token={token}")),
            form().body(vec![0xff; 100]),
            form().body(format!("token={token}&x={}", "x".repeat(1_000_000))),
        ] {
            assert_eq!(heading(&server.send(request).await, 404), "This link does not work");
        }
        assert_eq!(alice.looks_up(ALICE).await, Some(alice.mxid.clone()));
    }

    async fn a_disowned_request_proves_nothing(world: World) {
        let server = world.start().await;
        let mallory = world.person(&server, "mallory").await;
        let sid = mallory.asks_to_prove(ALICE).await;
        let mail = world.validation_mail(ALICE).await;
        let path = not_me(&mail);
        let page = opens(&server, &path).await;
        assert_eq!(heading(&page, 200), "Wasn’t this you?");
        assert!(page.text.contains(&mallory.mxid) && !page.text.contains(ALICE), "{}", page.text);
        assert_eq!(heading(&presses(&server, &path).await, 200), "The request has been cancelled");
        let submitted = json!({ "sid": sid, "client_secret": SECRET, "token": query(&link(&mail), "token") });
        let answer = mallory.post("/validate/email/submitToken", submitted).await;
        assert_eq!(answer.error(), (404, "M_NO_VALID_SESSION"));
        assert_eq!(mallory.binds_by(&sid).await.error(), (404, "M_NO_VALID_SESSION"));
        assert_eq!(heading(&posts_link(&server, &path).await, 200), "There is nothing left to undo");
    }

    async fn a_confirmed_or_used_request_can_still_be_undone(world: World) {
        let server = world.start().await;
        let (alice, mallory) = (world.person(&server, "alice").await, world.person(&server, "mallory").await);
        // Confirmed but not used: Alice's own binding is not affected.
        alice.binds(ALICE).await;
        world.mail.forget();
        world.clock.advance(SECOND);
        let sid = mallory.proves(ALICE).await;
        let path = not_me(&world.validation_mail(ALICE).await);
        assert_eq!(heading(&presses(&server, &path).await, 200), "The request has been cancelled");
        assert_eq!(mallory.binds_by(&sid).await.error(), (404, "M_NO_VALID_SESSION"));
        assert_eq!(alice.looks_up(ALICE).await, Some(alice.mxid.clone()));
        // Used.
        world.mail.forget();
        mallory.binds(ALICE).await;
        assert_eq!(alice.looks_up(ALICE).await, Some(mallory.mxid.clone()));
        let path = not_me(&world.validation_mail(ALICE).await);
        assert_eq!(heading(&presses(&server, &path).await, 200), "The request has been cancelled");
        assert_eq!(alice.looks_up(ALICE).await, None);
    }

    async fn an_earlier_binding_is_not_undone_with_the_request(world: World) {
        let server = world.start().await;
        let alice = world.person(&server, "alice").await;
        alice.binds(ALICE).await;
        world.mail.forget();
        world.clock.advance(DAY + HOUR);
        alice.proves(ALICE).await;
        let path = not_me(&world.validation_mail(ALICE).await);
        assert_eq!(heading(&presses(&server, &path).await, 200), "The request has been cancelled");
        assert_eq!(alice.looks_up(ALICE).await, Some(alice.mxid.clone()));
    }

    async fn behind_a_proxy_with_a_path_the_link_and_the_form_use_that_path(world: World) {
        let mut world = world;
        world.config.server.public_url = "https://example.org/id/".parse().unwrap();
        let server = world.start().await;
        let alice = world.person(&server, "alice").await;
        alice.binds(ALICE).await;
        let path = undoing(&world, ALICE).await;
        let inner = path.strip_prefix("/id").expect("the link has the path of the proxy");
        let page = opens(&server, inner).await;
        assert!(page.text.contains("<form method=\"post\" action=\"/id/not-me?lang=en\">"), "{}", page.text);
        assert_eq!(heading(&posts_link(&server, inner).await, 200), "Done. The link has been removed");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn while_the_database_is_unavailable_the_page_asks_to_try_again_and_nothing_is_undone() {
    let cluster = tokio::task::spawn_blocking(Cluster::start).await.unwrap();
    let mut world = World::on_sqlite().await;
    world.config.database.url = cluster.url().parse().unwrap();
    let server = Server::start(Config { ..world.config.clone() }, world.clock.clone());
    server.until_ready().await;
    let alice = world.person(&server, "alice").await;
    alice.binds(ALICE).await;
    let path = undoing(&world, ALICE).await;
    tokio::task::block_in_place(|| cluster.stop());
    for answer in [opens(&server, &path).await, posts_link(&server, &path).await] {
        assert_eq!(answer.status, 503);
        assert!(answer.text.contains("We cannot answer right now"), "{}", answer.text);
        assert_eq!(answer.headers["cache-control"], "no-store");
    }
    // An invalid link is reported without the database.
    assert_eq!(heading(&opens(&server, "/not-me?token=x").await, 404), "This link does not work");
}

#[tokio::test]
async fn another_servers_link_is_invalid() {
    let (world, other) = (World::on_sqlite().await, World::on_sqlite().await);
    let (server, elsewhere) = (world.start().await, other.start().await);
    let alice = world.person(&server, "alice").await;
    alice.binds(ALICE).await;
    let path = undoing(&world, ALICE).await;
    assert_eq!(heading(&posts_link(&elsewhere, &path).await, 404), "This link does not work");
    assert_eq!(alice.looks_up(ALICE).await, Some(alice.mxid.clone()));
}

// On PostgreSQL, where another node can be between two statements of a bind.
#[tokio::test]
async fn a_session_cancelled_during_a_bind_binds_nothing() {
    let world = World::on_postgres().await;
    let server = world.start().await;
    let mallory = world.person(&server, "mallory").await;
    let sid = mallory.proves(ALICE).await;
    let owner = world.database.as_ref().unwrap().connect().await;
    owner.batch_execute("BEGIN; LOCK TABLE objections; DELETE FROM sessions").await.unwrap();
    let cancels = async {
        until_one_waits_for(&world, "objections").await;
        owner.batch_execute("COMMIT").await.unwrap();
    };
    let (bound, ()) = tokio::join!(mallory.binds_by(&sid), cancels);
    assert_eq!(bound.error(), (404, "M_NO_VALID_SESSION"));
    assert_eq!(count(&world, "bindings").await, 0);
}
