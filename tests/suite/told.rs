//! Every removal is reported, and no report is lost: not to a limit, nor because the link that
//! removes something is old, nor because a homeserver has signed it.

use std::sync::atomic::Ordering;

use reqwest::Method;
use serde_json::json;
use vouch::clock::{DAY, HOUR, MINUTE};

use crate::added::{ADDED, MALLORY, WORK, alert, removal, removes, told, unbinds, until_delivered};
use crate::address_visitor::{self, FORM, path_of};
use crate::database::{count, execute, settle};
use crate::notices::{ALICE, BOUND, PATIENCE, UNBOUND, moody, notice, notices};
use crate::objections::objects;
use crate::own_proofs::{erases, exports, proves_again};
use crate::signed_unbind;
use crate::undoing::{not_me, presses, undoing};
use crate::visitor::{Visitor, does};
use crate::world::{Answer, NOON, Person, SECRET, Server, World, link, query, until};

const REMOVED: &str = "An address was removed from your account on 127.0.0.1:8090";
const OBJECTED: &str = "Your address is now blocked on 127.0.0.1:8090";

/// Somebody with settled addresses.
pub async fn alice_with<'a>(world: &'a World, server: &'a Server, addresses: &[&str]) -> Person<'a> {
    let alice = world.person(server, "alice").await;
    for address in addresses {
        alice.binds(address).await;
        settle(world).await;
    }
    until_delivered(world).await;
    alice
}

/// Somebody who has another token of hers.
pub async fn thief<'a>(world: &'a World, server: &'a Server) -> Person<'a> {
    let thief = world.newcomer(server, "alice").await;
    thief.accepts_everything().await;
    thief
}

/// Unsubscribes as a mail program does by itself.
async fn unsubscribes(server: &Server, path: &str) -> Answer {
    let request = server.request(Method::POST, path, None).header("Content-Type", FORM);
    server.send(request.body("List-Unsubscribe=One-Click")).await
}

async fn unsubscribing(world: &World, address: &str) -> String {
    let mail = notice(world, address, BOUND).await;
    path_of(mail.header("List-Unsubscribe").unwrap().trim_start_matches('<').trim_end_matches('>'))
}

on_both_backends! {
    async fn what_a_homeserver_has_signed_does_not_stand_in_for_a_confirmation(mut world: World) {
        world.config.server.trusted_proxies = vec!["127.0.0.1/32".parse().unwrap()];
        world.homeserver.publish_keys_until(NOON + 30 * DAY);
        let server = world.start().await;
        let alice = world.person(&server, "alice").await;
        alice.binds(ALICE).await;
        signed_unbind::unbinds_from(&world, &server, "198.51.100.7").await.ok();
        execute(&world, "DELETE FROM sessions").await;
        world.mail.forget();
        alice.binds(ALICE).await;
        settle(&world).await;
        world.clock.advance(DAY);
        until_delivered(&world).await;
        let thief = thief(&world, &server).await;
        // Somebody repeats the request of the homeserver.
        signed_unbind::unbinds_from(&world, &server, "203.0.113.7").await.ok();
        assert_eq!(count(&world, "bindings").await, 0);
        proves_again(&thief).await;
        assert_eq!(erases(&thief).await.error(), (403, "M_FORBIDDEN"));
        world.clock.advance(3 * DAY);
        proves_again(&thief).await;
        erases(&thief).await.ok();
    }

    async fn what_a_homeserver_removes_is_told_to_all_addresses(mut world: World) {
        world.config.notices.enabled = false;
        world.homeserver.publish_keys_until(NOON + 30 * DAY);
        let server = world.start().await;
        alice_with(&world, &server, &[ALICE, WORK]).await;
        world.mail.forget();
        signed_unbind::unbinds(&world, &server).await.ok();
        until_delivered(&world).await;
        assert_eq!(count(&world, "bindings").await, 1);
        assert_eq!((told(&world, ALICE, UNBOUND), told(&world, WORK, REMOVED)), (1, 1));
    }

    async fn a_removal_is_told_although_the_notices_of_the_address_are_used_up(world: World) {
        let server = world.start().await;
        alice_with(&world, &server, &[ALICE]).await;
        world.clock.advance(3 * HOUR);
        let thief = thief(&world, &server).await;
        let sid = thief.proves(ALICE).await;
        let mut binds = 0;
        loop {
            world.mail.forget();
            unbinds(&thief, &sid, ALICE).await;
            until_delivered(&world).await;
            assert_eq!(told(&world, ALICE, UNBOUND), 1, "after {binds} binds");
            match thief.binds_by(&sid).await.status {
                200 => binds += 1,
                status => break assert_eq!((status, count(&world, "bindings").await), (429, 0)),
            }
        }
        assert!(binds > 5, "{binds}");
    }

    async fn an_address_is_told_that_another_one_or_the_page_has_removed_it(mut world: World) {
        world.config.notices.enabled = false;
        let server = world.start().await;
        let alice = alice_with(&world, &server, &[ALICE, WORK]).await;
        world.mail.forget();
        alice.binds(MALLORY).await;
        removes(&server, &removal(&alert(&world, ALICE).await)).await;
        until_delivered(&world).await;
        assert_eq!((count(&world, "bindings").await, told(&world, MALLORY, UNBOUND)), (2, 1));
        world.mail.forget();
        let visitor = Visitor::signed_in(&world, &server, "alice").await;
        visitor.confirms(&world, ALICE).await;
        does(&visitor, "/you/unbind-all", &[]).await;
        until_delivered(&world).await;
        assert_eq!(count(&world, "bindings").await, 0);
        assert_eq!((told(&world, ALICE, UNBOUND), told(&world, WORK, UNBOUND)), (1, 1));
    }

    async fn cancelling_a_request_drops_no_alert(mut world: World) {
        let refuses = moody(&mut world).await;
        let server = world.start().await;
        alice_with(&world, &server, &[ALICE]).await;
        let thief = thief(&world, &server).await;
        let sid = thief.proves(MALLORY).await;
        world.mail.forget();
        let asked = json!({ "client_secret": "another", "email": ALICE, "send_attempt": 1 });
        let asked = thief.post("/validate/email/requestToken", asked).await.ok();
        let mail = world.validation_mail(ALICE).await;
        let submitted = json!({ "sid": asked["sid"], "client_secret": "another", "token": query(&link(&mail), "token") });
        thief.post("/validate/email/submitToken", submitted).await.ok();
        let path = not_me(&mail);
        refuses.store(true, Ordering::SeqCst);
        thief.binds_by(&sid).await.ok();
        presses(&server, &path).await;
        assert!(!notices(&world, ALICE).iter().any(|subject| subject == ADDED));
        refuses.store(false, Ordering::SeqCst);
        until(PATIENCE, "it is not told", async || {
            world.clock.advance(MINUTE);
            told(&world, ALICE, ADDED) == 1
        }).await;
    }

    async fn a_link_that_unsubscribes_is_told_and_removes_nothing_that_came_later(world: World) {
        let server = world.start().await;
        let alice = alice_with(&world, &server, &[ALICE, WORK]).await;
        let old = unsubscribing(&world, ALICE).await;
        world.mail.forget();
        world.clock.advance(50 * DAY);
        assert_eq!(unsubscribes(&server, &old).await.status, 200);
        until_delivered(&world).await;
        assert_eq!(count(&world, "bindings").await, 1);
        assert_eq!((told(&world, ALICE, UNBOUND), told(&world, WORK, REMOVED)), (1, 1));
        let owner = address_visitor::Visitor::by_mail(&world, &server, ALICE).await;
        owner.done("withdraw").await;
        execute(&world, "DELETE FROM sessions").await;
        alice.binds(ALICE).await;
        until_delivered(&world).await;
        world.mail.forget();
        let again = unsubscribes(&server, &old).await;
        assert!(again.status == 410 && again.text.contains("after that message was sent"), "{}", again.text);
        assert_eq!((count(&world, "bindings").await, count(&world, "objections").await), (2, 0));
        assert_eq!(notices(&world, ALICE), [""; 0]);
    }

    async fn a_link_that_undoes_a_binding_is_told_however_old_it_is(world: World) {
        let server = world.start().await;
        alice_with(&world, &server, &[ALICE, WORK]).await;
        let undo = undoing(&world, ALICE).await;
        world.mail.forget();
        world.clock.advance(700 * DAY);
        presses(&server, &undo).await;
        until_delivered(&world).await;
        assert_eq!(count(&world, "bindings").await, 1);
        assert_eq!((told(&world, ALICE, UNBOUND), told(&world, WORK, REMOVED)), (1, 1));
        assert!(notice(&world, ALICE, UNBOUND).await.text().contains("by a link in an earlier message"));
    }

    async fn an_objection_by_an_app_is_told_with_the_way_back(world: World) {
        let server = world.start().await;
        let mallory = world.person(&server, "mallory").await;
        let sid = mallory.proves(ALICE).await;
        world.mail.forget();
        objects(&mallory, &sid, SECRET).await.ok();
        until_delivered(&world).await;
        let mail = notice(&world, ALICE, OBJECTED).await;
        assert!(mail.text().contains("@mallory:hs.example") && mail.text().contains("/address?lang=en"), "{}", mail.text());
        address_visitor::Visitor::by_mail(&world, &server, ALICE).await.done("withdraw").await;
        world.person(&server, "alice").await.binds(ALICE).await;
    }

    async fn the_oldest_address_is_the_one_that_has_been_bound_for_longest(world: World) {
        let server = world.start().await;
        let mallory = world.person(&server, "mallory").await;
        mallory.binds(MALLORY).await;
        let alice = alice_with(&world, &server, &[ALICE]).await;
        world.clock.advance(9 * DAY);
        // It moves to her account, and keeps its row.
        world.mail.forget();
        thief(&world, &server).await.binds(MALLORY).await;
        until_delivered(&world).await;
        world.mail.forget();
        server.post(crate::confirming::CONFIRM, Some(&alice.token), &json!({})).await.ok();
        assert_eq!(world.mail.wait_for(|mail| mail.text().contains("/unlock?")).await.to, [ALICE]);
        assert_eq!(exports(&alice).await["bindings"].as_array().unwrap().len(), 2);
    }
}
