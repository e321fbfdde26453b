//! Managing an address without an account.

use crate::app::{App, link};
use crate::browser::Browser;
use crate::world::World;

const ADDRESS: &str = "carol@example.com";

/// Requests a link, and opens the one in the mail.
async fn opens(world: &World, browser: &Browser) {
    browser.visit("/address").await;
    browser.type_into("Your email address or phone number", ADDRESS).await;
    browser.click("Send me a link").await;
    browser.reads("Check your messages").await;
    let mail = world.mail.wait_for(|mail| mail.to == [ADDRESS] && mail.text().contains("/address/open?")).await;
    browser.visit(&link(&mail, "/address/open?")).await;
    browser.reads("Is this your address?").await;
}

#[tokio::test]
async fn people_without_an_account_see_and_remove_an_addresss_data() {
    let world = World::start().await;
    let (alice, mallory) = (App::ready(&world, "alice").await, App::ready(&world, "mallory").await);
    mallory.binds(ADDRESS).await;
    let browser = Browser::open(&world).await;
    browser.visit("/address").await;
    browser.examine("address").await;
    browser.type_into("Your email address or phone number", "carol").await;
    browser.click("Send me a link").await;
    browser.says("Enter an email address, such as").await;
    browser.examine("address-mistyped").await;
    opens(&world, &browser).await;
    browser.examine("address-open").await;
    browser.click("See what is stored").await;
    browser.reads("What we store about your address").await;
    browser.says("@mallory:hs.example").await;
    browser.examine("address-held").await;
    browser.click("Remove this link").await;
    browser.says("Nobody can be found by your address any more").await;
    browser.examine("address-removed").await;
    assert_eq!(alice.looks_up(ADDRESS).await, None);
    browser.click("End my session").await;
    browser.says("You have signed out.").await;
    browser.examine("address-left").await;
}

/// A mail scanner follows every link; that must neither sign it in nor change anything.
#[tokio::test]
async fn a_link_that_a_scanner_opened_still_works() {
    let world = World::start().await;
    let mallory = App::ready(&world, "mallory").await;
    mallory.binds(ADDRESS).await;
    let browser = Browser::open(&world).await;
    opens(&world, &browser).await;
    let opened = browser.url().await;
    let scanner = Browser::open(&world).await;
    scanner.visit(opened.as_str()).await;
    scanner.visit("/address/held").await;
    assert!(!scanner.words().await.contains("mallory"));
    browser.click("See what is stored").await;
    browser.says("@mallory:hs.example").await;
    assert_eq!(mallory.looks_up(ADDRESS).await.as_deref(), Some("@mallory:hs.example"));
}

#[tokio::test]
async fn an_objecting_address_is_neither_invited_nor_listed_until_withdrawal() {
    let world = World::start().await;
    let alice = App::ready(&world, "alice").await;
    alice.invites(ADDRESS, "Garden").await;
    let browser = Browser::open(&world).await;
    opens(&world, &browser).await;
    browser.click("See what is stored").await;
    browser.says("@alice:hs.example").await;
    browser.click("I object").await;
    browser.says("Your objection has been recorded").await;
    browser.says("You objected on").await;
    browser.examine("address-objected").await;
    assert_eq!(alice.tries_to_invite(ADDRESS).await.1, "M_EMAIL_SEND_ERROR");
    browser.click("I no longer object").await;
    browser.says("Your objection has been withdrawn").await;
    assert_eq!(alice.tries_to_invite(ADDRESS).await.0, 200);
}

/// The page is the same for an unknown address.
#[tokio::test]
async fn the_page_does_not_reveal_whether_an_address_is_known() {
    let world = World::start().await;
    let mallory = App::ready(&world, "mallory").await;
    mallory.binds(ADDRESS).await;
    let browser = Browser::open(&world).await;
    let mut answers = Vec::new();
    for address in [ADDRESS, "nobody@example.com"] {
        browser.visit("/address").await;
        browser.type_into("Your email address or phone number", address).await;
        browser.click("Send me a link").await;
        browser.reads("Check your messages").await;
        answers.push(browser.words().await);
    }
    browser.examine("address-sent").await;
    assert_eq!(answers[0], answers[1]);
}
