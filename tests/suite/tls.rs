//! TLS without a reverse proxy.

use std::fs;
use std::time::Duration;

use reqwest::{Certificate, Client, Method};
use serde_json::json;
use vouch::config::{Config, TlsFiles};
use vouch_test_support::ca::Ca;

use crate::world::{Server, World};

/// Adds a certificate and its key to the world's settings.
fn with_tls(world: &World, certificate: &std::path::Path, key: &std::path::Path) -> Config {
    let tls = Some(TlsFiles { certificate: certificate.to_owned(), key: key.to_owned() });
    let server = vouch::config::Server { tls, ..world.config.server.clone() };
    Config { server, ..world.config.clone() }
}

/// Returns a client that trusts only `ca`.
fn client(ca: &Ca) -> Client {
    let certificate = Certificate::from_pem(ca.pem().as_bytes()).unwrap();
    Client::builder().tls_certs_only([certificate]).no_proxy().timeout(Duration::from_secs(10)).build().unwrap()
}

/// Starts a server that serves TLS.
pub fn encrypted(world: &World) -> Server {
    encrypted_by(world, &Ca::new())
}

fn encrypted_by(world: &World, ca: &Ca) -> Server {
    let (certificate, key) = ca.write_certificate_for(&["127.0.0.1"], world.folder.path());
    let mut server = Server::start(with_tls(world, &certificate, &key), world.clock.clone());
    server.url = server.url.replace("http://", "https://");
    server.http = client(ca);
    server
}

#[tokio::test]
async fn browsers_are_told_to_stay_with_tls_only_if_the_server_serves_it() {
    let world = World::on_sqlite().await;
    let (server, plain) = (encrypted(&world), world.start().await);
    for path in
        ["/", "/nowhere", "/health", "/_matrix/identity/versions", "/_matrix/identity/v2/account", "/favicon.ico"]
    {
        let answer = server.get(path, None).await;
        assert_eq!(answer.headers["strict-transport-security"], "max-age=31536000", "{path}");
        assert!(!plain.get(path, None).await.headers.contains_key("strict-transport-security"), "{path}");
    }
}

on_both_backends! {
    async fn the_server_can_serve_tls(world: World) {
        let ca = Ca::new();
        let server = encrypted_by(&world, &ca);
        let plain = server.url.replace("https://", "http://");
        let alice = world.newcomer(&server, "alice").await;
        assert_eq!(alice.get("/account").await.error(), (403, "M_TERMS_NOT_SIGNED"));
        alice.accepts_everything().await;
        assert_eq!(alice.get("/account").await.ok(), json!({ "user_id": alice.mxid }));

        let versions = format!("{plain}/_matrix/identity/versions");
        assert!(client(&ca).request(Method::GET, versions).send().await.is_err(), "plain HTTP is answered");
        let versions = format!("{}/_matrix/identity/versions", server.url);
        assert!(client(&Ca::new()).get(versions).send().await.is_err(), "a stranger's certificate is trusted");
    }
}

#[tokio::test]
async fn a_mismatched_key_or_certificate_is_reported() {
    let world = World::on_sqlite().await;
    let ca = Ca::new();
    let folder = |name: &str| {
        let folder = world.folder.path().join(name);
        fs::create_dir(&folder).unwrap();
        folder
    };
    let (certificate, key) = ca.write_certificate_for(&["127.0.0.1"], &folder("ours"));
    let (_, other_key) = ca.write_certificate_for(&["127.0.0.1"], &folder("other"));
    let junk = world.folder.path().join("junk.pem");
    fs::write(&junk, "not PEM").unwrap();
    let absent = world.folder.path().join("absent.pem");
    let cases = [
        (&certificate, &other_key, "server.tls_key"),
        (&certificate, &junk, "server.tls_key"),
        (&certificate, &absent, "server.tls_key"),
        (&junk, &key, "server.tls_certificate"),
        (&absent, &key, "server.tls_certificate"),
    ];
    for (certificate, key, setting) in cases {
        let (config, clock) = (with_tls(&world, certificate, key), world.clock.clone());
        let error = Server::try_start(config, clock).err().expect("it does not start");
        assert!(error.starts_with(setting), "{error}");
        let culprit = if setting == "server.tls_key" { key } else { certificate };
        assert!(error.contains(culprit.to_str().unwrap()), "{error}");
    }
}
