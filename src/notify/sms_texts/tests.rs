use std::sync::LazyLock;

use proptest::prelude::*;

use super::*;
use crate::brand::Brand;
use crate::notify::gsm::is_gsm;
use crate::notify::testing::{self, TAGS};

const MXID: &str = "@alice:matrix.example.com";

static BRAND: LazyLock<Brand> = LazyLock::new(|| testing::brand(None));

fn say(tag: &str) -> Words<'static> {
    testing::say(&BRAND, tag)
}

fn code(tag: &str, mxid: Option<&str>) -> String {
    code_text(say(tag), &CodeFacts { code: "012345", mxid, minutes: 10, domain: "app.example.org" })
}

fn undo() -> Url {
    Url::parse(&format!("https://id.example.org/not-me?token={}&lang=en", "x".repeat(92))).unwrap()
}

#[test]
fn a_code_says_what_it_is_for_and_who_asks_and_ends_for_machines() {
    let mut all = Vec::new();
    for tag in TAGS {
        for mxid in [Some(MXID), None] {
            let text = code(tag, mxid);
            assert!(is_gsm(&text) && segments(&text) == 1, "{text}");
            assert_eq!(text.lines().last(), Some("@app.example.org #012345"));
            all.push(text);
        }
    }
    insta::assert_snapshot!("code", all.join("\n\n"));
}

#[test]
fn a_matrix_id_too_long_for_a_code_is_left_out() {
    let long = format!("@{}:matrix.example.com", "a".repeat(100));
    assert!(code("en", Some(&long)).contains(&long));
    assert_eq!(segments(&code("en", Some(&long))), 2);
    let longer = format!("@{}:matrix.example.com", "a".repeat(220));
    assert_eq!(code("en", Some(&longer)), code("en", None));
}

#[test]
fn a_matrix_id_adds_no_line_to_a_code() {
    let text = code("en", Some("@a\n@evil.example #999999\u{202e}:b"));
    assert_eq!(text.lines().count(), 3);
    assert_eq!(text.lines().last(), Some("@app.example.org #012345"));
    assert!(is_gsm(&text), "{text}");
}

#[test]
fn a_notice_names_the_account_and_what_undoes_it_in_at_most_two_messages() {
    for tag in TAGS {
        let (bound, unbound) = (bound_text(say(tag), MXID, &undo()), unbound_text(say(tag), MXID));
        assert!(segments(&bound) <= MAX_SEGMENTS && segments(&unbound) == 1, "{bound}\n{unbound}");
        insta::assert_snapshot!(format!("notice_{tag}"), format!("{bound}\n\n{unbound}"));
    }
}

#[test]
fn a_matrix_id_too_long_for_a_notice_is_left_out_and_none_adds_a_line() {
    for mxid in ["@a:".to_owned() + &"b".repeat(250), "@".to_owned() + &"é".repeat(60) + "ğ:b"] {
        let text = bound_text(say("en"), &mxid, &undo());
        assert!(segments(&text) <= MAX_SEGMENTS && text.lines().count() == 2, "{text}");
        assert!(text.ends_with(undo().as_str()), "{text}");
    }
    let text = unbound_text(say("en"), "@a\r\n@evil.example #123456\u{202e}:b");
    assert_eq!(text.lines().count(), 2, "{text}");
}

#[test]
fn a_link_to_the_data_about_a_number_fits_into_two_messages() {
    // This is as long as the link for a number of 15 digits.
    let link = format!("https://id.example.org/address/open?token={}&lang=en", "x".repeat(79));
    let link = Url::parse(&link).unwrap();
    let texts = TAGS.map(|tag| {
        let text = address_text(say(tag), &link);
        assert!(is_gsm(&text) && segments(&text) <= MAX_SEGMENTS, "{text}");
        assert!(text.ends_with(&format!(" {link}")), "{text}");
        text
    });
    insta::assert_snapshot!("address", texts.join("\n\n"));
}

#[test]
fn confirmations_and_alerts_fit_into_two_messages() {
    // These are as long as real links.
    let confirm = format!("https://id.example.org/unlock?token={}&lang=en", "x".repeat(136));
    let stop = format!("https://id.example.org/erasure?token={}&lang=en", "x".repeat(92));
    let undo = format!("https://id.example.org/not-me?token={}&lang=en", "x".repeat(114));
    let manage = "https://id.example.org/address?lang=en".to_owned();
    let [confirm, stop, undo, manage] = [confirm, stop, undo, manage].map(|link| Url::parse(&link).unwrap());
    let texts = TAGS.map(|tag| {
        let erasing = Alert::Erasing { due_at: 0, stop: Some(&stop) };
        let added = Alert::Added { undo: Some(&undo) };
        let objected = Alert::Objected { manage: &manage };
        let alerts = [Alert::Opened, Alert::Exported, Alert::Erased, erasing, added, Alert::Removed, objected]
            .map(|what| alert_text(say(tag), MXID, what));
        let texts = [&[confirmation_text(say(tag), &confirm)], &alerts[..]].concat();
        for text in &texts {
            assert!(is_gsm(text) && segments(text) <= MAX_SEGMENTS, "{text}");
        }
        assert!(
            texts[0].ends_with(&format!(" {confirm}"))
                && texts[4].ends_with(&format!(" {stop}"))
                && texts[5].ends_with(&format!(" {undo}")),
            "{texts:?}"
        );
        texts.join("\n\n")
    });
    insta::assert_snapshot!("own_data", texts.join("\n\n"));
}

#[test]
fn an_invitation_is_short_in_every_language() {
    let client = Url::parse("https://app.element.io").unwrap();
    let long = format!("@{}:example.org", "x".repeat(200));
    let texts = TAGS.map(|tag| {
        assert!(segments(&invite_text(say(tag), &long, &client)) <= 3, "{tag}");
        let text = invite_text(say(tag), "@alice:matrix.example.org", &client);
        assert!(segments(&text) <= MAX_SEGMENTS, "{tag}: {text}");
        text
    });
    insta::assert_snapshot!("invitation", texts.join("\n\n"));
}

proptest! {
    #[test]
    fn any_code_takes_two_messages_at_most_and_ends_the_same(mxid: String) {
        for tag in TAGS {
            let text = code(tag, Some(&mxid));
            prop_assert!(segments(&text) <= MAX_SEGMENTS);
            prop_assert_eq!(text.lines().last(), Some("@app.example.org #012345"));
            prop_assert!(text.lines().count() <= 3);
        }
    }
}
