//! Cleaning text from other people before it is shown within our own.

use icu_properties::props::{
    BidiClass, BinaryProperty, DefaultIgnorableCodePoint, EnumeratedProperty, GeneralCategory,
};

/// A character that looks like a space, but is a symbol in Unicode.
const BLANK_BRAILLE_PATTERN: char = '\u{2800}';

/// Returns a text as one line of visible characters. Control characters, invisible characters and
/// those that change the direction of others are removed, and white space becomes single spaces. A
/// text of more than `max` characters is cut and ends in “…”.
pub fn visible(text: &str, max: usize) -> String {
    let kept: String =
        text.chars().map(|c| if c.is_whitespace() { ' ' } else { c }).filter(|c| is_visible(*c)).collect();
    let line = kept.split(' ').filter(|word| !word.is_empty()).collect::<Vec<_>>().join(" ");
    match line.char_indices().nth(max) {
        None => line,
        Some(_) => line.chars().take(max.saturating_sub(1)).chain(['…']).collect(),
    }
}

/// Returns the text between isolating marks (FSI, PDI) if it has letters that run from right to
/// left.
pub(super) fn isolated(text: String) -> String {
    let runs_left = |c| matches!(BidiClass::for_char(c), BidiClass::RightToLeft | BidiClass::ArabicLetter);
    if text.chars().any(runs_left) { format!("\u{2068}{text}\u{2069}") } else { text }
}

fn is_visible(c: char) -> bool {
    let is_unseen = matches!(
        GeneralCategory::for_char(c),
        GeneralCategory::Control
            | GeneralCategory::Format
            | GeneralCategory::LineSeparator
            | GeneralCategory::ParagraphSeparator
    );
    !is_unseen && !DefaultIgnorableCodePoint::for_char(c) && c != BLANK_BRAILLE_PATTERN
}
