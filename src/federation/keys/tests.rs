use std::sync::Arc;
use std::sync::Mutex as StdMutex;
use std::sync::atomic::{AtomicBool, Ordering};

use serde_json::json;

use super::*;
use crate::crypto::signing::SigningKeys;
use crate::federation::testing::{Lab, NAME, NOW, Reply, server};

const LINE: &str = "ed25519 1 YJDBA9Xnr2sVqXD9Vj7XVUnmFZcZrlw8Md7kMW+3XA1";
const OTHER: &str = "ed25519 2 ZJDBA9Xnr2sVqXD9Vj7XVUnmFZcZrlw8Md7kMW+3XA1";
const ID: &str = "ed25519:1";

fn public(line: &str) -> String {
    SigningKeys::parse(line, &server(NAME)).unwrap().current().1
}

fn unsigned() -> Value {
    json!({
        "server_name": NAME,
        "valid_until_ts": NOW + DAY,
        "verify_keys": { ID: { "key": public(LINE) } },
        "old_verify_keys": { "ed25519:old": { "key": public(OTHER), "expired_ts": 1 } },
    })
}

fn signed(document: Value, lines: &[&str]) -> Value {
    let CanonicalJsonValue::Object(mut document) = document.try_into().unwrap() else { unreachable!() };
    for line in lines {
        SigningKeys::parse(line, &server(NAME)).unwrap().sign(&mut document);
    }
    serde_json::to_value(document).unwrap()
}

fn good() -> Value {
    signed(unsigned(), &[LINE])
}

/// Returns the document after a change, signed by its key.
fn with(name: &str, value: Value) -> Value {
    let mut document = unsigned();
    document[name] = value;
    signed(document, &[LINE])
}

fn ids(document: &Value) -> Vec<String> {
    let read = read(document.clone(), &server(NAME), NOW);
    read.map(|document| document.keys.into_keys().collect()).unwrap_or_default()
}

#[test]
fn keys_that_signed_their_own_document_are_trusted() {
    assert_eq!(ids(&good()), [ID]);
    let mut two = unsigned();
    two["verify_keys"]["ed25519:2"] = json!({ "key": public(OTHER) });
    assert_eq!(ids(&signed(two.clone(), &[LINE, OTHER])), [ID, "ed25519:2"]);
    assert_eq!(ids(&signed(two, &[OTHER])), ["ed25519:2"]);
    let mut with_unsigned = good();
    with_unsigned["unsigned"] = json!({ "age": 1 });
    assert_eq!(ids(&with_unsigned), [ID]);
}

#[test]
fn a_document_that_proves_nothing_has_no_keys() {
    let tampered = |name: &str, value: Value| {
        let mut document = good();
        document[name] = value;
        document
    };
    for document in [
        json!([]),
        json!({}),
        unsigned(),
        signed(unsigned(), &[OTHER]),
        with("server_name", json!("other.example.org")),
        with("server_name", json!("HS.example.org")),
        with("verify_keys", json!({})),
        with("verify_keys", json!({ ID: { "key": public(OTHER) } })),
        with("verify_keys", json!({ ID: { "key": 1 } })),
        with("verify_keys", json!({ ID: public(LINE) })),
        with("verify_keys", json!([{ "key": public(LINE) }])),
        tampered("valid_until_ts", json!(NOW + 2 * DAY)),
        tampered("signatures", json!({ NAME: { ID: "abcd" } })),
        tampered("signatures", json!({ NAME: [] })),
        tampered("signatures", json!({ "other.example.org": good()["signatures"][NAME] })),
    ] {
        assert_eq!(ids(&document), Vec::<String>::new(), "{document}");
    }
    for document in [json!(null), json!([1])] {
        assert_eq!(read(document.clone(), &server(NAME), NOW), None, "{document}");
    }
    let many: serde_json::Map<_, _> =
        (0..=MAX_KEYS).map(|n| (format!("ed25519:{n}"), json!({ "key": public(LINE) }))).collect();
    assert_eq!(ids(&with("verify_keys", many.into())), Vec::<String>::new());
}

#[test]
fn old_keys_are_ignored() {
    let mut document = good();
    document["signatures"][NAME]["ed25519:old"] = signed(unsigned(), &[OTHER])["signatures"][NAME]["ed25519:2"].clone();
    assert_eq!(ids(&document), [ID]);
}

#[test]
fn the_end_of_validity_must_be_an_integer_in_the_future() {
    for wrong in [json!((NOW + DAY).to_string()), json!(null), json!(-1), json!(0), json!(NOW), json!([NOW + DAY])] {
        assert_eq!(ids(&with("valid_until_ts", wrong.clone())), Vec::<String>::new(), "{wrong}");
    }
    // Not canonical JSON.
    for wrong in ["1.8e12", "1800000000000.5", "9223372036854775808", "9007199254740992"] {
        let body = good().to_string().replace(&(NOW + DAY).to_string(), wrong);
        assert_eq!(read(body.parse().unwrap(), &server(NAME), NOW), None, "{wrong}");
    }
    let read = |document: Value| read(document.clone(), &server(NAME), NOW).unwrap().valid_until;
    assert_eq!(read(with("valid_until_ts", json!(NOW + 1))), NOW + 1);
    assert_eq!(read(with("valid_until_ts", json!(NOW + 7 * DAY + 1))), NOW + 7 * DAY);
    assert_eq!(read(with("valid_until_ts", json!((1_i64 << 53) - 1))), NOW + 7 * DAY);
}

#[tokio::test]
async fn a_server_is_asked_once_while_its_keys_are_valid() {
    let mut lab = Lab::new().await;
    let peer = lab.homeserver(|_| Reply::json(good().to_string())).await;
    let federation = Arc::new(lab.federation());
    let asks: Vec<_> = (0..8)
        .map(|_| {
            let federation = Arc::clone(&federation);
            tokio::spawn(async move { federation.signing_key(&server(NAME), ID).await })
        })
        .collect();
    for ask in asks {
        assert_eq!(ask.await.unwrap(), Ok(PublicKey::parse(&public(LINE))));
    }
    assert_eq!(peer.seen().len(), 1);
    assert_eq!(peer.seen()[0].line, "GET /_matrix/key/v2/server");
    lab.clock.advance(DAY - 1);
    assert!(federation.signing_key(&server(NAME), ID).await.unwrap().is_some());
    assert_eq!(peer.seen().len(), 1);
    // Now they have expired, and so has the document of the server.
    lab.clock.advance(1);
    assert_eq!(federation.signing_key(&server(NAME), ID).await, Err(Error::Untrusted));
    assert_eq!(peer.seen().len(), 2);
}

#[tokio::test]
async fn an_unknown_key_is_requested_again_but_rarely() {
    let mut lab = Lab::new().await;
    let document = Arc::new(StdMutex::new(good()));
    let served = Arc::clone(&document);
    let peer = lab.homeserver(move |_| Reply::json(served.lock().unwrap().to_string())).await;
    let federation = lab.federation();
    assert!(federation.signing_key(&server(NAME), ID).await.unwrap().is_some());
    *document.lock().unwrap() = signed(
        json!({
            "server_name": NAME, "valid_until_ts": NOW + DAY,
            "verify_keys": { "ed25519:2": { "key": public(OTHER) } }, "old_verify_keys": {},
        }),
        &[OTHER],
    );
    for id in ["ed25519:2", "ed25519:3", ""] {
        assert_eq!(federation.signing_key(&server(NAME), id).await, Ok(None), "{id}");
    }
    assert_eq!(peer.seen().len(), 1);
    lab.clock.advance(REST);
    assert!(federation.signing_key(&server(NAME), "ed25519:2").await.unwrap().is_some());
    assert_eq!(federation.signing_key(&server(NAME), ID).await, Ok(None), "it does not sign any more");
    assert_eq!(peer.seen().len(), 2);
}

#[tokio::test]
async fn a_failure_is_cached_briefly_and_affects_no_known_key() {
    let mut lab = Lab::new().await;
    let is_well = Arc::new(AtomicBool::new(false));
    let well = Arc::clone(&is_well);
    let answer =
        move |_: &_| if well.load(Ordering::SeqCst) { Reply::json(good().to_string()) } else { Reply::status(502) };
    let peer = lab.homeserver(answer).await;
    let federation = lab.federation();
    for _ in 0..3 {
        assert_eq!(federation.signing_key(&server(NAME), ID).await, Err(Error::from(Cause::Status(502))));
    }
    assert_eq!(peer.seen().len(), 1);
    is_well.store(true, Ordering::SeqCst);
    lab.clock.advance(REST);
    assert!(federation.signing_key(&server(NAME), ID).await.unwrap().is_some());
    is_well.store(false, Ordering::SeqCst);
    lab.clock.advance(REST);
    assert_eq!(federation.signing_key(&server(NAME), "ed25519:2").await, Err(Error::from(Cause::Status(502))));
    assert!(federation.signing_key(&server(NAME), ID).await.unwrap().is_some());
}

#[tokio::test]
async fn the_cache_is_limited() {
    let ring = KeyRing::new(Clock::stopped_at(NOW));
    let name = |n: usize| server(&format!("hs{n}.example.org"));
    for n in 0..MAX_CACHED {
        ring.of(&name(n)).lock().await.document.valid_until = NOW + DAY + Millis::try_from(n).unwrap();
    }
    let is_cached = |n: usize| ring.cache.lock().unwrap().contains_key(&name(n));
    ring.of(&name(MAX_CACHED));
    assert_eq!(ring.cache.lock().unwrap().len(), MAX_CACHED);
    assert!(!is_cached(0) && is_cached(1) && is_cached(MAX_CACHED));
    ring.clock.advance(2 * DAY);
    ring.of(&name(0));
    assert_eq!(ring.cache.lock().unwrap().len(), 1);
}
