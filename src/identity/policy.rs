//! The documents that users accept, read once from `<id>/<version>/<lang>.md`.
//!
//! The newest version of each policy is in force. Versions are dot-separated numbers, compared part
//! by part: 1.10 is newer than 1.9, and 2 equals 2.0. Older versions remain available at their
//! URLs, and the document at a URL must never change, because clients do not ask again for a URL in
//! `m.accepted_terms`.

use std::collections::{BTreeMap, HashSet};
use std::fmt;
use std::path::{Path, PathBuf};

use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};
use url::Url;

mod files;

/// All policies, in all versions and languages.
#[derive(Clone, Debug, Default)]
pub struct Policies {
    /// By policy ID. The versions are in ascending order, and there is at least one.
    policies: BTreeMap<String, Vec<Version>>,
}

/// One version of a policy.
#[derive(Clone, Debug)]
pub struct Version {
    policy: String,
    number: String,
    /// By language. There is at least one.
    documents: BTreeMap<String, Document>,
}

/// One version of a policy in one language.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Document {
    /// The title, from the front matter.
    pub name: String,
    /// The text after the front matter.
    pub markdown: String,
    /// SHA-256 of the whole file, including the front matter.
    pub sha256: [u8; 32],
}

/// A document with its version and language.
#[derive(Clone, Copy, Debug)]
pub struct DocumentRef<'a> {
    /// The version.
    pub version: &'a Version,
    /// The language.
    pub language: &'a str,
    /// The document.
    pub document: &'a Document,
}

/// An error in the policies: the file, the problem, and how to fix it.
#[derive(Debug, PartialEq, Eq)]
pub struct PolicyError {
    file: PathBuf,
    problem: String,
}

impl Policies {
    /// Reads all policies in `directory`; without one, there are none. Entries whose names start
    /// with a dot are ignored.
    ///
    /// # Errors
    /// [`PolicyError`] for unreadable files, names that are not allowed in a URL, a missing `name`
    /// in the front matter, and duplicate versions.
    pub fn load(directory: Option<&Path>) -> Result<Self, PolicyError> {
        let policies = directory.map(files::policies).transpose()?.unwrap_or_default();
        Ok(Self { policies })
    }

    /// Returns the newest version of each policy, which users have to accept.
    pub fn in_force(&self) -> impl Iterator<Item = &Version> {
        self.policies.values().filter_map(|versions| versions.last())
    }

    /// Returns all versions of each policy in ascending order. The last is in force.
    pub fn all(&self) -> impl Iterator<Item = &[Version]> {
        self.policies.values().map(Vec::as_slice)
    }

    /// Returns the versions of a policy in ascending order, or nothing if it does not exist.
    pub fn versions(&self, policy: &str) -> &[Version] {
        self.policies.get(policy).map_or(&[], Vec::as_slice)
    }

    /// Returns a document, in force or not.
    pub fn find(&self, policy: &str, version: &str, language: &str) -> Option<DocumentRef<'_>> {
        self.policies.get(policy)?.iter().find(|v| v.number == version)?.document(language)
    }

    /// Returns the version of a policy that is in force.
    pub fn newest(&self, policy: &str) -> Option<&Version> {
        self.policies.get(policy)?.last()
    }

    /// Returns the absolute URL of a document on the server with this public URL.
    pub fn url(base: &Url, document: DocumentRef<'_>) -> String {
        format!("{}{}", base.as_str().trim_end_matches('/'), document.path())
    }

    /// Returns the document with exactly this URL, in force or not.
    pub fn by_url(&self, base: &Url, url: &str) -> Option<DocumentRef<'_>> {
        let path = url.strip_prefix(base.as_str().trim_end_matches('/'))?.strip_prefix("/policies/")?;
        let mut parts = path.split('/');
        let (policy, version, language) = (parts.next()?, parts.next()?, parts.next()?);
        if parts.next().is_some() { None } else { self.find(policy, version, language) }
    }

    /// Describes what has been added to earlier policies.
    ///
    /// # Errors
    /// Returns each document below `directory` that has changed or disappeared, since people have
    /// accepted it as it was.
    pub fn additions(&self, before: &Self, directory: &Path) -> Result<Vec<String>, Vec<PolicyError>> {
        let (mut added, mut errors) = (Vec::new(), Vec::new());
        for document in before.documents() {
            let problem = match self.find(document.version.policy(), document.version.version(), document.language) {
                Some(now) if now.document == document.document => continue,
                Some(_) => "has changed, but people may have accepted it as it was; restore it, and add a new version",
                None => "is missing, but people may have accepted it; restore it",
            };
            errors.push(PolicyError::new(&document.file(directory), problem));
        }
        for document in self.documents() {
            let (policy, version, language) =
                (document.version.policy(), document.version.version(), document.language);
            if before.find(policy, version, language).is_none() {
                added.push(format!("{policy} {version} has been added in {language}"));
            }
        }
        for newest in self.in_force() {
            let (policy, version) = (newest.policy(), newest.version());
            if before.newest(policy).is_none_or(|before| before.version() != version) {
                added.push(format!("{policy} {version} is in force, and must be accepted"));
            }
        }
        if errors.is_empty() { Ok(added) } else { Err(errors) }
    }

    fn documents(&self) -> impl Iterator<Item = DocumentRef<'_>> {
        self.all().flatten().flat_map(Version::documents)
    }

    /// Returns the policies that a user who has accepted these versions, in any language, still has
    /// to accept.
    pub fn missing<'a>(&self, accepted: impl IntoIterator<Item = (&'a str, &'a str)>) -> Vec<&Version> {
        let accepted: HashSet<_> = accepted.into_iter().collect();
        self.in_force().filter(|v| !accepted.contains(&(v.policy(), v.version()))).collect()
    }

    /// Returns the answer to `GET /_matrix/identity/v2/terms`. Policy objects contain only their
    /// version and languages, because Element Web treats every other key as a language.
    pub fn to_json(&self, base: &Url) -> Value {
        let policies: Map<String, Value> = self.in_force().map(|v| (v.policy.clone(), v.to_json(base))).collect();
        json!({ "policies": policies })
    }
}

impl Version {
    /// Returns the policy ID, `[a-z0-9_-]`.
    pub fn policy(&self) -> &str {
        &self.policy
    }

    /// Returns the version, in dot-separated numbers.
    pub fn version(&self) -> &str {
        &self.number
    }

    /// Returns the documents, one per language, ordered by language tag.
    pub fn documents(&self) -> impl Iterator<Item = DocumentRef<'_>> {
        self.documents.iter().map(|(language, document)| DocumentRef { version: self, language, document })
    }

    /// Returns the document in exactly this language.
    pub fn document(&self, language: &str) -> Option<DocumentRef<'_>> {
        let (language, document) = self.documents.get_key_value(language)?;
        Some(DocumentRef { version: self, language, document })
    }

    fn to_json(&self, base: &Url) -> Value {
        let languages = self.documents().map(|document| {
            let value = json!({ "name": document.document.name, "url": Policies::url(base, document) });
            (document.language.to_owned(), value)
        });
        let version = ("version".to_owned(), Value::from(self.number.as_str()));
        Value::Object(std::iter::once(version).chain(languages).collect())
    }
}

impl DocumentRef<'_> {
    /// Returns the path of the URL: `/policies/<id>/<version>/<lang>`.
    pub fn path(&self) -> String {
        format!("/policies/{}/{}/{}", self.version.policy, self.version.number, self.language)
    }

    /// Returns the file that it was read from.
    fn file(&self, directory: &Path) -> PathBuf {
        directory.join(&self.version.policy).join(&self.version.number).join(format!("{}.md", self.language))
    }
}

impl Document {
    fn new(name: String, markdown: String, file: &[u8]) -> Self {
        Self { name, markdown, sha256: Sha256::digest(file).into() }
    }
}

impl PolicyError {
    fn new(file: &Path, problem: impl Into<String>) -> Self {
        Self { file: file.to_owned(), problem: problem.into() }
    }
}

impl fmt::Display for PolicyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.file.display(), self.problem)
    }
}

impl std::error::Error for PolicyError {}

#[cfg(test)]
mod tests;
