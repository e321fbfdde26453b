//! Reading policies from directories. Anything unexpected is an error that says how to fix it,
//! because nobody would be asked to accept a policy that was silently ignored.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use super::{Document, PolicyError, Version};

/// The longest name of a directory or language, in bytes.
const MAX_NAME: usize = 64;

/// The longest title, in characters.
const MAX_TITLE: usize = 200;

pub(super) fn policies(directory: &Path) -> Result<BTreeMap<String, Vec<Version>>, PolicyError> {
    let mut policies = BTreeMap::new();
    for (name, path) in entries(directory)? {
        if !is_id(&name) {
            return Err(PolicyError::new(
                &path,
                "the name of a policy's folder may contain the letters a to z, digits, “-” and “_”; rename or remove it",
            ));
        }
        policies.insert(name.clone(), versions(&name, &path)?);
    }
    Ok(policies)
}

/// Returns the versions of a policy in ascending order.
fn versions(policy: &str, folder: &Path) -> Result<Vec<Version>, PolicyError> {
    let mut versions = Vec::new();
    for (number, path) in entries(folder)? {
        let order = Number::parse(&number).ok_or_else(|| {
            PolicyError::new(
                &path,
                "a version's folder is named with numbers separated by dots, such as 1.0; rename it",
            )
        })?;
        let documents = documents(&path)?;
        versions.push((order, Version { policy: policy.to_owned(), number, documents }));
    }
    versions.sort_by(|(a, _), (b, _)| a.cmp(b));
    if let Some(pair) = versions.windows(2).find(|pair| pair[0].0 == pair[1].0) {
        let (a, b) = (&pair[0].1.number, &pair[1].1.number);
        return Err(PolicyError::new(folder, format!("{a} and {b} are the same version; rename one of them")));
    }
    if versions.is_empty() {
        return Err(PolicyError::new(
            folder,
            "the policy has no version; add a folder such as 1.0, or remove this one",
        ));
    }
    Ok(versions.into_iter().map(|(_, version)| version).collect())
}

fn documents(folder: &Path) -> Result<BTreeMap<String, Document>, PolicyError> {
    let mut documents = BTreeMap::new();
    for (name, path) in entries(folder)? {
        let language = name.strip_suffix(".md").filter(|language| is_language(language)).ok_or_else(|| {
            PolicyError::new(&path, "a document is named after its language, such as en.md or pt-BR.md; rename it")
        })?;
        documents.insert(language.to_owned(), document(&path)?);
    }
    if documents.is_empty() {
        return Err(PolicyError::new(
            folder,
            "the version has no document; add one such as en.md, or remove the folder",
        ));
    }
    Ok(documents)
}

fn document(path: &Path) -> Result<Document, PolicyError> {
    let bytes = fs::read(path).map_err(|error| PolicyError::new(path, format!("cannot be read: {error}")))?;
    let text = std::str::from_utf8(&bytes).map_err(|_| PolicyError::new(path, "is not UTF-8; save it as UTF-8"))?;
    let (name, markdown) = split(text).map_err(|problem| PolicyError::new(path, problem))?;
    Ok(Document::new(name, markdown, &bytes))
}

/// Returns the name from the front matter, and the text after it.
fn split(text: &str) -> Result<(String, String), String> {
    const BEGIN: &str = "must start with front matter: a line “---”, a line “name: …”, and a line “---”";
    let text = text.trim_start_matches('\u{feff}').replace("\r\n", "\n");
    let (head, body) = text.strip_prefix("---\n").and_then(|rest| rest.split_once("\n---\n")).ok_or(BEGIN)?;
    let mut name = None;
    for line in head.lines().filter(|line| !line.trim().is_empty()) {
        match line.split_once(':').map(|(key, value)| (key.trim(), value.trim())) {
            Some(("name", value)) if is_title(value) => name = Some(value.to_owned()),
            Some(("name", _)) => return Err(format!("“name” must have 1 to {MAX_TITLE} visible characters")),
            _ => return Err(format!("the front matter has the unknown line “{line}”; only “name: …” belongs there")),
        }
    }
    let name = name.ok_or("the front matter has no “name: …”; add the title that people see")?;
    let body = body.trim();
    if body.is_empty() {
        return Err("has no text after its front matter; write it, or remove the file".to_owned());
    }
    Ok((name, format!("{body}\n")))
}

/// Returns the entries of a directory by name, without hidden ones such as those of mounted volumes
/// and editors.
fn entries(folder: &Path) -> Result<Vec<(String, PathBuf)>, PolicyError> {
    let unreadable = |error| PolicyError::new(folder, format!("cannot be read as a folder: {error}"));
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).map_err(unreadable)? {
        let path = entry.map_err(unreadable)?.path();
        let name = path.file_name().and_then(|name| name.to_str());
        let name = name.ok_or_else(|| PolicyError::new(&path, "has a name that is not UTF-8; rename it"))?.to_owned();
        if !name.starts_with('.') {
            found.push((name, path));
        }
    }
    found.sort();
    Ok(found)
}

fn is_id(name: &str) -> bool {
    (1..=MAX_NAME).contains(&name.len())
        && name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_' || b == b'-')
}

/// Returns whether this is a common BCP 47 language tag. `version`, the other key of a policy
/// object, is not one.
fn is_language(name: &str) -> bool {
    let mut subtags = name.split('-');
    let is_primary = |tag: &str| (2..=3).contains(&tag.len()) && tag.bytes().all(|b| b.is_ascii_lowercase());
    let is_subtag = |tag: &str| (2..=8).contains(&tag.len()) && tag.bytes().all(|b| b.is_ascii_alphanumeric());
    name.len() <= MAX_NAME && subtags.next().is_some_and(is_primary) && subtags.all(is_subtag)
}

fn is_title(name: &str) -> bool {
    !name.is_empty() && name.chars().count() <= MAX_TITLE && !name.contains(char::is_control)
}

/// A comparable version. Trailing zeros are insignificant: 1 equals 1.0.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Number(Vec<u64>);

impl Number {
    pub(super) fn parse(version: &str) -> Option<Self> {
        let part = |part: &str| if part.bytes().all(|b| b.is_ascii_digit()) { part.parse().ok() } else { None };
        if version.len() > MAX_NAME {
            return None;
        }
        let mut parts = version.split('.').map(part).collect::<Option<Vec<u64>>>()?;
        let significant = parts.iter().rposition(|part| *part != 0).map_or(0, |last| last + 1);
        parts.truncate(significant);
        Some(Self(parts))
    }
}
