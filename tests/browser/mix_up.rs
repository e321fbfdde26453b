//! OAuth mix-up: a homeserver that names somebody else's endpoints, where its user also has an
//! account, to obtain their code or token.

use reqwest::{Method, StatusCode};
use serde_json::json;
use vouch_test_support::homeserver::Flow;

use crate::browser::Browser;
use crate::signing_in::{ALICE, with_alice};

/// The homeserver answers with metadata that names somebody else's endpoints, where its user may
/// also have an account: the code, or the token for it, would go to the homeserver.
#[tokio::test]
async fn a_homeserver_that_names_the_endpoints_of_somebody_else_is_refused() {
    let world = with_alice(&[Flow::OAuth, Flow::Password, Flow::Sso]).await;
    let browser = Browser::open(&world).await;
    let (own, other) = ("https://hs.example/", "https://account.honest.example/");
    let below = |base: &str, path: &str| format!("{base}oauth2/{path}");
    let metadata = |issuer: &str, authorization: &str, others: &str| {
        json!({
            "issuer": issuer,
            "authorization_endpoint": below(authorization, "authorize"),
            "token_endpoint": below(others, "token"),
            "registration_endpoint": below(others, "registration"),
            "revocation_endpoint": below(others, "revoke"),
        })
    };
    let deep = "https://hs.example.honest.example/";
    let mut stories = vec![
        metadata(own, other, own),
        metadata(other, other, own),
        metadata(other, other, other),
        metadata(own, other, other),
        metadata(other, own, own),
        metadata(deep, deep, deep),
        metadata("https://notahs.example/", own, own),
        metadata("https://example/", "https://example/", "https://example/"),
        metadata("http://hs.example/", own, own),
        metadata(own, "https://account.hs.example/", own),
    ];
    let mut nameless = metadata(own, own, own);
    nameless.as_object_mut().unwrap().remove("issuer");
    stories.push(nameless);
    for story in stories {
        let path = "/_matrix/client/v1/auth_metadata";
        world.homeserver.answers_clients(Method::GET, path, StatusCode::OK, story.clone());
        browser.visit("/you").await;
        browser.names(ALICE).await;
        browser.is_told("hs.example sends you to somebody else’s server to sign in.").await;
        browser.says_no_more("Sign in at hs.example").await;
        browser.says_no_more("Sign in with password").await;
        assert_eq!(browser.kept().await, json!({}), "{story}");
    }
    assert!(browser.sent().await.iter().all(|sent| sent.method == "GET"), "nobody was given anything");
}

#[tokio::test]
async fn an_authorization_server_on_a_separate_host_is_usual() {
    let world = with_alice(&[Flow::OAuth]).await;
    let browser = Browser::open(&world).await;
    let at = |path: &str| format!("https://account.hs.example/{path}");
    let metadata = json!({
        "issuer": "https://auth.hs.example/", "authorization_endpoint": at("authorize"), "token_endpoint": at("token"),
        "registration_endpoint": at("registration"), "revocation_endpoint": at("revoke"),
    });
    let path = "/_matrix/client/v1/auth_metadata";
    world.homeserver.answers_clients(Method::GET, path, StatusCode::OK, metadata);
    browser.visit("/you").await;
    browser.names(ALICE).await;
    browser.says("Sign in at hs.example").await;
    let site = "return ['account.matrix.org', 'hs.example', 'a.b.co.uk', 'auth.ccc.de', 'a.ne.jp', '192.0.2.1', '[2001:db8::1]', \
                'localhost'].map(site)";
    let sites = browser.run(site, vec![]).await;
    assert_eq!(
        sites,
        json!(["matrix.org", "hs.example", "b.co.uk", "ccc.de", "a.ne.jp", "192.0.2.1", "[2001:db8::1]", "localhost"])
    );
}

/// RFC 9207: the answer names its issuer, if the issuer says that it does so.
#[tokio::test]
async fn a_code_of_another_issuer_is_not_redeemed() {
    let world = with_alice(&[Flow::OAuth]).await;
    let at = |path: &str| format!("https://hs.example/oauth2/{path}");
    for (names_issuer, iss) in [
        (false, "&iss=https%3A%2F%2Faccount.honest.example%2F"),
        (true, ""),
        (true, "&iss=https%3A%2F%2Fhs.example"),
        (true, "&iss=https%3A%2F%2Fhs.example%2F&iss=https%3A%2F%2Faccount.honest.example%2F"),
    ] {
        let metadata = json!({
            "issuer": "https://hs.example/", "authorization_endpoint": at("authorize"), "token_endpoint": at("token"),
            "registration_endpoint": at("registration"), "revocation_endpoint": at("revoke"),
            "authorization_response_iss_parameter_supported": names_issuer,
        });
        let path = "/_matrix/client/v1/auth_metadata";
        world.homeserver.answers_clients(Method::GET, path, StatusCode::OK, metadata);
        let registered = json!({ "client_id": "vouch" });
        world.homeserver.answers_clients(Method::POST, "/oauth2/registration", StatusCode::CREATED, registered);
        let browser = Browser::open(&world).await;
        browser.visit("/you").await;
        browser.names(ALICE).await;
        browser.click("Sign in at hs.example").await;
        browser.reads("This request cannot be granted").await;
        let state = browser.url().await.query_pairs().find(|(name, _)| name == "state").unwrap().1.into_owned();
        browser.visit(&format!("/you/sign-in#state={state}&code=stolen{iss}")).await;
        browser.is_told("Too much time has passed, or you started in another window.").await;
        let redeemed = world.homeserver.requests().iter().any(|request| request.uri().path() == "/oauth2/token");
        assert!(!redeemed, "{names_issuer} {iss}");
    }
}

/// A login token names no issuer, so a mix-up cannot be told from a correct answer. The page says
/// whose page opens, and the token goes only to that homeserver.
#[tokio::test]
async fn single_sign_on_says_whose_page_opens_and_gives_the_token_to_nobody_else() {
    let world = with_alice(&[Flow::Sso]).await;
    let browser = Browser::open(&world).await;
    browser.visit("/you").await;
    browser.names(ALICE).await;
    browser.says("Single sign-on opens a page of hs.example. If that page belongs to a different homeserver").await;
    browser.type_into("Your Matrix ID", "@alice:hs.exampl").await;
    browser.says_no_more("Single sign-on opens a page").await;
    browser.names(ALICE).await;
    browser.click("Single sign-on at hs.example").await;
    browser.reads("Sign in to hs.example").await;
    let back = browser.url().await.query_pairs().find(|(name, _)| name == "redirectUrl").unwrap().1.into_owned();
    let (_, state) = back.split_once("state=").unwrap();
    browser.visit(&format!("/you/sign-in?state={state}&loginToken=of-another-homeserver")).await;
    browser.is_told("Too much time has passed, or you started in another window.").await;
    let given: Vec<_> = browser.sent().await.into_iter().filter(|sent| sent.body.contains("of-another")).collect();
    assert!(!given.is_empty() && given.iter().all(|sent| sent.url.host_str() == Some("hs.example")), "{given:?}");
}
