//! Domains of email addresses.
//!
//! All spellings of a domain are one domain, and different domains are never merged. [UTS 46]
//! defines which spellings are the same: it maps case, compatibility forms and the ideographic full
//! stops, and normalizes. It is applied without its transitional mode, which would turn `straße`
//! into `strasse`: these are two domains, with two owners. The canonical form is the ASCII form, in
//! which a label beyond ASCII is an A-label (`xn--…`).
//!
//! [UTS 46]: https://www.unicode.org/reports/tr46/

use std::borrow::Cow;

use idna::uts46::{AsciiDenyList, DnsLength, Hyphens, Uts46};

use super::threepid::is_letter_or_digit;

/// Every ASCII character except letters, digits, hyphens, dots, and the underscore, which some mail
/// domains have.
const DENIED: AsciiDenyList = AsciiDenyList::new(true, "!\"#$%&'()*+,/:;<=>?@[\\]^`{|}~");

/// A label neither begins nor ends with a hyphen. Two in the middle are common.
const HYPHENS: Hyphens = Hyphens::CheckFirstLast;

/// The top-level domains of the machine itself.
const OWN: [&str; 4] = ["localhost", "localdomain", "localdomain4", "localdomain6"];

/// A domain that can have a mail server.
pub(super) struct Domain {
    /// The canonical form: at most 253 bytes, in lower case, with A-labels.
    pub ascii: String,
    /// The form with U-labels, if it differs.
    pub unicode: Option<String>,
}

impl Domain {
    /// Parses a domain in any spelling, or returns `None` if it is not valid: for empty or overlong
    /// labels, A-labels that decode to nothing valid, labels with mixed directions, invisible
    /// characters, symbols, address literals, single labels, and names of the machine itself.
    pub fn parse(text: &str) -> Option<Self> {
        let ascii = to_ascii(text).filter(|_| text.chars().all(is_written))?;
        let (_, top) = ascii.rsplit_once('.')?;
        // No top-level domain begins with a digit, but the last part of an IP address does.
        if !top.starts_with(|c: char| c.is_ascii_alphabetic()) || OWN.contains(&top) {
            return None;
        }
        let (unicode, valid) = Uts46::new().to_unicode(ascii.as_bytes(), DENIED, HYPHENS);
        if unicode == ascii {
            return Some(Self { ascii: ascii.into_owned(), unicode: None });
        }
        // Also refuses text that looks like an A-label in its Unicode form.
        to_ascii(&unicode).filter(|again| valid.is_ok() && *again == ascii)?;
        // An A-label may stand for symbols such as emoji, which are valid only in that form (RFC
        // 5892).
        let unicode = Some(unicode.into_owned()).filter(|unicode| unicode.chars().all(is_written));
        Some(Self { ascii: ascii.into_owned(), unicode })
    }
}

fn to_ascii(domain: &str) -> Option<Cow<'_, str>> {
    Uts46::new().to_ascii(domain.as_bytes(), DENIED, HYPHENS, DnsLength::Verify).ok()
}

/// Returns whether a domain may be spelled with the character. UTS 46 ignores invisible characters
/// and maps symbols to letters; these are refused instead. It accepts the two joiners only where
/// they are visible.
fn is_written(c: char) -> bool {
    is_letter_or_digit(c) || "-_.\u{3002}\u{FF0E}\u{FF61}\u{200C}\u{200D}".contains(c)
}

#[cfg(test)]
mod tests;
