//! `/you`: what a person who has signed in sees of his own data, and does about it.

use std::fs;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::join;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use vouch::clock::{DAY, HOUR, MINUTE, SECOND};
use vouch::config::Bucket;
use vouch::identity::threepid::{Address, Medium};
use vouch::service::{Subject, Vouch};
use vouch_test_support::homeserver::Conduct;
use vouch_test_support::postgres::Cluster;

use crate::binding::assert_signed;
use crate::database::{count, texts};
use crate::lookup::hex;
use crate::notices::{ALICE, UNBOUND, notice, notices, words};
use crate::onbind::{invites, until_tried};
use crate::undoing::heading;
use crate::visitor::{Visitor, leads_to};
use crate::world::{Answer, NOON, Person, Server, World, hash, until};

const PATIENCE: Duration = Duration::from_secs(10);
const FORMS: &[(&str, &[(&str, &str)])] = &[
    ("/you/accept", &[("policy", "privacy_policy"), ("version", "1.0"), ("language", "fr")]),
    ("/you/withdraw", &[]),
    ("/you/withdraw", &[("policy", "privacy_policy")]),
    ("/you/unbind", &[("medium", "email"), ("address", ALICE)]),
    ("/you/unbind-all", &[]),
    ("/you/sign-out-everywhere", &[]),
    ("/you/sign-out", &[]),
    ("/you/erase", &[("confirmation", "@alice:hs.example")]),
];

/// The same person at another node.
fn at<'a>(person: &Person<'a>, server: &'a Server) -> Person<'a> {
    Person { world: person.world, server, mxid: person.mxid.clone(), token: person.token.clone() }
}

/// What a page for one person says in its note after something was done.
#[track_caller]
fn note(page: &Answer) -> &str {
    assert_eq!(heading(page, 200), "Your data");
    page.text
        .split_once("class=\"note ")
        .expect("the page has a note")
        .1
        .split_once('>')
        .unwrap()
        .1
        .split_once('<')
        .unwrap()
        .0
}

/// Sends a form, and follows to what the page says then.
async fn does(visitor: &Visitor<'_>, path: &str, fields: &[(&str, &str)]) -> String {
    let answer = visitor.sends(path, fields).await;
    note(&visitor.opens(leads_to(&answer)).await).to_owned()
}

/// A person about whom there is something of everything.
async fn somebody<'a>(world: &'a World, server: &'a Server) -> Person<'a> {
    let alice = world.person(server, "alice").await;
    alice.binds(ALICE).await;
    alice.binds("alice@work.example").await;
    alice.asks_to_prove("third@example.com").await;
    invites(&alice, "!tea:hs.example", "bob@example.com").await;
    alice
}

/// An invitation by a person, accepted by another, about which his homeserver cannot be told from now on.
async fn causes_a_delivery(alice: &Person<'_>) {
    let (world, server) = (alice.world, alice.server);
    invites(alice, "!room:hs.example", "carol@example.com").await;
    let carol = world.person(server, "carol").await;
    world.homeserver.behave(Conduct::HangsUp);
    carol.binds("carol@example.com").await;
    until_tried(world, 1).await;
}

/// The status, and who is found by an address under a pepper.
async fn found(person: &Person<'_>, email: &str, pepper: &str) -> (u16, Option<String>) {
    let hash = hash(email, pepper);
    let asked = json!({ "algorithm": "sha256", "pepper": pepper, "addresses": [hash] });
    let answer = person.post("/lookup", asked).await;
    (answer.status, answer.body["mappings"][&hash].as_str().map(str::to_owned))
}

/// How much there is in each table that is about people.
async fn amounts(world: &World) -> Vec<usize> {
    let mut amounts = Vec::new();
    for table in
        ["accounts", "tokens", "sessions", "bindings", "invites", "visits", "consents WHERE withdrawn_at IS NULL"]
    {
        amounts.push(count(world, table).await);
    }
    amounts
}

/// What a receipt page has of JSON.
fn receipt(page: &Answer) -> Value {
    let json = page.text.split_once("<pre tabindex=\"0\">").unwrap().1.split_once("</pre>").unwrap().0;
    serde_json::from_str(&json.replace("&#34;", "\"")).unwrap()
}

on_both_backends! {
    async fn everything_that_is_held_is_on_the_page_and_nothing_of_anybody_else(world: World) {
        let server = world.start().await;
        let alice = somebody(&world, &server).await;
        world.person(&server, "bob").await.binds("bobs-own@example.com").await;
        let visitor = Visitor::signed_in(&world, &server, "alice").await;
        causes_a_delivery(&alice).await;
        let page = visitor.opens("/you?lang=en").await;
        assert_eq!(heading(&page, 200), "Your data");
        for held in [
            "@alice:hs.example", ALICE, "alice@work.example", "third@example.com", "bob@example.com", "!tea:hs.example",
            "carol@example.com", "Invitation to be passed on for", "/policies/privacy_policy/1.0/en", "You have agreed to the current version.",
            "<time datetime=\"2026-11-23T12:00:00Z\">23 November 2026, 12:00 UTC</time>",
        ] {
            assert!(page.text.contains(held), "{held} is missing in {}", page.text);
        }
        assert!(!page.text.contains("bobs-own@example.com") && !page.text.contains("@bob:hs.example"));
        let german = visitor.opens("/you?lang=de").await;
        assert!(german.text.contains(">23. November 2026, 12:00 Uhr UTC</time>") && heading(&german, 200) == "Deine Daten");
    }

    async fn without_a_visit_nothing_is_shown_and_nothing_is_done(world: World) {
        let server = world.start().await;
        let alice = somebody(&world, &server).await;
        let before = amounts(&world).await;
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
        assert_eq!(amounts(&world).await, before);
    }

    async fn no_form_is_taken_that_this_visits_own_pages_have_not_sent(world: World) {
        let server = world.start().await;
        let _alice = somebody(&world, &server).await;
        let visitor = Visitor::signed_in(&world, &server, "alice").await;
        let token = visitor.form_token().await;
        let others = Visitor::signed_in(&world, &server, "bob").await.form_token().await;
        let address = Address::parse(Medium::Email, ALICE).unwrap();
        let reader = Visitor::proven(&world, &server, &Subject::Address(address)).await;
        let before = amounts(&world).await;
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
            // Who reads the mails of an address is not the user it leads to.
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
        assert_eq!(amounts(&world).await, before);
        world.clock.advance(30 * MINUTE);
        for (path, fields) in FORMS {
            let fields = [&[("form_token", token.as_str())], *fields].concat();
            assert_eq!(visitor.posts(path, &fields).await.status, 403, "{path}: the visit is over");
        }
        assert_eq!(count(&world, "bindings").await, 2);
    }

    async fn what_makes_no_sense_changes_nothing(world: World) {
        let server = world.start().await;
        let _alice = somebody(&world, &server).await;
        let visitor = Visitor::signed_in(&world, &server, "alice").await;
        let before = amounts(&world).await;
        for (path, fields) in [
            ("/you/unbind", &[][..]),
            ("/you/unbind", &[("medium", "email")]),
            ("/you/unbind", &[("medium", "pigeon"), ("address", ALICE)]),
            ("/you/unbind", &[("medium", "email"), ("address", "alice@@example.com")]),
            ("/you/unbind", &[("medium", "msisdn"), ("address", ALICE)]),
            ("/you/withdraw", &[("policy", "nothing")]),
            ("/you/accept", &[("policy", "privacy_policy"), ("version", "1.0")]),
            ("/you/erase", &[]),
        ] {
            assert_eq!(visitor.sends(path, fields).await.status, 403, "{path} {fields:?}");
        }
        assert_eq!(amounts(&world).await, before);
    }

    async fn the_page_can_be_opened_often_but_not_without_end(world: World) {
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

    async fn who_has_no_account_is_told_so_and_gets_none_by_looking(world: World) {
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
        // What the operator has bound is the person's all the same.
        let vouch = Vouch::open(world.config.clone(), world.clock.clone()).await.unwrap();
        let address = Address::parse(Medium::Email, ALICE).unwrap();
        vouch.bindings.bind_address(&address, "@alice:hs.example".try_into().unwrap(), vouch.texts.default_language()).await.unwrap();
        assert!(visitor.opens("/you").await.text.contains(ALICE));
        assert!(does(&visitor, "/you/unbind", &[("medium", "email"), ("address", ALICE)]).await.starts_with("The address has been removed"));
        assert_eq!(count(&world, "bindings").await, 0);
    }

    async fn an_address_is_unbound_by_its_user_and_nobody_else_and_is_told(world: World) {
        let (server, other) = (world.start().await, world.start().await);
        let alice = somebody(&world, &server).await;
        let there = at(&alice, &other);
        until(PATIENCE, "it is not found there", async || there.looks_up(ALICE).await.is_some()).await;
        let (visitor, bob) = (Visitor::signed_in(&world, &server, "alice").await, Visitor::signed_in(&world, &server, "bob").await);
        let this = [("medium", "email"), ("address", ALICE)];
        assert!(does(&bob, "/you/unbind", &this).await.starts_with("Nothing was changed"));
        assert!(does(&bob, "/you/unbind-all", &[]).await.starts_with("All addresses have been removed"));
        assert_eq!(alice.looks_up(ALICE).await, Some(alice.mxid.clone()));
        world.mail.forget();
        // At the same time, and again: no error, and one notice.
        let token = visitor.form_token().await;
        let fields = [("form_token", token.as_str()), this[0], this[1]];
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

    async fn all_addresses_are_unbound_at_once(world: World) {
        let server = world.start().await;
        let alice = somebody(&world, &server).await;
        let visitor = Visitor::signed_in(&world, &server, "alice").await;
        assert!(does(&visitor, "/you/unbind-all", &[]).await.starts_with("All addresses have been removed"));
        assert_eq!(count(&world, "bindings").await, 0);
        for email in [ALICE, "alice@work.example"] {
            assert_eq!(alice.looks_up(email).await, None);
            notice(&world, email, UNBOUND).await;
        }
    }

    async fn a_withdrawal_holds_at_once_on_every_node_and_no_app_undoes_it(world: World) {
        let (server, other) = (world.start().await, world.start().await);
        let alice = world.person(&server, "alice").await;
        let there = at(&alice, &other);
        let visitor = Visitor::signed_in(&world, &server, "alice").await;
        for fields in [&[("policy", "privacy_policy")][..], &[]] {
            // Both nodes have just seen that the terms are accepted.
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

    async fn only_what_is_in_force_and_was_shown_is_accepted_and_that_makes_an_account(world: World) {
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
        assert_eq!((&consent["language"], &consent["accepted_at"]), (&json!("de"), &json!(NOON)), "what stands keeps its time");
        let url = format!("{}policies/privacy_policy/1.0/de", world.config.server.public_url);
        assert_eq!(consent["url"], url);
        // The app finds what was accepted here.
        let alice = world.newcomer(&server, "alice").await;
        let missing = [("policy", "terms_of_service"), ("version", "1.0"), ("language", "en")];
        assert_eq!(alice.get("/account").await.error(), (403, "M_TERMS_NOT_SIGNED"));
        does(&visitor, "/you/accept", &missing).await;
        alice.get("/account").await.ok();
    }

    async fn signing_out_everywhere_leaves_this_visit_alone(world: World) {
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

    async fn who_leaves_has_left_on_every_node(world: World) {
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

    async fn everything_is_downloaded_by_whoever_has_just_signed_in(world: World) {
        let mut world = world;
        world.config.budgets.exports_user = Bucket { capacity: 2, per_hour: 1 };
        let server = world.start().await;
        let alice = somebody(&world, &server).await;
        let visitor = Visitor::signed_in(&world, &server, "alice").await;
        world.clock.advance(5 * MINUTE - 1);
        assert!(note(&visitor.opens("/you?for=export").await).starts_with("You have just signed in"));
        let file = visitor.opens("/you/export").await;
        for (name, value) in [
            ("content-type", "application/json"), ("content-disposition", "attachment; filename=\"my-data.json\""),
            ("cache-control", "no-store"), ("x-robots-tag", "noindex, nofollow"), ("x-content-type-options", "nosniff"),
        ] {
            assert_eq!(file.headers[name], value);
        }
        let export = file.ok();
        assert_eq!((&export["user_id"], &export["visits"]), (&json!(alice.mxid), &json!([{ "proved_at": NOON }])));
        assert_eq!(export["bindings"].as_array().unwrap().len(), 2);
        visitor.opens("/you/export").await.ok();
        assert_eq!(leads_to(&visitor.opens("/you/export").await), "/you?said=later&lang=en");
        assert!(note(&visitor.opens("/you?said=later").await).starts_with("You have reached the download limit"));
        // Exactly five minutes are too long.
        world.clock.advance(1);
        assert_eq!(leads_to(&visitor.opens("/you/export").await), "/you?for=export&lang=en");
        assert!(!visitor.opens("/you?for=export").await.text.contains("@alice"), "he is to prove it again");
        assert!(visitor.opens("/you").await.text.contains("@alice"), "and may go on with the rest");
        world.clock.advance(HOUR);
    }

    async fn an_erasure_asks_for_a_fresh_proof_and_for_the_matrix_id(world: World) {
        let server = world.start().await;
        let alice = somebody(&world, &server).await;
        let visitor = Visitor::signed_in(&world, &server, "alice").await;
        let before = amounts(&world).await;
        let page = visitor.opens(leads_to(&visitor.opens("/you?for=erase").await)).await;
        assert_eq!(heading(&page, 200), "Erase everything?");
        for loss in ["2 links between addresses and you", "1 sign-in of an app", "1 invitation you sent", "for another 30 days, without your name"] {
            assert!(page.text.contains(loss), "{loss} is missing in {}", page.text);
        }
        for wrong in ["", "alice", "@ALICE:hs.example", "@bob:hs.example", "<b>\"@alice:hs.example", "@alice:hs.example2"] {
            let page = visitor.sends("/you/erase", &[("confirmation", wrong)]).await;
            assert_eq!(heading(&page, 400), "Erase everything?");
            assert!(page.text.contains("<title>Nothing was erased") && page.text.contains("role=\"alert\">This is not your Matrix ID"));
            assert!(!page.text.contains("<b>"));
        }
        let token = visitor.form_token().await;
        world.clock.advance(5 * MINUTE);
        let fields = [("form_token", token.as_str()), ("confirmation", alice.mxid.as_str())];
        assert_eq!(leads_to(&visitor.posts("/you/erase", &fields).await), "/you?for=erase&lang=en");
        assert_eq!(leads_to(&visitor.opens("/you/erase").await), "/you?for=erase&lang=en");
        assert_eq!(amounts(&world).await, before);
    }

    async fn who_is_erased_is_gone_everywhere_and_has_a_receipt(world: World) {
        let (server, other) = (world.start().await, world.start().await);
        let alice = somebody(&world, &server).await;
        let bob = world.person(&server, "bob").await;
        bob.binds("bobs-own@example.com").await;
        causes_a_delivery(&alice).await;
        let before = bob.pepper().await;
        world.clock.advance(DAY);
        until(PATIENCE, "the pepper does not change", async || bob.pepper().await != before).await;
        let peppers = [before, bob.pepper().await];
        let there = at(&bob, &other);
        for pepper in &peppers {
            for bob in [&bob, &there] {
                until(PATIENCE, "it is not found", async || found(bob, ALICE, pepper).await.1.is_some()).await;
            }
        }
        // The homeserver is away, so the delivery waits, and nobody can sign in.
        let subject = Subject::User(alice.mxid.as_str().try_into().unwrap());
        let visitor = Visitor::proven(&world, &server, &subject).await;
        let secrets = secrets(&world).await;
        let page = visitor.sends("/you/erase", &[("confirmation", &format!(" {} ", alice.mxid))]).await;
        for pepper in &peppers {
            for bob in [&there, &bob] {
                for email in [ALICE, "alice@work.example"] {
                    assert_eq!(found(bob, email, pepper).await, (200, None));
                }
            }
        }
        assert_eq!(page.status, 200, "{}", page.text);
        assert!(page.text.contains("<h1>Everything has been erased</h1>"));
        assert!(page.headers["set-cookie"].to_str().unwrap().contains("Max-Age=0"));
        let receipt = receipt(&page);
        assert_signed(&server, world.config.server.name.as_str(), &receipt).await;
        let mut bare = receipt;
        bare.as_object_mut().unwrap().remove("signatures");
        let now = NOON + DAY;
        assert_eq!(bare, json!({
            "type": "im.vouch.erasure_receipt", "server_name": world.config.server.name, "user_id": alice.mxid, "erased_at": now,
            "erased": {
                "account": true, "bindings": 2, "access_tokens": 1, "validation_sessions": 3, "invitations": 2, "deliveries": 1, "visits": 1,
            },
            "kept": { "consents": 2, "consents_until": now + 30 * DAY },
        }));
        for alice in [&alice, &at(&alice, &other)] {
            assert_eq!(alice.get("/account").await.error(), (401, "M_UNAUTHORIZED"));
        }
        assert!(!visitor.at(&other).opens("/you").await.text.contains("@alice"), "the visit is over");
        assert_eq!(visitor.posts("/you/erase", &[("confirmation", &alice.mxid)]).await.status, 403);
        assert_gone_from_the_file(&world, &secrets);
        assert_eq!(found(&bob, "bobs-own@example.com", &peppers[1]).await, (200, Some(bob.mxid.clone())), "nobody else is");
        // Whoever comes back begins anew.
        world.homeserver.behave(Conduct::Honest);
        let back = Visitor::signed_in(&world, &server, "alice").await;
        assert!(back.opens("/you").await.text.contains("stores nothing about you"));
        let alice = world.newcomer(&server, "alice").await;
        assert_eq!(alice.get("/account").await.error(), (403, "M_TERMS_NOT_SIGNED"));
        alice.accepts_everything().await;
        alice.get("/account").await.ok();
    }

    async fn two_erasures_at_once_erase_once(world: World) {
        let (server, other) = (world.start().await, world.start().await);
        let alice = somebody(&world, &server).await;
        let visitor = Visitor::signed_in(&world, &server, "alice").await;
        let token = visitor.form_token().await;
        let fields = [("form_token", token.as_str()), ("confirmation", alice.mxid.as_str())];
        let (one, two) = join(visitor.posts("/you/erase", &fields), visitor.at(&other).posts("/you/erase", &fields)).await;
        let erased: Vec<_> = [&one, &two].into_iter().filter(|page| page.status == 200).map(|page| receipt(page)["erased"]["bindings"].as_i64().unwrap()).collect();
        assert!(erased.iter().sum::<i64>() == 2 && [&one, &two].iter().all(|page| [200, 403].contains(&page.status)), "{erased:?}");
        assert_eq!((count(&world, "accounts").await, count(&world, "bindings").await), (0, 0));
    }

    async fn nothing_that_is_done_in_the_same_moment_outlives_an_erasure(world: World) {
        let (server, other) = (world.start().await, world.start().await);
        for n in 0..6 {
            let name = format!("user{n}");
            let person = world.person(&server, &name).await;
            let sid = person.proves(&format!("{name}@example.com")).await;
            let visitor = Visitor::signed_in(&world, &other, &name).await;
            let token = visitor.form_token().await;
            let fields = [("form_token", token.as_str()), ("confirmation", person.mxid.as_str())];
            let (bound, erased) = join(person.binds_by(&sid), visitor.posts("/you/erase", &fields)).await;
            assert_eq!(erased.status, 200, "{}", erased.text);
            assert!([200, 401, 404].contains(&bound.status), "{bound:?}");
            for table in ["accounts", "bindings", "sessions", "outbox", "tokens"] {
                assert_eq!(count(&world, table).await, 0, "{table}");
            }
        }
    }

    async fn a_form_that_is_on_its_way_when_its_visit_ends_does_nothing(world: World) {
        let server = world.start().await;
        let alice = world.person(&server, "alice").await;
        let visitor = Visitor::signed_in(&world, &server, "alice").await;
        let token = visitor.form_token().await;
        let body = format!("form_token={token}&policy=privacy_policy&version=1.0&language=fr");
        let head = format!(
            "POST /you/accept HTTP/1.1\r\nHost: x\r\nConnection: close\r\nCookie: {}\r\nContent-Length: {}\r\n\
             Content-Type: application/x-www-form-urlencoded\r\n\r\n",
            visitor.cookie,
            body.len(),
        );
        let mut form = TcpStream::connect(server.url.strip_prefix("http://").unwrap()).await.unwrap();
        form.write_all(head.as_bytes()).await.unwrap();
        // That takes a second, in which the head has arrived.
        assert_eq!(visitor.sends("/you/erase", &[("confirmation", alice.mxid.as_str())]).await.status, 200);
        form.write_all(body.as_bytes()).await.unwrap();
        let mut answer = String::new();
        form.read_to_string(&mut answer).await.unwrap();
        assert!(answer.starts_with("HTTP/1.1 403"), "{answer}");
        assert_eq!(count(&world, "accounts").await, 0);
    }
}

/// What of a person is on the disk: sealed columns and fingerprints, in hexadecimal.
async fn secrets(world: &World) -> Vec<String> {
    if world.database.is_some() {
        return Vec::new();
    }
    let theirs = "
        SELECT hex(mxid) AS text FROM accounts WHERE created_at = 1795435200000 AND id = 1
        UNION ALL SELECT hex(user_index) FROM accounts WHERE id = 1
        UNION ALL SELECT hex(token_hash) FROM tokens WHERE account_id = 1
        UNION ALL SELECT hex(address) FROM sessions WHERE account_id = 1
        UNION ALL SELECT hex(room_id) FROM invites WHERE account_id = 1
        UNION ALL SELECT hex(mxid) FROM bindings WHERE id < 3
        UNION ALL SELECT hex(address) FROM bindings WHERE id < 3
        UNION ALL SELECT hex(payload) FROM outbox
        UNION ALL SELECT hex(subject) FROM visits";
    texts(world, theirs).await
}

#[track_caller]
fn assert_gone_from_the_file(world: &World, secrets: &[String]) {
    if world.database.is_some() {
        return;
    }
    assert!(secrets.len() > 12, "{secrets:?}");
    for name in ["vouch.db", "vouch.db-wal"] {
        let file = fs::read(world.folder.path().join(name)).unwrap_or_default();
        let file = hex(&file).to_uppercase();
        assert!(secrets.iter().all(|secret| !file.contains(secret)), "{name}");
    }
}

#[tokio::test]
async fn while_the_database_is_away_nothing_is_done_and_the_page_says_so() {
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
