//! Third-party identifiers: an address of a medium, parsed once and folded once. Nothing else in the code folds.

use std::fmt;

use icu_casemap::CaseMapper;

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
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Address {
    medium: Medium,
    value: String,
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
        if text.len() > MAX_EMAIL_BYTES {
            return Err(InvalidAddress);
        }
        let value = CaseMapper::new().fold_string(text).into_owned();
        // Both spellings are checked: folding may turn an odd character into one that means something, and back.
        if value.len() > MAX_EMAIL_BYTES || !is_addr_spec(text) || !is_addr_spec(&value) {
            return Err(InvalidAddress);
        }
        Ok(Self { medium: Medium::Email, value })
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
        Ok(Self { medium: Medium::Msisdn, value: text.to_owned() })
    }

    /// The medium.
    #[must_use]
    pub const fn medium(&self) -> Medium {
        self.medium
    }

    /// The folded address.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.value
    }

    /// `<address> <medium>`: what look-up hashes begin with (MSC2134), and what is sealed in the database.
    #[must_use]
    pub fn to_lookup(&self) -> String {
        format!("{} {}", self.value, self.medium)
    }

    /// Parses what [`Self::to_lookup`] printed, or what a client sends for the algorithm `none`.
    ///
    /// # Errors
    /// [`InvalidAddress`] if the medium is unknown or the address is none of it.
    pub fn from_lookup(text: &str) -> Result<Self, InvalidAddress> {
        let (address, medium) = text.rsplit_once(' ').ok_or(InvalidAddress)?;
        Self::parse(Medium::parse(medium).ok_or(InvalidAddress)?, address)
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

/// Letters, marks and digits beyond ASCII. Everything else (spaces, controls, invisible and look-alike punctuation
/// such as U+037E, bidirectional overrides) has no place in an address.
fn is_letter_beyond_ascii(c: char) -> bool {
    !c.is_ascii() && (c.is_alphanumeric() || is_combining_mark(c))
}

/// The blocks of combining marks that stand on letters in written names; none is invisible.
fn is_combining_mark(c: char) -> bool {
    matches!(c, '\u{300}'..='\u{34E}' | '\u{350}'..='\u{36F}' | '\u{93C}'..='\u{94D}' | '\u{3099}' | '\u{309A}')
}
