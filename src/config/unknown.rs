//! Keys, sections and variables that do not exist, with the existing one that was probably meant.

use super::document::{Document, join};
use super::error::{ConfigError, Origin};
use super::key::{self, Key, PREFIX};
use super::value::Entry;

/// Removed keys and sections, with what to do instead.
const REMOVED: [(&str, &str); 2] = [
    (
        "budgets.newcomer",
        "was removed: new accounts have the limit of [budgets.user], and may fill only half of [budgets.server]; delete it",
    ),
    (
        "budgets.stop_server",
        "was removed: [budgets.server] is always enforced now; delete it, and raise that limit if it is too low for you",
    ),
];

/// Returns an error for everything in the file that is neither a section nor a key.
pub(super) fn in_document(document: &Document, keys: &[Key]) -> Vec<ConfigError> {
    let mut errors = Vec::new();
    document.visit(|section, entry| {
        let Entry { name, origin, value } = entry;
        let path = join(section, name);
        let is_section = keys.iter().any(|key| key.section == path);
        let is_key = keys.iter().any(|key| key.section == section && key.name == *name);
        let problem = match (is_section, value.as_table().is_some()) {
            (true, true) => return true,
            (true, false) => format!("is a section: write `[{path}]`, and its keys on the lines below"),
            (false, _) if is_key => return false,
            (false, _) if removed(&path).is_some() => removed(&path).unwrap_or_default().to_owned(),
            (false, true) => unknown_section(&path, keys),
            (false, false) => unknown_key(section, name, keys),
        };
        errors.push(ConfigError { origin: origin.clone(), key: Some(key::label(section, name)), problem });
        false
    });
    errors
}

/// Returns an error for every variable that does not set a key.
pub(super) fn in_environment<'a>(variables: impl Iterator<Item = &'a String>, keys: &[Key]) -> Vec<ConfigError> {
    let known: Vec<String> = keys.iter().map(Key::variable).collect();
    variables
        .filter(|name| !known.contains(name))
        .map(|name| {
            // With the common prefix, any two names would look alike.
            let known = known.iter().filter_map(|name| name.strip_prefix(PREFIX));
            let path = name.trim_start_matches(PREFIX).replace("__", ".").to_lowercase();
            let problem = match nearest(name.trim_start_matches(PREFIX), known) {
                _ if removed(&path).is_some() => removed(&path).unwrap_or_default().to_owned(),
                Some(meant) => format!("does not set a key, did you mean {PREFIX}{meant}?"),
                None => "does not set a key: write VOUCH__, the section, __ and the key, in capital letters".to_owned(),
            };
            ConfigError { origin: Origin::Environment(name.clone()), key: None, problem }
        })
        .collect()
}

fn unknown_section(path: &str, keys: &[Key]) -> String {
    let mut sections: Vec<&str> = keys.iter().map(|key| key.section).collect();
    sections.dedup();
    match nearest(path, sections.iter().copied()) {
        Some(meant) => format!("unknown section, did you mean `[{meant}]`?"),
        None => format!("unknown section: the sections are {}", sections.join(", ")),
    }
}

fn unknown_key(section: &str, name: &str, keys: &[Key]) -> String {
    let names = || keys.iter().map(|key| key.name.as_str());
    let here: Vec<&str> = keys.iter().filter(|key| key.section == section).map(|key| key.name.as_str()).collect();
    if let Some(meant) = nearest(name, here.iter().copied()) {
        format!("unknown key, did you mean `{meant}`?")
    } else if let Some(elsewhere) = keys.iter().find(|key| key.name == name) {
        format!("unknown key here, `{name}` belongs in `[{}]`", elsewhere.section)
    } else if let Some(key) = nearest(name, names()).and_then(|meant| keys.iter().find(|key| key.name == meant)) {
        format!("unknown key, did you mean `{}`?", key.label())
    } else if section.is_empty() {
        "unknown key: keys are written below the `[section]` they belong to".to_owned()
    } else {
        format!("unknown key: the keys here are {}", here.join(", "))
    }
}

/// Returns what to do instead of setting a removed key, or a key in a removed section.
fn removed(path: &str) -> Option<&'static str> {
    let is_within = |name: &str| path.strip_prefix(name).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'));
    REMOVED.iter().find(|(name, _)| is_within(name)).map(|(_, problem)| *problem)
}

/// Returns the most similar name, if at most a third of its letters differ.
fn nearest<'a>(written: &str, names: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let written = written.replace('-', "_").to_lowercase();
    names
        .map(|name| (strsim::damerau_levenshtein(&written, &name.to_lowercase()), name))
        .filter(|(distance, name)| *distance <= name.len() / 3)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, name)| name)
}
