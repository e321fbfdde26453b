//! What a room may show of an invited address, to everybody who is ever in it.

use icu_properties::props::{EnumeratedProperty, GeneralCategory};

use super::threepid::{Address, Medium};

/// A name for an invited person that does not give the address away. It stays in the room's state for ever, so it tells as little as will
/// do to recognise one's own invitation: of an e-mail address the first letter of the local part and of the domain, and none of a
/// part (or of a domain's first label) that has but one. Of a phone number nothing: there are so few that each digit shown
/// would make it ten times easier to find by trying.
#[must_use]
pub fn redacted(address: &Address) -> String {
    match (address.medium(), address.as_str().split_once('@')) {
        (Medium::Email, Some((local, domain))) => {
            let label = domain.split('.').next().unwrap_or_default();
            format!("{}@{}", initial(local), initial(label))
        }
        _ => "...".to_owned(),
    }
}

/// The first letter or digit, if the part has more than one character, and three dots.
fn initial(part: &str) -> String {
    let first = part.chars().next().filter(|c| c.is_alphanumeric() && !is_mark(*c));
    // A letter and the marks upon it are one character.
    let more = part.chars().filter(|c| !is_mark(*c)).nth(1).is_some();
    first.filter(|_| more).into_iter().chain("...".chars()).collect()
}

fn is_mark(c: char) -> bool {
    matches!(
        GeneralCategory::for_char(c),
        GeneralCategory::NonspacingMark | GeneralCategory::SpacingMark | GeneralCategory::EnclosingMark
    )
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn of(email: &str) -> String {
        redacted(&Address::email(email).unwrap())
    }

    #[test]
    fn of_an_address_two_letters_are_shown() {
        assert_eq!(of("alice@example.com"), "a...@e...");
        assert_eq!(of("ALICE@Example.com"), "a...@e...");
        assert_eq!(of("élise@über.example"), "é...@ü...");
        assert_eq!(of("+tag@example.com"), "...@e...");
    }

    #[test]
    fn nothing_is_shown_of_a_part_of_one_character() {
        assert_eq!(of("a@example.com"), "...@e...");
        assert_eq!(of("alice@x"), "a...@...");
        assert_eq!(of("a@x.org"), "...@...");
        assert_eq!(of("e\u{301}@example.com"), "...@e...", "a letter with its accent is one");
    }

    #[test]
    fn nothing_is_shown_of_a_phone_number() {
        assert_eq!(redacted(&Address::msisdn("18005552067").unwrap()), "...");
    }

    proptest! {
        #[test]
        fn never_more_than_the_first_character_of_each_part(
            local in r"[\p{L}\p{M}\p{Nd}.+_-]{1,12}", domain in r"[\p{L}\p{M}\p{Nd}-]{1,12}(\.[a-z]{1,5}){0,3}",
        ) {
            let Ok(address) = Address::email(&format!("{local}@{domain}")) else { return Ok(()) };
            let redacted = redacted(&address);
            let (shown_local, shown_domain) = redacted.split_once('@').unwrap();
            let (local, domain) = address.as_str().split_once('@').unwrap();
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
