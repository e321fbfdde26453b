//! Reads settings one at a time and records each key it is asked for, so a key is declared in one
//! place: where it is read. The detection of unknown keys, the suggestions and the test of the
//! example file derive from these declarations.

use std::collections::BTreeMap;
use std::fs;
use std::ops::RangeInclusive;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use toml::Value as Toml;

use super::database::DatabaseUrl;
use super::document::Document;
use super::error::{ConfigError, Origin};
use super::key::{self, Key, PREFIX};
use super::parse::{self, Parsed};
use super::settings::Settings;
use super::unknown;
use super::value::{Entry, Value};

/// The keys that hold a secret. For each there is a key `<key>_file`, which names a file that holds
/// the value. `[keys] master_key_file` is not among them: that file is created if it does not
/// exist.
pub(super) const SECRETS: [(&str, &str); 8] = [
    ("database", "url"),
    ("mail", "password"),
    ("sms.twilio", "token"),
    ("sms.openmarket", "password"),
    ("sms.kannel", "password"),
    ("sms.webhook", "url"),
    ("sms.webhook", "headers"),
    ("sms.webhook", "body"),
];

const VALID_DEFAULT: &str = "the tests read every default";

/// The sources, the keys requested so far with their values, and the errors found so far.
pub(super) struct Reader {
    document: Option<Document>,
    environment: BTreeMap<String, String>,
    keys: Vec<Key>,
    settings: Settings,
    errors: Vec<ConfigError>,
}

impl Reader {
    pub fn new(file: Option<&Path>, environment: impl Iterator<Item = (String, String)>) -> Self {
        let mut errors = Vec::new();
        Self {
            document: file.and_then(|path| Document::read(path, &mut errors)),
            environment: environment.filter(|(name, _)| name.starts_with(PREFIX)).collect(),
            keys: Vec::new(),
            settings: Settings::default(),
            errors,
        }
    }

    /// Returns a section; `budgets.user` is the section `user` within `budgets`.
    pub fn section(&mut self, name: &'static str) -> Section<'_> {
        Section { reader: self, name }
    }

    /// Returns every requested key, its value, and every error: those in the file first, then those
    /// in the environment. A setting that was not requested is an error.
    pub fn finish(mut self) -> (Vec<Key>, Settings, Vec<ConfigError>) {
        if let Some(document) = &self.document {
            self.errors.extend(unknown::in_document(document, &self.keys));
            // Errors without a key include the syntax errors themselves.
            self.errors.retain(|error| error.key.is_none() || !document.explains(error));
        }
        self.errors.extend(unknown::in_environment(self.environment.keys(), &self.keys));
        self.errors.sort();
        (self.keys, self.settings, self.errors)
    }

    /// Adds an error about the value of a key, if it is not the default.
    pub fn wrong(&mut self, section: &str, key: &str, problem: &str) {
        if let Some(value) = self.find(section, key).or_else(|| self.find(section, &file_key(key))) {
            let key = Some(key::label(section, key));
            self.errors.push(ConfigError { origin: value.origin, key, problem: problem.to_owned() });
        }
    }

    /// Returns the files that settings name as holding a secret.
    pub fn secret_files(&self) -> Vec<PathBuf> {
        let named = SECRETS.iter().filter_map(|(section, key)| self.find(section, &file_key(key)));
        named.filter_map(|value| value.text(parse::path).ok()).collect()
    }

    /// Returns whether the file itself holds a secret. The URL of a database is one if it has a
    /// password.
    pub fn has_secrets(&self) -> bool {
        let is_secret = |value: &Value| match value.text(|text| Ok(DatabaseUrl::from_str(text))) {
            Ok(Ok(DatabaseUrl::Sqlite(_))) => false,
            Ok(Ok(DatabaseUrl::Postgres(url))) => url.get_password().is_some(),
            _ => !value.is_empty(),
        };
        let keys = SECRETS.into_iter().chain([("keys", "master_key")]);
        let mut values = keys.filter_map(|(section, key)| self.document.as_ref()?.find(section, key));
        values.any(is_secret)
    }

    fn find(&self, section: &str, key: &str) -> Option<Value> {
        let variable = key::variable(section, key);
        match self.environment.get(&variable) {
            Some(value) => Some(Value::plain(Origin::Environment(variable), value.clone())),
            None => self.document.as_ref()?.find(section, key).cloned(),
        }
    }
}

/// A section. Each method declares a key and returns its value, or the default if the value is not
/// valid.
pub(super) struct Section<'r> {
    reader: &'r mut Reader,
    name: &'static str,
}

impl Section<'_> {
    /// Reads a string.
    pub fn text<T>(&mut self, key: &str, default: &str, parse: impl Fn(&str) -> Parsed<T>) -> T {
        self.read(key, Some(default.into()), |value| value.text(&parse))
            .unwrap_or_else(|| parse(default).expect(VALID_DEFAULT))
    }

    /// Reads a string without a default. The empty string leaves it unset.
    pub fn optional<T>(&mut self, key: &str, parse: impl Fn(&str) -> Parsed<T>) -> Option<T> {
        let value = self.declare(key, None).filter(|value| !value.is_empty())?;
        self.check(key, &value.origin, value.text(parse))
    }

    /// Reads a list of strings.
    pub fn list<T>(&mut self, key: &str, default: &[&str], parse: impl Fn(&str) -> Parsed<T>) -> Vec<T> {
        let value = self.declare(key, Some(Toml::Array(default.iter().map(|item| (*item).into()).collect())));
        value
            .and_then(|value| self.items(key, value, &parse))
            .unwrap_or_else(|| default.iter().map(|item| parse(item).expect(VALID_DEFAULT)).collect())
    }

    /// Reads a list of strings whose absence differs from the empty list.
    pub fn optional_list<T>(&mut self, key: &str, parse: impl Fn(&str) -> Parsed<T>) -> Option<Vec<T>> {
        let value = self.declare(key, None)?;
        self.items(key, value, &parse)
    }

    /// Reads a table of strings, which is empty by default.
    pub fn table<K: Ord, V>(
        &mut self,
        key: &str,
        parse_key: impl Fn(&str) -> Parsed<K>,
        parse_value: impl Fn(&str) -> Parsed<V>,
    ) -> BTreeMap<K, V> {
        let entries = self.read(key, Some(Toml::Table(toml::Table::new())), Value::table).unwrap_or_default();
        let parse = |entry: &Entry| Ok((parse_key(&entry.name)?, entry.value.text(&parse_value)?));
        entries.iter().filter_map(|entry| self.check(key, &entry.origin, parse(entry))).collect()
    }

    /// Reads a whole number within `range`, all of which fits into `T`.
    pub fn number<T: TryFrom<u64>>(&mut self, key: &str, default: u32, range: RangeInclusive<u64>) -> T {
        let parse = |number: Option<i128>| {
            let number = number.and_then(|number| u64::try_from(number).ok()).filter(|number| range.contains(number));
            number
                .and_then(|number| T::try_from(number).ok())
                .ok_or_else(|| format!("expected a whole number from {} to {}", range.start(), range.end()))
        };
        self.read(key, Some(default.into()), |value| parse(value.integer()))
            .unwrap_or_else(|| parse(Some(default.into())).expect(VALID_DEFAULT))
    }

    /// Reads a boolean.
    pub fn flag(&mut self, key: &str, default: bool) -> bool {
        self.read(key, Some(default.into()), |value| value.flag()).unwrap_or(default)
    }

    /// Adds an error about the value of a key, if it is not the default.
    pub fn wrong(&mut self, key: &str, problem: &str) {
        self.reader.wrong(self.name, key, problem);
    }

    /// Adds an error if any of `required` or `optional` is set without all of `required`.
    pub fn together(&mut self, required: &[&str], optional: &[&str]) {
        let set = required.iter().chain(optional).find(|key| self.has(key));
        let missing = required.iter().find(|key| !self.has(key));
        if let (Some(set), Some(missing)) = (set, missing) {
            self.wrong(set, &format!("needs `{missing}`, which is not set: set both or neither"));
        }
    }

    /// Adds an error if both a key and its alternative are set. Returns whether they are.
    pub fn exclusive(&mut self, key: &str, alternative: &str) -> bool {
        let both = self.is_set(key) && self.is_set(alternative);
        if both {
            self.wrong(alternative, &format!("is set, and so is `{key}`: set only one of them"));
        }
        both
    }

    fn is_set(&self, key: &str) -> bool {
        self.reader.find(self.name, key).is_some_and(|value| !value.is_empty())
    }

    fn has(&self, key: &str) -> bool {
        self.is_set(key) || self.is_set(&file_key(key))
    }

    fn declare(&mut self, key: &str, default: Option<Toml>) -> Option<Value> {
        let written = default.as_ref().map(ToString::to_string);
        self.reader.keys.push(Key { section: self.name, name: key.to_owned(), default: written });
        let value = self.reader.find(self.name, key);
        let value = if SECRETS.contains(&(self.name, key)) { self.secret(key, value) } else { value };
        self.reader.settings.note(self.name, key, value.as_ref(), default);
        value
    }

    /// Returns the value of a secret, which may be in a file instead.
    fn secret(&mut self, key: &str, value: Option<Value>) -> Option<Value> {
        let file_key = file_key(key);
        let file = self.declare(&file_key, None).filter(|value| !value.is_empty());
        let Some(file) = file.filter(|_| !self.exclusive(key, &file_key)) else { return value };
        let text = self.check(&file_key, &file.origin, file.text(read_secret))?;
        Some(Value::plain(file.origin, text))
    }

    fn read<T>(&mut self, key: &str, default: Option<Toml>, parse: impl FnOnce(Value) -> Parsed<T>) -> Option<T> {
        let value = self.declare(key, default)?;
        self.check(key, &value.origin.clone(), parse(value))
    }

    /// Returns all items, or `None` if any of them is not valid.
    fn items<T>(&mut self, key: &str, value: Value, parse: &impl Fn(&str) -> Parsed<T>) -> Option<Vec<T>> {
        let items = self.check(key, &value.origin.clone(), value.list())?;
        let parsed: Vec<T> = items.iter().filter_map(|item| self.check(key, &item.origin, item.text(parse))).collect();
        (parsed.len() == items.len()).then_some(parsed)
    }

    /// Records the error, if there is one.
    fn check<T>(&mut self, key: &str, origin: &Origin, result: Parsed<T>) -> Option<T> {
        result
            .map_err(|problem| {
                let key = Some(key::label(self.name, key));
                self.reader.errors.push(ConfigError { origin: origin.clone(), key, problem });
            })
            .ok()
    }
}

fn file_key(key: &str) -> String {
    format!("{key}_file")
}

/// Reads a secret from a file, without the newline that editors append.
fn read_secret(path: &str) -> Parsed<String> {
    let text = fs::read_to_string(path).map_err(|error| format!("expected a file that holds the secret: {error}"))?;
    match text.strip_suffix('\n').unwrap_or(&text) {
        "" => Err("expected a file that holds the secret, but the file is empty".to_owned()),
        secret => Ok(secret.to_owned()),
    }
}
