//! Terms: what must be accepted, and what requires it.

use std::fs;
use std::path::Path;

use reqwest::Method;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use vouch::clock::HOUR;
use vouch::service::Services;

use crate::database::{count, execute};
use crate::lookup::hex;
use crate::world::{NOON, Person, Server, World};

/// Every endpoint that requires accepted terms.
const BEHIND_THE_GATE: &[(Method, &str)] = &[
    (Method::GET, "/account"),
    (Method::GET, "/hash_details"),
    (Method::POST, "/lookup"),
    (Method::POST, "/validate/email/requestToken"),
    (Method::POST, "/validate/email/submitToken"),
    (Method::POST, "/validate/msisdn/requestToken"),
    (Method::POST, "/validate/msisdn/submitToken"),
    (Method::GET, "/3pid/getValidated3pid?sid=a&client_secret=b"),
    (Method::POST, "/3pid/bind"),
    (Method::POST, "/store-invite"),
];

/// Writes a policy to the world's folder, and makes it the policy directory.
fn publish(world: &mut World, document: &str, name: &str) -> Vec<u8> {
    let directory = world.folder.path().join("policies");
    let file = directory.join(format!("{document}.md"));
    let text = format!("---\nname: {name}\n---\n\nThe words of {name}.\n");
    fs::create_dir_all(file.parent().unwrap()).unwrap();
    fs::write(file, &text).unwrap();
    world.config.terms.directory = Some(directory);
    text.into_bytes()
}

async fn terms(server: &Server) -> Value {
    server.get("/_matrix/identity/v2/terms", None).await.ok()
}

fn url(world: &World, document: &str) -> String {
    format!("{}policies/{document}", world.config.server.public_url)
}

/// Returns the local URL of a page published under another URL.
fn path<'a>(world: &World, url: &'a str) -> &'a str {
    &url[world.config.server.public_url.as_str().len() - 1..]
}

async fn accepts(person: &Person<'_>, documents: &[&str]) {
    let urls: Vec<_> = documents.iter().map(|document| url(person.world, document)).collect();
    assert_eq!(person.post("/terms", json!({ "user_accepts": urls })).await.ok(), json!({}));
}

async fn is_at_the_gate(person: &Person<'_>) -> bool {
    let answer = person.get("/account").await;
    match answer.error() {
        (403, "M_TERMS_NOT_SIGNED") => true,
        (200, _) => false,
        other => panic!("{other:?}"),
    }
}

on_both_backends! {
    async fn accepted_terms_are_required_exactly_where_the_specification_says(world: World) {
        let server = world.start().await;
        let alice = world.newcomer(&server, "alice").await;
        for (method, path) in BEHIND_THE_GATE {
            let request = server.request(method.clone(), &format!("/_matrix/identity/v2{path}"), Some(&alice.token));
            assert_eq!(server.send(request.body("{}")).await.error(), (403, "M_TERMS_NOT_SIGNED"), "{path}");
        }
        assert_eq!(alice.post("/3pid/unbind", json!({})).await.error(), (400, "M_MISSING_PARAMS"));
        assert_eq!(alice.post("/terms", json!({ "user_accepts": [] })).await.ok(), json!({}));
        for path in ["", "/terms", "/pubkey/isvalid?public_key=x", "/pubkey/ephemeral/isvalid?public_key=x"] {
            alice.get(path).await.ok();
        }
        assert_eq!(alice.post("/account/logout", json!({})).await.ok(), json!({}));
    }

    async fn accepting_one_language_of_a_policy_counts_for_all(world: World) {
        let server = world.start().await;
        let alice = world.newcomer(&server, "alice").await;
        accepts(&alice, &["terms_of_service/1.0/fr", "privacy_policy/1.0/de"]).await;
        assert!(!is_at_the_gate(&alice).await);
    }

    async fn policies_can_be_accepted_one_at_a_time(world: World) {
        let server = world.start().await;
        let alice = world.newcomer(&server, "alice").await;
        accepts(&alice, &["terms_of_service/1.0/en"]).await;
        assert!(is_at_the_gate(&alice).await);
        accepts(&alice, &["privacy_policy/1.0/en"]).await;
        assert!(!is_at_the_gate(&alice).await);
        assert_eq!(count(&world, "consents").await, 2);
    }

    async fn an_unknown_url_is_ignored_and_not_stored(world: World) {
        let server = world.start().await;
        let alice = world.newcomer(&server, "alice").await;
        let known = url(&world, "terms_of_service/1.0/en");
        let unknown = [
            String::new(), "x".repeat(20_000), "https://evil.example/policies/terms_of_service/1.0/en".to_owned(),
            format!("{known}/"), format!("{known}?x"), format!("{known}#x"), format!("x{known}"), known.to_uppercase(),
            path(&world, &known).to_owned(), url(&world, "terms_of_service/1.0/xx"), url(&world, "terms_of_service/9/en"),
            url(&world, "privacy_policy/../terms_of_service/1.0/en"), url(&world, "%74erms_of_service/1.0/en"),
        ];
        for unknown in unknown {
            assert_eq!(alice.post("/terms", json!({ "user_accepts": [unknown] })).await.ok(), json!({}));
        }
        assert_eq!(count(&world, "consents").await, 0);
        assert!(is_at_the_gate(&alice).await);
    }

    async fn consents_survive_logout_and_restart(world: World) {
        let server = world.start().await;
        let alice = world.person(&server, "alice").await;
        alice.post("/account/logout", json!({})).await.ok();
        assert!(!is_at_the_gate(&world.newcomer(&server, "alice").await).await);
        assert!(is_at_the_gate(&world.newcomer(&server, "bob").await).await, "a consent counts for one user");
        server.stop().await;
        let server = world.start().await;
        assert!(!is_at_the_gate(&world.newcomer(&server, "alice").await).await);
    }

    async fn a_new_version_must_be_accepted_again(mut world: World) {
        publish(&mut world, "terms/1.9/en", "Terms");
        let server = world.start().await;
        let alice = world.newcomer(&server, "alice").await;
        accepts(&alice, &["terms/1.9/en"]).await;
        assert!(!is_at_the_gate(&alice).await);
        let token = alice.token.clone();
        server.stop().await;

        publish(&mut world, "terms/1.10/en", "Better Terms");
        let server = world.start().await;
        let in_force = url(&world, "terms/1.10/en");
        let expected = json!({ "policies": { "terms": { "version": "1.10", "en": { "name": "Better Terms", "url": in_force } } } });
        assert_eq!(terms(&server).await, expected);
        let alice = Person { world: &world, server: &server, mxid: world.homeserver.user_id("alice"), token };
        assert!(is_at_the_gate(&alice).await);
        accepts(&alice, &["terms/1.9/en"]).await;
        assert!(is_at_the_gate(&alice).await, "clients resend old consents");
        accepts(&alice, &["terms/1.10/en"]).await;
        assert!(!is_at_the_gate(&alice).await);
        for (document, words) in [("terms/1.9/en", "The words of Terms"), ("terms/1.10/en", "The words of Better Terms")] {
            let page = server.get(&format!("/policies/{document}"), None).await;
            assert!(page.status == 200 && page.text.contains(words), "{page:?}");
        }
    }

    async fn without_policies_nothing_must_be_accepted(mut world: World) {
        world.config.terms.directory = None;
        let server = world.start().await;
        assert_eq!(terms(&server).await, json!({ "policies": {} }));
        let alice = world.newcomer(&server, "alice").await;
        assert!(!is_at_the_gate(&alice).await);
        alice.binds("alice@example.com").await;
    }

    async fn a_consent_records_the_document_and_the_first_acceptance(mut world: World) {
        let english = publish(&mut world, "terms/1/en", "Terms");
        publish(&mut world, "terms/1/fr", "Conditions");
        let server = world.start().await;
        let alice = world.newcomer(&server, "alice").await;
        accepts(&alice, &["terms/1/en"]).await;
        world.clock.advance(HOUR);
        accepts(&alice, &["terms/1/en"]).await;
        accepts(&alice, &["terms/1/fr"]).await;

        let vouch = Services::open(world.config.clone(), world.clock.clone()).await.unwrap();
        let export = vouch.self_service.export(alice.mxid.as_str().try_into().unwrap()).await.unwrap();
        let sha256 = hex(&Sha256::digest(&english));
        let expected = json!([{
            "policy": "terms",
            "version": "1",
            "language": "en",
            "url": url(&world, "terms/1/en"),
            "sha256": sha256,
            "accepted_at": NOON,
        }]);
        assert_eq!(serde_json::to_value(export).unwrap()["account"]["consents"], expected);
    }

    async fn a_client_cannot_renew_a_withdrawn_consent(world: World) {
        let server = world.start().await;
        let alice = world.person(&server, "alice").await;
        execute(&world, "UPDATE consents SET withdrawn_at = 1 WHERE policy = 'terms_of_service'").await;
        world.clock.advance(1_000);
        assert!(is_at_the_gate(&alice).await);
        for documents in [
            &["terms_of_service/1.0/en"][..],
            &["terms_of_service/1.0/fr"],
            &["privacy_policy/1.0/en", "terms_of_service/1.0/en"],
        ] {
            let urls: Vec<_> = documents.iter().map(|document| url(&world, document)).collect();
            let answer = alice.post("/terms", json!({ "user_accepts": urls })).await;
            assert_eq!(answer.error(), (403, "M_FORBIDDEN"), "{documents:?}");
        }
        assert!(is_at_the_gate(&alice).await);
        accepts(&alice, &["privacy_policy/1.0/en"]).await;
        assert!(!is_at_the_gate(&world.person(&server, "bob").await).await, "only her consent is withdrawn");
    }

    async fn terms_accepted_on_one_node_count_on_the_other_at_once(world: World) {
        let (one, other) = (world.start().await, world.start().await);
        let alice = world.newcomer(&one, "alice").await;
        let there = Person { world: &world, server: &other, mxid: alice.mxid.clone(), token: alice.token.clone() };
        assert!(is_at_the_gate(&there).await);
        alice.accepts_everything().await;
        assert!(!is_at_the_gate(&there).await);
    }
}

#[tokio::test]
async fn a_policy_holds_its_version_and_languages_and_nothing_else() {
    let world = World::on_sqlite().await;
    let server = world.start().await;
    insta::assert_json_snapshot!(terms(&server).await);
}

#[tokio::test]
async fn every_offered_url_serves_its_document() {
    let world = World::on_sqlite().await;
    let server = world.start().await;
    let terms = terms(&server).await;
    let mut seen = 0;
    for (id, policy) in terms["policies"].as_object().unwrap() {
        let version = policy["version"].as_str().unwrap();
        for (language, document) in policy.as_object().unwrap().iter().filter(|(key, _)| *key != "version") {
            let url = document["url"].as_str().unwrap();
            assert!(url.ends_with(&format!("/{id}/{version}/{language}")), "{url}");
            let page = server.get(path(&world, url), None).await;
            assert_eq!(page.status, 200);
            assert!(page.text.contains(document["name"].as_str().unwrap()), "{url}");
            assert!(Path::new("policies").join(format!("{id}/{version}/{language}.md")).exists());
            seen += 1;
        }
    }
    assert_eq!(seen, 8);
}

on_both_backends! {
    async fn no_consent_is_recorded_for_an_erased_account(world: World) {
        let server = world.start().await;
        let alice = world.person(&server, "alice").await;
        let before = count(&world, "consents").await;
        // The server caches the caller for a second; another process erases the account in the
        // meantime.
        alice.get("/account").await.ok();
        execute(&world, "DELETE FROM consents; DELETE FROM accounts").await;
        let url = server.get("/_matrix/identity/v2/terms", None).await.ok()["policies"]["privacy_policy"]["en"]["url"].clone();
        let answer = alice.post("/terms", json!({ "user_accepts": [url] })).await;
        assert_eq!(answer.error(), (401, "M_UNAUTHORIZED"));
        let asked = json!({ "client_secret": "s", "email": "alice@example.com", "send_attempt": 1 });
        assert_eq!(alice.post("/validate/email/requestToken", asked).await.error(), (401, "M_UNAUTHORIZED"));
        assert_eq!((before, count(&world, "consents").await), (2, 0));
    }
}
