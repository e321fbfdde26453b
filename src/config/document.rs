//! The TOML file.

use std::fs;
use std::io::ErrorKind;
use std::path::Path;

use toml::de::DeTable;

use super::error::{ConfigError, Origin};
use super::value::{Entry, Value};

/// The file, parsed as far as possible.
pub(super) struct Document {
    entries: Vec<Entry>,
    /// The lines that are not valid TOML.
    broken_lines: Vec<usize>,
}

impl Document {
    /// Reads the file. Adds an error if it cannot be read, and one for each line that is not valid
    /// TOML.
    pub fn read(path: &Path, errors: &mut Vec<ConfigError>) -> Option<Self> {
        let problem = match fs::read_to_string(path) {
            Ok(text) => return Some(Self::parse(path, &text, errors)),
            Err(error) if error.kind() == ErrorKind::NotFound => "there is no such file".to_owned(),
            Err(error) if error.kind() == ErrorKind::InvalidData => "cannot be read: it is not UTF-8 text".to_owned(),
            Err(error) => format!("cannot be read: {error}"),
        };
        errors.push(ConfigError { origin: Origin::File { path: path.to_owned(), position: None }, key: None, problem });
        None
    }

    /// Parses the file. A line that is not valid TOML does not prevent the others from being read.
    fn parse(path: &Path, text: &str, errors: &mut Vec<ConfigError>) -> Self {
        let at = |offset| Origin::File { path: path.to_owned(), position: Some(position(text, offset)) };
        let (table, syntax_errors) = DeTable::parse_recoverable(text);
        let mut broken_lines = Vec::new();
        for error in syntax_errors {
            let offset = error.span().map_or(text.len(), |span| span.start);
            let (line, _) = position(text, offset);
            // The first error of a line causes the others.
            if !broken_lines.contains(&line) {
                broken_lines.push(line);
                let problem = format!("not valid TOML: {}", error.message().replace('\n', " "));
                errors.push(ConfigError { origin: at(offset), key: None, problem });
            }
        }
        Self { entries: Value::entries(table.get_ref(), &at), broken_lines }
    }

    /// Returns the value of a key, if the file sets it.
    pub fn find(&self, section: &str, key: &str) -> Option<&Value> {
        let mut entries = self.entries.as_slice();
        for name in section.split('.') {
            entries = entry(entries, name)?.as_table()?;
        }
        entry(entries, key)
    }

    /// Calls `visit` with the section and the entry for everything in the file. Enters the tables
    /// for which it returns true.
    pub fn visit(&self, mut visit: impl FnMut(&str, &Entry) -> bool) {
        let mut tables = vec![(String::new(), self.entries.as_slice())];
        while let Some((section, entries)) = tables.pop() {
            for entry in entries {
                let enter = visit(&section, entry);
                if let Some(inner) = entry.value.as_table().filter(|_| enter) {
                    tables.push((join(&section, &entry.name), inner));
                }
            }
        }
    }

    /// Returns whether an error is only the consequence of a line that is not valid TOML.
    pub fn explains(&self, error: &ConfigError) -> bool {
        matches!(&error.origin, Origin::File { position: Some((line, _)), .. } if self.broken_lines.contains(line))
    }
}

fn entry<'e>(entries: &'e [Entry], name: &str) -> Option<&'e Value> {
    entries.iter().find(|entry| entry.name == name).map(|entry| &entry.value)
}

/// Returns the path of `name` within a section. The file itself is the section without a name.
pub(super) fn join(section: &str, name: &str) -> String {
    if section.is_empty() { name.to_owned() } else { format!("{section}.{name}") }
}

/// Returns line and column, in characters, counted from 1.
fn position(text: &str, offset: usize) -> (usize, usize) {
    let before = String::from_utf8_lossy(&text.as_bytes()[..offset.min(text.len())]);
    let line = before.rsplit('\n').next().unwrap_or_default();
    (before.split('\n').count(), line.chars().count() + 1)
}
