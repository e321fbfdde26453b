//! The page that shows what has changed in a policy since an older version.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use actix_web::http::StatusCode;
use actix_web::{HttpResponse, web};
use askama::Template;
use similar::ChangeTag;

use super::blocks::{Kind, blocks};
use super::diff::{Passage, Piece, compare};
use super::documents::Link;
use super::layout::{Choice, Layout};
use super::{Cache, Fault, Site, View};
use crate::http::Query;
use crate::identity::policy::{DocumentRef, Policies, Version};
use crate::texts::direction;

/// The time allowed for comparing two documents. Those of a few pages take some milliseconds.
const PATIENCE: Duration = Duration::from_millis(150);

/// The changes between documents, by the SHA-256 of the older and the newer one.
#[derive(Debug, Default)]
pub(super) struct Comparisons(HashMap<[[u8; 32]; 2], Vec<Passage>>);

#[derive(Template)]
#[template(path = "pages/changes.html")]
struct Changes<'a> {
    layout: Layout<'a>,
    tag: &'a str,
    direction: &'static str,
    span: String,
    /// Empty if both texts are the same, or cannot be compared.
    rows: Vec<Row<'a>>,
    /// The reason why they cannot be compared.
    apart: Option<String>,
    /// The whole documents, the newer one first.
    whole: Vec<Link>,
}

/// A passage, or the number of unchanged passages left out, in words.
enum Row<'a> {
    Passage(&'a Passage),
    Gap(String),
}

impl Comparisons {
    /// Compares each document with its older versions, once for all requests, since documents never
    /// change.
    pub(super) fn of(policies: &Policies) -> Self {
        let mut comparisons = HashMap::new();
        for versions in policies.all() {
            for (n, newer) in versions.iter().enumerate() {
                let pairs = versions[..n].iter().flat_map(|older| {
                    newer.documents().filter_map(|new| Some([older.document(new.language)?.document, new.document]))
                });
                for pair in pairs.filter(|[old, new]| old != new) {
                    let [old, new] = pair.map(|document| blocks(&document.name, &document.markdown));
                    let passages = compare(&old, &new, Instant::now() + PATIENCE);
                    if passages.iter().any(is_changed) {
                        comparisons.insert(pair.map(|document| document.sha256), passages);
                    }
                }
            }
        }
        Self(comparisons)
    }

    fn between(&self, older: DocumentRef<'_>, newer: DocumentRef<'_>) -> &[Passage] {
        self.0.get(&[older, newer].map(|it| it.document.sha256)).map_or(&[], Vec::as_slice)
    }
}

/// `GET /policies/{id}/{version}/{lang}/changes?since={older}`; without `since`, since the previous
/// version.
pub(super) async fn changes(view: View, path: web::Path<(String, String, String)>, query: Query) -> HttpResponse {
    let (id, version, language) = &*path;
    let (versions, since) = (view.policies.versions(id), query.get("since"));
    let position = |number: &str| versions.iter().position(|version| version.version() == number);
    let pair = position(version).and_then(|newer| {
        let older = since.map_or_else(|| newer.checked_sub(1), |since| position(&since).filter(|it| *it <= newer))?;
        Some((versions[newer].document(language)?, &versions[older]))
    });
    pair.map_or_else(|| view.fault(Fault::NotFound), |(newer, older)| view.in_language_of(newer).changed(newer, older))
}

impl Site {
    /// Returns the page that shows what has changed since somebody accepted that document, if it is
    /// no longer in force.
    #[must_use]
    pub fn changes_since(&self, policies: &Policies, accepted: DocumentRef<'_>) -> Option<String> {
        let newest = policies.newest(accepted.version.policy())?;
        let is_old = newest.version() != accepted.version.version();
        is_old.then(|| self.changes_between(newest, accepted.version, accepted.language)).flatten()
    }

    /// Returns the page that shows what has changed between two versions, in that language or the
    /// best available.
    pub(super) fn changes_between(&self, newer: &Version, older: &Version, tag: &str) -> Option<String> {
        Some(self.changes_path(self.best(newer, tag)?, older))
    }

    fn changes_path(&self, newer: DocumentRef<'_>, older: &Version) -> String {
        format!("{}{}/changes?since={}", self.base, newer.path(), older.version())
    }
}

impl View {
    fn changed(&self, newer: DocumentRef<'_>, older: &Version) -> HttpResponse {
        let before = older.document(newer.language);
        let choices = newer
            .version
            .documents()
            .map(|other| Choice { href: self.changes_path(other, older), ..self.choice(other, newer.language) });
        let title = self.say_with("page-changes-title", "name", newer.document.name.as_str());
        let span = [("older", older.version().into()), ("newer", newer.version.version().into())];
        let whole = [Some(newer), before.or_else(|| self.best(older, newer.language))];
        let page = Changes {
            layout: Layout { view: self, title, choices: choices.collect() },
            tag: newer.language,
            direction: direction(newer.language),
            span: self.texts.get(self.language(), "page-changes-span", &span),
            rows: before.map(|before| self.rows(self.comparisons.between(before, newer))).unwrap_or_default(),
            apart: before.is_none().then(|| self.say_with("page-changes-apart", "version", older.version())),
            whole: whole.into_iter().flatten().map(|document| self.link(document)).collect(),
        };
        self.respond(StatusCode::OK, Cache::Shared, &page)
    }

    fn rows<'p>(&self, passages: &'p [Passage]) -> Vec<Row<'p>> {
        let mut rows = Vec::new();
        let passages: Vec<_> = passages.iter().zip(shown(passages)).collect();
        for run in passages.chunk_by(|(_, a), (_, b)| a == b) {
            if run[0].1 {
                rows.extend(run.iter().map(|(passage, _)| Row::Passage(passage)));
            } else {
                rows.push(Row::Gap(self.say_with("page-changes-gap", "count", run.len())));
            }
        }
        rows
    }
}

fn is_changed(passage: &Passage) -> bool {
    passage.tag() != Some(ChangeTag::Equal)
}

/// Returns which passages are shown: those that have changed, the ones before and after each, and
/// the heading above.
fn shown(passages: &[Passage]) -> Vec<bool> {
    let mut shown = vec![false; passages.len()];
    let mut heading = None;
    for (at, passage) in passages.iter().enumerate() {
        if passage.kind == Kind::Heading {
            heading = Some(at);
        }
        if is_changed(passage) {
            let last = (at + 1).min(passages.len() - 1);
            shown[at.saturating_sub(1)..=last].fill(true);
            shown[heading.unwrap_or(at)] = true;
        }
    }
    shown
}

impl Passage {
    /// Returns its element. All headings have the same level, because those in between may be left
    /// out.
    fn element(&self) -> &'static str {
        if self.kind == Kind::Heading { "h2" } else { "p" }
    }

    fn class(&self) -> &'static str {
        match (self.tag(), self.kind == Kind::Item) {
            (Some(ChangeTag::Delete), false) => "was",
            (Some(ChangeTag::Delete), true) => "was item",
            (Some(ChangeTag::Insert), false) => "new",
            (Some(ChangeTag::Insert), true) => "new item",
            (_, true) => "item",
            (_, false) => "",
        }
    }
}

impl Piece {
    /// Returns its element and the message for screen readers, unless the words were kept.
    fn mark(&self) -> Option<(&'static str, &'static str)> {
        match self.tag {
            ChangeTag::Equal => None,
            ChangeTag::Delete => Some(("del", "page-changes-removed")),
            ChangeTag::Insert => Some(("ins", "page-changes-added")),
        }
    }
}
