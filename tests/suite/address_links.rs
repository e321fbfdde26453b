//! The links that are sent to an address for `/address`, and forms that do not come from the page
//! itself.

use reqwest::Method;
use reqwest::header::CONTENT_TYPE;
use serde_json::json;
use vouch::clock::HOUR;
use vouch::config::Config;
use vouch_test_support::postgres::Cluster;

use crate::address_visitor::{
    BROKEN, FORM, OVER, Visitor, encoded, is_link, mailed, main, path_of, posts, presses, value,
};
use crate::database::count;
use crate::notices::ALICE;
use crate::undoing::{heading, undoing};
use crate::world::{Server, World, query};

on_both_backends! {
    async fn opening_the_link_changes_and_reveals_nothing(world: World) {
        let server = world.start().await;
        let alice = world.person(&server, "alice").await;
        alice.binds(ALICE).await;
        let path = mailed(&world, &server, ALICE).await;
        for _ in 0..3 {
            let page = server.get(&path, None).await;
            assert_eq!(heading(&page, 200), "Is this your address?");
            assert!(!main(&page).contains("alice") && !main(&page).contains('@'), "{}", main(&page));
            let head = server.send(server.request(Method::HEAD, &path, None)).await;
            assert_eq!((head.status, head.text.as_str()), (200, ""));
            for method in [Method::PUT, Method::DELETE, Method::OPTIONS, Method::PATCH] {
                assert_eq!(server.send(server.request(method, &path, None)).await.status, 405);
            }
        }
        assert_eq!(count(&world, "visits").await, 0);
        assert_eq!(alice.looks_up(ALICE).await, Some(alice.mxid.clone()));
    }

    async fn a_link_works_repeatedly_for_an_hour(world: World) {
        let server = world.start().await;
        let path = mailed(&world, &server, ALICE).await;
        world.clock.advance(HOUR - 1);
        for _ in 0..2 {
            Visitor::begun(&server, &presses(&server, &path).await).sees().await;
        }
        world.clock.advance(1);
        let token = query(&format!("http://h{path}"), "token");
        for page in [server.get(&path, None).await, posts(&server, "/address/open", &[("token", &token)]).await] {
            assert_eq!(heading(&page, 410), "This link has expired");
            assert!(main(&page).contains("<a href=\"/address?lang=en\">Request a new link</a>"), "{}", main(&page));
        }
    }

    async fn opening_a_link_repeatedly_creates_a_limited_number_of_sessions(world: World) {
        let server = world.start().await;
        let link = mailed(&world, &server, ALICE).await;
        let first = Visitor::begun(&server, &presses(&server, &link).await);
        world.clock.advance(1);
        for _ in 0..29 {
            assert_eq!(presses(&server, &link).await.status, 303);
        }
        assert_eq!(count(&world, "visits").await, 20);
        let last = Visitor::begun(&server, &presses(&server, &link).await);
        last.sees().await;
        assert_eq!(heading(&first.gets("/address/held").await, 403), OVER);
    }

    async fn invalid_links_all_get_the_same_answer(world: World) {
        let server = world.start().await;
        let alice = world.person(&server, "alice").await;
        alice.binds(ALICE).await;
        let undo = query(&format!("http://h{}", undoing(&world, ALICE).await), "token");
        let token = query(&format!("http://h{}", mailed(&world, &server, ALICE).await), "token");
        let altered = |at: usize| {
            let other = if &token[at..=at] == "A" { "B" } else { "A" };
            format!("{}{other}{}", &token[..at], &token[at + 1..])
        };
        let mut bad = vec![String::new(), "x".to_owned(), "\0".to_owned(), "😀".to_owned(), "x".repeat(10_000)];
        bad.extend([format!("{token}A"), format!("{token}="), token[1..].to_owned(), altered(0), altered(45), undo]);
        for bad in &bad {
            let field = [("token", bad.as_str())];
            let get = server.get(&format!("/address/open?{}", encoded(&field)), None).await;
            for answer in [get, posts(&server, "/address/open", &field).await] {
                assert_eq!(heading(&answer, 404), BROKEN, "{bad}");
            }
        }
        // The link does not work on another page either.
        assert_eq!(heading(&server.get(&format!("/not-me?token={token}"), None).await, 404), BROKEN);
        assert_eq!(heading(&posts(&server, "/not-me", &[("token", &token)]).await, 404), BROKEN);
        assert_eq!(heading(&server.get("/address/open", None).await, 404), BROKEN);
        assert_eq!(heading(&posts(&server, "/address/open", &[]).await, 404), BROKEN);
        let json = server.post("/address/open", None, &json!({ "token": token })).await;
        assert_eq!(heading(&json, 404), BROKEN);
        assert_eq!((count(&world, "visits").await, count(&world, "bindings").await), (0, 1));
    }

    async fn forms_from_other_sites_are_refused(world: World) {
        let server = world.start().await;
        let alice = world.person(&server, "alice").await;
        alice.binds(ALICE).await;
        let path = mailed(&world, &server, ALICE).await;
        let visitor = Visitor::begun(&server, &presses(&server, &path).await);
        let token = value(&visitor.sees().await.text, "name=\"form_token\" value=\"");
        let other = Visitor::begun(&server, &presses(&server, &path).await);
        let others = value(&other.sees().await.text, "name=\"form_token\" value=\"");
        assert_ne!(token, others);
        for fields in [
            &[("action", "unbind")][..],
            &[("form_token", ""), ("action", "unbind")],
            &[("form_token", &others), ("action", "unbind")],
            &[("form_token", &token)],
            &[("form_token", &token), ("action", "")],
            &[("form_token", &token), ("action", "Unbind")],
            &[("form_token", &token), ("action", "unbind"), ("action", "object")],
        ] {
            assert_eq!(heading(&visitor.posts(fields).await, 403), OVER, "{fields:?}");
        }
        let fields = [("form_token", token.as_str()), ("action", "unbind")];
        // The token does not work without the cookie.
        assert_eq!(heading(&posts(&server, "/address/held", &fields).await, 403), OVER);
        for site in ["cross-site", "same-site", "none"] {
            let from = |path: &str, fields: &[(&str, &str)]| {
                let request = server.request(Method::POST, path, None).header("Sec-Fetch-Site", site);
                let request = request.header("Cookie", &visitor.cookie).header(CONTENT_TYPE, FORM).body(encoded(fields));
                server.send(request)
            };
            assert_eq!(heading(&from("/address/held", &fields).await, 403), OVER);
            let opened = from("/address/open", &[("token", &query(&format!("http://h{path}"), "token"))]).await;
            assert_eq!(heading(&opened, 404), BROKEN);
            world.mail.forget();
            assert_eq!(from("/address", &[("address", "carol@example.com")]).await.status, 400);
        }
        assert_eq!(alice.looks_up(ALICE).await, Some(alice.mxid.clone()));
        // Emails are sent in order, so one to Carol would have arrived before this one.
        mailed(&world, &server, ALICE).await;
        assert!(world.mail.messages().iter().all(|mail| mail.to == [ALICE]));
        // The page itself may send the form.
        let request = server.request(Method::POST, "/address/held", None).header("Sec-Fetch-Site", "same-origin");
        let request = request.header("Cookie", &visitor.cookie).header(CONTENT_TYPE, FORM).body(encoded(&fields));
        assert_eq!(server.send(request).await.status, 303);
        assert_eq!(alice.looks_up(ALICE).await, None);
    }

    async fn behind_a_proxy_every_link_and_form_has_its_path(mut world: World) {
        world.config.server.public_url = "https://example.org/id/".parse().unwrap();
        let server = world.start().await;
        let page = server.get("/address", None).await;
        assert!(page.text.contains("<form method=\"post\" action=\"/id/address?lang=en\">"), "{}", page.text);
        let path = mailed(&world, &server, ALICE).await;
        let inner = path.strip_prefix("/id").expect("the link has the path of the proxy");
        let opened = server.get(inner, None).await;
        assert!(opened.text.contains("action=\"/id/address/open?lang=en\""), "{}", opened.text);
        let answer = posts(&server, "/address/open", &[("token", &query(&format!("http://h{path}"), "token"))]).await;
        assert_eq!(answer.headers["location"], "/id/address/held?lang=en");
        let cookie = answer.headers["set-cookie"].to_str().unwrap();
        assert!(cookie.starts_with("__Secure-") && cookie.contains("; Path=/id/") && cookie.contains("; Secure"), "{cookie}");
        let visitor = Visitor { server: &server, cookie: cookie.split_once(';').unwrap().0.to_owned() };
        assert!(visitor.sees().await.text.contains("action=\"/id/address/held?lang=en\""));
    }

    async fn every_page_is_in_the_language_of_the_link(world: World) {
        let server = world.start().await;
        let asked = posts(&server, "/address?lang=fr", &[("address", ALICE)]).await;
        assert_eq!(heading(&asked, 200), "Consultez vos messages");
        let mail = world.mail.wait_for(is_link).await;
        assert_eq!(mail.subject(), "Voir ce que 127.0.0.1:8090 conserve sur votre adresse");
        let path = path_of(&mail.links().into_iter().find(|link| link.contains("/address/open?")).unwrap());
        assert_eq!(heading(&server.get(&path, None).await, 200), "Est-ce votre adresse\u{202f}?");
        let token = query(&format!("http://h{path}"), "token");
        let opened = posts(&server, "/address/open?lang=fr", &[("token", &token)]).await;
        assert_eq!(opened.headers["location"], "/address/held?lang=fr");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn while_the_database_is_unavailable_the_pages_ask_to_try_again_and_nothing_changes() {
    let cluster = tokio::task::spawn_blocking(Cluster::start).await.unwrap();
    let mut world = World::on_sqlite().await;
    world.config.database.url = cluster.url().parse().unwrap();
    let server = Server::start(Config { ..world.config.clone() }, world.clock.clone());
    server.until_ready().await;
    let path = mailed(&world, &server, ALICE).await;
    let visitor = Visitor::begun(&server, &presses(&server, &path).await);
    let form_token = value(&visitor.sees().await.text, "name=\"form_token\" value=\"");
    tokio::task::block_in_place(|| cluster.stop());
    let token = query(&format!("http://h{path}"), "token");
    for answer in [
        posts(&server, "/address/open", &[("token", &token)]).await,
        visitor.gets("/address/held").await,
        visitor.posts(&[("form_token", &form_token), ("action", "object")]).await,
    ] {
        assert_eq!(answer.status, 503);
        assert!(answer.text.contains("We cannot answer right now"), "{}", answer.text);
        assert_eq!(answer.headers["cache-control"], "no-store");
    }
    // Reading what is sealed into the link needs no database.
    assert_eq!(heading(&server.get(&path, None).await, 200), "Is this your address?");
}

#[tokio::test]
async fn the_link_of_another_server_does_not_work() {
    let (world, other) = (World::on_sqlite().await, World::on_sqlite().await);
    let (server, elsewhere) = (world.start().await, other.start().await);
    let path = mailed(&world, &server, ALICE).await;
    assert_eq!(heading(&elsewhere.get(&path, None).await, 404), BROKEN);
}
