//! The text that carries a code.

use fluent_bundle::FluentValue;

use super::emails::Words;
use super::gsm::segments;

/// The most segments of a text: each is paid for. Who asks is left out where it does not fit.
pub(super) const MAX_SEGMENTS: usize = 2;

/// What a text with a code tells.
#[derive(Clone, Copy, Debug)]
pub struct CodeFacts<'a> {
    /// The code.
    pub code: &'a str,
    /// The Matrix ID that asks, if it is known.
    pub mxid: Option<&'a str>,
    /// How long the code works.
    pub minutes: i64,
    /// The web page in which it is typed.
    pub domain: &'a str,
}

/// The text. Its last line is for machines: a browser fills the code in at that domain and nowhere else
/// ([origin-bound one-time codes](https://wicg.github.io/sms-one-time-codes/)).
#[must_use]
pub fn code_text(say: Words<'_>, facts: &CodeFacts<'_>) -> String {
    let get = |id, values: &[(&str, FluentValue<'_>)]| say.texts.get(say.language, id, values);
    let values = [("code", facts.code.into()), ("server", say.server.into()), ("minutes", facts.minutes.into())];
    let (first, last) = (get("sms-code", &values), format!("@{} #{}", facts.domain, facts.code));
    let asks = facts.mxid.map(|mxid| get("sms-code-asks", &[("mxid", mxid.into())]));
    let whole = asks.map(|asks| format!("{first}\n{asks}\n{last}"));
    whole.filter(|whole| segments(whole) <= MAX_SEGMENTS).unwrap_or_else(|| format!("{first}\n{last}"))
}

#[cfg(test)]
mod tests {
    use std::sync::LazyLock;

    use proptest::prelude::*;

    use super::*;
    use crate::brand::Brand;
    use crate::notify::gsm::is_gsm;
    use crate::notify::testing;

    static BRAND: LazyLock<Brand> = LazyLock::new(|| testing::brand(None));

    fn text(tag: &str, mxid: Option<&str>) -> String {
        code_text(
            testing::say(&BRAND, tag),
            &CodeFacts { code: "012345", mxid, minutes: 10, domain: "app.example.org" },
        )
    }

    #[test]
    fn a_text_says_what_it_is_for_and_who_asks_and_ends_for_machines() {
        let mut all = Vec::new();
        for tag in ["en", "fr", "de", "es"] {
            for mxid in [Some("@alice:matrix.example.com"), None] {
                let text = text(tag, mxid);
                assert!(is_gsm(&text), "{text}");
                assert_eq!(segments(&text), 1, "{text}");
                assert_eq!(text.lines().last(), Some("@app.example.org #012345"));
                all.push(text);
            }
        }
        insta::assert_snapshot!("code", all.join("\n\n"));
    }

    #[test]
    fn who_asks_is_left_out_where_it_does_not_fit() {
        let long = format!("@{}:matrix.example.com", "a".repeat(100));
        assert!(text("en", Some(&long)).contains(&long));
        assert_eq!(segments(&text("en", Some(&long))), 2);
        let longer = format!("@{}:matrix.example.com", "a".repeat(220));
        assert_eq!(text("en", Some(&longer)), text("en", None));
    }

    #[test]
    fn a_matrix_id_brings_no_line_of_its_own() {
        let text = text("en", Some("@a\n@evil.example #999999\u{202e}:b"));
        assert_eq!(text.lines().count(), 3);
        assert_eq!(text.lines().last(), Some("@app.example.org #012345"));
        assert!(is_gsm(&text), "{text}");
    }

    proptest! {
        #[test]
        fn whoever_asks_a_text_is_two_segments_at_most_and_ends_the_same(mxid: String) {
            for tag in ["en", "fr", "de", "es"] {
                let text = text(tag, Some(&mxid));
                prop_assert!(segments(&text) <= MAX_SEGMENTS);
                prop_assert_eq!(text.lines().last(), Some("@app.example.org #012345"));
                prop_assert!(text.lines().count() <= 3);
            }
        }
    }
}
