//! What has changed in a policy since an older version of it.

use std::time::{Duration, Instant};

use actix_web::http::StatusCode;
use actix_web::{HttpResponse, web};
use askama::Template;

use super::blocks::{Kind, blocks};
use super::diff::{Fate, Passage, Piece, compare};
use super::documents::Link;
use super::layout::{Choice, Layout};
use super::{Cache, Fault, Site, View};
use crate::http::Query;
use crate::identity::policy::{DocumentRef, Policies, Version};
use crate::texts::direction;

/// How long the best way to show the changes of a document is looked for. Those of a few pages take some milliseconds.
const PATIENCE: Duration = Duration::from_millis(150);

#[derive(Template)]
#[template(path = "pages/changes.html")]
struct Changes<'a> {
    layout: Layout<'a>,
    tag: &'a str,
    direction: &'static str,
    span: String,
    /// What is shown of both texts; empty if they are the same, or cannot be compared.
    rows: Vec<Row>,
    /// In place of them, if the older version is not there in this language.
    apart: Option<String>,
    /// The whole documents, the newer one first.
    whole: Vec<Link>,
}

/// A passage, or how many are not shown.
enum Row {
    Passage(Passage),
    Gap(String),
}

/// `GET /policies/{id}/{version}/{lang}/changes?since={older}`; without `since`, since the version before.
pub(super) async fn changes(
    view: View,
    policies: web::Data<Policies>,
    path: web::Path<(String, String, String)>,
    query: Query,
) -> HttpResponse {
    let since = query.get("since");
    let missing = || view.fault(Fault::NotFound);
    let (id, version, language) = &*path;
    let Some((newer, older)) = versions(&policies, id, version, since.as_deref()) else { return missing() };
    let Some(document) = newer.document(language) else { return missing() };
    let Some(before) = older.document(language) else { return view.apart(document, older) };
    let texts = [before, document].map(|text| (text.document.name.clone(), text.document.markdown.clone()));
    // Not on the thread that serves everybody.
    let passages = web::block(move || {
        let [old, new] = texts.map(|(name, markdown)| blocks(&name, &markdown));
        compare(&old, &new, Instant::now() + PATIENCE)
    });
    match passages.await {
        Ok(passages) => view.changed(document, before, passages),
        Err(_) => view.fault(Fault::Unavailable),
    }
}

/// The two versions to compare, the newer one first.
fn versions<'a>(
    policies: &'a Policies,
    id: &str,
    newer: &str,
    older: Option<&str>,
) -> Option<(&'a Version, &'a Version)> {
    let versions = policies.versions(id);
    let position = |number: &str| versions.iter().position(|version| version.version() == number);
    let newer = position(newer)?;
    let older = older.map_or_else(|| newer.checked_sub(1), position)?;
    Some((&versions[newer], &versions[older]))
}

impl Site {
    /// The page that shows what has changed since somebody accepted that document, if it is no longer the one in force.
    #[must_use]
    pub fn changes_since(&self, policies: &Policies, accepted: DocumentRef<'_>) -> Option<String> {
        let newest = policies.newest(accepted.version.policy())?;
        let is_old = newest.version() != accepted.version.version();
        is_old.then(|| self.changes_between(newest, accepted.version, accepted.language)).flatten()
    }

    /// The page that shows what has changed between two versions, in that language or the best there is.
    pub(super) fn changes_between(&self, newer: &Version, older: &Version, tag: &str) -> Option<String> {
        Some(self.changes_path(self.best(newer, tag)?, older))
    }

    fn changes_path(&self, newer: DocumentRef<'_>, older: &Version) -> String {
        format!("{}{}/changes?since={}", self.base, newer.path(), older.version())
    }
}

impl View {
    fn changed(&self, newer: DocumentRef<'_>, older: DocumentRef<'_>, passages: Vec<Passage>) -> HttpResponse {
        let view = &self.in_language_of(newer);
        let mut page = view.changes_page(newer, older.version);
        let is_same = passages.iter().all(|passage| passage.fate() == Some(Fate::Kept));
        page.rows = if is_same { Vec::new() } else { view.shortened(passages) };
        page.whole = [newer, older].map(|document| view.link(document)).into();
        view.respond(StatusCode::OK, Cache::Shared, &page)
    }

    /// The page for a language that the older version lacks.
    fn apart(&self, newer: DocumentRef<'_>, older: &Version) -> HttpResponse {
        let view = &self.in_language_of(newer);
        let mut page = view.changes_page(newer, older);
        page.apart = Some(view.say_with("page-changes-apart", "version", older.version()));
        let both = [Some(newer), view.best(older, newer.language)].into_iter().flatten();
        page.whole = both.map(|document| view.link(document)).collect();
        view.respond(StatusCode::OK, Cache::Shared, &page)
    }

    fn changes_page<'a>(&'a self, newer: DocumentRef<'a>, older: &Version) -> Changes<'a> {
        let name = newer.document.name.as_str();
        let choices = newer
            .version
            .documents()
            .map(|other| Choice { href: self.changes_path(other, older), ..self.choice(other, newer.language) });
        let span = [("older", older.version().into()), ("newer", newer.version.version().into())];
        Changes {
            layout: Layout {
                view: self,
                title: self.say_with("page-changes-title", "name", name),
                choices: choices.collect(),
            },
            tag: newer.language,
            direction: direction(newer.language),
            span: self.texts.get(self.language(), "page-changes-span", &span),
            rows: Vec::new(),
            apart: None,
            whole: Vec::new(),
        }
    }

    /// What has changed, each change with its neighbours and the heading that it stands under; and how much is between.
    fn shortened(&self, passages: Vec<Passage>) -> Vec<Row> {
        let shown = shown(&passages);
        let mut rows = Vec::new();
        let mut hidden = 0;
        for (passage, is_shown) in passages.into_iter().zip(shown) {
            if !is_shown {
                hidden += 1;
                continue;
            }
            rows.extend(self.gap(hidden));
            hidden = 0;
            rows.push(Row::Passage(passage));
        }
        rows.extend(self.gap(hidden));
        rows
    }

    fn gap(&self, hidden: usize) -> Option<Row> {
        (hidden > 0).then(|| Row::Gap(self.say_with("page-changes-gap", "count", hidden)))
    }
}

/// Which passages are shown: those that have changed, the one before and the one after each, and the heading above.
fn shown(passages: &[Passage]) -> Vec<bool> {
    let mut shown = vec![false; passages.len()];
    let mut heading = None;
    for (at, passage) in passages.iter().enumerate() {
        if passage.kind == Kind::Heading {
            heading = Some(at);
        }
        if passage.fate() != Some(Fate::Kept) {
            let last = (at + 1).min(passages.len() - 1);
            shown[at.saturating_sub(1)..=last].fill(true);
            if let Some(heading) = heading {
                shown[heading] = true;
            }
        }
    }
    shown
}

impl Passage {
    /// Its element: every heading is of the same level, for those between may not be shown.
    fn element(&self) -> &'static str {
        if self.kind == Kind::Heading { "h2" } else { "p" }
    }

    fn class(&self) -> &'static str {
        match (self.fate(), self.kind == Kind::Item) {
            (Some(Fate::Removed), false) => "was",
            (Some(Fate::Removed), true) => "was item",
            (Some(Fate::Added), false) => "new",
            (Some(Fate::Added), true) => "new item",
            (_, true) => "item",
            (_, false) => "",
        }
    }
}

impl Piece {
    /// Its element, and the message that says it to who does not see it; nothing for what was kept.
    fn mark(&self) -> Option<(&'static str, &'static str)> {
        match self.fate {
            Fate::Kept => None,
            Fate::Removed => Some(("del", "page-changes-removed")),
            Fate::Added => Some(("ins", "page-changes-added")),
        }
    }
}
