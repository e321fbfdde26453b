//! Properties of every page and every form.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use reqwest::Method;
use reqwest::header::{CONTENT_TYPE, COOKIE, HeaderMap};
use serde_json::json;

use crate::address_visitor::FORM;
use crate::invitations::{BOB, invites, landing};
use crate::undoing::undoing;
use crate::visitor::Visitor;
use crate::world::{Answer, Server, World};

const POLICY: &str = "/policies/privacy_policy/1.0/en";

/// Every form of the site.
const FORMS: [&str; 18] = [
    "/address",
    "/address/open",
    "/address/held",
    "/not-me",
    "/invited",
    "/you/sign-in",
    "/you/accept",
    "/you/withdraw",
    "/you/unbind",
    "/you/unbind-all",
    "/you/sign-out-everywhere",
    "/you/sign-out",
    "/you/erase",
    "/you/confirm",
    "/you/erase-later",
    "/you/keep",
    "/unlock",
    "/erasure",
];

fn header<'a>(headers: &'a HeaderMap, name: &str) -> &'a str {
    headers.get(name).map_or("", |value| value.to_str().unwrap())
}

/// Asserts the headers of every answer to a browser.
#[track_caller]
fn assert_safe(answer: &Answer, what: &str) {
    for (name, value) in [
        ("content-type", "text/html; charset=utf-8"),
        ("x-frame-options", "DENY"),
        ("x-content-type-options", "nosniff"),
        ("referrer-policy", "no-referrer"),
    ] {
        assert_eq!(header(&answer.headers, name), value, "{name} of {what}");
    }
    let policy = header(&answer.headers, "content-security-policy");
    assert!(policy.starts_with("default-src 'none'; "), "{what}: {policy}");
    for part in ["base-uri 'none'", "frame-ancestors 'none'"] {
        assert!(policy.contains(part), "{part} of {what}: {policy}");
    }
    assert!(!policy.contains("unsafe") && !policy.contains('*') && !policy.contains("http:"), "{what}: {policy}");
    assert_not_cross_origin(answer, what);
    let html = &answer.text;
    assert!(!html.contains(" style=\"") && !html.contains("javascript:"), "{what}");
    for event in [" onclick=", " onload=", " onerror=", " onsubmit=", " onchange=", " oninput="] {
        assert!(!html.contains(event), "{event} of {what}");
    }
}

/// Asserts that other sites' scripts cannot read a page.
#[track_caller]
fn assert_not_cross_origin(answer: &Answer, what: &str) {
    let allowed = answer.headers.keys().find(|name| name.as_str().starts_with("access-control-"));
    assert_eq!(allowed, None, "{what}");
}

#[track_caller]
fn assert_personal(answer: &Answer, what: &str) {
    assert_eq!(header(&answer.headers, "cache-control"), "no-store", "{what}");
    assert_eq!(header(&answer.headers, "x-robots-tag"), "noindex, nofollow", "{what}");
}

#[tokio::test]
async fn every_page_has_the_headers_that_protect_its_reader() {
    let world = World::on_sqlite().await;
    let server = world.start().await;
    let alice = world.person(&server, "alice").await;
    alice.binds("alice@example.com").await;
    invites(&alice, BOB).await.ok();
    let (undo, invited) = (undoing(&world, "alice@example.com").await, landing(&world, BOB).await);
    let changes = format!("{POLICY}/changes");
    for (status, path) in [
        (200, "/"),
        (200, "/policies"),
        (200, "/retention"),
        (200, POLICY),
        (200, "/address"),
        (404, "/nowhere"),
        (404, "/logo"),
    ] {
        let page = server.get(path, None).await;
        assert_eq!(page.status, status, "{path}");
        assert_safe(&page, path);
        assert!(!page.headers.contains_key("set-cookie"), "{path}");
    }
    assert_safe(&server.get(&changes, None).await, &changes);
    for (status, path) in [
        (200, undo.as_str()),
        (200, &invited),
        (404, "/not-me?token=x"),
        (404, "/invited?token=x"),
        (404, "/invited"),
        (404, "/address/open?token=x"),
    ] {
        let page = server.get(path, None).await;
        assert_eq!(page.status, status, "{path}");
        assert_safe(&page, path);
        assert_personal(&page, path);
        assert!(!page.headers.contains_key("set-cookie"), "{path}");
    }
    let (visitor, stranger) = (Visitor::signed_in(&world, &server, "alice").await, Visitor::stranger(&server));
    for path in ["/you", "/you/erase", "/you?said=unbound", "/you/sign-in", "/you/sign-in?for=erase"] {
        for (who, page) in [("visitor", visitor.opens(path).await), ("stranger", stranger.opens(path).await)] {
            let what = format!("{path} of a {who}");
            if page.status == 303 {
                assert_eq!(header(&page.headers, "cache-control"), "no-store", "{what}");
                continue;
            }
            assert_eq!(page.status, 200, "{what}");
            assert_safe(&page, &what);
            assert_eq!(header(&page.headers, "cache-control"), "no-store", "{what}");
        }
    }
    assert_personal(&visitor.opens("/you").await, "/you");
    visitor.confirms(&world, "alice@example.com").await;
    let export = visitor.opens("/you/export").await;
    assert_eq!((export.status, header(&export.headers, "cache-control")), (200, "no-store"));
    assert_eq!(header(&export.headers, "x-content-type-options"), "nosniff");
    assert_not_cross_origin(&export, "/you/export");
}

/// Signs in, and returns the `Set-Cookie` header.
async fn signs_in(world: &World, server: &Server) -> String {
    let openid = world.homeserver.openid_token("alice");
    let form = format!(
        "access_token={}&matrix_server_name={}&for=",
        openid["access_token"].as_str().unwrap(),
        openid["matrix_server_name"].as_str().unwrap()
    );
    let request = server.request(Method::POST, "/you/sign-in", None).header(CONTENT_TYPE, FORM).body(form);
    let answer = server.send(request).await;
    assert_eq!(answer.status, 303, "{}", answer.text);
    assert_eq!(header(&answer.headers, "cache-control"), "no-store");
    header(&answer.headers, "set-cookie").to_owned()
}

#[tokio::test]
async fn the_only_cookie_is_host_only_and_not_readable_by_scripts() {
    for (public_url, begins, path, is_secure) in [
        ("http://127.0.0.1:8090", "vouch-visit=", "Path=/;", false),
        ("https://id.example/vouch", "__Secure-vouch-visit=", "Path=/vouch/;", true),
    ] {
        let mut world = World::on_sqlite().await;
        world.config.server.public_url = public_url.parse().unwrap();
        let server = world.start().await;
        let cookie = format!("{};", signs_in(&world, &server).await);
        assert!(cookie.starts_with(begins) && cookie.contains(path), "{cookie}");
        assert!(cookie.contains("HttpOnly;") && cookie.contains("SameSite=Strict;"), "{cookie}");
        assert_eq!(cookie.contains("Secure;"), is_secure, "{cookie}");
        // The browser sends it, and only to this host.
        assert!(!cookie.contains("Max-Age") && !cookie.contains("Expires") && !cookie.contains("Domain"), "{cookie}");
    }
}

#[tokio::test]
async fn malformed_forms_are_answered_with_a_page() {
    let world = World::on_sqlite().await;
    let server = world.start().await;
    let cookie = signs_in(&world, &server).await;
    let cookie = cookie.split(';').next().unwrap();
    let huge = format!("token={}", "x".repeat(1_000_000));
    let bodies: [(&str, Vec<u8>); 12] = [
        ("", Vec::new()),
        ("", b"token=x&form_token=x".to_vec()),
        ("application/json", json!({ "token": "x", "form_token": "x" }).to_string().into_bytes()),
        ("multipart/form-data; boundary=x", b"--x\r\n\r\n--x--".to_vec()),
        ("application/x-www-form-urlencoded; charset=utf-16", b"token=x".to_vec()),
        (FORM, Vec::new()),
        (FORM, b"&&&===%%%".to_vec()),
        (FORM, vec![0xff; 200]),
        (FORM, b"token=%00&form_token=%F0%9F&action=%0d%0a".to_vec()),
        (FORM, b"token[]=x&form_token[a]=x&confirmation[]=x".to_vec()),
        (FORM, b"token=x&token=y&form_token=x&form_token=y&action=object&action=decline".to_vec()),
        (FORM, huge.into_bytes()),
    ];
    for path in FORMS {
        for (content_type, body) in &bodies {
            for cookie in ["", cookie, "vouch-visit=%00", "vouch-visit=\"x"] {
                let request = server.request(Method::POST, path, None).header(COOKIE, cookie).body(body.clone());
                let request =
                    if content_type.is_empty() { request } else { request.header(CONTENT_TYPE, *content_type) };
                let answer = server.send(request).await;
                let what = format!(
                    "{path} {content_type} {} {cookie}: {}",
                    String::from_utf8_lossy(&body[..body.len().min(40)]),
                    answer.status
                );
                assert!((300..500).contains(&answer.status), "{what}");
                assert_not_cross_origin(&answer, &what);
                if answer.status >= 400 {
                    assert_safe(&answer, &what);
                }
            }
        }
    }
    // The session still exists.
    let page = server.send(server.request(Method::GET, "/you", None).header(COOKIE, cookie)).await;
    assert!(page.text.contains(&world.homeserver.user_id("alice")), "{}", page.text);
}

#[tokio::test]
async fn a_page_names_the_methods_it_allows_and_answers_head_like_get() {
    let world = World::on_sqlite().await;
    let server = world.start().await;
    let visitor = Visitor::signed_in(&world, &server, "alice").await;
    let allow_of = |path: &str| match path {
        "/you/export" => "GET",
        "/you/accept"
        | "/you/withdraw"
        | "/you/unbind"
        | "/you/unbind-all"
        | "/you/sign-out-everywhere"
        | "/you/confirm"
        | "/you/erase-later"
        | "/you/keep"
        | "/you/sign-out" => "POST",
        _ if FORMS.contains(&path) => "GET, HEAD, POST",
        _ => "GET, HEAD",
    };
    let changes = format!("{POLICY}/changes?since=1.0");
    let pages = ["/", "/policies", "/retention", POLICY, &changes, "/logo", "/favicon.svg", "/favicon.ico", "/you"];
    for path in FORMS.into_iter().chain(pages).chain(["/you/left", "/you/export"]) {
        let allow = allow_of(path);
        for method in ["GET", "HEAD", "POST", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "BREW"] {
            if allow.split(", ").any(|allowed| allowed == method) {
                continue;
            }
            let answer = server.send(server.request(method.parse().unwrap(), path, None)).await;
            assert_eq!((answer.status, header(&answer.headers, "allow")), (405, allow), "{method} {path}");
            if method != "HEAD" {
                assert_safe(&answer, &format!("{method} {path}"));
            }
        }
        if allow.contains("HEAD") {
            let ask = async |method| {
                let mut answer = server.send(visitor.request(method, path)).await;
                answer.headers.remove("date");
                answer
            };
            let (get, head) = (ask(Method::GET).await, ask(Method::HEAD).await);
            assert_eq!((get.status, &get.headers), (head.status, &head.headers), "{path}");
            assert_eq!(head.text, "", "{path}");
        }
    }
}

#[tokio::test]
async fn head_neither_validates_nor_exports() {
    let world = World::on_sqlite().await;
    let server = world.start().await;
    let visitor = Visitor::signed_in(&world, &server, "alice").await;
    let validates = "/_matrix/identity/v2/validate/email/submitToken?sid=x&client_secret=y&token=z";
    for path in ["/you/export", validates] {
        let answer = server.send(visitor.request(Method::HEAD, path)).await;
        assert_eq!(answer.status, 405, "{path}");
        assert!(!header(&answer.headers, "allow").contains("HEAD"), "{path}");
    }
}

#[tokio::test]
async fn a_form_that_never_arrives_delays_nobody() {
    let world = World::on_sqlite().await;
    let server = world.start().await;
    let address = server.url.trim_start_matches("http://").to_owned();
    let asks = |path: &'static str| {
        let address = address.clone();
        tokio::task::spawn_blocking(move || {
            let begun = Instant::now();
            let mut stream = TcpStream::connect(address).unwrap();
            stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
            let head =
                format!("POST {path} HTTP/1.1\r\nHost: x\r\nContent-Type: {FORM}\r\nContent-Length: 100\r\n\r\nt");
            stream.write_all(head.as_bytes()).unwrap();
            let mut answer = [0; 12];
            stream.read_exact(&mut answer).unwrap();
            (String::from_utf8_lossy(&answer).into_owned(), begun.elapsed())
        })
    };
    let answers =
        futures_util::future::join_all(["/not-me", "/invited", "/you/sign-in", "/address", "/address/open"].map(asks))
            .await;
    for answer in answers {
        let (status, after) = answer.unwrap();
        assert!(status.starts_with("HTTP/1.1 4"), "{status}");
        assert!(after < Duration::from_secs(8), "{after:?}");
    }
}
