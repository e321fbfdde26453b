//! The documents people accept: read once from `<id>/<version>/<lang>.md`, then never changed.
//!
//! The newest version of each policy is in force. Versions are numbers separated by dots and compared part by part, so
//! 1.10 is newer than 1.9 and 2 is the same as 2.0. Older versions stay readable at their URL: a client that has a URL
//! in its `m.accepted_terms` never asks again, so what stands at a URL must stay what it was.

use std::collections::{BTreeMap, HashSet};
use std::fmt;
use std::path::{Path, PathBuf};

use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};
use url::Url;

mod files;

/// Every policy, every version, every language.
#[derive(Clone, Debug, Default)]
pub struct Policies {
    /// By policy id; the versions of each ascend and are never empty.
    policies: BTreeMap<String, Vec<Version>>,
}

/// One version of a policy.
#[derive(Clone, Debug)]
pub struct Version {
    policy: String,
    number: String,
    /// By language; never empty.
    documents: BTreeMap<String, Document>,
}

/// What one person reads: one version of a policy in one language.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Document {
    /// The title, from the front matter.
    pub name: String,
    /// The text after the front matter.
    pub markdown: String,
    /// SHA-256 of the whole file, front matter included.
    pub sha256: [u8; 32],
}

/// A document and where it stands.
#[derive(Clone, Copy, Debug)]
pub struct DocumentRef<'a> {
    /// The version it belongs to.
    pub version: &'a Version,
    /// Its language.
    pub language: &'a str,
    /// The document itself.
    pub document: &'a Document,
}

/// Why the policies cannot be used: which file, what is wrong and what to do.
#[derive(Debug, PartialEq, Eq)]
pub struct PolicyError {
    file: PathBuf,
    problem: String,
}

impl Policies {
    /// Reads all policies below `directory`; no directory is no policy. Entries whose name begins with a dot are
    /// passed over.
    ///
    /// # Errors
    /// [`PolicyError`] for whatever cannot be read, has a name that cannot stand in a URL, has no `name` in its front
    /// matter, or is the same version twice.
    pub fn load(directory: Option<&Path>) -> Result<Self, PolicyError> {
        let policies = directory.map(files::policies).transpose()?.unwrap_or_default();
        Ok(Self { policies })
    }

    /// The newest version of each policy: what a person has to accept.
    pub fn in_force(&self) -> impl Iterator<Item = &Version> {
        self.policies.values().filter_map(|versions| versions.last())
    }

    /// All versions of each policy, ascending: the last is in force.
    pub fn all(&self) -> impl Iterator<Item = &[Version]> {
        self.policies.values().map(Vec::as_slice)
    }

    /// The versions of that policy, ascending; none if there is no such policy.
    #[must_use]
    pub fn versions(&self, policy: &str) -> &[Version] {
        self.policies.get(policy).map_or(&[], Vec::as_slice)
    }

    /// The document of that policy, version and language, in force or not.
    #[must_use]
    pub fn find(&self, policy: &str, version: &str, language: &str) -> Option<DocumentRef<'_>> {
        self.policies.get(policy)?.iter().find(|v| v.number == version)?.document(language)
    }

    /// The version of that policy that is in force.
    #[must_use]
    pub fn newest(&self, policy: &str) -> Option<&Version> {
        self.policies.get(policy)?.last()
    }

    /// The absolute URL of a document below the server's public URL.
    #[must_use]
    pub fn url(base: &Url, document: DocumentRef<'_>) -> String {
        format!("{}{}", base.as_str().trim_end_matches('/'), document.path())
    }

    /// The document that has exactly this URL, be it in force or older.
    #[must_use]
    pub fn by_url(&self, base: &Url, url: &str) -> Option<DocumentRef<'_>> {
        let path = url.strip_prefix(base.as_str().trim_end_matches('/'))?.strip_prefix("/policies/")?;
        let mut parts = path.split('/');
        let (policy, version, language) = (parts.next()?, parts.next()?, parts.next()?);
        if parts.next().is_some() { None } else { self.find(policy, version, language) }
    }

    /// What is still to be accepted by somebody who has accepted these policies, each in that version and in whichever
    /// language. Nothing missing: the gate is open.
    pub fn missing<'a>(&self, accepted: impl IntoIterator<Item = (&'a str, &'a str)>) -> Vec<&Version> {
        let accepted: HashSet<_> = accepted.into_iter().collect();
        self.in_force().filter(|v| !accepted.contains(&(v.policy(), v.version()))).collect()
    }

    /// The answer to `GET /_matrix/identity/v2/terms`. A policy holds its version and languages and nothing else:
    /// Element Web takes every other key for a language.
    #[must_use]
    pub fn to_json(&self, base: &Url) -> Value {
        let policies: Map<String, Value> = self.in_force().map(|v| (v.policy.clone(), v.to_json(base))).collect();
        json!({ "policies": policies })
    }
}

impl Version {
    /// The id of the policy, `[a-z0-9_-]`.
    #[must_use]
    pub fn policy(&self) -> &str {
        &self.policy
    }

    /// The version: numbers separated by dots.
    #[must_use]
    pub fn version(&self) -> &str {
        &self.number
    }

    /// Its documents, one a language, by the language's tag.
    pub fn documents(&self) -> impl Iterator<Item = DocumentRef<'_>> {
        self.documents.iter().map(|(language, document)| DocumentRef { version: self, language, document })
    }

    /// The document in exactly this language.
    #[must_use]
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
    /// The path of its URL: `/policies/<id>/<version>/<lang>`.
    #[must_use]
    pub fn path(&self) -> String {
        format!("/policies/{}/{}/{}", self.version.policy, self.version.number, self.language)
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
