//! The texts that tell a number that it leads to somebody, or no longer does.

use url::Url;

use super::code::MAX_SEGMENTS;
use super::emails::Words;
use super::gsm::segments;

/// The text to a number that was bound to `mxid`; `undo` undoes that.
#[must_use]
pub fn bound_text(say: Words<'_>, mxid: &str, undo: &Url) -> String {
    let get = |id| say.texts.get(say.language, id, &[("server", say.server.into())]);
    // Beside the text and not in it: values are cut where they are too long, which would be the end of a link.
    let last = format!("{} {undo}", get("sms-bound-undo"));
    with_account(say, mxid, &get("sms-bound"), Some(&last))
}

/// The text to a number that was unbound from `mxid`.
#[must_use]
pub fn unbound_text(say: Words<'_>, mxid: &str) -> String {
    let first = say.texts.get(say.language, "sms-unbound", &[("server", say.server.into())]);
    with_account(say, mxid, &first, None)
}

/// The lines, and between them whose account it is, unless it makes the text too long.
fn with_account(say: Words<'_>, mxid: &str, first: &str, last: Option<&str>) -> String {
    let account = say.texts.get(say.language, "sms-notice-account", &[("mxid", mxid.into())]);
    let lines =
        |account: Option<&str>| [Some(first), account, last].into_iter().flatten().collect::<Vec<_>>().join("\n");
    let whole = lines(Some(&account));
    if segments(&whole) <= MAX_SEGMENTS { whole } else { lines(None) }
}

#[cfg(test)]
mod tests {
    use std::sync::LazyLock;

    use super::*;
    use crate::brand::Brand;
    use crate::notify::testing;

    static BRAND: LazyLock<Brand> = LazyLock::new(|| testing::brand(None));
    const MXID: &str = "@alice:matrix.example.com";

    fn say(tag: &str) -> Words<'static> {
        testing::say(&BRAND, tag)
    }

    fn link() -> Url {
        Url::parse(&format!("https://id.example.org/not-me?token={}&lang=en", "x".repeat(92))).unwrap()
    }

    #[test]
    fn a_number_is_told_in_at_most_two_messages_of_whom_and_what_undoes_it() {
        for tag in ["en", "fr", "de", "es"] {
            let (bound, unbound) = (bound_text(say(tag), MXID, &link()), unbound_text(say(tag), MXID));
            assert!(segments(&bound) <= MAX_SEGMENTS && segments(&unbound) == 1, "{bound}\n{unbound}");
            insta::assert_snapshot!(format!("text_{tag}"), format!("{bound}\n\n{unbound}"));
        }
    }

    #[test]
    fn a_matrix_id_that_does_not_fit_is_left_out_and_none_brings_a_line() {
        for mxid in ["@a:".to_owned() + &"b".repeat(250), "@".to_owned() + &"é".repeat(60) + "ğ:b"] {
            let text = bound_text(say("en"), &mxid, &link());
            assert!(segments(&text) <= MAX_SEGMENTS && text.lines().count() == 2, "{text}");
            assert!(text.ends_with(link().as_str()), "{text}");
        }
        let text = unbound_text(say("en"), "@a\r\n@evil.example #123456\u{202e}:b");
        assert_eq!(text.lines().count(), 2, "{text}");
    }
}
