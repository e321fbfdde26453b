//! The start page and the policies.

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use askama::Template;

use super::layout::{Choice, Layout};
use super::{Cache, Site, View, markdown};
use crate::identity::policy::{DocumentRef, Policies, Version};
use crate::texts::direction;

/// The policy that ends with the retention table.
const PRIVACY_POLICY: &str = "privacy_policy";

#[derive(Template)]
#[template(path = "pages/home.html")]
struct Home<'a> {
    layout: Layout<'a>,
    run_by: String,
    in_force: Vec<Link>,
}

#[derive(Template)]
#[template(path = "pages/retention.html")]
struct Retention<'a> {
    layout: Layout<'a>,
    /// The kinds of stored data and their retention times, in words.
    retention: Vec<(String, String)>,
}

#[derive(Template)]
#[template(path = "pages/policies.html")]
struct List<'a> {
    layout: Layout<'a>,
    in_force: Vec<Link>,
    older: Vec<Link>,
}

/// A link to a document.
pub(super) struct Link {
    pub href: String,
    pub tag: String,
    pub name: String,
    pub version: String,
    /// The page with the changes since then, if there is one.
    pub changes: Option<String>,
}

#[derive(Template)]
#[template(path = "pages/policy.html")]
struct Policy<'a> {
    layout: Layout<'a>,
    tag: &'a str,
    direction: &'static str,
    version: String,
    newer: Option<Newer>,
    /// A link to the changes since this version, or since the version before it, and its text.
    changes: Option<(String, String)>,
    text: String,
    /// The kinds of stored data and their retention times, in words.
    retention: Vec<(String, String)>,
}

/// The version that has replaced the one shown.
struct Newer {
    notice: String,
    href: String,
    tag: String,
    name: String,
}

impl View {
    /// Shows the start page.
    #[must_use]
    pub fn home(&self, policies: &Policies) -> HttpResponse {
        let layout = Layout::switchable(self, "page-tagline");
        let in_force = self.links(policies.in_force());
        let run_by = self.say_with("page-home-run-by", "name", self.brand.name.as_str());
        self.respond(StatusCode::OK, Cache::Shared, &Home { layout, run_by, in_force })
    }

    /// Shows the list of all policies.
    #[must_use]
    pub fn policies(&self, policies: &Policies) -> HttpResponse {
        let layout = Layout::switchable(self, "page-policies");
        let in_force = self.links(policies.in_force());
        let older = policies.all().flat_map(|versions| versions.iter().rev().skip(1));
        let older = older
            .filter_map(|version| self.best(version, self.tag()))
            .map(|document| Link { changes: self.changes_since(policies, document), ..self.link(document) });
        let older = older.collect();
        self.respond(StatusCode::OK, Cache::Shared, &List { layout, in_force, older })
    }

    /// Shows the kinds of stored data and their retention times.
    #[must_use]
    pub fn retention(&self) -> HttpResponse {
        let layout = Layout::switchable(self, "page-retention");
        self.respond(StatusCode::OK, Cache::Shared, &Retention { layout, retention: self.retention_rows() })
    }

    /// Shows one document, in its own language rather than the reader's, since the content of a URL
    /// never changes.
    #[must_use]
    pub fn policy(&self, document: DocumentRef<'_>, policies: &Policies) -> HttpResponse {
        let view = &self.in_language_of(document);
        let version = document.version;
        let newest = policies.newest(version.policy()).filter(|newest| newest.version() != version.version());
        let text = &document.document;
        let page = Policy {
            layout: Layout {
                view,
                title: text.name.clone(),
                choices: version.documents().map(|other| self.choice(other, document.language)).collect(),
            },
            tag: document.language,
            direction: direction(document.language),
            version: view.version(version),
            newer: newest.and_then(|newest| view.newer(newest, document.language)),
            changes: view.changes_of(document, policies),
            text: markdown::to_html(&text.markdown),
            retention: if version.policy() == PRIVACY_POLICY { view.retention_rows() } else { Vec::new() },
        };
        view.respond(StatusCode::OK, Cache::Shared, &page)
    }

    /// Returns the view in which a document is shown: in its language, if there are texts in that
    /// language.
    pub(super) fn in_language_of(&self, document: DocumentRef<'_>) -> View {
        self.in_language(self.texts.nearest(document.language).unwrap_or(self.texts.default_language()))
    }

    /// Returns a link to the changes since an old version, or to those in the current one, and its
    /// text.
    fn changes_of(&self, document: DocumentRef<'_>, policies: &Policies) -> Option<(String, String)> {
        let version = document.version;
        let since = |older: &Version| self.say_with("page-changes-since", "version", older.version());
        if let Some(href) = self.changes_since(policies, document) {
            return Some((href, since(version)));
        }
        let before = policies.versions(version.policy()).iter().rev().nth(1)?;
        Some((self.changes_between(version, before, document.language)?, since(before)))
    }

    fn retention_rows(&self) -> Vec<(String, String)> {
        self.retention.iter().map(|row| row.in_words(&self.texts, self.language())).collect()
    }

    fn links<'a>(&self, versions: impl Iterator<Item = &'a Version>) -> Vec<Link> {
        let documents = versions.filter_map(|version| self.best(version, self.tag()));
        documents.map(|document| self.link(document)).collect()
    }

    pub(super) fn link(&self, document: DocumentRef<'_>) -> Link {
        Link {
            href: format!("{}{}", self.base, document.path()),
            tag: document.language.to_owned(),
            name: document.document.name.clone(),
            version: self.version(document.version),
            changes: None,
        }
    }

    pub(super) fn choice(&self, document: DocumentRef<'_>, current: &str) -> Choice {
        let tag = document.language.to_owned();
        let own = self.texts.languages().find(|language| language.tag() == tag);
        let name = own.map_or_else(|| tag.clone(), |own| self.texts.name(own));
        Choice { name, href: format!("{}{}", self.base, document.path()), is_current: tag == current, tag }
    }

    fn newer(&self, newest: &Version, tag: &str) -> Option<Newer> {
        let Link { href, tag, name, .. } = self.link(self.best(newest, tag)?);
        Some(Newer { notice: self.say_with("page-policy-superseded", "version", newest.version()), href, tag, name })
    }

    fn version(&self, version: &Version) -> String {
        self.say_with("page-policy-version", "version", version.version())
    }
}

impl Site {
    /// Returns the document of a version that a reader of `tag` will understand best.
    pub(super) fn best<'a>(&self, version: &'a Version, tag: &str) -> Option<DocumentRef<'a>> {
        let base = tag.split('-').next().unwrap_or(tag);
        let default = self.texts.default_language().tag();
        let wishes = [tag, base, default, "en"];
        wishes.into_iter().find_map(|tag| version.document(tag)).or_else(|| version.documents().next())
    }
}
