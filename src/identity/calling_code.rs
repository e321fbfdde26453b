//! Calling codes and countries of phone numbers.

use super::threepid::{Address, Medium};

/// The calling codes of two digits (ITU-T E.164). Those of one digit are 1 and 7, and all others have three.
const TWO_DIGITS: [u16; 44] = [
    20, 27, 30, 31, 32, 33, 34, 36, 39, 40, 41, 43, 44, 45, 46, 47, 48, 49, 51, 52, 53, 54, 55, 56, 57, 58, 60, 61, 62,
    63, 64, 65, 66, 81, 82, 84, 86, 90, 91, 92, 93, 94, 95, 98,
];

/// The calling code of a number, such as 44. What begins with no code that is assigned counts by its first three digits.
/// Nothing for what is no phone number.
#[must_use]
pub fn of(number: &Address) -> Option<u16> {
    if number.medium() != Medium::Msisdn {
        return None;
    }
    let code = |length| number.as_str().get(..length)?.parse().ok();
    code(1)
        .filter(|code| [1, 7].contains(code))
        .or_else(|| code(2).filter(|code| TWO_DIGITS.contains(code)))
        .or_else(|| code(3))
}

/// The country of a number by its ISO 3166 code, such as `GB`. Countries that share a calling code are told apart, as
/// far as the numbering plan does.
#[must_use]
pub fn country(number: &Address) -> Option<String> {
    if number.medium() != Medium::Msisdn {
        return None;
    }
    let parsed = phonenumber::parse(None, format!("+{}", number.as_str())).ok()?;
    parsed.country().id().map(|id| id.as_ref().to_owned())
}

#[cfg(test)]
mod tests {
    use phonenumber::metadata::DATABASE;
    use proptest::prelude::*;

    use super::*;

    fn code(digits: &str) -> Option<u16> {
        of(&Address::msisdn(digits).unwrap())
    }

    #[test]
    fn a_number_begins_with_one_calling_code() {
        for (digits, expected) in [
            ("447700900000", 44),
            ("18005552067", 1),
            ("12425551234", 1),
            ("79161234567", 7),
            ("35312345678", 353),
            ("4915112345678", 49),
            ("881612345678", 881),
        ] {
            assert_eq!(code(digits), Some(expected), "{digits}");
        }
    }

    #[test]
    fn what_nobody_has_been_given_counts_by_three_digits() {
        assert_eq!(code("21012345678"), Some(210));
        assert_eq!(code("99912345678"), Some(999));
    }

    #[test]
    fn the_codes_are_those_of_the_numbering_plan() {
        let assigned: Vec<u16> = (1..1000).filter(|code| DATABASE.by_code(code).is_some()).collect();
        assert!(assigned.len() > 200);
        for expected in assigned {
            assert_eq!(code(&format!("{expected}00000000")), Some(expected));
        }
    }

    #[test]
    fn an_email_address_has_none() {
        let email = Address::email("alice@example.com").unwrap();
        assert_eq!((of(&email), country(&email)), (None, None));
    }

    #[test]
    fn countries_of_one_calling_code_are_told_apart() {
        for (digits, expected) in [
            ("12024561111", "US"),
            ("14165550123", "CA"),
            ("12425551234", "BS"),
            ("447400123456", "GB"),
            ("79161234567", "RU"),
            ("77011234567", "KZ"),
        ] {
            assert_eq!(country(&Address::msisdn(digits).unwrap()).as_deref(), Some(expected), "{digits}");
        }
        assert_eq!(country(&Address::msisdn("99912345678").unwrap()), None);
    }

    proptest! {
        #[test]
        fn every_number_has_one_and_begins_with_it(digits in "[1-9][0-9]{4,14}") {
            prop_assert!(digits.starts_with(&code(&digits).unwrap().to_string()));
        }
    }
}
