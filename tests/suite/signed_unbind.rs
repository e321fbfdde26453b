//! Unbinding by a homeserver's signature alone.

use futures_util::future::join_all;
use reqwest::Method;
use serde_json::{Value, json};
use vouch::clock::{DAY, HOUR, SECOND};
use vouch::config::Bucket;
use vouch_test_support::homeserver::Conduct;

use crate::crowds::behind_a_proxy;
use crate::database;
use crate::world::{Answer, NOON, Server, World};

pub const PATH: &str = "/_matrix/identity/v2/3pid/unbind";
const KEYS: &str = "/_matrix/key/v2/server";
pub const EMAIL: &str = "alice@example.com";
pub const ALICE: &str = "@alice:hs.example";
/// The server's name unless a world sets another.
pub const NAME: &str = "127.0.0.1:8090";
/// The time before a homeserver is asked for its keys again.
pub const REST: i64 = 30 * SECOND;

pub fn unbinding(email: &str) -> Value {
    json!({ "mxid": ALICE, "threepid": { "medium": "email", "address": email } })
}

/// Returns the object that Synapse signs for a request with this body.
pub fn to_sign(body: &Value, id_server: &str) -> Value {
    json!({ "method": "POST", "uri": PATH, "origin": "hs.example", "destination_is": id_server, "content": body })
}

/// Returns the `Authorization` header that Synapse sends.
pub fn header(world: &World, signed: &Value, destination: Option<&str>) -> String {
    let (key, sig) = world.homeserver.sign(signed);
    let destination = destination.map(|name| format!(",destination=\"{name}\"")).unwrap_or_default();
    format!("X-Matrix origin=\"hs.example\",key=\"{key}\",sig=\"{sig}\"{destination}")
}

pub fn good_header(world: &World, body: &Value) -> String {
    header(world, &to_sign(body, NAME), Some(NAME))
}

async fn post_to(server: &Server, path: &str, headers: &[&str], body: &Value) -> Answer {
    let request = server.request(Method::POST, path, None);
    let request = headers.iter().fold(request, |request, value| request.header("Authorization", *value));
    server.send(request.json(body)).await
}

pub async fn post(server: &Server, headers: &[&str], body: &Value) -> Answer {
    post_to(server, PATH, headers, body).await
}

/// Unbinds the address as Synapse does.
pub async fn unbinds(world: &World, server: &Server) -> Answer {
    let body = unbinding(EMAIL);
    post(server, &[&good_header(world, &body)], &body).await
}

/// Unbinds the address as Synapse does, from an address reported by a trusted proxy.
pub async fn unbinds_from(world: &World, server: &Server, forwarded_for: &str) -> Answer {
    let body = unbinding(EMAIL);
    let request = server.request(Method::POST, PATH, None).header("X-Forwarded-For", forwarded_for);
    server.send(request.header("Authorization", good_header(world, &body)).json(&body)).await
}

/// Starts a server on which Alice has bound her address, and a homeserver whose keys are valid for
/// a day.
pub async fn bound(world: &World) -> Server {
    world.homeserver.publish_keys_until(NOON + DAY);
    let server = world.start().await;
    world.person(&server, "alice").await.binds(EMAIL).await;
    server
}

pub async fn is_bound(world: &World) -> bool {
    database::count(world, "bindings").await == 1
}

pub fn key_requests(world: &World) -> usize {
    world.homeserver.requests().iter().filter(|request| request.uri().path() == KEYS).count()
}

#[track_caller]
pub fn assert_refused(answer: &Answer, status: u16, errcode: &str, what: &str) {
    assert_eq!(answer.error(), (status, errcode), "{what}: {answer:?}");
    assert_eq!(answer.headers["content-type"], "application/json");
    assert_eq!(answer.headers["access-control-allow-origin"], "*");
}

on_both_backends! {
    async fn a_homeserver_unbinds_for_a_deactivated_user(world: World) {
        let server = bound(&world).await;
        // Deactivated: no account, no token, no consent.
        database::execute(&world, "DELETE FROM accounts").await;
        assert_eq!(unbinds(&world, &server).await.ok(), json!({}));
        let bob = world.person(&server, "bob").await;
        assert_eq!(bob.looks_up(EMAIL).await, None);
        assert!(!is_bound(&world).await);
        // Again, as if the first answer had been lost.
        assert_eq!(unbinds(&world, &server).await.ok(), json!({}));
    }

    async fn unbinding_an_unbound_address_succeeds_and_keeps_another_users_binding(world: World) {
        let server = bound(&world).await;
        for (mxid, medium, address) in [
            ("@bob:hs.example", "email", EMAIL), (ALICE, "email", "other@example.com"), (ALICE, "msisdn", "491701234567"),
        ] {
            let body = json!({ "mxid": mxid, "threepid": { "medium": medium, "address": address } });
            assert_eq!(post(&server, &[&good_header(&world, &body)], &body).await.ok(), json!({}), "{body}");
        }
        assert!(is_bound(&world).await);
    }

    async fn a_signatures_fingerprint_is_deleted_after_its_retention(world: World) {
        let mut world = world;
        world.config.retention.unbind_signature = 2 * DAY;
        let server = bound(&world).await;
        unbinds(&world, &server).await.ok();
        assert_eq!(database::count(&world, "unbind_signatures").await, 1);
        let until_swept = async |left: usize| {
            for _ in 0..500 {
                if database::count(&world, "unbind_signatures").await == left {
                    return;
                }
                tokio::time::sleep(std::time::Duration::from_millis(10)).await;
                // Wakes the sweeper in case it was busy when the clock was advanced.
                world.clock.advance(1);
            }
            panic!("it is not swept");
        };
        world.clock.advance(2 * DAY);
        until_swept(0).await;
    }

    async fn concurrent_copies_of_a_signature_unbind_once(world: World) {
        let server = bound(&world).await;
        let answers = futures_util::future::join_all((0..10).map(|_| unbinds(&world, &server))).await;
        for answer in answers {
            assert_eq!(answer.ok(), json!({}));
        }
        assert_eq!(database::count(&world, "unbind_signatures").await, 1);
        assert_eq!(key_requests(&world), 1);
        assert!(!is_bound(&world).await);
    }

    async fn a_request_the_homeserver_did_not_sign_unbinds_nothing(world: World) {
        let server = bound(&world).await;
        let body = unbinding(EMAIL);
        let good = good_header(&world, &body);
        let signed = |name: &str, value: Value| {
            let mut object = to_sign(&body, NAME);
            object[name] = value;
            header(&world, &object, Some(NAME))
        };
        let (_, of_other_body) = world.homeserver.sign(&to_sign(&unbinding("b@example.com"), NAME));
        let cases = [
            ("other origin in the header", good.replace("\"hs.example\"", "\"other.example\"")),
            ("other origin signed", signed("origin", json!("other.example"))),
            ("other uri", signed("uri", json!("/_matrix/identity/v2/3pid/bind"))),
            ("uri with a query", signed("uri", json!(format!("{PATH}?x=y")))),
            ("other method", signed("method", json!("PUT"))),
            ("other content", signed("content", unbinding("other@example.com"))),
            ("content and more", signed("content", json!({ "mxid": ALICE, "threepid": body["threepid"], "more": 1 }))),
            ("other destination signed", signed("destination_is", json!("other.example"))),
            ("other destination", header(&world, &to_sign(&body, "other.example"), Some("other.example"))),
            ("none named, other signed", header(&world, &to_sign(&body, "other.example"), None)),
            ("signature of another request", format!("X-Matrix origin=\"hs.example\",key=\"ed25519:stub\",sig=\"{of_other_body}\"")),
            ("unknown key", good.replace("ed25519:stub", "ed25519:other")),
            ("no signature", "X-Matrix origin=\"hs.example\",key=\"ed25519:stub\"".to_owned()),
            ("half a signature", good.replace("sig=\"", "sig=\"AAAA")),
            ("a parameter twice", format!("{good},origin=\"hs.example\"")),
            ("nothing", "X-Matrix".to_owned()),
            ("huge", format!("{good},x=\"{}\"", "x".repeat(12 * 1024))),
        ];
        for (what, header) in cases {
            assert_refused(&post(&server, &[&header], &body).await, 401, "M_UNAUTHORIZED", what);
        }
        let with_query = format!("{PATH}?x=y");
        assert_refused(&post_to(&server, &with_query, &[&good], &body).await, 401, "M_UNAUTHORIZED", "tampered uri");
        let mut more = body.clone();
        more["more"] = json!(1);
        assert_refused(&post(&server, &[&good], &more).await, 401, "M_UNAUTHORIZED", "tampered content");
        for other in ["@alice:other.example", "@alice:hs.example:8448"] {
            let body = json!({ "mxid": other, "threepid": body["threepid"] });
            let answer = post(&server, &[&good_header(&world, &body)], &body).await;
            assert_refused(&answer, 401, "M_UNAUTHORIZED", "somebody else's user");
        }
        // No answer reveals what is bound.
        let (bound, absent) = (unbinding(EMAIL), unbinding("absent@example.com"));
        let unsigned = good.replace("sig=\"", "sig=\"AAAA");
        let first = post(&server, &[&unsigned], &bound).await;
        assert_eq!(first.text, post(&server, &[&unsigned], &absent).await.text);
        assert_refused(&post(&server, &[], &body).await, 401, "M_UNAUTHORIZED", "neither signature nor session");
        assert!(is_bound(&world).await);
        assert_eq!(database::count(&world, "unbind_signatures").await, 0);
        assert_eq!(post(&server, &[&good], &body).await.ok(), json!({}));
    }

    async fn an_unreachable_homeserver_is_a_temporary_failure(world: World) {
        let server = bound(&world).await;
        for conduct in [
            Conduct::HangsUp, Conduct::Answers(502, "<html>".to_owned()), Conduct::Answers(404, "{}".to_owned()), Conduct::Endless,
        ] {
            world.homeserver.behave(conduct);
            world.clock.advance(REST);
            let answer = unbinds(&world, &server).await;
            // This stops a deactivation in Synapse, which would continue after a 400, 404 or 501.
            assert_refused(&answer, 503, "M_UNKNOWN", "away");
            assert_eq!((answer.headers["retry-after"].to_str().unwrap(), &answer.body["retry_after_ms"]), ("30", &json!(30_000)));
        }
        world.homeserver.behave(Conduct::Honest);
        world.clock.advance(REST);
        assert_eq!(unbinds(&world, &server).await.ok(), json!({}));
        assert!(!is_bound(&world).await);
    }

    async fn key_requests_caused_by_one_network_are_limited(world: World) {
        let mut world = world;
        world.config.budgets.unbindings_network = Bucket { capacity: 3, per_hour: 1 };
        let server = bound(&world).await;
        let body = unbinding("nobody@example.com");
        let header = good_header(&world, &body);
        // Requests that cannot be valid are not charged.
        for _ in 0..5 {
            let other = header.replace("origin=\"hs.example\"", "origin=\"other.example\"");
            assert_refused(&post(&server, &[&other], &body).await, 401, "M_UNAUTHORIZED", "other origin");
        }
        for _ in 0..3 {
            post(&server, &[&header], &body).await.ok();
        }
        let answer = post(&server, &[&header], &body).await;
        assert_refused(&answer, 429, "M_LIMIT_EXCEEDED", "too often");
        assert!(answer.headers["retry-after"].to_str().unwrap().parse::<u32>().unwrap() > 0);
        world.clock.advance(HOUR);
        post(&server, &[&header], &body).await.ok();
    }

    async fn networks_in_a_prefix_share_unbindings_and_leave_room_for_a_quiet_one(world: World) {
        let mut world = world;
        behind_a_proxy(&mut world);
        world.config.budgets.unbindings_network = Bucket { capacity: 10, per_hour: 1 };
        let server = bound(&world).await;
        let body = unbinding("nobody@example.com");
        let header = good_header(&world, &body);
        let unbinds = async |from: &str| {
            let request = server.request(Method::POST, PATH, None).header("Authorization", &header);
            server.send(request.header("X-Forwarded-For", from).json(&body)).await.status
        };
        let mut taken = 0;
        for number in 0..6 {
            while unbinds(&format!("10.1.{number}.1")).await == 200 {
                taken += 1;
            }
        }
        assert_eq!(taken, 32);
        assert_eq!([unbinds("10.1.200.1").await, unbinds("10.2.0.1").await], [200, 200]);
    }

    async fn concurrent_requests_within_the_limit_all_succeed(world: World) {
        let mut world = world;
        world.config.budgets.unbindings_network = Bucket { capacity: 300, per_hour: 1 };
        let server = bound(&world).await;
        let body = unbinding("nobody@example.com");
        let header = good_header(&world, &body);
        let headers = [header.as_str()];
        let answers = join_all((0..300).map(|_| post(&server, &headers, &body))).await;
        let mut taken = answers.iter().filter(|answer| answer.status == 200).count();
        // A few may be checked between another's charge and its commit.
        assert!(taken >= 280, "{taken}");
        while post(&server, &headers, &body).await.status == 200 {
            taken += 1;
        }
        assert_eq!(taken, 300);
    }
}
