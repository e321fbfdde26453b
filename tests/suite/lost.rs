//! Somebody with a token of a user and a session that a mail scanner has validated can remove an
//! address. The user is then told, and is not treated as one without addresses.

use std::sync::atomic::Ordering;

use futures_util::future::join;
use serde_json::json;
use vouch::clock::{DAY, MINUTE};
use vouch::identity::threepid::Address;
use vouch::service::{BindingSource, ImportedBinding, Mode, Objector, Seen, Services};

use crate::address_visitor;
use crate::confirming::{CONFIRM, mailed_confirmation, presses};
use crate::database::{count, execute, settle};
use crate::deferred_erasure::{ERASING, asks_for_erasure, stop_link};
use crate::notices::{ALICE, PATIENCE, UNBOUND, moody, notice, notices, words};
use crate::own_proofs::{DATA, erases, exports, proves_again};
use crate::undoing::heading;
use crate::visitor::{Visitor, does};
use crate::world::{Answer, Person, SECRET, Server, World, until};

pub const REMOVED: &str = "An address was removed from your account on 127.0.0.1:8090";
const OBJECT: &str = "/_matrix/identity/unstable/im.vouch/3pid/object";
const WORK: &str = "alice@work.example";
const MALLORY: &str = "mallory@evil.example";
const OTHERS: &str = "alice@other.example";

/// The ways in which a validated session removes an address.
const WAYS: [Way; 3] = [Way::Objection, Way::Unbind, Way::Move];

#[derive(Clone, Copy, Debug)]
enum Way {
    Objection,
    Unbind,
    Move,
}

fn told(world: &World, address: &str, subject: &str) -> usize {
    notices(world, address).iter().filter(|told| *told == subject).count()
}

async fn until_delivered(world: &World) {
    until(PATIENCE, "it is not delivered", async || count(world, "outbox").await == 0).await;
}

async fn unbinds(person: &Person<'_>, sid: &str, address: &str) {
    let threepid = json!({ "medium": "email", "address": address });
    let body = json!({ "sid": sid, "client_secret": SECRET, "mxid": person.mxid, "threepid": threepid });
    person.post("/3pid/unbind", body).await.ok();
}

/// Removes an address of Alice as a thief of her token, or their accomplice, would.
async fn loses(thief: &Person<'_>, address: &str, way: Way) {
    match way {
        Way::Objection => {
            let sid = thief.proves(address).await;
            let body = json!({ "sid": sid, "client_secret": SECRET });
            thief.server.post(OBJECT, Some(&thief.token), &body).await.ok();
        }
        Way::Unbind => unbinds(thief, &thief.proves(address).await, address).await,
        Way::Move => {
            thief.world.mail.forget();
            thief.world.person(thief.server, "mallory").await.binds(address).await;
        }
    }
}

/// Registers somebody whose addresses have been bound for long, and somebody who has stolen their
/// token.
async fn victim<'a>(world: &'a World, server: &'a Server, addresses: &[&str]) -> (Person<'a>, Person<'a>) {
    let alice = world.person(server, "alice").await;
    for address in addresses {
        alice.binds(address).await;
    }
    settle(world).await;
    until_delivered(world).await;
    let thief = world.newcomer(server, "alice").await;
    thief.accepts_everything().await;
    (alice, thief)
}

/// Restores the initial state of the database.
async fn forgets(world: &World) {
    for table in ["bindings", "objections", "erasures", "outbox", "rate_limits", "accounts"] {
        execute(world, &format!("DELETE FROM {table}")).await;
    }
    world.mail.forget();
}

#[track_caller]
fn needs_confirmation(answer: &Answer) {
    assert_eq!(answer.error(), (403, "M_FORBIDDEN"));
    assert!(answer.text.contains("confirm"), "{}", answer.text);
}

/// Confirms a person's token by their only address.
async fn confirms(person: &Person<'_>, address: &str) {
    person.world.mail.forget();
    let id = exports(person).await["bindings"][0]["id"].clone();
    person.server.post(CONFIRM, Some(&person.token), &json!({ "id": id })).await.ok();
    let path = mailed_confirmation(person.world, address).await;
    assert_eq!(heading(&presses(person.server, &path, "confirm").await, 200), "Confirmed");
}

on_both_backends! {
    async fn only_who_sees_an_address_sees_whether_it_is_told(mut world: World) {
        let refuses = moody(&mut world).await;
        let server = world.start().await;
        let (alice, thief) = victim(&world, &server, &[ALICE]).await;
        alice.confirms(ALICE).await;
        refuses.store(true, Ordering::SeqCst);
        asks_for_erasure(&alice).await.ok();
        let alerts = async |person: &Person<'_>| {
            let held = exports(person).await;
            held["deliveries"].as_array().unwrap().iter().filter(|one| one["kind"] == "alert").count()
        };
        assert_eq!((alerts(&alice).await, alerts(&thief).await), (1, 0));
    }

    async fn an_import_stops_an_erasure_that_its_addresses_were_not_told_of(world: World) {
        let server = world.start().await;
        let (alice, bob) = (world.person(&server, "alice").await, world.person(&server, "bob").await);
        for person in [&alice, &bob] {
            asks_for_erasure(person).await.ok();
        }
        let vouch = Services::open(world.config.clone(), world.clock.clone()).await.unwrap();
        let user = Some(alice.mxid.as_str().try_into().unwrap());
        let at = world.clock.now() - 30 * DAY;
        let rows = vec![ImportedBinding { address: Address::email(ALICE).unwrap(), user, at, source: BindingSource::Server }];
        vouch.importer.begin().await.unwrap();
        for (mode, left) in [(Mode::Look, 2), (Mode::Write, 1), (Mode::Write, 1)] {
            let rows = vouch.importer.prepare(rows.clone(), mode);
            vouch.importer.bindings(rows, mode, &mut Seen::default()).await.unwrap();
            assert_eq!(count(&world, "erasures").await, left);
        }
        // One that is requested now is announced to it, and stays.
        proves_again(&alice).await;
        asks_for_erasure(&alice).await.ok();
        stop_link(&world, ALICE).await;
        let again = vouch.importer.prepare(rows, Mode::Write);
        vouch.importer.bindings(again, Mode::Write, &mut Seen::default()).await.unwrap();
        assert_eq!(count(&world, "erasures").await, 2);
    }

    async fn a_session_that_is_replaced_while_everybody_is_shut_out_confirms_nothing(world: World) {
        let server = world.start().await;
        let (alice, _) = victim(&world, &server, &[ALICE]).await;
        let vouch = Services::open(world.config.clone(), world.clock.clone()).await.unwrap();
        let mxid = alice.mxid.as_str().try_into().unwrap();
        for _ in 0..20 {
            let visitor = Visitor::signed_in(&world, &server, "alice").await;
            execute(&world, "UPDATE visits SET confirmed_at = proved_at, confirmed_by = token_hash").await;
            let openid = world.homeserver.openid_token("alice");
            let fields = ["access_token", "matrix_server_name"].map(|name| (name, openid[name].as_str().unwrap()));
            let (signed_in, shut_out) =
                join(visitor.posts("/you/sign-in", &fields), vouch.self_service.shut_out(mxid, true)).await;
            assert_eq!(signed_in.status, 303);
            shut_out.unwrap();
            assert_eq!(count(&world, "visits WHERE confirmed_at IS NOT NULL").await, 0);
        }
    }

    async fn a_session_that_removes_the_last_address_does_not_open_the_rest(mut world: World) {
        world.config.notices.enabled = false;
        let server = world.start().await;
        for way in WAYS {
            let (_, thief) = victim(&world, &server, &[ALICE]).await;
            loses(&thief, ALICE, way).await;
            assert_eq!(exports(&thief).await["needs"], json!(["confirmation"]), "{way:?}");
            needs_confirmation(&erases(&thief).await);
            let mail = notice(&world, ALICE, UNBOUND).await;
            assert!(words(&mail).contains(&thief.mxid) && words(&mail).contains("sign out everywhere"), "{}", words(&mail));
            let visitor = Visitor::signed_in(&world, &server, "alice").await;
            assert!(visitor.opens("/you/erase").await.text.contains("/you/erase-later"), "{way:?}");
            // It can be erased later, no matter who requests it.
            assert_eq!(asks_for_erasure(&thief).await.ok(), world.clock.now() + 3 * DAY);
            proves_again(&thief).await;
            needs_confirmation(&erases(&thief).await);
            forgets(&world).await;
        }
    }

    async fn three_days_later_who_has_no_address_needs_none(world: World) {
        let server = world.start().await;
        let (_, thief) = victim(&world, &server, &[ALICE]).await;
        loses(&thief, ALICE, Way::Unbind).await;
        world.clock.advance(3 * DAY - MINUTE);
        proves_again(&thief).await;
        needs_confirmation(&erases(&thief).await);
        world.clock.advance(MINUTE);
        assert_eq!(erases(&thief).await.status, 200);
    }

    async fn the_other_addresses_and_the_removed_one_are_told(mut world: World) {
        world.config.notices.enabled = false;
        let server = world.start().await;
        for way in WAYS {
            let (_, thief) = victim(&world, &server, &[ALICE, WORK]).await;
            loses(&thief, ALICE, way).await;
            until_delivered(&world).await;
            assert_eq!((told(&world, WORK, REMOVED), told(&world, WORK, UNBOUND)), (1, 0), "{way:?}");
            assert_eq!((told(&world, ALICE, REMOVED), told(&world, ALICE, UNBOUND)), (0, 1), "{way:?}");
            let mail = notice(&world, WORK, REMOVED).await;
            assert!(words(&mail).contains(&thief.mxid) && !mail.text().contains(ALICE), "{}", words(&mail));
            forgets(&world).await;
        }
    }

    async fn who_asks_not_to_be_written_to_is_not_but_the_others_are(world: World) {
        let server = world.start().await;
        let (alice, _) = victim(&world, &server, &[ALICE, WORK, OTHERS]).await;
        for (address, action) in [(ALICE, "object"), (WORK, "unbind")] {
            let visitor = address_visitor::Visitor::by_mail(&world, &server, address).await;
            visitor.done(action).await;
            until_delivered(&world).await;
            assert_eq!(told(&world, OTHERS, REMOVED), 1, "{action}");
            assert_eq!((told(&world, address, UNBOUND), told(&world, address, REMOVED)), (0, 0), "{action}");
        }
        let visitor = address_visitor::Visitor::by_mail(&world, &server, OTHERS).await;
        visitor.does("erase").await;
        until_delivered(&world).await;
        assert_eq!(told(&world, OTHERS, UNBOUND), 0);
        proves_again(&alice).await;
        assert_eq!(count(&world, "bindings").await, 0);
        needs_confirmation(&erases(&alice).await);
    }

    async fn what_an_address_was_to_be_told_of_is_told_although_a_session_objects(mut world: World) {
        let refuses = moody(&mut world).await;
        let server = world.start().await;
        let (_, thief) = victim(&world, &server, &[ALICE]).await;
        let sid = thief.proves(ALICE).await;
        refuses.store(true, Ordering::SeqCst);
        asks_for_erasure(&thief).await.ok();
        let body = json!({ "sid": sid, "client_secret": SECRET });
        server.post(OBJECT, Some(&thief.token), &body).await.ok();
        assert_eq!(count(&world, "outbox WHERE kind = 'alert'").await, 3);
        refuses.store(false, Ordering::SeqCst);
        until(PATIENCE, "it is not told", async || {
            world.clock.advance(MINUTE);
            told(&world, ALICE, ERASING) == 1 && told(&world, ALICE, UNBOUND) == 1
        }).await;
        stop_link(&world, ALICE).await;
    }

    async fn a_new_address_does_not_stand_in_for_one_that_was_removed(world: World) {
        let server = world.start().await;
        for way in WAYS {
            let (_, thief) = victim(&world, &server, &[ALICE]).await;
            thief.binds(MALLORY).await;
            loses(&thief, ALICE, way).await;
            world.clock.advance(1);
            confirms(&thief, MALLORY).await;
            assert_eq!(exports(&thief).await["needs"], json!(["older_confirmation"]), "{way:?}");
            proves_again(&thief).await;
            needs_confirmation(&erases(&thief).await);
            forgets(&world).await;
        }
    }

    async fn what_its_user_has_confirmed_or_the_operator_removes_waives_nothing_more(world: World) {
        let server = world.start().await;
        let (alice, _) = victim(&world, &server, &[ALICE]).await;
        let vouch = Services::open(world.config.clone(), world.clock.clone()).await.unwrap();
        let (address, language) = (Address::email(ALICE).unwrap(), vouch.default_language());
        vouch.objections.object(&address, Objector::Operator, language).await.unwrap();
        assert_eq!(count(&world, "bindings").await, 0);
        assert!(vouch.objections.withdraw(&address, Objector::Operator).await.unwrap());
        assert_eq!(exports(&alice).await.get("needs"), None);
        world.mail.forget();
        alice.binds(ALICE).await;
        let visitor = Visitor::signed_in(&world, &server, "alice").await;
        visitor.confirms(&world, ALICE).await;
        let id = exports(&alice).await["bindings"][0]["id"].as_str().unwrap().to_owned();
        assert!(does(&visitor, "/you/unbind", &[("id", &id)]).await.starts_with("The address has been removed"));
        proves_again(&alice).await;
        assert_eq!(server.get(DATA, Some(&alice.token)).await.ok().get("needs"), None);
        proves_again(&alice).await;
        assert_eq!(erases(&alice).await.status, 200);
    }
}
