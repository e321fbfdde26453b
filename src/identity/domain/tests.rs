use std::collections::HashMap;

use idna::punycode;
use proptest::prelude::*;

use super::*;

fn ascii(text: &str) -> Option<String> {
    Domain::parse(text).map(|domain| domain.ascii)
}

fn unicode(text: &str) -> Option<String> {
    Domain::parse(text).and_then(|domain| domain.unicode)
}

#[test]
fn every_spelling_of_a_domain_has_one_canonical_form() {
    for (spellings, canonical) in [
        (
            &[
                "example.com",
                "EXAMPLE.com",
                "eXample.Com",
                "ｅｘａｍｐｌｅ.com",
                "example。com",
                "example．com",
                "example｡com",
            ][..],
            "example.com",
        ),
        (
            &[
                "bücher.example",
                "BÜCHER.example",
                "Bücher.Example",
                "bu\u{308}cher.example",
                "BU\u{308}CHER.EXAMPLE",
                "ｂücher.example",
                "bücher。example",
                "xn--bcher-kva.example",
                "XN--BCHER-KVA.example",
                "Xn--Bcher-Kva.EXAMPLE",
            ],
            "xn--bcher-kva.example",
        ),
        (&["straße.example", "STRAẞE.example", "Straße.EXAMPLE", "xn--strae-oqa.example"], "xn--strae-oqa.example"),
        (&["strasse.example", "STRASSE.example", "ſtraſſe.example"], "strasse.example"),
        (&["βόλος.example", "xn--nxasmm1c.example"], "xn--nxasmm1c.example"),
        (&["βόλοσ.example", "ΒΌΛΟΣ.example", "xn--nxasmq6b.example"], "xn--nxasmq6b.example"),
        (&["\u{212A}elvin.example", "Kelvin.example", "kelvin.example"], "kelvin.example"),
        (&["\u{212B}.example", "Å.example", "å.example", "A\u{30A}.example", "xn--5ca.example"], "xn--5ca.example"),
        (&["ﬁrma.example", "firma.example", "FIRMA.example"], "firma.example"),
        (&["İ.example", "i\u{307}.example", "xn--i-9bb.example"], "xn--i-9bb.example"),
        (&["ı.example", "xn--cfa.example"], "xn--cfa.example"),
        (&["نامه\u{200C}ای.com", "xn--mgba3gch31f060k.com"], "xn--mgba3gch31f060k.com"),
        (&["نامهای.com", "xn--mgba3gch31f.com"], "xn--mgba3gch31f.com"),
        (&["ශ\u{DCA}\u{200D}ර\u{DD3}.com", "xn--10cl1a0b660p.com"], "xn--10cl1a0b660p.com"),
        (&["例え。テスト", "例え.テスト", "xn--r8jz45g.xn--zckzah", "例え.xn--zckzah"], "xn--r8jz45g.xn--zckzah"),
        (
            &["موقع.وزارة-الاتصالات.مصر", "xn--4gbrim.xn----ymcbaaajlc6dj7bxne2c.xn--wgbh1c"],
            "xn--4gbrim.xn----ymcbaaajlc6dj7bxne2c.xn--wgbh1c",
        ),
        (&["ตัวอย่าง.ไทย", "xn--72c1a1bt4awk9o.xn--o3cw4h"], "xn--72c1a1bt4awk9o.xn--o3cw4h"),
        (
            &["한글.한국", "\u{1112}\u{1161}\u{11AB}\u{1100}\u{1173}\u{11AF}.한국", "xn--bj0bj06e.xn--3e0b707e"],
            "xn--bj0bj06e.xn--3e0b707e",
        ),
        // Latin and Cyrillic letters that look alike are different domains.
        (&["аpple.example", "xn--pple-43d.example"], "xn--pple-43d.example"),
        (&["my_host.a-b--c.example"], "my_host.a-b--c.example"),
    ] {
        for spelling in spellings {
            assert_eq!(ascii(spelling).as_deref(), Some(canonical), "{spelling}");
        }
    }
}

#[test]
fn the_unicode_form_is_that_of_the_canonical_form() {
    for (typed, expected) in [
        ("BÜCHER.example", Some("bücher.example")),
        ("xn--bcher-kva.example", Some("bücher.example")),
        ("STRAẞE.example", Some("straße.example")),
        ("例え。xn--zckzah", Some("例え.テスト")),
        ("İ.example", Some("i\u{307}.example")),
        ("ﬁrma.example", None),
        ("example.com", None),
        // Emoji are not valid in this form.
        ("xn--ls8h.example", None),
    ] {
        assert_eq!(unicode(typed).as_deref(), expected, "{typed}");
    }
}

#[test]
fn domains_that_are_not_valid_are_refused() {
    let label = "a".repeat(64);
    let long = vec!["a".repeat(49); 5].join(".") + ".example";
    let long_a_label = format!("{}.example", "ü".repeat(60));
    for text in [
        "",
        ".",
        "example",
        "bücher",
        "xn--bcher-kva",
        "localhost",
        "LOCALHOST",
        "ｌocalhost",
        "mail.localhost",
        "localhost.localdomain",
        "localhost6.localdomain6",
        "example.com.",
        "bücher.example。",
        ".example.com",
        "a..example",
        "a.。example",
        "-a.example",
        "a-.example",
        "-ü.example",
        "ü-.example",
        "a.example-",
        "127.0.0.1",
        "１２７.0.0.1",
        "a.1",
        "a.٣",
        "1.0x7f",
        "[127.0.0.1]",
        "[IPv6:::1]",
        "::1",
        "a b.example",
        "a%b.example",
        "a/b.example",
        "a=b.example",
        "a\u{AD}b.example",
        "a\u{200B}b.example",
        "a\u{2060}b.example",
        "a\u{FE0F}b.example",
        "a\u{34F}b.example",
        "a\u{180B}b.example",
        "a\u{E0041}b.example",
        "a\u{202E}b.example",
        "\u{3164}.example",
        // The joiners are valid only where they are visible.
        "a\u{200C}b.example",
        "a\u{200D}b.example",
        "example.com\u{200D}",
        "xn--ab-m1t.example",
        "ⓑücher.example",
        "½.example",
        "x².example",
        "a\u{2488}example",
        "a\u{2024}example",
        "a\u{FE52}b.example",
        "a\u{FF05}b.example",
        "a／b.example",
        "😀.example",
        "\u{FFFD}.example",
        "ﷺ.example",
        "\u{378}.example",
        "\u{E000}.example",
        "\u{301}a.example",
        "\u{94D}a.example",
        // Labels with mixed directions.
        "אa.example",
        "aא.example",
        "א1٣.example",
        "1א.example",
        // A-labels that decode to nothing, to ASCII only, or to something that is not canonical.
        "xn--.example",
        "xn--a.example",
        "xn--example-.com",
        "xn--a-ecp.example",
        "xn--99999999.example",
        "xn--bcher-kvá.example",
        "bücher.xn--",
        &format!("{}.example", fake("bÜcher")),
        &format!("{}.example", fake("bu\u{308}cher")),
        &format!("{}.example", fake("ﬁrma")),
        &format!("{}.example", fake("a\u{AD}ü")),
        &format!("{}.example", fake("ẞ")),
        &format!("{}.example", fake("\u{301}a")),
        &format!("{}.example", fake("אa")),
        &format!("{}.example", fake("ü.com")),
        &format!("{}.example", fake("xn--ü")),
        &format!("{}.example", fake("例。え")),
        &format!("{label}.example"),
        &long,
        &long_a_label,
    ] {
        assert_eq!(ascii(text), None, "{text:?}");
    }
}

/// Encodes a label as an A-label without checking whether it is valid.
fn fake(label: &str) -> String {
    format!("xn--{}", punycode::encode_str(label).unwrap())
}

#[test]
fn labels_have_63_bytes_at_most_and_domains_253() {
    assert!(ascii(&format!("{}.example", "a".repeat(63))).is_some());
    let longest = [vec!["a".repeat(48); 5].join("."), "b".repeat(8)].join(".");
    assert_eq!(longest.len(), 253);
    assert!(ascii(&longest).is_some());
    assert!(ascii(&format!("{longest}b")).is_none());
}

/// Returns a domain as browsers read it: the same standard, from the URL standard's side.
fn as_in_urls(domain: &str) -> Option<String> {
    match url::Host::parse(domain) {
        Ok(url::Host::Domain(domain)) => Some(domain),
        _ => None,
    }
}

#[test]
fn no_character_leads_to_another_domain() {
    let mut by_unicode = HashMap::new();
    for c in '\0'..=char::MAX {
        // Alone, and between letters that join to it.
        for text in [format!("{c}.example"), format!("ب{c}ب.example")] {
            let Some(domain) = Domain::parse(&text) else { continue };
            assert_eq!(Some(&domain.ascii), as_in_urls(&text).as_ref(), "{text:?}");
            let spelled = domain.unicode.clone().unwrap_or(domain.ascii.clone());
            let same = Domain::parse(&spelled).unwrap_or_else(|| panic!("{spelled:?} of {text:?}"));
            assert_eq!((&same.ascii, &same.unicode), (&domain.ascii, &domain.unicode), "{text:?}");
            assert_eq!(by_unicode.entry(spelled).or_insert_with(|| domain.ascii.clone()), &domain.ascii, "{text:?}");
        }
    }
    // Checks that the test has covered what it is meant to.
    assert!(by_unicode.len() > 150_000, "{}", by_unicode.len());
}

proptest! {
    #[test]
    fn fuzz_every_form_is_the_same_domain(text in "[a-zA-ZßẞſςΣİıKÅﬁüÜ\u{308}\u{200C}\u{200D}ⅷｂ。．｡אبہ०क्9_-]{1,9}(\\.(xn--)?[a-zß-]{1,6}){1,2}") {
        if let Some(domain) = Domain::parse(&text) {
            prop_assert!(domain.ascii.is_ascii() && domain.ascii.len() <= 253);
            prop_assert_eq!(ascii(&domain.ascii), Some(domain.ascii.clone()));
            if let Some(form) = &domain.unicode {
                prop_assert_eq!(ascii(form), Some(domain.ascii.clone()));
                prop_assert_eq!(ascii(&form.to_lowercase()), Some(domain.ascii.clone()));
            }
            prop_assert_eq!(as_in_urls(&text), Some(domain.ascii));
        }
    }

    #[test]
    fn fuzz_any_a_label_is_canonical_or_refused(code in "[a-z0-9-]{1,20}") {
        let text = format!("xn--{code}.example");
        if let Some(domain) = Domain::parse(&text) {
            prop_assert_eq!(domain.ascii, text);
        }
    }

    #[test]
    fn fuzz_parsing_never_panics(text in "\\PC*|.*|[a.\\-\\PC]*") {
        let _ = Domain::parse(&text);
    }
}
