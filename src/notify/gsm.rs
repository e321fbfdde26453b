//! The alphabet of texts, and how many messages a text is.

/// The characters of GSM 03.38, each of which takes 7 bits.
const DEFAULT: &str = "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?\
                       ¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà";
/// Those of its extension, which take 14.
const EXTENSION: &str = "\u{c}^{}\\[~]|€";

/// How many 7 bits a character takes; nothing if it is not in the alphabet.
fn septets(c: char) -> Option<usize> {
    match c {
        c if DEFAULT.contains(c) => Some(1),
        c if EXTENSION.contains(c) => Some(2),
        _ => None,
    }
}

/// Whether a text has nothing but characters of that alphabet.
pub(super) fn is_gsm(text: &str) -> bool {
    text.chars().all(|c| septets(c).is_some())
}

/// How many messages a text is on the way: one of 160 characters of GSM 03.38 or of 70 others, or several which are shorter
/// by the header that tells how to put them together (3GPP TS 23.040).
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
    fn segments_are_counted_as_networks_do() {
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
