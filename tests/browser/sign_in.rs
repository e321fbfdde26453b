//! Signing in with a Matrix account: what is sent to whom, and what remains afterwards.

use std::collections::BTreeSet;

use url::form_urlencoded;
use vouch_test_support::homeserver::Flow;

use crate::browser::Browser;
use crate::world::World;

/// Alice's password on the homeserver.
pub const PASSWORD: &str = "wordpass & more";

/// Signs in as `@alice:hs.example` with a password, from any page that asks for it.
pub async fn signs_in(browser: &Browser) {
    browser.type_into("Your Matrix ID", "@alice:hs.example").await;
    browser.click("Continue").await;
    browser.type_into("Your Matrix password", PASSWORD).await;
    browser.click("Sign in with password").await;
}

/// Asserts that only the homeserver saw its secrets, and that its session has ended.
async fn has_left_nothing_behind(browser: &Browser, world: &World) {
    assert!(world.homeserver.devices().is_empty(), "the temporary device is signed out");
    let authorized = world.homeserver.requests().into_iter();
    let tokens: BTreeSet<String> = authorized
        .filter_map(|request| request.headers().get("authorization")?.to_str().ok().map(str::to_owned))
        .filter_map(|header| header.strip_prefix("Bearer ").map(str::to_owned))
        .collect();
    assert!(!tokens.is_empty());
    let to_us = browser.sent().await.into_iter().filter(|sent| sent.url.host_str() == Some("id.example"));
    let mut proofs = 0;
    for sent in to_us {
        let all = format!("{} {}", sent.url, sent.body);
        assert!(!all.contains("wordpass") && !all.contains("more"), "{} {}", sent.method, sent.url.path());
        assert!(tokens.iter().all(|token| !all.contains(token)), "{} {}", sent.method, sent.url.path());
        if sent.url.path() == "/you/sign-in" && sent.method == "POST" {
            let names: Vec<String> =
                form_urlencoded::parse(sent.body.as_bytes()).map(|(name, _)| name.into_owned()).collect();
            assert_eq!(
                names,
                ["access_token", "matrix_server_name", "expires_in", "for"],
                "the OpenID token and nothing else"
            );
            proofs += 1;
        }
    }
    assert_eq!(proofs, 1);
}

#[tokio::test]
async fn a_password_is_sent_to_the_homeserver_only() {
    let world = World::start().await;
    world.homeserver.has_user("alice", PASSWORD);
    let browser = Browser::open(&world).await;
    browser.visit("/you").await;
    browser.reads("Sign in").await;
    browser.examine("sign-in").await;
    browser.type_into("Your Matrix ID", "@alice:hs.example").await;
    browser.click("Continue").await;
    browser.says("We found hs.example.").await;
    browser.examine("sign-in-password").await;
    browser.type_into("Your Matrix password", "wrong").await;
    browser.click("Sign in with password").await;
    browser.says("Wrong Matrix ID or password").await;
    // The console reports the homeserver's refusal, as expected.
    browser.type_into("Your Matrix password", PASSWORD).await;
    browser.click("Sign in with password").await;
    browser.reads("Your data").await;
    has_left_nothing_behind(&browser, &world).await;
}

#[tokio::test]
async fn single_sign_on_goes_to_the_homeservers_page_and_back() {
    let world = World::start().await;
    world.homeserver.has_user("alice", PASSWORD);
    world.homeserver.offers(&[Flow::Sso]);
    let browser = Browser::open(&world).await;
    browser.visit("/you").await;
    browser.type_into("Your Matrix ID", "@alice:hs.example").await;
    browser.click("Continue").await;
    browser.says("We found hs.example.").await;
    browser.examine("sign-in-sso").await;
    browser.click("Single sign-on at hs.example").await;
    browser.reads("Sign in to hs.example").await;
    browser.click("Continue as alice").await;
    browser.reads("Your data").await;
    has_left_nothing_behind(&browser, &world).await;
}

#[tokio::test]
async fn oauth_goes_to_the_homeservers_page_and_back() {
    let world = World::start().await;
    world.homeserver.has_user("alice", PASSWORD);
    world.homeserver.offers(&[Flow::OAuth, Flow::Password]);
    let browser = Browser::open(&world).await;
    browser.visit("/you").await;
    browser.type_into("Your Matrix ID", "@alice:hs.example").await;
    browser.click("Continue").await;
    browser.says("We found hs.example.").await;
    browser.examine("sign-in-oauth").await;
    browser.click("Sign in at hs.example").await;
    browser.reads("Sign in to hs.example").await;
    browser.click("Cancel").await;
    browser.says("You did not sign in at hs.example").await;
    browser.examine("sign-in-cancelled").await;
    browser.click("Continue").await;
    browser.click("Sign in at hs.example").await;
    browser.click("Continue as alice").await;
    browser.reads("Your data").await;
    has_left_nothing_behind(&browser, &world).await;
}

#[tokio::test]
async fn mistakes_and_missing_homeservers_are_reported_in_place() {
    let world = World::start().await;
    let browser = Browser::open(&world).await;
    browser.visit("/you").await;
    browser.type_into("Your Matrix ID", "alice").await;
    browser.click("Continue").await;
    browser.says("This is not a valid Matrix ID.").await;
    browser.examine("sign-in-mistyped").await;
    browser.type_into("Your Matrix ID", "@alice:nowhere.example").await;
    browser.click("Continue").await;
    browser.says("nowhere.example does not respond.").await;
}
