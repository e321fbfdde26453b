//! `/address`: the owner of an address sees the data stored about it and changes it, without an
//! account. The links are tested in `address_links.rs`, the rate limits and what strangers learn in
//! `strangers.rs`.

use serde_json::{Value, json};
use vouch::clock::{MINUTE, SECOND};

use crate::address_visitor::{OVER, SENT, Visitor, asks, id, mailed, main, path_of, presses, value};
use crate::database::count;
use crate::invitations::{ROOM, invites};
use crate::notices::{ALICE, PATIENCE};
use crate::phones;
use crate::undoing::heading;
use crate::world::{Person, SECRET, until};

/// The time of the clock, as pages show it.
const NOON: &str = "<time datetime=\"2026-11-23T12:00:00Z\">23 November 2026, 12:00 UTC</time>";

on_both_backends! {
    async fn the_reader_of_an_address_sees_what_is_stored_about_it_and_about_no_other(world: World) {
        let server = world.start().await;
        let (alice, bob) = (world.person(&server, "alice").await, world.person(&server, "bob").await);
        alice.binds("alice.other@example.com").await;
        alice.binds(ALICE).await;
        bob.asks_to_prove(ALICE).await;
        let visitor = Visitor::by_mail(&world, &server, ALICE).await;
        let page = visitor.sees().await;
        for shown in [
            format!("everything this server stores about {ALICE}."),
            format!("<p>{} <span class=\"soft\">since {NOON}</span></p>", id(&alice)),
            format!("<li>{} <span class=\"soft\">confirmed on {NOON}</span></li>", id(&alice)),
            format!("<li>{} <span class=\"soft\">not confirmed; requested on {NOON}</span></li>", id(&bob)),
        ] {
            assert!(main(&page).contains(&shown), "{shown} is not in {}", main(&page));
        }
        assert!(!page.text.contains("alice.other"), "{}", page.text);
        assert!(!page.text.contains("<script") && !page.text.contains("style="), "{}", page.text);
        assert!(page.headers["content-security-policy"].to_str().unwrap().contains("form-action 'self'"));

        let stored = visitor.downloads().await;
        assert_eq!((&stored["medium"], &stored["address"]), (&json!("email"), &json!(ALICE)));
        assert_eq!(stored["binding"], json!({ "user_id": alice.mxid, "bound_at": world.clock.now() }));
        assert_eq!(stored["confirmations"][1]["user_id"], json!(bob.mxid));
        assert_eq!(stored["confirmations"][1]["validated_at"], Value::Null);
        assert_eq!((&stored["objects_since"], &stored["visits"]), (&Value::Null, &json!([world.clock.now()])));
        assert!(!stored.to_string().contains("alice.other"), "{stored}");
    }

    async fn unbinding_takes_effect_immediately_and_invalidates_sessions(world: World) {
        let server = world.start().await;
        let mallory = world.person(&server, "mallory").await;
        let sid = mallory.proves(ALICE).await;
        mallory.binds_by(&sid).await.ok();
        let visitor = Visitor::by_mail(&world, &server, ALICE).await;
        assert_eq!(visitor.done("unbind").await, "Nobody can be found by your address any more");
        assert_eq!(mallory.looks_up(ALICE).await, None);
        assert_eq!(mallory.binds_by(&sid).await.error(), (404, "M_NO_VALID_SESSION"));
        let page = visitor.sees().await;
        assert!(main(&page).contains("<p>Nobody.</p>") && !page.text.contains("value=\"unbind\""), "{}", main(&page));
        assert_eq!((count(&world, "bindings").await, count(&world, "sessions").await), (0, 0));
    }

    async fn cancelling_confirmations_keeps_the_binding(world: World) {
        let server = world.start().await;
        let (alice, bob) = (world.person(&server, "alice").await, world.person(&server, "bob").await);
        alice.binds(ALICE).await;
        world.mail.forget();
        let sid = bob.proves(ALICE).await;
        let visitor = Visitor::by_mail(&world, &server, ALICE).await;
        assert_eq!(visitor.done("cancel").await, "The requests have been cancelled");
        assert_eq!(bob.binds_by(&sid).await.error(), (404, "M_NO_VALID_SESSION"));
        assert_eq!(bob.looks_up(ALICE).await, Some(alice.mxid.clone()));
        assert!(!visitor.sees().await.text.contains(&bob.mxid));
    }

    async fn invitations_are_shown_and_can_be_deleted(world: World) {
        let server = world.start().await;
        let bob = world.person(&server, "bob").await;
        let token = invites(&bob, ALICE).await.ok()["token"].clone();
        let visitor = Visitor::by_mail(&world, &server, ALICE).await;
        let shown = format!("<li>{} <span class=\"soft\">invited you on {NOON}</span></li>", id(&bob));
        assert!(main(&visitor.sees().await).contains(&shown));
        let stored = visitor.downloads().await;
        let expected = json!([{ "user_id": bob.mxid, "room_id": ROOM, "invited_at": world.clock.now() }]);
        assert_eq!(stored["invitations"], expected);
        assert!(!stored.to_string().contains(token.as_str().unwrap()), "the token belongs to the inviter: {stored}");
        assert_eq!(visitor.done("uninvite").await, "The invitations have been deleted");
        assert_eq!(count(&world, "invites").await, 0);
        // Binding the address later does not lead into the room.
        let alice = world.person(&server, "alice").await;
        alice.binds(ALICE).await;
        assert!(world.homeserver.told().is_empty());
    }

    async fn a_phone_number_is_managed_with_a_link_in_a_text_message(world: World) {
        let server = world.start().await;
        let alice = world.person(&server, "alice").await;
        let sid = phones::sid(alice.post("/validate/msisdn/requestToken", phones::asked("07700 900123", 1)).await);
        let code = world.texts().pop().unwrap().code();
        let submitted = json!({ "sid": sid, "client_secret": SECRET, "token": code });
        alice.post("/validate/msisdn/submitToken", submitted).await.ok();
        alice.binds_by(&sid).await.ok();
        until(PATIENCE, "the number is not notified", async || world.texts().len() == 2).await;
        assert_eq!(heading(&asks(&server, " +44 (7700) 900-123 ").await, 200), SENT);
        until(PATIENCE, "no text came", async || world.texts().len() == 3).await;
        let text = world.texts().pop().unwrap();
        assert!(text.to == "447700900123" && !text.body.contains(&alice.mxid), "{text:?}");
        let visitor = Visitor::begun(&server, &presses(&server, &path_of(text.body.rsplit(' ').next().unwrap())).await);
        let page = visitor.sees().await;
        assert!(main(&page).contains("stores about +447700900123.") && main(&page).contains(&alice.mxid), "{}", main(&page));
        assert_eq!(visitor.done("unbind").await, "Nobody can be found by your address any more");
        assert_eq!(count(&world, "bindings").await, 0);
    }

    async fn erasing_requires_a_recent_link_and_a_ticked_box(world: World) {
        let server = world.start().await;
        let (alice, bob) = (world.person(&server, "alice").await, world.person(&server, "bob").await);
        alice.binds(ALICE).await;
        bob.asks_to_prove(ALICE).await;
        let visitor = Visitor::by_mail(&world, &server, ALICE).await;
        let elsewhere = Visitor::by_mail(&world, &server, ALICE).await;
        let token = value(&visitor.sees().await.text, "name=\"form_token\" value=\"");
        let unsure = visitor.posts(&[("form_token", &token), ("action", "erase")]).await;
        assert_eq!(unsure.headers["location"], "/address/held?done=unsure&lang=en");
        let page = visitor.gets("/address/held?done=unsure&lang=en").await;
        assert!(page.text.contains("role=\"alert\">Nothing was erased. Tick the box first."), "{}", main(&page));

        world.clock.advance(5 * MINUTE);
        for action in ["erase", "download"] {
            assert_eq!(visitor.does(action).await.headers["location"], "/address/held?done=stale&lang=en");
        }
        let page = visitor.gets("/address/held?done=stale&lang=en").await;
        assert!(main(&page).contains("<a href=\"/address?lang=en\">Request a new link</a>"), "{}", main(&page));
        assert_eq!(alice.looks_up(ALICE).await, Some(alice.mxid.clone()));

        let visitor = Visitor::by_mail(&world, &server, ALICE).await;
        let erased = visitor.does("erase").await;
        assert_eq!((erased.status, &erased.headers["location"]), (303, &"/address?done=erased&lang=en".parse().unwrap()));
        assert!(erased.headers["set-cookie"].to_str().unwrap().contains("Max-Age=0"));
        assert_eq!(alice.looks_up(ALICE).await, None);
        for table in ["bindings", "sessions", "visits"] {
            assert_eq!(count(&world, table).await, 0, "{table}");
        }
        for ended in [&visitor, &elsewhere] {
            assert_eq!(heading(&ended.gets("/address/held").await, 403), OVER);
        }
        let page = server.get("/address?done=erased&lang=en", None).await;
        assert!(page.text.contains("role=\"status\">Everything has been erased."), "{}", main(&page));
    }

    async fn a_session_ends_on_leaving_or_after_half_an_hour(world: World) {
        let server = world.start().await;
        let visitor = Visitor::by_mail(&world, &server, ALICE).await;
        let left = visitor.does("leave").await;
        assert_eq!(left.headers["location"], "/address?done=left&lang=en");
        assert!(left.headers["set-cookie"].to_str().unwrap().contains("Max-Age=0"));
        assert_eq!(heading(&visitor.gets("/address/held").await, 403), OVER);
        assert_eq!(count(&world, "visits").await, 0);

        let visitor = Visitor::by_mail(&world, &server, ALICE).await;
        world.clock.advance(30 * MINUTE);
        let page = visitor.gets("/address/held").await;
        assert_eq!(heading(&page, 403), OVER);
        assert!(main(&page).contains("<a href=\"/address?lang=en\">Request a new link</a>"), "{}", main(&page));
    }

    async fn opening_the_page_is_rate_limited_per_address(world: World) {
        let server = world.start().await;
        let visitor = Visitor::by_mail(&world, &server, ALICE).await;
        for _ in 0..60 {
            visitor.sees().await;
        }
        let refusal = visitor.gets("/address/held").await;
        assert_eq!((refusal.status, refusal.headers["retry-after"].to_str().unwrap()), (429, "6"));
        let neighbour = Visitor::by_mail(&world, &server, "bob@example.com").await;
        neighbour.sees().await;
        world.clock.advance(6 * SECOND);
        visitor.sees().await;
    }

    async fn nodes_share_a_session(world: World) {
        let (server, other) = (world.start().await, world.start().await);
        let alice = world.person(&server, "alice").await;
        alice.binds(ALICE).await;
        let path = mailed(&world, &server, ALICE).await;
        let begun = Visitor::begun(&other, &presses(&other, &path).await);
        let visitor = Visitor { server: &server, cookie: begun.cookie.clone() };
        assert_eq!(visitor.done("unbind").await, "Nobody can be found by your address any more");
        let there = Person { world: &world, server: &other, mxid: alice.mxid.clone(), token: alice.token.clone() };
        assert_eq!(there.looks_up(ALICE).await, None);
        assert_eq!(begun.does("leave").await.status, 303);
        assert_eq!(heading(&visitor.gets("/address/held").await, 403), OVER);
    }

    async fn a_matrix_id_cannot_inject_markup(world: World) {
        let server = world.start().await;
        let mallory = world.person(&server, "<img/src=x>\"'&amp;").await;
        assert!(mallory.mxid.contains('<'));
        mallory.asks_to_prove(ALICE).await;
        invites(&mallory, ALICE).await.ok();
        let page = Visitor::by_mail(&world, &server, ALICE).await.sees().await;
        let escaped = "@&#60;img/src=x&#62;&#34;&#39;&#38;amp;:hs.example";
        assert_eq!((page.text.matches(escaped).count(), page.text.matches("<img").count()), (2, 0), "{}", main(&page));
    }
}
