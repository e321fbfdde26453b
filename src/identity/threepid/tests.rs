use std::collections::{HashMap, HashSet};

use proptest::prelude::*;

use super::*;

fn email(text: &str) -> Address {
    Address::email(text).expect("an address")
}

fn forms(address: &Address) -> Vec<String> {
    address.lookup_forms().collect()
}

#[test]
fn ordinary_addresses_are_accepted() {
    for text in [
        "alice@example.com",
        "first.last+tag@sub.example.co.uk",
        "o'neil_{x}=~`|^?#$&*!/-@example.com",
        "hi!@example.com",
        "!hi@example.com",
        "jalapeño@example.com",
        "jalapen\u{303}o@example.com",
        "用户@example.com",
        "उपयोगकर्ता@example.com",
        "ผู้ใช้ที่นี่@example.com",
        "தமிழ்@example.com",
        "বিড়াল@example.com",
        "مستخدم٣@example.com",
    ] {
        assert_eq!(email(text).as_str(), text);
    }
}

#[test]
fn a_domain_is_canonical_in_its_ascii_form() {
    for (typed, canonical) in [
        ("a@straße.example", "a@xn--strae-oqa.example"),
        ("a@strasse.example", "a@strasse.example"),
        ("Jalapeño@DÖMÄIN.example", "jalapeño@xn--dmin-moa0i.example"),
        ("用户@例子。广告", "用户@xn--fsqu00a.xn--4rr70v"),
        ("उपयोगकर्ता@उदाहरण.भारत", "उपयोगकर्ता@xn--p1b6ci4b4b3a.xn--h2brj9c"),
    ] {
        let address = email(typed);
        assert_eq!(address.as_str(), canonical);
        assert_eq!(format!("{}@{}", address.local_part().unwrap(), address.domain().unwrap()), canonical);
        assert_ne!(email("a@straße.example"), email("a@strasse.example"));
    }
}

#[test]
fn invalid_addresses_are_refused() {
    for text in [
        "",
        "@",
        "a@",
        "@b.c",
        "alice",
        "x@evil.example@allowed.example",
        "a@@b.c",
        "\"a@b.c\"@c.d",
        "\"a b\"@c.d",
        "<a@b.c>",
        "A <a@b.c>",
        "a@b.c,c@d.e",
        "a,b@c.d",
        "a@b.c (c)",
        "a(c)@b.c",
        "a@[127.0.0.1]",
        "a@b.c.",
        "a@.b.c",
        "a@b..c",
        "a b@c.d",
        " a@b.c",
        "a@b.c ",
        "a@b.c:25",
        "a@b.c;d",
        "a\\@b.c",
        "a@b",
        "a@localhost",
        "a@LocalHost",
        "a@x.localhost",
        "a@localhost.localdomain",
        "a@intranet",
        "user%evil.example@example.com",
        "%@example.com",
        "user%@example.com",
        "evil.example!user@example.com",
        "relay!evil.example!user@example.com",
        "bücher!user@example.com",
        "@relay.example:user@example.com",
        "a@[IPv6:::1]",
        "a@127.0.0.1",
    ] {
        assert_eq!(Address::email(text), Err(InvalidAddress), "{text:?}");
    }
}

#[test]
fn invisible_and_look_alike_characters_are_refused_everywhere() {
    for odd in [
        '\0',
        '\n',
        '\r',
        '\t',
        '\u{7F}',
        '\u{85}',
        '\u{A0}',
        '\u{AD}',
        '\u{34F}',
        '\u{37E}',
        '\u{61C}',
        '\u{115F}',
        '\u{1160}',
        '\u{180E}',
        '\u{200B}',
        '\u{200D}',
        '\u{200E}',
        '\u{2024}',
        '\u{2028}',
        '\u{202E}',
        '\u{2066}',
        '\u{2488}',
        '\u{3164}',
        '\u{FE0F}',
        '\u{FEFF}',
        '\u{FF0C}',
        '\u{FF20}',
        '\u{FFA0}',
        '\u{FFFD}',
        '\u{E0041}',
        '\u{1F600}',
    ] {
        for text in [format!("a{odd}b@c.d"), format!("a@b{odd}c.d"), format!("{odd}a@b.c"), format!("a@b.c{odd}")] {
            assert_eq!(Address::email(&text), Err(InvalidAddress), "{text:?}");
        }
    }
}

#[test]
fn full_stops_of_other_scripts_separate_labels_only() {
    for stop in ['。', '．', '｡'] {
        assert_eq!(email(&format!("a@b{stop}c")).as_str(), "a@b.c");
        assert_eq!(Address::email(&format!("a{stop}b@c.d")), Err(InvalidAddress));
    }
}

#[test]
fn a_fullwidth_at_is_refused() {
    assert_eq!(Address::email("alice＠example.com"), Err(InvalidAddress));
}

#[test]
fn an_address_may_have_500_bytes_before_and_after_folding() {
    let domain = "@example.com";
    let local = "a".repeat(MAX_EMAIL_BYTES - domain.len());
    assert!(Address::email(&format!("{local}{domain}")).is_ok());
    assert_eq!(Address::email(&format!("{local}a{domain}")), Err(InvalidAddress));
    // 500 bytes that fold to more: U+0130 has two bytes, and three when folded.
    let grows = format!("{}İ{domain}", &local[2..]);
    assert_eq!(grows.len(), MAX_EMAIL_BYTES);
    assert_eq!(Address::email(&grows), Err(InvalidAddress));
    // More than 500 bytes that fold to 500: U+1E9E has three bytes, and two when folded.
    let shrinks = format!("{}ẞ{domain}", &local[2..]);
    assert_eq!(shrinks.len(), MAX_EMAIL_BYTES + 1);
    assert_eq!(Address::email(&shrinks), Err(InvalidAddress));
}

#[test]
fn folding_is_full_and_independent_of_language() {
    for (typed, folded) in [
        ("Alice@EXAMPLE.com", "alice@example.com"),
        ("Strauß@Example.COM", "strauss@example.com"),
        ("Strauß@STRASSE.example", "strauss@strasse.example"),
        ("STRAUẞ@example.com", "strauss@example.com"),
        ("İ@example.com", "i\u{307}@example.com"),
        ("ı@example.com", "ı@example.com"),
        ("I@example.com", "i@example.com"),
        ("\u{212A}@example.com", "k@example.com"),
        ("ΟΔΟΣ@example.com", "οδοσ@example.com"),
        ("ﬁ@example.com", "fi@example.com"),
    ] {
        assert_eq!(email(typed).as_str(), folded);
    }
}

#[test]
fn no_form_of_an_address_is_that_of_another() {
    let mut seen = HashMap::new();
    for c in '\0'..=char::MAX {
        for text in [format!("a{c}@b.example"), format!("a@a{c}b.example")] {
            let Ok(address) = Address::email(&text) else { continue };
            for form in address.lookup_forms() {
                assert_eq!(Address::from_lookup(&form).as_ref(), Ok(&address), "{text:?}");
                let other = seen.entry(form).or_insert_with(|| address.as_str().to_owned());
                assert_eq!(other, address.as_str(), "{text:?}");
            }
        }
    }
    assert!(seen.len() > 350_000, "{}", seen.len());
}

#[test]
fn the_lower_case_form_is_found_too() {
    assert_eq!(forms(&email("Alice@Example.com")), ["alice@example.com email"]);
    assert_eq!(forms(&email("Strauß@x.org")), ["strauss@x.org email", "strauß@x.org email"]);
    assert_eq!(forms(&email("STRAUSS@x.org")), ["strauss@x.org email"]);
    assert_eq!(forms(&email("ΟΔΟΣ@x.org")), ["οδοσ@x.org email", "οδος@x.org email"]);
}

#[test]
fn both_forms_of_a_domain_are_found() {
    for typed in ["X@BÜCHER.example", "x@xn--bcher-kva.example", "x@bu\u{308}cher.example"] {
        assert_eq!(forms(&email(typed)), ["x@xn--bcher-kva.example email", "x@bücher.example email"]);
    }
    let four = [
        "ss@xn--strae-oqa.example email",
        "ß@xn--strae-oqa.example email",
        "ss@straße.example email",
        "ß@straße.example email",
    ];
    assert_eq!(forms(&email("ß@STRAẞE.example")), four);
    assert_eq!(forms(&email("a@ΒΌΛΟΣ.example"))[1], "a@βόλοσ.example email");
}

#[test]
fn a_form_that_is_too_long_is_not_found() {
    // These letters have four bytes, but take only one in the A-label.
    let label = "𐐨".repeat(50);
    let ascii = email(&format!("a@{label}.example"));
    assert_eq!(forms(&ascii).len(), 2);
    let long = email(&format!("{}@{}", "a".repeat(300), ascii.domain().unwrap()));
    assert_eq!(forms(&long).len(), 1);
    assert_eq!(Address::from_sealed(&long.to_sealed()), Ok(long));
}

#[test]
fn the_lower_case_form_does_not_affect_equality() {
    let (typed, folded) = (email("Strauß@x.org"), email("strauss@x.org"));
    assert_eq!(typed, folded);
    assert_eq!(HashSet::from([typed]), HashSet::from([folded]));
}

#[test]
fn an_overlong_lower_case_form_is_dropped() {
    // Lower-casing lengthens Ⱥ by a byte; folding also shortens the ligature by as much.
    let typed = format!("{}ȺȺﬅﬅ@example.com", "a".repeat(MAX_EMAIL_BYTES - 22));
    assert_eq!(typed.len(), MAX_EMAIL_BYTES);
    let address = email(&typed);
    assert_eq!(forms(&address).len(), 1);
    assert_eq!(Address::from_sealed(&address.to_sealed()), Ok(address));
}

#[test]
fn other_sealed_texts_are_refused() {
    for text in [
        "",
        "alice@example.com",
        "Alice@example.com email",
        "alice@example.com email\n",
        "alice@example.com email\nalice@example.com email",
        "alice@example.com email\nbob@example.com email",
        "strauß@x.org email",
        "strauss@x.org email\nstrauß@x.org email\nstrauß@x.org email",
        "18005552067 email",
        "x@bücher.example email",
        "x@xn--bcher-kva.example email",
        "x@bücher.example email\nx@xn--bcher-kva.example email",
        "a@strasse.example email\na@straße.example email",
    ] {
        assert_eq!(Address::from_sealed(text), Err(InvalidAddress), "{text:?}");
    }
}

#[test]
fn values_sealed_by_earlier_versions_are_the_proved_address() {
    for (sealed, now) in [
        ("x@bücher.example email", &["x@xn--bcher-kva.example email", "x@bücher.example email"][..]),
        ("x@xn--bcher-kva.example email", &["x@xn--bcher-kva.example email", "x@bücher.example email"]),
        ("x@bu\u{308}cher.example email", &["x@xn--bcher-kva.example email", "x@bücher.example email"]),
        ("a@strasse.example email\na@straße.example email", &["a@strasse.example email"]),
        ("ss@strasse.example email\nß@straße.example email", &["ss@strasse.example email", "ß@strasse.example email"]),
        ("a@βόλοσ.example email\na@βόλος.example email", &["a@xn--nxasmq6b.example email", "a@βόλοσ.example email"]),
        ("alice@example.com email", &["alice@example.com email"]),
        ("18005552067 msisdn", &["18005552067 msisdn"]),
    ] {
        assert_eq!(forms(&Address::from_former_sealed(sealed).expect("an address")), now, "{sealed:?}");
    }
    for text in ["", "email", "a@localhost email", "a%b@example.com email", "alice@example.com fax"] {
        assert_eq!(Address::from_former_sealed(text), Err(InvalidAddress), "{text:?}");
    }
}

#[test]
fn a_former_form_is_one_of_the_same_domain() {
    assert_eq!(email("Strauß@bücher.example").former_form().as_deref(), Some("strauss@bücher.example"));
    for text in ["alice@example.com", "a@straße.example", "a@βόλος.example", "x@xn--ls8h.example"] {
        assert_eq!(email(text).former_form(), None, "{text}");
    }
}

#[test]
fn a_phone_number_consists_of_digits() {
    assert_eq!(Address::msisdn("18005552067").expect("a number").to_lookup(), "18005552067 msisdn");
    for text in ["", "1234", "1234567890123456", "018005552067", "+18005552067", "1800555206x", "１８００５５５"]
    {
        assert_eq!(Address::msisdn(text), Err(InvalidAddress), "{text:?}");
    }
}

#[test]
fn media_have_the_names_of_the_specification() {
    for medium in [Medium::Email, Medium::Msisdn] {
        assert_eq!(Medium::parse(medium.as_str()), Some(medium));
    }
    assert_eq!(Medium::parse("Email"), None);
}

#[test]
fn debug_output_hides_the_address() {
    assert_eq!(format!("{:?}", email("alice@example.com")), "Address(email, …)");
}

/// Generates text that is often an address, with letters that fold in unusual ways.
fn near_addresses() -> impl Strategy<Value = String> {
    "[a-zA-Z.ßẞİıſKΣςﬁŉΐǰᾳᏋꭻȺÅé']{1,12}@[a-zA-ZßẞİΣςﬁé\u{301}بア-]{1,8}([.。][a-zA-Zß]{1,6}){1,2}"
}

proptest! {
    #[test]
    fn fuzz_parsing_never_panics_and_accepts_one_at(text in "\\PC*|[@a.\\PC]*|.*") {
        if let Ok(address) = Address::email(&text) {
            prop_assert_eq!(text.matches('@').count(), 1);
            prop_assert_eq!(address.as_str().matches('@').count(), 1);
            prop_assert!(address.as_str().len() <= MAX_EMAIL_BYTES);
        }
        let _ = Address::msisdn(&text);
        let _ = Address::from_lookup(&text);
        let _ = Address::from_sealed(&text);
    }

    #[test]
    fn fuzz_folding_is_idempotent(text in near_addresses()) {
        if let Ok(address) = Address::email(&text) {
            let again = email(address.as_str());
            prop_assert_eq!(again.as_str(), address.as_str());
        }
    }

    #[test]
    fn fuzz_every_address_parses_from_its_printed_forms(text in near_addresses()) {
        if let Ok(address) = Address::email(&text) {
            prop_assert_eq!(&Address::from_lookup(&address.to_lookup()).expect("printed"), &address);
            let sealed = address.to_sealed();
            prop_assert_eq!(forms(&Address::from_sealed(&sealed).expect("printed")), forms(&address));
            prop_assert_eq!(sealed_lookup_forms(&sealed).collect::<Vec<_>>(), forms(&address));
        }
    }

    #[test]
    fn fuzz_every_form_folds_to_the_address(text in near_addresses()) {
        if let Ok(address) = Address::email(&text) {
            for form in address.lookup_forms() {
                prop_assert_eq!(&Address::from_lookup(&form).expect("a form"), &address);
            }
        }
    }
}
