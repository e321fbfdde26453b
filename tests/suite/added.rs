//! Somebody with a token of a user can bind an address of their own to that user. The user's
//! earlier addresses are told, and can undo it.

use std::sync::atomic::Ordering;

use reqwest::Method;
use serde_json::{Value, json};
use vouch::clock::{DAY, HOUR, MINUTE};
use vouch::config::Bucket;
use vouch::identity::threepid::Address;
use vouch::service::{BindingSource, ImportedBinding, Mode, Seen as Known, Services};
use vouch_test_support::mail_sink::Message;

use crate::address_visitor::{BROKEN, main, path_of, posts};
use crate::confirming::{CONFIRM, OPENED, mailed_confirmation, presses};
use crate::database::{count, settle};
use crate::deferred_erasure::{ERASING, asks_for_erasure};
use crate::notices::{ALICE, PATIENCE, UNBOUND, moody, notices, words};
use crate::own_proofs::{EXPORTED, Seen, erases, exports, proves_again};
use crate::undoing::heading;
use crate::visitor::{Visitor, at, does};
use crate::world::{Answer, NOON, Person, SECRET, Server, World, query, until};

pub const ADDED: &str = "An address was added to your account on 127.0.0.1:8090";
pub const WORK: &str = "alice@work.example";
pub const MALLORY: &str = "mallory@evil.example";
pub const NOTHING_LEFT: &str = "There is nothing left to undo";
pub const SIGNED_OUT: &str = "Everybody has been signed out";

pub fn told(world: &World, address: &str, subject: &str) -> usize {
    notices(world, address).iter().filter(|told| *told == subject).count()
}

pub async fn until_delivered(world: &World) {
    until(PATIENCE, "it is not delivered", async || count(world, "outbox").await == 0).await;
}

/// Returns the mail that tells an address of an added one.
pub async fn alert(world: &World, address: &str) -> Message {
    world.mail.wait_for(|mail| mail.to == [address] && mail.subject() == ADDED).await
}

pub fn removal(mail: &Message) -> String {
    path_of(&mail.links().into_iter().find(|link| link.contains("/not-me?")).unwrap())
}

pub async fn unbinds(person: &Person<'_>, sid: &str, address: &str) {
    let threepid = json!({ "medium": "email", "address": address });
    let body = json!({ "sid": sid, "client_secret": SECRET, "mxid": person.mxid, "threepid": threepid });
    person.post("/3pid/unbind", body).await.ok();
}

/// Confirms a person's token by the address with this id.
async fn confirms(person: &Person<'_>, id: &Value, address: &str) {
    person.world.mail.forget();
    person.server.post(CONFIRM, Some(&person.token), &json!({ "id": id })).await.ok();
    let path = mailed_confirmation(person.world, address).await;
    assert_eq!(heading(&presses(person.server, &path, "confirm").await, 200), "Confirmed");
}

pub async fn removes(server: &Server, path: &str) -> Answer {
    posts(server, "/not-me?lang=en", &[("token", &query(&format!("http://h{path}"), "token"))]).await
}

/// Registers Alice, whose two addresses have been bound for long.
pub async fn alice<'a>(world: &'a World, server: &'a Server) -> Person<'a> {
    let alice = world.person(server, "alice").await;
    for address in [ALICE, WORK] {
        alice.binds(address).await;
        settle(world).await;
    }
    until_delivered(world).await;
    world.mail.forget();
    alice
}

on_both_backends! {
    async fn the_reader_of_an_older_address_is_notified_and_can_remove_the_new_one(mut world: World) {
        world.config.notices.enabled = false;
        let (server, other) = (world.start().await, world.start().await);
        let alice = alice(&world, &server).await;
        let (thief, bob) = (world.newcomer(&server, "alice").await, world.person(&server, "bob").await);
        let visitor = Visitor::signed_in(&world, &other, "alice").await;
        thief.binds(MALLORY).await;
        asks_for_erasure(&thief).await.ok();
        let mail = alert(&world, WORK).await;
        let text = words(&mail);
        assert!(text.contains(&alice.mxid) && text.contains("23 November 2026, 12:00 UTC"), "{text}");
        let path = removal(&alert(&world, ALICE).await);
        assert!(path.len() < 180 && !path.contains("alice"), "{path}");
        // Mail scanners open links.
        for _ in 0..2 {
            let page = other.get(&path, None).await;
            assert_eq!(heading(&page, 200), "Wasn’t this you?");
            assert!(main(&page).contains(&alice.mxid) && !page.text.contains("evil") && !page.text.contains("@example"), "{}", page.text);
            assert_eq!(other.send(other.request(Method::HEAD, &path, None)).await.status, 200);
        }
        assert_eq!((count(&world, "bindings").await, count(&world, "erasures").await), (3, 1));
        assert_eq!(heading(&removes(&other, &path).await, 200), "The new address has been removed");
        assert_eq!((count(&world, "bindings").await, count(&world, "erasures").await, count(&world, "visits").await), (2, 0, 0));
        assert!(!visitor.opens("/you").await.text.contains(&alice.mxid));
        for person in [&thief, &alice, &at(&alice, &other)] {
            assert_eq!(person.get("/account").await.error(), (401, "M_UNAUTHORIZED"));
        }
        assert_eq!(bob.looks_up(ALICE).await, Some(alice.mxid.clone()));
        // It can be repeated, by the other address too: anybody who has signed in since then is
        // signed out.
        for path in [path, removal(&mail)] {
            let back = world.newcomer(&server, "alice").await;
            assert_eq!(heading(&server.get(&path, None).await, 200), "Wasn’t this you?");
            assert_eq!(heading(&removes(&server, &path).await, 200), SIGNED_OUT);
            assert_eq!(back.get("/account").await.error(), (401, "M_UNAUTHORIZED"));
        }
        // No session can bind it again.
        assert_eq!((count(&world, "bindings").await, count(&world, "sessions").await), (2, 0));
    }

    async fn the_removed_address_is_notified(world: World) {
        let server = world.start().await;
        let alice = alice(&world, &server).await;
        alice.binds(MALLORY).await;
        let path = removal(&alert(&world, ALICE).await);
        removes(&server, &path).await;
        world.mail.wait_for(|mail| mail.to == [MALLORY] && mail.subject() == UNBOUND).await;
    }

    async fn a_link_does_nothing_while_its_reader_is_not_bound_to_the_user(world: World) {
        let server = world.start().await;
        let alice = alice(&world, &server).await;
        let bob = world.person(&server, "bob").await;
        alice.binds(MALLORY).await;
        let path = removal(&alert(&world, WORK).await);
        for is_bound_to_bob in [true, false] {
            if is_bound_to_bob { bob.binds(WORK).await } else { bob.unbinds(WORK).await.ok() };
            for page in [server.get(&path, None).await, removes(&server, &path).await] {
                assert_eq!(heading(&page, 200), NOTHING_LEFT, "somebody else may read it now");
            }
        }
        for person in [&alice, &bob] {
            person.get("/account").await.ok();
        }
        assert_eq!(count(&world, "bindings").await, 2);
    }

    async fn only_a_new_address_is_told_of_and_only_to_others(world: World) {
        let server = world.start().await;
        let alice = alice(&world, &server).await;
        // One that comes from somebody else is new.
        world.person(&server, "bob").await.binds("moved@example.com").await;
        world.mail.forget();
        alice.binds("moved@example.com").await;
        let sid = alice.proves(MALLORY).await;
        for _ in 0..3 {
            alice.binds_by(&sid).await.ok();
            world.clock.advance(MINUTE);
        }
        until_delivered(&world).await;
        assert_eq!((told(&world, ALICE, ADDED), told(&world, WORK, ADDED), told(&world, MALLORY, ADDED)), (2, 2, 0));
        // So is one that is removed and bound again, and one that the operator binds.
        unbinds(&alice, &sid, MALLORY).await;
        alice.binds_by(&sid).await.ok();
        let vouch = Services::open(world.config.clone(), world.clock.clone()).await.unwrap();
        let address = Address::email("operated@example.com").unwrap();
        let mxid = alice.mxid.as_str().try_into().unwrap();
        vouch.bindings.bind_address(&address, mxid, vouch.default_language()).await.unwrap();
        until(PATIENCE, "it is not told", async || {
            world.clock.advance(MINUTE);
            told(&world, ALICE, ADDED) == 4
        }).await;
        until_delivered(&world).await;
        for (address, count) in [(WORK, 4), ("moved@example.com", 3), (MALLORY, 1), ("operated@example.com", 0)] {
            assert_eq!(told(&world, address, ADDED), count, "{address}");
        }
    }

    async fn binding_again_neither_settles_an_address_nor_unsettles_it(mut world: World) {
        world.config.retention.validation_session = 30 * DAY;
        let server = world.start().await;
        let alice = world.person(&server, "alice").await;
        let (first, second) = (alice.proves(ALICE).await, alice.proves(WORK).await);
        alice.binds_by(&first).await.ok();
        alice.binds_by(&second).await.ok();
        world.clock.advance(3 * DAY - MINUTE);
        alice.binds_by(&first).await.ok();
        let early = world.newcomer(&server, "alice").await;
        early.confirms(ALICE).await;
        assert_eq!(exports(&early).await.seen(), [ALICE, "a•••@w•••"]);
        world.clock.advance(MINUTE);
        alice.confirms(ALICE).await;
        assert_eq!(exports(&alice).await.seen(), [ALICE, WORK], "it counts from the first bind");
        // Removed and bound again, it is new, even for its owner.
        unbinds(&alice, &first, ALICE).await;
        alice.binds_by(&first).await.ok();
        let late = world.newcomer(&server, "alice").await;
        let id = exports(&late).await["bindings"][1]["id"].clone();
        confirms(&late, &id, ALICE).await;
        assert_eq!(exports(&late).await.seen(), ["a•••@w•••", ALICE]);
    }

    async fn the_operators_import_counts_from_its_date_and_nobody_is_notified(world: World) {
        let server = world.start().await;
        let alice = world.person(&server, "alice").await;
        alice.binds(ALICE).await;
        let vouch = Services::open(world.config.clone(), world.clock.clone()).await.unwrap();
        let user = Some(alice.mxid.as_str().try_into().unwrap());
        let rows = vec![ImportedBinding { address: Address::email(WORK).unwrap(), user, at: NOON - 30 * DAY, source: BindingSource::Server }];
        vouch.importer.begin().await.unwrap();
        let rows = vouch.importer.prepare(rows, Mode::Write);
        vouch.importer.bindings(rows, Mode::Write, &mut Known::default()).await.unwrap();
        until_delivered(&world).await;
        assert_eq!(told(&world, ALICE, ADDED), 0);
        let bindings = exports(&alice).await["bindings"].clone();
        confirms(&alice, &bindings[1]["id"], ALICE).await;
        assert_eq!(exports(&alice).await.seen(), ["a•••@w•••", ALICE]);
        world.clock.advance(1);
        confirms(&alice, &bindings[0]["id"], WORK).await;
        assert_eq!(exports(&alice).await.seen(), [WORK, ALICE]);
    }

    async fn additions_are_limited_and_each_is_announced(mut world: World) {
        world.config.budgets.messages_address = Bucket { capacity: 100, per_hour: 100 };
        let server = world.start().await;
        let alice = world.person(&server, "alice").await;
        alice.binds(ALICE).await;
        let sid = alice.proves(MALLORY).await;
        for _ in 0..20 {
            alice.binds_by(&sid).await.ok();
            unbinds(&alice, &sid, MALLORY).await;
        }
        let refused = alice.binds_by(&sid).await;
        assert_eq!(refused.error(), (429, "M_LIMIT_EXCEEDED"));
        assert!(refused.headers.contains_key("retry-after"));
        assert_eq!(count(&world, "bindings").await, 1);
        // What is bound already can be bound again, and other people are not affected.
        alice.binds(ALICE).await;
        let bob = world.person(&server, "bob").await;
        bob.binds("bobs-own@example.com").await;
        bob.binds("bobs-second@example.com").await;
        until_delivered(&world).await;
        assert_eq!(told(&world, ALICE, ADDED), 20);
        world.clock.advance(HOUR);
        alice.binds_by(&sid).await.ok();
        until_delivered(&world).await;
        assert_eq!(told(&world, ALICE, ADDED), 21);
    }

    async fn actions_confirmed_by_one_address_do_not_hide_those_confirmed_by_another(world: World) {
        let server = world.start().await;
        let alice = alice(&world, &server).await;
        let thief = world.newcomer(&server, "alice").await;
        thief.binds(MALLORY).await;
        until_delivered(&world).await;
        world.clock.advance(4 * DAY);
        // Alice looks herself, and takes her data with her.
        alice.confirms(ALICE).await;
        proves_again(&alice).await;
        assert!(exports(&alice).await.is_full());
        until_delivered(&world).await;
        assert_eq!((told(&world, WORK, OPENED), told(&world, WORK, EXPORTED)), (1, 1));
        let id = exports(&thief).await["bindings"][2]["id"].clone();
        for times in [1, 0] {
            world.mail.forget();
            confirms(&thief, &id, MALLORY).await;
            proves_again(&thief).await;
            assert_eq!(exports(&thief).await.seen(), [ALICE, WORK, MALLORY]);
            until_delivered(&world).await;
            for address in [ALICE, WORK] {
                assert_eq!((told(&world, address, OPENED), told(&world, address, EXPORTED)), (times, times), "{address}");
            }
            world.clock.advance(MINUTE);
        }
    }

    async fn an_address_is_notified_of_an_erasure_that_was_requested_before_it_was_bound(world: World) {
        let server = world.start().await;
        let alice = world.person(&server, "alice").await;
        let thief = world.newcomer(&server, "alice").await;
        // Nothing is bound yet, so nobody is told.
        asks_for_erasure(&thief).await.ok();
        world.clock.advance(DAY);
        alice.binds(ALICE).await;
        let mail = world.mail.wait_for(|mail| mail.to == [ALICE] && mail.subject() == ERASING).await;
        assert!(words(&mail).contains("This will happen on 26 November 2026, 12:00 UTC"), "{}", words(&mail));
        // Otherwise somebody with a token could stop every erasure.
        assert!(!mail.text().contains("/erasure?") && words(&mail).contains("you can stop it: sign in"), "{}", words(&mail));
        let visitor = Visitor::signed_in(&world, &server, "alice").await;
        assert_eq!(does(&visitor, "/you/keep", &[]).await, "Nothing will be erased.");
        assert_eq!(count(&world, "erasures").await, 0);
    }

    async fn an_attacker_with_a_token_gets_nowhere_although_the_mail_server_is_down(mut world: World) {
        let refuses = moody(&mut world).await;
        let server = world.start().await;
        alice(&world, &server).await;
        let thief = world.newcomer(&server, "alice").await;
        let sid = thief.proves(MALLORY).await;
        refuses.store(true, Ordering::SeqCst);
        thief.binds_by(&sid).await.ok();
        assert_eq!(erases(&thief).await.error(), (403, "M_FORBIDDEN"));
        // The alert waits longer than it takes until the address counts.
        world.clock.advance(2 * DAY);
        until(PATIENCE, "it is given up", async || count(&world, "outbox WHERE kind = 'alert'").await == 2).await;
        refuses.store(false, Ordering::SeqCst);
        until(PATIENCE, "it is not told", async || {
            world.clock.advance(MINUTE);
            told(&world, ALICE, ADDED) == 1 && told(&world, WORK, ADDED) == 1
        }).await;
        let path = removal(&alert(&world, ALICE).await);
        assert_eq!(heading(&removes(&server, &path).await, 200), "The new address has been removed");
        assert_eq!(thief.get("/account").await.error(), (401, "M_UNAUTHORIZED"));
    }
}

#[tokio::test]
async fn invalid_links_remove_nothing() {
    let world = World::on_sqlite().await;
    let server = world.start().await;
    let alice = alice(&world, &server).await;
    alice.binds(MALLORY).await;
    let path = removal(&alert(&world, ALICE).await);
    let token = query(&format!("http://h{path}"), "token");
    for bad in ["", "x", &token[1..], &format!("{token}A")] {
        assert_eq!(heading(&posts(&server, "/not-me", &[("token", bad)]).await, 404), BROKEN, "{bad}");
    }
    for page in ["/erasure", "/unlock", "/address/open"] {
        let pressed = posts(&server, page, &[("token", &token), ("action", "confirm")]).await;
        assert_eq!(heading(&pressed, 404), BROKEN, "{page}");
    }
    let stranger = Visitor::stranger(&server);
    for site in ["cross-site", "same-site", "none"] {
        assert_eq!(heading(&stranger.posts_from("/not-me", &[("token", &token)], site).await, 404), BROKEN, "{site}");
    }
    assert_eq!(count(&world, "bindings").await, 3);
}
