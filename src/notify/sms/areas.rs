//! Finding the operator's entry for a phone number.

use std::collections::BTreeMap;
use std::ops::RangeInclusive;

use crate::config::Area;
use crate::identity::calling_code;
use crate::identity::threepid::Address;

/// Entries by area.
pub(super) struct Areas<T>(BTreeMap<Area, T>);

impl<T: Clone + PartialEq> Areas<T> {
    pub(super) fn new(entries: &BTreeMap<Area, T>) -> Self {
        Self(entries.clone())
    }

    /// Returns the most specific entry for a number: the longest prefix within its country, then
    /// the country, then its calling code or a part of that, then `*`.
    pub(super) fn find(&self, number: &Address) -> Option<&T> {
        let digits = number.as_str();
        let code = calling_code::of(number)?.to_string().len();
        let beginning = |lengths: RangeInclusive<usize>| {
            lengths.rev().find_map(|length| self.0.get(&Area::Prefix(digits.get(..length)?.to_owned())))
        };
        beginning(code + 1..=digits.len())
            .or_else(|| self.by_country(number))
            .or_else(|| beginning(1..=code))
            .or_else(|| self.0.get(&Area::Anywhere))
    }

    /// Returns whether any area has this entry.
    pub(super) fn contains(&self, entry: &T) -> bool {
        self.0.values().any(|this| this == entry)
    }

    /// Looks the country up only if an entry needs it, because that takes a large library.
    fn by_country(&self, number: &Address) -> Option<&T> {
        let names_countries = self.0.keys().any(|area| matches!(area, Area::Country(_)));
        let country = names_countries.then(|| calling_code::country(number)).flatten()?;
        self.0.get(&Area::Country(country))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn areas(entries: &[Area]) -> Areas<Area> {
        Areas(entries.iter().map(|area| (area.clone(), area.clone())).collect())
    }

    fn prefix(digits: &str) -> Area {
        Area::Prefix(digits.to_owned())
    }

    fn country(code: &str) -> Area {
        Area::Country(code.to_owned())
    }

    fn find(entries: &[Area], digits: &str) -> Option<Area> {
        areas(entries).find(&Address::msisdn(digits).unwrap()).cloned()
    }

    #[test]
    fn the_longest_prefix_wins() {
        let entries = [prefix("1"), prefix("1242"), prefix("4"), prefix("44")];
        assert_eq!(find(&entries, "12425551234"), Some(prefix("1242")));
        assert_eq!(find(&entries, "12024561111"), Some(prefix("1")));
        assert_eq!(find(&entries, "447400123456"), Some(prefix("44")));
        assert_eq!(find(&entries, "4915112345678"), Some(prefix("4")));
        assert_eq!(find(&entries, "33612345678"), None);
    }

    #[test]
    fn a_country_is_more_specific_than_its_calling_code_but_less_than_a_prefix_within_it() {
        let entries = [prefix("1"), country("CA"), prefix("1416"), country("GB"), Area::Anywhere];
        assert_eq!(find(&entries, "16135550123"), Some(country("CA")));
        assert_eq!(find(&entries, "14165550123"), Some(prefix("1416")));
        assert_eq!(find(&entries, "12024561111"), Some(prefix("1")));
        assert_eq!(find(&entries, "447400123456"), Some(country("GB")));
        assert_eq!(find(&entries, "33612345678"), Some(Area::Anywhere));
    }

    #[test]
    fn an_email_address_has_no_entry() {
        assert!(areas(&[Area::Anywhere]).find(&Address::email("alice@example.com").unwrap()).is_none());
    }

    proptest! {
        #[test]
        fn the_longest_matching_prefix_is_found(
            prefixes in proptest::collection::btree_set("[1-9][0-9]{0,5}", 0..20),
            digits in "[1-9][0-9]{4,14}",
        ) {
            let entries: Vec<Area> = prefixes.iter().map(|digits| prefix(digits)).collect();
            let longest = prefixes.iter().filter(|prefix| digits.starts_with(*prefix)).max_by_key(|prefix| prefix.len());
            prop_assert_eq!(find(&entries, &digits), longest.map(|digits| prefix(digits)));
        }
    }
}
