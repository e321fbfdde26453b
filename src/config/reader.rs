//! Reads settings one by one and remembers what it was asked for, so that a key is declared in one place: where it is
//! read. From these declarations come the unknown keys, the suggestions, and the test of the example file.

use std::collections::BTreeMap;
use std::ops::RangeInclusive;
use std::path::Path;

use toml::Value;

use super::document::Document;
use super::found::{Entry, Found};
use super::mistake::{Mistake, Origin};
use super::unknown;

/// What the name of each environment variable begins with.
pub(super) const PREFIX: &str = "VOUCH__";

/// A key that can be set.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Key {
    /// The section without brackets, such as `budgets.user`.
    pub section: &'static str,
    /// The name within the section.
    pub name: &'static str,
    /// The default as TOML, if there is one.
    pub default: Option<String>,
}

impl Key {
    /// `[section] name`, as mistakes name it.
    pub(super) fn label(&self) -> String {
        label(self.section, self.name)
    }

    /// The environment variable that sets it.
    #[must_use]
    pub fn variable(&self) -> String {
        variable(self.section, self.name)
    }
}

/// The sources, what was asked of them, and what was wrong with them.
pub(super) struct Reader {
    document: Option<Document>,
    environment: BTreeMap<String, String>,
    keys: Vec<Key>,
    mistakes: Vec<Mistake>,
}

impl Reader {
    pub fn new(file: Option<&Path>, environment: impl Iterator<Item = (String, String)>) -> Self {
        let mut mistakes = Vec::new();
        Self {
            document: file.and_then(|path| Document::read(path, &mut mistakes)),
            environment: environment.filter(|(name, _)| name.starts_with(PREFIX)).collect(),
            keys: Vec::new(),
            mistakes,
        }
    }

    /// The keys of a section; `budgets.user` is the section `user` within `budgets`.
    pub fn section(&mut self, name: &'static str) -> Section<'_> {
        Section { reader: self, name }
    }

    /// Every key that was asked for, and every mistake in the order of the file, then of the environment. What nobody
    /// asked for is a mistake.
    pub fn finish(mut self) -> (Vec<Key>, Vec<Mistake>) {
        if let Some(document) = &self.document {
            self.mistakes.extend(unknown::in_document(document, &self.keys));
            // Without a key it is the syntax error itself.
            self.mistakes.retain(|mistake| mistake.key.is_none() || !document.explains(mistake));
        }
        self.mistakes.extend(unknown::in_environment(self.environment.keys(), &self.keys));
        self.mistakes.sort();
        (self.keys, self.mistakes)
    }

    fn find(&self, section: &str, key: &str) -> Option<Found> {
        let variable = variable(section, key);
        match self.environment.get(&variable) {
            Some(value) => Some(Found::in_environment(&variable, value)),
            None => self.document.as_ref()?.find(section, key).cloned(),
        }
    }
}

/// One section being read. Each method declares a key and returns its value; after a mistake that is the default.
pub(super) struct Section<'r> {
    reader: &'r mut Reader,
    name: &'static str,
}

impl Section<'_> {
    /// A text that means something to `parse`.
    pub fn text<T>(&mut self, key: &'static str, default: &str, parse: impl Fn(&str) -> Result<T, String>) -> T {
        let found = self.declare(key, Some(default.into()));
        found
            .and_then(|found| self.note(key, &found.origin, found.text(&parse)))
            .unwrap_or_else(|| parse(default).expect("every default is read in the tests"))
    }

    /// A text without a default; empty is unset.
    pub fn optional<T>(&mut self, key: &'static str, parse: impl Fn(&str) -> Result<T, String>) -> Option<T> {
        let found = self.declare(key, None).filter(|found| !found.is_empty())?;
        self.note(key, &found.origin, found.text(parse))
    }

    /// A list of texts.
    pub fn list<T>(
        &mut self,
        key: &'static str,
        default: &[&str],
        parse: impl Fn(&str) -> Result<T, String>,
    ) -> Vec<T> {
        let found = self.declare(key, Some(Value::Array(default.iter().map(|item| (*item).into()).collect())));
        found.and_then(|found| self.items(key, found, &parse)).unwrap_or_else(|| {
            default.iter().map(|item| parse(item).expect("every default is read in the tests")).collect()
        })
    }

    /// A list of texts where the empty list is something else than none.
    pub fn optional_list<T>(&mut self, key: &'static str, parse: impl Fn(&str) -> Result<T, String>) -> Option<Vec<T>> {
        let found = self.declare(key, None)?;
        self.items(key, found, &parse)
    }

    /// A table of texts, empty by default.
    pub fn table<K: Ord, V>(
        &mut self,
        key: &'static str,
        parse_key: impl Fn(&str) -> Result<K, String>,
        parse_value: impl Fn(&str) -> Result<V, String>,
    ) -> BTreeMap<K, V> {
        let Some(found) = self.declare(key, Some(Value::Table(toml::Table::new()))) else { return BTreeMap::new() };
        let origin = found.origin.clone();
        let entries = self.note(key, &origin, found.table()).unwrap_or_default();
        let parse = |entry: &Entry| Ok((parse_key(&entry.name)?, entry.value.text(&parse_value)?));
        entries.iter().filter_map(|entry| self.note(key, &entry.origin, parse(entry))).collect()
    }

    /// A whole number within `range`, which must fit into `T`.
    pub fn number<T: TryFrom<u64>>(&mut self, key: &'static str, default: u32, range: &RangeInclusive<u64>) -> T {
        let found = self.declare(key, Some(default.into()));
        let parse = |number: Option<i128>| {
            let number = u64::try_from(number?).ok().filter(|number| range.contains(number))?;
            T::try_from(number).ok()
        };
        found
            .and_then(|found| {
                let expected = || format!("expected a whole number from {} to {}", range.start(), range.end());
                self.note(key, &found.origin, parse(found.integer()).ok_or_else(expected))
            })
            .unwrap_or_else(|| parse(Some(default.into())).expect("every default is read in the tests"))
    }

    /// Yes or no.
    pub fn flag(&mut self, key: &'static str, default: bool) -> bool {
        let found = self.declare(key, Some(default.into()));
        found.and_then(|found| self.note(key, &found.origin, found.flag())).unwrap_or(default)
    }

    /// Says what is wrong with the value of `key`, if it has one of its own.
    pub fn wrong(&mut self, key: &'static str, problem: &str) {
        if let Some(found) = self.reader.find(self.name, key) {
            self.note::<()>(key, &found.origin, Err(problem.to_owned()));
        }
    }

    /// `key` is of no use without `needed`.
    pub fn needs(&mut self, key: &'static str, needed: &'static str) {
        let has = |key| self.reader.find(self.name, key).is_some_and(|found| !found.is_empty());
        if has(key) && !has(needed) {
            self.wrong(key, &format!("needs `{needed}`, which is not set: set both or neither"));
        }
    }

    fn declare(&mut self, key: &'static str, default: Option<Value>) -> Option<Found> {
        let default = default.map(|value| value.to_string());
        self.reader.keys.push(Key { section: self.name, name: key, default });
        self.reader.find(self.name, key)
    }

    /// All items, or none after a mistake in any.
    fn items<T>(
        &mut self,
        key: &'static str,
        found: Found,
        parse: &impl Fn(&str) -> Result<T, String>,
    ) -> Option<Vec<T>> {
        let origin = found.origin.clone();
        let items = self.note(key, &origin, found.list())?;
        let parsed: Vec<T> = items.iter().filter_map(|item| self.note(key, &item.origin, item.text(parse))).collect();
        (parsed.len() == items.len()).then_some(parsed)
    }

    /// Keeps the mistake, if it is one.
    fn note<T>(&mut self, key: &str, origin: &Origin, result: Result<T, String>) -> Option<T> {
        result
            .map_err(|problem| {
                let key = Some(label(self.name, key));
                self.reader.mistakes.push(Mistake { origin: origin.clone(), key, problem });
            })
            .ok()
    }
}

/// `[section] key`, with whatever the file has for names on one line.
pub(super) fn label(section: &str, key: &str) -> String {
    if section.is_empty() {
        key.escape_debug().to_string()
    } else {
        format!("[{}] {}", section.escape_debug(), key.escape_debug())
    }
}

fn variable(section: &str, key: &str) -> String {
    format!("{PREFIX}{}__{}", section.replace('.', "__"), key).to_uppercase()
}
