//! Parses addresses of either medium from a single form field.

use super::phone::PhoneNumber;
use super::threepid::{Address, InvalidAddress};

/// Parses an email address, or a phone number in the international format, which starts with a plus
/// and may contain separators. Surrounding white space is ignored.
///
/// # Errors
/// [`InvalidAddress`] for anything else, and for invalid phone numbers.
pub fn typed(text: &str) -> Result<Address, InvalidAddress> {
    let text = text.trim();
    if text.contains('@') {
        return Address::email(text);
    }
    PhoneNumber::with_plus(text).map(|number| number.address)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn is(text: &str) -> Option<String> {
        typed(text).ok().map(|address| address.to_lookup())
    }

    #[test]
    fn insignificant_spaces_are_ignored() {
        for text in ["alice@example.com", "  Alice@Example.COM\t", "\u{a0}alice@example.com\n"] {
            assert_eq!(is(text).as_deref(), Some("alice@example.com email"), "{text:?}");
        }
        for text in
            ["+447700900123", " +44 7700 900123 ", "+44 (7700) 900-123", "\u{202a}+44\u{a0}7700\u{a0}900123\u{202c}"]
        {
            assert_eq!(is(text).as_deref(), Some("447700900123 msisdn"), "{text:?}");
        }
    }

    #[test]
    fn other_input_is_refused() {
        for text in [
            "",
            " ",
            "alice",
            "@",
            "alice@",
            "@alice:example.com",
            "alice @example.com",
            "x@evil.example@allowed.example",
            "\"a@b\"@c",
            "<a@b>",
            "a@b,c@d",
            "a@b (c)",
            "a@b\nc@d",
            "a@b\r\nBcc: c@d",
            "a\u{37e}@b",
            "07700 900123",
            "447700900123",
            "0044 7700 900123",
            "+44 12",
            "+44 7700 900123 ext 5",
            "++447700900123",
            "+",
            "+999999999999999999999999999999999999999999",
        ] {
            assert_eq!(is(text), None, "{text:?}");
        }
    }

    proptest! {
        #[test]
        fn fuzz_every_accepted_address_parses_from_its_lookup_form(text: String) {
            if let Ok(address) = typed(&text) {
                prop_assert_eq!(Address::from_lookup(&address.to_lookup()), Ok(address));
            }
        }
    }
}
