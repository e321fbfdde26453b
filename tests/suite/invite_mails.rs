//! The content of an invitation's mail, whatever a homeserver sends.

use serde_json::{Value, json};

use crate::invitations::{invitation, mailed_link, parameter};
use crate::world::{Person, World};

/// Invites Bob with additional fields, and returns the link to the invitation's page.
async fn invites_with(person: &Person<'_>, words: Value) -> String {
    person.world.mail.forget();
    let mut asked = invitation(person, "bob@example.com");
    asked.as_object_mut().unwrap().extend(words.as_object().unwrap().clone());
    person.post("/store-invite", asked).await.ok();
    mailed_link(person.world, person.server, "bob@example.com").await
}

fn world(mut world: World) -> World {
    world.config.budgets.invites_address.capacity = 100;
    world.config.budgets.invites_user.capacity = 100;
    world
}

#[tokio::test]
async fn the_mail_and_its_page_name_the_inviter_and_the_room() {
    let world = world(World::on_sqlite().await);
    let server = world.start().await;
    let alice = world.person(&server, "alice").await;
    let words = json!({
        "room_name": "Fish & Chips", "room_alias": "#fish:hs.example", "room_avatar_url": "mxc://hs.example/fish",
        "room_type": "m.space", "room_join_rules": "invite", "sender_display_name": "Alice + Co",
        "sender_avatar_url": "mxc://hs.example/alice",
    });
    let link = invites_with(&alice, words).await;
    let mail = world.mail.messages()[0].clone();
    for part in [mail.text(), mail.html().replace("&#38;", "&")] {
        for word in ["Alice + Co", alice.mxid.as_str(), "Space: Fish & Chips", "30 days", "Matrix is"] {
            assert!(part.contains(word), "{word} is not in {part}");
        }
    }
    for (name, value) in [
        ("email", "bob@example.com"),
        ("room_name", "Fish & Chips"),
        ("room_avatar_url", "mxc://hs.example/fish"),
        ("inviter_name", "Alice + Co"),
        ("room_type", "m.space"),
    ] {
        assert_eq!(parameter(&link, name), value);
    }
    assert!(!link.contains('+'), "some clients decode it as a space: {link}");

    let link = invites_with(&alice, json!({ "room_alias": "#fish:hs.example" })).await;
    assert_eq!(
        (parameter(&link, "room_name").as_str(), parameter(&link, "inviter_name")),
        ("#fish:hs.example", alice.mxid.clone())
    );
    assert!(world.mail.messages()[0].text().contains("Room: #fish:hs\u{b7}example\n"));
}

#[tokio::test]
async fn empty_and_malformed_optional_fields_are_ignored() {
    let world = world(World::on_sqlite().await);
    let server = world.start().await;
    let alice = world.person(&server, "alice").await;
    for nothing in [json!(""), json!(null), json!({}), json!([1]), json!(7), json!(false)] {
        let words = json!({
            "room_name": nothing, "room_alias": nothing, "room_avatar_url": nothing, "room_type": nothing,
            "room_join_rules": nothing, "sender_display_name": nothing, "sender_avatar_url": nothing,
            "org.matrix.web_client_location": nothing, "id_access_token": nothing, "whatever": nothing,
        });
        let link = invites_with(&alice, words).await;
        assert!(link.starts_with("https://app.element.io/#/room/"));
        assert_eq!((parameter(&link, "room_name"), parameter(&link, "room_type")), (String::new(), String::new()));
        let text = world.mail.messages()[0].text();
        assert!(text.contains(&alice.mxid) && !text.contains("Room:") && !text.contains("Name:"), "{text}");
    }
}

#[tokio::test]
async fn a_homeserver_can_choose_an_allowed_web_client() {
    let mut world = world(World::on_sqlite().await);
    world.config.invites.web_clients =
        ["https://chat.example", "https://web.example/app"].map(|url| url.parse().unwrap()).to_vec();
    let server = world.start().await;
    let alice = world.person(&server, "alice").await;
    for (named, begins) in [
        ("https://web.example/app", "https://web.example/app/#/room/"),
        ("https://web.example/app/", "https://web.example/app/#/room/"),
        ("https://chat.example", "https://chat.example/#/room/"),
        ("https://evil.example", "https://chat.example/#/room/"),
        ("https://chat.example.evil.example", "https://chat.example/#/room/"),
        ("https://chat.example@evil.example", "https://chat.example/#/room/"),
        ("https://web.example/app/../evil", "https://chat.example/#/room/"),
        ("javascript:alert(1)", "https://chat.example/#/room/"),
        ("//evil.example", "https://chat.example/#/room/"),
    ] {
        let link = invites_with(&alice, json!({ "org.matrix.web_client_location": named })).await;
        assert!(link.starts_with(begins), "{named}: {link}");
    }
}

#[tokio::test]
async fn text_from_a_homeserver_cannot_inject_markup_or_headers() {
    let world = world(World::on_sqlite().await);
    let server = world.start().await;
    let alice = world.person(&server, "alice").await;
    let long = "long ".repeat(1_500);
    let hostile = [
        "x\r\nBcc: victim@example.com\r\n\r\n<html>",
        "x\nSubject: y",
        "\r\n.\r\nQUIT\r\n",
        "--boundary\r\nContent-Type: text/html\r\n\r\n",
        "<img src=x onerror=alert(1)>",
        "\"><a href='https://evil.example'>click</a>",
        "\u{202e}elttil\u{200b}\u{feff}\u{2066}",
        "=?utf-8?q?encoded?=",
        "{{ say.brand }} { $mxid } %(token)s ${token}",
        long.as_str(),
    ];
    for text in hostile {
        let mut words = json!({});
        for name in [
            "room_name",
            "room_alias",
            "room_avatar_url",
            "room_join_rules",
            "room_type",
            "sender_display_name",
            "sender_avatar_url",
            "org.matrix.web_client_location",
        ] {
            words[name] = text.into();
        }
        let link = invites_with(&alice, words).await;
        assert!(
            link.starts_with("https://app.element.io/#/room/%21room%3Ahs.example?email=bob%40example.com&"),
            "{link}"
        );
        assert_eq!(world.mail.messages().len(), 1, "{text:.40}");
        let mail = world.mail.messages()[0].clone();
        assert_eq!(mail.to, ["bob@example.com"]);
        assert_eq!(mail.subject(), "You are invited to a conversation on Matrix");
        assert!(mail.header("Bcc").is_none());
        let raw = String::from_utf8(mail.raw.clone()).unwrap();
        assert!(raw.split("\r\n").all(|line| !line.contains(['\r', '\n']) && line.len() <= 998));
        let (body, html) = (mail.text(), mail.html());
        assert!(!body.contains(['\u{202e}', '\u{200b}', '\u{feff}', '\u{2066}']) && !html.contains('\u{202e}'));
        assert!(!body.lines().any(|line| line.starts_with("Bcc:") || line.starts_with("Subject:") || line == "."));
        assert!(!html.contains("<img") && !html.contains("<a href='"));
        assert!(body.len() < 6_000 && html.len() < 20_000, "{} {}", body.len(), html.len());
        assert!(!parameter(&link, "signurl").is_empty());
    }
}

#[tokio::test]
async fn large_fields_are_accepted_up_to_the_body_limit() {
    let world = world(World::on_sqlite().await);
    let server = world.start().await;
    let alice = world.person(&server, "alice").await;
    let huge = "x".repeat(10 * 1024);
    let names = ["room_name", "room_alias", "room_avatar_url", "sender_display_name", "sender_avatar_url"];
    let words: serde_json::Map<String, Value> = names.iter().map(|name| ((*name).to_owned(), json!(huge))).collect();
    let link = invites_with(&alice, words.into()).await;
    assert!(parameter(&link, "room_name").chars().count() <= 80 && parameter(&link, "room_avatar_url").is_empty());
    let mut asked = invitation(&alice, "bob@example.com");
    asked["room_name"] = "x".repeat(64 * 1024).into();
    assert_eq!(alice.post("/store-invite", asked).await.error(), (413, "M_TOO_LARGE"));
}
