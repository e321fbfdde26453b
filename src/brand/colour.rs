//! Colours that stay legible, whatever the operator chooses.

use std::fmt;

/// An sRGB colour; printed as `#rrggbb`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Colour([u8; 3]);

/// The minimum contrast of text (WCAG 2.2, success criterion 1.4.3, level AA).
const LEGIBLE: f64 = 4.5;

impl Colour {
    /// Black.
    pub const BLACK: Self = Self([0; 3]);
    /// White.
    pub const WHITE: Self = Self([255; 3]);

    /// Creates a colour from its channels.
    pub const fn rgb(red: u8, green: u8, blue: u8) -> Self {
        Self([red, green, blue])
    }

    /// Parses a colour written as `#rrggbb`.
    pub fn parse(text: &str) -> Option<Self> {
        let digits = text.strip_prefix('#').filter(|d| d.len() == 6 && d.bytes().all(|b| b.is_ascii_hexdigit()))?;
        let number = u32::from_str_radix(digits, 16).ok()?;
        let [_, r, g, b] = number.to_be_bytes();
        Some(Self([r, g, b]))
    }

    /// Returns this colour, or the nearest darker or lighter shade of it that is legible on
    /// `background`.
    pub fn legible_on(self, background: Self) -> Self {
        let pole = background.ink();
        (0..=20).map(|step| self.mixed(pole, step)).find(|c| c.contrast(background) >= LEGIBLE).unwrap_or(pole)
    }

    /// Returns black or white, whichever is easier to read on this colour.
    pub fn ink(self) -> Self {
        if self.contrast(Self::WHITE) >= self.contrast(Self::BLACK) { Self::WHITE } else { Self::BLACK }
    }

    /// Returns the contrast ratio, 1 to 21 (WCAG 2.2).
    fn contrast(self, other: Self) -> f64 {
        let (a, b) = (self.luminance(), other.luminance());
        (a.max(b) + 0.05) / (a.min(b) + 0.05)
    }

    fn luminance(self) -> f64 {
        let linear = |channel: u8| {
            let c = f64::from(channel) / 255.0;
            if c <= 0.040_45 { c / 12.92 } else { ((c + 0.055) / 1.055).powf(2.4) }
        };
        let [r, g, b] = self.0.map(linear);
        0.2126 * r + 0.7152 * g + 0.0722 * b
    }

    /// Returns this colour mixed with some twentieths of another.
    fn mixed(self, other: Self, twentieths: u16) -> Self {
        let mix = |(a, b): (u8, u8)| (u16::from(a) * (20 - twentieths) + u16::from(b) * twentieths) / 20;
        let [r, g, b] = [0, 1, 2].map(|i| u8::try_from(mix((self.0[i], other.0[i]))).unwrap_or(u8::MAX));
        Self([r, g, b])
    }
}

impl fmt::Display for Colour {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [r, g, b] = self.0;
        write!(f, "#{r:02x}{g:02x}{b:02x}")
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_legible_colour_is_left_alone() {
        let accent = Colour::parse("#0f6b5c").unwrap();
        assert_eq!(accent.legible_on(Colour::WHITE), accent);
        assert_eq!(accent.ink(), Colour::WHITE);
        assert_eq!(Colour::parse("#ffe").or(Colour::parse("0f6b5c")).or(Colour::parse("#+f6b5c")), None);
    }

    proptest! {
        #[test]
        fn any_accent_is_legible_on_any_background(accent: [u8; 3], ground: [u8; 3]) {
            let (accent, ground) = (Colour(accent), Colour(ground));
            prop_assert!(accent.legible_on(ground).contrast(ground) >= LEGIBLE);
            prop_assert!(ground.ink().contrast(ground) >= LEGIBLE);
            prop_assert_eq!(Colour::parse(&accent.to_string()), Some(accent));
        }
    }
}
