//! Keyboard use, and printing.

use serde_json::{Value, json};

use crate::app::{App, link};
use crate::browser::{Browser, Light, Screen};
use crate::driver::key;
use crate::world::World;

#[tokio::test]
async fn tab_follows_the_reading_order_with_visible_focus() {
    let world = World::start().await;
    let browser = Browser::open(&world).await;
    browser.visit("/").await;
    let mut order = Vec::new();
    loop {
        let focused = browser.tab().await;
        if focused.is_empty() || order.contains(&focused) {
            break;
        }
        assert!(browser.focus_is_seen().await, "{focused}");
        order.push(focused);
    }
    let start: Vec<&str> = order.iter().map(String::as_str).take(6).collect();
    assert_eq!(start, ["Skip to content", "Example", "Deutsch", "English", "Español", "Français"]);
    let end: Vec<&str> = order.iter().map(String::as_str).rev().take(3).collect();
    assert_eq!(end, ["What we store", "Policies", "Home"]);
}

#[tokio::test]
async fn the_first_link_skips_to_the_content() {
    let world = World::start().await;
    let browser = Browser::open(&world).await;
    browser.visit("/").await;
    assert_eq!(browser.tab().await, "Skip to content");
    browser.keep_picture("home-skip").await;
    browser.press(key::ENTER).await;
    assert_eq!(browser.url().await.fragment(), Some("content"));
    assert_eq!(browser.tab().await, "Your data", "what comes next is in the content");
}

#[tokio::test]
async fn a_bind_can_be_undone_with_the_keyboard_alone() {
    let world = World::start().await;
    let mallory = App::ready(&world, "mallory").await;
    let (_, mail) = mallory.asks_to_prove("victim@example.com").await;
    let browser = Browser::open(&world).await;
    browser.look(Screen::NarrowPhone, Light::Night).await;
    browser.visit(&link(&mail, "/not-me?")).await;
    while browser.tab().await != "This wasn’t me" {}
    assert!(browser.focus_is_seen().await);
    browser.press(key::ENTER).await;
    browser.reads("The request has been cancelled").await;
}

#[tokio::test]
async fn a_policy_is_printed_in_black_on_white_without_what_only_a_screen_needs() {
    let world = World::start().await;
    let browser = Browser::open(&world).await;
    browser.visit("/policies/privacy_policy/1.0/en").await;
    browser.look_at_print().await;
    let hidden = "return ['.languages', '.skip'].map((name) => document.querySelector(name).checkVisibility())";
    assert_eq!(browser.run(hidden, vec![]).await, json!([false, false]));
    let ink = "const { color, backgroundColor } = getComputedStyle(document.body); return [color, backgroundColor]";
    assert_eq!(browser.run(ink, vec![]).await, json!(["rgb(0, 0, 0)", "rgb(255, 255, 255)"]));
    browser.keep_picture("policy-print").await;
}

impl Browser {
    /// Returns whether the focused element has a visible outline.
    pub(crate) async fn focus_is_seen(&self) -> bool {
        let script = "
            const { outlineStyle, outlineWidth } = getComputedStyle(document.activeElement);
            const { top, bottom, left, right } = document.activeElement.getBoundingClientRect();
            const onScreen = bottom > 0 && top < innerHeight && right > 0 && left < innerWidth;
            return outlineStyle !== 'none' && parseFloat(outlineWidth) >= 2 && onScreen;
        ";
        self.run(script, vec![]).await == Value::Bool(true)
    }
}
