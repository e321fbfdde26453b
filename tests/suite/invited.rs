//! The page behind the link in the mail of an invitation.

use reqwest::Method;
use reqwest::header::CONTENT_TYPE;
use serde_json::json;
use url::form_urlencoded::byte_serialize;
use vouch::clock::{DAY, HOUR};
use vouch::crypto::ephemeral::EphemeralKey;

use crate::address_visitor::FORM;
use crate::database::count;
use crate::invitations::{
    BOB, INVITED, V2, declines, ephemeral_key, invites, invites_with, is_valid, landing, objects, parameter,
    posts_nothing, signing_path, token_of, web_links,
};
use crate::notices::PATIENCE;
use crate::undoing::{heading, opens};
use crate::world::{Answer, Server, World, query, until};

const DECLINED: &str = "The invitation has been deleted";
const OBJECTED: &str = "You will not be invited again";
const DELIVERED: &str = "This invitation has been delivered";
const OVER: &str = "This invitation is no longer valid";

/// Opens the page and presses one of its buttons.
async fn presses(server: &Server, path: &str, button: &str) -> Answer {
    let page = opens(server, path).await;
    assert_eq!(heading(&page, 200), INVITED);
    let value = |mark: &str| page.text.split_once(mark).unwrap().1.split_once('"').unwrap().0.to_owned();
    let action = value("<form method=\"post\" action=\"");
    assert!(page.text.contains(&format!("name=\"action\" value=\"{button}\"")), "{}", page.text);
    let form = format!("token={}&action={button}", value("name=\"token\" value=\""));
    let request = server.request(Method::POST, &action, None).header(CONTENT_TYPE, FORM);
    server.send(request.body(form)).await
}

fn escaped(text: &str) -> String {
    byte_serialize(text.as_bytes()).collect::<String>().replace('+', "%20")
}

on_both_backends! {
    async fn the_page_says_who_invites_to_what_and_how_to_answer_and_opening_it_changes_nothing(mut world: World) {
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
        // Others may see the page over a shoulder, so it shows the address only in the links that
        // need it.
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
                assert_eq!(server.send(server.request(method, &path, None)).await.status, 405);
            }
            assert_eq!(heading(&opens(&server, &format!("{path}&action=object")).await, 200), INVITED);
        }
        assert_eq!((count(&world, "invites").await, count(&world, "objections").await), (1, 0));
    }

    async fn the_link_into_the_web_app_is_exactly_what_web_apps_expect(mut world: World) {
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

    async fn a_declined_invitation_is_deleted_and_nobody_is_notified(world: World) {
        let server = world.start().await;
        let alice = world.person(&server, "alice").await;
        let stored = invites(&alice, BOB).await.ok();
        let path = landing(&world, BOB).await;
        let signs = signing_path(&world, &server, BOB, "@bob:hs.example").await;
        world.clock.advance(HOUR);
        let declined_at = world.clock.now();
        assert_eq!(heading(&presses(&server, &path, "decline").await, 200), DECLINED);
        assert_eq!((count(&world, "invites").await, count(&world, "objections").await), (0, 0));
        // Neither button does anything afterwards.
        for answer in [opens(&server, &path).await, declines(&server, &path).await, objects(&server, &path).await] {
            assert_eq!(heading(&answer, 200), OVER);
        }
        assert_eq!(count(&world, "objections").await, 0);
        assert_eq!(posts_nothing(&server, &signs).await.error(), (404, "M_UNRECOGNIZED"));
        // When Bob binds the address, no invitation is delivered to him.
        let bob = world.person(&server, "bob").await;
        bob.binds(BOB).await;
        until(PATIENCE, "the notice is not sent", async || count(&world, "outbox").await == 0).await;
        assert!(world.homeserver.told().is_empty());
        // The servers of the room may ask for its key for 90 days, as after any other invitation.
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
        // Dave's invitation is not affected.
        assert_eq!((count(&world, "invites").await, count(&world, "objections").await), (1, 1));
        assert_eq!(heading(&opens(&server, &landing(&world, "dave@example.com").await).await, 200), INVITED);
    }

    async fn an_invitation_expires_after_thirty_days(world: World) {
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

    async fn the_page_of_a_delivered_invitation_says_so(world: World) {
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

    async fn of_eight_concurrent_clicks_on_two_nodes_one_deletes_the_invitation(world: World) {
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
}

#[tokio::test]
async fn the_page_is_in_the_readers_language_and_offers_the_others() {
    let world = World::on_sqlite().await;
    let server = world.start().await;
    let alice = world.person(&server, "alice").await;
    invites(&alice, BOB).await.ok();
    let path = landing(&world, BOB).await;
    // The inviting homeserver does not know Bob's language, but Bob's browser does.
    assert!(!path.contains("lang="), "{path}");
    let french = server.send(server.request(Method::GET, &path, None).header("Accept-Language", "fr-CA")).await;
    assert_eq!(heading(&french, 200), "Vous avez reçu une invitation à une conversation");
    assert!(french.text.contains("/invited?lang=fr\">"));
    for (tag, said) in
        [("de", "Du bist zu einer Unterhaltung eingeladen"), ("es", "Tiene una invitación a una conversación")]
    {
        let other = format!("?token={}&#38;lang={tag}", token_of(&path));
        assert!(french.text.contains(&format!("href=\"{other}\"")), "{}", french.text);
        assert_eq!(heading(&opens(&server, &format!("/invited{}", other.replace("&#38;", "&"))).await, 200), said);
    }
}
