//! Masks of addresses: enough for their owner to recognise them, too little for anybody else to
//! tell what they are.

use super::calling_code;
use super::threepid::Address;

/// A placeholder for text of any length.
const HIDDEN: &str = "•••";

/// Returns the mask of an address: `a•••@e•••` for `alice@example.org`, and `44•••` for a number in
/// the United Kingdom. The end of a domain and the last digits of a number are also hidden:
/// together with a name or a country, they would leave so few candidates that all of them could be
/// looked up.
#[must_use]
pub fn masked(address: &Address) -> String {
    let first = |text: &str| text.chars().take(1).collect::<String>();
    match address.as_str().split_once('@') {
        Some((local, domain)) => format!("{}{HIDDEN}@{}{HIDDEN}", first(local), first(domain)),
        None => format!("{}{HIDDEN}", calling_code::of(address).map(|code| code.to_string()).unwrap_or_default()),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_mask_hints_at_an_address() {
        let email = |text| masked(&Address::email(text).unwrap());
        assert_eq!(email("Alice@Example.org"), "a•••@e•••");
        assert_eq!(email("élise@bücher.example"), "é•••@x•••");
        assert_eq!(masked(&Address::msisdn("447700900123").unwrap()), "44•••");
        assert_eq!(masked(&Address::msisdn("35412345").unwrap()), "354•••");
    }

    proptest! {
        #[test]
        fn nothing_else_of_an_address_shows(a in "[a-z0-9+]{0,20}", b in "[a-z0-9]{1,20}", digits in "[0-9]{6,10}") {
            let email = Address::email(&format!("x{a}@y{b}.example"));
            prop_assert_eq!(masked(&email.unwrap()), "x•••@y•••");
            prop_assert_eq!(masked(&Address::msisdn(&format!("44{digits}")).unwrap()), "44•••");
        }
    }
}
