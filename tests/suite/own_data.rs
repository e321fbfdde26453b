//! The API for people's own data: export, erasure, and withdrawal of consents.

use futures_util::future::join;
use reqwest::Method;
use serde_json::{Value, json};
use vouch::clock::{DAY, MINUTE};
use vouch::config::Bucket;

use crate::binding::assert_signed;
use crate::database::count;
use crate::notices::{ALICE, PATIENCE};
use crate::own_proofs::{DATA, erases, proves_again};
use crate::world::{Answer, NOON, Person, until};

const WITHDRAW: &str = "/_matrix/identity/unstable/im.vouch/terms/withdraw";

async fn exports(person: &Person<'_>) -> Answer {
    person.server.get(DATA, Some(&person.token)).await
}

async fn withdraws(person: &Person<'_>, body: Value) -> Answer {
    person.server.post(WITHDRAW, Some(&person.token), &body).await
}

async fn accepts(person: &Person<'_>, policy: &str) -> Answer {
    let url = format!("{}policies/{policy}/1.0/en", person.world.config.server.public_url);
    person.post("/terms", json!({ "user_accepts": [url] })).await
}

on_both_backends! {
    async fn a_fresh_and_confirmed_registration_can_export_without_accepted_terms(world: World) {
        let server = world.start().await;
        let mut alice = world.newcomer(&server, "alice").await;
        let bare = exports(&alice).await.ok();
        assert_eq!(bare, json!({
            "server_name": world.config.server.name, "user_id": alice.mxid, "exported_at": NOON, "bindings": [], "deliveries": [], "visits": [],
            "account": {
                "user_id": alice.mxid, "registered_at": NOON, "access_tokens": [{ "created_at": NOON, "last_used_at": NOON }],
                "consents": [], "validation_sessions": [], "invitations": [],
            },
        }));
        alice.accepts_everything().await;
        alice.binds("alice@example.com").await;
        alice.token = world.newcomer(&server, "alice").await.token;
        alice.confirms(ALICE).await;
        world.clock.advance(5 * MINUTE - 1);
        let export = exports(&alice).await.ok();
        assert_eq!((&export["bindings"][0]["address"], &export["needs"]), (&json!(ALICE), &json!(["older_confirmation"])));
        assert_eq!(export["account"]["consents"].as_array().unwrap().len(), 2);
        proves_again(&alice).await;
        world.clock.advance(5 * MINUTE);
        assert_eq!(exports(&alice).await.ok()["needs"], json!(["proof", "older_confirmation"]));
        let refused = erases(&alice).await;
        assert_eq!(refused.error(), (403, "M_FORBIDDEN"));
        assert!(refused.body["error"].as_str().unwrap().contains("register again"));
        assert_eq!(count(&world, "bindings").await, 1);
        // Using a token does not make it fresh; a new one is.
        alice.token = world.newcomer(&server, "alice").await.token;
        world.clock.advance(3 * DAY);
        alice.confirms(ALICE).await;
        proves_again(&alice).await;
        assert_eq!(exports(&alice).await.ok().get("needs"), None);
    }

    async fn export_and_erasure_need_a_token_and_affect_only_its_owner(world: World) {
        let server = world.start().await;
        let alice = world.person(&server, "alice").await;
        alice.binds("alice@example.com").await;
        for token in [None, Some("x")] {
            for (method, path) in [(Method::GET, DATA), (Method::DELETE, DATA), (Method::POST, WITHDRAW)] {
                let answer = server.send(server.request(method, path, token).body("{}")).await;
                assert_eq!(answer.error(), (401, "M_UNAUTHORIZED"), "{path}");
            }
        }
        let bob = world.newcomer(&server, "bob").await;
        assert_eq!(exports(&bob).await.ok()["bindings"], json!([]));
        proves_again(&bob).await;
        assert_eq!(erases(&bob).await.ok()["erased"]["bindings"], 0);
        assert_eq!(alice.looks_up("alice@example.com").await, Some(alice.mxid.clone()));
        assert_eq!(alice.server.post(DATA, Some(&alice.token), &json!({})).await.error(), (405, "M_UNRECOGNIZED"));
        assert_eq!(alice.server.get(WITHDRAW, Some(&alice.token)).await.error(), (405, "M_UNRECOGNIZED"));
    }

    async fn exports_have_a_budget(world: World) {
        let mut world = world;
        // Tokens may use half.
        world.config.budgets.exports_user = Bucket { capacity: 4, per_hour: 60 };
        let server = world.start().await;
        let (alice, bob) = (world.newcomer(&server, "alice").await, world.newcomer(&server, "bob").await);
        for _ in 0..2 {
            exports(&alice).await.ok();
            proves_again(&alice).await;
        }
        let refused = exports(&alice).await;
        assert_eq!(refused.error(), (429, "M_LIMIT_EXCEEDED"));
        assert!(refused.headers.contains_key("retry-after"));
        exports(&bob).await.ok();
        world.clock.advance(MINUTE);
        exports(&alice).await.ok();
    }

    async fn concurrent_erasures_each_return_a_receipt(world: World) {
        let (server, other) = (world.start().await, world.start().await);
        let alice = world.person(&server, "alice").await;
        alice.binds("alice@example.com").await;
        alice.confirms(ALICE).await;
        let there = Person { world: &world, server: &other, mxid: alice.mxid.clone(), token: alice.token.clone() };
        let (one, two) = join(erases(&alice), erases(&there)).await;
        let mut bindings = 0;
        until(PATIENCE, "the alert is not delivered", async || count(&world, "outbox").await == 0).await;
        for answer in [one, two] {
            if answer.status == 200 {
                bindings += answer.body["erased"]["bindings"].as_i64().unwrap();
                assert_signed(&server, world.config.server.name.as_str(), &answer.body).await;
            } else {
                assert!([(401, "M_UNAUTHORIZED"), (403, "M_FORBIDDEN")].contains(&answer.error()), "{answer:?}");
            }
        }
        assert_eq!(bindings, 1);
        for table in ["accounts", "tokens", "sessions", "bindings", "outbox"] {
            assert_eq!(count(&world, table).await, 0, "{table}");
        }
        assert_eq!(erases(&alice).await.error(), (401, "M_UNAUTHORIZED"));
        assert_eq!(exports(&there).await.error(), (401, "M_UNAUTHORIZED"));
    }

    async fn a_client_can_withdraw_a_consent_but_not_give_it_again(world: World) {
        let (server, other) = (world.start().await, world.start().await);
        let alice = world.person(&server, "alice").await;
        let there = Person { world: &world, server: &other, mxid: alice.mxid.clone(), token: alice.token.clone() };
        there.get("/account").await.ok();
        for _ in 0..2 {
            assert_eq!(withdraws(&alice, json!({ "policies": ["privacy_policy"] })).await.ok(), json!({}));
            assert_eq!(there.get("/account").await.error(), (403, "M_TERMS_NOT_SIGNED"));
            assert_eq!(alice.get("/account").await.error(), (403, "M_TERMS_NOT_SIGNED"));
        }
        assert_eq!(accepts(&there, "privacy_policy").await.error(), (403, "M_FORBIDDEN"));
        accepts(&there, "terms_of_service").await.ok();
        assert_eq!(withdraws(&there, json!({})).await.ok(), json!({}));
        assert_eq!(accepts(&alice, "terms_of_service").await.error(), (403, "M_FORBIDDEN"));
        assert_eq!(count(&world, "consents WHERE withdrawn_at IS NOT NULL").await, 2);
        // Erasure still works.
        alice.server.get(DATA, Some(&alice.token)).await.ok();
        assert_eq!(world.person(&server, "bob").await.get("/account").await.status, 200, "only her consents are withdrawn");
    }

    async fn a_malformed_withdrawal_withdraws_nothing(world: World) {
        let server = world.start().await;
        let alice = world.person(&server, "alice").await;
        for (body, error) in [
            (json!({ "policies": ["privacy_policy", "privacy"] }), (400, "M_INVALID_PARAM")),
            (json!({ "policies": "privacy_policy" }), (400, "M_INVALID_PARAM")),
            (json!({ "policies": [1] }), (400, "M_INVALID_PARAM")),
            (json!({ "policies": null }), (400, "M_INVALID_PARAM")),
            (json!([]), (400, "M_BAD_JSON")),
        ] {
            assert_eq!(withdraws(&alice, body.clone()).await.error(), error, "{body}");
        }
        let nothing = server.request(Method::POST, WITHDRAW, Some(&alice.token));
        assert_eq!(server.send(nothing).await.error(), (400, "M_NOT_JSON"));
        assert_eq!(withdraws(&alice, json!({ "policies": [] })).await.ok(), json!({}));
        alice.get("/account").await.ok();
        // A consent that was never given cannot be withdrawn, and can be given later.
        let bob = world.newcomer(&server, "bob").await;
        withdraws(&bob, json!({})).await.ok();
        bob.accepts_everything().await;
        bob.get("/account").await.ok();
    }
}
