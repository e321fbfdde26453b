//! Names and Matrix IDs that mail programs and phones do not turn into links.
//!
//! Programs make links of anything that looks like one, such as `evil.com/login` in the name of a
//! room. So the dots of such words become middle dots, which everybody can still read, and a scheme
//! is separated from what follows. Words that no program treats as a link keep their dots: “J.R.R.
//! Tolkien”, “v1.2”.

/// The replacement for a dot.
const MIDDLE_DOT: &str = "\u{b7}";
/// The characters that browsers treat as a dot in a domain (UTS 46).
const DOTS: [char; 6] = ['.', '\u{2024}', '\u{3002}', '\u{fe52}', '\u{ff0e}', '\u{ff61}'];
/// The characters that begin a Matrix identifier, which contains a colon.
const SIGILS: [char; 4] = ['@', '#', '!', '+'];

/// Returns a name without anything that could become a link.
pub(super) fn unlinked(name: &str) -> String {
    let words = name.split(' ').map(|word| {
        let word = without_scheme(&word.replace("\\\\", "\\ \\"));
        if is_linkable(&word) { without_dots(&word, MIDDLE_DOT) } else { word }
    });
    words.collect::<Vec<_>>().join(" ")
}

/// Returns a Matrix ID whose local part cannot become a link. It is what others recognise the user
/// by, so it is changed only if it looks like the beginning of a link to a page; its dots are then
/// replaced by `dot`.
pub(super) fn unlinked_id(mxid: &str, dot: &str) -> String {
    let Some((local, server)) = mxid.split_once(':') else { return without_dots(&without_scheme(mxid), dot) };
    let name = local.strip_prefix('@').unwrap_or(local);
    let is_page = name.contains(['/', '@', '\\', '?', '%']) || name.to_lowercase().contains("www.");
    let local = if is_page { without_dots(&local.replace("\\\\", "\\ \\"), dot) } else { local.to_owned() };
    format!("{local}:{server}")
}

/// Works like [`unlinked_id`], for text messages, whose alphabet has no middle dot.
pub(super) fn unlinked_id_in_text(mxid: &str) -> String {
    unlinked_id(mxid, " ")
}

/// Works like [`unlinked_id`], for mails.
pub(super) fn unlinked_id_in_mail(mxid: &str) -> String {
    unlinked_id(mxid, MIDDLE_DOT)
}

fn is_dot(c: char) -> bool {
    DOTS.contains(&c)
}

fn is_linkable(word: &str) -> bool {
    let labels: Vec<&str> = word.split(is_dot).collect();
    let is_number = |label: &&str| !label.is_empty() && label.bytes().all(|byte| byte.is_ascii_digit());
    let numbers = labels.iter().filter(|label| label.chars().any(|c| c.is_ascii_digit())).count();
    let ends_domain = |label: &&str| {
        let label: Vec<char> =
            label.chars().take_while(|c| c.is_alphanumeric() || *c == '-' || !c.is_ascii()).collect();
        label.len() > 1 && !label.iter().all(char::is_ascii_digit)
    };
    let is_domain = labels[1..].iter().any(|label| ends_domain(label) && !is_number(label));
    labels.len() > 1 && (is_domain || numbers > 3 || word.contains(['@', '\u{fe6b}', '\u{ff20}']))
}

/// Replaces the dots of a word, except for those at its end.
fn without_dots(word: &str, dot: &str) -> String {
    let kept = word.trim_end_matches(is_dot).len();
    let (word, end) = word.split_at(kept);
    format!("{}{end}", word.replace(is_dot, dot))
}

/// Separates the schemes in a word, such as `https:` and `tel:`, from what follows.
fn without_scheme(word: &str) -> String {
    let is_of_scheme = |c: &char| c.is_ascii_alphanumeric() || ['+', '-'].contains(c);
    let mut out = String::with_capacity(word.len() + 1);
    let mut rest = word.chars().peekable();
    while let Some(c) = rest.next() {
        out.push(c);
        let is_before_something = rest.peek().is_some_and(|next| !next.is_whitespace());
        if c == ':' && is_before_something {
            let before = &out[..out.len() - 1];
            let scheme = before.chars().rev().take_while(is_of_scheme).count();
            let mut end = before.chars().rev().skip(scheme.saturating_sub(1));
            let is_word = scheme > 1 && end.next().is_some_and(|c| c.is_ascii_alphabetic());
            let is_identifier = end.next().is_some_and(|c| SIGILS.contains(&c));
            if (is_word && !is_identifier) || rest.peek() == Some(&'/') {
                out.push(' ');
            }
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use linkify::LinkFinder;
    use proptest::prelude::*;

    use super::*;
    use crate::texts::visible;

    fn links(text: &str) -> Vec<String> {
        let mut finder = LinkFinder::new();
        finder.url_must_have_scheme(false);
        finder.links(text).map(|link| link.as_str().to_owned()).collect()
    }

    #[test]
    fn ordinary_names_stay_as_they_are() {
        for name in [
            "Dr. Who",
            "J.R.R. Tolkien",
            "St. John",
            "v1.2",
            "Release 10.4.1",
            "a.m. and p.m.",
            "Wait...",
            "12:30 meeting",
            "3.14",
            "Lunch: pizza",
            "AC/DC",
            "c++",
            "und/oder",
            "#fish",
            "…",
            "@alice",
            "",
        ] {
            assert_eq!(unlinked(name), name);
        }
    }

    #[test]
    fn links_become_text_that_can_be_read() {
        for (name, text) in [
            ("evil.com/login", "evil\u{b7}com/login"),
            ("Pay at evil.com.", "Pay at evil\u{b7}com."),
            ("www.evil.example", "www\u{b7}evil\u{b7}example"),
            ("Node.js", "Node\u{b7}js"),
            ("http://evil.com", "http: //evil\u{b7}com"),
            ("(https://evil.com/a.b)", "(https: //evil\u{b7}com/a\u{b7}b)"),
            ("192.168.0.1", "192\u{b7}168\u{b7}0\u{b7}1"),
            ("192.168.0.1:8080/x", "192\u{b7}168\u{b7}0\u{b7}1:8080/x"),
            ("a@evil.com", "a@evil\u{b7}com"),
            ("mailto:a@b.c", "mailto: a@b\u{b7}c"),
            ("tel:+18005550100", "tel: +18005550100"),
            ("javascript:alert(1)", "javascript: alert(1)"),
            ("evil\u{3002}com", "evil\u{b7}com"),
            ("evil\u{ff0e}com", "evil\u{b7}com"),
            ("пример.рф", "пример\u{b7}рф"),
            ("evil.xn--p1ai", "evil\u{b7}xn--p1ai"),
            ("\\\\server\\share", "\\ \\server\\share"),
            ("#fish:hs.example", "#fish:hs\u{b7}example"),
        ] {
            assert_eq!(unlinked(name), text);
            assert!(links(&unlinked(name)).is_empty(), "{name}");
        }
        assert_eq!(unlinked(&visible("evil\u{200b}.\u{2060}c\u{ad}om", 80)), "evil\u{b7}com");
    }

    #[test]
    fn a_matrix_id_changes_only_if_it_looks_like_a_page() {
        for mxid in ["@alice:hs.example", "@alice.smith:hs.example", "@a_b=c-d:hs.example:8448", "@alice:[::1]:8448"] {
            assert_eq!(unlinked_id_in_mail(mxid), mxid);
            assert_eq!(unlinked_id_in_text(mxid), mxid);
        }
        assert_eq!(unlinked_id_in_mail("@evil.com/login:hs.example"), "@evil\u{b7}com/login:hs.example");
        assert_eq!(unlinked_id_in_text("@www.evil.com:hs.example"), "@www evil com:hs.example");
    }

    proptest! {
        #[test]
        fn no_link_is_left(name in "([a-zA-Z0-9рф.\u{3002}\u{ff0e}\u{2024}:/@#+_\\\\~?=%!,;()<> -]|www\\.|://|\\.com|http|mailto:|tel:){0,16}") {
            let text = unlinked(&visible(&name, 80));
            prop_assert!(links(&text).is_empty(), "{:?}: {:?}", text, links(&text));
            let kept = |text: &str| text.chars().filter(|c| c.is_alphanumeric()).collect::<String>();
            prop_assert_eq!(kept(&text), kept(&visible(&name, 80)));
            prop_assert_eq!(unlinked(&text), text);
        }

        #[test]
        fn nor_in_anything_else(name: String) {
            prop_assert!(links(&unlinked(&visible(&name, 80))).is_empty());
        }
    }
}
