use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use proptest::prelude::*;

use super::*;

fn texts(default: &str, files: &[(&str, &str)]) -> Result<Texts, String> {
    let directory = tempfile::tempdir().unwrap();
    for (name, text) in files {
        fs::write(directory.path().join(name), text).unwrap();
    }
    Texts::load(&default.parse().unwrap(), Some(directory.path()))
        .map_err(|error| error.replace(directory.path().to_str().unwrap(), "texts"))
}

fn ours() -> Texts {
    texts("en", &[]).unwrap()
}

fn tag(texts: &Texts, header: Option<&str>) -> String {
    texts.negotiate(header).tag().to_owned()
}

/// Collects every `"mail-…"`, `"page-…"`, `"sms-…"` and `"span-…"` in the code and the templates.
fn ids_in_use(folder: &Path, ids: &mut BTreeSet<String>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let extension = path.extension().and_then(|extension| extension.to_str()).unwrap_or_default();
        if path.is_dir() {
            ids_in_use(&path, ids);
        } else if ["rs", "html", "txt"].contains(&extension) && !path.ends_with("texts/tests.rs") {
            let text = fs::read_to_string(&path).unwrap();
            let is_id = |word: &&str| ["mail-", "page-", "sms-", "span-"].iter().any(|prefix| word.starts_with(prefix));
            ids.extend(text.split('"').filter(is_id).map(ToOwned::to_owned));
        }
    }
}

#[test]
fn every_language_has_the_same_messages_with_the_same_variables() {
    let catalogues = BUILT_IN.map(|(_, source)| files::catalogue(&files::parse(source.to_owned()).unwrap()).unwrap());
    for catalogue in &catalogues[1..] {
        assert_eq!(*catalogue, catalogues[0]);
    }
}

#[test]
fn french_punctuation_is_set_off_by_spaces_that_do_not_break() {
    let french = BUILT_IN.iter().find(|(tag, _)| *tag == "fr").unwrap().1;
    // Text messages have no such spaces, which would triple their length.
    for line in french.lines().filter(|line| !line.starts_with("sms-") && !line.starts_with('#')) {
        for (at, mark) in line.match_indices([':', ';', '!', '?', '»', '«']) {
            let (before, after) = (line[..at].chars().next_back(), line[at + mark.len()..].chars().next());
            let is_set_off = match mark {
                "«" => after == Some('\u{a0}'),
                // In an example of a Matrix ID.
                ":" if after.is_some_and(char::is_alphabetic) => true,
                ":" | "»" => before == Some('\u{a0}'),
                _ => before == Some('\u{202f}'),
            };
            assert!(is_set_off, "{mark} in {line}");
        }
    }
}

#[test]
fn every_message_is_used_and_every_message_used_is_there() {
    let mut used = BTreeSet::new();
    ids_in_use(Path::new("src"), &mut used);
    ids_in_use(Path::new("templates"), &mut used);
    let catalogue = files::catalogue(&files::parse(BUILT_IN[0].1.to_owned()).unwrap()).unwrap();
    assert_eq!(catalogue.into_keys().collect::<BTreeSet<_>>(), used);
}

#[test]
fn languages_are_listed_by_their_own_names() {
    let texts = ours();
    let names: Vec<_> = texts.languages().map(|language| texts.name(language)).collect();
    assert_eq!(names, ["Deutsch", "English", "Español", "Français"]);
}

#[test]
fn the_reader_gets_the_most_wanted_language_available() {
    let texts = ours();
    for (header, language) in [
        ("fr", "fr"),
        ("fr-CA", "fr"),
        ("FR-ca,en;q=0.5", "fr"),
        ("en;q=0.5, de;q=0.8", "de"),
        ("en;q=0.5,de;q=0.501", "de"),
        ("nl, de;q=0.1", "de"),
        ("de;q=0, fr;q=0.001", "fr"),
        ("nl", "en"),
        ("*", "en"),
        ("", "en"),
        ("fr;q=2, de;q=0.1", "de"),
        ("fr;q=0.1234, de;q=0.1", "de"),
        ("fr;level=1, de;q=0.1", "de"),
        (";;;,,,=q, \u{0}", "en"),
        ("fr é", "en"),
    ] {
        assert_eq!(tag(&texts, Some(header)), language, "{header}");
    }
    assert_eq!(tag(&texts, None), "en");
    assert_eq!(tag(&self::texts("de", &[]).unwrap(), Some("nl")), "de");
    let brazilian = self::texts("en", &[("pt-BR.ftl", "page-language-name = Português")]).unwrap();
    assert_eq!(tag(&brazilian, Some("pt-PT, de;q=0.9")), "pt-BR");
}

#[test]
fn an_operator_replaces_a_single_message() {
    let texts = texts("en", &[("de.ftl", "-wir = Beispiel e. V.\npage-home = Zu { -wir }")]).unwrap();
    let german = texts.negotiate(Some("de"));
    assert_eq!(texts.get(german, "page-home", &[]), "Zu Beispiel e. V.");
    assert_eq!(texts.get(german, "page-contact", &[]), "Kontakt:");
}

#[test]
fn missing_messages_come_from_the_base_language_and_then_the_default() {
    let files = [
        ("de-AT.ftl", "page-language-name = Deutsch (Österreich)"),
        ("it.ftl", "page-language-name = Italiano\npage-home = Inizio"),
    ];
    let texts = texts("fr", &files).unwrap();
    let [austrian, italian] = ["de-AT", "it"].map(|tag| texts.nearest(tag).unwrap());
    assert_eq!(texts.get(austrian, "page-home", &[]), "Startseite");
    assert_eq!(texts.get(italian, "page-home", &[]), "Inizio");
    assert_eq!(texts.get(italian, "page-languages", &[]), "Langue");
}

#[test]
fn an_operators_mistake_is_named_with_its_file_and_message() {
    let own_name = "page-language-name = Italiano\n";
    for (file, text, said) in [
        ("de.ftl", "page-home = Start\n\npage contact = x\n", "texts/de.ftl: line 3: Expected a token"),
        ("de.ftl", "page-hame = Start", "texts/de.ftl: there is no message “page-hame”; en.ftl lists them all"),
        ("de.ftl", "page-home = { $x }", "texts/de.ftl: the message “page-home” has no variable $x; it has none"),
        (
            "de.ftl",
            "mail-contact = { $contact -> \n [a] { $brand }\n *[b] x\n }",
            "texts/de.ftl: the message “mail-contact” has no variable $brand; it has $contact",
        ),
        ("de.ftl", "page-home = a\npage-home = b", "texts/de.ftl: the message “page-home” is defined twice"),
        (
            "de.ftl",
            "page-home = { -we }",
            "texts/de.ftl: the message “page-home” uses the term “-we”, which does not exist",
        ),
        ("de.ftl", "page-home = { page-contact }", "texts/de.ftl: the message “page-home” uses the message"),
        ("de.ftl", "page-home = { NOW() }", "texts/de.ftl: the message “page-home” uses the function NOW()"),
        ("de.ftl", "-we = { -we }", "texts/de.ftl: the term “-we” uses the term “-we”"),
        ("de.ftl", "page-home =\n    .title = x", "texts/de.ftl: the message “page-home” has no text"),
        ("german.txt", own_name, "texts/german.txt: a file of texts must be named after its language"),
        ("pt-br.ftl", own_name, "texts/pt-br.ftl: a file of texts must be named after its language"),
        ("it.ftl", "page-home = Inizio", "texts/it.ftl: a new language needs the message “page-language-name”"),
    ] {
        let error = texts("en", &[(file, text)]).err().unwrap();
        assert!(error.starts_with(said), "{error}");
    }
}

#[test]
fn a_default_language_needs_texts() {
    let error = texts("nl", &[]).err().unwrap();
    assert!(error.contains("no texts for nl; use one of de, en, es, fr"), "{error}");
}

#[test]
fn spans_are_written_in_the_largest_unit_that_fits() {
    let texts = ours();
    let [english, german] = ["en", "de"].map(|tag| texts.nearest(tag).unwrap());
    assert_eq!(texts.span(english, 24 * HOUR), "24 hours");
    assert_eq!(texts.span(english, HOUR), "1 hour");
    assert_eq!(texts.span(english, 90 * MINUTE), "90 minutes");
    assert_eq!(texts.span(german, 365 * DAY), "365\u{a0}Tage");
}

#[test]
fn a_point_in_time_reads_as_people_of_the_language_write_it() {
    const AT: Millis = 1_798_761_660_000; // 2027-01-01T00:01:00Z
    let texts = ours();
    for (tag, timestamp, date) in [
        ("en", "1 January 2027, 00:01 UTC", "1 January 2027"),
        ("de", "1. Januar 2027, 00:01 Uhr UTC", "1. Januar 2027"),
        ("fr", "1er janvier 2027 à 00:01 UTC", "1er janvier 2027"),
        ("es", "1 de enero de 2027, 00:01 UTC", "1 de enero de 2027"),
    ] {
        let language = texts.nearest(tag).unwrap();
        assert_eq!((&*texts.timestamp(language, AT), &*texts.date(language, AT)), (timestamp, date));
    }
}

#[test]
fn a_value_cannot_rearrange_a_text() {
    let texts = ours();
    let say = |value: &str| texts.get(texts.default_language(), "mail-contact", &[("contact", value.into())]);
    assert_eq!(say("a\u{202e}b\u{2066}c\r\nSubject: d\u{200b}"), "Questions? abc Subject: d");
    assert_eq!(say("@א:example.org"), "Questions? \u{2068}@א:example.org\u{2069}");
    assert_eq!(say("{ $contact }"), "Questions? { $contact }");
}

#[test]
fn a_long_value_is_cut_and_ends_in_an_ellipsis() {
    assert_eq!(visible("abcdef", 6), "abcdef");
    assert_eq!(visible("abcdefg", 6), "abcde…");
    assert_eq!(visible(" é\t\u{301}  x ", 6), "é \u{301} x");
}

proptest! {
    #[test]
    fn every_header_gets_some_language(header in ".{0,200}") {
        let texts = ours();
        prop_assert!(["de", "en", "es", "fr"].contains(&&*tag(&texts, Some(&header))));
    }

    #[test]
    fn visible_text_is_one_short_line_and_stays_unchanged(text in "\\PC{0,40}[\u{0}-\u{3000}]{0,40}", max in 1usize..60) {
        let line = visible(&text, max);
        prop_assert!(line.chars().count() <= max);
        let is_unseen = |c: char| c.is_control() || matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}');
        prop_assert!(!line.contains(is_unseen), "{:?}", line);
        prop_assert_eq!(visible(&line, max), line);
    }
}

#[test]
fn a_language_that_a_reload_has_removed_is_replaced_by_the_default() {
    let before = texts("en", &[("it.ftl", "page-language-name = Italiano\n")]).unwrap();
    let italian = before.nearest("it").unwrap();
    let after = texts("fr", &[("eo.ftl", "page-language-name = Esperanto\n")]).unwrap();
    assert_eq!(after.name(italian), "Français");
    assert_eq!(after.name(before.nearest("de").unwrap()), "Deutsch");
    assert_eq!(ours().name(after.nearest("eo").unwrap()), "English");
    let changes =
        ["the texts in eo.ftl have changed", "the texts in it.ftl have changed", "[texts] default_language is fr"];
    assert_eq!(after.changes(&before), changes);
    assert_eq!(after.changes(&after), Vec::<String>::new());
}
