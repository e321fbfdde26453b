//! Binding an address and unbinding it.

use std::collections::BTreeMap;

use ruma_common::CanonicalJsonObject;
use ruma_common::serde::Base64;
use ruma_signatures::verify_json;
use serde_json::{Value, json};
use vouch::clock::{DAY, Millis};

use crate::world::{Answer, NOON, Person, SECRET, Server};

const BIND: &str = "/3pid/bind";
const UNBIND: &str = "/3pid/unbind";
const A_HUNDRED_YEARS: Millis = 100 * 365 * DAY;

async fn binds_to(person: &Person<'_>, sid: &str, mxid: &str) -> Answer {
    person.post(BIND, json!({ "sid": sid, "client_secret": SECRET, "mxid": mxid })).await
}

fn unbinding(mxid: &str, address: &str, sid: &str, secret: &str) -> Value {
    let threepid = json!({ "medium": "email", "address": address });
    json!({ "mxid": mxid, "threepid": threepid, "sid": sid, "client_secret": secret })
}

/// Verifies the server's signature over an object with another implementation, using its name and
/// published key.
pub async fn assert_signed(server: &Server, name: &str, object: &Value) {
    let signatures = object["signatures"].as_object().unwrap();
    assert_eq!(signatures.keys().collect::<Vec<_>>(), [name]);
    let keys = signatures[name].as_object().unwrap();
    assert_eq!(keys.len(), 1);
    let id = keys.keys().next().unwrap();
    let published = server.get(&format!("/_matrix/identity/v2/pubkey/{id}"), None).await.ok();
    let key = Base64::parse(published["public_key"].as_str().unwrap()).unwrap();
    let trusted = BTreeMap::from([(name.to_owned(), BTreeMap::from([(id.clone(), key)]))]);
    let object: CanonicalJsonObject = serde_json::from_value(object.clone()).unwrap();
    verify_json(&trusted, &object).unwrap();
}

on_both_backends! {
    async fn a_binding_is_a_signed_association(world: World) {
        let server = world.start().await;
        let alice = world.person(&server, "alice").await;
        let sid = alice.proves("Alice@Example.com".to_lowercase().as_str()).await;
        let first = binds_to(&alice, &sid, &alice.mxid).await.ok();
        let mut bare = first.clone();
        bare.as_object_mut().unwrap().remove("signatures");
        let expected = json!({
            "address": "alice@example.com", "medium": "email", "mxid": "@alice:hs.example",
            "not_before": NOON, "not_after": NOON + A_HUNDRED_YEARS, "ts": NOON,
        });
        assert_eq!(bare, expected);
        assert_signed(&server, world.config.server.name.as_str(), &first).await;
        // Binding it again changes nothing.
        assert_eq!(binds_to(&alice, &sid, &alice.mxid).await.ok(), first);
        assert_eq!(alice.looks_up("alice@example.com").await, Some(alice.mxid.clone()));
    }

    async fn an_address_can_be_bound_only_to_the_callers_own_id(world: World) {
        let server = world.start().await;
        let (alice, bob) = (world.person(&server, "alice").await, world.person(&server, "bob").await);
        let sid = alice.proves("alice@example.com").await;
        for mxid in [&bob.mxid, "@Alice:hs.example", "@alice:other.example", "alice", "", "@alice:hs.example "] {
            assert_eq!(binds_to(&alice, &sid, mxid).await.error(), (403, "M_FORBIDDEN"), "{mxid}");
        }
        assert_eq!(alice.looks_up("alice@example.com").await, None);
    }

    async fn only_a_validated_address_can_be_bound(world: World) {
        let server = world.start().await;
        let alice = world.person(&server, "alice").await;
        let sid = alice.asks_to_prove("alice@example.com").await;
        assert_eq!(binds_to(&alice, &sid, &alice.mxid).await.error(), (400, "M_SESSION_NOT_VALIDATED"));
        assert_eq!(binds_to(&alice, "unknown", &alice.mxid).await.error(), (404, "M_NO_VALID_SESSION"));
        for field in ["sid", "client_secret", "mxid"] {
            let mut body = json!({ "sid": sid, "client_secret": SECRET, "mxid": alice.mxid });
            body.as_object_mut().unwrap().remove(field);
            assert_eq!(alice.post(BIND, body).await.error(), (400, "M_MISSING_PARAMS"), "{field}");
        }
        let path = "/_matrix/identity/v2/3pid/bind";
        assert_eq!(server.post(path, None, &json!({})).await.error(), (401, "M_UNAUTHORIZED"));
        let newcomer = world.newcomer(&server, "newcomer").await;
        assert_eq!(binds_to(&newcomer, &sid, &newcomer.mxid).await.error(), (403, "M_TERMS_NOT_SIGNED"));
        assert_eq!(alice.looks_up("alice@example.com").await, None);
    }

    async fn the_last_bind_of_an_address_wins(world: World) {
        let server = world.start().await;
        let (alice, bob) = (world.person(&server, "alice").await, world.person(&server, "bob").await);
        let email = "shared@example.com";
        alice.binds(email).await;
        assert_eq!(bob.looks_up(email).await, Some(alice.mxid.clone()));
        world.mail.forget();
        world.clock.advance(1);
        assert_eq!(bob.binds(email).await["ts"], NOON + 1);
        assert_eq!(alice.looks_up(email).await, Some(bob.mxid.clone()));
        // Alice's session is still valid but does not affect Bob's binding.
        let sid = alice.asks_to_prove(email).await;
        alice.post(UNBIND, unbinding(&alice.mxid, email, &sid, SECRET)).await.ok();
        assert_eq!(alice.looks_up(email).await, Some(bob.mxid.clone()));
    }

    async fn a_user_can_bind_several_addresses(world: World) {
        let server = world.start().await;
        let alice = world.person(&server, "alice").await;
        for email in ["one@example.com", "two@example.com"] {
            alice.binds(email).await;
        }
        let sid = alice.proves("one@example.com").await;
        alice.post(UNBIND, unbinding(&alice.mxid, "one@example.com", &sid, SECRET)).await.ok();
        assert_eq!(alice.looks_up("one@example.com").await, None);
        assert_eq!(alice.looks_up("two@example.com").await, Some(alice.mxid.clone()));
    }

    async fn an_unbound_address_is_gone_at_once_and_can_be_bound_again(world: World) {
        let server = world.start().await;
        let alice = world.person(&server, "alice").await;
        let email = "alice@example.com";
        let sid = alice.proves(email).await;
        // Unbinding an address that is not bound is not an error, and neither is repeating it.
        for address in [email, "Alice@EXAMPLE.com"] {
            let body = unbinding(&alice.mxid, address, &sid, SECRET);
            assert_eq!(alice.post(UNBIND, body.clone()).await.ok(), json!({}));
            binds_to(&alice, &sid, &alice.mxid).await.ok();
            assert_eq!(alice.looks_up(email).await, Some(alice.mxid.clone()));
            assert_eq!(alice.post(UNBIND, body.clone()).await.ok(), json!({}));
            assert_eq!(alice.looks_up(email).await, None);
            assert_eq!(alice.post(UNBIND, body).await.ok(), json!({}));
        }
    }

    async fn whoever_validated_an_address_can_unbind_it_from_anyone(world: World) {
        let server = world.start().await;
        let (alice, bob) = (world.person(&server, "alice").await, world.person(&server, "bob").await);
        let email = "shared@example.com";
        bob.binds(email).await;
        world.mail.forget();
        let sid = alice.proves(email).await;
        alice.post(UNBIND, unbinding(&bob.mxid, email, &sid, SECRET)).await.ok();
        assert_eq!(bob.looks_up(email).await, None);
    }

    async fn a_session_that_proves_nothing_cannot_unbind(world: World) {
        let server = world.start().await;
        let (alice, bob) = (world.person(&server, "alice").await, world.person(&server, "bob").await);
        let email = "alice@example.com";
        alice.binds(email).await;
        let sid = alice.proves(email).await;
        let of_bob = bob.proves("bob@example.com").await;
        let not_validated = bob.asks_to_prove("pending@example.com").await;
        let refused = [
            (&alice, unbinding(&alice.mxid, "other@example.com", &sid, SECRET)),
            (&alice, unbinding(&alice.mxid, email, &sid, "wrong")),
            (&alice, unbinding(&alice.mxid, email, "unknown", SECRET)),
            (&bob, unbinding(&alice.mxid, email, &of_bob, SECRET)),
            (&bob, unbinding(&alice.mxid, email, &sid, SECRET)),
            (&bob, unbinding(&bob.mxid, "pending@example.com", &not_validated, SECRET)),
        ];
        for (person, body) in refused {
            let answer = person.post(UNBIND, body.clone()).await;
            assert_eq!(answer.error(), (403, "M_FORBIDDEN"), "{body}");
            assert_eq!(answer.headers["content-type"], "application/json");
        }
        world.clock.advance(DAY);
        let body = unbinding(&alice.mxid, email, &sid, SECRET);
        assert_eq!(alice.post(UNBIND, body).await.error(), (403, "M_FORBIDDEN"));
        // The directory for the new pepper is still being built.
        server.until_ready().await;
        assert_eq!(alice.looks_up(email).await, Some(alice.mxid.clone()));
    }

    async fn unbinding_without_any_proof_is_unauthorized(world: World) {
        let server = world.start().await;
        let alice = world.person(&server, "alice").await;
        let email = "alice@example.com";
        alice.binds(email).await;
        for field in ["sid", "client_secret"] {
            for value in [None, Some(Value::Null)] {
                let mut body = unbinding(&alice.mxid, email, "x", SECRET);
                let fields = body.as_object_mut().unwrap();
                match value {
                    Some(value) => drop(fields.insert(field.to_owned(), value)),
                    None => drop(fields.remove(field)),
                }
                assert_eq!(alice.post(UNBIND, body.clone()).await.error(), (401, "M_UNAUTHORIZED"), "{body}");
            }
        }
        let path = "/_matrix/identity/v2/3pid/unbind";
        let body = unbinding(&alice.mxid, email, "x", SECRET);
        for token in [None, Some("wrong")] {
            let answer = server.post(path, token, &body).await;
            assert_eq!(answer.error(), (401, "M_UNAUTHORIZED"));
            assert_eq!(answer.headers["content-type"], "application/json");
        }
        assert_eq!(alice.looks_up(email).await, Some(alice.mxid.clone()));
    }

    async fn unbinding_requires_no_accepted_terms(world: World) {
        let mut world = world;
        let policies = world.folder.path().join("policies");
        let publish = |version: &str| {
            let folder = policies.join("terms").join(version);
            std::fs::create_dir_all(&folder).unwrap();
            std::fs::write(folder.join("en.md"), "---\nname: Terms\n---\n\nBe kind.\n").unwrap();
        };
        publish("1.0");
        world.config.terms.directory = Some(policies.clone());
        let server = world.start().await;
        let alice = world.person(&server, "alice").await;
        let email = "alice@example.com";
        alice.binds(email).await;
        let sid = alice.proves(email).await;
        let token = alice.token.clone();
        drop(alice);
        server.stop().await;

        // A new version of the terms, which she has not accepted.
        publish("2.0");
        let server = world.start().await;
        let alice = Person { world: &world, server: &server, mxid: world.homeserver.user_id("alice"), token };
        assert_eq!(alice.get("/hash_details").await.error(), (403, "M_TERMS_NOT_SIGNED"));
        assert_eq!(alice.post(UNBIND, unbinding(&alice.mxid, email, &sid, SECRET)).await.ok(), json!({}));
        alice.accepts_everything().await;
        assert_eq!(alice.looks_up(email).await, None);
    }

    async fn a_malformed_unbinding_is_a_matrix_error(world: World) {
        let server = world.start().await;
        let alice = world.person(&server, "alice").await;
        let good = unbinding(&alice.mxid, "alice@example.com", "x", SECRET);
        let cases = [
            ("mxid", json!("alice"), "M_INVALID_PARAM"),
            ("mxid", json!(1), "M_INVALID_PARAM"),
            ("threepid", json!("alice@example.com"), "M_INVALID_PARAM"),
            ("threepid", json!({ "medium": "email" }), "M_MISSING_PARAMS"),
            ("threepid", json!({ "medium": "pigeon", "address": "coo" }), "M_INVALID_PARAM"),
            ("threepid", json!({ "medium": "email", "address": "no address" }), "M_INVALID_PARAM"),
            ("sid", json!(1), "M_INVALID_PARAM"),
            ("sid", json!("a b"), "M_INVALID_PARAM"),
            ("client_secret", json!(""), "M_INVALID_PARAM"),
        ];
        for (field, value, errcode) in cases {
            let mut body = good.clone();
            body[field] = value;
            let answer = alice.post(UNBIND, body.clone()).await;
            assert_eq!(answer.error(), (400, errcode), "{body}");
            assert_eq!(answer.headers["content-type"], "application/json");
        }
    }
}
