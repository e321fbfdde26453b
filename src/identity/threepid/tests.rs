use std::collections::HashSet;

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
        "a@b",
        "alice@example.com",
        "first.last+tag@sub.example.co.uk",
        "o'neil_{x}=~`|^?#$%&*!/-@example.com",
        "jalapeño@dömäin.example",
        "用户@例子.广告",
        "उपयोगकर्ता@उदाहरण.भारत",
        "ผู้ใช้ที่นี่@ตัวอย่าง.ไทย",
        "مستخدم٣@مثال.إختبار",
    ] {
        assert_eq!(email(text).as_str(), text);
    }
}

#[test]
fn invalid_addresses_are_refused() {
    for text in [
        "",
        "@",
        "a@",
        "@b",
        "alice",
        "x@evil.example@allowed.example",
        "a@@b",
        "\"a@b\"@c",
        "\"a b\"@c",
        "<a@b>",
        "A <a@b>",
        "a@b,c@d",
        "a,b@c",
        "a@b (c)",
        "a(c)@b",
        "a@[127.0.0.1]",
        "a@b.",
        "a@.b",
        "a@b..c",
        "a b@c",
        " a@b",
        "a@b ",
        "a@b:25",
        "a@b;c",
        "a\\@b",
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
        '\u{3002}',
        '\u{3164}',
        '\u{FE0F}',
        '\u{FEFF}',
        '\u{FF0C}',
        '\u{FF0E}',
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
fn every_letter_and_its_lower_case_form_fold_to_the_same_address() {
    for address in ('\u{80}'..'\u{1F000}').filter_map(|c| Address::email(&format!("a{c}@b.c")).ok()) {
        for form in address.lookup_forms() {
            assert_eq!(Address::from_lookup(&form).expect("a form").as_str(), address.as_str());
        }
    }
}

#[test]
fn the_lower_case_form_is_found_too() {
    assert_eq!(forms(&email("Alice@Example.com")), ["alice@example.com email"]);
    assert_eq!(forms(&email("Strauß@x.org")), ["strauss@x.org email", "strauß@x.org email"]);
    assert_eq!(forms(&email("STRAUSS@x.org")), ["strauss@x.org email"]);
    assert_eq!(forms(&email("ΟΔΟΣ@x.org")), ["οδοσ@x.org email", "οδος@x.org email"]);
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
    ] {
        assert_eq!(Address::from_sealed(text), Err(InvalidAddress), "{text:?}");
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
    "[a-zA-Z.ßẞİıſKΣςﬁŉΐǰᾳᏋꭻȺÅé']{1,12}@[a-zA-ZßİΣﬁé-]{1,8}(\\.[a-zA-Zß]{1,6}){0,2}"
}

proptest! {
    #[test]
    fn parsing_never_panics_and_accepts_one_at(text in "\\PC*|[@a.\\PC]*|.*") {
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
    fn folding_is_idempotent(text in near_addresses()) {
        let address = Address::email(&text);
        prop_assume!(address.is_ok());
        let address = address.expect("assumed");
        let again = email(address.as_str());
        prop_assert_eq!(again.as_str(), address.as_str());
    }

    #[test]
    fn every_address_parses_from_its_printed_forms(text in near_addresses()) {
        let address = Address::email(&text);
        prop_assume!(address.is_ok());
        let address = address.expect("assumed");
        prop_assert_eq!(&Address::from_lookup(&address.to_lookup()).expect("printed"), &address);
        let sealed = address.to_sealed();
        prop_assert_eq!(forms(&Address::from_sealed(&sealed).expect("printed")), forms(&address));
        prop_assert_eq!(sealed_lookup_forms(&sealed).collect::<Vec<_>>(), forms(&address));
    }

    #[test]
    fn every_form_folds_to_the_address(text in near_addresses()) {
        let address = Address::email(&text);
        prop_assume!(address.is_ok());
        let address = address.expect("assumed");
        for form in address.lookup_forms() {
            prop_assert_eq!(&Address::from_lookup(&form).expect("a form"), &address);
        }
    }
}
