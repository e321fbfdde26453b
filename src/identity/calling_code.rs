//! Calling codes: the country, or countries, of a phone number.

use phonenumber::metadata::DATABASE;

use super::threepid::{Address, Medium};

/// The calling code of a number, such as 44; its first three digits where they begin with no code that is assigned.
/// Nothing for what is no phone number.
#[must_use]
pub fn of(number: &Address) -> Option<u16> {
    if number.medium() != Medium::Msisdn {
        return None;
    }
    let codes = (1..=3).filter_map(|length| number.as_str().get(..length)?.parse().ok());
    let mut last = None;
    for code in codes {
        last = Some(code);
        if DATABASE.by_code(&code).is_some() {
            break;
        }
    }
    last
}

#[cfg(test)]
mod tests {
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
    fn an_email_address_has_none() {
        assert_eq!(of(&Address::email("alice@example.com").unwrap()), None);
    }

    proptest! {
        #[test]
        fn every_number_has_one_and_begins_with_it(digits in "[1-9][0-9]{4,14}") {
            prop_assert!(digits.starts_with(&code(&digits).unwrap().to_string()));
        }
    }
}
