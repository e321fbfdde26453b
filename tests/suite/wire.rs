//! Properties of every endpoint.

use reqwest::Method;
use reqwest::header::HeaderMap;
use serde_json::json;

use crate::world::{Answer, World};

/// The callers that an endpoint allows.
#[derive(Clone, Copy, PartialEq)]
enum Auth {
    None,
    Token,
}

/// Every endpoint: its method, its path, and its allowed callers.
const ENDPOINTS: &[(&str, &str, Auth)] = &[
    ("GET", "/versions", Auth::None),
    ("GET", "/v2", Auth::None),
    ("POST", "/v2/account/register", Auth::None),
    ("GET", "/v2/account", Auth::Token),
    ("POST", "/v2/account/logout", Auth::Token),
    ("GET", "/v2/terms", Auth::None),
    ("POST", "/v2/terms", Auth::Token),
    ("GET", "/v2/pubkey/ed25519:0", Auth::None),
    ("GET", "/v2/pubkey/isvalid", Auth::None),
    ("GET", "/v2/pubkey/ephemeral/isvalid", Auth::None),
    ("GET", "/v2/hash_details", Auth::Token),
    ("POST", "/v2/lookup", Auth::Token),
    ("POST", "/v2/validate/email/requestToken", Auth::Token),
    ("POST", "/v2/validate/email/submitToken", Auth::Token),
    ("GET", "/v2/validate/email/submitToken", Auth::None),
    ("POST", "/v2/validate/msisdn/requestToken", Auth::Token),
    ("POST", "/v2/validate/msisdn/submitToken", Auth::Token),
    ("GET", "/v2/validate/msisdn/submitToken", Auth::None),
    ("GET", "/v2/3pid/getValidated3pid", Auth::Token),
    ("POST", "/v2/3pid/bind", Auth::Token),
    ("POST", "/v2/3pid/unbind", Auth::Token),
    ("POST", "/v2/store-invite", Auth::Token),
    ("POST", "/v2/sign-ed25519", Auth::None),
    ("GET", "/api/v1", Auth::None),
    ("POST", "/api/v1/sign-ed25519", Auth::None),
    ("GET", "/api/v1/pubkey/ed25519:0", Auth::None),
    ("GET", "/api/v1/pubkey/isvalid", Auth::None),
    ("GET", "/api/v1/pubkey/ephemeral/isvalid", Auth::None),
    ("GET", "/unstable/im.vouch/account/data", Auth::Token),
    ("DELETE", "/unstable/im.vouch/account/data", Auth::Token),
    ("POST", "/unstable/im.vouch/account/prove", Auth::Token),
    ("POST", "/unstable/im.vouch/account/confirm", Auth::Token),
    ("POST", "/unstable/im.vouch/account/erasure", Auth::Token),
    ("DELETE", "/unstable/im.vouch/account/erasure", Auth::Token),
    ("POST", "/unstable/im.vouch/terms/withdraw", Auth::Token),
    ("POST", "/unstable/im.vouch/3pid/object", Auth::Token),
];

/// Paths at which `GET` answers people.
const PAGES: [&str; 2] = ["/v2/validate/email/submitToken", "/v2/validate/msisdn/submitToken"];

/// The maximum size of a body in bytes.
const SMALL: usize = 64 * 1024;
/// The maximum size of a look-up's body in bytes.
const LOOKUP: usize = SMALL + 10_000 * 72;

fn full(path: &str) -> String {
    format!("/_matrix/identity{path}")
}

fn method(name: &str) -> Method {
    name.parse().unwrap()
}

#[track_caller]
fn assert_cross_origin(headers: &HeaderMap, what: &str) {
    for (name, value) in [
        ("access-control-allow-origin", "*"),
        ("access-control-allow-methods", "GET, POST, PUT, DELETE, OPTIONS"),
        ("access-control-allow-headers", "Origin, X-Requested-With, Content-Type, Accept, Authorization"),
        ("access-control-expose-headers", "Retry-After"),
    ] {
        let values: Vec<_> = headers.get_all(name).iter().collect();
        assert_eq!(values, [value], "{name} of {what}");
    }
}

#[track_caller]
fn assert_json(answer: &Answer, what: &str) {
    assert_eq!(answer.headers["content-type"], "application/json", "{what}");
    assert!(answer.body.is_object(), "{what}: {}", answer.text);
}

/// Returns a JSON body of this size that no endpoint understands.
fn padded(length: usize) -> String {
    format!("{{\"x\":\"{}\"}}", "x".repeat(length - 8))
}

#[tokio::test]
async fn every_answer_allows_cors_and_forbids_caching() {
    let mut world = World::on_sqlite().await;
    world.config.budgets.registrations_network.capacity = 2;
    let server = world.start().await;
    let alice = world.person(&server, "alice").await;
    let bob = world.newcomer(&server, "bob").await;
    let too_large = padded(SMALL + 1);
    for (status, name, path, token, body) in [
        (200, "GET", "/v2", None, ""),
        (200, "GET", "/v2/account", Some(&alice.token), ""),
        (200, "HEAD", "/v2/account", Some(&alice.token), ""),
        (400, "POST", "/v2/terms", Some(&alice.token), "nonsense"),
        (401, "GET", "/v2/account", None, ""),
        (403, "GET", "/v2/account", Some(&bob.token), ""),
        (404, "GET", "/v2/nothing", None, ""),
        (404, "GET", PAGES[0], None, ""),
        (404, "GET", PAGES[1], None, ""),
        (405, "PUT", "/v2/account", None, ""),
        (413, "POST", "/v2/terms", Some(&alice.token), &too_large),
        (429, "POST", "/v2/account/register", None, r#"{"access_token":"x","matrix_server_name":"hs.example"}"#),
    ] {
        let request = server.request(method(name), &full(path), token.map(String::as_str)).body(body.to_owned());
        let answer = server.send(request).await;
        let what = format!("{name} {path}");
        assert_eq!(answer.status, status, "{what}: {}", answer.text);
        assert_cross_origin(&answer.headers, &what);
        assert_eq!(answer.headers["cache-control"], "no-store", "{what}");
    }
}

#[tokio::test]
async fn a_preflight_succeeds_on_any_path_without_a_token() {
    let world = World::on_sqlite().await;
    let server = world.start().await;
    let others = ["/v2/nothing", "/", ""];
    for path in ENDPOINTS.iter().map(|(_, path, _)| *path).chain(others) {
        let request = server
            .request(Method::OPTIONS, &full(path), None)
            .header("Origin", "https://app.example")
            .header("Access-Control-Request-Method", "POST")
            .header("Access-Control-Request-Headers", "authorization, content-type");
        let answer = server.send(request).await;
        assert_eq!(answer.status, 200, "{path}");
        assert_cross_origin(&answer.headers, path);
        assert!(!answer.headers.contains_key("access-control-allow-credentials"));
    }
}

#[tokio::test]
async fn every_endpoint_answers_in_json_and_checks_the_token_before_the_body() {
    let world = World::on_sqlite().await;
    let server = world.start().await;
    for (name, path, auth) in ENDPOINTS.iter().filter(|(name, path, _)| *name != "GET" || !PAGES.contains(path)) {
        for body in ["nonsense", "", "{}", &padded(SMALL + 1)] {
            let answer = server.send(server.request(method(name), &full(path), None).body(body.to_owned())).await;
            let what = format!("{name} {path} {body:.20}");
            assert_json(&answer, &what);
            assert_cross_origin(&answer.headers, &what);
            if *auth == Auth::Token {
                assert_eq!(answer.error(), (401, "M_UNAUTHORIZED"), "{what}");
            } else {
                assert!(matches!(answer.status, 200 | 400 | 404 | 413), "{what}: {answer:?}");
            }
            if answer.status != 200 {
                assert!(answer.body["errcode"].as_str().unwrap().starts_with("M_"), "{what}");
                assert!(!answer.body["error"].as_str().unwrap().is_empty(), "{what}");
            }
        }
    }
}

#[tokio::test]
async fn a_body_is_json_whatever_its_content_type_says() {
    let world = World::on_sqlite().await;
    let server = world.start().await;
    for content_type in [
        None,
        Some("text/plain"),
        Some("application/x-www-form-urlencoded"),
        Some("application/json; charset=latin1"),
        Some("/"),
    ] {
        let openid = world.homeserver.openid_token("alice").to_string();
        let mut request = server.request(Method::POST, &full("/v2/account/register"), None).body(openid);
        if let Some(content_type) = content_type {
            request = request.header("Content-Type", content_type);
        }
        server.send(request).await.ok();
    }
}

#[tokio::test]
async fn an_unknown_path_is_a_json_error() {
    let world = World::on_sqlite().await;
    let server = world.start().await;
    for path in [
        "/_matrix",
        "/_matrix/",
        "/_matrix/identity",
        "/_matrix/identity/",
        "/_matrix/identity/v2/",
        "/_matrix/identity/v3/account",
        "/_matrix/identity/v2/nothing",
        "/_matrix/identity/v2/account/",
        "/_matrix/identity/v2/account/nothing",
        "/_matrix/identity/v2/Account",
        "/_matrix/Identity/v2/account",
        "/_matrix/identity/v2/pubkey/",
        "/_matrix/identity/v2/pubkey/a/b",
        "/_matrix/identity/api/v1/lookup",
        "/_matrix/identity/api/v1/bulk_lookup",
        "/_matrix/identity/api/v1/3pid/bind",
        "/_matrix/identity/api/v1/validate/email/requestToken",
        "/_matrix/identity/unstable",
        "/_matrix/identity/unstable/im.vouch",
        "/_matrix/identity/unstable/im.vouch/account/data/",
        "/_matrix/identity/v2/unstable/im.vouch/account/data",
        "/_matrix/client/versions",
        "/_matrix/federation/v1/version",
    ] {
        for name in ["GET", "POST", "PUT", "BREW"] {
            let answer = server.send(server.request(method(name), path, None)).await;
            assert_eq!(answer.error(), (404, "M_UNRECOGNIZED"), "{name} {path}");
            assert_json(&answer, path);
            assert_cross_origin(&answer.headers, path);
        }
    }
}

#[tokio::test]
async fn a_known_path_with_another_method_is_reported_as_such() {
    let world = World::on_sqlite().await;
    let server = world.start().await;
    let alice = world.person(&server, "alice").await;
    for (_, path, _) in ENDPOINTS {
        let mut its_own: Vec<_> =
            ENDPOINTS.iter().filter(|(_, other, _)| other == path).map(|(name, ..)| *name).collect();
        its_own.sort_unstable();
        for name in ["GET", "POST", "PUT", "DELETE", "PATCH", "TRACE", "BREW", "get"] {
            if its_own.contains(&name) {
                continue;
            }
            for token in [None, Some(alice.token.as_str())] {
                let answer = server.send(server.request(method(name), &full(path), token)).await;
                assert_eq!(answer.error(), (405, "M_UNRECOGNIZED"), "{name} {path}");
                let allow = answer.headers["allow"].to_str().expect("Allow is text");
                let mut allowed: Vec<_> =
                    allow.split(", ").filter(|name| !["HEAD", "OPTIONS"].contains(name)).collect();
                allowed.sort_unstable();
                assert_eq!(allowed, its_own, "{name} {path}: {allow}");
                assert_json(&answer, path);
                assert_cross_origin(&answer.headers, path);
            }
        }
    }
}

#[tokio::test]
async fn head_has_no_body_and_no_effect() {
    let world = World::on_sqlite().await;
    let server = world.start().await;
    let alice = world.person(&server, "alice").await;
    for (_, path, _) in ENDPOINTS {
        let answer = server.send(server.request(Method::HEAD, &full(path), Some(&alice.token))).await;
        assert!(matches!(answer.status, 200 | 400 | 404 | 405), "{path}: {answer:?}");
        assert_eq!(answer.text, "", "{path}");
        assert_cross_origin(&answer.headers, path);
    }
    alice.get("/account").await.ok();
}

#[tokio::test]
async fn a_body_over_the_limit_is_refused_and_one_at_the_limit_is_not() {
    let world = World::on_sqlite().await;
    let server = world.start().await;
    let alice = world.person(&server, "alice").await;
    for (_, path, _) in ENDPOINTS.iter().filter(|(name, ..)| *name == "POST") {
        if *path == "/v2/account/logout" {
            continue;
        }
        let limit = if *path == "/v2/lookup" { LOOKUP } else { SMALL };
        let request = |length| server.request(Method::POST, &full(path), Some(&alice.token)).body(padded(length));
        let answer = server.send(request(limit + 1)).await;
        assert_eq!(answer.error(), (413, "M_TOO_LARGE"), "{path}");
        assert_cross_origin(&answer.headers, path);
        // Naming no policy withdraws the consent to all.
        let expected = match path.rsplit('/').next() {
            Some("withdraw") => (200, ""),
            Some("erasure") => (202, ""),
            Some("confirm") => (404, "M_NOT_FOUND"),
            _ => (400, "M_MISSING_PARAMS"),
        };
        assert_eq!(server.send(request(limit)).await.error(), expected, "{path}");
    }
}

#[tokio::test]
async fn the_probes_of_clients_find_an_identity_server() {
    let world = World::on_sqlite().await;
    let server = world.start().await;
    for path in ["/v2", "/api/v1", "/v2?", "/v2?_cacheBuster=1"] {
        assert_eq!(server.get(&full(path), None).await.ok(), json!({}), "{path}");
    }
    let versions = server.get(&full("/versions"), None).await.ok();
    let versions: Vec<_> =
        versions["versions"].as_array().unwrap().iter().map(|version| version.as_str().unwrap()).collect();
    assert_eq!((versions[0], *versions.last().unwrap()), ("r0.2.0", "v1.19"));
}
