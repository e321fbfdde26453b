//! Signing in through the homeserver's single sign-on, downloading everything, and erasing it.

use reqwest::Method;
use serde_json::{Value, json};
use vouch_test_support::cas::Cas;

use super::{open, opens_the_confirmation, signed_in_for_a_moment, start};
use crate::browser::Browser;

const EMAIL: &str = "alice@mail.example";

/// Signs in through the homeserver's single sign-on.
async fn signs_in(browser: &Browser, mxid: &str) {
    browser.type_into("Your Matrix ID", mxid).await;
    browser.click("Continue").await;
    browser.click("Single sign-on at hs.example").await;
    browser.reads("Single sign-on").await;
    browser.click("Yes, it is me").await;
    browser.reads("Continue to your account").await;
    browser.click("Continue").await;
}

#[tokio::test]
async fn after_single_sign_on_everything_can_be_downloaded_and_erased() {
    let cas = Cas::start("alice");
    let world = start(Some(&cas.url())).await;
    let (alice, bob) = (world.person("alice").await, world.person("bob").await);
    alice.binds(EMAIL).await;

    let browser = open(&world, "en").await;
    browser.visit(&format!("{}/you", world.vouch.url)).await;
    signs_in(&browser, &alice.mxid).await;
    browser.reads("Your data").await;
    browser.says("a•••@m•••").await;
    assert!(!browser.url().await.as_str().contains("loginToken"));
    signed_in_for_a_moment(&alice, &browser).await;

    browser.click("Send me a link").await;
    browser.says("We have sent you a link.").await;
    opens_the_confirmation(&browser, &world, EMAIL).await;
    browser.click("Yes, that was me").await;
    browser.reads("Confirmed").await;
    browser.visit(&format!("{}/you", world.vouch.url)).await;
    browser.says(EMAIL).await;
    browser.click("Download everything").await;
    let held: Value = serde_json::from_str(&browser.downloaded("my-data.json").await).unwrap();
    assert_eq!(held["user_id"], alice.mxid);
    assert_eq!(held["bindings"][0]["address"], EMAIL);
    assert_eq!(held["account"]["consents"].as_array().map(Vec::len), Some(2), "{held}");

    // A sign-in is good for one purpose; what was confirmed stays so.
    browser.click("See what will be erased").await;
    browser.says("Please sign in again").await;
    signs_in(&browser, &alice.mxid).await;
    browser.reads("Erase everything?").await;
    browser.type_into("Your Matrix ID", "@alice:other.example").await;
    browser.click("Erase everything now").await;
    browser.says("Nothing was erased").await;
    assert_eq!(bob.looks_up(EMAIL).await, Some(alice.mxid.clone()));
    browser.type_into("Your Matrix ID", &alice.mxid).await;
    browser.click("Erase everything now").await;
    browser.reads("Everything has been erased").await;
    browser.click("Download the receipt").await;
    let receipt: Value = serde_json::from_str(&browser.downloaded("erasure-receipt.json").await).unwrap();
    assert_eq!((&receipt["user_id"], &receipt["erased"]["bindings"]), (&json!(alice.mxid), &json!(1)), "{receipt}");

    assert_eq!(bob.looks_up(EMAIL).await, None);
    let account = alice.identity_server(Method::GET, "/account", json!({})).await;
    assert_eq!(account.error(), (401, "M_UNAUTHORIZED"));
    // The web session has ended too.
    browser.visit(&format!("{}/you", world.vouch.url)).await;
    browser.reads("Sign in").await;
}
