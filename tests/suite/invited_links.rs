//! Links to the page of an invitation that do not work, hostile texts on it, and the page during an
//! outage.

use reqwest::Method;
use reqwest::header::CONTENT_TYPE;
use serde_json::json;
use vouch::config::Config;
use vouch_test_support::postgres::Cluster;

use crate::address_visitor::FORM;
use crate::database::count;
use crate::invitations::{
    BOB, INVITED, WRONG, declines, invites, invites_with, landing, objects, posts, token_of, web_links,
};
use crate::undoing::{heading, not_me, opens};
use crate::world::{Server, World};

on_both_backends! {
    async fn invalid_links_and_forms_all_get_the_same_answer(world: World) {
        let server = world.start().await;
        let alice = world.person(&server, "alice").await;
        invites(&alice, BOB).await.ok();
        let path = landing(&world, BOB).await;
        let good = token_of(&path);
        let altered = |at: usize| {
            let other = if &good[at..=at] == "A" { "B" } else { "A" };
            format!("{}{other}{}", &good[..at], &good[at + 1..])
        };
        alice.asks_to_prove("alice@example.com").await;
        let disputing = not_me(&world.validation_mail("alice@example.com").await);
        let mut bad = vec![String::new(), "x".into(), "%00".into(), "%F0%9F".into(), "x".repeat(10_000), token_of(&disputing)];
        bad.extend([format!("{good}A"), format!("{good}="), good[1..].to_owned(), good[..good.len() - 4].to_owned()]);
        bad.extend([0, 20, good.len() / 2, good.len() - 1].map(altered));
        for bad in &bad {
            assert_eq!(heading(&opens(&server, &format!("/invited?token={bad}")).await, 404), WRONG, "{bad}");
            for action in ["decline", "object"] {
                assert_eq!(heading(&posts(&server, &format!("token={bad}&action={action}")).await, 404), WRONG, "{bad}");
            }
        }
        // The link does not work on another page either.
        assert_eq!(heading(&opens(&server, &format!("/not-me?token={good}")).await, 404), WRONG);
        assert_eq!(heading(&opens(&server, "/invited").await, 404), WRONG);
        let post = || server.request(Method::POST, &path, None);
        let form = || post().header(CONTENT_TYPE, FORM);
        for request in [
            post(),
            post().json(&json!({ "token": good, "action": "object" })),
            post().body(format!("token={good}&action=object")),
            form(),
            form().body(format!("token={good}")),
            form().body("action=object"),
            form().body(format!("token={good}&action=")),
            form().body(format!("token={good}&action=Object")),
            form().body(format!("token={good}&action=object&action=decline")),
            form().body(format!("token={good}&token={good}&action=object")),
            form().body(vec![0xff; 100]),
            form().body(format!("token={good}&action=object&x={}", "x".repeat(1_000_000))),
            form().header("Sec-Fetch-Site", "cross-site").body(format!("token={good}&action=object")),
        ] {
            assert_eq!(heading(&server.send(request).await, 404), WRONG);
        }
        assert_eq!((count(&world, "invites").await, count(&world, "objections").await), (1, 0));
    }
}

#[tokio::test]
async fn texts_of_the_inviting_homeserver_cannot_inject_anything() {
    let mut world = World::on_sqlite().await;
    world.config.budgets.invites_address.capacity = 100;
    let server = world.start().await;
    let alice = world.person(&server, "alice").await;
    let long = "long ".repeat(1_500);
    let faces = "\u{1f600}".repeat(2_000);
    for text in [
        "x\r\nSet-Cookie: a=b\r\n\r\n<html>",
        "<img src=x onerror=alert(1)>",
        "<script>alert(1)</script>",
        "\"><a href='https://evil.example'>click</a>",
        "' onmouseover='alert(1)",
        "</p></main></body>",
        "\u{202e}elttil\u{200b}\u{feff}\u{2066}",
        "{{ frame.title }} { $mxid } %(token)s ${token}",
        "win at https://evil.example",
        "javascript:alert(1)",
        long.as_str(),
        faces.as_str(),
    ] {
        world.mail.forget();
        let mut details = json!({});
        for name in [
            "room_name",
            "room_alias",
            "room_avatar_url",
            "room_type",
            "sender_display_name",
            "org.matrix.web_client_location",
        ] {
            details[name] = text.into();
        }
        invites_with(&alice, details).await;
        let path = landing(&world, BOB).await;
        assert!(path.len() < 2_100, "{}", path.len());
        let page = opens(&server, &path).await;
        assert_eq!(heading(&page, 200), INVITED);
        let html = page.text.split_once("</style>").unwrap().1;
        assert!(!html.contains("<img") && !html.contains("<script") && !html.contains("href='"), "{html}");
        assert!(
            !html.contains("' onmouseover") && !html.contains(['\u{202e}', '\u{200b}', '\u{feff}', '\u{2066}']),
            "{html}"
        );
        assert_eq!((html.matches("</main>").count(), html.matches("<form").count()), (1, 1));
        assert!(!html.contains("://evil.example"), "{html}");
        assert!(page.headers.get("set-cookie").is_none() && page.text.len() < 40_000, "{}", page.text.len());
        let links = web_links(&page);
        assert_eq!(links.len(), 1);
        assert!(
            links[0].starts_with("https://app.element.io/#/room/%21room%3Ahs.example?email=bob%40example.com&signurl=")
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn while_the_database_is_unavailable_the_page_asks_to_try_again_and_nothing_is_deleted() {
    let cluster = tokio::task::spawn_blocking(Cluster::start).await.unwrap();
    let mut world = World::on_sqlite().await;
    world.config.database.url = cluster.url().parse().unwrap();
    let server = Server::start(Config { ..world.config.clone() }, world.clock.clone());
    server.until_ready().await;
    let alice = world.person(&server, "alice").await;
    invites(&alice, BOB).await.ok();
    let path = landing(&world, BOB).await;
    tokio::task::block_in_place(|| cluster.stop());
    for answer in [opens(&server, &path).await, declines(&server, &path).await, objects(&server, &path).await] {
        assert_eq!(answer.status, 503);
        assert!(answer.text.contains("We cannot answer right now"), "{}", answer.text);
        assert_eq!(answer.headers["cache-control"], "no-store");
    }
    // Refusing an invalid link needs no database.
    assert_eq!(heading(&opens(&server, "/invited?token=x").await, 404), WRONG);
}

#[tokio::test]
async fn the_link_of_another_server_does_not_work() {
    let (world, other) = (World::on_sqlite().await, World::on_sqlite().await);
    let (server, elsewhere) = (world.start().await, other.start().await);
    let alice = world.person(&server, "alice").await;
    invites(&alice, BOB).await.ok();
    let path = landing(&world, BOB).await;
    for answer in [opens(&elsewhere, &path).await, objects(&elsewhere, &path).await] {
        assert_eq!(heading(&answer, 404), WRONG);
    }
    assert_eq!((count(&world, "invites").await, count(&other, "objections").await), (1, 0));
}
