//! Parses phone numbers as people type them into E.164 numbers, by the numbering plan of the
//! country they dial from.
//!
//! Input is reduced to an optional plus and digits first, so that nothing else reaches the parser
//! of the library.

use std::ops::RangeInclusive;

use icu_properties::props::{EnumeratedProperty, GeneralCategory, GeneralCategoryGroup};
use phonenumber::metadata::DATABASE;
use phonenumber::{Mode, PhoneNumber as Parsed, country};

use super::threepid::{Address, InvalidAddress};

/// The longest input, in bytes: an E.164 number with a prefix and separators between all digits.
const MAX_TYPED_BYTES: usize = 128;
/// The most digits that can be dialled: an international prefix, a carrier code, and the 15 of an
/// E.164 number.
const MAX_DIGITS: usize = 25;
/// The range that Ofcom reserves for fiction, which includes the specification's example. The
/// numbering plan excludes it, but trying a server with that example should work.
const FICTION: (u16, RangeInclusive<u64>) = (44, 7_700_900_000..=7_700_900_999);

/// A number that is valid in the numbering plan of its country.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PhoneNumber {
    /// E.164 digits without `+`.
    pub address: Address,
    /// The international format, such as `+44 7700 900001`.
    pub international: String,
}

impl PhoneNumber {
    /// Parses a number as dialled in `country` (ISO 3166-1 alpha-2, in any case): in the national
    /// format, with the country's international prefix, or with a plus.
    ///
    /// # Errors
    /// [`InvalidAddress`] for an unknown country, letters, and invalid numbers.
    pub fn parse(country: &str, typed: &str) -> Result<Self, InvalidAddress> {
        let country: country::Id = country.to_ascii_uppercase().parse().map_err(|_| InvalidAddress)?;
        let Dialled { is_international, digits } = Dialled::parse(typed)?;
        if is_international {
            return international(&digits);
        }
        if let Some(rest) = without_international_prefix(country, &digits) {
            return international(rest);
        }
        let national = phonenumber::parse(Some(country), &digits)
            .map_err(|_| InvalidAddress)
            .and_then(|number| Self::new(&number));
        national
            // The library mistakes the 7 at the start of numbers in Kazakhstan for the calling
            // code, which is 7 too.
            .or_else(|invalid| {
                DATABASE
                    .by_id(country.as_ref())
                    .map_or(Err(invalid), |meta| international(&format!("{}{digits}", meta.country_code())))
            })
            // A plus is dialled as 00 almost everywhere, and written like that even elsewhere.
            .or_else(|invalid| digits.strip_prefix("00").map_or(Err(invalid), international))
    }

    /// Parses a number in the international format, which starts with a plus.
    ///
    /// # Errors
    /// [`InvalidAddress`] for anything else, and for invalid numbers.
    pub fn with_plus(typed: &str) -> Result<Self, InvalidAddress> {
        let Dialled { is_international, digits } = Dialled::parse(typed)?;
        if is_international { international(&digits) } else { Err(InvalidAddress) }
    }

    /// Parses E.164 digits without `+`, as homeservers send them. Nothing is corrected.
    ///
    /// # Errors
    /// [`InvalidAddress`] for anything else, and for invalid numbers.
    pub fn e164(digits: &str) -> Result<Self, InvalidAddress> {
        let given = Address::msisdn(digits)?;
        international(digits).ok().filter(|number| number.address == given).ok_or(InvalidAddress)
    }

    fn new(number: &Parsed) -> Result<Self, InvalidAddress> {
        let (code, range) = FICTION;
        let national = number.national();
        let is_fiction = number.code().value() == code && national.zeros() == 0 && range.contains(&national.value());
        if !is_fiction && !number.is_valid() {
            return Err(InvalidAddress);
        }
        let e164 = number.format().mode(Mode::E164).to_string();
        let address = Address::msisdn(e164.strip_prefix('+').ok_or(InvalidAddress)?)?;
        Ok(Self { address, international: number.format().mode(Mode::International).to_string() })
    }
}

/// Parses the digits of a number that starts with its calling code. They are read by the rules of
/// that country, not by those of the country it is dialled from.
fn international(digits: &str) -> Result<PhoneNumber, InvalidAddress> {
    if digits.starts_with('0') {
        return Err(InvalidAddress);
    }
    PhoneNumber::new(&phonenumber::parse(None, format!("+{digits}")).map_err(|_| InvalidAddress)?)
}

fn without_international_prefix(country: country::Id, digits: &str) -> Option<&str> {
    let prefix = DATABASE.by_id(country.as_ref())?.international_prefix()?.find(digits)?;
    let rest = digits.get(prefix.end()..).filter(|rest| !rest.is_empty() && !rest.starts_with('0'))?;
    (prefix.start() == 0).then_some(rest)
}

/// The digits of the input, without separators.
struct Dialled {
    is_international: bool,
    digits: String,
}

impl Dialled {
    fn parse(typed: &str) -> Result<Self, InvalidAddress> {
        if typed.len() > MAX_TYPED_BYTES {
            return Err(InvalidAddress);
        }
        let mut dialled = Self { is_international: false, digits: String::with_capacity(MAX_DIGITS) };
        for c in typed.chars() {
            match c {
                '+' | '\u{ff0b}' if dialled.digits.is_empty() && !dialled.is_international => {
                    dialled.is_international = true;
                }
                c if is_separator(c) => {}
                c => dialled.digits.push(digit(c).ok_or(InvalidAddress)?),
            }
        }
        if (2..=MAX_DIGITS).contains(&dialled.digits.len()) { Ok(dialled) } else { Err(InvalidAddress) }
    }
}

/// Returns the ASCII form of a digit that phone keyboards have: ASCII, full-width, Arabic or
/// Persian.
fn digit(c: char) -> Option<char> {
    let zero = ['0', '\u{ff10}', '\u{660}', '\u{6f0}'].into_iter().find(|zero| (*zero..).take(10).any(|d| d == c))?;
    char::from_digit(u32::from(c) - u32::from(zero), 10)
}

/// Returns whether the character only separates digits: a space, hyphen, bracket, dot or slash of
/// any width, a minus or long vowel sign used as a hyphen, or an invisible mark that was copied
/// along.
fn is_separator(c: char) -> bool {
    const SEPARATORS: GeneralCategoryGroup = GeneralCategoryGroup::SpaceSeparator
        .union(GeneralCategoryGroup::DashPunctuation)
        .union(GeneralCategoryGroup::OpenPunctuation)
        .union(GeneralCategoryGroup::ClosePunctuation)
        .union(GeneralCategoryGroup::Format);
    SEPARATORS.contains(GeneralCategory::for_char(c)) || "./\u{2212}\u{30fc}\u{ff0e}\u{ff0f}".contains(c)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

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
            ("GB", "+44 (0)7700 900001"),
            ("XX", "07911123456"),
            ("", "07911123456"),
            ("GBR", "07911123456"),
            ("44", "07911123456"),
            ("001", "07911123456"),
            ("ß", "07911123456"),
        ] {
            assert_eq!(PhoneNumber::parse(country, typed), Err(InvalidAddress), "{country} {typed}");
        }
    }

    #[test]
    fn a_number_in_e164_is_accepted_unchanged_or_refused() {
        for digits in ["447911123456", "16502530000", "390669812345", "447700900001"] {
            assert_eq!(PhoneNumber::e164(digits).map(|number| number.address.as_str().to_owned()), Ok(digits.into()));
        }
        for bad in
            ["", "4", "+447911123456", "4407911123456", "07911123456", "999999999999999", "44 7911 123456", "٤٤٧٩"]
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

    /// Dials the example of every country there and from elsewhere.
    #[test]
    fn a_number_is_the_same_wherever_it_is_dialled_from() {
        let (mut seen, mut wrong) = (0, Vec::new());
        for meta in DATABASE.iter().filter(|meta| meta.id().parse::<country::Id>().is_ok()) {
            let Some(example) = meta.descriptors().mobile().and_then(|mobile| mobile.example()) else { continue };
            let expected = Some(format!("{}{example}", meta.country_code()));
            let abroad = format!("+{} {example}", meta.country_code());
            let typed = [
                (meta.id(), example),
                ("GB", &abroad),
                ("US", &abroad),
                ("IT", &abroad),
                ("RU", &abroad),
                ("JP", &abroad),
            ];
            wrong.extend(
                typed
                    .into_iter()
                    .filter(|(from, typed)| digits(from, typed) != expected)
                    .map(|pair| format!("{pair:?}")),
            );
            seen += 1;
        }
        assert!(wrong.is_empty(), "{wrong:#?}");
        assert!(seen > 200, "{seen}");
    }

    fn countries() -> Vec<&'static str> {
        DATABASE.iter().map(phonenumber::Metadata::id).collect()
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(200))]

        #[test]
        fn no_text_makes_the_parser_panic(country in "\\PC{0,4}", typed: String) {
            let _ = PhoneNumber::parse(&country, &typed);
            let _ = PhoneNumber::parse("GB", &typed);
        }

        #[test]
        fn every_accepted_number_parses_to_itself(
            country in proptest::sample::select(countries()), typed in "\\+?[0-9]{2,25}", calling in "\\+[1-9][0-9]{1,16}",
        ) {
            for typed in [&typed, &calling] {
                if let Ok(number) = PhoneNumber::parse(country, typed) {
                    let e164 = format!("+{}", number.address.as_str());
                    prop_assert_eq!(PhoneNumber::parse("US", &e164), Ok(number.clone()));
                    prop_assert_eq!(PhoneNumber::parse(country, &number.international), Ok(number));
                }
            }
        }

        #[test]
        fn separators_do_not_matter(between in "[ ().\u{a0}\u{202c}/-]{0,3}") {
            let typed = "07911123456".split("").collect::<Vec<_>>().join(&between);
            prop_assert_eq!(digits("GB", &typed), Some("447911123456".to_owned()));
        }
    }
}
