//! Phone numbers: what people type, made an E.164 number by the numbering plan of the country they dial from.
//!
//! What is typed is brought to a plus and digits here before the numbering-plan library sees it, so that nothing else ever reaches its parser.

use std::ops::RangeInclusive;

use phonenumber::metadata::DATABASE;
use phonenumber::{Mode, PhoneNumber as Parsed, country};

use super::threepid::{Address, InvalidAddress};

/// The most bytes that are looked at: an E.164 number with a prefix, and something between all its digits.
const MAX_TYPED_BYTES: usize = 128;
/// The most digits that may be dialled: an international prefix, a carrier's, and the 15 of an E.164 number.
const MAX_DIGITS: usize = 25;
/// What Ofcom sets aside for fiction, and the specification's example is of. The numbering plan does not have them, nor does anybody:
/// whoever tries a server out with that example should not find it refused.
const FICTION: (u16, RangeInclusive<u64>) = (44, 7_700_900_000..=7_700_900_999);

/// A number that the numbering plan of its country knows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PhoneNumber {
    /// E.164 digits without `+`.
    pub address: Address,
    /// As people write it in another country, such as `+44 7700 900001`.
    pub international: String,
}

impl PhoneNumber {
    /// Parses what somebody in `country` (ISO 3166-1 alpha-2, in any case) would dial: in the national form, with the country's
    /// international prefix, or with a plus.
    ///
    /// # Errors
    /// [`InvalidAddress`] for an unknown country, for letters, and for what the numbering plan does not have.
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
            // The library takes the 7 that numbers of Kazakhstan begin with for the calling code, which is 7 as well.
            .or_else(|invalid| {
                DATABASE
                    .by_id(country.as_ref())
                    .map_or(Err(invalid), |meta| international(&format!("{}{digits}", meta.country_code())))
            })
            // A plus is dialled as 00 almost everywhere, and written so even where it is not.
            .or_else(|invalid| digits.strip_prefix("00").map_or(Err(invalid), international))
    }

    /// Parses a number in its international form, which begins with a plus.
    ///
    /// # Errors
    /// [`InvalidAddress`] for anything else, and for what the numbering plan does not have.
    pub fn with_plus(typed: &str) -> Result<Self, InvalidAddress> {
        let Dialled { is_international, digits } = Dialled::parse(typed)?;
        if is_international { international(&digits) } else { Err(InvalidAddress) }
    }

    /// Parses E.164 digits without `+`, as homeservers send them: nothing is mended.
    ///
    /// # Errors
    /// [`InvalidAddress`] for anything else, and for what the numbering plan does not have.
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

/// The digits of a number that begins with its calling code. Whose national prefix may be left out is a matter of that country, not of the one it is dialled in.
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

/// What was typed, without all that is only there for the eye.
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
        // With fewer than two there is nothing to parse.
        if (2..=MAX_DIGITS).contains(&dialled.digits.len()) { Ok(dialled) } else { Err(InvalidAddress) }
    }
}

/// ASCII's digit for one that phones' keyboards have: ASCII, full-width, Arabic and Persian.
fn digit(c: char) -> Option<char> {
    let zero = ['0', '\u{ff10}', '\u{660}', '\u{6f0}'].into_iter().find(|zero| (*zero..).take(10).any(|d| d == c))?;
    char::from_digit(u32::from(c) - u32::from(zero), 10)
}

/// Spaces, hyphens, brackets, dots and slashes of any width; and the marks of direction that come along when a number is copied.
fn is_separator(c: char) -> bool {
    matches!(c, ' ' | '-' | '(' | ')' | '.' | '/' | '[' | ']'
        | '\u{a0}' | '\u{ad}' | '\u{2000}'..='\u{200f}' | '\u{2010}'..='\u{2015}' | '\u{202a}'..='\u{202f}' | '\u{2060}'
        | '\u{2066}'..='\u{2069}' | '\u{2212}' | '\u{3000}' | '\u{30fc}'
        | '\u{ff08}' | '\u{ff09}' | '\u{ff0d}'..='\u{ff0f}')
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn digits(country: &str, typed: &str) -> Option<String> {
        PhoneNumber::parse(country, typed).ok().map(|number| number.address.as_str().to_owned())
    }

    #[test]
    fn numbers_are_taken_as_people_dial_them() {
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
            // A leading zero that belongs to the number, and a digit that only looks like the national prefix of where it is dialled.
            ("IT", "06 698 12345", "390669812345"),
            ("FR", "+39 06 698 12345", "390669812345"),
            ("US", "+44 121 234 5678", "441212345678"),
            ("US", "+1 876 210 1234", "18762101234"),
        ] {
            assert_eq!(digits(country, typed).as_deref(), Some(number), "{country} {typed}");
        }
    }

    #[test]
    fn what_no_numbering_plan_has_is_none() {
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
    fn a_number_in_e164_is_taken_as_it_is_or_not_at_all() {
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
    fn the_international_form_is_for_people() {
        let form = |country, typed| PhoneNumber::parse(country, typed).unwrap().international;
        assert_eq!(form("GB", "07700900001"), "+44 7700 900001");
        assert_eq!(form("US", "6502530000"), "+1 650-253-0000");
        assert_eq!(form("FR", "0612345678"), "+33 6 12 34 56 78");
    }

    /// Every country's own examples: dialled there, and from everywhere else.
    #[test]
    fn a_number_is_the_same_wherever_it_is_dialled() {
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
        fn any_text_is_a_number_or_none(country in "\\PC{0,4}", typed: String) {
            let _ = PhoneNumber::parse(&country, &typed);
            let _ = PhoneNumber::parse("GB", &typed);
        }

        #[test]
        fn whatever_is_dialled_is_a_number_or_none(
            country in proptest::sample::select(countries()), typed in "\\+?[0-9]{2,25}", calling in "\\+[1-9][0-9]{1,16}",
        ) {
            for typed in [&typed, &calling] {
                if let Ok(number) = PhoneNumber::parse(country, typed) {
                    let e164 = format!("+{}", number.address.as_str());
                    // What is stored is what is proved: it means the same to everybody.
                    prop_assert_eq!(PhoneNumber::parse("US", &e164), Ok(number.clone()));
                    prop_assert_eq!(PhoneNumber::parse(country, &number.international), Ok(number));
                }
            }
        }

        #[test]
        fn what_stands_between_digits_does_not_matter(between in "[ ().\u{a0}\u{202c}/-]{0,3}") {
            let typed = "07911123456".split("").collect::<Vec<_>>().join(&between);
            prop_assert_eq!(digits("GB", &typed), Some("447911123456".to_owned()));
        }
    }
}
