//! Registering, and using an access token.

use std::time::{Duration, Instant};

use reqwest::Method;
use serde_json::{Value, json};
use vouch::clock::{DAY, HOUR};
use vouch::config::Bucket;
use vouch_test_support::homeserver::Conduct;

use crate::database::{count, refuse};
use crate::world::{Answer, Server, World};

const ACCOUNT: &str = "/_matrix/identity/v2/account";
const LOGOUT: &str = "/_matrix/identity/v2/account/logout";

async fn register(server: &Server, body: &Value) -> Answer {
    server.post("/_matrix/identity/v2/account/register", None, body).await
}

on_both_backends! {
    async fn a_registered_user_is_recognised_until_they_log_out(world: World) {
        let server = world.start().await;
        let alice = world.person(&server, "alice").await;
        assert_eq!(alice.get("/account").await.ok()["user_id"], alice.mxid);
        alice.binds("alice@example.com").await;
        assert_eq!(alice.looks_up("alice@example.com").await, Some(alice.mxid.clone()));
        alice.post("/account/logout", json!({})).await.ok();
        assert_eq!(alice.get("/account").await.error(), (401, "M_UNAUTHORIZED"));
    }

    async fn the_token_is_also_returned_under_its_old_name(world: World) {
        let server = world.start().await;
        let answer = register(&server, &world.homeserver.openid_token("alice")).await.ok();
        assert_eq!(answer["token"], answer["access_token"]);
        assert_eq!(answer.as_object().unwrap().len(), 2);
        assert!(answer["token"].as_str().unwrap().len() >= 32);
    }

    async fn an_openid_token_unknown_to_the_homeserver_is_refused(world: World) {
        let server = world.start().await;
        let mut openid = world.homeserver.openid_token("alice");
        openid["access_token"] = "another".into();
        assert_eq!(register(&server, &openid).await.error(), (401, "M_UNAUTHORIZED"));
        assert_eq!(count(&world, "accounts").await, 0);
    }

    async fn a_homeserver_cannot_confirm_another_servers_users(world: World) {
        let server = world.start().await;
        let openid = world.homeserver.openid_token("alice");
        for sub in ["@alice:other.example", "@alice:hs.example.other.example", "@alice:hs.example:8448", "alice", ""] {
            world.homeserver.behave(Conduct::Answers(200, json!({ "sub": sub }).to_string()));
            assert_eq!(register(&server, &openid).await.error(), (401, "M_UNAUTHORIZED"), "{sub}");
        }
        assert_eq!(count(&world, "accounts").await, 0);
    }

    async fn each_client_of_a_user_has_its_own_token(world: World) {
        let server = world.start().await;
        let phone = world.person(&server, "alice").await;
        let laptop = world.newcomer(&server, "alice").await;
        assert_ne!(phone.token, laptop.token);
        assert_eq!(count(&world, "accounts").await, 1);
        phone.post("/account/logout", json!({})).await.ok();
        assert_eq!(phone.get("/account").await.error(), (401, "M_UNAUTHORIZED"));
        assert_eq!(laptop.get("/account").await.ok(), json!({ "user_id": laptop.mxid }));
    }

    async fn a_token_expires_a_year_after_its_last_use(world: World) {
        let server = world.start().await;
        let alice = world.person(&server, "alice").await;
        for _ in 0..3 {
            world.clock.advance(364 * DAY);
            alice.get("/account").await.ok();
        }
        world.clock.advance(366 * DAY);
        assert_eq!(alice.get("/account").await.error(), (401, "M_UNAUTHORIZED"));
        assert_eq!(server.post(LOGOUT, Some(&alice.token), &json!({})).await.error(), (401, "M_UNKNOWN_TOKEN"));
    }

    async fn a_token_is_accepted_while_its_use_cannot_be_recorded(world: World) {
        let server = world.start().await;
        let alice = world.person(&server, "alice").await;
        refuse(&world, "UPDATE", "tokens").await;
        world.clock.advance(2 * DAY);
        assert_eq!(alice.get("/account").await.ok()["user_id"], alice.mxid);
    }

    async fn a_token_works_after_a_restart_and_on_another_node(world: World) {
        let server = world.start().await;
        let token = world.person(&server, "alice").await.token;
        server.stop().await;
        let (one, other) = (world.start().await, world.start().await);
        for server in [&one, &other] {
            server.get(ACCOUNT, Some(&token)).await.ok();
        }
        one.post(LOGOUT, Some(&token), &json!({})).await.ok();
        assert_eq!(one.get(ACCOUNT, Some(&token)).await.status, 401);
        world.clock.advance(1_000);
        assert_eq!(other.get(ACCOUNT, Some(&token)).await.status, 401, "a node may lag behind by one second at most");
    }

    async fn registrations_from_one_network_are_limited(mut world: World) {
        world.config.budgets.registrations_network = Bucket { capacity: 2, per_hour: 1 };
        let server = world.start().await;
        for localpart in ["alice", "bob"] {
            register(&server, &world.homeserver.openid_token(localpart)).await.ok();
        }
        let openid = world.homeserver.openid_token("carol");
        let asked = world.homeserver.requests().len();
        let answer = register(&server, &openid).await;
        assert_eq!(answer.error(), (429, "M_LIMIT_EXCEEDED"));
        assert_eq!(answer.body["retry_after_ms"], HOUR);
        assert_eq!(answer.headers["retry-after"], "3600");
        assert_eq!(world.homeserver.requests().len(), asked, "the homeserver is not asked needlessly");
        world.clock.advance(HOUR);
        register(&server, &openid).await.ok();
    }
}

#[tokio::test]
async fn an_error_names_the_missing_field() {
    let world = World::on_sqlite().await;
    let server = world.start().await;
    for name in ["access_token", "matrix_server_name"] {
        let mut openid = world.homeserver.openid_token("alice");
        openid.as_object_mut().unwrap().remove(name);
        let answer = register(&server, &openid).await;
        assert_eq!(answer.error(), (400, "M_MISSING_PARAMS"));
        assert!(answer.body["error"].as_str().unwrap().contains(name), "{answer:?}");
    }
}

#[tokio::test]
async fn a_broken_homeserver_causes_a_clear_error() {
    let mut world = World::on_sqlite().await;
    world.config.federation.timeout = Duration::from_secs(1);
    let server = world.start().await;
    let openid = world.homeserver.openid_token("alice");
    let answers = |status, body: &str| Conduct::Answers(status, body.to_owned());
    for (conduct, expected) in [
        (answers(401, "{}"), (401, "M_UNAUTHORIZED")),
        (answers(403, "<html>"), (401, "M_UNAUTHORIZED")),
        (answers(400, r#"{"errcode":"M_UNKNOWN_TOKEN"}"#), (401, "M_UNAUTHORIZED")),
        (answers(200, "not JSON"), (502, "M_UNKNOWN")),
        (answers(200, "{}"), (502, "M_UNKNOWN")),
        (answers(200, r#"{"sub":null}"#), (502, "M_UNKNOWN")),
        (answers(200, r#"["@alice:hs.example"]"#), (502, "M_UNKNOWN")),
        (answers(302, ""), (502, "M_UNKNOWN")),
        (answers(404, r#"{"errcode":"M_UNRECOGNIZED"}"#), (502, "M_UNKNOWN")),
        (answers(429, "{}"), (502, "M_UNKNOWN")),
        (answers(500, r#"{"errcode":"M_UNKNOWN"}"#), (502, "M_UNKNOWN")),
        (answers(502, "<html>"), (502, "M_UNKNOWN")),
        (Conduct::HangsUp, (502, "M_UNKNOWN")),
        (Conduct::Slow(Duration::from_secs(30)), (502, "M_UNKNOWN")),
        (Conduct::Trickles, (502, "M_UNKNOWN")),
        (Conduct::Endless, (502, "M_UNKNOWN")),
    ] {
        world.homeserver.behave(conduct.clone());
        let begun = Instant::now();
        assert_eq!(register(&server, &openid).await.error(), expected, "{conduct:?}");
        assert!(begun.elapsed() < Duration::from_secs(3), "{conduct:?} took {:?}", begun.elapsed());
    }
    assert_eq!(count(&world, "accounts").await, 0);
    world.homeserver.behave(Conduct::Honest);
    register(&server, &openid).await.ok();
}

#[tokio::test]
async fn a_busy_homeserver_makes_clients_wait_as_long_as_it_says() {
    let world = World::on_sqlite().await;
    let server = world.start().await;
    let openid = world.homeserver.openid_token("alice");
    for (wait, passed_on) in [(90_000, 90_000), (86_400_000, 3_600_000)] {
        let body = json!({ "errcode": "M_LIMIT_EXCEEDED", "retry_after_ms": wait }).to_string();
        world.homeserver.behave(Conduct::Answers(429, body));
        let answer = register(&server, &openid).await;
        assert_eq!(answer.error(), (502, "M_UNKNOWN"));
        assert_eq!(answer.body["retry_after_ms"], passed_on);
    }
}

#[tokio::test]
async fn a_slow_homeserver_delays_its_own_user_for_five_seconds_at_most() {
    let world = World::on_sqlite().await;
    let server = world.start().await;
    let alice = world.person(&server, "alice").await;
    let openid = world.homeserver.openid_token("bob");
    world.homeserver.behave(Conduct::Slow(Duration::from_secs(30)));
    let begun = Instant::now();
    let others = async {
        for _ in 0..20 {
            tokio::time::sleep(Duration::from_millis(50)).await;
            alice.get("/account").await.ok();
        }
        begun.elapsed()
    };
    let (answer, others_took) = tokio::join!(register(&server, &openid), others);
    assert_eq!(answer.error(), (502, "M_UNKNOWN"));
    assert!(begun.elapsed() < Duration::from_secs(5), "took {:?}", begun.elapsed());
    assert!(others_took < Duration::from_secs(3), "others waited for {others_took:?}");
}

#[tokio::test]
async fn an_unreachable_homeserver_is_a_bad_gateway() {
    let mut world = World::on_sqlite().await;
    let closed = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let name = world.homeserver.name().try_into().unwrap();
    world.config.federation.overrides.insert(name, closed.into());
    let server = world.start().await;
    let answer = register(&server, &world.homeserver.openid_token("alice")).await;
    assert_eq!(answer.error(), (502, "M_UNKNOWN"));
    assert!(!answer.text.contains("127.0.0.1"), "{answer:?}");
}

#[tokio::test]
async fn the_operator_can_limit_registration_to_some_homeservers() {
    let list = |names: &[&str]| names.iter().map(|name| name.parse().unwrap()).collect::<Vec<_>>();
    let mut world = World::on_sqlite().await;
    for (allowed, blocked, expected) in [
        (None, list(&["hs.example"]), 403),
        (None, list(&["*.example"]), 403),
        (Some(list(&["other.example"])), list(&[]), 403),
        (Some(list(&[])), list(&[]), 403),
        (Some(list(&["hs.example"])), list(&["hs.example"]), 403),
        (Some(list(&["hs.example"])), list(&["other.example"]), 200),
        (Some(list(&["*.example"])), list(&[]), 200),
    ] {
        world.config.federation.allowed_servers = allowed;
        world.config.federation.blocked_servers = blocked;
        let server = world.start().await;
        let asked = world.homeserver.requests().len();
        let answer = register(&server, &world.homeserver.openid_token("alice")).await;
        assert_eq!(answer.status, expected, "{:?}", world.config.federation);
        if expected == 403 {
            assert_eq!(answer.error(), (403, "M_FORBIDDEN"));
            assert_eq!(world.homeserver.requests().len(), asked, "a blocked homeserver is not contacted");
        }
    }
}

#[tokio::test]
async fn no_server_name_reaches_a_private_network() {
    let mut world = World::on_sqlite().await;
    world.config.federation.allowed_ranges.clear();
    let server = world.start().await;
    let inside = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = inside.local_addr().unwrap().port();
    let hosts = ["localhost", "127.0.0.1", "[::1]", "[::ffff:127.0.0.1]", "0x7f.1", "0.0.0.0", "[::]", "2130706433"];
    let refused = hosts.iter().flat_map(|host| [format!("{host}:{port}"), (*host).to_owned()]);
    let more = [
        "169.254.169.254",
        "10.0.0.1",
        "192.168.0.1:8448",
        "100.64.0.1",
        "[fe80::1]",
        "[fc00::1]",
        "[64:ff9b::7f00:1]",
    ];
    let attempts = refused.chain(more.map(str::to_owned)).map(|name| {
        let server = &server;
        async move {
            let begun = Instant::now();
            let openid = json!({ "access_token": "x", "matrix_server_name": name });
            let answer = register(server, &openid).await;
            assert!(matches!(answer.status, 400 | 502), "{name}: {answer:?}");
            assert!(begun.elapsed() < Duration::from_secs(5), "{name} took {:?}", begun.elapsed());
        }
    });
    futures_util::future::join_all(attempts).await;
    let connection = tokio::time::timeout(Duration::from_millis(10), inside.accept()).await;
    assert!(connection.is_err(), "a private address was connected to");
}

#[tokio::test]
async fn an_invalid_server_name_is_not_resolved() {
    let world = World::on_sqlite().await;
    let server = world.start().await;
    let long = format!("{}.example", "a".repeat(300));
    let spaced = " hs.example";
    for name in [
        "",
        "a/b",
        "a?x",
        "a#x",
        "u@host",
        "host:99999",
        "host:",
        ":8448",
        "host:8448:1",
        "[::1",
        "a b",
        spaced,
        "ä.example",
        "hs.example\r\nX: y",
        "a\\b",
        &"a".repeat(60_000),
        &long,
    ] {
        let openid = json!({ "access_token": "x", "matrix_server_name": name });
        let answer = register(&server, &openid).await;
        assert_eq!(answer.error(), (400, "M_INVALID_PARAM"), "{}", &name[..name.len().min(40)]);
    }
    assert!(world.homeserver.requests().is_empty());
}

#[tokio::test]
async fn logging_out_needs_a_known_token_and_no_body() {
    let world = World::on_sqlite().await;
    let server = world.start().await;
    let logout = |token| server.request(Method::POST, LOGOUT, token);
    assert_eq!(server.send(logout(Some("unknown"))).await.error(), (401, "M_UNKNOWN_TOKEN"));
    assert_eq!(server.send(logout(None)).await.error(), (401, "M_UNAUTHORIZED"));
    let alice = world.newcomer(&server, "alice").await;
    assert_eq!(server.send(logout(Some(&alice.token))).await.ok(), json!({}));
    assert_eq!(server.send(logout(Some(&alice.token))).await.error(), (401, "M_UNKNOWN_TOKEN"));
    let alice = world.newcomer(&server, "alice").await;
    assert_eq!(server.send(logout(Some(&alice.token)).body("null")).await.ok(), json!({}));
}

#[tokio::test]
async fn the_scheme_of_a_token_is_accepted_in_any_case() {
    let world = World::on_sqlite().await;
    let server = world.start().await;
    let alice = world.person(&server, "alice").await;
    for scheme in ["Bearer", "bearer", "BEARER"] {
        let request = server.request(Method::GET, ACCOUNT, None);
        server.send(request.header("Authorization", format!("{scheme} {}", alice.token))).await.ok();
    }
}

#[tokio::test]
async fn a_token_in_the_query_is_accepted_only_where_synapse_sends_it() {
    let world = World::on_sqlite().await;
    let server = world.start().await;
    let alice = world.person(&server, "alice").await;
    let newcomer = world.newcomer(&server, "newcomer").await;
    let details = |token: &str| format!("/_matrix/identity/v2/hash_details?access_token={token}");
    server.get(&details(&alice.token), None).await.ok();
    assert_eq!(server.get(&details(&newcomer.token), None).await.error(), (403, "M_TERMS_NOT_SIGNED"));
    assert_eq!(server.get(&details("unknown"), None).await.error(), (401, "M_UNAUTHORIZED"));
    // The header takes precedence.
    assert_eq!(server.get(&details(&alice.token), Some("unknown")).await.error(), (401, "M_UNAUTHORIZED"));
    for (method, path) in [
        (Method::GET, "v2/account"),
        (Method::POST, "v2/account/logout"),
        (Method::POST, "v2/terms"),
        (Method::POST, "v2/lookup"),
        (Method::POST, "v2/validate/email/requestToken"),
        (Method::POST, "v2/validate/email/submitToken"),
        (Method::POST, "v2/validate/msisdn/requestToken"),
        (Method::POST, "v2/validate/msisdn/submitToken"),
        (Method::GET, "v2/3pid/getValidated3pid"),
        (Method::POST, "v2/3pid/bind"),
        (Method::POST, "v2/store-invite"),
        (Method::GET, "unstable/im.vouch/account/data"),
        (Method::DELETE, "unstable/im.vouch/account/data"),
        (Method::POST, "unstable/im.vouch/terms/withdraw"),
        (Method::POST, "unstable/im.vouch/3pid/object"),
    ] {
        let path = format!("/_matrix/identity/{path}?access_token={}", alice.token);
        let answer = server.send(server.request(method, &path, None).json(&json!({}))).await;
        assert_eq!(answer.error(), (401, "M_UNAUTHORIZED"), "{path}");
    }
    assert_eq!(alice.get("/account").await.status, 200);
}

#[tokio::test]
async fn malformed_tokens_are_unauthorized() {
    let world = World::on_sqlite().await;
    let server = world.start().await;
    let alice = world.person(&server, "alice").await;
    assert_eq!(server.get(ACCOUNT, None).await.error(), (401, "M_UNAUTHORIZED"));
    let token = alice.token.as_str();
    let cut = &token[1..];
    let long = "x".repeat(4_000);
    for value in [
        String::new(),
        "Bearer".to_owned(),
        "Bearer ".to_owned(),
        format!("Bearer {cut}"),
        format!("Bearer {long}"),
        format!("Bearer {token},{token}"),
        format!("Bearer {}", token.to_lowercase()),
        format!("Basic {token}"),
        format!("Token {token}"),
        format!("Bearer{token}"),
        token.to_owned(),
        "X-Matrix origin=\"hs.example\"".to_owned(),
    ] {
        let request = server.request(Method::GET, ACCOUNT, None).header("Authorization", &value);
        assert_eq!(server.send(request).await.error(), (401, "M_UNAUTHORIZED"), "{value}");
    }
    let request = server.request(Method::GET, ACCOUNT, None).header("Authorization", &b"Bearer \xff\xfe"[..]);
    assert_eq!(server.send(request).await.error(), (401, "M_UNAUTHORIZED"));
    for query in ["?access_token=", "?access_token=unknown", "?access_token=%00", "?token=x"] {
        assert_eq!(server.get(&format!("{ACCOUNT}{query}"), None).await.error(), (401, "M_UNAUTHORIZED"), "{query}");
    }
}
