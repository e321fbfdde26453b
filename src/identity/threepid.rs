//! Third-party identifiers: email addresses and phone numbers. Together with `domain`, this is the
//! only place that folds case.

use std::cmp::Ordering;
use std::fmt;
use std::hash::{Hash, Hasher};

use icu_casemap::CaseMapper;
use icu_properties::props::{
    BinaryProperty, DefaultIgnorableCodePoint, EnumeratedProperty, GeneralCategory, GeneralCategoryGroup,
};

use super::domain::Domain;

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

/// A parsed address in its canonical form. Exactly this form is proved, stored, hashed and sent to.
///
/// The local part of an email address is folded (MSC2265), and its domain is in its ASCII form,
/// with A-labels (`xn--…`). Two spellings are the same address exactly if their canonical forms are
/// equal.
///
/// Clients hash what their user typed, so an address also remembers the other forms that they look
/// for: the domain in its Unicode form, and the lower-case form of the local part. Element Web and
/// Android hash JavaScript's `toLowerCase()` where the specification requires full case folding:
/// they look for `Strauß@…` as `strauß@…`. That form cannot be derived from the folded one.
/// Equality, order and hash depend only on medium and canonical form.
#[derive(Clone)]
pub struct Address {
    medium: Medium,
    canonical: String,
    /// The lower-case form of the local part, if it differs from the folded one. It folds to the
    /// same, so no other address can have it.
    lower_local: Option<String>,
    /// The domain in its Unicode form, if it differs. Its ASCII form is the same, so no other
    /// address can have it.
    unicode_domain: Option<String>,
}

/// The text is not a valid address of its medium.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InvalidAddress;

/// The longest email address, in bytes, before and after folding.
pub const MAX_EMAIL_BYTES: usize = 500;

/// The number of digits that an E.164 number may have.
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

    /// Parses an `addr-spec`. The local part is folded by Unicode full case folding (MSC2265) and
    /// not normalized, as the specification requires. The domain is never folded into another one:
    /// UTS 46 defines which spellings are the same domain.
    ///
    /// # Errors
    /// [`InvalidAddress`] for display names, brackets, comments, quotes, commas, a second `@`, line
    /// breaks, invisible characters, local parts that route (`user%host`, `host!user`), domains
    /// that are not valid, and for more than [`MAX_EMAIL_BYTES`] before or after folding.
    pub fn email(text: &str) -> Result<Self, InvalidAddress> {
        if text.len() > MAX_EMAIL_BYTES {
            return Err(InvalidAddress);
        }
        let (local, domain) = text.split_once('@').ok_or(InvalidAddress)?;
        let folded = folded(local).ok_or(InvalidAddress)?;
        let Domain { ascii, unicode } = Domain::parse(domain).ok_or(InvalidAddress)?;
        let fits = |local: &str, domain: &str| local.len() + 1 + domain.len() <= MAX_EMAIL_BYTES;
        if !fits(&folded, &ascii) {
            return Err(InvalidAddress);
        }
        let unicode_domain = unicode.filter(|domain| fits(&folded, domain));
        let is_found = |lower: &String| {
            *lower != folded && fits(lower, &ascii) && unicode_domain.iter().all(|domain| fits(lower, domain))
        };
        let lower_local = Some(local.to_lowercase()).filter(is_found);
        Ok(Self { medium: Medium::Email, canonical: format!("{folded}@{ascii}"), lower_local, unicode_domain })
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
        Ok(Self { medium: Medium::Msisdn, canonical: text.to_owned(), lower_local: None, unicode_domain: None })
    }

    /// Returns the medium.
    #[must_use]
    pub const fn medium(&self) -> Medium {
        self.medium
    }

    /// Returns the canonical form.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.canonical
    }

    /// Returns the folded local part of an email address.
    #[must_use]
    pub fn local_part(&self) -> Option<&str> {
        self.canonical.split_once('@').map(|(local, _)| local)
    }

    /// Returns the domain of an email address in its ASCII form, as used in DNS and SMTP.
    #[must_use]
    pub fn domain(&self) -> Option<&str> {
        self.canonical.split_once('@').map(|(_, domain)| domain)
    }

    /// Returns the domain of an email address in its Unicode form. It may look like another one, so
    /// it is never shown as a whole.
    #[must_use]
    pub fn unicode_domain(&self) -> Option<&str> {
        self.unicode_domain.as_deref().or(self.domain())
    }

    /// Returns `<address> <medium>`, with which look-up hashes start (MSC2134).
    #[must_use]
    pub fn to_lookup(&self) -> String {
        format!("{} {}", self.canonical, self.medium)
    }

    /// Parses the output of [`Self::to_lookup`], which clients also send for the algorithm `none`.
    ///
    /// # Errors
    /// [`InvalidAddress`] if the medium is unknown or the address is not valid.
    pub fn from_lookup(text: &str) -> Result<Self, InvalidAddress> {
        let (address, medium) = text.rsplit_once(' ').ok_or(InvalidAddress)?;
        Self::parse(Medium::parse(medium).ok_or(InvalidAddress)?, address)
    }

    /// Returns the forms by which the address can be found: the canonical one, then those with the
    /// lower-case local part, the Unicode domain, or both, if they differ.
    pub fn lookup_forms(&self) -> impl Iterator<Item = String> {
        let locals = [self.local_part(), self.lower_local.as_deref()];
        let domains = [self.domain(), self.unicode_domain.as_deref()];
        let with = move |domain| locals.into_iter().flatten().map(move |local| email_form(local, domain));
        let number = (self.medium == Medium::Msisdn).then(|| self.to_lookup());
        number.into_iter().chain(domains.into_iter().flatten().flat_map(with))
    }

    /// Returns the text that is sealed in the database: the [look-up forms](Self::lookup_forms),
    /// one per line.
    #[must_use]
    pub fn to_sealed(&self) -> String {
        self.lookup_forms().collect::<Vec<_>>().join("\n")
    }

    /// Returns the form in which earlier versions stored an address whose domain is not ASCII, if
    /// they meant the same domain. They also folded the domain, so that `straße.example` became
    /// another one.
    #[must_use]
    pub fn former_form(&self) -> Option<String> {
        let (local, domain) = (self.local_part()?, self.unicode_domain.as_deref()?);
        (CaseMapper::new().fold_string(domain) == domain).then(|| format!("{local}@{domain}"))
    }

    /// Parses the output of [`Self::to_sealed`].
    ///
    /// # Errors
    /// [`InvalidAddress`] for anything else.
    pub fn from_sealed(text: &str) -> Result<Self, InvalidAddress> {
        // The last form contains the most information.
        let typed = sealed_lookup_forms(text).last().ok_or(InvalidAddress)?;
        let address = Self::from_lookup(typed)?;
        if address.to_sealed() == text { Ok(address) } else { Err(InvalidAddress) }
    }

    /// Parses the text that earlier versions sealed: the folded address, and its lower-case form if
    /// it differs. The domain is that of the folded address, which was proved. The domain of the
    /// other form may be a different one, for which nothing was proved.
    ///
    /// # Errors
    /// [`InvalidAddress`] if it is no longer an address.
    pub fn from_former_sealed(text: &str) -> Result<Self, InvalidAddress> {
        let mut forms = sealed_lookup_forms(text);
        let proved = Self::from_lookup(forms.next().ok_or(InvalidAddress)?)?;
        let lower = forms.last().and_then(|form| form.split_once('@')).zip(proved.domain());
        let with_lower = lower.and_then(|((local, _), domain)| Self::email(&format!("{local}@{domain}")).ok());
        Ok(with_lower.filter(|address| *address == proved).unwrap_or(proved))
    }
}

/// Returns the [look-up forms](Address::lookup_forms) in the output of [`Address::to_sealed`]
/// without parsing or folding them: a rebuild of the directory reads a million of them per second.
pub fn sealed_lookup_forms(sealed: &str) -> impl Iterator<Item = &str> {
    sealed.split('\n')
}

fn email_form(local: &str, domain: &str) -> String {
    format!("{local}@{domain} {}", Medium::Email)
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
        (self.medium, &self.canonical).cmp(&(other.medium, &other.canonical))
    }
}

impl Hash for Address {
    fn hash<H: Hasher>(&self, state: &mut H) {
        (self.medium, &self.canonical).hash(state);
    }
}

/// Hides the address, which must not end up in a log.
impl fmt::Debug for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Address({}, …)", self.medium)
    }
}

/// Folds a local part, or returns `None` unless it consists of the `atext` of RFC 5322 and RFC 6532
/// and dots. The positions of dots are not checked, because addresses with two dots in a row exist.
/// Routes are refused: mail servers forward `user%host@relay` and `host!user@relay` to another
/// host.
fn folded(local: &str) -> Option<String> {
    let is_local = |c| is_letter_or_digit(c) || "!#$&'*+-/=?^_`{|}~.".contains(c);
    let is_host = |text: &str| !text.is_empty() && text.chars().all(|c| is_letter_or_digit(c) || "-_.".contains(c));
    let is_route = |local: &str| local.split_once('!').is_some_and(|(host, user)| is_host(host) && !user.is_empty());
    let is_valid = |local: &str| !local.is_empty() && local.chars().all(is_local) && !is_route(local);
    let folded = CaseMapper::new().fold_string(local);
    // The result is checked again, because folding may produce a character that has a meaning.
    (is_valid(local) && is_valid(&folded)).then(|| folded.into_owned())
}

/// Returns whether the character is a letter, a digit, or a mark on a letter. Everything else is
/// refused: spaces, control characters, look-alike punctuation such as U+037E and `＠`, numbers that
/// stand for several characters such as `⒈`, bidirectional overrides, and invisible characters,
/// even those classified as letters (the Hangul fillers) or marks.
pub(super) fn is_letter_or_digit(c: char) -> bool {
    const WRITTEN: GeneralCategoryGroup = GeneralCategoryGroup::Letter
        .union(GeneralCategoryGroup::NonspacingMark)
        .union(GeneralCategoryGroup::SpacingMark)
        .union(GeneralCategoryGroup::DecimalNumber);
    WRITTEN.contains(GeneralCategory::for_char(c)) && !DefaultIgnorableCodePoint::for_char(c)
}

#[cfg(test)]
mod tests;
