//! `/you`: the data of somebody with a Matrix account.

use reqwest::Method;
use serde_json::{Value, json};

use crate::app::{App, link};
use crate::browser::Browser;
use crate::sign_in::{PASSWORD, signs_in};
use crate::world::World;

const ADDRESS: &str = "alice@example.com";

/// Opens a browser at the page of `@alice:hs.example`.
async fn at_you(world: &World) -> Browser {
    world.homeserver.has_user("alice", PASSWORD);
    let browser = Browser::open(world).await;
    browser.visit("/you").await;
    signs_in(&browser).await;
    browser.reads("Your data").await;
    browser
}

/// Has a link sent to the oldest address, follows it, and returns to the page.
async fn confirms(browser: &Browser, world: &World) {
    browser.click("Send me a link").await;
    browser.says("We have sent you a link.").await;
    browser.examine("you-link-sent").await;
    let mail = world.mail.wait_for(|mail| mail.to == [ADDRESS] && mail.text().contains("/unlock?")).await;
    browser.visit(&link(&mail, "/unlock?")).await;
    browser.reads("Are you asking to see your data?").await;
    browser.examine("confirm").await;
    browser.click("Yes, that was me").await;
    browser.reads("Confirmed").await;
    browser.examine("confirm-done").await;
    browser.visit("/you").await;
    browser.says(ADDRESS).await;
}

/// Makes every binding so old that it confirms everything.
fn days_pass(world: &World) {
    world.execute("UPDATE bindings SET bound_at = bound_at - 3 * 86400000");
}

/// Makes every session this many minutes older.
fn minutes_pass(world: &World, minutes: u32) {
    let older = format!("proved_at = proved_at - {minutes} * 60000, proof_at = proof_at - {minutes} * 60000");
    world.execute(&format!("UPDATE visits SET {older}"));
}

#[tokio::test]
async fn the_terms_are_accepted_in_french() {
    let world = World::start().await;
    world.homeserver.has_user("alice", PASSWORD);
    let app = App::of(&world, "alice").await;
    let account = async || app.asks(Method::GET, "/account", json!({})).await;
    assert_eq!(account().await, (403, "M_TERMS_NOT_SIGNED".to_owned()));
    let browser = Browser::open_in(&world, "fr").await;
    browser.visit("/you").await;
    browser.reads("Se connecter").await;
    browser.type_into("Votre identifiant Matrix", "@alice:hs.example").await;
    browser.click("Continuer").await;
    browser.type_into("Votre mot de passe Matrix", PASSWORD).await;
    browser.click("Se connecter avec le mot de passe").await;
    browser.reads("Vos données").await;
    browser.examine("you-fr").await;
    let open = "Vous n’avez pas accepté ce document.";
    browser.click("J’accepte la version 1.0").await;
    browser.says("Votre accord a été enregistré.").await;
    assert_eq!(browser.words().await.matches(open).count(), 1, "the other one is left");
    browser.click("J’accepte la version 1.0").await;
    browser.says_no_more(open).await;
    assert!(browser.words().await.contains("1.0 (fr)"), "what was read was the French document");
    assert_eq!(account().await.0, 200);
}

#[tokio::test]
async fn people_see_and_remove_their_addresses() {
    let world = World::start().await;
    let app = App::ready(&world, "alice").await;
    app.binds(ADDRESS).await;
    app.binds("alice@work.example").await;
    days_pass(&world);
    app.invites("bob@example.com", "Garden").await;
    let browser = at_you(&world).await;
    browser.says("a•••@e•••").await;
    browser.says("a•••@w•••").await;
    browser.says("b•••@e•••").await;
    browser.says_no_more(ADDRESS).await;
    browser.examine("you-masked").await;
    confirms(&browser, &world).await;
    browser.says("alice@work.example").await;
    browser.says("bob@example.com").await;
    browser.examine("you").await;
    browser.click(&format!("Remove {ADDRESS}")).await;
    browser.examine("you-remove").await;
    browser.click("Remove this address").await;
    browser.says("The address has been removed. Nobody can find you by it any more.").await;
    browser.examine("you-removed").await;
    assert_eq!(app.looks_up(ADDRESS).await, None);
    assert_eq!(app.looks_up("alice@work.example").await.as_deref(), Some("@alice:hs.example"));
}

#[tokio::test]
async fn all_addresses_are_removed_at_once() {
    let world = World::start().await;
    let app = App::ready(&world, "alice").await;
    app.binds(ADDRESS).await;
    app.binds("alice@work.example").await;
    days_pass(&world);
    let browser = at_you(&world).await;
    browser.says_no_more("Remove all addresses").await;
    confirms(&browser, &world).await;
    browser.click("Remove all addresses").await;
    browser.click("Remove them all").await;
    browser.says("Nobody can find you by an address.").await;
    assert_eq!(app.looks_up(ADDRESS).await, None);
}

#[tokio::test]
async fn an_app_cannot_renew_a_withdrawn_consent() {
    let world = World::start().await;
    let app = App::ready(&world, "alice").await;
    let browser = at_you(&world).await;
    browser.click("Withdraw everything I have agreed to").await;
    browser.click("Withdraw everything").await;
    browser.says("Your agreement has been withdrawn.").await;
    browser.examine("you-withdrawn").await;
    let account = async || app.asks(Method::GET, "/account", json!({})).await;
    assert_eq!(account().await, (403, "M_TERMS_NOT_SIGNED".to_owned()));
    assert_eq!(app.accepts_everything().await, (403, "M_FORBIDDEN".to_owned()));
    assert_eq!(account().await, (403, "M_TERMS_NOT_SIGNED".to_owned()));
    for _ in 0..2 {
        browser.click("I agree to version 1.0").await;
        browser.says("Your agreement has been recorded.").await;
    }
    assert_eq!(account().await.0, 200);
}

#[tokio::test]
async fn a_fresh_sign_in_can_download_everything() {
    let world = World::start().await;
    let app = App::ready(&world, "alice").await;
    app.binds(ADDRESS).await;
    let browser = at_you(&world).await;
    browser.click("Download everything").await;
    browser.says("Confirm one of your addresses first").await;
    confirms(&browser, &world).await;
    minutes_pass(&world, 6);
    browser.click("Download everything").await;
    browser.says("Please sign in again before you download everything").await;
    browser.examine("sign-in-again").await;
    signs_in(&browser).await;
    browser.says("You have just signed in, so you can download everything now.").await;
    browser.click("Download everything").await;
    let export: Value = serde_json::from_str(&browser.downloaded("my-data.json").await).unwrap();
    assert_eq!(export["user_id"], app.mxid);
    assert!(export.to_string().contains(ADDRESS), "{export}");
}

#[tokio::test]
async fn signing_out_everywhere_includes_the_app() {
    let world = World::start().await;
    let app = App::ready(&world, "alice").await;
    let browser = at_you(&world).await;
    browser.click("Sign out everywhere").await;
    browser.click("Sign out everywhere now").await;
    browser.says("All your apps and all your other sessions have been signed out.").await;
    assert_eq!(app.asks(Method::GET, "/account", json!({})).await.0, 401);
}

#[tokio::test]
async fn everything_is_erased_once_the_matrix_id_is_typed() {
    let world = World::start().await;
    let (alice, bob) = (App::ready(&world, "alice").await, App::ready(&world, "bob").await);
    alice.binds(ADDRESS).await;
    let browser = at_you(&world).await;
    confirms(&browser, &world).await;
    browser.click("See what will be erased").await;
    browser.reads("Erase everything?").await;
    browser.examine("erase").await;
    browser.type_into("Your Matrix ID", "@alice:hs.exmaple").await;
    browser.click("Erase everything now").await;
    browser.says("Nothing was erased.").await;
    browser.examine("erase-mistyped").await;
    assert_eq!(bob.looks_up(ADDRESS).await.as_deref(), Some("@alice:hs.example"));
    browser.type_into("Your Matrix ID", "@alice:hs.example").await;
    browser.click("Erase everything now").await;
    browser.reads("Everything has been erased").await;
    browser.says("Your receipt").await;
    browser.examine("erased").await;
    assert_eq!(bob.looks_up(ADDRESS).await, None);
    assert_eq!(alice.asks(Method::GET, "/account", json!({})).await.0, 401);
    browser.visit("/you").await;
    browser.reads("Sign in").await;
}

#[tokio::test]
async fn somebody_without_a_readable_address_erases_later_and_its_reader_stops_that() {
    let world = World::start().await;
    let alice = App::ready(&world, "alice").await;
    alice.binds(ADDRESS).await;
    let browser = at_you(&world).await;
    browser.click("See what will be erased").await;
    browser.says("we erase everything in three days").await;
    browser.examine("erase-later").await;
    browser.type_into("Your Matrix ID", "@alice:hs.example").await;
    browser.click("Erase everything in three days").await;
    browser.says("Everything will be erased in three days. We have told your addresses.").await;
    browser.examine("you-erasure-requested").await;
    browser.click("See or stop this").await;
    browser.says("Please sign in again").await;
    signs_in(&browser).await;
    browser.says("Stop the erasure").await;
    browser.examine("erase-pending").await;
    let mail = world.mail.wait_for(|mail| mail.to == [ADDRESS] && mail.text().contains("/erasure?")).await;
    browser.visit(&link(&mail, "/erasure?")).await;
    browser.reads("Stop the erasure?").await;
    browser.examine("erasure").await;
    browser.click("It wasn’t me. Also sign all apps and sessions of this account out of this server.").await;
    browser.click("Stop the erasure").await;
    browser.reads("The erasure has been stopped").await;
    browser.examine("erasure-stopped").await;
    assert_eq!(alice.asks(Method::GET, "/account", json!({})).await.0, 401);
    browser.visit("/you").await;
    browser.reads("Sign in").await;
}

#[tokio::test]
async fn after_signing_out_one_must_sign_in_again() {
    let world = World::start().await;
    let browser = at_you(&world).await;
    browser.says("id.example stores nothing about you").await;
    browser.examine("you-nothing").await;
    browser.click("Sign out").await;
    browser.reads("You have signed out").await;
    browser.visit("/you").await;
    browser.reads("Sign in").await;
}
