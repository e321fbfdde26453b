//! Calling codes and countries of phone numbers.

use rlibphonenumber::{PHONE_NUMBER_UTIL, Region};

use super::threepid::{Address, Medium};

/// Returns the calling code of a phone number, such as 44, or the first three digits if none is
/// assigned. `None` for email addresses.
pub fn of(number: &Address) -> Option<u16> {
    if number.medium() != Medium::Msisdn {
        return None;
    }
    let code = |length| number.as_str().get(..length)?.parse().ok();
    (1..=3).filter_map(code).find(|code| is_assigned(*code)).or_else(|| code(3))
}

/// Returns the country of a phone number as an ISO 3166 code, such as `GB`. Countries that share a
/// calling code are distinguished as far as the numbering plan allows.
pub fn country(number: &Address) -> Option<String> {
    if number.medium() != Medium::Msisdn {
        return None;
    }
    let parsed = PHONE_NUMBER_UTIL.parse(format!("+{}", number.as_str()), None).ok()?;
    parsed.get_region_code().filter(|region| *region != Region::World).map(|region| region.to_string())
}

fn is_assigned(code: u16) -> bool {
    PHONE_NUMBER_UTIL.get_region_for_country_code(code.into()).is_some()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn code(digits: &str) -> Option<u16> {
        of(&Address::msisdn(digits).unwrap())
    }

    #[test]
    fn a_number_starts_with_one_calling_code() {
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
    fn an_unassigned_code_has_three_digits() {
        assert_eq!(code("21012345678"), Some(210));
        assert_eq!(code("99912345678"), Some(999));
    }

    #[test]
    fn no_calling_code_is_the_beginning_of_another() {
        let assigned: Vec<u16> = (1..1000).filter(|code| is_assigned(*code)).collect();
        assert!(assigned.len() > 200);
        for expected in assigned {
            assert_eq!(code(&format!("{expected}00000000")), Some(expected));
        }
    }

    #[test]
    fn an_email_address_has_neither() {
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
        for nowhere in ["99912345678", "80012345678", "979123456789", "881612345678", "870301234567"] {
            assert_eq!(country(&Address::msisdn(nowhere).unwrap()), None, "{nowhere}");
        }
    }

    proptest! {
        #[test]
        fn fuzz_every_number_starts_with_its_calling_code(digits in "[1-9][0-9]{4,14}") {
            prop_assert!(digits.starts_with(&code(&digits).unwrap().to_string()));
            let _ = country(&Address::msisdn(&digits).unwrap());
        }
    }
}
