//! The text that tells somebody of an invitation.

use fluent_bundle::FluentValue;
use url::Url;

use super::emails::Words;
use crate::texts::visible;

/// The longest Matrix ID in a text, in characters: with more, the text would be three.
const MAX_WHO: usize = 80;

/// The text. It leads to a web app and not to the invitation: the shortest link to that, or to a page about it, fills a text of its own, and who adds the
/// number to an account gets the invitation there. It names the Matrix ID and nothing that can be chosen freely, for that would make this server send
/// advertisements.
#[must_use]
pub fn invite_text(say: Words<'_>, mxid: &str, web_client: &Url) -> String {
    // Cut in characters of GSM 03.38, or every character of the text would take twice the room.
    let who = visible(mxid, MAX_WHO).replace('…', "...");
    let values: [(&str, FluentValue<'_>); 2] =
        [("mxid", who.into()), ("link", web_client.as_str().trim_end_matches('/').into())];
    say.texts.get(say.language, "sms-invite", &values)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::notify::gsm::segments;
    use crate::notify::testing;

    #[test]
    fn a_text_is_short_in_every_language() {
        let brand = testing::brand(None);
        let client = Url::parse("https://app.element.io").unwrap();
        let said: Vec<String> = ["en", "fr", "de", "es"]
            .map(|tag| {
                let say = testing::say(&brand, tag);
                let long = format!("@{}:example.org", "x".repeat(200));
                assert!(segments(&invite_text(say, &long, &client)) <= 3, "{tag}");
                let text = invite_text(say, "@alice:matrix.example.org", &client);
                assert!(segments(&text) <= 2, "{tag}: {text}");
                text
            })
            .to_vec();
        insta::assert_snapshot!("invite_texts", said.join("\n\n"));
    }
}
