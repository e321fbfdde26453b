use ruma_common::OwnedUserId;

use super::super::invited::Action;
use super::*;
use crate::notify::emails::DisplayName;
use crate::service::{Invitation, Landing};

/// Monday, 2026-11-23, 12:00 UTC.
const NOON: i64 = 1_795_435_200_000;

fn waiting(name: &str, apps: &[&str]) -> Landing {
    let link = |app: &&str| Url::parse(&format!("{app}/#/room/%21room%3Ab?email=a%40b&signurl=c")).unwrap();
    Landing::Waiting(Box::new(Invitation {
        sender: OwnedUserId::try_from("@bob:matrix.example.com").unwrap(),
        inviter: DisplayName::parse(name),
        room: DisplayName::parse(name),
        is_space: name.contains("Space"),
        links: apps.iter().map(link).collect(),
        until: NOON,
    }))
}

fn main(html: &str) -> &str {
    &html[html.find("<main").unwrap()..]
}

#[actix_web::test]
async fn an_invitation_is_shown_in_four_languages() {
    let bobs = waiting("Bob’s Space", &["https://app.element.io", "https://chat.example/app"]);
    for (tag, view) in views() {
        let page = view.invited("id.example.org", "t0ken", &bobs);
        assert_eq!(page.status().as_u16(), 200);
        let html = html(page).await;
        let switch = "href=\"?token=t0ken&#38;lang=es\" hreflang=\"es\"";
        assert!(html.contains(switch), "{}", bare(&html));
        insta::assert_snapshot!(format!("invited_{tag}"), main(&html));
    }
}

#[actix_web::test]
async fn unknown_facts_about_an_invitation_are_not_shown() {
    let page = view("en").invited("b", "t", &waiting("", &["https://app.element.io"]));
    let html = html(page).await;
    assert!(!html.contains("Name:") && !html.contains("Room:") && !html.contains("another web app"), "{}", main(&html));
    assert!(html.contains("Matrix ID: @bob:matrix.example.com"));
}

#[actix_web::test]
async fn the_outcome_of_an_invitation_is_shown_in_four_languages() {
    for (tag, view) in views() {
        for (name, landing, action, status) in [
            ("declined", waiting("", &["https://app.element.io"]), Action::Decline, 200),
            ("objected", waiting("", &["https://app.element.io"]), Action::Object, 200),
            ("delivered", Landing::Delivered, Action::Decline, 200),
            ("over", Landing::Over, Action::Object, 200),
            ("unknown", Landing::Unknown, Action::Object, 404),
        ] {
            let page = view.answered(action, &landing);
            assert_eq!(page.status().as_u16(), status, "{name}");
            assert_eq!(page.headers().get("Cache-Control").unwrap(), "no-store");
            assert_eq!(page.headers().get("X-Robots-Tag").unwrap(), "noindex, nofollow");
            insta::assert_snapshot!(format!("invited_{name}_{tag}"), main(&html(page).await));
        }
    }
}
