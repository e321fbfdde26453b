//! Signing in to `/you`, as seen by this server: a form with an OpenID token. The earlier steps in
//! the browser are tested in `tests/browser/sign_in.rs`.

use std::time::Duration;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use reqwest::Method;
use reqwest::header::{CONTENT_TYPE, COOKIE};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use url::form_urlencoded;
use vouch::clock::{HOUR, MINUTE};
use vouch::config::Bucket;
use vouch_test_support::homeserver::Conduct;
use vouch_test_support::postgres::Cluster;

use crate::address_visitor::FORM;
use crate::database::{count, execute, texts};
use crate::lookup::hex;
use crate::world::{Answer, Server, World};

const SIGN_IN: &str = "/you/sign-in?lang=en";

/// A header of a request for a page.
type Header<'a> = (&'a str, &'a str);

async fn gets(server: &Server, path: &str, cookie: &str) -> Answer {
    server.send(server.request(Method::GET, path, None).header(COOKIE, cookie)).await
}

async fn posts(server: &Server, path: &str, fields: &[(&str, &str)], headers: &[Header<'_>]) -> Answer {
    let body = form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
    let request = server.request(Method::POST, path, None).header(CONTENT_TYPE, FORM);
    server.send(headers.iter().fold(request.body(body), |request, (name, value)| request.header(*name, *value))).await
}

/// Submits an OpenID token as the page's script does.
async fn hands_over(server: &Server, openid: &Value, headers: &[Header<'_>]) -> Answer {
    let field = |name: &str| openid[name].as_str().unwrap();
    let fields =
        [("access_token", field("access_token")), ("matrix_server_name", field("matrix_server_name")), ("for", "")];
    posts(server, SIGN_IN, &fields, headers).await
}

/// Signs a person in, and returns the cookie.
async fn signs_in(world: &World, server: &Server, localpart: &str) -> String {
    let answer = hands_over(server, &world.homeserver.openid_token(localpart), &[]).await;
    assert_eq!((answer.status, location(&answer)), (303, "/you?lang=en"), "{}", answer.text);
    cookie(&answer)
}

fn location(answer: &Answer) -> &str {
    answer.headers.get("location").map_or("", |value| value.to_str().unwrap())
}

/// Returns the cookie that an answer sets, as the browser sends it back.
fn cookie(answer: &Answer) -> String {
    set_cookie(answer).split(';').next().unwrap().to_owned()
}

fn set_cookie(answer: &Answer) -> &str {
    answer.headers.get("set-cookie").expect("there is a cookie").to_str().unwrap()
}

/// Returns the token in the forms of a web session.
async fn form_token(server: &Server, cookie: &str) -> String {
    let page = gets(server, "/you", cookie).await;
    let rest = page.text.split_once("name=\"form_token\" value=\"").expect("there is a form").1;
    rest.split_once('"').unwrap().0.to_owned()
}

async fn signs_out(server: &Server, cookie: &str, form_token: &str) -> Answer {
    posts(server, "/you/sign-out?lang=en", &[("form_token", form_token)], &[("Cookie", cookie)]).await
}

/// Returns whether that cookie shows the person's own page.
async fn is_shown(server: &Server, cookie: &str, mxid: &str) -> bool {
    let page = gets(server, "/you", cookie).await;
    assert_eq!(page.status, 200, "{}", page.text);
    let (is_own, asks) = (page.text.contains(mxid), page.text.contains("id=\"sign-in\""));
    assert_ne!(is_own, asks, "{}", page.text);
    is_own
}

fn between<'a>(text: &'a str, start: &str, end: &str) -> &'a str {
    text.split_once(start).expect("it begins").1.split_once(end).expect("it ends").0
}

on_both_backends! {
    async fn a_user_signs_in_sees_the_page_and_signs_out(world: World) {
        let server = world.start().await;
        let alice = world.homeserver.user_id("alice");
        assert!(!is_shown(&server, "", &alice).await);
        let cookie = signs_in(&world, &server, "alice").await;
        assert!(is_shown(&server, &cookie, &alice).await);
        assert_eq!((count(&world, "visits").await, count(&world, "accounts").await), (1, 0), "signing in creates no account");

        let left = signs_out(&server, &cookie, &form_token(&server, &cookie).await).await;
        assert_eq!((left.status, location(&left)), (303, "/you/left?lang=en"));
        assert!(set_cookie(&left).contains("Max-Age=0"), "{}", set_cookie(&left));
        assert!(!is_shown(&server, &cookie, &alice).await, "the cookie no longer works");
        assert_eq!(count(&world, "visits").await, 0);
    }

    async fn after_signing_in_the_requested_page_is_shown(world: World) {
        let server = world.start().await;
        for (errand, next) in [("export", "/you?for=export&"), ("erase", "/you?for=erase&"), ("", "/you?"), ("//evil.example", "/you?")] {
            let page = server.get(&format!("/you/sign-in?for={errand}&lang=fr"), None).await;
            let is_said = page.text.contains("déverrouillé");
            assert_eq!((page.status, is_said), (200, matches!(errand, "export" | "erase")), "{errand}");
            assert!(!page.text.contains("evil"), "{}", page.text);
            let openid = world.homeserver.openid_token("alice");
            let fields = [
                ("access_token", openid["access_token"].as_str().unwrap()),
                ("matrix_server_name", world.homeserver.name()),
                ("for", errand),
            ];
            let answer = posts(&server, "/you/sign-in?lang=fr", &fields, &[]).await;
            assert_eq!((answer.status, location(&answer)), (303, &*format!("{next}lang=fr")));
        }
    }

    async fn an_openid_token_signs_in_once(world: World) {
        let (one, other) = (world.start().await, world.start().await);
        let openid = world.homeserver.openid_token("alice");
        assert_eq!(hands_over(&one, &openid, &[]).await.status, 303);
        for server in [&one, &other] {
            let again = hands_over(server, &openid, &[]).await;
            assert_eq!(again.status, 401);
            assert!(again.headers.get("set-cookie").is_none() && again.text.contains("Please sign in again"), "{}", again.text);
        }
        assert_eq!(count(&world, "visits").await, 1);
        // The API still accepts it for an ordinary token.
        one.post("/_matrix/identity/v2/account/register", None, &openid).await.ok();
    }

    async fn of_two_concurrent_uses_of_a_token_one_succeeds(world: World) {
        let server = world.start().await;
        let openid = world.homeserver.openid_token("alice");
        let both = tokio::join!(hands_over(&server, &openid, &[]), hands_over(&server, &openid, &[]));
        let mut statuses = [both.0.status, both.1.status];
        statuses.sort_unstable();
        assert_eq!(statuses, [303, 401]);
    }

    async fn nodes_share_a_visit(world: World) {
        let (one, other) = (world.start().await, world.start().await);
        let alice = world.homeserver.user_id("alice");
        let cookie = signs_in(&world, &one, "alice").await;
        assert!(is_shown(&other, &cookie, &alice).await);
        let token = form_token(&one, &cookie).await;
        assert_eq!(signs_out(&other, &cookie, &token).await.status, 303);
        assert!(!is_shown(&one, &cookie, &alice).await);
    }

    async fn a_session_expires_after_half_an_hour(world: World) {
        let server = world.start().await;
        let alice = world.homeserver.user_id("alice");
        let cookie = signs_in(&world, &server, "alice").await;
        world.clock.advance(30 * MINUTE - 1);
        assert!(is_shown(&server, &cookie, &alice).await, "viewing the page does not end the session");
        world.clock.advance(1);
        assert!(!is_shown(&server, &cookie, &alice).await);
        let late = signs_out(&server, &cookie, "whatever").await;
        assert_eq!(late.status, 403);
    }

    async fn a_new_session_replaces_the_previous_one(world: World) {
        let server = world.start().await;
        let before = signs_in(&world, &server, "alice").await;
        let bob = hands_over(&server, &world.homeserver.openid_token("bob"), &[("Cookie", &before)]).await;
        assert!(is_shown(&server, &cookie(&bob), &world.homeserver.user_id("bob")).await);
        assert!(!is_shown(&server, &before, &world.homeserver.user_id("alice")).await);
        assert_eq!(count(&world, "visits").await, 1);
        // A failed attempt keeps the current session.
        let refused = hands_over(&server, &json!({ "access_token": "x", "matrix_server_name": "hs.example" }), &[("Cookie", &cookie(&bob))]).await;
        assert_eq!(refused.status, 401);
        assert!(is_shown(&server, &cookie(&bob), &world.homeserver.user_id("bob")).await);
    }

    async fn no_other_site_signs_anybody_in_or_out(world: World) {
        let server = world.start().await;
        let alice = world.homeserver.user_id("alice");
        for site in ["cross-site", "same-site", "none"] {
            let openid = world.homeserver.openid_token("mallory");
            let answer = hands_over(&server, &openid, &[("Sec-Fetch-Site", site)]).await;
            assert_eq!((answer.status, answer.headers.get("set-cookie")), (400, None), "{site}");
        }
        assert_eq!(count(&world, "visits").await, 0);
        let from_here = hands_over(&server, &world.homeserver.openid_token("alice"), &[("Sec-Fetch-Site", "same-origin")]).await;
        let cookie = cookie(&from_here);
        let others = form_token(&server, &signs_in(&world, &server, "mallory").await).await;
        for wrong in ["", &others, "x"] {
            assert_eq!(signs_out(&server, &cookie, wrong).await.status, 403);
        }
        let right = form_token(&server, &cookie).await;
        let headers = [("Cookie", cookie.as_str()), ("Sec-Fetch-Site", "cross-site")];
        posts(&server, "/you/sign-out", &[("form_token", &right)], &headers).await;
        assert!(is_shown(&server, &cookie, &alice).await);
    }

    async fn signing_in_fails_unless_the_homeserver_confirms_the_token(mut world: World) {
        world.config.federation.timeout = Duration::from_millis(700);
        let server = world.start().await;
        let sub = |sub: &str| Conduct::Answers(200, json!({ "sub": sub }).to_string());
        for (conduct, status) in [
            (Conduct::Answers(401, r#"{"errcode":"M_UNKNOWN_TOKEN"}"#.to_owned()), 401),
            (Conduct::Answers(403, "no JSON".to_owned()), 401),
            (sub("@alice:other.example"), 401),
            (Conduct::Answers(500, "oops".to_owned()), 502),
            (Conduct::Answers(200, "no JSON".to_owned()), 502),
            (Conduct::Slow(Duration::from_secs(3)), 502),
            (Conduct::HangsUp, 502),
            (Conduct::Endless, 502),
        ] {
            let name = format!("{conduct:?}");
            world.homeserver.behave(conduct);
            let answer = hands_over(&server, &world.homeserver.openid_token("alice"), &[]).await;
            assert_eq!((answer.status, answer.headers.get("set-cookie")), (status, None), "{name}");
            // The page says so, and offers to try again.
            let alert = between(&answer.text, "role=\"alert\" tabindex=\"-1\">", "</div>");
            assert!(alert.contains("Please") && answer.text.contains("id=\"sign-in\""), "{name}: {alert}");
            assert!(answer.text.contains("<title>Signing in did not work"), "{name}");
        }
        assert_eq!(count(&world, "visits").await, 0);
    }

    async fn a_blocked_homeserver_is_not_asked(mut world: World) {
        world.config.federation.blocked_servers = vec!["hs.example".parse().unwrap()];
        let server = world.start().await;
        let answer = hands_over(&server, &world.homeserver.openid_token("alice"), &[]).await;
        assert_eq!(answer.status, 403);
        assert!(answer.text.contains("cannot use this server"), "{}", answer.text);
        assert!(world.homeserver.requests().is_empty());
    }

    async fn signing_in_shares_the_networks_registration_limit(mut world: World) {
        world.config.budgets.registrations_network = Bucket { capacity: 2, per_hour: 1 };
        let server = world.start().await;
        world.newcomer(&server, "alice").await;
        signs_in(&world, &server, "alice").await;
        let asked = world.homeserver.requests().len();
        let answer = hands_over(&server, &world.homeserver.openid_token("alice"), &[]).await;
        assert_eq!((answer.status, &answer.headers["retry-after"]), (429, &"3600".parse().unwrap()));
        assert!(answer.text.contains("too many attempts"), "{}", answer.text);
        assert_eq!(world.homeserver.requests().len(), asked, "the homeserver is not asked needlessly");
        world.clock.advance(HOUR);
        signs_in(&world, &server, "alice").await;
    }

    async fn the_database_reveals_nothing_of_a_session(world: World) {
        let server = world.start().await;
        let openid = world.homeserver.openid_token("alice");
        let answer = hands_over(&server, &openid, &[]).await;
        let cookie = cookie(&answer);
        let in_hex = if world.database.is_some() { "encode({}, 'hex')" } else { "LOWER(HEX({}))" };
        let mut held = Vec::new();
        for (table, column) in [("visits", "token_hash"), ("visits", "subject"), ("visits", "subject_index"), ("openid_tokens", "token_hash"), ("rate_limits", "key")] {
            held.extend(texts(&world, &format!("SELECT {} AS text FROM {table}", in_hex.replace("{}", column))).await);
        }
        assert!(held.len() >= 4);
        let token = cookie.split_once('=').unwrap().1;
        for secret in [token, "alice", "hs.example", openid["access_token"].as_str().unwrap()] {
            let secret = hex(secret.as_bytes());
            assert!(held.iter().all(|value| !value.contains(&secret)), "{held:?}");
        }
        // A row that is moved to another cookie, or altered, shows nobody's page.
        execute(&world, "UPDATE visits SET subject = token_hash").await;
        assert!(gets(&server, "/you", &cookie).await.status >= 500);
    }
}

#[tokio::test]
async fn malformed_sign_in_forms_are_refused_without_asking_a_homeserver() {
    let world = World::on_sqlite().await;
    let server = world.start().await;
    let name = ("matrix_server_name", "hs.example");
    let long = "x".repeat(20_000);
    for fields in [
        vec![],
        vec![name],
        vec![("access_token", "t")],
        vec![("access_token", ""), name],
        vec![("access_token", "t"), ("matrix_server_name", "")],
        vec![("access_token", "t"), ("matrix_server_name", "a/b")],
        vec![("access_token", "t"), ("matrix_server_name", "u@hs.example")],
        vec![("access_token", "t"), ("matrix_server_name", "hs.example:99999")],
        vec![("access_token", "t"), ("matrix_server_name", "hs.example\r\nHost: evil")],
        vec![("access_token", "t"), ("matrix_server_name", "<script>alert(1)</script>")],
        vec![("access_token", "t"), ("access_token", "u"), name],
        vec![("access_token", &long), name],
    ] {
        let answer = posts(&server, SIGN_IN, &fields, &[]).await;
        assert_eq!((answer.status, answer.headers.get("set-cookie")), (400, None), "{fields:?}");
        assert!(answer.text.contains("Please sign in again") && !answer.text.contains("alert(1)"), "{}", answer.text);
    }
    for (media_type, body) in
        [("application/json", "{\"access_token\":\"t\",\"matrix_server_name\":\"hs.example\"}"), ("text/plain", "a=b")]
    {
        let request = server.request(Method::POST, SIGN_IN, None).header(CONTENT_TYPE, media_type).body(body);
        assert_eq!(server.send(request).await.status, 400, "{media_type}");
    }
    // Longer than any homeserver's tokens, up to the form limit.
    let longer = "x".repeat(5_000);
    assert_eq!(posts(&server, SIGN_IN, &[("access_token", &longer), name], &[]).await.status, 401);
    assert!(world.homeserver.requests().is_empty());
    for cookie in ["vouch-visit=", "vouch-visit=x", "vouch-visit=%00", &format!("vouch-visit={}", "x".repeat(4_000))] {
        assert!(!is_shown(&server, cookie, "@alice:hs.example").await, "{cookie}");
    }
}

#[tokio::test]
async fn the_cookie_is_limited_to_this_host() {
    for (public_url, name, path, is_secure) in [
        ("http://id.example", "vouch-visit", "/", false),
        ("https://id.example", "__Host-vouch-visit", "/", true),
        ("https://id.example/vouch/", "__Secure-vouch-visit", "/vouch/", true),
    ] {
        let mut world = World::on_sqlite().await;
        world.config.server.public_url = public_url.parse().unwrap();
        let server = world.start().await;
        let answer = hands_over(&server, &world.homeserver.openid_token("alice"), &[]).await;
        let base = path.trim_end_matches('/');
        assert_eq!((answer.status, location(&answer)), (303, &*format!("{base}/you?lang=en")));
        let (cookie, flags) = set_cookie(&answer).split_once("; ").unwrap();
        assert!(cookie.starts_with(&format!("{name}=")), "{cookie}");
        let mut flags: Vec<&str> = flags.split("; ").collect();
        flags.sort_unstable();
        let path = format!("Path={path}");
        let mut expected = vec!["HttpOnly", path.as_str(), "SameSite=Strict"];
        expected.extend(is_secure.then_some("Secure"));
        assert_eq!(flags, expected, "{public_url}");
        assert_eq!(answer.headers["cache-control"], "no-store");
        let page = server.get("/you/sign-in", None).await;
        assert!(page.text.contains(&format!("action=\"{base}/you/sign-in?lang=en\"")), "{public_url}");
    }
}

#[tokio::test]
async fn the_page_allows_only_its_own_script() {
    let world = World::on_sqlite().await;
    let server = world.start().await;
    let page = server.get("/you?lang=es", None).await;
    assert_eq!(page.status, 200);
    assert_eq!(page.headers["cache-control"], "no-store");
    assert_eq!(page.headers["x-robots-tag"], "noindex, nofollow");
    assert_eq!(page.headers["referrer-policy"], "no-referrer");
    let hash = |start, end| BASE64_STANDARD.encode(Sha256::digest(between(&page.text, start, end)));
    let (style, script) = (hash("<style>", "</style>"), hash("<script>", "</script>"));
    assert_eq!(page.text.matches("<script").count(), 1);
    let policy = page.headers["content-security-policy"].to_str().unwrap();
    insta::assert_snapshot!(policy.replace(&style, "[style]").replace(&script, "[script]"), @"default-src 'none'; style-src 'sha256-[style]'; img-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'; script-src 'sha256-[script]'; connect-src https:; require-trusted-types-for 'script'; trusted-types 'none'");
    // Only the fields that the script fills in have a name, so nothing else is sent here.
    let named: Vec<&str> = page.text.split(" name=\"").skip(1).map(|rest| rest.split('"').next().unwrap()).collect();
    assert_eq!(named, ["viewport", "access_token", "matrix_server_name", "expires_in", "for"]);
    assert!(page.text.contains("<html lang=\"es\"") && page.text.contains("<noscript>"), "{}", page.text);
    assert!(page.text.contains("href=\"/address?lang=es\""));
}

#[tokio::test(flavor = "multi_thread")]
async fn while_the_database_is_unavailable_signing_in_asks_to_try_again() {
    let mut world = World::on_sqlite().await;
    let cluster = tokio::task::spawn_blocking(Cluster::start).await.unwrap();
    world.config.database.url = cluster.url().parse().unwrap();
    let server = world.start().await;
    let cookie = signs_in(&world, &server, "alice").await;
    let token = form_token(&server, &cookie).await;
    tokio::task::block_in_place(|| cluster.stop());
    let answer = hands_over(&server, &world.homeserver.openid_token("bob"), &[]).await;
    assert_eq!((answer.status, answer.headers.get("set-cookie")), (503, None));
    assert!(answer.text.contains("back shortly") && answer.headers.contains_key("retry-after"), "{}", answer.text);
    assert_eq!(gets(&server, "/you", &cookie).await.status, 503);
    let stays = signs_out(&server, &cookie, &token).await;
    assert_eq!(
        (stays.status, stays.headers.get("set-cookie")),
        (503, None),
        "the cookie stays, since the session has not ended"
    );
    assert_eq!(server.get("/you/sign-in", None).await.status, 200);
}
