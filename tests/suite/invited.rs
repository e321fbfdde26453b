//! The page behind the link in the mail of an invitation.

use reqwest::Method;
use reqwest::header::CONTENT_TYPE;
use serde_json::{Value, json};
use url::form_urlencoded::byte_serialize;
use vouch::clock::{DAY, HOUR};
use vouch::config::Config;
use vouch::crypto::ephemeral::EphemeralKey;
use vouch_test_support::mail_sink::Message;
use vouch_test_support::postgres::Cluster;

use crate::database::count;
use crate::invites::{V2, ephemeral_key, invitation, invites, is_valid, parameter, posts_nothing, signing_path};
use crate::notices::PATIENCE;
use crate::undoing::{heading, not_me, opens};
use crate::world::{Answer, Person, Server, World, query, until};

pub const BOB: &str = "bob@example.com";
const INVITED: &str = "You are invited to a conversation";
const DECLINED: &str = "The invitation has been deleted";
const OBJECTED: &str = "You will not be invited again";
const DELIVERED: &str = "This invitation has been delivered";
const OVER: &str = "This invitation is no longer valid";
const WRONG: &str = "This link does not work";

/// What the link in the mail of an invitation asks of this server: path and query.
pub fn landing_path(world: &World, mail: &Message) -> String {
    let public_url = world.config.server.public_url.as_str().trim_end_matches('/');
    let links = mail.links();
    let mut paths = links.iter().filter_map(|link| link.strip_prefix(public_url));
    paths.find(|path| path.starts_with("/invited?")).expect("the mail has the link of an invitation").to_owned()
}

/// The page of the first invitation that was mailed to an address.
pub async fn landing(world: &World, email: &str) -> String {
    landing_path(world, &world.mail.wait_to(email).await)
}

/// The link that answers the first invitation that was mailed to an address, in the web app that its page offers first.
pub async fn mailed_link(world: &World, server: &Server, email: &str) -> String {
    let page = opens(server, &landing(world, email).await).await;
    assert_eq!(heading(&page, 200), INVITED);
    web_links(&page)[0].clone()
}

/// Where a page lets an invitation be answered, in its order. No such link tells from where it was come to.
fn web_links(page: &Answer) -> Vec<String> {
    let anchors = page.text.split("<a ").filter_map(|rest| rest.split_once('>')).map(|(anchor, _)| anchor);
    let links = anchors.filter(|anchor| anchor.contains("/#/room/")).map(|anchor| {
        assert!(anchor.contains("rel=\"noreferrer noopener\""), "{anchor}");
        anchor.split_once("href=\"").unwrap().1.split_once('"').unwrap().0.replace("&#38;", "&")
    });
    links.collect()
}

fn token(path: &str) -> String {
    query(&format!("http://h{path}"), "token")
}

/// Sends a form to the page.
async fn posts(server: &Server, form: &str) -> Answer {
    let request = server.request(Method::POST, "/invited?lang=en", None);
    server.send(request.header(CONTENT_TYPE, "application/x-www-form-urlencoded").body(form.to_owned())).await
}

async fn declines(server: &Server, path: &str) -> Answer {
    posts(server, &format!("token={}&action=decline", token(path))).await
}

pub async fn objects(server: &Server, path: &str) -> Answer {
    posts(server, &format!("token={}&action=object", token(path))).await
}

/// Opens the page, and presses one of the buttons that it has.
async fn presses(server: &Server, path: &str, button: &str) -> Answer {
    let page = opens(server, path).await;
    assert_eq!(heading(&page, 200), INVITED);
    let value = |mark: &str| page.text.split_once(mark).unwrap().1.split_once('"').unwrap().0.to_owned();
    let action = value("<form method=\"post\" action=\"");
    assert!(page.text.contains(&format!("name=\"action\" value=\"{button}\"")), "{}", page.text);
    let form = format!("token={}&action={button}", value("name=\"token\" value=\""));
    let request = server.request(Method::POST, &action, None).header(CONTENT_TYPE, "application/x-www-form-urlencoded");
    server.send(request.body(form)).await
}

async fn invites_with(person: &Person<'_>, words: Value) -> Value {
    let mut asked = invitation(person, BOB);
    asked.as_object_mut().unwrap().extend(words.as_object().unwrap().clone());
    person.post("/store-invite", asked).await.ok()
}

fn escaped(text: &str) -> String {
    byte_serialize(text.as_bytes()).collect::<String>().replace('+', "%20")
}

on_both_backends! {
    async fn the_page_says_who_invites_where_and_how_to_answer_and_to_open_it_changes_nothing(world: World) {
        let mut world = world;
        let clients = ["https://chat.example", "https://web.example/app", "https://third.example"];
        world.config.invites.web_clients = clients.map(|url| url.parse().unwrap()).to_vec();
        let server = world.start().await;
        let alice = world.person(&server, "alice").await;
        invites_with(&alice, json!({
            "room_name": "Fish & Chips", "room_type": "m.space", "sender_display_name": "Alice + Co",
            "org.matrix.web_client_location": "https://web.example/app",
        })).await;
        let path = landing(&world, BOB).await;
        let page = opens(&server, &path).await;
        assert_eq!(heading(&page, 200), INVITED);
        let text = page.text.replace("&#38;", "&");
        for said in [
            "Chosen name: Alice + Co", &format!("Matrix ID: {}", alice.mxid), "Space: Fish & Chips", "What is Matrix?", "many providers", "FluffyChat",
            "Open the invitation in web.example/app", "until 23 December 2026", "Delete this invitation", "Never list or invite me",
            &format!("find you by it on {}", world.config.server.name),
        ] {
            assert!(text.contains(said), "{said} is not in {text}");
        }
        // A page that somebody sees over a shoulder does not say whose it is, but for what the links have to.
        assert!(!text.contains(BOB));
        let begin = |client: &str| format!("{client}/#/room/%21room%3Ahs.example?email=bob%40example.com&signurl=");
        let links = web_links(&page);
        assert_eq!(links.len(), 3);
        for (link, client) in links.iter().zip([clients[1], clients[0], clients[2]]) {
            assert!(link.starts_with(&begin(client)), "{link}");
            assert_eq!(link.split_once('?'), links[0].split_once('?').map(|(_, rest)| (link.split_once('?').unwrap().0, rest)));
        }
        for _ in 0..3 {
            assert_eq!(opens(&server, &path).await.text, page.text);
            let head = server.send(server.request(Method::HEAD, &path, None)).await;
            assert_eq!((head.status, head.text.as_str()), (200, ""));
            for method in [Method::PUT, Method::DELETE, Method::OPTIONS, Method::PATCH] {
                assert_eq!(server.send(server.request(method, &path, None)).await.status, 404);
            }
            assert_eq!(heading(&opens(&server, &format!("{path}&action=object")).await, 200), INVITED);
        }
        assert_eq!((count(&world, "invites").await, count(&world, "objections").await), (1, 0));
    }

    async fn the_link_into_the_web_app_is_byte_for_byte_what_web_apps_expect(world: World) {
        let mut world = world;
        world.config.server.public_url = "https://id.example/vouch".parse().unwrap();
        let server = world.start().await;
        let alice = world.person(&server, "alice").await;
        let stored = invites_with(&alice, json!({
            "room_name": "Früh & später?", "room_avatar_url": "mxc://hs.example/fish", "sender_display_name": "Alice + \"Co\"",
        })).await;
        let page = opens(&server, &landing(&world, BOB).await).await;
        assert!(page.text.contains("<form method=\"post\" action=\"/vouch/invited?lang=en\">"), "{}", page.text);
        let link = web_links(&page)[0].clone();
        let key = query(&parameter(&link, "signurl"), "private_key");
        let signurl = format!(
            "https://id.example/vouch/_matrix/identity/v2/sign-ed25519?token={}&private_key={key}", stored["token"].as_str().unwrap()
        );
        let (signurl, room, inviter) = (escaped(&signurl), escaped("Früh & später?"), escaped("Alice + \"Co\""));
        assert_eq!(link, format!(
            "https://app.element.io/#/room/%21room%3Ahs.example?email=bob%40example.com&signurl={signurl}&room_name={room}\
             &room_avatar_url=mxc%3A%2F%2Fhs.example%2Ffish&inviter_name={inviter}&room_type="
        ));
        let public = EphemeralKey::parse(&key).unwrap().public_key();
        assert_eq!(public, ephemeral_key(&stored));
    }

    async fn a_declined_invitation_is_gone_and_nobody_is_told(world: World) {
        let server = world.start().await;
        let alice = world.person(&server, "alice").await;
        let stored = invites(&alice, BOB).await.ok();
        let path = landing(&world, BOB).await;
        let signs = signing_path(&world, &server, BOB, "@bob:hs.example").await;
        world.clock.advance(HOUR);
        let declined_at = world.clock.now();
        assert_eq!(heading(&presses(&server, &path, "decline").await, 200), DECLINED);
        assert_eq!((count(&world, "invites").await, count(&world, "objections").await), (0, 0));
        // Again, in whatever way.
        for answer in [opens(&server, &path).await, declines(&server, &path).await, objects(&server, &path).await] {
            assert_eq!(heading(&answer, 200), OVER);
        }
        assert_eq!(count(&world, "objections").await, 0);
        assert_eq!(posts_nothing(&server, &signs).await.error(), (404, "M_UNRECOGNIZED"));
        // Bob joins: nothing is handed to him.
        let bob = world.person(&server, "bob").await;
        bob.binds(BOB).await;
        until(PATIENCE, "the notice is not sent", async || count(&world, "outbox").await == 0).await;
        assert!(world.homeserver.told().is_empty());
        // As after any other end of an invitation, the room's servers may ask for its key for 90 days.
        world.clock.advance(declined_at + 90 * DAY - 1 - world.clock.now());
        assert!(is_valid(&server, V2, &ephemeral_key(&stored)).await);
        world.clock.advance(1);
        assert!(!is_valid(&server, V2, &ephemeral_key(&stored)).await);
    }

    async fn each_link_shows_its_own_invitation_and_an_objection_removes_them_all(world: World) {
        let server = world.start().await;
        let (alice, carol) = (world.person(&server, "alice").await, world.person(&server, "carol").await);
        invites(&alice, BOB).await.ok();
        let of_alice = landing(&world, BOB).await;
        world.mail.forget();
        invites(&carol, BOB).await.ok();
        let of_carol = landing(&world, BOB).await;
        world.mail.forget();
        invites(&alice, BOB).await.ok();
        let third = landing(&world, BOB).await;
        invites(&alice, "dave@example.com").await.ok();
        for (path, own, other) in [(&of_alice, &alice, &carol), (&of_carol, &carol, &alice)] {
            let page = opens(&server, path).await;
            assert!(page.text.contains(&own.mxid) && !page.text.contains(&other.mxid), "{}", page.text);
        }
        assert_eq!(heading(&declines(&server, &third).await, 200), DECLINED);
        assert_eq!(heading(&opens(&server, &of_alice).await, 200), INVITED);
        assert_eq!(heading(&presses(&server, &of_carol, "object").await, 200), OBJECTED);
        for path in [&of_alice, &of_carol, &third] {
            for answer in [opens(&server, path).await, declines(&server, path).await, objects(&server, path).await] {
                assert_eq!(heading(&answer, 200), OVER);
            }
        }
        // Dave's waits on.
        assert_eq!((count(&world, "invites").await, count(&world, "objections").await), (1, 1));
        assert_eq!(heading(&opens(&server, &landing(&world, "dave@example.com").await).await, 200), INVITED);
    }

    async fn an_invitation_is_over_when_its_time_is(world: World) {
        let server = world.start().await;
        let alice = world.person(&server, "alice").await;
        invites(&alice, BOB).await.ok();
        let path = landing(&world, BOB).await;
        world.clock.advance(30 * DAY - 1);
        assert_eq!(heading(&opens(&server, &path).await, 200), INVITED);
        world.clock.advance(1);
        for answer in [opens(&server, &path).await, declines(&server, &path).await, objects(&server, &path).await] {
            assert_eq!(heading(&answer, 200), OVER);
        }
        assert_eq!(count(&world, "objections").await, 0);
    }

    async fn a_delivered_invitation_is_said_to_be(world: World) {
        let server = world.start().await;
        let (alice, bob) = (world.person(&server, "alice").await, world.person(&server, "bob").await);
        invites(&alice, BOB).await.ok();
        let path = landing(&world, BOB).await;
        bob.binds(BOB).await;
        for answer in [opens(&server, &path).await, declines(&server, &path).await, objects(&server, &path).await] {
            assert_eq!(heading(&answer, 200), DELIVERED);
            assert!(web_links(&answer).is_empty() && !answer.text.contains("<form"), "{}", answer.text);
        }
        assert_eq!((count(&world, "invites").await, count(&world, "objections").await), (1, 0));
        assert_eq!(alice.looks_up(BOB).await, Some(bob.mxid.clone()));
    }

    async fn eight_who_press_at_once_on_two_nodes_delete_it_once(world: World) {
        let (server, other) = (world.start().await, world.start().await);
        let alice = world.person(&server, "alice").await;
        invites(&alice, BOB).await.ok();
        let path = landing(&world, BOB).await;
        assert_eq!(opens(&other, &path).await.text, opens(&server, &path).await.text);
        let presses = (0..8).map(|n| declines(if n % 2 == 0 { &server } else { &other }, &path));
        let pages = futures_util::future::join_all(presses).await;
        let done = pages.iter().filter(|page| heading(page, 200) == DECLINED).count();
        assert_eq!((done, count(&world, "invites").await), (1, 0));

        world.mail.forget();
        invites(&alice, BOB).await.ok();
        let path = landing(&world, BOB).await;
        let objects = (0..8).map(|n| objects(if n % 2 == 0 { &server } else { &other }, &path));
        for page in futures_util::future::join_all(objects).await {
            assert!([OBJECTED, OVER].contains(&heading(&page, 200)), "{}", page.text);
        }
        assert_eq!((count(&world, "invites").await, count(&world, "objections").await), (0, 1));
    }

    async fn a_link_that_is_none_is_told_so_whatever_is_wrong_with_it(world: World) {
        let server = world.start().await;
        let alice = world.person(&server, "alice").await;
        invites(&alice, BOB).await.ok();
        let path = landing(&world, BOB).await;
        let good = token(&path);
        let altered = |at: usize| {
            let other = if &good[at..=at] == "A" { "B" } else { "A" };
            format!("{}{other}{}", &good[..at], &good[at + 1..])
        };
        alice.asks_to_prove("alice@example.com").await;
        let disputing = not_me(&world.validation_mail("alice@example.com").await);
        let mut bad = vec![String::new(), "x".into(), "%00".into(), "%F0%9F".into(), "x".repeat(10_000), token(&disputing)];
        bad.extend([format!("{good}A"), format!("{good}="), good[1..].to_owned(), good[..good.len() - 4].to_owned()]);
        bad.extend([0, 20, good.len() / 2, good.len() - 1].map(altered));
        for bad in &bad {
            assert_eq!(heading(&opens(&server, &format!("/invited?token={bad}")).await, 404), WRONG, "{bad}");
            for action in ["decline", "object"] {
                assert_eq!(heading(&posts(&server, &format!("token={bad}&action={action}")).await, 404), WRONG, "{bad}");
            }
        }
        // Nor is it another link of ours.
        assert_eq!(heading(&opens(&server, &format!("/not-me?token={good}")).await, 404), WRONG);
        assert_eq!(heading(&opens(&server, "/invited").await, 404), WRONG);
        let post = || server.request(Method::POST, &path, None);
        let form = || post().header(CONTENT_TYPE, "application/x-www-form-urlencoded");
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
async fn the_page_is_in_the_language_of_its_reader_who_may_choose_another() {
    let world = World::on_sqlite().await;
    let server = world.start().await;
    let alice = world.person(&server, "alice").await;
    invites(&alice, BOB).await.ok();
    let path = landing(&world, BOB).await;
    // The homeserver that asks does not know in which language Bob reads; his browser does.
    assert!(!path.contains("lang="), "{path}");
    let french = server.send(server.request(Method::GET, &path, None).header("Accept-Language", "fr-CA")).await;
    assert_eq!(heading(&french, 200), "Vous avez reçu une invitation à une conversation");
    assert!(french.text.contains("/invited?lang=fr\">"));
    for (tag, said) in
        [("de", "Du bist zu einer Unterhaltung eingeladen"), ("es", "Tiene una invitación a una conversación")]
    {
        let other = format!("?token={}&#38;lang={tag}", token(&path));
        assert!(french.text.contains(&format!("href=\"{other}\"")), "{}", french.text);
        assert_eq!(heading(&opens(&server, &format!("/invited{}", other.replace("&#38;", "&"))).await, 200), said);
    }
}

#[tokio::test]
async fn no_word_of_a_homeserver_is_more_than_a_word() {
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
        let mut words = json!({});
        for name in [
            "room_name",
            "room_alias",
            "room_avatar_url",
            "room_type",
            "sender_display_name",
            "org.matrix.web_client_location",
        ] {
            words[name] = text.into();
        }
        invites_with(&alice, words).await;
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
async fn while_the_database_is_away_the_page_asks_for_patience_and_nothing_is_deleted() {
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
    // What is none needs no database to be told so.
    assert_eq!(heading(&opens(&server, "/invited?token=x").await, 404), WRONG);
}

#[tokio::test]
async fn another_servers_link_is_none() {
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
