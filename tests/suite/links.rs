//! The link in a validation mail, and the page behind it.

use std::time::{Duration, Instant};

use reqwest::Method;
use serde_json::{Value, json};
use vouch::clock::{DAY, HOUR};
use vouch::config::{Config, HostPattern};
use vouch_test_support::postgres::Cluster;

use crate::address_visitor::FORM;
use crate::database::count;
use crate::world::{Answer, Person, SECRET, Server, World, link, query};

const REQUEST: &str = "/validate/email/requestToken";

/// Requests validation of an address, and returns the answer.
async fn asks(person: &Person<'_>, email: &str, next_link: Value) -> Answer {
    let asked = json!({ "client_secret": SECRET, "email": email, "send_attempt": 1, "next_link": next_link });
    person.post(REQUEST, asked).await
}

/// Returns path and query of the link in a mail, without the language.
async fn mailed_path(world: &World, email: &str) -> String {
    let link = link(&world.validation_mail(email).await);
    let url = url::Url::parse(&link).unwrap();
    let (token, sid) = (query(&link, "token"), query(&link, "sid"));
    format!("{}?token={token}&client_secret={SECRET}&sid={sid}", url.path())
}

async fn opens(server: &Server, path: &str, accept_language: &str) -> Answer {
    server.send(server.request(Method::GET, path, None).header("Accept-Language", accept_language)).await
}

async fn is_validated(person: &Person<'_>, path: &str) -> bool {
    let sid = query(&format!("http://h{path}"), "sid");
    person.get(&format!("/3pid/getValidated3pid?sid={sid}&client_secret={SECRET}")).await.status == 200
}

/// Returns the heading of a page, which must be HTML and must not be cached.
#[track_caller]
fn heading(answer: &Answer, status: u16) -> &str {
    assert_eq!(answer.status, status, "{}", answer.text);
    assert_eq!(answer.headers["content-type"], "text/html; charset=utf-8");
    assert_eq!(answer.headers["cache-control"], "no-store");
    assert_eq!(answer.headers["referrer-policy"], "no-referrer");
    assert_eq!(answer.headers["x-frame-options"], "DENY");
    let policy = answer.headers["content-security-policy"].to_str().unwrap();
    assert!(policy.starts_with("default-src 'none'") && policy.contains("frame-ancestors 'none'"));
    let (_, rest) = answer.text.split_once("<h1>").unwrap();
    rest.split_once("</h1>").unwrap().0
}

on_both_backends! {
    async fn opening_the_link_validates_the_address_and_can_be_repeated(world: World) {
        let server = world.start().await;
        let alice = world.person(&server, "alice").await;
        asks(&alice, "alice@example.com", Value::Null).await.ok();
        let path = mailed_path(&world, "alice@example.com").await;
        let answer = opens(&server, &path, "").await;
        assert_eq!(heading(&answer, 200), "Your address is confirmed");
        assert!(is_validated(&alice, &path).await);
        for (language, said) in [
            ("en", "Your address was already confirmed"),
            ("fr", "Votre adresse était déjà confirmée"),
            ("de", "Deine Adresse war schon bestätigt"),
        ] {
            assert_eq!(heading(&opens(&server, &path, language).await, 200), said);
        }
    }

    async fn the_page_says_who_asked_and_how_to_undo_it(world: World) {
        let server = world.start().await;
        let alice = world.person(&server, "alice").await;
        asks(&alice, "alice@example.com", Value::Null).await.ok();
        let path = mailed_path(&world, "alice@example.com").await;
        let shown = alice.mxid.clone();
        let wrong = opens(&server, &path.replace("token=", "token=x"), "en").await;
        assert!(!wrong.text.contains(&shown) && !wrong.text.contains("/not-me"), "{}", wrong.text);
        for title in ["Your address is confirmed", "Your address was already confirmed"] {
            let answer = opens(&server, &path, "en").await;
            assert_eq!(heading(&answer, 200), title);
            assert!(answer.text.contains(&shown) && answer.text.contains("What happens next"), "{}", answer.text);
            assert!(answer.text.contains("href=\"/address?lang=en\""));
            assert_eq!(answer.headers["x-robots-tag"], "noindex, nofollow");
        }
        let answer = opens(&server, &path, "en").await;
        let (_, rest) = answer.text.split_once("/not-me?token=").unwrap();
        let not_me = format!("/not-me?token={}", rest.split_once('"').unwrap().0.replace("&#38;", "&"));
        let question = opens(&server, &not_me, "en").await;
        assert!(question.text.contains(&shown), "{}", question.text);
        world.clock.advance(24 * 3_600_000 + 600_000);
        let late = opens(&server, &path, "en").await;
        assert_eq!(heading(&late, 400), "This link has expired");
        assert!(!late.text.contains(&shown) && !late.text.contains("/not-me"), "{}", late.text);
    }

    async fn the_page_is_in_the_language_of_the_mail(world: World) {
        let server = world.start().await;
        let alice = world.person(&server, "alice").await;
        let body = json!({ "client_secret": SECRET, "email": "alice@example.com", "send_attempt": 1 });
        let path = format!("/_matrix/identity/v2{REQUEST}");
        let asked = server.request(Method::POST, &path, Some(&alice.token)).json(&body);
        server.send(asked.header("Accept-Language", "fr")).await.ok();
        let link = url::Url::parse(&link(&world.validation_mail("alice@example.com").await)).unwrap();
        let path = format!("{}?{}", link.path(), link.query().unwrap());
        let answer = opens(&server, &path, "de").await;
        assert_eq!(heading(&answer, 200), "Votre adresse est confirmée");
        assert!(answer.text.contains("lang=\"fr\""));
    }

    async fn a_head_request_does_not_validate(world: World) {
        let server = world.start().await;
        let alice = world.person(&server, "alice").await;
        asks(&alice, "alice@example.com", Value::Null).await.ok();
        let path = mailed_path(&world, "alice@example.com").await;
        for method in [Method::HEAD, Method::OPTIONS, Method::PUT] {
            server.send(server.request(method, &path, None)).await;
            assert!(!is_validated(&alice, &path).await);
        }
        assert_eq!(opens(&server, &path, "").await.status, 200);
        assert!(is_validated(&alice, &path).await);
    }

    async fn a_failing_link_says_so_in_the_readers_language(world: World) {
        let server = world.start().await;
        let alice = world.person(&server, "alice").await;
        asks(&alice, "alice@example.com", Value::Null).await.ok();
        let path = mailed_path(&world, "alice@example.com").await;
        let good = url::Url::parse(&format!("http://h{path}")).unwrap();
        let parameters: Vec<(String, String)> = good.query_pairs().into_owned().collect();
        let wrong = [
            ("en", "This link does not work"),
            ("fr-CA, en;q=0.5", "Ce lien ne fonctionne pas"),
            ("de-AT", "Dieser Link funktioniert nicht"),
        ];
        // Each parameter wrong or missing: the page does not reveal which.
        let mut pages = Vec::new();
        for at in 0..parameters.len() {
            for value in [Some("wrong"), None] {
                let mut changed = parameters.clone();
                match value {
                    Some(value) => value.clone_into(&mut changed[at].1),
                    None => drop(changed.remove(at)),
                }
                let pairs: Vec<String> = changed.iter().map(|(name, value)| format!("{name}={value}")).collect();
                let bad = format!("{}?{}", good.path(), pairs.join("&"));
                for (language, said) in wrong {
                    assert_eq!(heading(&opens(&server, &bad, language).await, 404), said);
                    // The language in the query takes precedence over the header.
                    let tag = &language[..2];
                    let answer = opens(&server, &format!("{bad}&lang={tag}"), "en").await;
                    assert_eq!(heading(&answer, 404), said);
                }
                pages.push(opens(&server, &bad, "").await.text);
            }
        }
        assert!(pages.iter().all(|page| *page == pages[0]));
        assert!(!is_validated(&alice, &path).await);

        world.clock.advance(DAY);
        for (language, said) in
            [("", "This link has expired"), ("fr", "Ce lien a expiré"), ("de", "Dieser Link ist abgelaufen")]
        {
            assert_eq!(heading(&opens(&server, &path, language).await, 400), said);
        }
        // The link can still be recognised once the session has been removed.
        let begun = Instant::now();
        while count(&world, "sessions").await > 0 {
            assert!(begun.elapsed() < Duration::from_secs(20), "the session is kept");
            world.clock.advance(HOUR);
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        assert_eq!(heading(&opens(&server, &path, "").await, 400), "This link has expired");
    }

    async fn the_next_link_redirects_the_reader_and_not_the_client(world: World) {
        let server = world.start().await;
        let alice = world.person(&server, "alice").await;
        let next = "https://app.example/done?a=b&c=d#e";
        asks(&alice, "alice@example.com", json!(next)).await.ok();
        let path = mailed_path(&world, "alice@example.com").await;
        let (token, sid) = (query(&format!("http://h{path}"), "token"), query(&format!("http://h{path}"), "sid"));
        let body = json!({ "sid": sid, "client_secret": SECRET, "token": token });
        let posted = alice.post("/validate/email/submitToken", body).await;
        assert!(!posted.headers.contains_key("location"));
        assert_eq!(posted.ok(), json!({ "success": true }));
        // Twice, because a mail scanner may have opened it first.
        for _ in 0..2 {
            let answer = opens(&server, &path, "").await;
            assert_eq!((answer.status, answer.headers["location"].to_str().unwrap()), (302, next));
        }
        let wrong = path.replace(&token, "wrong");
        assert_eq!(opens(&server, &wrong, "").await.status, 404);
    }

    async fn a_next_link_must_be_an_http_url(world: World) {
        let server = world.start().await;
        let alice = world.person(&server, "alice").await;
        let bad = [
            json!("javascript:alert(1)"), json!("data:text/html,x"), json!("//evil"), json!("\\\\evil"),
            json!("https:\\\\evil"), json!("https://h/\r\nSet-Cookie: a=b"), json!("http://u:p@h"), json!("http://u@h/"),
            json!("/path"), json!("ftp://h/"), json!("vbscript:x"), json!(""), json!(1), json!(["https://h/"]), json!({}),
        ];
        for next in bad {
            let answer = asks(&alice, "alice@example.com", next.clone()).await;
            assert_eq!(answer.error(), (400, "M_INVALID_PARAM"), "{next}");
        }
        assert_eq!(world.mail.connections(), 0);
    }

    async fn a_next_link_in_the_query_is_ignored(world: World) {
        let server = world.start().await;
        let alice = world.person(&server, "alice").await;
        asks(&alice, "alice@example.com", Value::Null).await.ok();
        let path = mailed_path(&world, "alice@example.com").await;
        for name in ["nextLink", "next_link"] {
            let answer = opens(&server, &format!("{path}&{name}=https://evil.example/"), "").await;
            assert!(!answer.headers.contains_key("location"));
            heading(&answer, 200);
        }
    }

    async fn the_operator_can_restrict_the_hosts_of_next_links(world: World) {
        let mut world = world;
        world.config.validation.next_link_hosts = Some(vec![host("app.example")]);
        let server = world.start().await;
        let alice = world.person(&server, "alice").await;
        for evil in ["https://evil.example/", "https://app.example.evil/", "https://sub.app.example/"] {
            assert_eq!(asks(&alice, "alice@example.com", json!(evil)).await.error(), (400, "M_INVALID_PARAM"), "{evil}");
        }
        asks(&alice, "alice@example.com", json!("https://app.example/")).await.ok();
        let path = mailed_path(&world, "alice@example.com").await;
        drop(alice);
        server.stop().await;

        // Restricted after the mail was sent: the link shows our own page instead.
        world.config.validation.next_link_hosts = Some(Vec::new());
        let server = world.start().await;
        heading(&opens(&server, &path, "").await, 200);
    }

    async fn with_restricted_next_links_strangers_are_named_first(world: World) {
        let mut world = world;
        world.config.validation.next_link_hosts = Some(vec![host("app.example")]);
        let server = world.start().await;
        let (alice, mallory) = (world.person(&server, "alice").await, world.person(&server, "mallory").await);
        let next = "https://app.example/done?a=b&c=%22";
        let asked = async |person: &Person<'_>, secret: &str| {
            world.mail.forget();
            let asked = json!({ "client_secret": secret, "email": "alice@example.com", "send_attempt": 1, "next_link": next });
            person.post(REQUEST, asked).await.ok();
            let path = mailed_path(&world, "alice@example.com").await.replace(SECRET, secret);
            opens(&server, &path, "en").await
        };
        for (person, secret) in [(&alice, "a"), (&mallory, "b")] {
            let answer = asked(person, secret).await;
            assert!(!answer.headers.contains_key("location"));
            assert_eq!(heading(&answer, 200), "Your address is confirmed");
            assert!(answer.text.contains(&person.mxid) && answer.text.contains("/not-me?token="), "{}", answer.text);
            let link = "<a class=\"button\" href=\"https://app.example/done?a=b&#38;c=%22\">Continue to app.example</a>";
            assert!(answer.text.contains(link), "{}", answer.text);
        }
        world.mail.forget();
        alice.binds("alice@example.com").await;
        let answer = asked(&alice, "c").await;
        assert_eq!((answer.status, answer.headers["location"].to_str().unwrap()), (302, next));
        assert_eq!(answer.headers["cache-control"], "no-store");
        // It is bound, but not to the account that asks.
        assert_eq!(heading(&asked(&mallory, "d").await, 200), "Your address is confirmed");
    }

    async fn a_request_ahead_of_its_user_proves_nothing(world: World) {
        let server = world.start().await;
        let alice = world.person(&server, "alice").await;
        asks(&alice, "alice@example.com", json!("https://app.example/")).await.ok();
        let path = mailed_path(&world, "alice@example.com").await;
        for (name, value) in [
            ("Sec-Purpose", "prefetch"),
            ("Sec-Purpose", "prefetch;prerender"),
            ("Sec-Purpose", "prefetch;anonymous-client-ip"),
            ("Sec-Purpose", "Prefetch; prerender"),
            ("Purpose", "prefetch"),
            ("Purpose", "preview"),
            ("X-Purpose", "preview"),
            ("X-Purpose", ": preview"),
            ("X-Moz", "prefetch"),
            ("x-moz", "PREFETCH"),
        ] {
            let request = server.request(Method::GET, &path, None).header(name, value);
            let answer = server.send(request.header("Accept-Language", "en")).await;
            assert_eq!(heading(&answer, 503), "Confirm your address", "{name}: {value}");
            assert!(!answer.headers.contains_key("location") && !answer.headers.contains_key("retry-after"));
            assert!(!is_validated(&alice, &path).await, "{name}: {value}");
        }
        let several = server.request(Method::GET, &path, None).header("Purpose", "x").header("Purpose", "prefetch");
        assert_eq!(server.send(several).await.status, 503);
        // The reader of that page can continue.
        let request = server.request(Method::GET, &path, None).header("Purpose", "prefetch");
        let answer = presses(&server, &server.send(request.header("Accept-Language", "fr")).await).await;
        assert_eq!(heading(&answer, 200), "Votre adresse est confirmée");
        assert!(answer.text.contains("href=\"https://app.example/\">Continuer vers app.example</a>"), "{}", answer.text);
        assert!(is_validated(&alice, &path).await);
        // Other values and headers mean nothing.
        let request = server.request(Method::GET, &path, None).header("Purpose", "reading").header("Sec-Fetch-Mode", "navigate");
        assert_eq!(server.send(request).await.status, 302);
    }

    async fn with_a_button_opening_the_link_proves_nothing(world: World) {
        let mut world = world;
        world.config.validation.button = true;
        let server = world.start().await;
        let alice = world.person(&server, "alice").await;
        asks(&alice, "alice@example.com", Value::Null).await.ok();
        let path = mailed_path(&world, "alice@example.com").await;
        for _ in 0..3 {
            let page = opens(&server, &path, "en").await;
            assert_eq!(heading(&page, 200), "Confirm your address");
            assert!(!page.text.contains(&alice.mxid) && page.headers["x-robots-tag"] == "noindex, nofollow");
        }
        assert!(!is_validated(&alice, &path).await);
        // No other site can press it, and only a form works.
        let post = |media_type: &str| server.request(Method::POST, "/confirm", None).header("Content-Type", media_type);
        for request in [post(FORM).header("Sec-Fetch-Site", "cross-site"), post("application/json"), post("text/plain")] {
            assert_eq!(server.send(request.body(query_of(&path))).await.status, 404);
        }
        assert_eq!(server.get(&format!("/confirm?{}", query_of(&path)), None).await.status, 405);
        assert!(!is_validated(&alice, &path).await);
        for title in ["Your address is confirmed", "Your address was already confirmed"] {
            let answer = presses(&server, &opens(&server, &path, "en").await).await;
            assert_eq!(heading(&answer, 200), title);
            assert!(answer.text.contains(&alice.mxid), "{}", answer.text);
        }
        assert!(is_validated(&alice, &path).await);
        let wrong = opens(&server, &path.replace("token=", "token=\"><script>"), "en").await;
        assert!(!wrong.text.contains("<script>"), "{}", wrong.text);
        assert_eq!(heading(&presses(&server, &wrong).await, 404), "This link does not work");
        world.clock.advance(DAY);
        let late = presses(&server, &opens(&server, &path, "en").await).await;
        assert_eq!(heading(&late, 400), "This link has expired");
    }
}

fn host(host: &str) -> HostPattern {
    HostPattern { host: host.to_owned(), is_below: false }
}

fn query_of(path: &str) -> String {
    format!("medium=email&{}", path.split_once('?').unwrap().1)
}

/// Presses the button of a page, and returns the answer.
async fn presses(server: &Server, page: &Answer) -> Answer {
    let (_, form) = page.text.split_once("<form method=\"post\" action=\"").expect("the page has a form");
    let action = form.split_once('"').unwrap().0;
    let mut fields = url::form_urlencoded::Serializer::new(String::new());
    for field in form.split("<input type=\"hidden\" name=\"").skip(1) {
        let (name, rest) = field.split_once("\" value=\"").unwrap();
        let value = rest.split_once('"').unwrap().0;
        fields.append_pair(name, &value.replace("&#34;", "\"").replace("&#62;", ">").replace("&#60;", "<"));
    }
    server.send(server.request(Method::POST, action, None).header("Content-Type", FORM).body(fields.finish())).await
}

#[tokio::test(flavor = "multi_thread")]
async fn while_the_database_is_unavailable_the_link_asks_to_try_again() {
    let cluster = tokio::task::spawn_blocking(Cluster::start).await.unwrap();
    let world = World::on_sqlite().await;
    let url = cluster.url().parse().unwrap();
    let database = vouch::config::Database { url, ..world.config.database.clone() };
    let server = Server::start(Config { database, ..world.config.clone() }, world.clock.clone());
    tokio::task::block_in_place(|| cluster.stop());
    let path = format!("/_matrix/identity/v2/validate/email/submitToken?sid=x&client_secret={SECRET}&token=x");
    for (language, said) in [
        ("en", "We cannot answer right now"),
        ("fr", "Nous ne pouvons pas répondre pour le moment"),
        ("de", "Wir können gerade nicht antworten"),
    ] {
        assert_eq!(heading(&opens(&server, &path, language).await, 503), said);
    }
}
