//! The GSM alphabet, and the number of messages that a text takes.

/// The basic characters of GSM 03.38. Each takes 7 bits.
const DEFAULT: &str = "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?\
                       ¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà";
/// The characters of its extension table. Each takes 14 bits.
const EXTENSION: &str = "\u{c}^{}\\[~]|€";

/// Returns the number of 7-bit units that a character takes, if it is in the alphabet.
fn septets(c: char) -> Option<usize> {
    match c {
        c if DEFAULT.contains(c) => Some(1),
        c if EXTENSION.contains(c) => Some(2),
        _ => None,
    }
}

/// Returns whether a text consists only of GSM characters.
pub(super) fn is_gsm(text: &str) -> bool {
    text.chars().all(|c| septets(c).is_some())
}

/// Returns the number of messages that a text is sent as. One message has room for 160 GSM
/// characters, or for 70 UTF-16 units if the text has any other character. If there are several, a
/// header takes some of that room (3GPP TS 23.040).
pub(super) fn segments(text: &str) -> usize {
    let (length, one, several) = match text.chars().map(septets).sum::<Option<usize>>() {
        Some(septets) => (septets, 160, 153),
        None => (text.encode_utf16().count(), 70, 67),
    };
    if length <= one { 1 } else { length.div_ceil(several) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn segments_are_counted_as_phone_networks_do() {
        for (text, expected) in [
            ("a".repeat(160), 1),
            ("a".repeat(161), 2),
            ("a".repeat(306), 2),
            ("a".repeat(307), 3),
            ("€".repeat(80), 1),
            ("€".repeat(81), 2),
            ("ê".repeat(70), 1),
            ("ê".repeat(71), 2),
            ("😀".repeat(35), 1),
            ("😀".repeat(36), 2),
            ("ê".repeat(134), 2),
            ("ê".repeat(135), 3),
        ] {
            assert_eq!(segments(&text), expected, "{text}");
        }
    }
}
