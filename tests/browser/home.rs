//! The start page, and the page for missing paths.

use crate::browser::Browser;
use crate::world::World;

/// The languages of the pages: tag, own name, and heading of the start page.
pub const LANGUAGES: [(&str, &str, &str); 4] = [
    ("en", "English", "Matrix identity server"),
    ("fr", "Français", "Serveur d’identité Matrix"),
    ("de", "Deutsch", "Matrix-Identitätsserver"),
    ("es", "Español", "Servidor de identidad de Matrix"),
];

#[tokio::test]
async fn the_start_page_can_be_read_in_every_language() {
    let world = World::start().await;
    let browser = Browser::open(&world).await;
    browser.visit("/").await;
    for (tag, name, heading) in LANGUAGES {
        browser.click(name).await;
        browser.reads(heading).await;
        assert_eq!((browser.language().await.as_str(), browser.title().await), (tag, format!("{heading} · Example")));
        browser.examine(&format!("home-{tag}")).await;
    }
}

#[tokio::test]
async fn a_french_browser_is_answered_in_french() {
    let world = World::start().await;
    for (languages, tag, heading) in [
        ("fr-CA,fr,en", "fr", "Serveur d’identité Matrix"),
        ("de-AT,en", "de", "Matrix-Identitätsserver"),
        ("es-MX,en", "es", "Servidor de identidad de Matrix"),
        ("nl,it", "en", "Matrix identity server"),
    ] {
        let browser = Browser::open_in(&world, languages).await;
        browser.visit("/").await;
        browser.reads(heading).await;
        assert_eq!(browser.language().await, tag, "{languages}");
    }
}

#[tokio::test]
async fn the_start_page_links_to_the_policies_and_back_in_the_chosen_language() {
    let world = World::start().await;
    let browser = Browser::open(&world).await;
    browser.visit("/?lang=fr").await;
    browser.click("Conditions et politiques").await;
    browser.reads("Conditions et politiques").await;
    browser.click("Accueil").await;
    browser.reads("Serveur d’identité Matrix").await;
}

#[tokio::test]
async fn a_missing_page_says_so() {
    let world = World::start().await;
    let browser = Browser::open(&world).await;
    browser.visit("/nowhere").await;
    browser.reads("Page not found").await;
    browser.examine("missing").await;
    browser.click("Home").await;
    browser.reads("Matrix identity server").await;
}
