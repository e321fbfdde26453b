//! `/you`: users who have signed in see their own data and change it. Downloading and erasing it
//! are in `erasure.rs`.

use std::sync::Arc;

use futures_util::future::join;
use serde_json::{Value, json};
use vouch::clock::{DAY, MINUTE, SECOND};
use vouch::identity::threepid::{Address, Medium};
use vouch::service::{Services, Subject};
use vouch_test_support::postgres::Cluster;

use crate::database::{count, texts};
use crate::notices::{ALICE, PATIENCE, UNBOUND, notice, notices, words};
use crate::undoing::heading;
use crate::visitor::{Visitor, alice_with_data, at, does, leads_to, leaves_a_delivery_waiting, note, row_counts};
use crate::world::{NOON, World, until};

/// A valid example of each form, without its token.
const FORMS: &[(&str, &[(&str, &str)])] = &[
    ("/you/accept", &[("policy", "privacy_policy"), ("version", "1.0"), ("language", "fr")]),
    ("/you/withdraw", &[]),
    ("/you/withdraw", &[("policy", "privacy_policy")]),
    ("/you/unbind", &[("id", "x")]),
    ("/you/unbind-all", &[]),
    ("/you/confirm", &[("id", "x")]),
    ("/you/sign-out-everywhere", &[]),
    ("/you/sign-out", &[]),
    ("/you/erase", &[("confirmation", "@alice:hs.example")]),
    ("/you/erase-later", &[("confirmation", "@alice:hs.example")]),
    ("/you/keep", &[]),
];

on_both_backends! {
    async fn the_page_shows_everything_stored_about_its_user_and_nothing_about_others(world: World) {
        let server = world.start().await;
        let alice = alice_with_data(&world, &server).await;
        world.clock.advance(3 * DAY);
        alice.asks_to_prove("fourth@example.com").await;
        world.person(&server, "bob").await.binds("bobs-own@example.com").await;
        let visitor = Visitor::signed_in(&world, &server, "alice").await;
        leaves_a_delivery_waiting(&alice).await;
        visitor.confirms(&world, ALICE).await;
        let page = visitor.opens("/you?lang=en").await;
        assert_eq!(heading(&page, 200), "Your data");
        for shown in [
            "@alice:hs.example", ALICE, "alice@work.example", "fourth@example.com", "bob@example.com", "!tea:hs.example",
            "carol@example.com", "Invitation to be passed on for", "/policies/privacy_policy/1.0/en", "You have agreed to the current version.",
            "<time datetime=\"2026-11-23T12:00:00Z\">23 November 2026, 12:00 UTC</time>",
        ] {
            assert!(page.text.contains(shown), "{shown} is missing in {}", page.text);
        }
        assert!(!page.text.contains("bobs-own@example.com") && !page.text.contains("@bob:hs.example"));
        let german = visitor.opens("/you?lang=de").await;
        assert!(german.text.contains(">23. November 2026, 12:00 Uhr UTC</time>") && heading(&german, 200) == "Deine Daten");
    }

    async fn without_a_session_nothing_is_shown_or_changed(world: World) {
        let server = world.start().await;
        let alice = alice_with_data(&world, &server).await;
        let before = row_counts(&world).await;
        let stranger = Visitor::stranger(&server);
        for path in ["/you", "/you?for=export", "/you?said=unbound"] {
            let page = stranger.opens(path).await;
            assert!(!page.text.contains(&alice.mxid) && !page.text.contains(ALICE), "{}", page.text);
        }
        assert_eq!(leads_to(&stranger.opens("/you/export").await), "/you?for=export&lang=en");
        assert_eq!(leads_to(&stranger.opens("/you/erase?lang=fr").await), "/you?for=erase&lang=fr");
        for (path, fields) in FORMS {
            let fields = [&[("form_token", "x")], *fields].concat();
            assert_eq!(heading(&stranger.posts(path, &fields).await, 403), "Nothing was changed", "{path}");
        }
        assert_eq!(row_counts(&world).await, before);
    }

    async fn forms_from_outside_the_sessions_own_pages_are_refused(world: World) {
        let server = world.start().await;
        let _alice = alice_with_data(&world, &server).await;
        let visitor = Visitor::signed_in(&world, &server, "alice").await;
        let token = visitor.form_token().await;
        let others = Visitor::signed_in(&world, &server, "bob").await.form_token().await;
        let address = Address::parse(Medium::Email, ALICE).unwrap();
        let reader = Visitor::proven(&world, &server, &Subject::Address(address)).await;
        let before = row_counts(&world).await;
        for (path, fields) in FORMS {
            let with = |token| [&[("form_token", token)], *fields].concat();
            let mut answers = vec![visitor.posts(path, fields).await];
            let longer = format!("{token}x");
            for wrong in ["", "x", others.as_str(), longer.as_str()] {
                answers.push(visitor.posts(path, &with(wrong)).await);
            }
            for site in ["cross-site", "same-site", "none"] {
                answers.push(visitor.posts_from(path, &with(&token), site).await);
            }
            // A session that proves an address does not prove the user it is bound to.
            answers.push(reader.posts(path, &with(&token)).await);
            answers.push(visitor.posts(path, &[with(&token), with(&token)].concat()).await);
            let long = "a".repeat(20_000);
            answers.push(visitor.posts(path, &[with(&token), vec![("more", long.as_str())]].concat()).await);
            for answer in answers {
                assert_eq!(heading(&answer, 403), "Nothing was changed", "{path}");
            }
        }
        assert!(!reader.opens("/you").await.text.contains("@alice:hs.example"));
        assert_eq!(leads_to(&reader.opens("/you/export").await), "/you?for=export&lang=en");
        assert_eq!(row_counts(&world).await, before);
        world.clock.advance(30 * MINUTE);
        for (path, fields) in FORMS {
            let fields = [&[("form_token", token.as_str())], *fields].concat();
            assert_eq!(visitor.posts(path, &fields).await.status, 403, "{path}: the session has expired");
        }
        assert_eq!(count(&world, "bindings").await, 2);
    }

    async fn malformed_forms_change_nothing(world: World) {
        let server = world.start().await;
        let _alice = alice_with_data(&world, &server).await;
        let visitor = Visitor::signed_in(&world, &server, "alice").await;
        let before = row_counts(&world).await;
        for (path, fields) in [
            ("/you/unbind", &[][..]),
            ("/you/unbind", &[("medium", "email"), ("address", ALICE)]),
            ("/you/confirm", &[("address", ALICE)]),
            ("/you/withdraw", &[("policy", "nothing")]),
            ("/you/accept", &[("policy", "privacy_policy"), ("version", "1.0")]),
            ("/you/erase", &[]),
        ] {
            assert_eq!(visitor.sends(path, fields).await.status, 403, "{path} {fields:?}");
        }
        assert_eq!(row_counts(&world).await, before);
    }

    async fn opening_the_page_is_rate_limited_per_session(world: World) {
        let server = world.start().await;
        let (alice, bob) = (Visitor::signed_in(&world, &server, "alice").await, Visitor::signed_in(&world, &server, "bob").await);
        for _ in 0..60 {
            assert_eq!(alice.opens("/you").await.status, 200);
        }
        for path in ["/you", "/you/erase"] {
            let answer = alice.opens(path).await;
            assert_eq!((answer.status, answer.headers["retry-after"].to_str().unwrap()), (429, "6"), "{path}");
        }
        assert_eq!(bob.opens("/you").await.status, 200);
        world.clock.advance(6 * SECOND);
        assert_eq!(alice.opens("/you").await.status, 200);
    }

    async fn a_user_without_an_account_is_told_so_and_looking_creates_none(world: World) {
        let server = world.start().await;
        let visitor = Visitor::signed_in(&world, &server, "alice").await;
        let page = visitor.opens("/you").await;
        assert!(page.text.contains("stores nothing about you except this session"), "{}", page.text);
        let export = visitor.opens("/you/export").await.ok();
        assert_eq!((&export["account"], &export["bindings"]), (&Value::Null, &json!([])));
        for form in ["/you/withdraw", "/you/unbind-all", "/you/sign-out-everywhere"] {
            leads_to(&visitor.sends(form, &[]).await);
        }
        assert_eq!((count(&world, "accounts").await, count(&world, "consents").await), (0, 0));
        // An address that the operator has bound is shown and can be removed like any other.
        let vouch = Services::open(world.config.clone(), world.clock.clone()).await.unwrap();
        let address = Address::parse(Medium::Email, ALICE).unwrap();
        vouch.bindings.bind_address(&address, "@alice:hs.example".try_into().unwrap(), vouch.default_language()).await.unwrap();
        assert!(visitor.opens("/you").await.text.contains("a•••@e•••"));
        visitor.confirms(&world, ALICE).await;
        let id = visitor.ids().await[0].clone();
        assert!(does(&visitor, "/you/unbind", &[("id", &id)]).await.starts_with("The address has been removed"));
        assert_eq!(count(&world, "bindings").await, 0);
    }

    async fn only_its_user_can_unbind_an_address_and_the_address_is_notified(world: World) {
        let (server, other) = (world.start().await, world.start().await);
        let alice = alice_with_data(&world, &server).await;
        let there = at(&alice, &other);
        until(PATIENCE, "the other node does not find it", async || there.looks_up(ALICE).await.is_some()).await;
        let (visitor, bob) = (Visitor::signed_in(&world, &server, "alice").await, Visitor::signed_in(&world, &server, "bob").await);
        visitor.confirms(&world, ALICE).await;
        let id = visitor.ids().await[0].clone();
        let this = [("id", id.as_str())];
        assert!(does(&bob, "/you/unbind", &this).await.starts_with("Nothing was changed"));
        assert!(does(&bob, "/you/unbind-all", &[]).await.starts_with("All addresses have been removed"));
        assert_eq!(alice.looks_up(ALICE).await, Some(alice.mxid.clone()));
        world.mail.forget();
        // Concurrently and again: no error, and one notice only.
        let token = visitor.form_token().await;
        let fields = [("form_token", token.as_str()), this[0]];
        let (one, two) = join(visitor.posts("/you/unbind", &fields), visitor.at(&other).posts("/you/unbind", &fields)).await;
        let mut said = [leads_to(&one), leads_to(&two)];
        said.sort_unstable();
        assert_eq!(said, ["/you?said=not-bound&lang=en", "/you?said=unbound&lang=en"]);
        assert!(does(&visitor, "/you/unbind", &this).await.starts_with("Nothing was changed"));
        assert_eq!((alice.looks_up(ALICE).await, there.looks_up(ALICE).await), (None, None));
        assert_eq!(alice.looks_up("alice@work.example").await, Some(alice.mxid.clone()));
        let told = notice(&world, ALICE, UNBOUND).await;
        assert!(words(&told).contains("removed by the user of that account"), "{}", told.text());
        assert_eq!(notices(&world, ALICE).iter().filter(|subject| *subject == UNBOUND).count(), 1);
    }

    async fn all_addresses_can_be_unbound_together(world: World) {
        let server = world.start().await;
        let alice = alice_with_data(&world, &server).await;
        let visitor = Visitor::signed_in(&world, &server, "alice").await;
        visitor.confirms(&world, ALICE).await;
        assert!(does(&visitor, "/you/unbind-all", &[]).await.starts_with("All addresses have been removed"));
        assert_eq!(count(&world, "bindings").await, 0);
        for email in [ALICE, "alice@work.example"] {
            assert_eq!(alice.looks_up(email).await, None);
            notice(&world, email, UNBOUND).await;
        }
    }

    async fn a_withdrawal_takes_effect_immediately_on_every_node_and_apps_cannot_undo_it(world: World) {
        let (server, other) = (world.start().await, world.start().await);
        let alice = world.person(&server, "alice").await;
        let there = at(&alice, &other);
        let visitor = Visitor::signed_in(&world, &server, "alice").await;
        for fields in [&[("policy", "privacy_policy")][..], &[]] {
            // Both nodes have just cached that the terms are accepted.
            alice.get("/account").await.ok();
            there.get("/account").await.ok();
            let answer = visitor.sends("/you/withdraw", fields).await;
            for person in [&there, &alice] {
                assert_eq!(person.get("/account").await.error(), (403, "M_TERMS_NOT_SIGNED"));
            }
            assert!(note(&visitor.opens(leads_to(&answer)).await).starts_with("Your agreement has been withdrawn"));
            let urls = ["privacy_policy/1.0/en", "terms_of_service/1.0/en"].map(|path| format!("{}policies/{path}", world.config.server.public_url));
            for urls in [&urls[..], &urls[..1]] {
                let answer = there.post("/terms", json!({ "user_accepts": urls })).await;
                assert_eq!(answer.error(), (403, "M_FORBIDDEN"));
            }
            assert!(visitor.opens("/you").await.text.contains("You have withdrawn your agreement"));
            world.clock.advance(MINUTE);
            for policy in ["privacy_policy", "terms_of_service"] {
                let shown = [("policy", policy), ("version", "1.0"), ("language", "fr")];
                assert_eq!(does(&visitor, "/you/accept", &shown).await, "Your agreement has been recorded.");
            }
            assert_eq!((alice.get("/account").await.status, there.get("/account").await.status), (200, 200));
        }
        let given = texts(&world, "SELECT language || ' ' || CAST(accepted_at AS TEXT) AS text FROM consents WHERE withdrawn_at IS NULL ORDER BY id").await;
        assert_eq!(given, [format!("fr {}", NOON + 2 * MINUTE), format!("fr {}", NOON + 2 * MINUTE)]);
    }

    async fn only_the_current_version_can_be_accepted_and_accepting_it_creates_an_account(world: World) {
        let server = world.start().await;
        let visitor = Visitor::signed_in(&world, &server, "alice").await;
        for (policy, version, language) in [
            ("privacy_policy", "0.9", "en"), ("privacy_policy", "1.0", "xx"), ("nothing", "1.0", "en"), ("", "", ""),
            ("privacy_policy", "1.0/en", "en"), ("privacy_policy", "1", "en"),
        ] {
            let shown = [("policy", policy), ("version", version), ("language", language)];
            assert!(does(&visitor, "/you/accept", &shown).await.starts_with("Nothing was recorded"), "{shown:?}");
        }
        assert_eq!((count(&world, "accounts").await, count(&world, "consents").await), (0, 0));
        let shown = [("policy", "privacy_policy"), ("version", "1.0"), ("language", "de")];
        does(&visitor, "/you/accept", &shown).await;
        world.clock.advance(MINUTE);
        does(&visitor, "/you/accept", &shown).await;
        let account = visitor.opens("/you/export").await.ok()["account"].clone();
        let consent = &account["consents"][0];
        assert_eq!((account["consents"].as_array().unwrap().len(), &account["user_id"]), (1, &json!("@alice:hs.example")));
        assert_eq!((&consent["language"], &consent["accepted_at"]), (&json!("de"), &json!(NOON)), "accepting again does not change the time");
        let url = format!("{}policies/privacy_policy/1.0/de", world.config.server.public_url);
        assert_eq!(consent["url"], url);
        // Apps can rely on terms accepted here.
        let alice = world.newcomer(&server, "alice").await;
        let missing = [("policy", "terms_of_service"), ("version", "1.0"), ("language", "en")];
        assert_eq!(alice.get("/account").await.error(), (403, "M_TERMS_NOT_SIGNED"));
        does(&visitor, "/you/accept", &missing).await;
        alice.get("/account").await.ok();
    }

    async fn signing_out_everywhere_keeps_the_current_session(world: World) {
        let (server, other) = (world.start().await, world.start().await);
        let alice = world.person(&server, "alice").await;
        let (bob, second) = (world.person(&server, "bob").await, world.newcomer(&other, "alice").await);
        let (visitor, elsewhere) = (Visitor::signed_in(&world, &server, "alice").await, Visitor::signed_in(&world, &other, "alice").await);
        alice.get("/account").await.ok();
        second.get("/account").await.ok();
        let answer = visitor.sends("/you/sign-out-everywhere", &[]).await;
        for gone in [&alice, &second, &at(&alice, &other), &at(&second, &server)] {
            assert_eq!(gone.get("/account").await.error(), (401, "M_UNAUTHORIZED"));
        }
        assert!(!elsewhere.opens("/you").await.text.contains("@alice"));
        assert!(note(&visitor.opens(leads_to(&answer)).await).starts_with("All your apps"));
        bob.get("/account").await.ok();
    }

    async fn signing_out_takes_effect_on_every_node(world: World) {
        let (server, other) = (world.start().await, world.start().await);
        let visitor = Visitor::signed_in(&world, &server, "alice").await;
        let answer = visitor.sends("/you/sign-out?lang=fr", &[]).await;
        assert_eq!(leads_to(&answer), "/you/left?lang=fr");
        assert!(answer.headers["set-cookie"].to_str().unwrap().contains("Max-Age=0"));
        for visitor in [&visitor, &visitor.at(&other)] {
            assert!(!visitor.opens("/you").await.text.contains("@alice"));
        }
        assert_eq!(count(&world, "visits").await, 0);
    }
}

#[tokio::test]
async fn while_the_database_is_unavailable_the_pages_say_so_and_nothing_is_done() {
    let mut world = World::on_sqlite().await;
    let cluster = Arc::new(tokio::task::spawn_blocking(Cluster::start).await.unwrap());
    world.config.database.url = cluster.url().parse().unwrap();
    let server = world.start().await;
    let alice = world.person(&server, "alice").await;
    let visitor = Visitor::signed_in(&world, &server, "alice").await;
    let token = visitor.form_token().await;
    let stopping = Arc::clone(&cluster);
    tokio::task::spawn_blocking(move || stopping.stop()).await.unwrap();
    for path in ["/you", "/you/export", "/you/erase"] {
        assert_eq!(visitor.opens(path).await.status, 503, "{path}");
    }
    for (path, fields) in FORMS {
        let fields = [&[("form_token", token.as_str())], *fields].concat();
        let page = visitor.posts(path, &fields).await;
        assert_eq!(page.status, 503, "{path}");
        assert!(page.text.contains("We cannot answer right now"), "{path}");
    }
    let starting = Arc::clone(&cluster);
    tokio::task::spawn_blocking(move || starting.start_again()).await.unwrap();
    server.until_ready().await;
    assert!(visitor.opens("/you").await.text.contains(&alice.mxid));
}
