//! Invited to a room by mail.

use crate::app::{App, link};
use crate::browser::Browser;
use crate::world::World;

const ADDRESS: &str = "carol@example.com";

/// A browser at the page to which the mail of an invitation leads.
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
async fn who_is_invited_reads_by_whom_and_where_and_says_no() {
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
async fn who_is_invited_is_not_invited_again_if_he_says_so() {
    let world = World::start().await;
    let browser = at_invitation(&world).await;
    browser.click("Never list or invite me").await;
    browser.reads("You will not be invited again").await;
    browser.examine("invited-objected").await;
    let bob = App::ready(&world, "bob").await;
    assert_eq!(bob.tries_to_invite(ADDRESS).await.1, "M_EMAIL_SEND_ERROR");
}
