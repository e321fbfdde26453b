//! What caches may keep, for how long, and which answers are compressed.

use std::fs;
use std::io::Read as _;

use flate2::read::GzDecoder;
use reqwest::Method;
use reqwest::header::HeaderMap;
use url::form_urlencoded::byte_serialize;
use vouch::config::Config;
use vouch::crypto::signing::SigningKeys;

use crate::reload;
use crate::visitor::Visitor;
use crate::world::{Server, World};

const POLICY: &str = "/policies/privacy_policy/1.0/en";
/// The pages that are the same for everybody.
const PAGES: [&str; 4] = ["/", "/policies", "/retention", POLICY];

struct Got {
    status: u16,
    headers: HeaderMap,
    body: Vec<u8>,
}

impl Got {
    fn header(&self, name: &str) -> String {
        let values = self.headers.get_all(name).iter().map(|value| value.to_str().unwrap());
        values.collect::<Vec<_>>().join(", ")
    }
}

async fn ask(server: &Server, method: Method, path: &str, headers: &[(&str, &str)]) -> Got {
    let mut request = server.request(method, path, None);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let answer = request.send().await.unwrap();
    let (status, headers) = (answer.status().as_u16(), answer.headers().clone());
    Got { status, headers, body: answer.bytes().await.unwrap().to_vec() }
}

async fn get(server: &Server, path: &str, headers: &[(&str, &str)]) -> Got {
    ask(server, Method::GET, path, headers).await
}

fn unpacked(body: &[u8]) -> Vec<u8> {
    let mut text = Vec::new();
    GzDecoder::new(body).read_to_end(&mut text).unwrap();
    text
}

/// Returns the path of the key that signs.
fn key(world: &World) -> String {
    let config = &world.config;
    let keys = SigningKeys::read(&config.keys.signing_key_file, &config.server.name).unwrap().unwrap();
    format!("/_matrix/identity/v2/pubkey/{}", keys.current().0)
}

#[tokio::test]
async fn a_reader_who_has_a_page_is_not_sent_it_again() {
    let mut world = World::on_sqlite().await;
    let logo = world.folder.path().join("logo.png");
    fs::write(&logo, crate::reload::PNG).unwrap();
    let variable = ("VOUCH__BRAND__LOGO".to_owned(), logo.display().to_string());
    world.config.brand = Config::load(None, [variable].into_iter()).unwrap().brand;
    let server = world.start().await;
    let key = key(&world);
    for path in PAGES.into_iter().chain(["/favicon.svg", "/favicon.ico", "/logo", &key]) {
        let first = get(&server, path, &[]).await;
        let (tag, caching) = (first.header("etag"), first.header("cache-control"));
        assert_eq!((first.status, caching.as_str()), (200, "public, max-age=300"), "{path}");
        assert!(tag.starts_with("W/\"") && tag.ends_with('"') && tag.len() > 20, "{path}: {tag}");
        let strong = tag.trim_start_matches("W/").to_owned();
        for known in [&tag, &strong, "*", &format!("\"a\", W/\"b,c\" ,{tag}"), &format!("{strong},\"z\"")] {
            for method in [Method::GET, Method::HEAD] {
                let again = ask(&server, method, path, &[("If-None-Match", known)]).await;
                assert_eq!((again.status, again.body.len()), (304, 0), "{path} {known}");
                for name in ["etag", "cache-control", "vary", "access-control-allow-origin"] {
                    assert_eq!(again.header(name), first.header(name), "{path} {name}");
                }
                assert_eq!(again.header("content-type"), "", "{path}");
            }
        }
        for unknown in ["", "\"\"", "W/\"\"", "x", &strong.replace('"', ""), "\"*\"", "W/*"] {
            let again = get(&server, path, &[("If-None-Match", unknown)]).await;
            assert_eq!((again.status, &again.body), (200, &first.body), "{path} {unknown}");
        }
    }
}

#[tokio::test]
async fn another_language_is_another_page() {
    let world = World::on_sqlite().await;
    let server = world.start().await;
    let [english, german] = ["en", "de"].map(|tag| [("Accept-Language", tag)]);
    let (english, german) = (get(&server, "/", &english).await, get(&server, "/", &german).await);
    assert_ne!(english.header("etag"), german.header("etag"));
    assert_eq!(german.header("vary"), "Accept-Language, Accept-Encoding");
    let known = english.header("etag");
    let answer = get(&server, "/", &[("Accept-Language", "de"), ("If-None-Match", &known)]).await;
    assert_eq!((answer.status, answer.body), (200, german.body));
}

#[tokio::test]
async fn pages_are_compressed_for_those_who_accept_gzip() {
    let world = World::on_sqlite().await;
    let server = world.start().await;
    for path in PAGES.into_iter().chain(["/favicon.svg"]) {
        let plain = get(&server, path, &[]).await;
        let gzip = [("Accept-Encoding", "deflate, gzip;q=0.8, br")];
        let packed = get(&server, path, &gzip).await;
        assert_eq!(plain.header("content-encoding"), "", "{path}");
        assert!(packed.header("vary").ends_with("Accept-Encoding"), "{path}");
        assert_eq!(
            (packed.header("vary"), packed.header("etag")),
            (plain.header("vary"), plain.header("etag")),
            "{path}"
        );
        if plain.body.len() < 512 {
            assert_eq!(packed.body, plain.body, "{path}");
            continue;
        }
        assert_eq!(packed.header("content-encoding"), "gzip", "{path}");
        assert_eq!(packed.header("content-length"), packed.body.len().to_string(), "{path}");
        assert!(packed.body.len() < plain.body.len() / 2, "{path}");
        assert_eq!(unpacked(&packed.body), plain.body, "{path}");
        let head = ask(&server, Method::HEAD, path, &gzip).await;
        for name in ["content-encoding", "content-length", "content-type", "etag", "vary"] {
            assert_eq!(head.header(name), packed.header(name), "{path} {name}");
        }
        assert!(head.body.is_empty());
        let again = get(&server, path, &[gzip[0], ("If-None-Match", &plain.header("etag"))]).await;
        assert_eq!((again.status, again.header("content-encoding").as_str(), again.body.len()), (304, "", 0), "{path}");
        for refused in
            ["", "identity", "gzip;q=0", "br", "*;q=0", "gzip;q=0, identity;q=0", "gzip;q=0.1, identity", "junk;;"]
        {
            let answer = get(&server, path, &[("Accept-Encoding", refused)]).await;
            assert_eq!(
                (answer.header("content-encoding").as_str(), &answer.body),
                ("", &plain.body),
                "{path} {refused}"
            );
        }
    }
}

#[tokio::test]
async fn what_was_compressed_before_is_sent_again_until_a_reload_changes_it() {
    let (folder, manager, process) = reload::serve("[brand]\nname = \"Old Club\"\n").await;
    let (server, gzip) = (&process.server, ("Accept-Encoding", "gzip"));
    let mut before = Vec::new();
    for path in ["/", "/?lang=de", "/policies", "/retention"] {
        let first = get(server, path, &[gzip]).await;
        assert!(String::from_utf8(unpacked(&first.body)).unwrap().contains("Old Club"), "{path}");
        before.push((path, first));
    }
    for (path, first) in &before {
        let again = get(server, path, &[gzip]).await;
        assert_eq!((again.header("etag"), &again.body), (first.header("etag"), &first.body), "{path}");
    }
    fs::write(folder.path().join("vouch.toml"), "[brand]\nname = \"New Club\"\n").unwrap();
    manager.reloads(&process).await;
    for (path, first) in &before {
        let changed = get(server, path, &[gzip, ("If-None-Match", &first.header("etag"))]).await;
        let text = String::from_utf8(unpacked(&changed.body)).unwrap();
        assert!(changed.status == 200 && text.contains("New Club") && !text.contains("Old Club"), "{path}");
        assert_eq!(text.as_bytes(), get(server, path, &[]).await.body, "{path}");
    }
}

#[tokio::test]
async fn personal_pages_are_neither_cached_nor_compressed_nor_compared() {
    let world = World::on_sqlite().await;
    let server = world.start().await;
    let visitor = Visitor::signed_in(&world, &server, "alice").await;
    for path in [
        "/you",
        "/you/erase",
        "/you/export",
        "/you/sign-in",
        "/you/left",
        "/address",
        "/address/open?token=x",
        "/address/held",
        "/address/object?token=x",
        "/invited?token=x",
        "/not-me?token=x",
        "/unlock?token=x",
        "/erasure?token=x",
        "/nothing",
        "/policies/none/1.0/en",
    ] {
        let request = visitor.request(Method::GET, path).header("Accept-Encoding", "gzip").header("If-None-Match", "*");
        let answer = server.send(request).await;
        assert_ne!(answer.status, 304, "{path}");
        assert_eq!(answer.headers["cache-control"], "no-store", "{path}");
        for name in ["etag", "content-encoding"] {
            assert!(!answer.headers.contains_key(name), "{path} {name}");
        }
    }
}

#[tokio::test]
async fn answers_of_the_api_stay_as_they_are_except_for_keys() {
    let world = World::on_sqlite().await;
    let server = world.start().await;
    let alice = world.person(&server, "alice").await;
    let key = key(&world);
    let found = get(&server, &key, &[("Accept-Encoding", "gzip")]).await;
    let answer: serde_json::Value = serde_json::from_slice(&found.body).unwrap();
    assert!(answer["public_key"].is_string() && found.header("vary").is_empty());
    let v1 = get(&server, &key.replace("/v2/", "/api/v1/"), &[]).await;
    assert_eq!(
        (v1.header("etag"), v1.header("cache-control")),
        (found.header("etag"), "public, max-age=300".to_owned())
    );
    let public: String = byte_serialize(answer["public_key"].as_str().unwrap().as_bytes()).collect();
    let valid = format!("/_matrix/identity/v2/pubkey/isvalid?public_key={public}");
    for path in [
        valid.as_str(),
        "/_matrix/identity/v2/pubkey/ephemeral/isvalid?public_key=x",
        "/_matrix/identity/v2/pubkey/ed25519:none",
        "/_matrix/identity/v2/terms",
        "/_matrix/identity/v2/account",
        "/_matrix/identity/v2/hash_details",
        "/_matrix/identity/versions",
        "/health",
        "/ready",
    ] {
        let request = server.request(Method::GET, path, Some(&alice.token));
        let answer = server.send(request.header("Accept-Encoding", "gzip").header("If-None-Match", "*")).await;
        assert_ne!(answer.status, 304, "{path}");
        for name in ["etag", "content-encoding", "vary"] {
            assert!(!answer.headers.contains_key(name), "{path} {name}");
        }
        if path.starts_with("/_matrix") {
            assert_eq!(answer.headers["cache-control"], "no-store", "{path}");
        }
    }
}
