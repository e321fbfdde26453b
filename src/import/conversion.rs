//! Another server's settings, converted into a `vouch.toml` to start from.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use toml::Value;

/// A line that a setting is converted into.
pub enum Line {
    /// A setting of this server: section, key and value.
    Set(&'static str, &'static str, Value),
    /// A remark on a setting without an exact counterpart.
    Note(String),
}

use Line::{Note, Set};

/// The lines that settings were converted into so far.
#[derive(Default)]
pub struct Conversion {
    sections: BTreeMap<&'static str, Vec<(&'static str, Value)>>,
    notes: Vec<String>,
}

impl Conversion {
    /// Adds the lines that the setting `key` is converted into.
    pub fn add(&mut self, key: &str, lines: Vec<Line>) {
        for line in lines {
            match line {
                Set(section, key, value) => self.sections.entry(section).or_default().push((key, value)),
                Note(text) => self.notes.push(format!("{key}: {text}")),
            }
        }
    }

    /// Adds remarks.
    pub fn note(&mut self, notes: impl IntoIterator<Item = String>) {
        self.notes.extend(notes);
    }

    /// Returns the text of a `vouch.toml`. `server` is the name of the other server's software.
    #[must_use]
    pub fn to_toml(&self, server: &str) -> String {
        let mut toml = format!(
            "# Converted from the configuration of a {server}. Check it with `vouch check-config --config vouch.toml`, and see\n\
             # vouch.example.toml for all settings. If it contains a password, make it readable only by its owner.\n"
        );
        for (section, settings) in &self.sections {
            // Strings cannot fail.
            let _ = writeln!(toml, "\n[{section}]");
            for (key, value) in settings {
                let _ = writeln!(toml, "{key} = {}", in_one_line(value));
            }
        }
        if !self.notes.is_empty() {
            let _ = writeln!(toml, "\n# Settings of {server} without an exact counterpart:");
        }
        for note in &self.notes {
            let _ = writeln!(toml, "# - {}", note.replace(char::is_control, " "));
        }
        toml
    }
}

/// Returns a string value.
#[must_use]
pub fn text(value: &str) -> Value {
    Value::String(value.to_owned())
}

/// Returns a remark.
#[must_use]
pub fn note(text: &str) -> Vec<Line> {
    vec![Note(text.to_owned())]
}

/// Returns the setting for a number that must be positive.
#[must_use]
pub fn number(section: &'static str, key: &'static str, value: &str) -> Vec<Line> {
    match value.parse::<u32>() {
        Ok(number) if number > 0 => vec![Set(section, key, Value::Integer(number.into()))],
        _ => note(&format!("{value}: not a number that [{section}] {key} can have")),
    }
}

/// Returns the list of the items, which are separated by commas or line breaks.
#[must_use]
pub fn list(value: &str) -> Value {
    let items = value.split([',', '\n']).map(str::trim).filter(|item| !item.is_empty());
    Value::Array(items.map(text).collect())
}

/// Formats a value as TOML in one line.
fn in_one_line(value: &Value) -> String {
    match value {
        Value::Array(items) => format!("[{}]", items.iter().map(in_one_line).collect::<Vec<_>>().join(", ")),
        Value::Table(table) => {
            let pairs = table.iter().map(|(key, value)| format!("{} = {}", text(key), in_one_line(value)));
            format!("{{ {} }}", pairs.collect::<Vec<_>>().join(", "))
        }
        other => other.to_string(),
    }
}
