use std::sync::LazyLock;

use proptest::prelude::*;

use super::display_name::MAX_NAME;
use super::*;
use crate::brand::Brand;
use crate::clock::{DAY, HOUR, Millis};
use crate::notify::testing::{self, TAGS};

const MXID: &str = "@alice:matrix.example.com";
const HOMESERVER: &str = "matrix.example.com";
/// Monday, 2026-11-23, 12:00 UTC.
const NOON: Millis = 1_795_435_200_000;
const VALIDATION: &str =
    "https://id.example.org/_matrix/identity/v2/validate/email/submitToken?sid=s&client_secret=c&token=t";
const STOP: &str = "https://id.example.org/erasure?token=e&lang=en";
const UNDO: &str = "https://id.example.org/not-me?token=n&lang=en";
/// A Matrix ID with markup, a header, line breaks and invisible characters.
const HOSTILE: &str = "@<img src=x onerror=a>\"'\r\nBcc: x@y\u{202e}:evil.example\u{0}";

static BRAND: LazyLock<Brand> = LazyLock::new(|| testing::brand(Some("help@example.org")));

fn url(url: &str) -> Url {
    Url::parse(url).unwrap()
}

fn validation(say: Words<'_>, mxid: &str) -> Email {
    let (link, cancel, objecting) = (url(VALIDATION), url(UNDO), url("https://id.example.org/address?lang=en"));
    let (homeserver, lifetime) = (HOMESERVER, 24 * HOUR);
    let facts = ValidationFacts { mxid, homeserver, link: &link, lifetime, cancel: &cancel, objecting: &objecting };
    validation_email(say, facts).unwrap()
}

fn bound(say: Words<'_>, mxid: &str) -> Email {
    let (undo, objecting) = (url(UNDO), url("https://id.example.org/address?lang=en"));
    let facts = BoundFacts { mxid, homeserver: HOMESERVER, since: NOON, undo: &undo, objecting: &objecting };
    bound_email(say, facts).unwrap()
}

fn unbound(say: Words<'_>, mxid: &str, by: Remover) -> Email {
    let own_page = &url("https://id.example.org/you");
    unbound_email(say, UnboundFacts { mxid, homeserver: HOMESERVER, since: NOON, by, own_page }).unwrap()
}

fn invitation(say: Words<'_>, mxid: &str, inviter: &str, room: &str) -> Email {
    let link = url("https://id.example.org/invited?token=t0ken");
    let is_space = room.contains("space");
    let (inviter, room) = (DisplayName::parse(inviter), DisplayName::parse(room));
    let (inviter, room) = (inviter.as_ref(), room.as_ref());
    invite_email(say, InviteFacts { mxid, inviter, room, is_space, link: &link, lifetime: 30 * DAY }).unwrap()
}

/// Returns HTML without the elements that keep mail programs from making links.
fn dotted(html: &str) -> String {
    html.replace("<span>.</span>", ".")
}

fn confirmation(say: Words<'_>, mxid: &str) -> Email {
    let link = url("https://id.example.org/unlock?token=c&lang=en");
    let facts = ConfirmationFacts { mxid, homeserver: HOMESERVER, at: NOON, link: &link, lifetime: HOUR / 2 };
    confirmation_email(say, facts).unwrap()
}

fn alerted(say: Words<'_>, mxid: &str, what: Alert<'_>) -> Email {
    let own_page = url("https://id.example.org/you");
    alert_email(say, AlertFacts { mxid, homeserver: HOMESERVER, at: NOON, what, own_page: &own_page }).unwrap()
}

fn say(tag: &str) -> Words<'static> {
    testing::say(&BRAND, tag)
}

#[test]
fn every_email_reads_well_in_every_language() {
    for tag in TAGS {
        let link = url("https://id.example.org/address/open?token=t&lang=en");
        for (kind, email) in [
            ("validation", validation(say(tag), MXID)),
            ("address", address_email(say(tag), &link, HOUR).unwrap()),
            ("bound", bound(say(tag), MXID)),
            ("unbound", unbound(say(tag), MXID, Remover::Owner)),
            ("invite", invitation(say(tag), "@bob:matrix.example.com", "Bob Smith", "Bob’s Emporium")),
            ("confirmation", confirmation(say(tag), MXID)),
            ("opened", alerted(say(tag), MXID, Alert::Opened)),
            ("exported", alerted(say(tag), MXID, Alert::Exported)),
            ("erased", alerted(say(tag), MXID, Alert::Erased)),
            ("removed", alerted(say(tag), MXID, Alert::Removed)),
            ("added", alerted(say(tag), MXID, Alert::Added { undo: Some(&url(UNDO)) })),
            ("erasing", alerted(say(tag), MXID, Alert::Erasing { due_at: NOON + 3 * DAY, stop: Some(&url(STOP)) })),
            ("erasing_unstoppable", alerted(say(tag), MXID, Alert::Erasing { due_at: NOON + 3 * DAY, stop: None })),
        ] {
            insta::assert_snapshot!(format!("{kind}_{tag}_text"), format!("{}\n\n{}", email.subject, email.text));
            insta::assert_snapshot!(format!("{kind}_{tag}_html"), email.html);
        }
    }
}

#[test]
fn every_remover_is_named_differently_and_none_offers_a_link_that_binds_again() {
    for tag in TAGS {
        let removers =
            [Remover::Owner, Remover::Another, Remover::User, Remover::Homeserver, Remover::Reader, Remover::Operator];
        let mut texts = removers.map(|by| unbound(say(tag), MXID, by).text).to_vec();
        assert!(
            texts.iter().all(|text| text.matches("http").count() == text.matches("https://id.example.org/you").count()),
            "{texts:?}"
        );
        texts.sort();
        texts.dedup();
        assert_eq!(texts.len(), removers.len());
    }
}

#[test]
fn links_stand_on_lines_of_their_own_and_in_clear_in_the_html() {
    let email = validation(say("en"), MXID);
    assert!(email.text.lines().any(|line| line == VALIDATION));
    let escaped = VALIDATION.replace('&', "&#38;");
    assert_eq!(email.html.matches(&escaped).count(), 3, "button, link, and the link's own text");
    assert!(bound(say("en"), MXID).text.lines().any(|line| line == UNDO));
}

#[test]
fn the_contact_is_a_link() {
    let link = |html: &str, href: &str, text: &str| {
        let (_, rest) = html.split_once(&format!("href=\"{href}\"")).unwrap();
        assert!(rest.split_once('>').unwrap().1.starts_with(&format!("{text}</a></p>")), "{rest}");
    };
    link(&validation(say("en"), MXID).html, "mailto:help@example.org", "help@example.org");
    let brand = testing::brand(Some("https://example.org/help"));
    let email = bound(testing::say(&brand, "fr"), MXID);
    link(&email.html, "https://example.org/help", "https://example.org/help");
    assert!(email.text.contains("Des questions\u{202f}? https://example.org/help\n"), "{}", email.text);
    let without = testing::brand(None);
    assert!(!bound(testing::say(&without, "en"), MXID).html.contains("Questions?"));
}

#[test]
fn a_matrix_id_brings_no_markup_no_line_and_no_direction() {
    let emails = [
        validation(say("en"), HOSTILE),
        bound(say("en"), HOSTILE),
        unbound(say("en"), HOSTILE, Remover::Homeserver),
        invitation(say("en"), HOSTILE, HOSTILE, HOSTILE),
    ];
    for email in emails {
        assert!(dotted(&email.html).contains("@&#60;img src=x onerror=a&#62;&#34;&#39; Bcc: x@y:evil.example"));
        assert!(!email.html.contains("<img"));
        assert!(!email.text.lines().any(|line| line.starts_with("Bcc:")));
        assert!(!email.text.contains(['\u{202e}', '\u{0}', '\r']));
        assert!(!email.subject.contains("evil"), "{}", email.subject);
    }
    let long = "a".repeat(10_000);
    assert!(validation(say("en"), &long).text.len() < 2_000 && bound(say("en"), &long).text.len() < 2_000);
}

#[test]
fn the_logo_is_shown_only_if_it_is_attached() {
    let mut brand = testing::brand(None);
    let shows = |brand: &Brand| validation(testing::say(brand, "en"), MXID).html.contains("cid:logo");
    assert!(!shows(&brand));
    let logo = |media_type| crate::brand::Logo { media_type, bytes: [].into() };
    brand.logo = Some(logo("image/svg+xml"));
    assert!(!shows(&brand));
    brand.logo = Some(logo("image/png"));
    assert!(shows(&brand));
}

#[test]
fn an_invitation_stresses_the_matrix_id_and_not_the_chosen_name() {
    let email = invitation(say("en"), MXID, "Alice", "Garden");
    assert!(
        dotted(&email.html)
            .contains(&format!("<strong>Matrix ID: {MXID}</strong><br>Chosen name: Alice<br>Room: Garden"))
    );
    assert!(email.text.contains(&format!("\nMatrix ID: {MXID}\nChosen name: Alice\nRoom: Garden\n")));
}

#[test]
fn an_invitation_names_only_what_is_known() {
    let brand = testing::brand(None);
    let email = invitation(testing::say(&brand, "en"), "@bob:matrix.example.com", "", "");
    insta::assert_snapshot!("invite_bare_text", format!("{}\n\n{}", email.subject, email.text));
    assert!(invitation(say("en"), "@bob:b", "", "Our space").text.contains("\nSpace: Our space\n"));
}

#[test]
fn names_with_links_are_left_out() {
    for advertisement in ["Win at https://evil.example", "WWW.evil.example", "x HTTP://evil.example x"] {
        assert_eq!(DisplayName::parse(advertisement), None);
        assert!(!invitation(say("en"), "@bob:b", advertisement, advertisement).text.contains("evil"));
    }
    assert_eq!(DisplayName::parse("\u{200b}\u{202e} "), None);
    assert_eq!(DisplayName::parse(" Bob \n Smith ").unwrap().as_str(), "Bob Smith");
}

#[test]
fn nothing_that_others_choose_becomes_a_link() {
    let (mxid, name) =
        ("@evil.com/login:evil.example", "evil.com/login at evil\u{3002}com, tel:+18005550100 or 192.168.0.1");
    let emails = [
        validation(say("en"), mxid),
        bound(say("en"), mxid),
        unbound(say("en"), mxid, Remover::User),
        invitation(say("en"), mxid, name, &format!("#{name}")),
    ];
    for Email { html, text, .. } in emails {
        for part in [&html, &text] {
            assert!(
                !part.contains("evil.com") && !part.contains("evil\u{3002}") && !part.contains("192.168"),
                "{part}"
            );
            assert!(part.contains("@evil\u{b7}com/login:evil") && !part.contains("tel:+"), "{part}");
        }
        assert!(!html.contains("evil.example") && html.contains("evil<span>.</span>example"), "{html}");
    }
    let email = invitation(say("en"), "@bob:b", "Node.js fan", "J.R.R. Tolkien");
    assert!(email.text.contains("\nChosen name: Node\u{b7}js fan\nRoom: J.R.R. Tolkien\n"), "{}", email.text);
}

#[test]
fn long_names_are_cut() {
    let long = "å".repeat(10_000);
    let email = invitation(say("en"), "@bob:b", &long, &long);
    assert!(email.text.contains(&format!("{}…", "å".repeat(MAX_NAME - 1))));
    assert!(email.text.len() < 4_000 && email.html.len() < 10_000);
}

proptest! {
    #[test]
    fn a_name_is_one_line_of_visible_characters(text: String) {
        if let Some(name) = DisplayName::parse(&text) {
            prop_assert!(name.as_str().chars().count() <= MAX_NAME);
            prop_assert!(!name.as_str().contains(char::is_control));
            prop_assert_eq!(visible(name.as_str(), MAX_NAME), name.as_str());
        }
    }

    #[test]
    fn wrapping_changes_line_breaks_only(text in "[a-zé ]{0,300}") {
        let wrapped = wrapped(&text);
        let words = |text: &str| text.split_whitespace().map(ToOwned::to_owned).collect::<Vec<_>>();
        prop_assert_eq!(words(&wrapped), words(&text));
        let fits = |line: &str| line.trim_end().chars().count() <= WIDTH || !line.trim().contains(' ');
        prop_assert!(wrapped.lines().all(fits), "{}", wrapped);
    }
}
