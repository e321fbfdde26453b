//! Policies, in force and superseded.

use std::fs;
use std::path::Path;

use crate::browser::Browser;
use crate::world::World;

#[tokio::test]
async fn a_policy_can_be_read_in_each_of_its_languages() {
    let world = World::start().await;
    let browser = Browser::open(&world).await;
    browser.visit("/policies").await;
    browser.reads("Policies").await;
    browser.examine("policies").await;
    browser.click("Privacy Policy").await;
    browser.reads("Privacy Policy").await;
    assert_eq!(browser.url().await.path(), "/policies/privacy_policy/1.0/en");
    browser.says("What we store, and for how long").await;
    browser.examine("policy").await;
    browser.click("Français").await;
    browser.reads("Politique de confidentialité").await;
    assert_eq!(browser.language().await, "fr");
    browser.examine("policy-fr").await;
}

#[tokio::test]
async fn an_earlier_version_links_to_the_one_in_force() {
    let folder = tempfile::tempdir().unwrap();
    let terms = folder.path().join("policies/terms_of_service");
    let shipped = Path::new(env!("CARGO_MANIFEST_DIR")).join("policies/terms_of_service/1.0/en.md");
    for version in ["1.0", "2.0"] {
        fs::create_dir_all(terms.join(version)).unwrap();
        fs::copy(&shipped, terms.join(version).join("en.md")).unwrap();
    }
    let newer = terms.join("2.0/en.md");
    let text = fs::read_to_string(&newer)
        .unwrap()
        .replace("You can remove an address at any time", "You may remove an address");
    fs::write(&newer, format!("{text}\nAnd **one more** thing, with [a link](https://example.org/more).\n")).unwrap();
    let world = World::start_in(folder, &[("TERMS__DIRECTORY", "{folder}/policies")]).await;
    let browser = Browser::open(&world).await;
    browser.visit("/policies").await;
    browser.says("Earlier versions").await;
    browser.examine("policies-earlier").await;
    browser.visit("/policies/terms_of_service/1.0/en").await;
    browser.says("This is an earlier version, kept for reference.").await;
    browser.examine("policy-earlier").await;
    let old = browser.url().await;
    browser.click("Terms of Service").await;
    browser.says("This is the current version.").await;
    assert_eq!(browser.url().await, old.join("../2.0/en").unwrap());
    browser.visit("/policies/terms_of_service/2.0/en/changes?since=1.0").await;
    browser.says("And one more thing").await;
    browser.examine("policy-changes").await;
}

#[tokio::test]
async fn the_retention_table_has_its_own_page() {
    let world = World::start().await;
    let browser = Browser::open(&world).await;
    browser.visit("/").await;
    browser.click("What we store, and for how long").await;
    browser.reads("What we store, and for how long").await;
    browser.examine("retention").await;
}
