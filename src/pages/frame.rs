//! What surrounds the content of every page.

use super::Site;
use crate::brand::Brand;
use crate::texts::{Language, direction};

/// Head, header, language switch and footer of a page, for `layout.html`.
pub(super) struct Frame<'a> {
    pub site: &'a Site,
    pub language: Language,
    pub title: String,
    /// What the language switch offers; empty: there is none.
    pub choices: Vec<Choice>,
}

/// One language of the language switch.
pub(super) struct Choice {
    pub tag: String,
    pub name: String,
    pub href: String,
    pub is_current: bool,
}

impl<'a> Frame<'a> {
    /// The frame of a page that has no other languages under a URL of its own.
    pub(super) fn fixed(site: &'a Site, language: Language, title: String) -> Self {
        Self { site, language, title, choices: Vec::new() }
    }

    /// The frame of a page whose language is chosen by `?lang=`.
    pub(super) fn switchable(site: &'a Site, language: Language, title: String) -> Self {
        let choices = site.texts.languages().map(|other| {
            let tag = site.texts.tag(other).to_owned();
            let href = format!("?lang={tag}");
            Choice { name: site.texts.name(other), is_current: other == language, href, tag }
        });
        Self { site, language, title, choices: choices.collect() }
    }

    pub(super) fn say(&self, id: &str) -> String {
        self.site.texts.get(self.language, id, &[])
    }

    pub(super) fn tag(&self) -> &str {
        self.site.texts.tag(self.language)
    }

    pub(super) fn direction(&self) -> &'static str {
        direction(self.tag())
    }

    pub(super) fn brand(&self) -> &Brand {
        &self.site.brand
    }

    pub(super) fn base(&self) -> &str {
        &self.site.base
    }

    pub(super) fn style(&self) -> &str {
        &self.site.style
    }
}
