//! The layout around the content of every page.

use super::View;

/// Head, header, language switch and footer of a page, for `layout.html`.
pub(super) struct Layout<'a> {
    pub view: &'a View,
    pub title: String,
    /// The entries of the language switch; without any, there is none.
    pub choices: Vec<Choice>,
}

/// One entry of the language switch.
pub(super) struct Choice {
    pub tag: String,
    pub name: String,
    pub href: String,
    pub is_current: bool,
}

impl<'a> Layout<'a> {
    /// Returns the layout of a page that cannot be linked to in other languages; `title` is the id
    /// of a message.
    pub(super) fn fixed(view: &'a View, title: &str) -> Self {
        Self { view, title: view.say(title), choices: Vec::new() }
    }

    /// Returns the layout of a page whose language is chosen by `?lang=`; `title` is the id of a
    /// message.
    pub(super) fn switchable(view: &'a View, title: &str) -> Self {
        Self::with_choices(view, title, |tag| format!("?lang={tag}"))
    }

    /// Returns the layout of a page that has such a link for the tag of each language; `title` is
    /// the id of a message.
    pub(super) fn with_choices(view: &'a View, title: &str, href: impl Fn(&str) -> String) -> Self {
        let choices = view.texts.languages().map(|other| {
            let tag = other.tag().to_owned();
            Choice { name: view.texts.name(other), is_current: other == view.language(), href: href(&tag), tag }
        });
        Self { view, title: view.say(title), choices: choices.collect() }
    }

    pub(super) fn say(&self, id: &str) -> String {
        self.view.say(id)
    }

    pub(super) fn tag(&self) -> &str {
        self.view.tag()
    }

    pub(super) fn base(&self) -> &str {
        &self.view.base
    }
}
