use proptest::prelude::*;
use proptest::sample::select;

use super::*;

fn digits(country: &str, typed: &str) -> Option<String> {
    PhoneNumber::parse(country, typed).ok().map(|number| number.address.as_str().to_owned())
}

#[test]
fn numbers_are_accepted_as_people_dial_them() {
    for (country, typed, number) in [
        ("GB", "07700900001", "447700900001"),
        ("gb", "07911 123456", "447911123456"),
        ("GB", "(07911) 123-456", "447911123456"),
        ("GB", "+44 (0)7911 123456", "447911123456"),
        ("GB", "+44 (0)7700 900001", "447700900001"),
        ("GB", "447911123456", "447911123456"),
        ("GB", "7911123456", "447911123456"),
        ("FR", "+447911123456", "447911123456"),
        ("FR", "0044 7911 123456", "447911123456"),
        ("US", "011 44 7911 123456", "447911123456"),
        ("US", "00447911123456", "447911123456"),
        ("US", "(650) 253-0000", "16502530000"),
        ("US", "1-650-253-0000", "16502530000"),
        ("DE", "0151/23456789", "4915123456789"),
        ("JP", "\u{ff0b}\u{ff14}\u{ff14}\u{3000}７９１１\u{ff0d}１２３４５６", "447911123456"),
        ("GB", "\u{202a}+44 7911 123456\u{202c}", "447911123456"),
        ("SA", "٠٥٠١٢٣٤٥٦٧", "966501234567"),
        ("IN", "०९१२३४५६७८९", "919123456789"),
        ("BD", "০১৮১২৩৪৫৬৭৮", "8801812345678"),
        ("RU", "8~10 44 7911 123456", "447911123456"),
        // A leading zero that is part of the number, and a digit that only looks like the
        // national prefix.
        ("IT", "06 698 12345", "390669812345"),
        ("FR", "+39 06 698 12345", "390669812345"),
        ("US", "+44 121 234 5678", "441212345678"),
        ("US", "+1 876 210 1234", "18762101234"),
    ] {
        assert_eq!(digits(country, typed).as_deref(), Some(number), "{country} {typed}");
    }
}

#[test]
fn invalid_numbers_are_refused() {
    let forty = "0".repeat(40);
    for (country, typed) in [
        ("GB", "12"),
        ("GB", ""),
        ("GB", "+"),
        ("GB", "++447911123456"),
        ("GB", "07911 ABCDEF"),
        ("GB", "0800-PIZZA"),
        ("GB", "letters"),
        ("GB", &forty),
        ("GB", "4479111234567890123456"),
        ("GB", "07911 123456 ext. 7"),
        ("GB", "tel:+447911123456"),
        ("GB", "07911123456;phone-context=+44"),
        ("GB", "+999 123 456 789"),
        ("GB", "999"),
        ("GB", "07911\u{0}123456"),
        ("GB", "07911123456\n"),
        ("GB", "7911+123456"),
        ("GB", "-1"),
        ("GB", "+0 7911 123456"),
        ("US", "650 253 000"),
        ("US", "123 456 7890"),
        ("GB", "*100#"),
        ("GB", "077009000011"),
        // Valid, but longer than E.164 allows.
        ("JP", "0037 5375 450911"),
    ] {
        assert_eq!(PhoneNumber::parse(country, typed), Err(InvalidNumber::Invalid), "{country} {typed}");
    }
}

#[test]
fn a_number_in_e164_is_accepted_unchanged_or_refused() {
    for digits in ["447911123456", "16502530000", "390669812345", "447700900001"] {
        assert_eq!(PhoneNumber::e164(digits).map(|number| number.address.as_str().to_owned()), Ok(digits.into()));
    }
    for bad in ["", "4", "+447911123456", "4407911123456", "07911123456", "999999999999999", "44 7911 123456", "٤٤٧٩"]
    {
        assert_eq!(PhoneNumber::e164(bad), Err(InvalidAddress), "{bad}");
    }
}

#[test]
fn the_international_format_is_readable() {
    let form = |country, typed| PhoneNumber::parse(country, typed).unwrap().international;
    assert_eq!(form("GB", "07700900001"), "+44 7700 900001");
    assert_eq!(form("US", "6502530000"), "+1 650-253-0000");
    assert_eq!(form("FR", "0612345678"), "+33 6 12 34 56 78");
}

/// The output of `scripts/phone-numbers`: per line the country, the number that `libphonenumber`
/// reads (`-` if none), and its spellings.
const NUMBERS: &str = include_str!("numbers.tsv");

/// Returns the number of spellings in a table, and those that are read differently.
fn differences(table: &str) -> (usize, Vec<String>) {
    let (mut count, mut different) = (0, Vec::new());
    for line in table.lines() {
        let mut fields = line.split('\t');
        let (country, expected) = (fields.next().unwrap(), fields.next().unwrap());
        for typed in fields {
            count += 1;
            let read = digits(country, typed);
            let read = read.as_deref().unwrap_or("-");
            if read != expected {
                different.push(format!("{country} {typed}: {read} instead of {expected}"));
            }
        }
    }
    (count, different)
}

#[test]
fn the_examples_of_all_countries_are_read_as_libphonenumber_reads_them() {
    let (count, different) = differences(NUMBERS);
    assert!(different.is_empty(), "{different:#?}");
    assert!(count > 7000, "{count}");
}

#[test]
#[ignore = "scripts/phone-numbers writes the file and runs this"]
fn every_number_of_a_file_is_read_as_libphonenumber_reads_it() {
    let file = std::env::var("VOUCH_PHONE_NUMBERS").expect("VOUCH_PHONE_NUMBERS names the file");
    let (count, different) = differences(&std::fs::read_to_string(file).unwrap());
    println!("{count} spellings, {} read differently", different.len());
    assert!(different.is_empty(), "{different:#?}");
}

/// Territories and codes that the numbering plans do not know, and what clients send if they do not
/// know the country.
const WITHOUT_PLAN: [&str; 28] = [
    "", "AQ", "PN", "GS", "TF", "UM", "HM", "BV", "AN", "aq", "EU", "SU", "ZZ", "XX", "QO", "UK", "CP", "DG", "EA",
    "IC", "001", "44", "+44", "GBR", "gbr", "ß", " ", "ＧＢ",
];

#[test]
fn a_number_with_a_plus_needs_no_country() {
    for country in WITHOUT_PLAN.into_iter().chain(["GB", "gb", "US", "RU", "IT", "AC", "TA", "XK"]) {
        for typed in ["+447911123456", "+44 7911 123456", "\u{ff0b}447911123456", " +44 (0)7911-123456"] {
            assert_eq!(digits(country, typed).as_deref(), Some("447911123456"), "{country} {typed}");
        }
        assert_eq!(PhoneNumber::parse(country, "+999 123 456 789"), Err(InvalidNumber::Invalid), "{country}");
    }
    let numbers = NUMBERS.lines().filter_map(|line| line.split('\t').nth(1)).filter(|number| *number != "-");
    for number in numbers {
        for country in ["", "AQ", "IT", "RU", "JP"] {
            assert_eq!(digits(country, &format!("+{number}")).as_deref(), Some(number), "{country}");
        }
    }
}

#[test]
fn a_number_without_plus_needs_a_country() {
    for country in WITHOUT_PLAN {
        for typed in ["07911123456", "447911123456", "0044 7911 123456", "6502530000"] {
            assert_eq!(PhoneNumber::parse(country, typed), Err(InvalidNumber::NeedsCountry), "{country} {typed}");
        }
        // The number is at fault, whatever the country is.
        assert_eq!(PhoneNumber::parse(country, "letters"), Err(InvalidNumber::Invalid), "{country}");
    }
    for (country, typed, number) in
        [("AC", "40123", "24740123"), ("TA", "8999", "2908999"), ("XK", "043 201 234", "38343201234")]
    {
        assert_eq!(digits(country, typed).as_deref(), Some(number), "{country} {typed}");
    }
}

#[test]
fn an_apparent_national_prefix_after_the_plus_is_part_of_the_number() {
    for number in [
        "+7 812 309 00 00",
        "+7 863 200 12 34",
        "+7 800 555 35 35",
        "+7 809 123 45 67",
        "+7 846 200 12 34",
        "+375 801 123 4567",
        "+375 800 123 456",
        "+370 800 12345",
        "+370 808 12345",
        "+998 80 123 45 67",
        "+1 809 234 5678",
        "+61 1800 123 456",
        "+39 06 698 12345",
        "+66 1800 123 456",
        "+353 1800 123 456",
    ] {
        let expected: String = number.chars().filter(char::is_ascii_digit).collect();
        let read = PhoneNumber::with_plus(number).map(|number| number.address.as_str().to_owned());
        assert_eq!(read.as_ref(), Ok(&expected), "{number}");
        assert_eq!(PhoneNumber::e164(&expected).map(|number| number.address.as_str().to_owned()), Ok(expected));
    }
    // Where no number can start with it, it is dropped.
    for (typed, number) in [
        ("+7 8 812 309 00 00", "78123090000"),
        ("+375 8 029 123 4567", "375291234567"),
        ("+370 8 612 34567", "37061234567"),
        ("+36 06 80 123 456", "3680123456"),
        ("+33 (0)6 12 34 56 78", "33612345678"),
        ("+1 1 650 253 0000", "16502530000"),
    ] {
        let read = PhoneNumber::with_plus(typed).map(|number| number.address.as_str().to_owned());
        assert_eq!(read, Ok(number.to_owned()), "{typed}");
        let digits: String = typed.chars().filter(char::is_ascii_digit).collect();
        assert_eq!(PhoneNumber::e164(&digits), Err(InvalidAddress), "{typed}");
    }
}

#[test]
fn a_national_number_may_start_with_its_own_calling_code() {
    for (country, typed, number) in [
        ("IT", "390 286 9487", "393902869487"),
        ("IT", "393 123 4567", "393931234567"),
        ("BR", "(55) 4002-7229", "555540027229"),
        ("BR", "55 99123-4567", "5555991234567"),
        ("IN", "91234 56789", "919123456789"),
        ("DE", "4936 106615", "494936106615"),
        ("ID", "62 218 350 123", "6262218350123"),
        ("SE", "468 123 456", "46468123456"),
        ("KZ", "7 701 123 4567", "77011234567"),
        ("KZ", "701 123 4567", "77011234567"),
        ("KZ", "8 701 123 4567", "77011234567"),
        ("US", "1 650 253 0000", "16502530000"),
        ("XK", "383 280 123 45", "38338328012345"),
        // With the calling code in front, it is the same number.
        ("IT", "39 390 286 9487", "393902869487"),
        ("BR", "55 55 4002-7229", "555540027229"),
        ("BR", "0 15 55 4002-7229", "555540027229"),
    ] {
        assert_eq!(digits(country, typed).as_deref(), Some(number), "{country} {typed}");
    }
}

#[test]
fn a_number_that_00_makes_ambiguous_is_refused() {
    for (country, typed) in [
        ("TW", "00 235 22 51 13 05"),
        ("BR", "00 212 520 188242"),
        ("HK", "00 235 22 51 13 05"),
        ("CO", "00 52 222 127 7242"),
        ("KR", "00 235 22 51 13 05"),
        ("NG", "00 91 81234 29917"),
        ("TH", "00 235 22 51 13 05"),
        ("KH", "00 49 1512 3445356"),
        ("SG", "00 235 22 51 13 05"),
        ("MN", "00 1 201 551 9354"),
        ("JP", "00 378 66669629"),
        ("JP", "00 375 152 450911"),
    ] {
        assert_eq!(PhoneNumber::parse(country, typed), Err(InvalidNumber::Ambiguous), "{country} {typed}");
        assert!(PhoneNumber::parse(country, &typed.replacen("00", "+", 1)).is_ok(), "{country} {typed}");
    }
    for (country, typed, number) in [
        ("TH", "001 44 7911 123456", "447911123456"),
        ("TH", "00 44 7911 123456", "447911123456"),
        ("SG", "0044 7911 123456", "447911123456"),
        ("NG", "009 44 7911 123456", "447911123456"),
        ("BR", "0021 44 7911 123456", "447911123456"),
        ("AU", "0011 44 7911 123456", "447911123456"),
    ] {
        assert_eq!(digits(country, typed).as_deref(), Some(number), "{country} {typed}");
    }
}

fn countries() -> Vec<&'static str> {
    NUMBERS.lines().filter_map(|line| line.split('\t').next()).collect()
}

proptest! {
    #[test]
    fn fuzz_no_text_makes_the_parser_panic(country in "\\PC{0,4}", typed: String, at in select(countries())) {
        for country in [country.as_str(), at] {
            let _ = PhoneNumber::parse(country, &typed);
        }
        let _ = PhoneNumber::e164(&typed);
    }

    #[test]
    fn fuzz_every_accepted_number_parses_to_itself(
        country in select(countries()),
        typed in r"[+\u{ff0b}]?[0-9]{2,25}|\+[1-9][0-9]{1,16}|00[1-9][0-9]{4,16}|[+0-9 ().~/\u{a0}-]{2,30}|[0-9٠-٩०-९０-９]{5,15}",
    ) {
        if let Ok(number) = PhoneNumber::parse(country, &typed) {
            let e164 = number.address.as_str();
            prop_assert_eq!(PhoneNumber::e164(e164), Ok(number.clone()));
            prop_assert_eq!(PhoneNumber::parse("", &format!("+{e164}")), Ok(number.clone()));
            prop_assert_eq!(PhoneNumber::parse(country, &number.international), Ok(number));
        }
    }

    #[test]
    fn separators_do_not_matter(between in "[ ().\u{a0}\u{202c}/~-]{0,3}") {
        let typed = "07911123456".split("").collect::<Vec<_>>().join(&between);
        prop_assert_eq!(digits("GB", &typed), Some("447911123456".to_owned()));
    }
}
