//! Phone validation for the homeservers that the operator lists: v1, without a token.

use reqwest::Method;
use serde_json::{Value, json};
use vouch::clock::{HOUR, MINUTE, SECOND};
use vouch::config::Bucket;

use crate::database::{count, texts};
use crate::phones::{asked, other_than, sid};
use crate::world::{Answer, NOON, SECRET, Server, World};

const V1: &str = "/_matrix/identity/api/v1";
const REQUEST: &str = "/validate/msisdn/requestToken";
const SUBMIT: &str = "/validate/msisdn/submitToken";
const VALIDATED: &str = "/3pid/getValidated3pid";
const NUMBER: &str = "07700900001";

/// Two homeservers, behind a trusted proxy.
const ONE: &str = "10.1.2.3";
const OTHER: &str = "10.2.0.7";

async fn sends(server: &Server, from: &str, method: Method, path: &str, body: &Value) -> Answer {
    let request = server.request(method, &format!("{V1}{path}"), None).json(body);
    server.send(request.header("X-Forwarded-For", from)).await
}

async fn asks(server: &Server, from: &str, attempt: u32) -> Answer {
    sends(server, from, Method::POST, REQUEST, &asked(NUMBER, attempt)).await
}

async fn submits(server: &Server, from: &str, sid: &str, code: &str) -> Answer {
    let body = json!({ "client_secret": SECRET, "sid": sid, "token": code });
    sends(server, from, Method::POST, SUBMIT, &body).await
}

async fn validated(server: &Server, from: &str, sid: &str) -> Answer {
    let path = format!("{VALIDATED}?sid={sid}&client_secret={SECRET}");
    sends(server, from, Method::GET, &path, &json!(null)).await
}

fn listed(world: &mut World) {
    world.config.server.trusted_proxies = vec!["127.0.0.0/8".parse().unwrap()];
    world.config.homeservers.phone_checks_from = vec!["10.1.0.0/16".parse().unwrap(), "10.2.0.0/16".parse().unwrap()];
}

/// Returns an answer without its date.
fn without_date(answer: &Answer) -> (u16, reqwest::header::HeaderMap, String) {
    let mut headers = answer.headers.clone();
    headers.remove("date");
    (answer.status, headers, answer.text.clone())
}

on_both_backends! {
    async fn a_listed_homeserver_can_validate_a_number(world: World) {
        let mut world = world;
        world.config.homeservers.phone_checks_from = vec!["127.0.0.1/32".parse().unwrap()];
        let server = world.start().await;
        // Like Synapse: JSON, no token, and one worker continues what another has started.
        let requested = server.post(&format!("{V1}{REQUEST}"), None, &asked(NUMBER, 1)).await.ok();
        let sid = requested["sid"].as_str().unwrap();
        let expected = json!({ "sid": sid, "msisdn": "447700900001", "intl_fmt": "+44 7700 900001", "success": true });
        assert_eq!(requested, expected);
        let text = &world.texts()[0];
        // The request says neither which homeserver asks nor on whose behalf.
        assert_eq!(text.body.lines().count(), 2);
        let path = format!("{V1}{VALIDATED}?sid={sid}&client_secret={SECRET}");
        assert_eq!(server.get(&path, None).await.error(), (400, "M_SESSION_NOT_VALIDATED"));
        let submitted = |code: &str| json!({ "client_secret": SECRET, "sid": sid, "token": code });
        let submit = format!("{V1}{SUBMIT}");
        let wrong = server.post(&submit, None, &submitted(&other_than(&text.code(), 1))).await;
        assert_eq!(wrong.error(), (400, "M_TOKEN_INCORRECT"));
        world.clock.advance(SECOND);
        assert_eq!(server.post(&submit, None, &submitted(&text.code())).await.ok(), json!({ "success": true }));
        let proved = json!({ "medium": "msisdn", "address": "447700900001", "validated_at": NOON + SECOND });
        assert_eq!(server.get(&path, None).await.ok(), proved);
    }

    async fn unlisted_sources_find_nothing(world: World) {
        let mut world = world;
        let off = world.start().await;
        listed(&mut world);
        world.config.server.trusted_proxies.clear();
        let untrusted = world.start().await;
        world.config.server.trusted_proxies = vec!["127.0.0.0/8".parse().unwrap()];
        let on = world.start().await;
        for path in [REQUEST, SUBMIT, VALIDATED] {
            for method in [Method::GET, Method::POST, Method::PUT, Method::HEAD, Method::DELETE, Method::OPTIONS] {
                // Turned off; a client that forges an address; and clients behind the proxy.
                for (server, from) in [(&off, ONE), (&untrusted, ONE), (&on, "203.0.113.9"), (&on, "10.1.2.3, 203.0.113.9"), (&on, "10.3.0.1")] {
                    let answer = sends(server, from, method.clone(), path, &asked(NUMBER, 1)).await;
                    let unknown = sends(server, from, method.clone(), "/no/such/path", &asked(NUMBER, 1)).await;
                    assert_eq!(without_date(&answer), without_date(&unknown), "{method} {path} from {from}");
                    if method == Method::POST {
                        assert_eq!(answer.error(), (404, "M_UNRECOGNIZED"));
                    }
                }
            }
        }
        assert_eq!((world.texts().len(), count(&world, "sessions").await), (0, 0));
        // The proxy runs on a listed machine: requests without a forwarded address are not from it.
        world.config.homeservers.phone_checks_from.push("127.0.0.1/32".parse().unwrap());
        let shared = world.start().await;
        for from in ["203.0.113.9:4711", "[2001:db8::1]:4711", "unknown", "10.1.2.3, _hidden"] {
            assert_eq!(asks(&shared, from, 1).await.error(), (404, "M_UNRECOGNIZED"), "{from}");
        }
        // Listed sources find the paths, and their methods are checked.
        assert_eq!(sends(&on, ONE, Method::PUT, REQUEST, &json!({})).await.error(), (405, "M_UNRECOGNIZED"));
        assert_eq!(asks(&on, "203.0.113.9, 10.2.255.255", 1).await.status, 200);
        // No other v1 path is served.
        for path in ["/validate/email/requestToken", "/3pid/bind", "/lookup", "/bulk_lookup"] {
            assert_eq!(sends(&on, ONE, Method::POST, path, &asked(NUMBER, 1)).await.error(), (404, "M_UNRECOGNIZED"), "{path}");
        }
    }

    async fn a_session_belongs_to_one_homeserver_and_no_user(world: World) {
        let mut world = world;
        listed(&mut world);
        let server = world.start().await;
        let alice = world.person(&server, "alice").await;
        let of_one = sid(asks(&server, ONE, 1).await);
        let code = world.texts()[0].code();
        // Another worker of the same homeserver, and another homeserver, with the same secret.
        assert_eq!(sid(asks(&server, "10.1.255.1", 1).await), of_one);
        let of_other = sid(asks(&server, OTHER, 1).await);
        let of_alice = sid(alice.post(REQUEST, asked(NUMBER, 1)).await);
        let code_of_alice = world.texts()[2].code();
        assert!(of_one != of_other && of_one != of_alice && of_other != of_alice);

        let named = json!({ "sid": of_one, "client_secret": SECRET, "token": code, "mxid": alice.mxid });
        let getting = format!("{VALIDATED}?sid={of_one}&client_secret={SECRET}");
        for proved in [false, true] {
            for answer in [
                submits(&server, OTHER, &of_one, &code).await,
                validated(&server, OTHER, &of_one).await,
                submits(&server, ONE, &of_alice, &code_of_alice).await,
                validated(&server, ONE, &of_alice).await,
                alice.post(SUBMIT, named.clone()).await,
                alice.post("/3pid/bind", named.clone()).await,
                alice.get(&getting).await,
            ] {
                assert_eq!(answer.error(), (404, "M_NO_VALID_SESSION"));
            }
            // Nor through the page, which needs no token.
            let page = format!("/_matrix/identity/v2{SUBMIT}?sid={of_one}&client_secret={SECRET}&token={code}");
            assert_eq!(server.get(&page, None).await.status, 404);
            if !proved {
                assert_eq!(validated(&server, ONE, &of_one).await.error(), (400, "M_SESSION_NOT_VALIDATED"));
                submits(&server, "10.1.0.9", &of_one, &code).await.ok();
            }
        }
        validated(&server, ONE, &of_one).await.ok();
        assert_eq!(alice.post("/3pid/bind", json!({ "sid": of_alice, "client_secret": SECRET, "mxid": alice.mxid })).await.error(),
            (400, "M_SESSION_NOT_VALIDATED"));
    }

    async fn a_session_is_refused_kept_and_swept_like_any_other(world: World) {
        let mut world = world;
        listed(&mut world);
        let server = world.start().await;
        let bad = json!({ "client_secret": SECRET, "country": "GB", "phone_number": "12", "send_attempt": 1 });
        assert_eq!(sends(&server, ONE, Method::POST, REQUEST, &bad).await.error(), (400, "M_INVALID_ADDRESS"));
        assert_eq!(submits(&server, ONE, "unknown", "123456").await.error(), (404, "M_NO_VALID_SESSION"));
        let first = sid(asks(&server, ONE, 1).await);
        assert_eq!(sid(asks(&server, ONE, 1).await), first);
        let code = world.texts()[0].code();
        for by in 1..=5 {
            assert_eq!(submits(&server, ONE, &first, &other_than(&code, by)).await.error(), (400, "M_TOKEN_INCORRECT"));
        }
        assert_eq!(submits(&server, ONE, &first, &code).await.error(), (400, "M_SESSION_EXPIRED"));
        assert_eq!((world.texts().len(), count(&world, "sessions").await), (1, 1));
        // It belongs to no account, and is still deleted.
        assert_eq!(texts(&world, "SELECT COALESCE(CAST(account_id AS TEXT), 'nobody') AS text FROM sessions").await, ["nobody"]);
        world.clock.advance(25 * HOUR);
        let deadline = tokio::time::Instant::now() + std::time::Duration::from_secs(20);
        while count(&world, "sessions").await > 0 {
            assert!(tokio::time::Instant::now() < deadline, "the session was not deleted");
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
            // Wakes the sweeper in case it was busy when the clock was advanced.
            world.clock.advance(1);
        }
    }

    async fn phone_validation_is_rate_limited(world: World) {
        let mut world = world;
        listed(&mut world);
        let two = Bucket { capacity: 2, per_hour: 60 };
        world.config.budgets.texts_network = two;
        world.config.budgets.texts_number = Bucket { capacity: 3, per_hour: 60 };
        let server = world.start().await;
        for attempt in [1, 2] {
            asks(&server, ONE, attempt).await.ok();
        }
        let refused = asks(&server, ONE, 3).await;
        assert_eq!((refused.error(), &refused.body["retry_after_ms"]), ((429, "M_LIMIT_EXCEEDED"), &json!(MINUTE)));
        assert_eq!(refused.headers["retry-after"], "60");
        asks(&server, OTHER, 1).await.ok();
        // The limit of the number applies to every source.
        assert_eq!(asks(&server, OTHER, 2).await.status, 429);
        assert_eq!(world.texts().len(), 3);
    }
}
