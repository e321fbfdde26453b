use reqwest::RequestBuilder;
use url::Url;

use super::tests::{client, url};
use super::*;

const REDIRECT: &str = "https://id.example/you";
const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
/// The challenge for the verifier, both from RFC 7636, appendix B.
const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";

async fn ask(request: RequestBuilder) -> (u16, Value) {
    let response = request.send().await.unwrap();
    assert_eq!(response.headers()["access-control-allow-origin"], "*");
    (response.status().as_u16(), response.json().await.unwrap())
}

/// Returns the URL that a page of the homeserver redirects to.
async fn leads(homeserver: &Homeserver, ca: &Ca, path: &str, query: &[(&str, &str)]) -> Option<Url> {
    let response = client(homeserver, ca).get(url(homeserver, path)).query(query).send().await.unwrap();
    response.headers().get("location").map(|url| url.to_str().unwrap().parse().unwrap())
}

fn query(url: &Url, name: &str) -> String {
    url.query_pairs().find(|(key, _)| key == name).unwrap().1.into_owned()
}

/// Starts a homeserver on which Alice can sign in, and registers a client.
async fn with_oauth(ca: &Ca) -> (Homeserver, String) {
    let homeserver = Homeserver::start("one.test", ca);
    homeserver.has_user("alice", "wordpass");
    homeserver.offers(&[Flow::OAuth]);
    let asked = json!({
        "client_uri": "https://id.example/",
        "redirect_uris": [REDIRECT],
        "token_endpoint_auth_method": "none",
    });
    let request = client(&homeserver, ca).post(url(&homeserver, "/oauth2/register")).json(&asked);
    let (status, registered) = ask(request).await;
    assert_eq!(status, 201);
    (homeserver, registered["client_id"].as_str().unwrap().to_owned())
}

async fn code(homeserver: &Homeserver, ca: &Ca, client_id: &str) -> String {
    let scope = "urn:matrix:client:api:* urn:matrix:client:device:ABCDEFGHIJ";
    let asked = [
        ("response_type", "code"),
        ("client_id", client_id),
        ("redirect_uri", REDIRECT),
        ("scope", scope),
        ("state", "s"),
        ("code_challenge", CHALLENGE),
        ("code_challenge_method", "S256"),
        ("user", "alice"),
    ];
    query(&leads(homeserver, ca, "/oauth2/authorize", &asked).await.unwrap(), "code")
}

async fn redeem(homeserver: &Homeserver, ca: &Ca, changed: &[(&str, &str)], code: &str, id: &str) -> (u16, Value) {
    let mut form = HashMap::from([
        ("grant_type", "authorization_code"),
        ("code", code),
        ("redirect_uri", REDIRECT),
        ("client_id", id),
        ("code_verifier", VERIFIER),
    ]);
    form.extend(changed.iter().copied());
    ask(client(homeserver, ca).post(url(homeserver, "/oauth2/token")).form(&form)).await
}

#[tokio::test]
async fn a_device_gets_openid_tokens_until_it_signs_out() {
    let ca = Ca::new();
    let homeserver = Homeserver::start("one.test", &ca);
    homeserver.has_user("alice", "wordpass");
    let post = |path: &str| client(&homeserver, &ca).post(url(&homeserver, path));
    let login = |password: &str| {
        let identifier = json!({ "type": "m.id.user", "user": "@alice:one.test" });
        json!({ "type": "m.login.password", "identifier": identifier, "password": password })
    };
    let (status, refused) = ask(post("/_matrix/client/v3/login").json(&login("wrong"))).await;
    assert_eq!((status, &refused["errcode"]), (403, &json!("M_FORBIDDEN")));
    let (status, session) = ask(post("/_matrix/client/v3/login").json(&login("wordpass"))).await;
    assert_eq!((status, &session["user_id"]), (200, &json!("@alice:one.test")));
    assert_eq!(homeserver.devices().len(), 1);

    let token = session["access_token"].as_str().unwrap();
    let of = |user: &str| format!("/_matrix/client/v3/user/%40{user}%3Aone.test/openid/request_token");
    assert_eq!(ask(post(&of("bob")).bearer_auth(token).json(&json!({}))).await.0, 403);
    let (status, openid) = ask(post(&of("alice")).bearer_auth(token).json(&json!({}))).await;
    assert_eq!((status, &openid["matrix_server_name"]), (200, &json!("one.test")));

    assert_eq!(ask(post("/_matrix/client/v3/logout").bearer_auth(token)).await.0, 200);
    assert!(homeserver.devices().is_empty());
    assert_eq!(ask(post(&of("alice")).bearer_auth(token).json(&json!({}))).await.0, 401);
}

#[tokio::test]
async fn a_login_token_works_once() {
    let ca = Ca::new();
    let homeserver = Homeserver::start("one.test", &ca);
    homeserver.has_user("alice", "wordpass");
    homeserver.offers(&[Flow::Sso]);
    let asked = [("redirectUrl", "https://id.example/you?state=s"), ("user", "alice")];
    let back = leads(&homeserver, &ca, "/sso", &asked).await.unwrap();
    assert_eq!(query(&back, "state"), "s");
    let login = json!({ "type": "m.login.token", "token": query(&back, "loginToken") });
    let post = || client(&homeserver, &ca).post(url(&homeserver, "/_matrix/client/v3/login")).json(&login);
    assert_eq!(ask(post()).await.0, 200);
    assert_eq!(ask(post()).await.0, 403);
}

#[tokio::test]
async fn a_code_works_once_and_only_with_the_verifier() {
    let ca = Ca::new();
    let (homeserver, id) = with_oauth(&ca).await;
    for wrong in [
        ("code_verifier", "another"),
        ("redirect_uri", "https://id.example/you/"),
        ("client_id", "another"),
        ("code", "another"),
    ] {
        let code = code(&homeserver, &ca, &id).await;
        let refused = redeem(&homeserver, &ca, &[wrong], &code, &id).await;
        assert_eq!(refused, (400, json!({ "error": "invalid_grant" })), "{wrong:?}");
    }
    let code = code(&homeserver, &ca, &id).await;
    let (status, granted) = redeem(&homeserver, &ca, &[], &code, &id).await;
    assert_eq!(status, 200);
    assert_eq!(redeem(&homeserver, &ca, &[], &code, &id).await.0, 400);
    let device = Device { user_id: "@alice:one.test".to_owned(), device_id: "ABCDEFGHIJ".to_owned() };
    assert_eq!(homeserver.devices(), [device]);

    let form = [("token", granted["access_token"].as_str().unwrap())];
    assert_eq!(ask(client(&homeserver, &ca).post(url(&homeserver, "/oauth2/revoke")).form(&form)).await.0, 200);
    assert!(homeserver.devices().is_empty());
}

#[tokio::test]
async fn there_is_no_redirect_to_an_unregistered_client() {
    let ca = Ca::new();
    let (homeserver, id) = with_oauth(&ca).await;
    let asked =
        [("response_type", "code"), ("client_id", &id), ("redirect_uri", "https://evil.example/"), ("user", "alice")];
    assert_eq!(leads(&homeserver, &ca, "/oauth2/authorize", &asked).await, None);
}
