//! Compares `vouch.example.toml` with the code.

use std::collections::BTreeMap;
use std::fs;
use std::io::Write;
use std::iter;
use std::path::Path;

use super::super::Config;
use super::super::document::join;

const EXAMPLE: &str = "vouch.example.toml";

/// The keys whose values are tables.
const TABLES: [&str; 5] = ["overrides", "rules", "senders", "headers", "v1_invites"];

/// Returns the example with every `# key = value` uncommented.
fn uncommented_example() -> String {
    let is_key = |text: &str| {
        let name = text.split_once(" = ").map_or("", |(name, _)| name);
        !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_')
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
        let value = documented.remove(&(key.section.to_owned(), key.name.clone()));
        let value = value.unwrap_or_else(|| panic!("{label} is not in {EXAMPLE}"));
        if let Some(default) = key.default {
            assert_eq!(value, default, "{label}");
        }
    }
    assert_eq!(documented, BTreeMap::new(), "these keys do not exist");
}

#[test]
fn the_example_says_which_keys_have_no_default() {
    let example = fs::read_to_string(EXAMPLE).unwrap();
    let paragraphs: Vec<&str> = example.split("\n\n").collect();
    for key in Config::keys() {
        let header = format!("[{}]", key.section);
        let start = paragraphs.iter().position(|paragraph| paragraph.lines().any(|line| line == header)).unwrap();
        let line = format!("\n# {} = ", key.name);
        let paragraph = paragraphs[start..].iter().find(|paragraph| paragraph.contains(&line)).unwrap();
        let says_so = paragraph.contains("o default");
        assert_eq!(says_so, key.default.is_none(), "{}", key.label());
        assert!(!paragraph.lines().next().unwrap().contains(&line[1..]), "{} is not explained", key.label());
    }
}

#[test]
fn the_unchanged_example_equals_the_defaults() {
    let config = Config::load(Some(Path::new(EXAMPLE)), iter::empty()).unwrap();
    assert_eq!(format!("{config:#?}"), format!("{:#?}", Config::default()));
}

#[test]
fn the_values_in_the_example_are_valid_except_for_missing_files() {
    let mut file = tempfile::NamedTempFile::new().unwrap();
    file.write_all(uncommented_example().as_bytes()).unwrap();
    let uncommented = Config::load(Some(file.path()), iter::empty());
    let errors = uncommented.map_or_else(|errors| errors, |_| Vec::new());
    for error in errors.iter().map(ToString::to_string) {
        // The example sets every gateway without any rule, and every secret twice.
        let expected = [
            ": expected a file: ",
            ": expected a directory: ",
            ": is a second gateway, in addition to twilio: ",
            "_file: is set, and so is `",
        ];
        assert!(expected.iter().any(|expected| error.contains(expected)), "{error}");
    }
}
