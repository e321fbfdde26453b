//! A complete successful answer of every endpoint.

use serde_json::{Value, json};

use crate::invitations::{mailed_link, parameter};
use crate::world::{SECRET, hash, link, query};

/// Replaces the strings and keys in `value` that change from run to run.
fn redacted(value: Value, words: &[(&str, &str)]) -> Value {
    let word = |text: String| words.iter().find(|(of, _)| *of == text).map_or(text, |(_, word)| (*word).to_owned());
    match value {
        Value::String(text) => Value::String(word(text)),
        Value::Array(items) => items.into_iter().map(|item| redacted(item, words)).collect(),
        Value::Object(fields) => fields.into_iter().map(|(key, item)| (word(key), redacted(item, words))).collect(),
        other => other,
    }
}

on_both_backends! {
    async fn every_endpoint_answers_as_in_the_snapshots(world: World) {
        let server = world.start().await;
        let public = async |path: &str| server.get(&format!("/_matrix/identity{path}"), None).await.ok();
        let openid = world.homeserver.openid_token("alice");
        let registered = server.post("/_matrix/identity/v2/account/register", None, &openid).await.ok();
        let alice = world.person(&server, "alice").await;
        let terms = json!({ "user_accepts": ["http://127.0.0.1:8090/policies/terms_of_service/1.0/en"] });
        let accepted = alice.post("/terms", terms).await.ok();
        let asked = json!({ "client_secret": SECRET, "email": "alice@example.com", "send_attempt": 1 });
        let requested = alice.post("/validate/email/requestToken", asked).await.ok();
        let sid = requested["sid"].as_str().unwrap().to_owned();
        let token = query(&link(&world.validation_mail("alice@example.com").await), "token");
        let session = json!({ "sid": sid, "client_secret": SECRET, "token": token, "mxid": alice.mxid,
            "threepid": { "medium": "email", "address": "alice@example.com" } });
        let asked = json!({ "client_secret": SECRET, "country": "GB", "phone_number": "07700900001", "send_attempt": 1 });
        let requested_code = alice.post("/validate/msisdn/requestToken", asked).await.ok();
        let phone_sid = requested_code["sid"].as_str().unwrap().to_owned();
        let code = json!({ "sid": phone_sid, "client_secret": SECRET, "token": world.texts()[0].code() });
        let submitted_code = alice.post("/validate/msisdn/submitToken", code).await.ok();
        let submitted = alice.post("/validate/email/submitToken", session.clone()).await.ok();
        let validated = alice.get(&format!("/3pid/getValidated3pid?sid={sid}&client_secret={SECRET}")).await.ok();
        let bound = alice.post("/3pid/bind", session.clone()).await.ok();
        let hash_details = alice.get("/hash_details").await.ok();
        let pepper = hash_details["lookup_pepper"].as_str().unwrap().to_owned();
        let hash = hash("alice@example.com", &pepper);
        let look_up = json!({ "algorithm": "sha256", "pepper": pepper, "addresses": [hash] });
        let looked_up = alice.post("/lookup", look_up).await.ok();
        let keys = bound["signatures"]["127.0.0.1:8090"].as_object().unwrap().clone();
        let (key_id, signature) = keys.iter().next().unwrap();
        let public_key = public(&format!("/v2/pubkey/{key_id}")).await;
        let key = public_key["public_key"].as_str().unwrap().to_owned();
        let encoded: String = url::form_urlencoded::byte_serialize(key.as_bytes()).collect();
        let invitation = json!({ "medium": "email", "address": "bob@example.com", "room_id": "!room:hs.example", "sender": alice.mxid });
        let invited = alice.post("/store-invite", invitation).await.ok();
        let signurl = parameter(&mailed_link(&world, &server, "bob@example.com").await, "signurl");
        let of_invite = |name: &str| query(&signurl, name);
        let acceptance = json!({ "mxid": "@bob:hs.example", "token": of_invite("token"), "private_key": of_invite("private_key") });
        let accepted_invite = server.post("/_matrix/identity/v2/sign-ed25519", None, &acceptance).await.ok();
        let ephemeral = invited["public_keys"][1]["public_key"].as_str().unwrap();
        let encoded_ephemeral: String = url::form_urlencoded::byte_serialize(ephemeral.as_bytes()).collect();
        let is_ephemeral_valid = format!("pubkey/ephemeral/isvalid?public_key={encoded_ephemeral}");
        let answers = json!({
            "GET /versions": public("/versions").await,
            "GET /v2": public("/v2").await,
            "GET /api/v1": public("/api/v1").await,
            "POST /v2/account/register": registered,
            "GET /v2/account": alice.get("/account").await.ok(),
            "GET /v2/terms": public("/v2/terms").await,
            "POST /v2/terms": accepted,
            "GET /v2/pubkey/{keyId}": public_key,
            "GET /v2/pubkey/isvalid": public(&format!("/v2/pubkey/isvalid?public_key={encoded}")).await,
            "GET /v2/pubkey/ephemeral/isvalid": public(&format!("/v2/{is_ephemeral_valid}")).await,
            "GET /api/v1/pubkey/{keyId}": public(&format!("/api/v1/pubkey/{key_id}")).await,
            "GET /api/v1/pubkey/isvalid": public(&format!("/api/v1/pubkey/isvalid?public_key={encoded}")).await,
            "GET /api/v1/pubkey/ephemeral/isvalid": public(&format!("/api/v1/{is_ephemeral_valid}")).await,
            "GET /v2/hash_details": hash_details,
            "POST /v2/lookup": looked_up,
            "POST /v2/validate/email/requestToken": requested,
            "POST /v2/validate/email/submitToken": submitted,
            "POST /v2/validate/msisdn/requestToken": requested_code,
            "POST /v2/validate/msisdn/submitToken": submitted_code,
            "GET /v2/3pid/getValidated3pid": validated,
            "POST /v2/3pid/bind": bound,
            "POST /v2/3pid/unbind": alice.post("/3pid/unbind", session).await.ok(),
            "POST /v2/store-invite": invited,
            "POST /v2/sign-ed25519": accepted_invite,
            "POST /api/v1/sign-ed25519": server.post("/_matrix/identity/api/v1/sign-ed25519", None, &acceptance).await.ok(),
            "POST /v2/account/logout": alice.post("/account/logout", json!({})).await.ok(),
        });
        let words = [
            (registered["token"].as_str().unwrap(), "[token]"), (sid.as_str(), "[sid]"), (&phone_sid, "[sid]"), (&pepper, "[pepper]"),
            (&hash, "[hash]"), (key_id, "ed25519:[key]"), (&key, "[public key]"), (signature.as_str().unwrap(), "[signature]"),
            (ephemeral, "[ephemeral key]"), (acceptance["token"].as_str().unwrap(), "[invite token]"),
            (accepted_invite["signatures"]["127.0.0.1:8090"]["ed25519:0"].as_str().unwrap(), "[ephemeral signature]"),
        ];
        let answers = redacted(answers, &words);
        insta::assert_json_snapshot!("good_answers", answers);
    }
}
