//! The pages that people see in a browser.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use reqwest::Method;
use sha2::{Digest as _, Sha256};

use crate::world::{Answer, Server, World};

const POLICY: &str = "/policies/privacy_policy/1.0";

async fn page(server: &Server, path: &str, language: &str) -> Answer {
    server.send(server.request(Method::GET, path, None).header("Accept-Language", language)).await
}

fn header<'a>(page: &'a Answer, name: &str) -> &'a str {
    page.headers.get(name).unwrap_or_else(|| panic!("no {name}: {page:?}")).to_str().unwrap()
}

/// Returns the text between two markers.
fn between<'a>(text: &'a str, start: &str, end: &str) -> &'a str {
    let rest = text.split_once(start).unwrap_or_else(|| panic!("no {start} in {text}")).1;
    rest.split_once(end).unwrap().0
}

#[tokio::test]
async fn every_page_carries_the_headers_that_protect_its_reader() {
    let world = World::on_sqlite().await;
    let server = world.start().await;
    let paths = ["/", "/policies", "/retention", &format!("{POLICY}/en"), "/nowhere", "/policies/x/1/en", "/logo"];
    for path in paths {
        let page = page(&server, path, "en").await;
        assert_eq!(
            page.status,
            if matches!(path, "/nowhere" | "/policies/x/1/en" | "/logo") { 404 } else { 200 },
            "{path}"
        );
        assert_eq!(header(&page, "content-type"), "text/html; charset=utf-8", "{path}");
        assert_eq!(header(&page, "x-frame-options"), "DENY", "{path}");
        assert_eq!(header(&page, "x-content-type-options"), "nosniff", "{path}");
        assert_eq!(header(&page, "referrer-policy"), "no-referrer", "{path}");
        let policy = header(&page, "content-security-policy");
        assert!(policy.starts_with("default-src 'none'; ") && policy.contains("frame-ancestors 'none'"), "{policy}");
        let style = between(&page.text, "<style>", "</style>");
        let hash = BASE64_STANDARD.encode(Sha256::digest(style));
        assert!(policy.contains(&format!("style-src 'sha256-{hash}'")), "the style of {path} is not the one allowed");
        assert!(!page.text.contains("<script") && !page.text.contains("src=\"http"), "{path}");
        assert!(!page.text.contains("style=\""), "{path} has a style that the browser would refuse");
        assert!(!page.headers.contains_key("set-cookie"));
    }
}

#[tokio::test]
async fn a_document_is_in_its_own_language_and_links_to_the_others() {
    let world = World::on_sqlite().await;
    let server = world.start().await;
    for language in ["en", "fr", "de", "es"] {
        let page = page(&server, &format!("{POLICY}/{language}"), "it").await;
        assert_eq!(page.status, 200);
        assert!(page.text.contains(&format!("<html lang=\"{language}\"")), "{}", page.text);
        for other in ["en", "fr", "de", "es"] {
            assert!(page.text.contains(&format!("{POLICY}/{other}\"")), "no link from {language} to {other}");
        }
    }
}

#[tokio::test]
async fn other_pages_are_in_the_requested_language() {
    let world = World::on_sqlite().await;
    let server = world.start().await;
    for path in ["/", "/policies", "/nowhere"] {
        for (accepted, language) in
            [("fr-CA, en;q=0.5", "fr"), ("de", "de"), ("it", "en"), ("*", "en"), (";;q=,", "en")]
        {
            let page = page(&server, path, accepted).await;
            assert!(page.text.contains(&format!("<html lang=\"{language}\"")), "{path} {accepted:?}");
        }
        let page = page(&server, &format!("{path}?lang=de"), "fr").await;
        assert!(page.text.contains("<html lang=\"de\""), "{path}");
    }
}

#[tokio::test]
async fn the_start_page_links_to_the_policies_in_force() {
    let world = World::on_sqlite().await;
    let server = world.start().await;
    for path in ["/", "/policies"] {
        let page = page(&server, path, "fr").await;
        for policy in ["terms_of_service", "privacy_policy"] {
            assert!(page.text.contains(&format!("href=\"/policies/{policy}/1.0/fr\"")), "{path}: {}", page.text);
        }
    }
}

#[tokio::test]
async fn a_missing_page_does_not_echo_the_request() {
    let world = World::on_sqlite().await;
    let server = world.start().await;
    for path in [
        "/policies/privacy_policy/1.0/it",
        "/policies/privacy_policy/2.0/en",
        "/policies/a/b/c",
        "/policies/a/b/c/d",
        "/policies/..%2f..%2fCargo.toml/1/en",
        "/policies/%3Cimg%20onerror%3E/1/en",
        "/%00",
        "/%ff",
        "/index.html",
        "/Policies",
    ] {
        let page = page(&server, path, "en").await;
        assert_eq!(page.status, 404, "{path}");
        assert_eq!(header(&page, "cache-control"), "no-store", "{path}");
        assert!(!page.text.contains("onerror") && !page.text.contains("Cargo"), "{}", page.text);
    }
}

#[tokio::test]
async fn a_page_has_a_head() {
    let world = World::on_sqlite().await;
    let server = world.start().await;
    for path in ["/", "/policies", &format!("{POLICY}/en"), "/nowhere"] {
        let whole = server.get(path, None).await;
        let head = server.send(server.request(Method::HEAD, path, None)).await;
        assert_eq!(head.status, whole.status, "{path}");
        assert_eq!(head.headers.get("content-type"), whole.headers.get("content-type"));
        assert_eq!(head.headers.get("content-security-policy"), whole.headers.get("content-security-policy"));
        assert_eq!(head.text, "");
    }
}

#[tokio::test]
async fn the_retention_table_is_shown_below_the_privacy_policy() {
    let world = World::on_sqlite().await;
    let server = world.start().await;
    let english = page(&server, &format!("{POLICY}/en"), "en").await;
    let terms = page(&server, "/policies/terms_of_service/1.0/en", "en").await;
    assert!(english.text.contains("<table") && !terms.text.contains("<table"));
}

#[tokio::test]
async fn the_changes_since_an_older_version_have_a_page() {
    let mut world = World::on_sqlite().await;
    let directory = world.folder.path().join("policies");
    for (document, text) in [
        ("terms/1.9/en", "We keep it for ten days."),
        ("terms/1.10/en", "We keep it for twenty days. <script>alert(1)</script>"),
        ("terms/1.10/fr", "Vingt jours."),
    ] {
        let file = directory.join(format!("{document}.md"));
        std::fs::create_dir_all(file.parent().unwrap()).unwrap();
        std::fs::write(file, format!("---\nname: Terms\n---\n\n{text}\n")).unwrap();
    }
    world.config.terms.directory = Some(directory);
    let server = world.start().await;
    let path = "/policies/terms/1.10/en/changes?since=1.9";
    for from in ["/policies", "/policies/terms/1.9/en", "/policies/terms/1.10/en"] {
        let page = page(&server, from, "en").await;
        assert!(page.text.contains(&format!("href=\"{path}\"")), "{from}: {}", page.text);
    }
    let changes = page(&server, path, "de").await;
    assert_eq!(changes.status, 200);
    assert_eq!(header(&changes, "cache-control"), "public, max-age=300");
    assert!(changes.text.contains("<html lang=\"en\""), "a document's language is its own");
    assert!(between(&changes.text, "<del>", "</del>").contains("ten"), "{}", changes.text);
    assert!(between(&changes.text, "<ins>", "</ins>").contains("twenty"), "{}", changes.text);
    assert!(!changes.text.contains("<script"));
    let french = page(&server, "/policies/terms/1.10/fr/changes?since=1.9", "fr").await;
    assert!(french.text.contains("La version 1.9 n’existe pas dans cette langue"), "{}", french.text);
    for unknown in ["1.10/en/changes?since=2", "1.10/es/changes?since=1.9", "2/en/changes", "1.9/en/changes"] {
        assert_eq!(page(&server, &format!("/policies/terms/{unknown}"), "en").await.status, 404, "{unknown}");
    }
}

#[tokio::test]
async fn comparing_huge_versions_delays_nobody() {
    let mut world = World::on_sqlite().await;
    let directory = world.folder.path().join("policies");
    for (version, salt) in [("1", 7_919_u64), ("2", 104_729)] {
        let words = (0..170_000_u64).map(|n| format!("{:05x}", n.wrapping_mul(salt) % 1_048_573));
        let text: Vec<String> = words.collect();
        let text: Vec<String> = text.chunks(5).map(|paragraph| paragraph.join(" ")).collect();
        let file = directory.join(format!("terms/{version}/en.md"));
        std::fs::create_dir_all(file.parent().unwrap()).unwrap();
        std::fs::write(file, format!("---\nname: Terms\n---\n\n{}\n", text.join("\n\n"))).unwrap();
    }
    world.config.terms.directory = Some(directory);
    let server = world.start().await;
    let (changes, others) = tokio::join!(page(&server, "/policies/terms/2/en/changes", "en"), async {
        let begun = std::time::Instant::now();
        for _ in 0..20 {
            assert_eq!(page(&server, "/retention", "en").await.status, 200);
        }
        begun.elapsed()
    });
    assert_eq!(changes.status, 200);
    assert!(changes.text.contains("<ins>") && changes.text.contains("<del>"));
    assert!(others < std::time::Duration::from_secs(10), "others waited {others:?}");
}

#[tokio::test]
async fn the_start_page_links_to_the_other_pages_and_says_what_it_knows() {
    let mut world = World::on_sqlite().await;
    world.config.brand.imprint = Some("https://club.example/imprint".to_owned());
    world.config.brand.contact = Some("help@club.example".parse().unwrap());
    let server = world.start().await;
    let start = page(&server, "/", "en").await;
    for href in ["/you?lang=en", "/address?lang=en", "/retention?lang=en", "mailto:help@club.example"] {
        assert!(start.text.contains(&format!("href=\"{href}\"")), "no way to {href}: {}", start.text);
    }
    assert!(start.text.contains("It sets no cookies, runs no scripts") && !start.headers.contains_key("set-cookie"));
    for path in ["/", "/retention", "/nowhere"] {
        let page = page(&server, path, "es").await;
        assert!(page.text.contains("<a href=\"https://club.example/imprint\">Aviso legal</a>"), "{path}");
        assert!(page.text.contains("href=\"/retention?lang=es\""), "{path}");
    }
}
