//! Redacting an invited address for the room, where every member can see it forever.

use icu_properties::props::{EnumeratedProperty, GeneralCategory, GeneralCategoryGroup};

use super::threepid::Address;

/// Returns a name for an invited person that does not reveal the address. It stays in the state of
/// the room forever, so it shows just enough to recognise one's own invitation: the first letters
/// of the local part and the domain of an email address, unless they have only one. Phone numbers
/// are hidden entirely, because there are so few of them that each digit would make guessing ten
/// times easier.
pub fn redacted(address: &Address) -> String {
    match (address.local_part(), address.unicode_domain()) {
        (Some(local), Some(domain)) => {
            let label = domain.split('.').next().unwrap_or_default();
            format!("{}@{}", initial(local), initial(label))
        }
        _ => "...".to_owned(),
    }
}

/// Returns the first letter or digit, unless it is the only character, and three dots.
fn initial(part: &str) -> String {
    let first = part.chars().next().filter(|c| c.is_alphanumeric() && !is_mark(*c));
    // A letter and its marks are one character.
    let more = part.chars().filter(|c| !is_mark(*c)).nth(1).is_some();
    first.filter(|_| more).into_iter().chain("...".chars()).collect()
}

fn is_mark(c: char) -> bool {
    GeneralCategoryGroup::Mark.contains(GeneralCategory::for_char(c))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn of(email: &str) -> String {
        redacted(&Address::email(email).unwrap())
    }

    #[test]
    fn two_letters_of_an_email_address_are_shown() {
        assert_eq!(of("alice@example.com"), "a...@e...");
        assert_eq!(of("ALICE@Example.com"), "a...@e...");
        assert_eq!(of("élise@über.example"), "é...@ü...");
        assert_eq!(of("+tag@example.com"), "...@e...");
    }

    #[test]
    fn a_part_of_one_character_is_hidden() {
        assert_eq!(of("a@example.com"), "...@e...");
        assert_eq!(of("alice@x.org"), "a...@...");
        assert_eq!(of("a@x.org"), "...@...");
        assert_eq!(of("e\u{301}@example.com"), "...@e...", "a letter and its accent are one character");
    }

    #[test]
    fn a_phone_number_is_hidden() {
        assert_eq!(redacted(&Address::msisdn("18005552067").unwrap()), "...");
    }

    proptest! {
        #[test]
        fn at_most_the_first_character_of_each_part_is_shown(
            local in r"[\p{L}\p{M}\p{Nd}.+_-]{1,12}", domain in r"[\p{L}\p{M}\p{Nd}-]{1,12}(\.[a-z]{1,5}){1,3}",
        ) {
            let Ok(address) = Address::email(&format!("{local}@{domain}")) else { return Ok(()) };
            let redacted = redacted(&address);
            let (shown_local, shown_domain) = redacted.split_once('@').unwrap();
            let (local, domain) = (address.local_part().unwrap(), address.unicode_domain().unwrap());
            for (shown, part) in [(shown_local, local), (shown_domain, domain)] {
                let shown = shown.strip_suffix("...").unwrap();
                prop_assert!(shown.chars().count() <= 1);
                prop_assert!(part.starts_with(shown));
                prop_assert!(shown.is_empty() || part.chars().filter(|c| !is_mark(*c)).count() > 1);
            }
            let alphabet = |c: char| c.is_alphanumeric() || ".@".contains(c);
            prop_assert!(redacted.chars().all(|c| alphabet(c) && !c.is_control() && !is_mark(c)), "{}", redacted);
        }
    }
}
