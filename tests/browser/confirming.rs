//! Opening the link in a mail, and entering the code of a text message.

use std::fs;

use crate::app::{App, link};
use crate::browser::Browser;
use crate::world::World;

const MAIL_LINK: &str = "/submitToken?";

#[tokio::test]
async fn the_link_in_the_mail_validates_the_address() {
    let world = World::start().await;
    let app = App::ready(&world, "alice").await;
    let (_, mail) = app.asks_to_prove("alice@example.com").await;
    let link = link(&mail, MAIL_LINK);
    let browser = Browser::open(&world).await;
    browser.visit(&link).await;
    browser.reads("Your address is confirmed").await;
    browser.examine("confirmed").await;
    browser.visit(&link).await;
    browser.reads("Your address was already confirmed").await;
    browser.examine("confirmed-already").await;
    browser.visit(&link.replace("token=", "token=x")).await;
    browser.reads("This link does not work").await;
    browser.examine("confirmed-wrong").await;
}

#[tokio::test]
async fn a_link_that_has_expired_says_so() {
    let world = World::start().await;
    let app = App::ready(&world, "alice").await;
    let (_, mail) = app.asks_to_prove("alice@example.com").await;
    world.execute("UPDATE sessions SET modified_at = modified_at - 90000000");
    let browser = Browser::open(&world).await;
    browser.visit(&link(&mail, MAIL_LINK).replace("lang=en", "lang=fr")).await;
    browser.reads("Ce lien a expiré").await;
    browser.examine("confirmed-expired").await;
}

#[tokio::test]
async fn a_code_can_be_wrong_a_few_times_only() {
    let world = World::start_with(&[("SMS__DIRECTORY", "{folder}/sms")]).await;
    let app = App::ready(&world, "alice").await;
    let sid = app.asks_to_prove_phone("7700900001").await;
    let code = code(&world);
    let wrong = if code == "000000" { "111111" } else { "000000" };
    let path = |code: &str| App::code_path(&sid, code);
    let browser = Browser::open(&world).await;
    browser.visit(&path(wrong)).await;
    browser.reads("This code is wrong").await;
    browser.examine("code-wrong").await;
    for _ in 0..4 {
        browser.visit(&path(wrong)).await;
    }
    browser.visit(&path(&code)).await;
    browser.reads("This code has expired").await;
    browser.examine("code-expired").await;
}

/// Returns the code at the end of the only text message.
fn code(world: &World) -> String {
    let mut texts = fs::read_dir(world.folder.path().join("sms")).unwrap().map(|entry| entry.unwrap().path());
    let text = texts.find(|path| path.extension().is_some_and(|extension| extension == "txt")).unwrap();
    fs::read_to_string(text).unwrap().trim_end().rsplit_once('#').unwrap().1.to_owned()
}
