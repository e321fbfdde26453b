//! Looking up the Matrix IDs of addresses.

use std::time::{Duration, Instant};

use reqwest::Method;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use crate::world::{Answer, PEPPER, Person, SECRET, Server, World, hash, link, query};

const LOOKUP: &str = "/_matrix/identity/v2/lookup";

async fn asks(person: &Person<'_>, pepper: &str, addresses: &[&str]) -> Answer {
    person.post("/lookup", json!({ "algorithm": "sha256", "pepper": pepper, "addresses": addresses })).await
}

/// Returns the hash of an e-mail address as the iOS SDK sends it.
fn hex_hash(email: &str, pepper: &str) -> String {
    hex(&Sha256::digest(format!("{email} email {pepper}")))
}

/// Encodes bytes in hexadecimal.
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |hex, byte| hex + &format!("{byte:02x}"))
}

/// Binds an address that the server case-folds, so that its mail is sent to `folded`.
pub async fn binds_folded(person: &Person<'_>, email: &str, folded: &str) {
    let sid = person.asks_to_prove(email).await;
    let mail = person.world.validation_mail(folded).await;
    let submitted = json!({ "sid": sid, "client_secret": SECRET, "token": query(&link(&mail), "token") });
    person.post("/validate/email/submitToken", submitted).await.ok();
    person.binds_by(&sid).await.ok();
}

on_both_backends! {
    async fn only_hits_are_returned_under_the_hashes_that_were_sent(world: World) {
        let server = world.start().await;
        let alice = world.person(&server, "alice").await;
        let bob = world.person(&server, "bob").await;
        alice.binds("alice@example.com").await;
        bob.binds("bob@example.com").await;
        let pepper = alice.pepper().await;
        let [of_alice, of_bob, of_nobody] =
            ["alice", "bob", "carol"].map(|name| hash(&format!("{name}@example.com"), &pepper));
        let answer = asks(&alice, &pepper, &[&of_nobody, &of_bob, &of_alice, &of_bob]).await.ok();
        assert_eq!(answer, json!({ "mappings": { &of_alice: alice.mxid, &of_bob: bob.mxid } }));
        assert_eq!(asks(&alice, &pepper, &[&of_nobody]).await.ok(), json!({ "mappings": {} }));
        assert_eq!(asks(&alice, &pepper, &[]).await.ok(), json!({ "mappings": {} }));
    }

    async fn the_pepper_is_alphanumeric_and_the_same_on_every_node_and_after_a_restart(world: World) {
        let server = world.start().await;
        let alice = world.person(&server, "alice").await;
        let details = alice.get("/hash_details").await.ok();
        assert_eq!(details["algorithms"], json!(["sha256"]));
        assert_eq!(details.as_object().unwrap().len(), 2);
        let pepper = alice.pepper().await;
        assert!(pepper.len() >= 16 && pepper.bytes().all(|byte| byte.is_ascii_alphanumeric()), "{pepper}");
        let token = alice.token.clone();
        let other = world.start().await;
        for server in [other, { server.stop().await; world.start().await }] {
            let answer = server.get("/_matrix/identity/v2/hash_details", Some(&token)).await.ok();
            assert_eq!(answer["lookup_pepper"], pepper);
        }
    }

    async fn a_wrong_pepper_is_answered_with_the_right_one(world: World) {
        let server = world.start().await;
        let alice = world.person(&server, "alice").await;
        let pepper = alice.pepper().await;
        for wrong in ["matrixrocks", "", &pepper.to_lowercase(), &format!("{pepper} "), &pepper[1..]] {
            let answer = asks(&alice, wrong, &[&hash("alice@example.com", wrong)]).await;
            assert_eq!(answer.error(), (400, "M_INVALID_PEPPER"), "{wrong}");
            assert_eq!(answer.body["algorithm"], "sha256");
            assert_eq!(answer.body["lookup_pepper"], pepper);
        }
    }

    async fn the_pepper_changes_weekly_and_the_previous_one_is_still_accepted(world: World) {
        let server = world.start().await;
        let alice = world.person(&server, "alice").await;
        alice.binds("alice@example.com").await;
        let first = alice.pepper().await;
        world.clock.advance(PEPPER);
        server.until_ready().await;
        let second = alice.pepper().await;
        assert_ne!(first, second);
        // Bound after the change, and found with the previous pepper.
        let bob = world.person(&server, "bob").await;
        bob.binds("bob@example.com").await;
        for pepper in [&first, &second] {
            for (email, mxid) in [("alice@example.com", &alice.mxid), ("bob@example.com", &bob.mxid)] {
                let hash = hash(email, pepper);
                assert_eq!(asks(&alice, pepper, &[&hash]).await.ok(), json!({ "mappings": { &hash: mxid } }), "{email}");
            }
        }
        world.clock.advance(PEPPER);
        server.until_ready().await;
        let answer = asks(&alice, &first, &[&hash("alice@example.com", &first)]).await;
        assert_eq!(answer.error(), (400, "M_INVALID_PEPPER"));
        assert_eq!(alice.looks_up("alice@example.com").await, Some(alice.mxid.clone()));
        asks(&alice, &second, &[]).await.ok();
    }

    async fn setting_the_clock_back_makes_no_old_pepper_valid_again(world: World) {
        let server = world.start().await;
        let alice = world.person(&server, "alice").await;
        let first = alice.pepper().await;
        world.clock.advance(2 * PEPPER);
        server.until_ready().await;
        let third = alice.pepper().await;
        world.clock.step(-2 * PEPPER);
        assert_eq!(asks(&alice, &first, &[]).await.error(), (503, "M_UNKNOWN"));
        world.clock.step(2 * PEPPER);
        server.until_ready().await;
        assert_eq!(asks(&alice, &first, &[]).await.error(), (400, "M_INVALID_PEPPER"));
        assert_eq!(alice.pepper().await, third);
    }

    async fn a_hexadecimal_hash_is_echoed_as_it_was_sent(world: World) {
        let server = world.start().await;
        let alice = world.person(&server, "alice").await;
        alice.binds("alice@example.com").await;
        let pepper = alice.pepper().await;
        let lower = hex_hash("alice@example.com", &pepper);
        let upper = lower.to_uppercase();
        let mixed = format!("{}{}", &lower[..32], &upper[32..]);
        let base64 = hash("alice@example.com", &pepper);
        let answer = asks(&alice, &pepper, &[&lower, &upper, &mixed, &base64]).await.ok();
        let mxid = &alice.mxid;
        assert_eq!(answer, json!({ "mappings": { lower: mxid, upper: mxid, mixed: mxid, base64: mxid } }));
    }

    async fn an_address_is_found_by_its_case_folded_and_its_lower_case_form(world: World) {
        let server = world.start().await;
        let alice = world.person(&server, "alice").await;
        binds_folded(&alice, "Strauß@Example.COM", "strauss@example.com").await;
        for form in ["strauss@example.com", "strauß@example.com"] {
            assert_eq!(alice.looks_up(form).await.as_ref(), Some(&alice.mxid), "{form}");
        }
        for form in ["Strauß@Example.COM", "STRAUSS@example.com", "straus@example.com"] {
            assert_eq!(alice.looks_up(form).await, None, "{form}");
        }
        alice.unbinds_folded("STRAUß@example.com", "strauss@example.com").await;
        for form in ["strauss@example.com", "strauß@example.com"] {
            assert_eq!(alice.looks_up(form).await, None, "{form}");
        }
    }

    async fn an_unbound_address_is_not_found_with_any_pepper_on_any_node(world: World) {
        let (server, other) = (world.start().await, world.start().await);
        let alice = world.person(&server, "alice").await;
        alice.binds("alice@example.com").await;
        let first = alice.pepper().await;
        world.clock.advance(PEPPER);
        server.until_ready().await;
        other.until_ready().await;
        let second = alice.pepper().await;
        world.mail.forget();
        alice.unbinds("alice@example.com").await.ok();
        let there = Person { world: &world, server: &other, mxid: alice.mxid.clone(), token: alice.token.clone() };
        for person in [&alice, &there] {
            for pepper in [&first, &second] {
                let answer = asks(person, pepper, &[&hash("alice@example.com", pepper)]).await.ok();
                assert_eq!(answer, json!({ "mappings": {} }));
            }
        }
    }

    async fn a_rebound_address_returns_its_last_owner(world: World) {
        let server = world.start().await;
        let (alice, bob) = (world.person(&server, "alice").await, world.person(&server, "bob").await);
        alice.binds("shared@example.com").await;
        assert_eq!(bob.looks_up("shared@example.com").await, Some(alice.mxid.clone()));
        world.mail.forget();
        bob.binds("shared@example.com").await;
        let pepper = alice.pepper().await;
        let hash = hash("shared@example.com", &pepper);
        for person in [&alice, &bob] {
            assert_eq!(asks(person, &pepper, &[&hash]).await.ok(), json!({ "mappings": { &hash: bob.mxid } }));
        }
    }

    async fn the_operator_can_allow_plain_addresses(mut world: World) {
        world.config.lookup.plain = true;
        let server = world.start().await;
        let alice = world.person(&server, "alice").await;
        alice.binds("alice@example.com").await;
        let details = alice.get("/hash_details").await.ok();
        let mut algorithms: Vec<_> = details["algorithms"].as_array().unwrap().iter().map(|a| a.as_str().unwrap()).collect();
        algorithms.sort_unstable();
        assert_eq!(algorithms, ["none", "sha256"]);
        let pepper = alice.pepper().await;
        let plain = |addresses: Value| json!({ "algorithm": "none", "pepper": pepper, "addresses": addresses });
        let sent = json!(["alice@example.com email", "alice@example.com msisdn", "alice@example.com", "bob@example.com email", ""]);
        let answer = alice.post("/lookup", plain(sent)).await.ok();
        assert_eq!(answer, json!({ "mappings": { "alice@example.com email": alice.mxid } }));
        assert_eq!(alice.looks_up("alice@example.com").await, Some(alice.mxid.clone()));
    }

    async fn a_binding_made_on_one_node_is_found_on_the_other_within_a_second(world: World) {
        let (server, other) = (world.start().await, world.start().await);
        let alice = world.person(&server, "alice").await;
        alice.binds("alice@example.com").await;
        let begun = Instant::now();
        let there = Person { world: &world, server: &other, mxid: alice.mxid.clone(), token: alice.token.clone() };
        while there.looks_up("alice@example.com").await.is_none() {
            assert!(begun.elapsed() < Duration::from_secs(2), "not found after {:?}", begun.elapsed());
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }
}

impl Person<'_> {
    /// Validates an address that the server case-folds, and unbinds it.
    async fn unbinds_folded(&self, email: &str, folded: &str) {
        self.world.mail.forget();
        let secret = "another_secret";
        let asked = json!({ "client_secret": secret, "email": email, "send_attempt": 1 });
        let sid = self.post("/validate/email/requestToken", asked).await.ok()["sid"].clone();
        let token = query(&link(&self.world.validation_mail(folded).await), "token");
        let session = json!({ "sid": sid, "client_secret": secret, "token": token });
        self.post("/validate/email/submitToken", session).await.ok();
        let threepid = json!({ "medium": "email", "address": email });
        let unbound = json!({ "sid": sid, "client_secret": secret, "mxid": self.mxid, "threepid": threepid });
        assert_eq!(self.post("/3pid/unbind", unbound).await.ok(), json!({}));
    }
}

#[tokio::test]
async fn unknown_algorithms_and_by_default_none_are_refused() {
    let world = World::on_sqlite().await;
    let server = world.start().await;
    let alice = world.person(&server, "alice").await;
    let pepper = alice.pepper().await;
    for algorithm in ["none", "md5", "SHA256", "sha256 ", ""] {
        let asked = json!({ "algorithm": algorithm, "pepper": pepper, "addresses": [] });
        assert_eq!(alice.post("/lookup", asked).await.error(), (400, "M_INVALID_PARAM"), "{algorithm}");
    }
}

#[tokio::test]
async fn a_malformed_hash_matches_nothing_and_does_not_affect_others() {
    let world = World::on_sqlite().await;
    let server = world.start().await;
    let alice = world.person(&server, "alice").await;
    alice.binds("alice@example.com").await;
    let pepper = alice.pepper().await;
    let good = hash("alice@example.com", &pepper);
    let padded = format!("{good}=");
    let spaced = format!(" {good}");
    let standard = "+".repeat(43);
    let long = "A".repeat(500_000);
    let hex = "g".repeat(64);
    let many_bytes = "ä".repeat(32);
    let addresses = [
        "",
        "x",
        "alice@example.com",
        &good[1..],
        &padded,
        &spaced,
        &standard,
        &long,
        &hex,
        &many_bytes,
        "\u{1}",
        &good,
    ];
    let answer = asks(&alice, &pepper, &addresses).await.ok();
    assert_eq!(answer, json!({ "mappings": { &good: alice.mxid } }));
}

#[tokio::test]
async fn a_hash_may_contain_json_escapes() {
    let world = World::on_sqlite().await;
    let server = world.start().await;
    let alice = world.person(&server, "alice").await;
    alice.binds("alice@example.com").await;
    let pepper = alice.pepper().await;
    let good = hash("alice@example.com", &pepper);
    let escape = |text: &str| -> String {
        text.chars().fold(String::new(), |text, c| text + &format!("\\u{:04x}", u32::from(c)))
    };
    let body = format!(
        r#"{{"{}":["{}"],"pepper":"{}","algorithm":"sha\u003256"}}"#,
        escape("addresses"),
        escape(&good),
        escape(&pepper)
    );
    let answer = server.send(server.request(Method::POST, LOOKUP, Some(&alice.token)).body(body)).await.ok();
    assert_eq!(answer, json!({ "mappings": { good: alice.mxid } }));
}

#[tokio::test]
async fn the_old_unauthenticated_look_ups_are_not_served() {
    let world = World::on_sqlite().await;
    let server = world.start().await;
    let alice = world.person(&server, "alice").await;
    alice.binds("alice@example.com").await;
    let v1 = "/_matrix/identity/api/v1";
    for token in [None, Some(alice.token.as_str())] {
        let plain = server.get(&format!("{v1}/lookup?medium=email&address=alice@example.com"), token).await;
        assert_eq!(plain.error(), (404, "M_UNRECOGNIZED"));
        let bulk = json!({ "threepids": [["email", "alice@example.com"]] });
        assert_eq!(server.post(&format!("{v1}/bulk_lookup"), token, &bulk).await.error(), (404, "M_UNRECOGNIZED"));
    }
}

/// PostgreSQL only, because a test can block reads of a single table there.
#[tokio::test]
async fn look_ups_are_unavailable_until_the_directory_is_complete() {
    let world = World::on_postgres().await;
    let server = world.start().await;
    let alice = world.person(&server, "alice").await;
    alice.binds("alice@example.com").await;
    let (pepper, token) = (alice.pepper().await, alice.token.clone());
    server.stop().await;

    let database = world.database.as_ref().unwrap().connect().await;
    database.batch_execute("BEGIN; LOCK TABLE bindings IN ACCESS EXCLUSIVE MODE").await.unwrap();
    let server = Server::start(world.config.clone(), world.clock.clone());
    let alice = Person { world: &world, server: &server, mxid: world.homeserver.user_id("alice"), token };
    assert_eq!(server.get("/ready", None).await.status, 503);
    server.get("/health", None).await.ok();
    let answer = asks(&alice, &pepper, &[&hash("alice@example.com", &pepper)]).await;
    assert_eq!(answer.error(), (503, "M_UNKNOWN"));
    assert!(answer.headers.contains_key("retry-after") && answer.body["retry_after_ms"].is_i64());
    assert_eq!(answer.headers["access-control-allow-origin"], "*");
    alice.get("/hash_details").await.ok();
    database.batch_execute("ROLLBACK").await.unwrap();
    server.until_ready().await;
    assert_eq!(alice.looks_up("alice@example.com").await, Some(alice.mxid.clone()));
}

on_both_backends! {
    async fn a_row_that_cannot_be_decrypted_matches_nothing_and_hides_no_other(world: World) {
        let server = world.start().await;
        let (alice, bob) = (world.person(&server, "alice").await, world.person(&server, "bob").await);
        alice.binds("alice@example.com").await;
        bob.binds("bob@example.com").await;
        // Alice's sealed columns are moved to Bob's row, where they cannot be opened.
        let moved = "UPDATE bindings SET address = (SELECT address FROM bindings ORDER BY id LIMIT 1)";
        crate::database::execute(&world, &format!("{moved} WHERE id = (SELECT MAX(id) FROM bindings)")).await;
        assert_eq!(alice.looks_up("bob@example.com").await, None);
        assert_eq!(alice.looks_up("alice@example.com").await, Some(alice.mxid.clone()));
        let (mxid, token) = (alice.mxid.clone(), alice.token.clone());
        drop((alice, bob));
        server.stop().await;
        let server = world.start().await;
        let alice = Person { world: &world, server: &server, mxid, token };
        assert_eq!(alice.looks_up("bob@example.com").await, None);
        assert_eq!(alice.looks_up("alice@example.com").await, Some(alice.mxid.clone()));
    }
}
