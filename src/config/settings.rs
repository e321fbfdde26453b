//! The values of the keys, to detect later which of them were changed.

use std::collections::BTreeMap;
use std::fs;

use sha2::{Digest, Sha256};
use toml::Value as Toml;

use super::key;
use super::value::Value;

type Hash = [u8; 32];

/// The value of each key. Values may be secret, so only their hashes are kept.
#[derive(Clone, Debug, Default)]
pub struct Settings {
    keys: BTreeMap<String, Hash>,
    /// The files with keys or certificates that are read at startup, and their contents, by the key
    /// that names the file.
    files: BTreeMap<String, (String, Option<Hash>)>,
}

impl Settings {
    pub(super) fn note(&mut self, section: &str, name: &str, value: Option<&Value>, default: Option<Toml>) {
        let is_set = |value: &&Value| default.is_some() || !value.is_empty();
        let Some(value) = value.filter(is_set).map(Value::to_toml).or(default) else { return };
        let key = key::label(section, name);
        if let Some(path) = value.as_str()
            && (name == "ca_file" || section == "keys" && name.ends_with("_file"))
        {
            self.files.insert(key.clone(), (path.to_owned(), content(path)));
        }
        // A number may be written as text, in the environment or in a separate file.
        let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        self.keys.insert(key, Sha256::digest(text).into());
    }

    /// Reads files that did not exist before, since keys are created at startup.
    pub fn note_created_files(&mut self) {
        for (path, file) in self.files.values_mut().filter(|(_, file)| file.is_none()) {
            *file = content(path);
        }
    }

    /// Returns the differences from earlier settings: each as `[section] key`, or as the file that
    /// such a key names.
    #[must_use]
    pub fn changes(&self, before: &Self) -> Vec<String> {
        let keys = self.keys.keys().chain(before.keys.keys().filter(|key| !self.keys.contains_key(*key)));
        let keys = keys.filter(|key| self.keys.get(*key) != before.keys.get(*key)).cloned();
        let is_other = |(path, now): &(String, _), key| {
            before.files.get(key).is_some_and(|(before, file)| before == path && file != now)
        };
        let files = self.files.iter().filter(|(key, file)| is_other(file, *key));
        keys.chain(files.map(|(key, _)| format!("the file that {key} names"))).collect()
    }
}

/// Returns the hash of a file. Anything else, such as a pipe, can be read only once.
fn content(path: &str) -> Option<Hash> {
    fs::metadata(path).ok().filter(fs::Metadata::is_file)?;
    Some(Sha256::digest(fs::read(path).ok()?).into())
}
