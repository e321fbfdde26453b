//! Third-party identifiers: an address of a medium, parsed once and folded once. Nothing else in the code folds.

use std::cmp::Ordering;
use std::fmt;
use std::hash::{Hash, Hasher};

use icu_casemap::CaseMapper;
use icu_properties::props::{BinaryProperty, DefaultIgnorableCodePoint, EnumeratedProperty, GeneralCategory};

/// What kind of address it is ([3PID types](https://spec.matrix.org/latest/appendices/#3pid-types)).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Medium {
    /// An e-mail address.
    Email,
    /// A phone number: E.164 digits without the leading `+`.
    Msisdn,
}

impl Medium {
    /// The specification's name: `email` or `msisdn`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Email => "email",
            Self::Msisdn => "msisdn",
        }
    }

    /// The medium of that name, exactly as the specification spells it.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        match name {
            "email" => Some(Self::Email),
            "msisdn" => Some(Self::Msisdn),
            _ => None,
        }
    }
}

impl fmt::Display for Medium {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// An address that was parsed and folded: what is proved, stored, hashed and written to is byte for byte this.
///
/// Beside it stands a hint: Element Web and Android hash JavaScript's `toLowerCase()` of an address, where the
/// specification says full case folding, so `Strauß@…` is also looked for as `strauß@…`. That form cannot be told from
/// the folded one, so it is kept. Two addresses are equal, in the same order and of the same hash, by medium and folded
/// form alone.
#[derive(Clone)]
pub struct Address {
    medium: Medium,
    folded: String,
    /// The lower-case form of what was typed, where it differs from `folded`. It folds to `folded` too, so no other
    /// address can ever have it.
    lower_twin: Option<String>,
}

/// The text is no address of its medium.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InvalidAddress;

/// The most bytes an e-mail address may have, before folding and after.
pub const MAX_EMAIL_BYTES: usize = 500;

/// The fewest and most digits of an E.164 number.
const MSISDN_DIGITS: std::ops::RangeInclusive<usize> = 5..=15;

impl Address {
    /// Parses an address of the given medium.
    ///
    /// # Errors
    /// [`InvalidAddress`] if it is none; see [`Address::email`] and [`Address::msisdn`].
    pub fn parse(medium: Medium, text: &str) -> Result<Self, InvalidAddress> {
        match medium {
            Medium::Email => Self::email(text),
            Medium::Msisdn => Self::msisdn(text),
        }
    }

    /// Parses an `addr-spec` and folds it by Unicode full case folding (MSC2265).
    ///
    /// # Errors
    /// [`InvalidAddress`] for a display name, brackets, a comment, a quote, a comma, a second `@`, anything but one
    /// line of visible characters, and for more than [`MAX_EMAIL_BYTES`] before or after folding.
    pub fn email(text: &str) -> Result<Self, InvalidAddress> {
        if text.len() > MAX_EMAIL_BYTES || !is_addr_spec(text) {
            return Err(InvalidAddress);
        }
        let folded = CaseMapper::new().fold_string(text).into_owned();
        // Checked again: folding may lengthen it, and may turn an odd character into one that means something.
        if folded.len() > MAX_EMAIL_BYTES || !is_addr_spec(&folded) {
            return Err(InvalidAddress);
        }
        let lower_twin = Some(text.to_lowercase()).filter(|lower| *lower != folded && lower.len() <= MAX_EMAIL_BYTES);
        Ok(Self { medium: Medium::Email, folded, lower_twin })
    }

    /// Takes E.164 digits without `+`, as a numbering-plan library printed them.
    ///
    /// # Errors
    /// [`InvalidAddress`] for anything but 5 to 15 ASCII digits that do not begin with 0.
    pub fn msisdn(text: &str) -> Result<Self, InvalidAddress> {
        let digits = text.bytes().all(|byte| byte.is_ascii_digit());
        if !digits || !MSISDN_DIGITS.contains(&text.len()) || text.starts_with('0') {
            return Err(InvalidAddress);
        }
        Ok(Self { medium: Medium::Msisdn, folded: text.to_owned(), lower_twin: None })
    }

    /// The medium.
    #[must_use]
    pub const fn medium(&self) -> Medium {
        self.medium
    }

    /// The folded address.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.folded
    }

    /// `<address> <medium>`: what look-up hashes begin with (MSC2134).
    #[must_use]
    pub fn to_lookup(&self) -> String {
        lookup_form(&self.folded, self.medium)
    }

    /// Parses what [`Self::to_lookup`] printed, or what a client sends for the algorithm `none`.
    ///
    /// # Errors
    /// [`InvalidAddress`] if the medium is unknown or the address is none of it.
    pub fn from_lookup(text: &str) -> Result<Self, InvalidAddress> {
        let (address, medium) = text.rsplit_once(' ').ok_or(InvalidAddress)?;
        Self::parse(Medium::parse(medium).ok_or(InvalidAddress)?, address)
    }

    /// Every form under which the address is found: the folded one, then the lower-case one where it differs.
    pub fn lookup_forms(&self) -> impl Iterator<Item = String> {
        std::iter::once(self.to_lookup()).chain(self.lower_twin.iter().map(|twin| lookup_form(twin, self.medium)))
    }

    /// The text that is sealed in the database: the [look-up forms](Self::lookup_forms), one a line.
    #[must_use]
    pub fn to_sealed(&self) -> String {
        self.lookup_forms().collect::<Vec<_>>().join("\n")
    }

    /// Parses what [`Self::to_sealed`] printed.
    ///
    /// # Errors
    /// [`InvalidAddress`] for anything else.
    pub fn from_sealed(text: &str) -> Result<Self, InvalidAddress> {
        // The twin remembers more than the folded form does, so it is the one to parse.
        let typed = sealed_lookup_forms(text).last().ok_or(InvalidAddress)?;
        let address = Self::from_lookup(typed)?;
        if address.to_sealed() == text { Ok(address) } else { Err(InvalidAddress) }
    }
}

/// The [look-up forms](Address::lookup_forms) in a text that [`Address::to_sealed`] printed, neither parsed nor folded
/// again: a rebuild of the directory goes through a million of these a second.
pub fn sealed_lookup_forms(sealed: &str) -> impl Iterator<Item = &str> {
    sealed.split('\n')
}

fn lookup_form(address: &str, medium: Medium) -> String {
    format!("{address} {medium}")
}

impl PartialEq for Address {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for Address {}

impl PartialOrd for Address {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Address {
    fn cmp(&self, other: &Self) -> Ordering {
        (self.medium, &self.folded).cmp(&(other.medium, &other.folded))
    }
}

impl Hash for Address {
    fn hash<H: Hasher>(&self, state: &mut H) {
        (self.medium, &self.folded).hash(state);
    }
}

/// Never the address itself: it would end up in a log.
impl fmt::Debug for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Address({}, …)", self.medium)
    }
}

/// `local@domain` of RFC 5322 without quoted strings, comments and obsolete forms, with RFC 6532's characters beyond
/// ASCII. Dots inside the local part are not looked at (addresses with two in a row exist), hyphens neither.
fn is_addr_spec(text: &str) -> bool {
    let Some((local, domain)) = text.split_once('@') else { return false };
    !local.is_empty() && local.chars().all(is_local_char) && is_domain(domain)
}

fn is_local_char(c: char) -> bool {
    c == '.' || is_atext(c)
}

fn is_domain(domain: &str) -> bool {
    !domain.is_empty()
        && domain.split('.').all(|label| {
            !label.is_empty()
                && label.chars().all(|c| is_letter_beyond_ascii(c) || c.is_ascii_alphanumeric() || c == '-' || c == '_')
        })
}

/// `atext` of RFC 5322 section 3.2.3, and letters beyond ASCII.
fn is_atext(c: char) -> bool {
    c.is_ascii_alphanumeric() || "!#$%&'*+-/=?^_`{|}~".contains(c) || is_letter_beyond_ascii(c)
}

/// Letters, the marks that stand on them, and digits. Everything else (spaces, controls, punctuation that only looks
/// like ours such as U+037E and `＠`, numbers that stand for several characters such as `⒈`, bidirectional overrides)
/// has no place in an address; nor has what is invisible, be it called a letter (the Hangul fillers) or a mark.
fn is_letter_beyond_ascii(c: char) -> bool {
    let written = matches!(
        GeneralCategory::for_char(c),
        GeneralCategory::UppercaseLetter
            | GeneralCategory::LowercaseLetter
            | GeneralCategory::TitlecaseLetter
            | GeneralCategory::ModifierLetter
            | GeneralCategory::OtherLetter
            | GeneralCategory::NonspacingMark
            | GeneralCategory::SpacingMark
            | GeneralCategory::DecimalNumber
    );
    !c.is_ascii() && written && !DefaultIgnorableCodePoint::for_char(c)
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use proptest::prelude::*;

    use super::*;

    fn email(text: &str) -> Address {
        Address::email(text).expect("an address")
    }

    fn forms(address: &Address) -> Vec<String> {
        address.lookup_forms().collect()
    }

    #[test]
    fn ordinary_addresses_are_taken() {
        for text in [
            "a@b",
            "alice@example.com",
            "first.last+tag@sub.example.co.uk",
            "o'neil_{x}=~`|^?#$%&*!/-@example.com",
            "jalapeño@dömäin.example",
            "用户@例子.广告",
            "उपयोगकर्ता@उदाहरण.भारत",
            "ผู้ใช้ที่นี่@ตัวอย่าง.ไทย",
            "مستخدم٣@مثال.إختبار",
        ] {
            assert_eq!(email(text).as_str(), text);
        }
    }

    #[test]
    fn what_is_no_addr_spec_is_refused() {
        for text in [
            "",
            "@",
            "a@",
            "@b",
            "alice",
            "x@evil.example@allowed.example",
            "a@@b",
            "\"a@b\"@c",
            "\"a b\"@c",
            "<a@b>",
            "A <a@b>",
            "a@b,c@d",
            "a,b@c",
            "a@b (c)",
            "a(c)@b",
            "a@[127.0.0.1]",
            "a@b.",
            "a@.b",
            "a@b..c",
            "a b@c",
            " a@b",
            "a@b ",
            "a@b:25",
            "a@b;c",
            "a\\@b",
        ] {
            assert_eq!(Address::email(text), Err(InvalidAddress), "{text:?}");
        }
    }

    #[test]
    fn what_hides_or_only_looks_like_something_is_refused_everywhere() {
        for odd in [
            '\0',
            '\n',
            '\r',
            '\t',
            '\u{7F}',
            '\u{85}',
            '\u{A0}',
            '\u{AD}',
            '\u{34F}',
            '\u{37E}',
            '\u{61C}',
            '\u{115F}',
            '\u{1160}',
            '\u{180E}',
            '\u{200B}',
            '\u{200D}',
            '\u{200E}',
            '\u{2024}',
            '\u{2028}',
            '\u{202E}',
            '\u{2066}',
            '\u{2488}',
            '\u{3002}',
            '\u{3164}',
            '\u{FE0F}',
            '\u{FEFF}',
            '\u{FF0C}',
            '\u{FF0E}',
            '\u{FF20}',
            '\u{FFA0}',
            '\u{FFFD}',
            '\u{E0041}',
            '\u{1F600}',
        ] {
            for text in [format!("a{odd}b@c.d"), format!("a@b{odd}c.d"), format!("{odd}a@b.c"), format!("a@b.c{odd}")] {
                assert_eq!(Address::email(&text), Err(InvalidAddress), "{text:?}");
            }
        }
    }

    #[test]
    fn the_fullwidth_at_is_no_at() {
        assert_eq!(Address::email("alice＠example.com"), Err(InvalidAddress));
    }

    #[test]
    fn five_hundred_bytes_are_the_most_before_folding_and_after() {
        let domain = "@example.com";
        let local = "a".repeat(MAX_EMAIL_BYTES - domain.len());
        assert!(Address::email(&format!("{local}{domain}")).is_ok());
        assert_eq!(Address::email(&format!("{local}a{domain}")), Err(InvalidAddress));
        // 500 bytes that fold to more: U+0130 has two, and three when folded.
        let grows = format!("{}İ{domain}", &local[2..]);
        assert_eq!(grows.len(), MAX_EMAIL_BYTES);
        assert_eq!(Address::email(&grows), Err(InvalidAddress));
        // And more than 500 that would fold to less: U+1E9E has three, and two when folded.
        let shrinks = format!("{}ẞ{domain}", &local[2..]);
        assert_eq!(shrinks.len(), MAX_EMAIL_BYTES + 1);
        assert_eq!(Address::email(&shrinks), Err(InvalidAddress));
    }

    #[test]
    fn folding_is_full_and_knows_no_language() {
        for (typed, folded) in [
            ("Alice@EXAMPLE.com", "alice@example.com"),
            ("Strauß@Example.COM", "strauss@example.com"),
            ("STRAUẞ@example.com", "strauss@example.com"),
            ("İ@example.com", "i\u{307}@example.com"),
            ("ı@example.com", "ı@example.com"),
            ("I@example.com", "i@example.com"),
            ("\u{212A}@example.com", "k@example.com"),
            ("ΟΔΟΣ@example.com", "οδοσ@example.com"),
            ("ﬁ@example.com", "fi@example.com"),
        ] {
            assert_eq!(email(typed).as_str(), folded);
        }
    }

    #[test]
    fn no_letter_of_any_script_folds_twice_or_has_a_twin_that_folds_elsewhere() {
        for address in ('\u{80}'..'\u{1F000}').filter_map(|c| Address::email(&format!("a{c}@b.c")).ok()) {
            for form in address.lookup_forms() {
                assert_eq!(Address::from_lookup(&form).expect("a form").as_str(), address.as_str());
            }
        }
    }

    #[test]
    fn the_lower_case_twin_is_found_too() {
        assert_eq!(forms(&email("Alice@Example.com")), ["alice@example.com email"]);
        assert_eq!(forms(&email("Strauß@x.org")), ["strauss@x.org email", "strauß@x.org email"]);
        assert_eq!(forms(&email("STRAUSS@x.org")), ["strauss@x.org email"]);
        assert_eq!(forms(&email("ΟΔΟΣ@x.org")), ["οδοσ@x.org email", "οδος@x.org email"]);
    }

    #[test]
    fn the_twin_makes_no_other_address() {
        let (typed, folded) = (email("Strauß@x.org"), email("strauss@x.org"));
        assert_eq!(typed, folded);
        assert_eq!(HashSet::from([typed]), HashSet::from([folded]));
    }

    #[test]
    fn a_twin_too_long_to_be_an_address_is_forgotten() {
        // Lower-casing lengthens Ⱥ by a byte, which folding makes up for by shortening the ligature.
        let typed = format!("{}ȺȺﬅﬅ@example.com", "a".repeat(MAX_EMAIL_BYTES - 22));
        assert_eq!(typed.len(), MAX_EMAIL_BYTES);
        let address = email(&typed);
        assert_eq!(forms(&address).len(), 1);
        assert_eq!(Address::from_sealed(&address.to_sealed()), Ok(address));
    }

    #[test]
    fn a_sealed_text_that_we_did_not_print_is_refused() {
        for text in [
            "",
            "alice@example.com",
            "Alice@example.com email",
            "alice@example.com email\n",
            "alice@example.com email\nalice@example.com email",
            "alice@example.com email\nbob@example.com email",
            "strauß@x.org email",
            "strauss@x.org email\nstrauß@x.org email\nstrauß@x.org email",
            "18005552067 email",
        ] {
            assert_eq!(Address::from_sealed(text), Err(InvalidAddress), "{text:?}");
        }
    }

    #[test]
    fn phone_numbers_are_digits_alone() {
        assert_eq!(Address::msisdn("18005552067").expect("a number").to_lookup(), "18005552067 msisdn");
        for text in ["", "1234", "1234567890123456", "018005552067", "+18005552067", "1800555206x", "１８００５５５"]
        {
            assert_eq!(Address::msisdn(text), Err(InvalidAddress), "{text:?}");
        }
    }

    #[test]
    fn media_are_spelled_as_the_specification_spells_them() {
        for medium in [Medium::Email, Medium::Msisdn] {
            assert_eq!(Medium::parse(medium.as_str()), Some(medium));
        }
        assert_eq!(Medium::parse("Email"), None);
    }

    #[test]
    fn an_address_does_not_show_itself_in_a_log() {
        assert_eq!(format!("{:?}", email("alice@example.com")), "Address(email, …)");
    }

    /// Text that is often an address, with letters that fold oddly among it.
    fn near_addresses() -> impl Strategy<Value = String> {
        "[a-zA-Z.ßẞİıſKΣςﬁŉΐǰᾳᏋꭻȺÅé']{1,12}@[a-zA-ZßİΣﬁé-]{1,8}(\\.[a-zA-Zß]{1,6}){0,2}"
    }

    proptest! {
        #[test]
        fn parsing_never_panics_and_counts_the_ats(text in "\\PC*|[@a.\\PC]*|.*") {
            if let Ok(address) = Address::email(&text) {
                prop_assert_eq!(text.matches('@').count(), 1);
                prop_assert_eq!(address.as_str().matches('@').count(), 1);
                prop_assert!(address.as_str().len() <= MAX_EMAIL_BYTES);
            }
            let _ = Address::msisdn(&text);
            let _ = Address::from_lookup(&text);
            let _ = Address::from_sealed(&text);
        }

        #[test]
        fn folding_is_idempotent(text in near_addresses()) {
            let address = Address::email(&text);
            prop_assume!(address.is_ok());
            let address = address.expect("assumed");
            let again = email(address.as_str());
            prop_assert_eq!(again.as_str(), address.as_str());
        }

        #[test]
        fn what_was_printed_parses_to_the_same(text in near_addresses()) {
            let address = Address::email(&text);
            prop_assume!(address.is_ok());
            let address = address.expect("assumed");
            prop_assert_eq!(&Address::from_lookup(&address.to_lookup()).expect("printed"), &address);
            let sealed = address.to_sealed();
            prop_assert_eq!(forms(&Address::from_sealed(&sealed).expect("printed")), forms(&address));
            prop_assert_eq!(sealed_lookup_forms(&sealed).collect::<Vec<_>>(), forms(&address));
        }

        #[test]
        fn every_form_folds_to_the_address_itself(text in near_addresses()) {
            let address = Address::email(&text);
            prop_assume!(address.is_ok());
            let address = address.expect("assumed");
            for form in address.lookup_forms() {
                prop_assert_eq!(&Address::from_lookup(&form).expect("a form"), &address);
            }
        }
    }
}
