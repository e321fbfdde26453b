//! Undoing what somebody else did with an address.

use reqwest::Method;
use serde_json::json;
use vouch_test_support::mail_sink::Message;

use crate::app::{App, link};
use crate::browser::Browser;
use crate::world::World;

const ADDRESS: &str = "victim@example.com";

#[tokio::test]
async fn one_button_undoes_a_bind_by_somebody_else() {
    let world = World::start().await;
    let mallory = App::ready(&world, "mallory").await;
    mallory.binds(ADDRESS).await;
    let notice = world.mail.wait_for(|mail| mail.to == [ADDRESS] && !mail.text().contains("/submitToken?")).await;
    let browser = Browser::open(&world).await;
    browser.visit(&link(&notice, "/not-me?")).await;
    browser.reads("Wasn’t this you?").await;
    browser.says("@mallory:hs.example").await;
    browser.examine("not-me").await;
    assert_eq!(mallory.looks_up(ADDRESS).await.as_deref(), Some("@mallory:hs.example"), "to look changes nothing");
    browser.click("This wasn’t me").await;
    browser.reads("Done. The link has been removed").await;
    browser.examine("not-me-undone").await;
    assert_eq!(mallory.looks_up(ADDRESS).await, None);
    browser.visit(&link(&notice, "/not-me?")).await;
    browser.reads("There is nothing left to undo").await;
    browser.examine("not-me-settled").await;
}

#[tokio::test]
async fn a_request_by_somebody_else_can_be_cancelled() {
    let world = World::start().await;
    let mallory = App::ready(&world, "mallory").await;
    let (_, mail) = mallory.asks_to_prove(ADDRESS).await;
    let browser = Browser::open_in(&world, "fr").await;
    browser.visit(&link(&mail, "/not-me?").replace("lang=en", "lang=fr")).await;
    browser.reads("Ce n’était pas vous ?").await;
    browser.examine("not-me-asked").await;
    browser.click("Ce n’était pas moi").await;
    browser.reads("La demande est annulée").await;
    browser.examine("not-me-cancelled").await;
    browser.visit("/not-me?token=wrong").await;
    browser.reads("Ce lien ne fonctionne pas").await;
    browser.examine("not-me-wrong").await;
}

#[tokio::test]
async fn the_reader_of_an_older_address_removes_one_that_somebody_else_has_added() {
    let world = World::start().await;
    let alice = App::ready(&world, "alice").await;
    alice.binds("alice@example.com").await;
    alice.binds(ADDRESS).await;
    let told = |mail: &Message| mail.to == ["alice@example.com"] && mail.subject().starts_with("An address was added");
    let alert = world.mail.wait_for(told).await;
    let browser = Browser::open_in(&world, "de").await;
    browser.visit(&link(&alert, "/not-me?").replace("lang=en", "lang=de")).await;
    browser.says("Wenn du das nicht warst, klick auf den Knopf.").await;
    browser.examine("not-me-added").await;
    browser.click("Das war ich nicht").await;
    browser.reads("Die neue Adresse ist entfernt").await;
    browser.examine("not-me-removed").await;
    assert_eq!(alice.asks(Method::GET, "/account", json!({})).await.0, 401);
}
