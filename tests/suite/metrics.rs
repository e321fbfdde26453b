//! Metrics, as seen by an operator's monitoring.

use std::collections::BTreeSet;
use std::fs;
use std::io::Write as _;
use std::process::{Command, Stdio};

use reqwest::Method;
use tokio::io::AsyncWriteExt as _;
use vouch::clock::{DAY, HOUR, MINUTE};
use vouch::config::Bucket;
use vouch_test_support::homeserver::Conduct;

use crate::clock::until_wrong;
use crate::database::execute;
use crate::hostile::connect;
use crate::onbind::{EMAIL, ROOM, invites, until_tried};
use crate::program::PATIENCE;
use crate::scrapes::{
    AGAIN, OPEN_METRICS, accepts, is_installed, looks_up, measured, monitoring, requests, scrape, text,
};
use crate::world::{NOON, Server, World, until};

on_both_backends! {
    async fn an_operator_sees_people_register_find_each_other_and_be_refused(mut world: World) {
        measured(&mut world);
        world.config.budgets.lookup_user = Bucket { capacity: 2, per_hour: 1 };
        let server = world.start().await;
        scrape(&server).await.shows(&[
            ("access_tokens", 0.0),
            ("lookup_addresses_total", 0.0),
            ("limit_refusals_total{limit=\"lookup:user\"}", 0.0),
            ("mails_total{outcome=\"sent\"}", 0.0),
            ("federation_requests_total{outcome=\"success\"}", 0.0),
            ("start_time_seconds", 1_795_435_200.0),
            (&format!("build_info{{version=\"{}\"}}", env!("CARGO_PKG_VERSION")), 1.0),
        ]);
        let (alice, bob) = (world.person(&server, "alice").await, world.person(&server, "bob").await);
        alice.binds(EMAIL).await;
        assert!(alice.get("/account").await.status == 200 && server.get("/health", None).await.status == 200);
        assert_eq!(looks_up(&bob, EMAIL).await, 200);
        assert_eq!(looks_up(&bob, "nobody@example.com").await, 200);
        assert_eq!(looks_up(&bob, "too.many@example.com").await, 429);
        assert_eq!(server.get("/_matrix/identity/v2/account", Some("unknown")).await.status, 401);
        until(PATIENCE, "the notice is not sent", async || {
            scrape(&server).await.find("mails_total{outcome=\"sent\"}") == Some(2.0)
        })
        .await;
        world.clock.advance(AGAIN);
        let seen = scrape(&server).await;
        seen.shows(&[
            ("lookup_addresses_total", 2.0),
            ("lookup_hits_total", 1.0),
            ("limit_refusals_total{limit=\"lookup:user\"}", 1.0),
            ("limit_refusals_total{limit=\"lookup:server\"}", 0.0),
            ("federation_requests_total{outcome=\"success\"}", 2.0),
            ("access_tokens", 2.0),
            ("web_sessions", 0.0),
            ("directory_entries", 1.0),
            ("directory_ready", 1.0),
            ("database_up", 1.0),
            ("clock_right", 1.0),
            ("outbox_deliveries{kind=\"notice\"}", 0.0),
            (&requests("/_matrix/identity/v2/lookup", "POST", "2xx"), 2.0),
            (&requests("/_matrix/identity/v2/lookup", "POST", "4xx"), 1.0),
            (&requests("/_matrix/identity/v2/account/register", "POST", "2xx"), 2.0),
            (&requests("/_matrix/identity/v2/account", "GET", "2xx"), 1.0),
            (&requests("/_matrix/identity/v2/account", "GET", "4xx"), 1.0),
            (&requests("/health", "GET", "2xx"), 1.0),
        ]);
        let level = seen.get("limit_level_ratio{limit=\"lookup:server\"}");
        assert!(level > 0.0 && level < 0.01, "{level}");
        assert!(seen.get("lease_expiry_time_seconds{lease=\"sweep\"}") > 1_795_435_200.0);
        assert!(seen.get("database_pool_wait_seconds_count") > 0.0);
        let waited = seen.get("http_request_duration_seconds_sum{route=\"/_matrix/identity/v2/lookup\",method=\"POST\",status=\"2xx\"}");
        assert!(waited > 0.0);
    }

    async fn an_operator_sees_deliveries_wait(mut world: World) {
        measured(&mut world);
        let server = world.start().await;
        let (alice, bob) = (world.person(&server, "alice").await, world.person(&server, "bob").await);
        invites(&bob, ROOM, EMAIL).await;
        let sid = alice.proves(EMAIL).await;
        world.homeserver.behave(Conduct::Answers(500, String::new()));
        alice.binds_by(&sid).await.ok();
        until_tried(&world, 1).await;
        world.clock.advance(AGAIN);
        let seen = scrape(&server).await;
        seen.shows(&[("outbox_deliveries{kind=\"onbind\"}", 1.0), ("federation_requests_total{outcome=\"failed\"}", 1.0)]);
        assert!((5.0..60.0).contains(&seen.get("outbox_oldest_age_seconds{kind=\"onbind\"}")));
        world.homeserver.behave(Conduct::Honest);
        world.clock.advance(HOUR);
        until(PATIENCE, "it is not delivered", async || {
            world.clock.advance(AGAIN);
            scrape(&server).await.find("outbox_deliveries{kind=\"onbind\"}") == Some(0.0)
        })
        .await;
        scrape(&server).await.shows(&[("outbox_oldest_age_seconds{kind=\"onbind\"}", 0.0), ("outbox_leases", 0.0)]);
    }

    async fn metrics_from_the_database_are_left_out_while_it_fails(mut world: World) {
        measured(&mut world);
        let server = world.start().await;
        world.person(&server, "alice").await;
        world.clock.advance(AGAIN);
        scrape(&server).await.shows(&[("database_up", 1.0), ("access_tokens", 1.0)]);
        execute(&world, "ALTER TABLE tokens RENAME TO away").await;
        world.clock.advance(AGAIN);
        let seen = scrape(&server).await;
        seen.shows(&[("database_up", 0.0), ("federation_requests_total{outcome=\"success\"}", 1.0)]);
        assert!(seen.get("database_errors_total{class=\"schema\"}") >= 1.0);
        for series in ["access_tokens", "web_sessions", "outbox_deliveries{kind=\"notice\"}", "outbox_leases"] {
            assert_eq!(seen.find(series), None, "{series}");
        }
        execute(&world, "ALTER TABLE away RENAME TO tokens").await;
        world.clock.advance(AGAIN);
        scrape(&server).await.shows(&[("database_up", 1.0), ("access_tokens", 1.0)]);
    }

    async fn expired_tokens_do_not_count(mut world: World) {
        measured(&mut world);
        let server = world.start().await;
        world.person(&server, "alice").await;
        execute(&world, &format!(
            "INSERT INTO tokens (token_hash, account_id, created_at, used_at) SELECT user_index, id, 0, {} FROM accounts",
            NOON - 366 * DAY
        )).await;
        world.clock.advance(AGAIN);
        scrape(&server).await.shows(&[("access_tokens", 1.0)]);
    }
}

#[tokio::test]
async fn a_scrape_does_not_wait_for_a_database_that_does_not_answer() {
    let mut world = World::on_postgres().await;
    measured(&mut world);
    let server = world.start().await;
    let mut other = world.database.as_ref().unwrap().connect().await;
    let lock = other.transaction().await.unwrap();
    lock.batch_execute("LOCK TABLE tokens IN ACCESS EXCLUSIVE MODE").await.unwrap();
    world.clock.advance(AGAIN);
    // All of them are answered while the lock is held.
    for seen in futures_util::future::join_all((0..8).map(|_| scrape(&server))).await {
        seen.shows(&[("database_up", 0.0), ("directory_ready", 1.0)]);
        assert_eq!(seen.find("access_tokens"), None);
    }
    lock.rollback().await.unwrap();
    until(PATIENCE, "it does not recover", async || {
        world.clock.advance(AGAIN);
        scrape(&server).await.find("database_up") == Some(1.0)
    })
    .await;
}

#[tokio::test]
async fn an_operator_sees_a_wrong_clock() {
    let mut world = World::on_postgres().await;
    measured(&mut world);
    let server = world.start().await;
    until(PATIENCE, "the clocks are not compared", async || scrape(&server).await.get("clock_offset_seconds") == 0.0)
        .await;
    world.clock.step(10 * MINUTE);
    until_wrong(&server).await;
    scrape(&server).await.shows(&[("clock_right", 0.0), ("clock_offset_seconds", 600.0)]);
    // A refused request is counted where it belongs, although it is refused before it gets there.
    assert_eq!(server.get("/_matrix/identity/v2/account", None).await.status, 503);
    scrape(&server).await.shows(&[(&requests("/_matrix/identity/v2/account", "GET", "5xx"), 1.0)]);
}

#[tokio::test]
async fn no_stranger_can_name_a_series() {
    let mut world = World::on_sqlite().await;
    measured(&mut world);
    let server = world.start().await;
    let v2 = "/_matrix/identity/v2";
    for path in [
        &format!("{v2}/pubkey/%69svalid?public_key=x")[..],
        &format!("{v2}/pubkey/ed25519:canary"),
        "/%5fmatrix/identity/v2/terms",
        "/_matrix/identity/v2//terms",
        "/_matrix/identity/canary",
        "/policies/canary/1/en",
        "/you/canary",
        "/canary",
        "/metrics",
        "//",
        "/%00",
        "/{id}",
    ] {
        for method in ["GET", "HEAD", "POST", "OPTIONS", "DELETE", "PUT", "CANARY"] {
            server.send(server.request(method.parse().unwrap(), path, None)).await;
        }
    }
    let seen = scrape(&server).await;
    assert_eq!(seen.values("method"), BTreeSet::from(["GET", "HEAD", "POST", "OPTIONS", "DELETE", "other"]));
    let routes = [
        "/_matrix/identity/v2/pubkey/isvalid",
        "/_matrix/identity/v2/pubkey/{key_id}",
        "/_matrix/identity/v2/terms",
        "/policies/{id}/{version}/{lang}",
        "/ready",
        "unmatched",
    ];
    assert_eq!(seen.values("route"), BTreeSet::from(routes));
    seen.shows(&[
        (&requests("/_matrix/identity/v2/pubkey/isvalid", "GET", "2xx"), 1.0),
        (&requests("/_matrix/identity/v2/terms", "GET", "2xx"), 1.0),
        (&requests("/_matrix/identity/v2/terms", "other", "4xx"), 2.0),
    ]);
}

#[tokio::test]
async fn the_listener_serves_metrics_and_nothing_else() {
    let mut world = World::on_sqlite().await;
    measured(&mut world);
    let server = world.start().await;
    let metrics = monitoring(&server);
    let send =
        async |method: &str, path: &str| metrics.send(metrics.request(method.parse().unwrap(), path, None)).await;
    for (method, path, status) in [
        ("HEAD", "/metrics", 200),
        ("GET", "/metrics?name[]=x", 200),
        ("POST", "/metrics", 405),
        ("DELETE", "/metrics", 405),
        ("OPTIONS", "/metrics", 405),
        ("GET", "/", 404),
        ("GET", "/metrics/", 404),
        ("GET", "/health", 404),
        ("GET", "/_matrix/identity/v2", 404),
    ] {
        let answer = send(method, path).await;
        assert_eq!(answer.status, status, "{method} {path}");
        assert!(!answer.headers.contains_key("access-control-allow-origin"));
        assert_eq!(
            answer.headers.get("allow").map(|allow| allow.to_str().unwrap()),
            (status == 405).then_some("GET, HEAD")
        );
    }
    assert!(send("HEAD", "/metrics").await.text.is_empty());
    // The server that everyone reaches has none.
    assert_eq!(server.get("/metrics", None).await.status, 404);
    drop(server);
    // A connection that is open is closed a moment later.
    let is_gone = async || metrics.request(Method::GET, "/metrics", None).send().await.is_err();
    until(PATIENCE, "metrics are served when the server has ended", is_gone).await;
}

#[tokio::test]
async fn prometheus_gets_the_format_it_asks_for() {
    let mut world = World::on_sqlite().await;
    measured(&mut world);
    let server = world.start().await;
    let prometheus = "application/openmetrics-text;version=1.0.0,application/openmetrics-text;version=0.0.1;q=0.75,\
                      text/plain;version=0.0.4;q=0.5,*/*;q=0.1";
    for (accept, media_type) in [
        (prometheus, "application/openmetrics-text; version=1.0.0; charset=utf-8"),
        (OPEN_METRICS, "application/openmetrics-text; version=1.0.0; charset=utf-8"),
        ("text/plain", "text/plain; version=0.0.4; charset=utf-8"),
        ("*/*", "text/plain; version=0.0.4; charset=utf-8"),
        ("nonsense;;q=x", "text/plain; version=0.0.4; charset=utf-8"),
    ] {
        let answer = accepts(&server, accept).await;
        assert_eq!((answer.status, answer.headers["content-type"].to_str().unwrap()), (200, media_type), "{accept}");
        let is_open = media_type.starts_with(OPEN_METRICS);
        assert_eq!(answer.text.ends_with("\n# EOF\n"), is_open, "{accept}");
        assert_eq!(answer.text.contains("# TYPE vouch_lookup_hits counter\n"), is_open, "{accept}");
        assert_eq!(answer.text.contains("# TYPE vouch_lookup_hits_total counter\n"), !is_open, "{accept}");
    }
    let metrics = monitoring(&server);
    let zipped = metrics.request(Method::GET, "/metrics", None).header("Accept-Encoding", "gzip");
    let answer = metrics.send(zipped).await;
    assert!(answer.text.starts_with("# HELP vouch_") && !answer.headers.contains_key("content-encoding"));
}

#[tokio::test]
async fn clients_that_hold_connections_do_not_keep_prometheus_out() {
    let mut world = World::on_sqlite().await;
    measured(&mut world);
    let server = world.start().await;
    let metrics = monitoring(&server);
    let mut hostile = Vec::new();
    for number in 0..300 {
        let mut stream = connect(&metrics).await;
        if number % 2 == 0 {
            stream.write_all(b"GET /metrics HTTP/1.1\r\nHost:").await.unwrap();
        }
        hostile.push(stream);
        if number % 50 == 0 {
            scrape(&server).await;
        }
    }
    scrape(&server).await.shows(&[("database_up", 1.0)]);
}

#[tokio::test]
async fn there_are_no_metrics_unless_they_are_asked_for() {
    let world = World::on_sqlite().await;
    let server = world.start().await;
    assert_eq!(server.metrics, None);
}

#[tokio::test]
async fn two_listeners_cannot_have_the_same_port() {
    let mut world = World::on_sqlite().await;
    let server = world.start().await;
    world.config.metrics.listen = Some(vec![server.url.strip_prefix("http://").unwrap().parse().unwrap()]);
    let refusal = Server::try_start(world.config.clone(), world.clock.clone()).err().unwrap();
    assert!(refusal.starts_with("metrics.listen: 127.0.0.1:"), "{refusal}");
}

#[tokio::test]
async fn promtool_finds_nothing_wrong() {
    if !is_installed("promtool") {
        return;
    }
    let mut world = World::on_postgres().await;
    measured(&mut world);
    let server = world.start().await;
    world.person(&server, "alice").await.binds(EMAIL).await;
    let mut promtool = Command::new("promtool");
    promtool.args(["check", "metrics"]).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut promtool = promtool.spawn().unwrap();
    promtool.stdin.take().unwrap().write_all(text(&server).await.as_bytes()).unwrap();
    let output = promtool.wait_with_output().unwrap();
    assert!(output.status.success() && output.stdout.is_empty() && output.stderr.is_empty(), "{output:?}");
}

#[tokio::test]
async fn dashboard_alerts_and_manual_know_what_is_served() {
    let mut world = World::on_sqlite().await;
    measured(&mut world);
    let server = world.start().await;
    let text = text(&server).await;
    let types = text.lines().filter_map(|line| line.strip_prefix("# TYPE "));
    let families: BTreeSet<_> = types.map(|line| line.split_once(' ').unwrap().0).collect();
    let read = |path: &str| fs::read_to_string(path).unwrap();
    let manual = read("docs/operations.md");
    for family in &families {
        assert!(manual.contains(&format!("`{family}`")), "{family} is not in the manual");
    }
    for file in ["deploy/grafana/vouch.json", "deploy/prometheus/vouch.rules.yml", "deploy/prometheus/vouch.test.yml"] {
        let text = read(file);
        let is_name = |letter: char| letter.is_ascii_alphanumeric() || letter == '_';
        let names = text.split(|letter| !is_name(letter)).filter(|word| word.starts_with("vouch_"));
        let names: BTreeSet<_> = names.collect();
        assert!(!names.is_empty(), "{file}");
        for name in names {
            let part = ["_bucket", "_count", "_sum"].iter().find_map(|suffix| name.strip_suffix(suffix));
            assert!(families.contains(name) || part.is_some_and(|part| families.contains(part)), "{file}: {name}");
        }
    }
    assert!(serde_json::from_str::<serde_json::Value>(&read("deploy/grafana/vouch.json")).is_ok());
}
