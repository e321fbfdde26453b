//! Invitations to a room by mail.

use crate::app::{App, link};
use crate::browser::Browser;
use crate::world::World;

const ADDRESS: &str = "carol@example.com";

/// Opens a browser at the page that an invitation's mail links to.
async fn at_invitation(world: &World) -> Browser {
    let alice = App::ready(world, "alice").await;
    alice.invites(ADDRESS, "Garden").await;
    let mail = world.mail.wait_for(|mail| mail.to == [ADDRESS] && mail.text().contains("/invited?")).await;
    let browser = Browser::open(world).await;
    browser.visit(&link(&mail, "/invited?")).await;
    browser.says("@alice:hs.example").await;
    browser
}

#[tokio::test]
async fn an_invited_person_sees_who_invited_them_and_can_refuse() {
    let world = World::start().await;
    let browser = at_invitation(&world).await;
    browser.says("Garden").await;
    browser.says("What is Matrix?").await;
    browser.examine("invited").await;
    browser.click("Delete this invitation").await;
    browser.reads("The invitation has been deleted").await;
    browser.examine("invited-declined").await;
}

#[tokio::test]
async fn an_invited_person_can_object_to_further_invitations() {
    let world = World::start().await;
    let browser = at_invitation(&world).await;
    browser.click("I object").await;
    browser.reads("You will not be invited again").await;
    browser.examine("invited-objected").await;
    let bob = App::ready(&world, "bob").await;
    assert_eq!(bob.tries_to_invite(ADDRESS).await.1, "M_EMAIL_SEND_ERROR");
}
