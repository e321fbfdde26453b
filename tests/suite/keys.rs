//! The public keys that verify what this server signs.

use base64::Engine as _;
use base64::prelude::{BASE64_STANDARD_NO_PAD, BASE64_URL_SAFE_NO_PAD};
use ruma_common::CanonicalJsonValue;
use ruma_common::canonical_json::CanonicalJsonObject;
use ruma_common::serde::Base64;
use ruma_signatures::{PublicKeyMap, verify_json};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use url::form_urlencoded::byte_serialize;

use crate::world::{NOON, Server, World};

const V2: &str = "/_matrix/identity/v2";
const V1: &str = "/_matrix/identity/api/v1";

/// Returns the name the server signs under, the key ID, and the signature.
fn signature(association: &Value) -> (String, String, String) {
    let signatures = association["signatures"].as_object().unwrap();
    assert_eq!(signatures.len(), 1);
    let (name, keys) = signatures.iter().next().unwrap();
    let (key_id, signature) = keys.as_object().unwrap().iter().next().unwrap();
    (name.clone(), key_id.clone(), signature.as_str().unwrap().to_owned())
}

async fn served_key(server: &Server, key_id: &str) -> String {
    let answer = server.get(&format!("{V2}/pubkey/{key_id}"), None).await.ok();
    answer["public_key"].as_str().unwrap().to_owned()
}

async fn is_valid(server: &Server, path: &str, key: &str) -> bool {
    let key: String = byte_serialize(key.as_bytes()).collect();
    let answer = server.get(&format!("{path}?public_key={key}"), None).await.ok();
    assert_eq!(answer.as_object().unwrap().len(), 1);
    answer["valid"].as_bool().unwrap()
}

on_both_backends! {
    async fn an_association_is_signed_with_the_published_key(world: World) {
        let server = world.start().await;
        let alice = world.person(&server, "alice").await;
        let association = alice.binds("alice@example.com").await;
        let (name, key_id, signature) = signature(&association);
        assert_eq!(name, world.config.server.name.as_str());
        let mut unsigned = association.clone();
        unsigned.as_object_mut().unwrap().remove("signatures");
        assert_eq!(
            unsigned,
            json!({
                "address": "alice@example.com",
                "medium": "email",
                "mxid": alice.mxid,
                "not_before": NOON,
                "not_after": NOON + 100 * 365 * 24 * 60 * 60 * 1000,
                "ts": NOON,
            })
        );

        let key = served_key(&server, &key_id).await;
        assert_eq!(BASE64_STANDARD_NO_PAD.decode(&key).unwrap().len(), 32);
        assert_eq!(BASE64_STANDARD_NO_PAD.decode(&signature).unwrap().len(), 64);
        let keys = PublicKeyMap::from([(name, [(key_id, Base64::parse(&key).unwrap())].into())]);
        verify_json(&keys, &canonical(association.clone())).unwrap();
        let mut forged = association;
        forged["mxid"] = "@mallory:hs.example".into();
        assert!(verify_json(&keys, &canonical(forged)).is_err());
    }

    async fn the_key_survives_a_restart(world: World) {
        let server = world.start().await;
        let association = world.person(&server, "alice").await.binds("alice@example.com").await;
        let (_, key_id, _) = signature(&association);
        let before = served_key(&server, &key_id).await;
        server.stop().await;
        let server = world.start().await;
        assert_eq!(served_key(&server, &key_id).await, before);
    }
}

fn canonical(value: Value) -> CanonicalJsonObject {
    match value.try_into().unwrap() {
        CanonicalJsonValue::Object(object) => object,
        _ => unreachable!("an association is an object"),
    }
}

#[tokio::test]
async fn a_key_is_valid_in_either_base64_alphabet_under_v2_and_v1() {
    let world = World::on_sqlite().await;
    // A key whose base64 differs between the two alphabets.
    let line = "ed25519 a_0 YJDBA9Xnr2sVqXD9Vj7XVUnmFZcZrlw8Md7kMW+3XA1\n";
    std::fs::write(&world.config.keys.signing_key_file, line).unwrap();
    let server = world.start().await;
    let key = served_key(&server, "ed25519:a_0").await;
    assert_eq!(served_key(&server, "ed25519%3Aa_0").await, key);
    let bytes = BASE64_STANDARD_NO_PAD.decode(&key).unwrap();
    let url_safe = BASE64_URL_SAFE_NO_PAD.encode(&bytes);
    let other = BASE64_STANDARD_NO_PAD.encode([7; 32]);
    for version in [V2, V1] {
        let path = format!("{version}/pubkey/isvalid");
        for form in [&key, &url_safe, &format!("{key}=")] {
            assert!(is_valid(&server, &path, form).await, "{form}");
        }
        for stranger in [other.as_str(), "", "x", &key[1..], &key.to_lowercase()] {
            assert!(!is_valid(&server, &path, stranger).await, "{stranger}");
        }
        let ephemeral = format!("{version}/pubkey/ephemeral/isvalid");
        assert!(!is_valid(&server, &ephemeral, &key).await, "a long-term key is not an ephemeral one");
        for path in [path, ephemeral] {
            assert_eq!(server.get(&path, None).await.error(), (400, "M_MISSING_PARAMS"));
        }
        let answer = server.get(&format!("{version}/pubkey/ed25519:a_0"), None).await.ok();
        assert_eq!(answer, json!({ "public_key": key }));
        for unknown in ["ed25519:1", "ed25519:", "ed25519", "a_0", "curve25519:a_0", "%00", "ed25519:a_0%00", "%ff"] {
            let answer = server.get(&format!("{version}/pubkey/{unknown}"), None).await;
            assert_eq!(answer.status, 404, "{unknown}");
            assert!(matches!(answer.error().1, "M_NOT_FOUND" | "M_UNRECOGNIZED"), "{unknown}: {answer:?}");
        }
    }
}

#[tokio::test]
async fn an_unescaped_plus_in_a_key_is_read_as_a_plus() {
    let world = World::on_sqlite().await;
    // Its public half contains a plus.
    let seed =
        (0_u32..).map(|n| format!("ed25519 a {}", BASE64_STANDARD_NO_PAD.encode(Sha256::digest(n.to_be_bytes()))));
    let name = world.config.server.name.clone();
    let public = |line: &String| vouch::crypto::signing::SigningKeys::parse(line, &name).unwrap().current().1;
    let line = seed.into_iter().find(|line| public(line).contains('+')).unwrap();
    std::fs::write(&world.config.keys.signing_key_file, &line).unwrap();
    let server = world.start().await;
    let answer = server.get(&format!("{V2}/pubkey/isvalid?public_key={}", public(&line)), None).await;
    assert_eq!(answer.ok()["valid"], true);
}
