//! The TOML file.

use std::fs;
use std::io::ErrorKind;
use std::path::Path;

use toml::de::DeTable;

use super::found::{Entry, Found};
use super::mistake::{Mistake, Origin};

/// The file, parsed as far as it goes.
pub(super) struct Document {
    entries: Vec<Entry>,
    /// The lines that are no TOML.
    broken_lines: Vec<usize>,
}

impl Document {
    /// Reads the file; if it cannot be read, or where it is no TOML, `mistakes` grows.
    pub fn read(path: &Path, mistakes: &mut Vec<Mistake>) -> Option<Self> {
        match fs::read_to_string(path) {
            Ok(text) => Some(Self::parse(path, &text, mistakes)),
            Err(error) => {
                let problem = match error.kind() {
                    ErrorKind::NotFound => "there is no such file".to_owned(),
                    ErrorKind::InvalidData => "cannot be read: it is not text in UTF-8".to_owned(),
                    _ => format!("cannot be read: {error}"),
                };
                let origin = Origin::File { path: path.to_owned(), position: None };
                mistakes.push(Mistake { origin, key: None, problem });
                None
            }
        }
    }

    /// Parses the text of the file. A line that is no TOML does not keep the others from being read.
    fn parse(path: &Path, text: &str, mistakes: &mut Vec<Mistake>) -> Self {
        let at = |offset| Origin::File { path: path.to_owned(), position: Some(position(text, offset)) };
        let (table, errors) = DeTable::parse_recoverable(text);
        let mut broken_lines = Vec::new();
        for error in errors {
            let offset = error.span().map_or(text.len(), |span| span.start);
            let (line, _) = position(text, offset);
            // The first error of a line is the cause, the others are what came of it.
            if !broken_lines.contains(&line) {
                broken_lines.push(line);
                let problem = format!("not valid TOML: {}", error.message().replace('\n', " "));
                mistakes.push(Mistake { origin: at(offset), key: None, problem });
            }
        }
        Self { entries: Found::entries(table.get_ref(), &at), broken_lines }
    }

    /// The value of a key, if the file has it.
    pub fn find(&self, section: &str, key: &str) -> Option<&Found> {
        let mut entries = self.entries.as_slice();
        for name in section.split('.') {
            entries = entry(entries, name)?.as_table()?;
        }
        entry(entries, key)
    }

    /// Calls `visit` with section and entry for everything in the file. Tables for which it returns true are entered.
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

    /// Whether a mistake is only what came of a line that is no TOML.
    pub fn explains(&self, mistake: &Mistake) -> bool {
        match &mistake.origin {
            Origin::File { position: Some((line, _)), .. } => self.broken_lines.contains(line),
            _ => false,
        }
    }
}

fn entry<'e>(entries: &'e [Entry], name: &str) -> Option<&'e Found> {
    entries.iter().find(|entry| entry.name == name).map(|entry| &entry.value)
}

/// The path of what is called `name` within a section; the file itself is the section without a name.
pub(super) fn join(section: &str, name: &str) -> String {
    if section.is_empty() { name.to_owned() } else { format!("{section}.{name}") }
}

/// Line and column, in characters, from 1.
fn position(text: &str, offset: usize) -> (usize, usize) {
    let before = String::from_utf8_lossy(&text.as_bytes()[..offset.min(text.len())]);
    let line = before.rsplit('\n').next().unwrap_or_default();
    (before.split('\n').count(), line.chars().count() + 1)
}
