use std::collections::BTreeMap;

use ruma_common::CanonicalJsonObject;
use ruma_signatures::verify_json;

use super::*;

const USERINFO: &str = "/_matrix/federation/v1/openid/userinfo";

/// Returns a client that trusts `ca`, finds `homeserver` by its name, and follows no redirects.
pub fn client(homeserver: &Homeserver, ca: &Ca) -> reqwest::Client {
    let _ = ring::default_provider().install_default();
    let authority = reqwest::Certificate::from_pem(ca.pem().as_bytes()).unwrap();
    reqwest::Client::builder()
        .tls_certs_only([authority])
        .resolve(homeserver.name(), homeserver.address())
        .redirect(reqwest::redirect::Policy::none())
        .timeout(Duration::from_secs(10))
        .build()
        .unwrap()
}

pub fn url(homeserver: &Homeserver, path: &str) -> String {
    format!("https://{}:{}{path}", homeserver.name(), homeserver.address().port())
}

async fn get(homeserver: &Homeserver, ca: &Ca, path: &str) -> (u16, Value) {
    let response = client(homeserver, ca).get(url(homeserver, path)).send().await.unwrap();
    (response.status().as_u16(), response.json().await.unwrap())
}

#[tokio::test]
async fn a_token_identifies_its_user() {
    let ca = Ca::new();
    let homeserver = Homeserver::start("one.test", &ca);
    let token = homeserver.openid_token("alice");
    assert_eq!(token["matrix_server_name"], "one.test");
    let path = format!("{USERINFO}?access_token={}", token["access_token"].as_str().unwrap());
    assert_eq!(get(&homeserver, &ca, &path).await, (200, json!({ "sub": "@alice:one.test" })));
    let seen = homeserver.requests();
    assert_eq!(seen.len(), 1);
    assert_eq!(seen[0].uri(), path.as_str());
}

#[tokio::test]
async fn an_invented_token_is_unknown() {
    let ca = Ca::new();
    let homeserver = Homeserver::start("one.test", &ca);
    let (status, body) = get(&homeserver, &ca, &format!("{USERINFO}?access_token=x")).await;
    assert_eq!((status, &body["errcode"]), (401, &json!("M_UNKNOWN_TOKEN")));
    let (status, body) = get(&homeserver, &ca, USERINFO).await;
    assert_eq!((status, &body["errcode"]), (401, &json!("M_MISSING_TOKEN")));
}

#[tokio::test]
async fn the_key_document_is_signed_by_its_key() {
    let ca = Ca::new();
    let homeserver = Homeserver::start("one.test", &ca);
    let (_, keys) = get(&homeserver, &ca, "/_matrix/key/v2/server").await;
    let key = Base64::parse(keys["verify_keys"][KEY_ID]["key"].as_str().unwrap()).unwrap();
    let trusted = BTreeMap::from([("one.test".to_owned(), BTreeMap::from([(KEY_ID.to_owned(), key)]))]);
    let signed: CanonicalJsonObject = serde_json::from_value(keys).unwrap();
    verify_json(&trusted, &signed).unwrap();
}

#[tokio::test]
async fn a_replaced_key_is_published_as_old() {
    let ca = Ca::new();
    let homeserver = Homeserver::start("one.test", &ca);
    homeserver.publish_keys_until(5);
    homeserver.rotate_key("ed25519:next");
    let keys = homeserver.key_document();
    assert_eq!(keys["valid_until_ts"], 5);
    assert!(keys["old_verify_keys"][KEY_ID]["key"].is_string());
    let key = Base64::parse(keys["verify_keys"]["ed25519:next"]["key"].as_str().unwrap()).unwrap();
    let trusted = BTreeMap::from([("one.test".to_owned(), BTreeMap::from([("ed25519:next".to_owned(), key)]))]);
    let mut object = json!({ "a": [1, "\u{fc}"] });
    let (id, signature) = homeserver.sign(&object);
    object["signatures"] = json!({ "one.test": { id: signature } });
    for signed in [object, keys] {
        let signed: CanonicalJsonObject = serde_json::from_value(signed).unwrap();
        verify_json(&trusted, &signed).unwrap();
    }
}

#[tokio::test]
async fn the_well_known_document_names_its_port() {
    let ca = Ca::new();
    let homeserver = Homeserver::start("one.test", &ca);
    let (_, body) = get(&homeserver, &ca, "/.well-known/matrix/server").await;
    assert_eq!(body["m.server"], format!("one.test:{}", homeserver.address().port()));
}

#[tokio::test]
async fn an_unknown_authority_is_not_trusted() {
    let homeserver = Homeserver::start("one.test", &Ca::new());
    let stranger = client(&homeserver, &Ca::new());
    assert!(stranger.get(url(&homeserver, USERINFO)).send().await.unwrap_err().is_connect());
}

#[tokio::test]
async fn an_expired_certificate_is_refused() {
    let ca = Ca::new();
    let (chain, key) = ca.expired_certificate_for(&["one.test"]);
    let homeserver = Homeserver::start_with("one.test", chain, key);
    assert!(client(&homeserver, &ca).get(url(&homeserver, USERINFO)).send().await.unwrap_err().is_connect());
}

#[tokio::test]
async fn it_misbehaves_as_configured() {
    let ca = Ca::new();
    let homeserver = Homeserver::start("one.test", &ca);
    let client = client(&homeserver, &ca);
    let ask = async || client.get(url(&homeserver, USERINFO)).send().await;

    homeserver.behave(Conduct::Answers(500, "<html>".to_owned()));
    let response = ask().await.unwrap();
    assert_eq!((response.status().as_u16(), response.text().await.unwrap()), (500, "<html>".to_owned()));

    homeserver.behave(Conduct::Slow(Duration::from_mins(1)));
    assert!(tokio::time::timeout(Duration::from_millis(300), ask()).await.is_err());

    homeserver.behave(Conduct::Trickles);
    let mut response = ask().await.unwrap();
    assert_eq!(response.chunk().await.unwrap().unwrap().len(), 1);

    homeserver.behave(Conduct::Endless);
    let mut response = ask().await.unwrap();
    let mut length = 0;
    while length < 10 * 1024 * 1024 {
        length += response.chunk().await.unwrap().unwrap().len();
    }

    homeserver.behave(Conduct::HangsUp);
    assert!(ask().await.is_err());
}

#[tokio::test]
async fn connections_are_served_concurrently() {
    let ca = Ca::new();
    let homeserver = Homeserver::start("one.test", &ca);
    homeserver.behave(Conduct::Slow(Duration::from_millis(200)));
    let asks = (0..200).map(|_| get(&homeserver, &ca, "/_matrix/key/v2/server"));
    let answers = futures_util::future::join_all(asks).await;
    assert!(answers.iter().all(|(status, _)| *status == 200));
    assert_eq!(homeserver.requests().len(), 200);
}
