//! Objections: people can keep their address from being listed or invited, and nobody else learns
//! about it.

use std::sync::atomic::Ordering;

use futures_util::future::join;
use serde_json::{Value, json};
use vouch_test_support::mail_sink::Message;

use crate::address_visitor::{Visitor, is_link, mailed};
use crate::database::count;
use crate::invitations::{V2, invitation, invites};
use crate::notices::{ALICE, PATIENCE, moody, unwilling};
use crate::phones;
use crate::program::Binary;
use crate::world::{Answer, Person, SECRET, Server, World, until};

const OBJECT: &str = "/_matrix/identity/unstable/im.vouch/3pid/object";
const NUMBER: &str = "07700 900123";
const MSISDN: &str = "447700900123";

async fn asks_to_prove(person: &Person<'_>, email: &str, attempt: i64) -> Answer {
    let asked = json!({ "client_secret": SECRET, "email": email, "send_attempt": attempt });
    person.post("/validate/email/requestToken", asked).await
}

async fn invites_number(person: &Person<'_>, number: &str) -> Answer {
    let mut asked = invitation(person, number);
    asked["medium"] = Value::from("msisdn");
    person.post("/store-invite", asked).await
}

pub async fn objects(person: &Person<'_>, sid: &str, secret: &str) -> Answer {
    let body = json!({ "sid": sid, "client_secret": secret });
    person.server.post(OBJECT, Some(&person.token), &body).await
}

/// Objects on the page, and discards the mail with the link to it.
async fn objects_by_mail(world: &World, server: &Server, address: &str) {
    let visitor = Visitor::by_mail(world, server, address).await;
    assert_eq!(visitor.done("object").await, "Your objection has been recorded");
    world.mail.forget();
}

/// Returns the parts of an answer that a client sees, except the time in it.
fn seen(answer: &Answer) -> (u16, String, Vec<String>) {
    let mut headers: Vec<_> = answer.headers.keys().map(ToString::to_string).collect();
    headers.sort();
    (answer.status, answer.text.clone(), headers)
}

on_both_backends! {
    async fn objecting_removes_stored_data_and_is_remembered(world: World) {
        let server = world.start().await;
        let (alice, bob) = (world.person(&server, "alice").await, world.person(&server, "bob").await);
        invites(&bob, ALICE).await.ok();
        bob.asks_to_prove(ALICE).await;
        let visitor = Visitor::by_mail(&world, &server, ALICE).await;
        assert_eq!(visitor.done("object").await, "Your objection has been recorded");
        let page = visitor.sees().await;
        let since = "You objected on <time datetime=\"2026-11-23T12:00:00Z\">23 November 2026, 12:00 UTC</time>.";
        assert!(page.text.contains(since), "{}", page.text);
        assert!(!page.text.contains(&bob.mxid) && !page.text.contains("value=\"object\""), "{}", page.text);
        let held = visitor.downloads().await;
        assert_eq!(held["objects_since"], world.clock.now());
        assert_eq!((&held["confirmations"], &held["invitations"]), (&json!([]), &json!([])));
        for table in ["bindings", "sessions", "invites", "outbox"] {
            assert_eq!(count(&world, table).await, 0, "{table}");
        }
        assert_eq!(alice.looks_up(ALICE).await, None);
    }

    async fn objecting_removes_the_binding(world: World) {
        let (server, other) = (world.start().await, world.start().await);
        let alice = world.person(&server, "alice").await;
        let sid = alice.proves(ALICE).await;
        alice.binds_by(&sid).await.ok();
        objects_by_mail(&world, &other, ALICE).await;
        assert_eq!(alice.looks_up(ALICE).await, None);
        let there = Person { world: &world, server: &other, mxid: alice.mxid.clone(), token: alice.token.clone() };
        assert_eq!(there.looks_up(ALICE).await, None);
        assert_eq!(alice.binds_by(&sid).await.error(), (404, "M_NO_VALID_SESSION"));
    }

    async fn requests_for_a_mail_are_answered_as_if_it_could_not_be_delivered(world: World) {
        let mut world = world;
        let refuses = unwilling(&mut world, "RCPT", "550 5.1.1 nobody here").await;
        let server = world.start().await;
        let bob = world.person(&server, "bob").await;
        objects_by_mail(&world, &server, ALICE).await;
        let (asked, invited) = (asks_to_prove(&bob, ALICE, 1).await, invites(&bob, ALICE).await);
        assert_eq!((asked.error(), invited.error()), ((400, "M_EMAIL_SEND_ERROR"), (400, "M_EMAIL_SEND_ERROR")));
        refuses.store(true, Ordering::SeqCst);
        let undelivered = (asks_to_prove(&bob, "carol@example.com", 1).await, invites(&bob, "carol@example.com").await);
        assert_eq!((seen(&asked), seen(&invited)), (seen(&undelivered.0), seen(&undelivered.1)));
        refuses.store(false, Ordering::SeqCst);
        // However often, and in any spelling.
        for (attempt, written) in [(1, ALICE), (2, ALICE), (3, "ALICE@Example.COM")] {
            assert_eq!(asks_to_prove(&bob, written, attempt).await.error(), (400, "M_EMAIL_SEND_ERROR"));
            assert_eq!(invites(&bob, written).await.error(), (400, "M_EMAIL_SEND_ERROR"));
        }
        for table in ["sessions", "invites", "ephemeral_keys"] {
            assert_eq!(count(&world, table).await, 0, "{table}");
        }
        assert!(world.mail.messages().is_empty());
        // Other addresses are not affected.
        bob.binds("bob@example.com").await;
    }

    async fn the_mail_server_is_asked_the_same_as_about_an_address_it_refuses(world: World) {
        let mut world = world;
        let refuses = unwilling(&mut world, "RCPT", "550 5.1.1 nobody here").await;
        let server = world.start().await;
        let bob = world.person(&server, "bob").await;
        objects_by_mail(&world, &server, ALICE).await;
        let said = async |address: &str, is_refused: bool| {
            refuses.store(is_refused, Ordering::SeqCst);
            let before = world.mail.commands().len();
            let answers = (seen(&asks_to_prove(&bob, address, 1).await), seen(&invites(&bob, address).await));
            let commands = async || world.mail.commands()[before..].join("\n").replace(address, "ADDRESS");
            until(PATIENCE, "the dialogues do not end", async || commands().await.matches("QUIT").count() == 2).await;
            (answers, commands().await)
        };
        // The mail to the owner of the address has left a connection that is used once more.
        said("unknown@example.com", true).await;
        let (objecting, undelivered) = (said(ALICE, false).await, said("carol@example.com", true).await);
        assert_eq!(objecting, undelivered);
        assert!(undelivered.1.contains("RCPT TO:<ADDRESS>") && !undelivered.1.contains("DATA"), "{}", undelivered.1);
    }

    async fn a_mail_server_out_of_order_is_so_for_everybody(world: World) {
        let mut world = world;
        let refuses = moody(&mut world).await;
        let server = world.start().await;
        let bob = world.person(&server, "bob").await;
        objects_by_mail(&world, &server, ALICE).await;
        refuses.store(true, Ordering::SeqCst);
        let answers = async |address: &str| {
            (seen(&asks_to_prove(&bob, address, 1).await), seen(&invites(&bob, address).await))
        };
        assert_eq!(answers(ALICE).await, answers("carol@example.com").await);
    }

    async fn nor_is_a_text_sent(world: World) {
        let server = world.start().await;
        let bob = world.person(&server, "bob").await;
        let sid = phones::sid(bob.post("/validate/msisdn/requestToken", phones::asked(NUMBER, 1)).await);
        let code = world.texts().pop().unwrap().code();
        let submitted = json!({ "sid": sid, "client_secret": SECRET, "token": code });
        bob.post("/validate/msisdn/submitToken", submitted).await.ok();
        assert_eq!(objects(&bob, &sid, SECRET).await.ok(), json!({}));
        let asked = bob.post("/validate/msisdn/requestToken", phones::asked(NUMBER, 2)).await;
        assert_eq!(asked.error(), (400, "M_SEND_ERROR"));
        assert_eq!(invites_number(&bob, MSISDN).await.error(), (400, "M_SEND_ERROR"));
        assert_eq!((count(&world, "sessions").await, count(&world, "invites").await), (0, 0));
        until(PATIENCE, "the number is not told", async || world.texts().len() == 2).await;
        assert!(world.texts()[1].body.contains("your number is now blocked"), "{}", world.texts()[1].body);
    }

    async fn a_refusal_is_charged_like_any_other(world: World) {
        let mut world = world;
        world.config.budgets.messages_user = vouch::config::Bucket { capacity: 2, per_hour: 1 };
        let server = world.start().await;
        let bob = world.person(&server, "bob").await;
        objects_by_mail(&world, &server, ALICE).await;
        for attempt in 1..=2 {
            assert_eq!(asks_to_prove(&bob, ALICE, attempt).await.error(), (400, "M_EMAIL_SEND_ERROR"));
        }
        assert_eq!(asks_to_prove(&bob, ALICE, 3).await.error(), (429, "M_LIMIT_EXCEEDED"));
    }

    async fn an_objection_can_be_withdrawn_through_the_link_that_is_still_sent(world: World) {
        let server = world.start().await;
        let bob = world.person(&server, "bob").await;
        objects_by_mail(&world, &server, ALICE).await;
        let visitor = Visitor::by_mail(&world, &server, ALICE).await;
        assert_eq!(visitor.done("withdraw").await, "Your objection has been withdrawn");
        assert_eq!(count(&world, "objections").await, 0);
        invites(&bob, ALICE).await.ok();
        bob.binds(ALICE).await;
        assert_eq!(bob.looks_up(ALICE).await, Some(bob.mxid.clone()));
    }

    async fn an_erasure_keeps_the_objection(world: World) {
        let server = world.start().await;
        let bob = world.person(&server, "bob").await;
        let visitor = Visitor::by_mail(&world, &server, ALICE).await;
        visitor.done("object").await;
        assert_eq!(visitor.does("erase").await.status, 303);
        assert_eq!(invites(&bob, ALICE).await.error(), (400, "M_EMAIL_SEND_ERROR"));
        let visitor = Visitor::by_mail(&world, &server, ALICE).await;
        assert!(visitor.sees().await.text.contains("You objected on"));
    }

    async fn objecting_twice_keeps_the_first_time(world: World) {
        let server = world.start().await;
        let since = world.clock.now();
        objects_by_mail(&world, &server, ALICE).await;
        // Another browser, showing an older page.
        let late = Visitor::by_mail(&world, &server, ALICE).await;
        world.clock.advance(1_000);
        let page = late.sees().await;
        let token = page.text.split_once("name=\"form_token\" value=\"").unwrap().1.split_once('"').unwrap().0;
        assert_eq!(late.posts(&[("form_token", token), ("action", "object")]).await.status, 303);
        assert_eq!(late.downloads().await["objects_since"], since);
    }

    async fn an_app_can_object_for_an_address_its_user_has_validated(world: World) {
        let server = world.start().await;
        // Without having accepted the new terms.
        let alice = world.person(&server, "alice").await;
        let bob = world.person(&server, "bob").await;
        bob.binds(ALICE).await;
        let unproved = alice.asks_to_prove("alice.other@example.com").await;
        world.mail.forget();
        let sid = alice.proves(ALICE).await;
        assert_eq!(objects(&alice, &sid, "another_secret").await.error(), (404, "M_NO_VALID_SESSION"));
        assert_eq!(objects(&bob, &sid, SECRET).await.error(), (404, "M_NO_VALID_SESSION"));
        assert_eq!(objects(&alice, &unproved, SECRET).await.error(), (400, "M_SESSION_NOT_VALIDATED"));
        assert_eq!(objects(&alice, "", SECRET).await.error(), (400, "M_INVALID_PARAM"));
        let nobody = server.post(OBJECT, None, &json!({ "sid": sid, "client_secret": SECRET })).await;
        assert_eq!(nobody.error(), (401, "M_UNAUTHORIZED"));
        for (body, expected) in [
            (json!({ "client_secret": SECRET }), (400, "M_MISSING_PARAMS")),
            (json!({ "sid": sid }), (400, "M_MISSING_PARAMS")),
            (json!({ "sid": 1, "client_secret": SECRET }), (400, "M_INVALID_PARAM")),
            (json!([]), (400, "M_BAD_JSON")),
        ] {
            assert_eq!(server.post(OBJECT, Some(&alice.token), &body).await.error(), expected, "{body}");
        }
        assert_eq!(server.get(OBJECT, Some(&alice.token)).await.error(), (405, "M_UNRECOGNIZED"));
        assert_eq!(alice.looks_up(ALICE).await, Some(bob.mxid.clone()));

        assert_eq!(objects(&alice, &sid, SECRET).await.ok(), json!({}));
        assert_eq!(alice.looks_up(ALICE).await, None);
        assert_eq!(objects(&alice, &sid, SECRET).await.error(), (404, "M_NO_VALID_SESSION"));
    }

    async fn objecting_requires_no_accepted_terms(world: World) {
        let server = world.start().await;
        let newcomer = world.newcomer(&server, "newcomer").await;
        assert_eq!(objects(&newcomer, "nosuchsession", SECRET).await.error(), (404, "M_NO_VALID_SESSION"));
    }

    async fn a_concurrent_bind_and_objection_leave_the_address_unbound(world: World) {
        let (server, other) = (world.start().await, world.start().await);
        let alice = world.person(&server, "alice").await;
        let mut refused = 0;
        for round in 0..10 {
            let address = format!("alice{round}@example.com");
            let visitor = Visitor::by_mail(&world, &other, &address).await;
            let sid = alice.proves(&address).await;
            let (bound, objected) = join(alice.binds_by(&sid), visitor.does("object")).await;
            assert_eq!(objected.status, 303);
            match bound.error() {
                (200, _) => {}
                (403, "M_FORBIDDEN") | (404, "M_NO_VALID_SESSION") => refused += 1,
                other => panic!("{other:?}"),
            }
            assert_eq!(alice.looks_up(&address).await, None);
        }
        assert!(refused <= 10);
        assert_eq!((count(&world, "bindings").await, count(&world, "sessions").await), (0, 0));
        assert_eq!(count(&world, "objections").await, 10);
    }

    async fn a_concurrent_invitation_and_objection_leave_nothing_stored(world: World) {
        let (server, other) = (world.start().await, world.start().await);
        let bob = world.person(&server, "bob").await;
        for round in 0..10 {
            let address = format!("alice{round}@example.com");
            let visitor = Visitor::by_mail(&world, &other, &address).await;
            let (invited, objected) = join(invites(&bob, &address), visitor.does("object")).await;
            assert_eq!(objected.status, 303);
            assert!(invited.status == 200 || invited.error() == (400, "M_EMAIL_SEND_ERROR"), "{invited:?}");
        }
        assert_eq!(count(&world, "invites").await, 0);
    }

    async fn an_operator_can_object_on_behalf_of_somebody(world: World) {
        let binary = Binary::of(&world);
        let process = binary.serve().await;
        let alice = world.person(&process.server, "alice").await;
        alice.binds(ALICE).await;
        let run = |arguments: &[&str]| {
            let done = binary.run(arguments);
            (done.status, format!("{}{}", done.stdout, done.stderr))
        };
        let kept = format!("{ALICE} is not bound, and can no longer be bound or invited\n");
        assert_eq!(run(&["object", ALICE]), (Some(0), kept));
        assert_eq!(alice.looks_up(ALICE).await, None);
        assert_eq!(invites(&alice, ALICE).await.error(), (400, "M_EMAIL_SEND_ERROR"));
        let (status, said) = run(&["lookup", ALICE]);
        assert_eq!(status, Some(1));
        assert!(said.contains(&format!("{ALICE} is not bound; its owner has objected to this since ")), "{said}");
        let (status, said) = run(&["bind", "--address", ALICE, "--user", "@alice:hs.example"]);
        assert_eq!(status, Some(1));
        assert!(said.contains("The owner of the address objects to it being listed"), "{said}");
        let (status, said) = run(&["object", "--withdraw", ALICE]);
        assert_eq!((status, said), (Some(0), format!("{ALICE} can be listed and invited again\n")));
        let (status, said) = run(&["object", "--withdraw", ALICE]);
        assert!(status == Some(1) && said.contains(&format!("there is no objection for {ALICE}")), "{said}");
        let (status, said) = run(&["object", "alice"]);
        assert!(status == Some(2) && said.contains("the address is not valid"), "{said}");
        world.mail.forget();
        alice.binds(ALICE).await;
    }

    async fn mails_say_where_to_object(world: World) {
        let server = world.start().await;
        let alice = world.person(&server, "alice").await;
        alice.binds(ALICE).await;
        let has_way = |mail: &Message| mail.links().iter().any(|link| link.ends_with("/address?lang=en"));
        until(PATIENCE, "both letters", async || world.mail.messages().iter().filter(|mail| has_way(mail)).count() == 2).await;
        // The link opens the page and nothing personal: a forwarded mail must not give access.
        mailed(&world, &server, ALICE).await;
        assert!(!world.mail.messages().iter().any(|mail| is_link(mail) && has_way(mail)));
        assert_eq!(server.get(&format!("{V2}/terms"), None).await.status, 200);
    }
}
