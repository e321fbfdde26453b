//! The text that carries the link to what is held about a number.

use url::Url;

use super::emails::Words;

/// The text.
#[must_use]
pub fn address_text(say: Words<'_>, link: &Url) -> String {
    let first = say.texts.get(say.language, "sms-address", &[("server", say.server.into())]);
    // Beside the text and not in it: values are cut where they are too long, which would be the end of a link.
    format!("{first} {link}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::notify::code::MAX_SEGMENTS;
    use crate::notify::gsm::{is_gsm, segments};
    use crate::notify::testing;

    #[test]
    fn a_text_says_what_it_is_and_is_two_messages_at_most() {
        let brand = testing::brand(None);
        // As long as that of a number of 15 digits.
        let link = format!("https://id.example.org/address/open?token={}&lang=en", "x".repeat(79));
        let link = Url::parse(&link).unwrap();
        let said = testing::TAGS.map(|tag| {
            let text = address_text(testing::say(&brand, tag), &link);
            assert!(is_gsm(&text) && segments(&text) <= MAX_SEGMENTS, "{text}");
            assert!(text.ends_with(&format!(" {link}")), "{text}");
            text
        });
        insta::assert_snapshot!("address_texts", said.join("\n\n"));
    }
}
