//! The start page and the policies.

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use askama::Template;

use super::frame::{Choice, Frame};
use super::{Cache, Site, markdown};
use crate::identity::policy::{DocumentRef, Policies, Version};
use crate::texts::{Language, direction};

/// The policy below which the retention table stands.
const PRIVACY_POLICY: &str = "privacy_policy";

#[derive(Template)]
#[template(path = "pages/home.html")]
struct Home<'a> {
    frame: Frame<'a>,
    run_by: String,
    in_force: Vec<Link>,
}

#[derive(Template)]
#[template(path = "pages/retention.html")]
struct Retention<'a> {
    frame: Frame<'a>,
    /// What is kept, and for how long, in words.
    retention: Vec<(String, String)>,
}

#[derive(Template)]
#[template(path = "pages/policies.html")]
struct List<'a> {
    frame: Frame<'a>,
    in_force: Vec<Link>,
    older: Vec<Link>,
}

/// A link to a document.
pub(super) struct Link {
    pub href: String,
    pub tag: String,
    pub name: String,
    pub version: String,
    /// The page of what has changed since it, where there is one to lead to.
    pub changes: Option<String>,
}

#[derive(Template)]
#[template(path = "pages/policy.html")]
struct Policy<'a> {
    frame: Frame<'a>,
    tag: &'a str,
    direction: &'static str,
    version: String,
    newer: Option<Newer>,
    /// The page of what has changed since this version, or in it since the one before; and what the link says.
    changes: Option<(String, String)>,
    text: String,
    /// What is kept, and for how long, in words.
    retention: Vec<(String, String)>,
}

/// The version that has replaced the one shown.
struct Newer {
    notice: String,
    href: String,
    tag: String,
    name: String,
}

impl Site {
    /// The start page.
    #[must_use]
    pub fn home(&self, language: Language, policies: &Policies) -> HttpResponse {
        let frame = Frame::switchable(self, language, self.texts.get(language, "page-tagline", &[]));
        let in_force = self.links(language, policies.in_force());
        let name = [("name", self.brand.name.as_str().into())];
        let run_by = self.texts.get(language, "page-home-run-by", &name);
        self.respond(StatusCode::OK, Cache::Shared, &Home { frame, run_by, in_force })
    }

    /// The list of all policies.
    #[must_use]
    pub fn policies(&self, language: Language, policies: &Policies) -> HttpResponse {
        let frame = Frame::switchable(self, language, self.texts.get(language, "page-policies", &[]));
        let in_force = self.links(language, policies.in_force());
        let older = policies.all().flat_map(|versions| versions.iter().rev().skip(1));
        let older = older
            .filter_map(|version| self.best(version, self.texts.tag(language)))
            .map(|document| Link { changes: self.changes_since(policies, document), ..self.link(language, document) });
        let older = older.collect();
        self.respond(StatusCode::OK, Cache::Shared, &List { frame, in_force, older })
    }

    /// What is kept, and for how long.
    #[must_use]
    pub fn retention(&self, language: Language) -> HttpResponse {
        let frame = Frame::switchable(self, language, self.texts.get(language, "page-retention", &[]));
        self.respond(StatusCode::OK, Cache::Shared, &Retention { frame, retention: self.retention_in(language) })
    }

    /// One document. What it says never changes under its URL, so its language is its own, not the reader's.
    #[must_use]
    pub fn policy(&self, document: DocumentRef<'_>, policies: &Policies) -> HttpResponse {
        let language = self.texts.nearest(document.language).unwrap_or(self.texts.default_language());
        let version = document.version;
        let newest = policies.newest(version.policy()).filter(|newest| newest.version() != version.version());
        let text = &document.document;
        let page = Policy {
            frame: Frame {
                site: self,
                language,
                title: text.name.clone(),
                choices: version.documents().map(|other| self.choice(other, document.language)).collect(),
            },
            tag: document.language,
            direction: direction(document.language),
            version: self.version(language, version),
            newer: newest.and_then(|newest| self.newer(language, newest, document.language)),
            changes: self.changes_of(language, document, policies),
            text: markdown::to_html(&text.markdown),
            retention: if version.policy() == PRIVACY_POLICY { self.retention_in(language) } else { Vec::new() },
        };
        self.respond(StatusCode::OK, Cache::Shared, &page)
    }

    /// Where to read what has changed since an old version, or in the one in force.
    fn changes_of(
        &self,
        language: Language,
        document: DocumentRef<'_>,
        policies: &Policies,
    ) -> Option<(String, String)> {
        let version = document.version;
        let of =
            |older: &Version| self.texts.get(language, "page-changes-since", &[("version", older.version().into())]);
        if let Some(href) = self.changes_since(policies, document) {
            return Some((href, of(version)));
        }
        let before = policies.versions(version.policy()).iter().rev().nth(1)?;
        Some((self.changes_between(version, before, document.language)?, of(before)))
    }

    fn retention_in(&self, language: Language) -> Vec<(String, String)> {
        self.retention.iter().map(|row| row.in_words(&self.texts, language)).collect()
    }

    fn links<'a>(&self, language: Language, versions: impl Iterator<Item = &'a Version>) -> Vec<Link> {
        let documents = versions.filter_map(|version| self.best(version, self.texts.tag(language)));
        documents.map(|document| self.link(language, document)).collect()
    }

    pub(super) fn link(&self, language: Language, document: DocumentRef<'_>) -> Link {
        Link {
            href: format!("{}{}", self.base, document.path()),
            tag: document.language.to_owned(),
            name: document.document.name.clone(),
            version: self.version(language, document.version),
            changes: None,
        }
    }

    pub(super) fn choice(&self, document: DocumentRef<'_>, current: &str) -> Choice {
        let tag = document.language.to_owned();
        let own = self.texts.languages().find(|language| self.texts.tag(*language) == tag);
        let name = own.map_or_else(|| tag.clone(), |own| self.texts.name(own));
        Choice { name, href: format!("{}{}", self.base, document.path()), is_current: tag == current, tag }
    }

    fn newer(&self, language: Language, newest: &Version, tag: &str) -> Option<Newer> {
        let Link { href, tag, name, .. } = self.link(language, self.best(newest, tag)?);
        let version = [("version", newest.version().into())];
        Some(Newer { notice: self.texts.get(language, "page-policy-superseded", &version), href, tag, name })
    }

    fn version(&self, language: Language, version: &Version) -> String {
        self.texts.get(language, "page-policy-version", &[("version", version.version().into())])
    }

    /// The document of a version that a reader of `tag` understands best.
    pub(super) fn best<'a>(&self, version: &'a Version, tag: &str) -> Option<DocumentRef<'a>> {
        let base = tag.split('-').next().unwrap_or(tag);
        let default = self.texts.tag(self.texts.default_language());
        let wishes = [tag, base, default, "en"];
        wishes.into_iter().find_map(|tag| version.document(tag)).or_else(|| version.documents().next())
    }
}
