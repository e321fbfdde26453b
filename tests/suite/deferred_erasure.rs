//! Erasures of people who can no longer read any of their addresses: after three days, unless
//! somebody who reads one of them stops it.

use std::sync::atomic::Ordering;

use futures_util::future::{join, join3};
use reqwest::Method;
use serde_json::json;
use vouch::clock::{DAY, HOUR, MINUTE};
use vouch::config::{Area, Route};
use vouch::identity::threepid::{Address, Medium};
use vouch::service::Services;

use crate::address_visitor::{BROKEN, main, path_of, posts};
use crate::confirming::presses;
use crate::database::count;
use crate::notices::{ALICE, PATIENCE, notices, words};
use crate::own_proofs::{ERASED, erases, exports, proves_again};
use crate::undoing::heading;
use crate::visitor::{Visitor, alice_with_data, at, does, leads_to};
use crate::world::{Answer, NOON, Person, World, query, until};

const ERASURE: &str = "/_matrix/identity/unstable/im.vouch/account/erasure";
pub const ERASING: &str = "Your data on 127.0.0.1:8090 will be erased";
const WORK: &str = "alice@work.example";

pub async fn asks_for_erasure(person: &Person<'_>) -> Answer202 {
    Answer202(person.server.send(person.server.request(Method::POST, ERASURE, Some(&person.token))).await)
}

/// The answer to a request for an erasure.
pub struct Answer202(pub Answer);

impl Answer202 {
    /// Returns the time when it happens.
    #[track_caller]
    pub fn ok(self) -> i64 {
        assert_eq!(self.0.status, 202, "{}", self.0.text);
        self.0.body["due_at"].as_i64().unwrap()
    }
}

async fn cancels(person: &Person<'_>) -> Answer {
    person.server.send(person.server.request(Method::DELETE, ERASURE, Some(&person.token))).await
}

/// Returns the path of the link that stops the erasure.
pub async fn stop_link(world: &World, address: &str) -> String {
    let mail = world.mail.wait_for(|mail| mail.to == [address] && mail.subject() == ERASING).await;
    path_of(&mail.links().into_iter().find(|link| link.contains("/erasure?")).unwrap())
}

async fn stops(server: &crate::world::Server, path: &str, fields: &[(&str, &str)]) -> Answer {
    let token = query(&format!("http://h{path}"), "token");
    posts(server, "/erasure?lang=en", &[&[("token", token.as_str())], fields].concat()).await
}

fn told(world: &World, address: &str, subject: &str) -> usize {
    notices(world, address).iter().filter(|told| *told == subject).count()
}

on_both_backends! {
    async fn an_erasure_happens_once_after_three_days_and_every_address_is_notified(world: World) {
        let (server, other) = (world.start().await, world.start().await);
        let alice = alice_with_data(&world, &server).await;
        let bob = world.person(&server, "bob").await;
        let due = NOON + 3 * DAY;
        assert_eq!(asks_for_erasure(&alice).await.ok(), due);
        for address in [ALICE, WORK] {
            let mail = world.mail.wait_for(|mail| mail.to == [address] && mail.subject() == ERASING).await;
            let text = words(&mail);
            assert!(text.contains(&alice.mxid) && text.contains("This will happen on 26 November 2026, 12:00 UTC"), "{text}");
        }
        assert_eq!(exports(&alice).await["erasure"], json!({ "requested_at": NOON, "due_at": due }));
        let visitor = Visitor::signed_in(&world, &other, "alice").await;
        assert!(visitor.opens("/you").await.text.contains("Everything will be erased: <time datetime=\"2026-11-26T12:00:00Z\""));
        // Asking again changes nothing, and tells nobody again.
        world.clock.advance(MINUTE);
        proves_again(&alice).await;
        assert_eq!(asks_for_erasure(&alice).await.ok(), due);
        assert_eq!(asks_for_erasure(&at(&alice, &other)).await.ok(), due);
        world.clock.advance(3 * DAY - MINUTE - 1);
        // The sweep at this moment finds nothing that is due.
        until(PATIENCE, "no sweep", async || bob.get("/account").await.status == 200).await;
        assert_eq!((count(&world, "bindings").await, count(&world, "erasures").await), (2, 1));
        assert_eq!((told(&world, ALICE, ERASING), told(&world, ALICE, ERASED)), (1, 0));
        world.clock.advance(1);
        until(PATIENCE, "it is not erased", async || {
            let is_done = count(&world, "erasures").await == 0;
            if !is_done {
                // Wakes the nodes in case they were busy when the clock was advanced.
                world.clock.advance(1);
            }
            is_done
        }).await;
        // The clock stands still now: a delivery's lease must not run out.
        until(PATIENCE, "it is not delivered", async || count(&world, "outbox").await == 0).await;
        assert_eq!((count(&world, "bindings").await, count(&world, "accounts").await), (0, 1), "only Bob is left");
        for address in [ALICE, WORK] {
            world.mail.wait_for(|mail| mail.to == [address] && mail.subject() == ERASED).await;
            assert_eq!((told(&world, address, ERASING), told(&world, address, ERASED)), (1, 1));
        }
        until(PATIENCE, "the token still works", async || alice.get("/account").await.status == 401).await;
    }

    async fn requesting_and_cancelling_each_take_a_fresh_proof(world: World) {
        let server = world.start().await;
        let alice = alice_with_data(&world, &server).await;
        assert_eq!(cancels(&alice).await.error(), (404, "M_NOT_FOUND"));
        asks_for_erasure(&alice).await.ok();
        let again = asks_for_erasure(&alice).await.0;
        assert_eq!(again.error(), (403, "M_FORBIDDEN"), "the proof is used");
        assert_eq!(cancels(&alice).await.error(), (403, "M_FORBIDDEN"));
        assert_eq!(count(&world, "erasures").await, 1);
        proves_again(&alice).await;
        assert_eq!(cancels(&alice).await.ok(), json!({}));
        assert_eq!(count(&world, "erasures").await, 0);
        // Nobody can fill her mailbox that way.
        for status in [202, 202, 429] {
            proves_again(&alice).await;
            let asked = asks_for_erasure(&alice).await.0;
            assert_eq!(asked.status, status, "{}", asked.text);
            if status == 202 {
                proves_again(&alice).await;
                cancels(&alice).await.ok();
            }
        }
        world.clock.advance(DAY);
        proves_again(&alice).await;
        asks_for_erasure(&alice).await.ok();
        // Concurrent requests are one.
        let (bob, node) = (world.person(&server, "bob").await, world.start().await);
        bob.binds("bobs-own@example.com").await;
        let second = world.newcomer(&server, "bob").await;
        let second = at(&second, &node);
        let (one, two) = join(asks_for_erasure(&bob), asks_for_erasure(&second)).await;
        assert_eq!(one.ok(), two.ok());
        until(PATIENCE, "it is not delivered", async || count(&world, "outbox").await == 0).await;
        assert_eq!((told(&world, "bobs-own@example.com", ERASING), count(&world, "erasures").await), (1, 2));
    }

    async fn a_reader_of_an_address_can_stop_it(world: World) {
        let (server, other) = (world.start().await, world.start().await);
        let alice = alice_with_data(&world, &server).await;
        asks_for_erasure(&alice).await.ok();
        let path = stop_link(&world, WORK).await;
        // Opening the link is not enough, and reveals no address.
        for _ in 0..2 {
            let page = other.get(&path, None).await;
            assert_eq!(heading(&page, 200), "Stop the erasure?");
            assert!(main(&page).contains(&alice.mxid) && !main(&page).contains("work"), "{}", main(&page));
            assert_eq!(other.send(other.request(Method::HEAD, &path, None)).await.status, 200);
        }
        assert_eq!(count(&world, "erasures").await, 1);
        assert_eq!(heading(&stops(&other, &path, &[]).await, 200), "The erasure has been stopped");
        assert_eq!(count(&world, "erasures").await, 0);
        alice.get("/account").await.ok();
        for page in [server.get(&path, None).await, stops(&server, &path, &[("shut_out", "yes")]).await] {
            assert_eq!(heading(&page, 200), "There is nothing to stop");
        }
        alice.get("/account").await.ok();
        // The old link does not stop another erasure.
        world.clock.advance(DAY);
        proves_again(&alice).await;
        asks_for_erasure(&alice).await.ok();
        assert_eq!(heading(&stops(&server, &path, &[("shut_out", "yes")]).await, 200), "There is nothing to stop");
        alice.get("/account").await.ok();
        // The new link can sign everybody out.
        let path = {
            world.mail.wait_for(|mail| mail.to == [ALICE] && mail.subject() == ERASING && mail.text().contains("24 November")).await;
            let mails = world.mail.messages();
            let mail = mails.iter().rfind(|mail| mail.to == [ALICE] && mail.subject() == ERASING).unwrap();
            path_of(&mail.links().into_iter().find(|link| link.contains("/erasure?")).unwrap())
        };
        let page = stops(&other, &path, &[("shut_out", "yes")]).await;
        assert_eq!(heading(&page, 200), "The erasure has been stopped");
        assert!(main(&page).contains("everybody has been signed out"), "{}", main(&page));
        assert_eq!(alice.get("/account").await.error(), (401, "M_UNAUTHORIZED"));
        assert_eq!((count(&world, "visits").await, count(&world, "erasures").await, count(&world, "bindings").await), (0, 0, 2));
    }

    async fn a_link_stops_nothing_once_its_address_was_unbound(world: World) {
        let (server, other) = (world.start().await, world.start().await);
        let alice = alice_with_data(&world, &server).await;
        asks_for_erasure(&alice).await.ok();
        let (path, works) = (stop_link(&world, WORK).await, stop_link(&world, ALICE).await);
        let visitor = Visitor::signed_in(&world, &server, "alice").await;
        visitor.confirms(&world, ALICE).await;
        let id = visitor.ids().await[1].clone();
        does(&visitor, "/you/unbind", &[("id", &id)]).await;
        let is_useless = async || {
            for page in [other.get(&path, None).await, stops(&other, &path, &[]).await, stops(&server, &path, &[("shut_out", "yes")]).await] {
                assert_eq!(heading(&page, 200), "There is nothing to stop");
            }
            assert_eq!(count(&world, "erasures").await, 1);
            alice.get("/account").await.ok();
        };
        is_useless().await;
        // Somebody else may read the address now.
        world.clock.advance(MINUTE);
        let bob = world.person(&server, "bob").await;
        bob.binds(WORK).await;
        is_useless().await;
        assert_eq!(heading(&stops(&other, &works, &[]).await, 200), "The erasure has been stopped");
    }

    async fn the_addresses_are_told_for_as_long_as_the_erasure_waits(mut world: World) {
        let refuses = crate::notices::moody(&mut world).await;
        world.config.retention.onbind_delivery = HOUR;
        world.config.notices.enabled = false;
        let server = world.start().await;
        let alice = alice_with_data(&world, &server).await;
        Visitor::signed_in(&world, &server, "alice").await;
        refuses.store(true, Ordering::SeqCst);
        asks_for_erasure(&alice).await.ok();
        let failed = async || count(&world, "outbox WHERE trouble IS NOT NULL AND held_until = 0").await;
        until(PATIENCE, "it is not tried", async || failed().await == 2).await;
        world.clock.advance(2 * DAY);
        // The sweep at this moment gives nothing up.
        until(PATIENCE, "no sweep", async || {
            world.clock.advance(1);
            count(&world, "visits").await == 0
        }).await;
        assert_eq!((count(&world, "outbox").await, count(&world, "erasures").await), (2, 1));
        refuses.store(false, Ordering::SeqCst);
        for address in [ALICE, WORK] {
            until(PATIENCE, "it is not told", async || {
                world.clock.advance(MINUTE);
                told(&world, address, ERASING) == 1
            }).await;
        }
    }

    async fn an_erasure_happens_although_no_texts_are_sent_to_the_only_number(mut world: World) {
        world.config.sms.rules = [(Area::Anywhere, Route::Directory), (Area::Prefix("1".to_owned()), Route::Reject)].into();
        let server = world.start().await;
        let alice = world.person(&server, "alice").await;
        let vouch = Services::open(world.config.clone(), world.clock.clone()).await.unwrap();
        let number = Address::parse(Medium::Msisdn, "16502530000").unwrap();
        let mxid = alice.mxid.as_str().try_into().unwrap();
        vouch.bindings.bind_address(&number, mxid, vouch.default_language()).await.unwrap();
        assert_eq!(erases(&alice).await.error(), (403, "M_FORBIDDEN"));
        asks_for_erasure(&alice).await.ok();
        until(PATIENCE, "it is not erased", async || {
            world.clock.advance(HOUR);
            count(&world, "erasures").await == 0
        }).await;
        until(PATIENCE, "it is kept", async || {
            world.clock.advance(6 * HOUR);
            count(&world, "outbox").await == 0
        }).await;
        assert_eq!((world.texts().len(), count(&world, "bindings").await), (0, 0));
    }

    async fn an_erasure_happens_even_if_no_address_could_be_notified(mut world: World) {
        let refuses = crate::notices::moody(&mut world).await;
        let server = world.start().await;
        let alice = alice_with_data(&world, &server).await;
        refuses.store(true, Ordering::SeqCst);
        asks_for_erasure(&alice).await.ok();
        until(PATIENCE, "it is not erased", async || {
            world.clock.advance(HOUR);
            count(&world, "erasures").await == 0
        }).await;
        assert_eq!((count(&world, "bindings").await, count(&world, "accounts").await), (0, 0));
        until(PATIENCE, "it is kept", async || {
            world.clock.advance(6 * HOUR);
            count(&world, "outbox").await == 0
        }).await;
        assert_eq!((told(&world, ALICE, ERASING), told(&world, ALICE, ERASED)), (0, 0));
    }

    async fn the_page_requests_and_stops_it_and_somebody_who_confirms_erases_at_once(world: World) {
        let server = world.start().await;
        let alice = alice_with_data(&world, &server).await;
        let visitor = Visitor::signed_in(&world, &server, "alice").await;
        let page = visitor.opens("/you/erase").await;
        assert!(page.text.contains("In three days, we delete") && page.text.contains("/you/erase-later?") && !page.text.contains("/you/keep?"), "{}", page.text);
        let mistyped = visitor.sends("/you/erase-later", &[("confirmation", "@alice")]).await;
        assert_eq!(heading(&mistyped, 400), "Erase everything?");
        assert!(does(&visitor, "/you/erase-later", &[("confirmation", &alice.mxid)]).await.starts_with("Everything will be erased in three days"));
        // That was the proof of this sign-in.
        assert_eq!(leads_to(&visitor.sends("/you/keep", &[]).await), "/you?for=erase&lang=en");
        let again = Visitor::signed_in(&world, &server, "alice").await;
        let page = again.opens("/you/erase").await;
        assert!(page.text.contains("/you/keep?") && !page.text.contains("/you/erase-later?"), "{}", page.text);
        assert_eq!(does(&again, "/you/keep", &[]).await, "Nothing will be erased.");
        assert_eq!(count(&world, "erasures").await, 0);
        // Somebody who confirms does not have to wait, and nothing remains to be done later.
        proves_again(&alice).await;
        asks_for_erasure(&alice).await.ok();
        let confirmed = Visitor::signed_in(&world, &server, "alice").await;
        confirmed.confirms(&world, ALICE).await;
        let page = confirmed.opens("/you/erase").await;
        assert!(page.text.contains("/you/keep?") && page.text.contains("action=\"/you/erase?"), "{}", page.text);
        assert_eq!(confirmed.sends("/you/erase", &[("confirmation", &alice.mxid)]).await.status, 200);
        assert_eq!((count(&world, "erasures").await, count(&world, "accounts").await), (0, 0));
        // A user who comes back is not erased by an earlier request.
        let back = world.person(&server, "alice").await;
        back.binds(ALICE).await;
        world.clock.advance(4 * DAY);
        until(PATIENCE, "it is not delivered", async || {
            world.clock.advance(MINUTE);
            count(&world, "outbox").await == 0
        }).await;
        assert_eq!(count(&world, "bindings").await, 1);
    }

    async fn erasing_at_once_needs_a_confirmation_also_while_one_is_requested(world: World) {
        let server = world.start().await;
        let alice = alice_with_data(&world, &server).await;
        asks_for_erasure(&alice).await.ok();
        proves_again(&alice).await;
        assert_eq!(erases(&alice).await.error(), (403, "M_FORBIDDEN"));
        alice.confirms(ALICE).await;
        assert_eq!(erases(&alice).await.ok()["erased"]["bindings"], 2);
        assert_eq!(count(&world, "erasures").await, 0);
    }
}

/// `SQLite` runs one transaction after another.
#[tokio::test]
async fn signing_everybody_out_leaves_no_erasure_that_is_being_requested_at_that_moment() {
    let world = World::on_postgres().await;
    let (server, other) = (world.start().await, world.start().await);
    let alice = alice_with_data(&world, &server).await;
    let asking = Visitor::signed_in(&world, &server, "alice").await;
    let link = asking.asks_to_confirm(&world, 0, ALICE).await;
    let form_token = asking.form_token().await;
    until(PATIENCE, "it is not delivered", async || count(&world, "outbox").await == 0).await;
    let lock = world.database.as_ref().unwrap().connect().await;
    lock.batch_execute("BEGIN; LOCK TABLE outbox IN SHARE MODE").await.unwrap();
    let waiting = async |n| {
        let waiting = "pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()";
        until(PATIENCE, "nobody waits", async || count(&world, waiting).await == n).await;
    };
    let fields = [("form_token", form_token.as_str()), ("confirmation", alice.mxid.as_str())];
    // The request has stored the erasure, and waits before it tells the addresses.
    let request = asking.posts("/you/erase-later", &fields);
    let denial = async {
        waiting(1).await;
        presses(&other, &link, "deny").await
    };
    let release = async {
        waiting(2).await;
        lock.batch_execute("COMMIT").await.unwrap();
    };
    let (requested, denied, ()) = join3(request, denial, release).await;
    assert_eq!(leads_to(&requested), "/you?said=erasure-requested&lang=en");
    assert_eq!(heading(&denied, 200), "Everybody has been signed out");
    for table in ["erasures", "visits", "tokens"] {
        assert_eq!(count(&world, table).await, 0, "{table}");
    }
}

#[tokio::test]
async fn invalid_links_stop_nothing() {
    let world = World::on_sqlite().await;
    let server = world.start().await;
    let alice = alice_with_data(&world, &server).await;
    asks_for_erasure(&alice).await.ok();
    let path = stop_link(&world, ALICE).await;
    let token = query(&format!("http://h{path}"), "token");
    for bad in ["", "x", &token[1..]] {
        let page = server.get(&format!("/erasure?token={bad}"), None).await;
        assert_eq!(heading(&page, 404), BROKEN, "{bad}");
        assert_eq!(heading(&posts(&server, "/erasure", &[("token", bad)]).await, 404), BROKEN, "{bad}");
    }
    let stranger = Visitor::stranger(&server);
    for site in ["cross-site", "same-site", "none"] {
        assert_eq!(heading(&stranger.posts_from("/erasure", &[("token", &token)], site).await, 404), BROKEN);
    }
    assert_eq!(heading(&posts(&server, "/unlock", &[("token", &token), ("action", "confirm")]).await, 404), BROKEN);
    assert_eq!(count(&world, "erasures").await, 1);
}
