//! Things that somebody with a token from elsewhere must not be able to stop, keep or use up.

use reqwest::Method;
use serde_json::json;
use vouch::clock::MINUTE;
use vouch::config::Bucket;

use crate::added::{MALLORY, until_delivered};
use crate::confirming::{CONFIRM, mailed_confirmation, presses};
use crate::database::{count, settle};
use crate::deferred_erasure::asks_for_erasure;
use crate::notices::{ALICE, PATIENCE};
use crate::own_proofs::{exports, proves_again};
use crate::told::{alice_with, thief};
use crate::visitor::{Visitor, does, leads_to};
use crate::world::{Person, SECRET, World, until};

const ERASURE: &str = "/_matrix/identity/unstable/im.vouch/account/erasure";

/// Binds a British number, given without its country code.
async fn binds_number(world: &World, person: &Person<'_>, number: &str) {
    let asked =
        json!({ "client_secret": SECRET, "country": "GB", "phone_number": format!("0{number}"), "send_attempt": 1 });
    let sid = person.post("/validate/msisdn/requestToken", asked).await.ok()["sid"].as_str().unwrap().to_owned();
    let to = format!("44{number}");
    let text = world.texts().into_iter().rfind(|text| text.to == to && text.body.contains(" #")).unwrap();
    let submitted = json!({ "sid": sid, "client_secret": SECRET, "token": text.code() });
    person.post("/validate/msisdn/submitToken", submitted).await.ok();
    person.binds_by(&sid).await.ok();
}

on_both_backends! {
    async fn a_new_address_stops_no_erasure_by_denying_a_link(world: World) {
        let server = world.start().await;
        let alice = alice_with(&world, &server, &[ALICE]).await;
        asks_for_erasure(&alice).await.ok();
        let thief = thief(&world, &server).await;
        thief.binds(MALLORY).await;
        until_delivered(&world).await;
        for (address, n, left) in [(MALLORY, 1, 1), (ALICE, 0, 0)] {
            let thief = world.newcomer(&server, "alice").await;
            world.mail.forget();
            let id = exports(&thief).await["bindings"][n]["id"].clone();
            server.post(CONFIRM, Some(&thief.token), &json!({ "id": id })).await.ok();
            presses(&server, &mailed_confirmation(&world, address).await, "deny").await;
            assert_eq!((count(&world, "erasures").await, count(&world, "tokens").await), (left, 0), "{address}");
        }
    }

    async fn signing_out_everywhere_ends_what_was_validated(world: World) {
        let server = world.start().await;
        alice_with(&world, &server, &[ALICE]).await;
        let sid = thief(&world, &server).await.proves(MALLORY).await;
        let visitor = Visitor::signed_in(&world, &server, "alice").await;
        does(&visitor, "/you/sign-out-everywhere", &[]).await;
        assert_eq!(count(&world, "sessions").await, 0);
        let back = thief(&world, &server).await;
        let bound = back.post("/3pid/bind", json!({ "sid": sid, "client_secret": SECRET, "mxid": back.mxid })).await;
        assert_eq!(bound.error(), (404, "M_NO_VALID_SESSION"));
    }

    async fn texts_to_numbers_that_were_added_do_not_delay_those_to_their_user(mut world: World) {
        let many = Bucket { capacity: 1000, per_hour: 1000 };
        world.config.budgets.texts_user = many;
        world.config.budgets.texts_number = many;
        let server = world.start().await;
        let alice = world.person(&server, "alice").await;
        binds_number(&world, &alice, "7700900100").await;
        settle(&world).await;
        let thief = thief(&world, &server).await;
        for n in 1..5 {
            binds_number(&world, &thief, &format!("770090010{n}")).await;
        }
        until_delivered(&world).await;
        let told = || world.texts().iter().filter(|text| text.to == "447700900100" && text.body.contains("/erasure?")).count();
        for requests in 1..=3 {
            proves_again(&thief).await;
            asks_for_erasure(&thief).await.ok();
            until(PATIENCE, "her number is not told", async || told() == requests).await;
            proves_again(&thief).await;
            server.send(server.request(Method::DELETE, ERASURE, Some(&thief.token))).await.ok();
            world.clock.advance(MINUTE);
        }
    }

    async fn a_download_that_nobody_has_opened_uses_up_no_proof(world: World) {
        let server = world.start().await;
        alice_with(&world, &server, &[ALICE]).await;
        let visitor = Visitor::signed_in(&world, &server, "alice").await;
        visitor.confirms(&world, ALICE).await;
        for (name, value) in [
            ("Sec-Fetch-Site", "same-site"),
            ("Sec-Fetch-Site", "cross-site"),
            ("Sec-Purpose", "prefetch;prerender"),
            ("Purpose", "prefetch"),
        ] {
            let answer = server.send(visitor.request(Method::GET, "/you/export").header(name, value)).await;
            assert_eq!((answer.status, leads_to(&answer)), (303, "/you?lang=en"), "{name}: {value}");
        }
        let another = Visitor::signed_in(&world, &server, "alice").await;
        another.confirms(&world, ALICE).await;
        for (visitor, site) in [(visitor, "same-origin"), (another, "none")] {
            let answer = server.send(visitor.request(Method::GET, "/you/export").header("Sec-Fetch-Site", site)).await;
            assert_eq!(answer.status, 200, "{site}");
        }
    }
}
