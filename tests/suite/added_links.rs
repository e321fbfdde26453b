//! Tests of who gets the links that undo actions on a user's data, what these links do, and for how
//! long.

use std::sync::atomic::Ordering;

use futures_util::future::join;
use vouch::clock::{DAY, MINUTE};
use vouch_test_support::mail_sink::Message;

use crate::added::{
    ADDED, MALLORY, NOTHING_LEFT, SIGNED_OUT, WORK, alert, alice, removal, removes, told, unbinds, until_delivered,
};
use crate::address_visitor::posts;
use crate::confirming::mailed_confirmation;
use crate::database::{count, settle};
use crate::deferred_erasure::{ERASING, asks_for_erasure, stop_link};
use crate::notices::{ALICE, PATIENCE, UNBOUND, notice, unwilling};
use crate::own_proofs::exports;
use crate::undoing::heading;
use crate::world::{Server, World, query, until};

const SECOND: &str = "second@evil.example";
const THIRD: &str = "third@evil.example";
const REMOVED: &str = "The new address has been removed";

fn has_link(mail: &Message) -> bool {
    mail.text().contains("/not-me?") || mail.text().contains("/erasure?")
}

async fn stops(server: &Server, path: &str) -> String {
    let token = query(&format!("http://h{path}"), "token");
    heading(&posts(server, "/erasure?lang=en", &[("token", &token)]).await, 200).to_owned()
}

on_both_backends! {
    async fn an_address_that_was_just_bound_cannot_undo_what_the_user_does(world: World) {
        let server = world.start().await;
        let alice = alice(&world, &server).await;
        world.newcomer(&server, "alice").await.binds(MALLORY).await;
        until_delivered(&world).await;
        world.mail.forget();
        world.clock.advance(MINUTE);
        alice.binds("alice@new.example").await;
        asks_for_erasure(&alice).await.ok();
        for (address, gets_it) in [(ALICE, true), (WORK, true), (MALLORY, false)] {
            for subject in [ADDED, ERASING] {
                assert_eq!(has_link(&notice(&world, address, subject).await), gets_it, "{address} {subject}");
            }
        }
        // Once it has settled, it counts like the others.
        until_delivered(&world).await;
        world.mail.forget();
        settle(&world).await;
        alice.binds("alice@newest.example").await;
        assert!(has_link(&alert(&world, MALLORY).await));
    }

    async fn while_no_address_has_settled_only_the_oldest_can_undo_something(world: World) {
        let server = world.start().await;
        let alice = world.person(&server, "alice").await;
        for address in [ALICE, WORK, MALLORY] {
            alice.binds(address).await;
            until_delivered(&world).await;
            world.clock.advance(MINUTE);
        }
        asks_for_erasure(&alice).await.ok();
        until_delivered(&world).await;
        let mails = world.mail.messages();
        let linked = |mail: &&Message| [ADDED, ERASING].contains(&mail.subject().as_str()) && has_link(mail);
        let linked: Vec<_> = mails.iter().filter(linked).map(|mail| mail.to.join(",")).collect();
        assert!(linked.len() >= 2 && linked.iter().all(|to| to == ALICE), "{linked:?}");
        assert_eq!((told(&world, ALICE, ADDED), told(&world, WORK, ADDED)), (2, 1));
        let path = removal(&alert(&world, ALICE).await);
        assert_eq!(heading(&removes(&server, &path).await, 200), REMOVED);
        assert_eq!(count(&world, "bindings").await, 1);
    }

    async fn a_user_who_removes_and_adds_their_address_again_keeps_their_links(world: World) {
        let server = world.start().await;
        let alice = alice(&world, &server).await;
        let thief = world.newcomer(&server, "alice").await;
        thief.binds(MALLORY).await;
        asks_for_erasure(&thief).await.ok();
        let (path, stop) = (removal(&alert(&world, ALICE).await), stop_link(&world, ALICE).await);
        world.clock.advance(MINUTE);
        let sid = alice.asks_to_prove(ALICE).await;
        unbinds(&alice, &sid, ALICE).await;
        assert_eq!(heading(&removes(&server, &path).await, 200), NOTHING_LEFT);
        assert_eq!(stops(&server, &stop).await, "There is nothing to stop");
        world.clock.advance(MINUTE);
        alice.binds_by(&sid).await.ok();
        assert_eq!(stops(&server, &stop).await, "The erasure has been stopped");
        // Nor does a link depend on times that a wrong clock has dated.
        settle(&world).await;
        assert_eq!(heading(&removes(&server, &path).await, 200), REMOVED);
        assert_eq!(thief.get("/account").await.error(), (401, "M_UNAUTHORIZED"));
        assert_eq!(count(&world, "bindings").await, 2);
    }

    async fn one_link_removes_all_added_addresses_and_each_is_notified(world: World) {
        let server = world.start().await;
        alice(&world, &server).await;
        let thief = world.newcomer(&server, "alice").await;
        let mut paths = Vec::new();
        for address in [MALLORY, SECOND, THIRD] {
            thief.binds(address).await;
            paths.push(removal(&alert(&world, ALICE).await));
            until_delivered(&world).await;
            world.mail.forget();
            world.clock.advance(MINUTE);
        }
        // Even if the address that it names was bound again in the meantime.
        let sid = thief.asks_to_prove(SECOND).await;
        unbinds(&thief, &sid, SECOND).await;
        world.clock.advance(MINUTE);
        thief.binds_by(&sid).await.ok();
        until_delivered(&world).await;
        world.mail.forget();
        assert_eq!(heading(&removes(&server, &paths[1]).await, 200), REMOVED);
        for address in [MALLORY, SECOND, THIRD] {
            notice(&world, address, UNBOUND).await;
        }
        until_delivered(&world).await;
        assert_eq!((told(&world, ALICE, UNBOUND), told(&world, WORK, UNBOUND)), (0, 0));
        assert_eq!(count(&world, "bindings").await, 2);
        let again = world.newcomer(&server, "alice").await;
        again.binds(THIRD).await;
        assert_eq!(heading(&removes(&server, &paths[0]).await, 200), REMOVED, "it covers what came later");
        assert_eq!(count(&world, "bindings").await, 2);
    }

    async fn a_link_signs_out_and_stops_the_erasure_although_the_address_is_gone(world: World) {
        let server = world.start().await;
        alice(&world, &server).await;
        let thief = world.newcomer(&server, "alice").await;
        let sid = thief.proves(MALLORY).await;
        thief.binds_by(&sid).await.ok();
        unbinds(&thief, &sid, MALLORY).await;
        asks_for_erasure(&thief).await.ok();
        let path = removal(&alert(&world, ALICE).await);
        assert_eq!(heading(&removes(&server, &path).await, 200), SIGNED_OUT);
        assert_eq!(thief.get("/account").await.error(), (401, "M_UNAUTHORIZED"));
        assert_eq!((count(&world, "erasures").await, count(&world, "bindings").await), (0, 2));
    }

    async fn a_link_ends_after_a_week(world: World) {
        let server = world.start().await;
        let alice = alice(&world, &server).await;
        alice.binds(MALLORY).await;
        let path = removal(&alert(&world, ALICE).await);
        world.clock.advance(7 * DAY - 1);
        assert_eq!(heading(&server.get(&path, None).await, 200), "Wasn’t this you?");
        world.clock.advance(1);
        for page in [server.get(&path, None).await, removes(&server, &path).await] {
            assert_eq!(heading(&page, 200), NOTHING_LEFT);
        }
        alice.get("/account").await.ok();
        assert_eq!(count(&world, "bindings").await, 3);
    }

    async fn a_session_validated_before_cannot_be_bound_after(world: World) {
        let server = world.start().await;
        alice(&world, &server).await;
        let thief = world.newcomer(&server, "alice").await;
        let sid = thief.proves(SECOND).await;
        thief.binds(MALLORY).await;
        removes(&server, &removal(&alert(&world, ALICE).await)).await;
        let back = world.newcomer(&server, "alice").await;
        assert_eq!(back.binds_by(&sid).await.error(), (404, "M_NO_VALID_SESSION"));
        assert_eq!((count(&world, "sessions").await, count(&world, "bindings").await), (0, 2));
    }

    async fn no_mail_that_protects_its_reader_offers_to_unsubscribe(world: World) {
        let server = world.start().await;
        let alice = alice(&world, &server).await;
        alice.binds(MALLORY).await;
        asks_for_erasure(&alice).await.ok();
        let first = exports(&alice).await["bindings"][0]["id"].clone();
        let confirm = serde_json::json!({ "id": first });
        server.post(crate::confirming::CONFIRM, Some(&alice.token), &confirm).await.ok();
        mailed_confirmation(&world, ALICE).await;
        let confirmation = world.mail.wait_for(|mail| mail.text().contains("/unlock?")).await;
        for mail in [alert(&world, ALICE).await, notice(&world, ALICE, ERASING).await, confirmation] {
            for header in ["List-Unsubscribe", "List-Unsubscribe-Post"] {
                assert_eq!(mail.header(header), None, "{}", mail.subject());
            }
            assert_eq!(mail.header("Content-Language").as_deref(), Some("en"));
        }
        assert!(notice(&world, MALLORY, crate::notices::BOUND).await.header("List-Unsubscribe").is_some());
    }

    async fn an_alert_that_is_refused_for_good_is_tried_again(mut world: World) {
        let refuses = unwilling(&mut world, "RCPT", "552 5.2.2 mailbox full").await;
        let server = world.start().await;
        let alice = alice(&world, &server).await;
        let sid = alice.proves(MALLORY).await;
        refuses.store(true, Ordering::SeqCst);
        alice.binds_by(&sid).await.ok();
        let left = async |kind: &str| count(&world, &format!("outbox WHERE kind = '{kind}' AND held_until = 0")).await;
        until(PATIENCE, "the notice is kept", async || left("notice").await == 0).await;
        until(PATIENCE, "it is not tried", async || left("alert' AND trouble IS NOT NULL AND kind = 'alert").await == 2).await;
        refuses.store(false, Ordering::SeqCst);
        until(PATIENCE, "it is not told", async || {
            world.clock.advance(MINUTE);
            told(&world, ALICE, ADDED) == 1 && told(&world, WORK, ADDED) == 1
        }).await;
    }
}

/// `SQLite` runs one transaction after another.
#[tokio::test]
async fn a_bind_that_is_under_way_does_not_outlive_the_sign_out() {
    let world = World::on_postgres().await;
    let (server, other) = (world.start().await, world.start().await);
    alice(&world, &server).await;
    let thief = world.newcomer(&server, "alice").await;
    thief.binds(MALLORY).await;
    let path = removal(&alert(&world, ALICE).await);
    let sid = thief.proves(SECOND).await;
    until_delivered(&world).await;
    let lock = world.database.as_ref().unwrap().connect().await;
    lock.batch_execute("BEGIN; SELECT FROM accounts FOR UPDATE").await.unwrap();
    let waiting = async |number| {
        let waiting = "pg_locks WHERE locktype = 'tuple' AND relation = 'accounts'::regclass";
        until(PATIENCE, "they do not wait", async || count(&world, waiting).await == number).await;
    };
    let press = removes(&other, &path);
    let bind = async {
        waiting(1).await;
        thief.binds_by(&sid).await
    };
    let unlock = async {
        waiting(2).await;
        lock.batch_execute("COMMIT").await.unwrap();
    };
    let (page, (bound, ())) = join(press, join(bind, unlock)).await;
    assert_eq!(heading(&page, 200), REMOVED);
    assert_eq!(bound.error(), (401, "M_UNAUTHORIZED"));
    assert_eq!(count(&world, "bindings").await, 2);
}
