//! Holds `vouch.example.toml` against the code.

use std::collections::BTreeMap;
use std::fs;
use std::io::Write;
use std::iter;
use std::path::Path;

use super::Config;
use super::document::join;

const EXAMPLE: &str = "vouch.example.toml";

/// Keys whose values are tables.
const TABLES: [&str; 4] = ["overrides", "rules", "senders", "headers"];

/// The example with every `# key = value` made `key = value`.
fn uncommented_example() -> String {
    let is_key = |text: &str| {
        let name = text.split_once(" = ").map_or("", |(name, _)| name);
        !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_')
    };
    let lines = fs::read_to_string(EXAMPLE).unwrap();
    lines
        .lines()
        .map(|line| line.strip_prefix("# ").filter(|text| is_key(text)).unwrap_or(line).to_owned() + "\n")
        .collect()
}

fn flatten(section: &str, table: toml::Table, keys: &mut BTreeMap<(String, String), String>) {
    for (name, value) in table {
        match value {
            toml::Value::Table(table) if !TABLES.contains(&name.as_str()) => {
                flatten(&join(section, &name), table, keys);
            }
            value => _ = keys.insert((section.to_owned(), name), value.to_string()),
        }
    }
}

#[test]
fn the_example_documents_every_key_with_its_default() {
    let mut documented = BTreeMap::new();
    flatten("", uncommented_example().parse().unwrap(), &mut documented);
    for key in Config::keys() {
        let label = key.label();
        let value = documented.remove(&(key.section.to_owned(), key.name.to_owned()));
        let value = value.unwrap_or_else(|| panic!("{label} is not in {EXAMPLE}"));
        if let Some(default) = key.default {
            assert_eq!(value, default, "{label}");
        }
    }
    assert_eq!(documented, BTreeMap::new(), "there are no such keys");
}

#[test]
fn the_example_says_where_there_is_no_default() {
    let example = fs::read_to_string(EXAMPLE).unwrap();
    let paragraphs: Vec<&str> = example.split("\n\n").collect();
    for key in Config::keys() {
        let header = format!("[{}]", key.section);
        let start = paragraphs.iter().position(|paragraph| paragraph.lines().any(|line| line == header)).unwrap();
        let line = format!("\n# {} = ", key.name);
        let paragraph = paragraphs[start..].iter().find(|paragraph| paragraph.contains(&line)).unwrap();
        let says_so = paragraph.contains("o default");
        assert_eq!(says_so, key.default.is_none(), "{}", key.label());
        assert!(!paragraph.lines().next().unwrap().contains(&line[1..]), "{} has no words", key.label());
    }
}

#[test]
fn the_example_as_it_is_changes_nothing() {
    let config = Config::load(Some(Path::new(EXAMPLE)), iter::empty()).unwrap();
    assert_eq!(format!("{config:#?}"), format!("{:#?}", Config::default()));
}

#[test]
fn the_values_in_the_example_are_valid_but_for_files_that_are_not_there() {
    let mut file = tempfile::NamedTempFile::new().unwrap();
    file.write_all(uncommented_example().as_bytes()).unwrap();
    let uncommented = Config::load(Some(file.path()), iter::empty());
    let mistakes = uncommented.map_or_else(|mistakes| mistakes, |_| Vec::new());
    for mistake in mistakes.iter().map(ToString::to_string) {
        // Nobody has all gateways and no rule.
        let expected =
            [": expected a file: ", ": expected a directory: ", ": with twilio there are several gateways: "];
        assert!(expected.iter().any(|expected| mistake.contains(expected)), "{mistake}");
    }
}
