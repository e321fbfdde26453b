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
mod tests;
