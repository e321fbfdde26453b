//! Keys, sections and variables that nobody asked for, and what was probably meant.

use super::document::{Document, join};
use super::found::Entry;
use super::mistake::{Mistake, Origin};
use super::reader::{Key, PREFIX, label};

/// Everything in the file that is neither a section nor a key.
pub(super) fn in_document(document: &Document, keys: &[Key]) -> Vec<Mistake> {
    let mut mistakes = Vec::new();
    document.visit(|section, entry| {
        let Entry { name, origin, value } = entry;
        let path = join(section, name);
        let is_section = keys.iter().any(|key| key.section == path);
        let is_key = keys.iter().any(|key| key.section == section && key.name == name);
        let problem = match (is_section, value.as_table().is_some()) {
            (true, true) => return true,
            (true, false) => format!("is a section: write `[{path}]`, and its keys on the lines below"),
            (false, _) if is_key => return false,
            (false, true) => unknown_section(&path, keys),
            (false, false) => unknown_key(section, name, keys),
        };
        mistakes.push(Mistake { origin: origin.clone(), key: Some(label(section, name)), problem });
        false
    });
    mistakes
}

/// Every variable that sets no key.
pub(super) fn in_environment<'a>(variables: impl Iterator<Item = &'a String>, keys: &[Key]) -> Vec<Mistake> {
    let known: Vec<String> = keys.iter().map(Key::variable).collect();
    let unknown = variables.filter(|name| !known.contains(name));
    unknown
        .map(|name| {
            // The prefix is common to all and would make any two look alike.
            let known = known.iter().filter_map(|name| name.strip_prefix(PREFIX));
            let problem = match nearest(name.trim_start_matches(PREFIX), known) {
                Some(meant) => format!("sets no key, did you mean {PREFIX}{meant}?"),
                None => "sets no key: it is VOUCH__, the section, __ and the key, in capital letters".to_owned(),
            };
            Mistake { origin: Origin::Environment(name.clone()), key: None, problem }
        })
        .collect()
}

fn unknown_section(path: &str, keys: &[Key]) -> String {
    let mut sections: Vec<&str> = keys.iter().map(|key| key.section).collect();
    sections.dedup();
    match nearest(path, sections.iter().copied()) {
        Some(meant) => format!("unknown section, did you mean `[{meant}]`?"),
        None => format!("unknown section: there are {}", sections.join(", ")),
    }
}

fn unknown_key(section: &str, name: &str, keys: &[Key]) -> String {
    let here: Vec<&str> = keys.iter().filter(|key| key.section == section).map(|key| key.name).collect();
    if let Some(meant) = nearest(name, here.iter().copied()) {
        format!("unknown key, did you mean `{meant}`?")
    } else if let Some(elsewhere) = keys.iter().find(|key| key.name == name) {
        format!("unknown key here, `{name}` belongs in `[{}]`", elsewhere.section)
    } else if let Some(meant) = nearest(name, keys.iter().map(|key| key.name)) {
        let there = keys.iter().find(|key| key.name == meant).map_or_else(String::new, Key::label);
        format!("unknown key, did you mean `{there}`?")
    } else if section.is_empty() {
        "unknown key: keys stand below the `[section]` they belong to".to_owned()
    } else {
        format!("unknown key: there are {}", here.join(", "))
    }
}

/// The name that is at most a third of its letters away.
fn nearest<'a>(written: &str, names: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let written = written.replace('-', "_");
    names
        .filter(|name| name.len().abs_diff(written.len()) <= name.len() / 3)
        .map(|name| (strsim::damerau_levenshtein(&written.to_lowercase(), &name.to_lowercase()), name))
        .filter(|(distance, name)| *distance <= name.len() / 3)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, name)| name)
}
