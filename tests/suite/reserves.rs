//! A token may be in the wrong hands: its use leaves the person room to see their data, to confirm
//! an address, to export and to erase.

use serde_json::json;
use vouch::clock::{DAY, MINUTE};
use vouch::config::Bucket;

use crate::address_visitor::main;
use crate::confirming::{CONFIRM, presses};
use crate::database::{allow, count, refuse};
use crate::deferred_erasure::asks_for_erasure;
use crate::notices::ALICE;
use crate::own_proofs::{DATA, exports, proves_again};
use crate::undoing::heading;
use crate::visitor::{Visitor, alice_with_data, does, leads_to};
use crate::world::{Answer, Person};

const SENT: &str = "We have sent you a link";
const NOT_SENT: &str = "Nothing was sent: too many";

/// Has a link sent to the address of a person at this place of the list.
async fn asks(person: &Person<'_>, nth: usize) -> Answer {
    let ids = exports(person).await["bindings"].clone();
    person.server.post(CONFIRM, Some(&person.token), &json!({ "id": ids[nth]["id"] })).await
}

async fn asks_on_the_page(visitor: &Visitor<'_>) -> String {
    let id = visitor.ids().await[0].clone();
    does(visitor, "/you/confirm", &[("id", &id)]).await
}

on_both_backends! {
    async fn tokens_do_not_use_up_the_views_of_web_sessions(world: World) {
        let (server, other) = (world.start().await, world.start().await);
        let visitor = Visitor::signed_in(&world, &server, "alice").await;
        let mut seen = 0;
        for number in 0..4 {
            let widget = world.newcomer(if number % 2 == 0 { &server } else { &other }, "alice").await;
            let mut views = 0;
            while server.get(DATA, Some(&widget.token)).await.status == 200 {
                views += 1;
            }
            assert!(views <= 61, "{views}");
            seen += views;
        }
        // This is half of what all have together, plus the exports of four tokens with a fresh
        // proof.
        assert!((120..=124).contains(&seen), "{seen}");
        for _ in 0..60 {
            assert_eq!(visitor.opens("/you").await.status, 200);
        }
        assert_eq!(visitor.opens("/you").await.status, 429, "one session has a limit of its own");
        let again = Visitor::signed_in(&world, &other, "alice").await;
        assert_eq!(again.opens("/you").await.status, 200);
    }

    async fn whoever_has_opened_the_page_too_often_can_still_sign_out_everywhere(world: World) {
        let server = world.start().await;
        let (widget, visitor) = (world.newcomer(&server, "alice").await, Visitor::signed_in(&world, &server, "alice").await);
        let other = Visitor::signed_in(&world, &server, "alice").await;
        for _ in 0..60 {
            assert_eq!(visitor.opens("/you").await.status, 200);
        }
        for path in ["/you", "/you?said=accepted", "/you/erase"] {
            let page = visitor.opens(path).await;
            assert_eq!((heading(&page, 429), &page.headers["retry-after"]), ("You have opened this page too often", &"6".parse().unwrap()));
            assert!(main(&page).contains("/you/sign-out?") && main(&page).contains("/you/sign-out-everywhere?"), "{path}");
        }
        let done = visitor.opens(leads_to(&visitor.sends("/you/sign-out-everywhere", &[]).await)).await;
        assert!(done.status == 429 && main(&done).contains("signed out"), "{}", done.text);
        assert_eq!(widget.get("/account").await.error(), (401, "M_UNAUTHORIZED"));
        assert_eq!((count(&world, "tokens").await, count(&world, "visits").await), (0, 1));
        assert!(other.opens("/you").await.text.contains("Sign in"), "the other session has ended");
        assert_eq!(leads_to(&visitor.sends("/you/sign-out", &[]).await), "/you/left?lang=en");
    }

    async fn tokens_leave_half_of_the_links_to_an_address_to_web_sessions(mut world: World) {
        world.config.budgets.messages_address = Bucket { capacity: 8, per_hour: 1 };
        let (server, other) = (world.start().await, world.start().await);
        let alice = alice_with_data(&world, &server).await;
        let stale = Visitor::signed_in(&world, &server, "alice").await;
        world.clock.advance(6 * MINUTE);
        // However many tokens there are.
        let mut sent = 0;
        for number in 0..4 {
            let widget = world.newcomer(if number % 2 == 0 { &server } else { &other }, "alice").await;
            while asks(&widget, 0).await.status == 200 {
                sent += 1;
            }
        }
        assert_eq!(sent, 4);
        asks(&alice, 1).await.ok();
        // A session leaves a quarter to those that have just begun.
        for expected in [SENT, SENT, NOT_SENT] {
            assert!(asks_on_the_page(&stale).await.starts_with(expected));
        }
        let new = Visitor::signed_in(&world, &other, "alice").await;
        for expected in [SENT, SENT, NOT_SENT] {
            assert!(asks_on_the_page(&new).await.starts_with(expected));
        }
    }

    async fn a_token_has_five_links_and_all_tokens_half_of_those_of_a_user(mut world: World) {
        world.config.budgets.messages_address = Bucket { capacity: 100, per_hour: 1 };
        world.config.budgets.messages_user = Bucket { capacity: 16, per_hour: 1 };
        let server = world.start().await;
        alice_with_data(&world, &server).await;
        let mut sent = [0; 3];
        for (number, sent) in sent.iter_mut().enumerate() {
            let widget = world.newcomer(&server, "alice").await;
            while asks(&widget, number % 2).await.status == 200 {
                *sent += 1;
            }
        }
        assert_eq!(sent, [5, 3, 0]);
        assert!(asks_on_the_page(&Visitor::signed_in(&world, &server, "alice").await).await.starts_with(SENT));
    }

    async fn settled_people_have_more_links_than_newcomers_and_leave_some_to_others(mut world: World) {
        world.config.budgets.messages_server = Bucket { capacity: 8, per_hour: 1 };
        let server = world.start().await;
        alice_with_data(&world, &server).await;
        world.clock.advance(8 * DAY);
        server.until_ready().await;
        let widget = world.newcomer(&server, "alice").await;
        let mut sent = 0;
        while asks(&widget, sent % 2).await.status == 200 {
            sent += 1;
        }
        assert_eq!(sent, 5, "more than the four of newcomers");
        let another = world.newcomer(&server, "alice").await;
        assert_eq!(asks(&another, 0).await.status, 429, "it leaves five of eight");
    }

    async fn whoever_denies_a_link_has_no_more_from_tokens_for_a_day(world: World) {
        let (server, other) = (world.start().await, world.start().await);
        let alice = alice_with_data(&world, &server).await;
        let path = alice.asks_to_confirm(ALICE).await;
        assert_eq!(presses(&server, &path, "deny").await.status, 200);
        let widget = world.newcomer(&other, "alice").await;
        let refused = asks(&widget, 0).await;
        assert_eq!(refused.error(), (429, "M_LIMIT_EXCEEDED"));
        assert_eq!(refused.body["retry_after_ms"], DAY);
        asks(&widget, 1).await.ok();
        let visitor = Visitor::signed_in(&world, &server, "alice").await;
        assert!(asks_on_the_page(&visitor).await.starts_with(SENT));
        world.clock.advance(DAY - 1);
        server.until_ready().await;
        other.until_ready().await;
        assert_eq!(asks(&widget, 0).await.status, 429);
        world.clock.advance(1);
        asks(&widget, 0).await.ok();
    }

    async fn a_request_for_an_erasure_that_fails_uses_up_nothing(world: World) {
        let server = world.start().await;
        let alice = alice_with_data(&world, &server).await;
        refuse(&world, "INSERT", "erasures").await;
        for _ in 0..7 {
            proves_again(&alice).await;
            assert!(asks_for_erasure(&alice).await.0.status >= 500);
        }
        allow(&world, "erasures").await;
        asks_for_erasure(&alice).await.ok();
    }

    async fn an_export_that_fails_uses_up_nothing(mut world: World) {
        world.config.budgets.exports_user = Bucket { capacity: 4, per_hour: 1 };
        let server = world.start().await;
        let alice = world.newcomer(&server, "alice").await;
        let exports = async || server.get(DATA, Some(&alice.token)).await;
        refuse(&world, "UPDATE", "tokens").await;
        for _ in 0..5 {
            assert!(exports().await.status >= 500);
        }
        allow(&world, "tokens").await;
        for status in [200, 200, 429] {
            assert_eq!(exports().await.status, status);
            if status == 200 {
                proves_again(&alice).await;
            }
        }
        // Tokens leave half of them to the page, and refused requests have not used the proof.
        for _ in 0..2 {
            Visitor::signed_in(&world, &server, "alice").await.opens("/you/export").await.ok();
        }
        world.clock.advance(4 * MINUTE);
        assert_eq!(exports().await.status, 429);
    }

    async fn tokens_leave_half_of_the_erasures_to_web_sessions(world: World) {
        let server = world.start().await;
        let alice = alice_with_data(&world, &server).await;
        for status in [202, 202, 202, 429] {
            proves_again(&alice).await;
            assert_eq!(asks_for_erasure(&alice).await.0.status, status);
            crate::database::execute(&world, "DELETE FROM erasures").await;
        }
        let visitor = Visitor::signed_in(&world, &server, "alice").await;
        let said = visitor.sends("/you/erase-later", &[("confirmation", &alice.mxid)]).await;
        assert_eq!(leads_to(&said), "/you?said=erasure-requested&lang=en");
    }
}
