//! Signing in with a password, in French.

use reqwest::Method;
use serde_json::json;

use super::person::{PASSWORD, Person};
use super::world::{Answer, World};
use super::{open, opens_the_confirmation, signed_in_for_a_moment, start, synapse, told_the_password};
use crate::browser::Browser;

const EMAIL: &str = "alice@mail.example";

/// Signs in on a page of Vouch that asks for it.
async fn signs_in(browser: &Browser, mxid: &str) {
    browser.reads("Se connecter").await;
    browser.type_into("Votre identifiant Matrix", mxid).await;
    browser.click("Continuer").await;
    browser.type_into("Votre mot de passe Matrix", PASSWORD).await;
    browser.click("Se connecter avec le mot de passe").await;
    browser.reads("Vos données").await;
}

/// Accepts both policies, in French.
async fn accepts(browser: &Browser) {
    browser.click("J’accepte la version 1.0").await;
    browser.says("Votre accord a été enregistré.").await;
    browser.click("J’accepte la version 1.0").await;
    browser.says_no_more("J’accepte la version").await;
    browser.says("1.0 (fr)").await;
}

/// Returns the app's status and errcode for a request that needs accepted terms.
async fn app_asks(person: &Person<'_>) -> Answer {
    person.identity_server(Method::GET, "/account", json!({})).await
}

async fn arrive(world: &World) -> (Person<'_>, Browser) {
    let mut alice = Person::join(world, "alice").await;
    alice.registers().await;
    let browser = open(world, "fr-FR,fr,en").await;
    browser.visit(&format!("{}/you", world.vouch.url)).await;
    signs_in(&browser, &alice.mxid).await;
    (alice, browser)
}

#[tokio::test]
async fn an_app_cannot_renew_a_consent_withdrawn_on_the_page() {
    let world = start(None).await;
    let (alice, browser) = arrive(&world).await;
    signed_in_for_a_moment(&alice, &browser).await;
    assert_eq!(told_the_password(&browser).await, [synapse::NAME]);
    assert_eq!(app_asks(&alice).await.error(), (403, "M_TERMS_NOT_SIGNED"));
    accepts(&browser).await;
    app_asks(&alice).await.ok();

    browser.click("Retirer tout ce que j’ai accepté").await;
    browser.click("Tout retirer").await;
    browser.says("Votre accord a été retiré.").await;
    assert_eq!(app_asks(&alice).await.error(), (403, "M_TERMS_NOT_SIGNED"));
    assert_eq!(alice.would_accept_the_terms().await.error(), (403, "M_FORBIDDEN"));
    assert_eq!(app_asks(&alice).await.error(), (403, "M_TERMS_NOT_SIGNED"));

    accepts(&browser).await;
    app_asks(&alice).await.ok();
}

#[tokio::test]
async fn an_address_bound_by_the_app_can_be_removed_on_the_page() {
    let world = start(None).await;
    let (alice, browser) = arrive(&world).await;
    browser.says("Aucune adresse ne permet de vous trouver.").await;
    accepts(&browser).await;
    alice.binds(EMAIL).await;
    let bob = world.person("bob").await;
    assert_eq!(bob.looks_up(EMAIL).await, Some(alice.mxid.clone()));

    let page = format!("{}/you", world.vouch.url);
    browser.visit(&page).await;
    browser.click("M’envoyer un lien").await;
    browser.says("Nous vous avons envoyé un lien.").await;
    opens_the_confirmation(&browser, &world, EMAIL).await;
    browser.click("Oui, c’était moi").await;
    browser.reads("C’est confirmé").await;
    browser.visit(&page).await;
    browser.click(&format!("Retirer {EMAIL}")).await;
    browser.click("Retirer cette adresse").await;
    browser.says("L’adresse a été retirée.").await;
    browser.says("Aucune adresse ne permet de vous trouver.").await;
    assert_eq!(bob.looks_up(EMAIL).await, None);

    browser.click("Se déconnecter partout").await;
    browser.click("Se déconnecter partout maintenant").await;
    browser.says("Toutes vos applications et toutes vos autres sessions ont été déconnectées.").await;
    assert_eq!(app_asks(&alice).await.error(), (401, "M_UNAUTHORIZED"));
    app_asks(&bob).await.ok();
}

#[tokio::test]
async fn a_wrong_password_is_reported_and_can_be_corrected() {
    let world = start(None).await;
    let alice = Person::join(&world, "alice").await;
    let browser = open(&world, "fr").await;
    browser.visit(&format!("{}/you", world.vouch.url)).await;
    browser.type_into("Votre identifiant Matrix", &alice.mxid).await;
    browser.click("Continuer").await;
    browser.type_into("Votre mot de passe Matrix", "no-such-word").await;
    browser.click("Se connecter avec le mot de passe").await;
    browser.says("Identifiant Matrix ou mot de passe incorrect.").await;
    browser.type_into("Votre mot de passe Matrix", PASSWORD).await;
    browser.click("Se connecter avec le mot de passe").await;
    browser.reads("Vos données").await;
}
