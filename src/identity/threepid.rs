//! Third-party identifiers: email addresses and phone numbers. This is the only place that folds
//! case.

use std::cmp::Ordering;
use std::fmt;
use std::hash::{Hash, Hasher};

use icu_casemap::CaseMapper;
use icu_properties::props::{
    BinaryProperty, DefaultIgnorableCodePoint, EnumeratedProperty, GeneralCategory, GeneralCategoryGroup,
};

/// The kind of an address ([3PID types](https://spec.matrix.org/latest/appendices/#3pid-types)).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Medium {
    /// An email address.
    Email,
    /// A phone number: E.164 digits without the leading `+`.
    Msisdn,
}

impl Medium {
    /// Returns the specification's name: `email` or `msisdn`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Email => "email",
            Self::Msisdn => "msisdn",
        }
    }

    /// Parses a name exactly as the specification spells it.
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

/// A parsed and folded address. Exactly this form is proved, stored, hashed and sent to.
///
/// It also remembers the lower-case form, because Element Web and Android hash JavaScript's
/// `toLowerCase()` of an address where the specification demands full case folding: they look for
/// `Strauß@…` as `strauß@…`. That form cannot be derived from the folded one. Equality, order and
/// hash depend on medium and folded form only.
#[derive(Clone)]
pub struct Address {
    medium: Medium,
    folded: String,
    /// The lower-case form, if it differs from `folded`. It folds to `folded` too, so no other
    /// address can have it.
    lower_twin: Option<String>,
}

/// The text is not a valid address of its medium.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InvalidAddress;

/// The longest email address, in bytes, before and after folding.
pub const MAX_EMAIL_BYTES: usize = 500;

/// How many digits an E.164 number may have.
const MSISDN_DIGITS: std::ops::RangeInclusive<usize> = 5..=15;

impl Address {
    /// Parses an address of the given medium.
    ///
    /// # Errors
    /// [`InvalidAddress`] as [`Address::email`] and [`Address::msisdn`].
    pub fn parse(medium: Medium, text: &str) -> Result<Self, InvalidAddress> {
        match medium {
            Medium::Email => Self::email(text),
            Medium::Msisdn => Self::msisdn(text),
        }
    }

    /// Parses an `addr-spec` and folds it by Unicode full case folding (MSC2265).
    ///
    /// # Errors
    /// [`InvalidAddress`] for display names, brackets, comments, quotes, commas, a second `@`, line
    /// breaks and invisible characters, and for more than [`MAX_EMAIL_BYTES`] before or after
    /// folding.
    pub fn email(text: &str) -> Result<Self, InvalidAddress> {
        if text.len() > MAX_EMAIL_BYTES || !is_addr_spec(text) {
            return Err(InvalidAddress);
        }
        let folded = CaseMapper::new().fold_string(text).into_owned();
        // Checked again, because folding may lengthen it, or produce a character that has a
        // meaning.
        if folded.len() > MAX_EMAIL_BYTES || !is_addr_spec(&folded) {
            return Err(InvalidAddress);
        }
        let lower_twin = Some(text.to_lowercase()).filter(|lower| *lower != folded && lower.len() <= MAX_EMAIL_BYTES);
        Ok(Self { medium: Medium::Email, folded, lower_twin })
    }

    /// Parses E.164 digits without `+`.
    ///
    /// # Errors
    /// [`InvalidAddress`] for anything except 5 to 15 ASCII digits that do not start with 0.
    pub fn msisdn(text: &str) -> Result<Self, InvalidAddress> {
        let digits = text.bytes().all(|byte| byte.is_ascii_digit());
        if !digits || !MSISDN_DIGITS.contains(&text.len()) || text.starts_with('0') {
            return Err(InvalidAddress);
        }
        Ok(Self { medium: Medium::Msisdn, folded: text.to_owned(), lower_twin: None })
    }

    /// Returns the medium.
    #[must_use]
    pub const fn medium(&self) -> Medium {
        self.medium
    }

    /// Returns the folded address.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.folded
    }

    /// Returns `<address> <medium>`, with which look-up hashes start (MSC2134).
    #[must_use]
    pub fn to_lookup(&self) -> String {
        lookup_form(&self.folded, self.medium)
    }

    /// Parses the output of [`Self::to_lookup`], which clients also send for the algorithm `none`.
    ///
    /// # Errors
    /// [`InvalidAddress`] if the medium is unknown or the address is not valid.
    pub fn from_lookup(text: &str) -> Result<Self, InvalidAddress> {
        let (address, medium) = text.rsplit_once(' ').ok_or(InvalidAddress)?;
        Self::parse(Medium::parse(medium).ok_or(InvalidAddress)?, address)
    }

    /// Returns the forms by which the address can be found: the folded one, then the lower-case one
    /// if it differs.
    pub fn lookup_forms(&self) -> impl Iterator<Item = String> {
        std::iter::once(self.to_lookup()).chain(self.lower_twin.iter().map(|twin| lookup_form(twin, self.medium)))
    }

    /// Returns the text that is sealed in the database: the [look-up forms](Self::lookup_forms),
    /// one per line.
    #[must_use]
    pub fn to_sealed(&self) -> String {
        self.lookup_forms().collect::<Vec<_>>().join("\n")
    }

    /// Parses the output of [`Self::to_sealed`].
    ///
    /// # Errors
    /// [`InvalidAddress`] for anything else.
    pub fn from_sealed(text: &str) -> Result<Self, InvalidAddress> {
        // The lower-case form contains more information than the folded one.
        let typed = sealed_lookup_forms(text).last().ok_or(InvalidAddress)?;
        let address = Self::from_lookup(typed)?;
        if address.to_sealed() == text { Ok(address) } else { Err(InvalidAddress) }
    }
}

/// Returns the [look-up forms](Address::lookup_forms) in the output of [`Address::to_sealed`]
/// without parsing or folding them: a rebuild of the directory reads a million of them per second.
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

/// Hides the address, which must not end up in a log.
impl fmt::Debug for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Address({}, …)", self.medium)
    }
}

/// Returns whether the text is a `local@domain` of RFC 5322 without quoted strings, comments and
/// obsolete forms, with the non-ASCII characters of RFC 6532. The positions of dots in the local
/// part and of hyphens are not checked, because addresses with two dots in a row exist.
fn is_addr_spec(text: &str) -> bool {
    let Some((local, domain)) = text.split_once('@') else { return false };
    // `atext` of RFC 5322 section 3.2.3, and the dot.
    let is_local = |c| is_letter_or_digit(c) || "!#$%&'*+-/=?^_`{|}~.".contains(c);
    let is_domain = |c| is_letter_or_digit(c) || "-_".contains(c);
    !local.is_empty()
        && local.chars().all(is_local)
        && domain.split('.').all(|label| !label.is_empty() && label.chars().all(is_domain))
}

/// Returns whether the character is a letter, a digit, or a mark on a letter. Everything else is
/// refused: spaces, control characters, look-alike punctuation such as U+037E and `＠`, numbers that
/// stand for several characters such as `⒈`, bidirectional overrides, and invisible characters,
/// even those classified as letters (the Hangul fillers) or marks.
fn is_letter_or_digit(c: char) -> bool {
    const WRITTEN: GeneralCategoryGroup = GeneralCategoryGroup::Letter
        .union(GeneralCategoryGroup::NonspacingMark)
        .union(GeneralCategoryGroup::SpacingMark)
        .union(GeneralCategoryGroup::DecimalNumber);
    WRITTEN.contains(GeneralCategory::for_char(c)) && !DefaultIgnorableCodePoint::for_char(c)
}

#[cfg(test)]
mod tests;
