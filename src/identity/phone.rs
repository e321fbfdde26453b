//! Parses phone numbers as people type them into E.164 numbers, by the numbering plan of the
//! country they dial from.
//!
//! Input is reduced to an optional plus and digits first, so that nothing else reaches the parser
//! of the library.

use std::ops::RangeInclusive;

use icu_properties::props::{EnumeratedProperty, GeneralCategory, GeneralCategoryGroup};
use rlibphonenumber::{PHONE_NUMBER_UTIL, PhoneNumber as Parsed, PhoneNumberFormat, Region};

use super::threepid::{Address, InvalidAddress};

/// The longest input, in bytes: an E.164 number with a prefix and separators between all digits.
const MAX_TYPED_BYTES: usize = 128;
/// The maximum number of digits that can be dialled: an international prefix, a carrier code, and
/// the 15 of an E.164 number.
const MAX_DIGITS: usize = 25;
/// The range that Ofcom reserves for fiction, which includes the specification's example. The
/// numbering plan excludes it, but trying a server with that example should work.
const FICTION: (i32, RangeInclusive<u64>) = (44, 7_700_900_000..=7_700_900_999);

/// A number that is valid in the numbering plan of its country.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PhoneNumber {
    /// E.164 digits without `+`.
    pub address: Address,
    /// The international format, such as `+44 7700 900001`.
    pub international: String,
}

/// The reason why an input is not a phone number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum InvalidNumber {
    /// It does not start with a plus, and the country it is dialled from has no numbering plan.
    NeedsCountry,
    /// It starts with 00, which can be a plus or mean something else in that country, and is valid
    /// both ways.
    Ambiguous,
    /// It is not valid in the numbering plan.
    Invalid,
}

impl InvalidNumber {
    /// Returns a sentence for the caller.
    #[must_use]
    pub const fn text(self) -> &'static str {
        match self {
            Self::NeedsCountry => "A phone number without + needs the code of a country that has phone numbers",
            Self::Ambiguous => "The phone number can be read in two ways; write + instead of 00",
            Self::Invalid => "The phone number is not valid",
        }
    }
}

impl From<InvalidAddress> for InvalidNumber {
    fn from(_: InvalidAddress) -> Self {
        Self::Invalid
    }
}

impl PhoneNumber {
    /// Parses a number as dialled in `country` (ISO 3166-1 alpha-2, in any case): in the national
    /// format, with the country's international prefix, or with a plus. The country does not matter
    /// if there is a plus.
    ///
    /// # Errors
    /// [`InvalidNumber`]
    pub fn parse(country: &str, typed: &str) -> Result<Self, InvalidNumber> {
        let Dialled { is_international, digits } = Dialled::parse(typed)?;
        if is_international {
            return Ok(international(&digits)?);
        }
        let region = Region::from_code(country).ok().filter(|region| has_plan(*region));
        let region = region.ok_or(InvalidNumber::NeedsCountry)?;
        // A plus is dialled as 00 almost everywhere, and written like that even elsewhere.
        let with_00 = digits.strip_prefix("00").and_then(|rest| valid(&format!("+{rest}"), None));
        match (valid(&digits, Some(region)), with_00) {
            (Some(dialled), Some(written)) if dialled != written => Err(InvalidNumber::Ambiguous),
            (Some(number), _) | (None, Some(number)) => Ok(Self::new(&number)?),
            (None, None) => Err(InvalidNumber::Invalid),
        }
    }

    /// Parses a number in the international format, which starts with a plus.
    ///
    /// # Errors
    /// [`InvalidAddress`] for anything else, and for invalid numbers.
    pub fn with_plus(typed: &str) -> Result<Self, InvalidAddress> {
        let Dialled { is_international, digits } = Dialled::parse(typed)?;
        if is_international { international(&digits) } else { Err(InvalidAddress) }
    }

    /// Parses E.164 digits without `+`, as homeservers send them. Nothing is corrected.
    ///
    /// # Errors
    /// [`InvalidAddress`] for anything else, and for invalid numbers.
    pub fn e164(digits: &str) -> Result<Self, InvalidAddress> {
        let given = Address::msisdn(digits)?;
        international(digits).ok().filter(|number| number.address == given).ok_or(InvalidAddress)
    }

    /// Fails if the number is longer than E.164 allows: Japan has some that can be dialled only
    /// within the country.
    fn new(number: &Parsed) -> Result<Self, InvalidAddress> {
        let e164 = number.format_as(PhoneNumberFormat::E164);
        let address = Address::msisdn(e164.strip_prefix('+').ok_or(InvalidAddress)?)?;
        Ok(Self { address, international: number.format_as(PhoneNumberFormat::International).into_owned() })
    }
}

/// Parses the digits of a number that starts with its calling code. They are read by the rules of
/// that country, not by those of the country it is dialled from.
fn international(digits: &str) -> Result<PhoneNumber, InvalidAddress> {
    PhoneNumber::new(&valid(&format!("+{digits}"), None).ok_or(InvalidAddress)?)
}

fn valid(dialled: &str, region: Option<Region>) -> Option<Parsed> {
    let number = PHONE_NUMBER_UTIL.parse(dialled, region).ok()?;
    (number.is_valid() || is_fiction(&number)).then_some(number)
}

/// Returns whether numbers can be dialled in a region. They cannot in regions that share another's
/// plan under its own code, such as AQ, nor in codes that are not regions.
fn has_plan(region: Region) -> bool {
    PHONE_NUMBER_UTIL.get_country_code_for_region(region).is_some()
}

fn is_fiction(number: &Parsed) -> bool {
    let (code, range) = FICTION;
    number.country_code == code && !number.italian_leading_zero() && range.contains(&number.national_number)
}

/// The digits of the input, without separators.
struct Dialled {
    is_international: bool,
    digits: String,
}

impl Dialled {
    fn parse(typed: &str) -> Result<Self, InvalidAddress> {
        if typed.len() > MAX_TYPED_BYTES {
            return Err(InvalidAddress);
        }
        let mut dialled = Self { is_international: false, digits: String::with_capacity(MAX_DIGITS) };
        for c in typed.chars() {
            match c {
                '+' | '\u{ff0b}' if dialled.digits.is_empty() && !dialled.is_international => {
                    dialled.is_international = true;
                }
                c if is_separator(c) => {}
                c => dialled.digits.push(digit(c).ok_or(InvalidAddress)?),
            }
        }
        if (2..=MAX_DIGITS).contains(&dialled.digits.len()) { Ok(dialled) } else { Err(InvalidAddress) }
    }
}

/// Returns the ASCII form of a decimal digit of any script.
fn digit(c: char) -> Option<char> {
    PHONE_NUMBER_UTIL.normalize_digits_only(c.encode_utf8(&mut [0; 4])).chars().next()
}

/// Returns whether the character only separates digits: a space, hyphen, bracket, dot or slash of
/// any width, a minus or long vowel sign used as a hyphen, a tilde that says to wait for a tone
/// (`8~10`), or an invisible mark that was copied along.
fn is_separator(c: char) -> bool {
    const SEPARATORS: GeneralCategoryGroup = GeneralCategoryGroup::SpaceSeparator
        .union(GeneralCategoryGroup::DashPunctuation)
        .union(GeneralCategoryGroup::OpenPunctuation)
        .union(GeneralCategoryGroup::ClosePunctuation)
        .union(GeneralCategoryGroup::Format);
    SEPARATORS.contains(GeneralCategory::for_char(c))
        || "./~\u{2053}\u{2212}\u{223c}\u{30fc}\u{ff0e}\u{ff0f}\u{ff5e}".contains(c)
}

#[cfg(test)]
mod tests;
