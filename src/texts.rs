//! All texts that people read, in their language.
//!
//! Our texts are built in (`templates/texts/<lang>.ftl`, in [Fluent](https://projectfluent.org)).
//! An operator's directory can replace single messages or add languages. A message that a language
//! lacks comes from its base language (`de` for `de-AT`), then from the server's default language,
//! then from English.
//!
//! Values such as a Matrix ID come from other people. They are [cleaned](visible()) before they
//! enter a text. A value with right-to-left letters is put between isolating marks, so that it
//! cannot rearrange the text around it. Other values have no such marks, because people would copy
//! the marks along with the value.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::path::Path;
use std::sync::{Mutex, PoisonError};

use fluent_bundle::concurrent::FluentBundle;
use fluent_bundle::{FluentArgs, FluentResource, FluentValue};
use unic_langid::{CharacterDirection, LanguageIdentifier};

use crate::clock::{DAY, HOUR, MINUTE, Millis};

mod accept;
mod files;
mod timestamp;
mod visible;

pub use visible::visible;

/// The built-in languages. English is the last fallback, and defines which messages exist.
const BUILT_IN: [(&str, &str); 4] = [
    ("en", include_str!("../templates/texts/en.ftl")),
    ("fr", include_str!("../templates/texts/fr.ftl")),
    ("de", include_str!("../templates/texts/de.ftl")),
    ("es", include_str!("../templates/texts/es.ftl")),
];

/// The message with a language's own name.
const NAME: &str = "page-language-name";

/// The maximum length of a value in a text, in characters: that of the longest Matrix ID.
const MAX_VALUE: usize = 255;

/// All texts in all languages.
pub struct Texts {
    languages: Vec<Entry>,
    /// The position of the default language.
    default: usize,
    /// The operator's files by language, with their contents.
    files: BTreeMap<String, String>,
}

/// A language that has texts, or had some before a reload.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Language(&'static str);

struct Entry {
    language: Language,
    bundle: FluentBundle<FluentResource>,
    /// The positions of the languages to search for a message, starting with this one.
    chain: Vec<usize>,
}

impl Language {
    /// Returns the language with this tag. Tags are kept forever: only our texts and the operator's
    /// files have any.
    fn of(tag: &str) -> Self {
        static TAGS: Mutex<BTreeSet<&str>> = Mutex::new(BTreeSet::new());
        let mut tags = TAGS.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = tags.get(tag) {
            return Self(known);
        }
        let tag = String::leak(tag.to_owned());
        tags.insert(tag);
        Self(tag)
    }

    /// Returns the tag, such as `en` or `pt-BR`.
    #[must_use]
    pub fn tag(self) -> &'static str {
        self.0
    }
}

impl Texts {
    /// Loads our texts, and the operator's on top of them.
    ///
    /// # Errors
    /// Returns the file and the problem, for the operator: the file cannot be read or is not
    /// Fluent, a message or variable does not exist, or the default language has no texts.
    pub fn load(default_language: &LanguageIdentifier, directory: Option<&Path>) -> Result<Self, String> {
        let mut bundles = BTreeMap::new();
        for (tag, source) in BUILT_IN {
            let resource = files::parse(source.to_owned()).map_err(|problem| format!("{tag}: {problem}"))?;
            let language: LanguageIdentifier = tag.parse().map_err(|_| format!("{tag}: not a language"))?;
            add(&mut bundles, language, resource);
        }
        let mut files = BTreeMap::new();
        for (language, resource) in files::operators(directory)? {
            files.insert(language.to_string(), resource.source().to_owned());
            add(&mut bundles, language, resource);
        }
        Self::new(bundles, default_language, files)
    }

    /// Describes the differences from earlier texts.
    pub fn changes(&self, before: &Self) -> Vec<String> {
        let tags: BTreeSet<_> = self.files.keys().chain(before.files.keys()).collect();
        let tags = tags.into_iter().filter(|tag| self.files.get(*tag) != before.files.get(*tag));
        let mut changes: Vec<_> = tags.map(|tag| format!("the texts in {tag}.ftl have changed")).collect();
        let default = self.default_language();
        if default != before.default_language() {
            changes.push(format!("[texts] default_language is {}", default.tag()));
        }
        changes
    }

    fn new(
        bundles: BTreeMap<LanguageIdentifier, FluentBundle<FluentResource>>,
        default: &LanguageIdentifier,
        files: BTreeMap<String, String>,
    ) -> Result<Self, String> {
        let tags: Vec<String> = bundles.keys().map(ToString::to_string).collect();
        let position = |tag: &str| tags.iter().position(|t| t == tag);
        let default = position(&default.to_string()).ok_or_else(|| {
            let known = tags.join(", ");
            format!(
                "texts.default_language: there are no texts for {default}; use one of {known}, \
                 or add {default}.ftl to texts.directory"
            )
        })?;
        let languages = bundles.into_values().zip(&tags).enumerate().map(|(own, (bundle, tag))| {
            let base = tag.split('-').next().and_then(position);
            let chain = [Some(own), base, Some(default), position("en")].into_iter().flatten().collect();
            Entry { language: Language::of(tag), bundle, chain }
        });
        Ok(Self { languages: languages.collect(), default, files })
    }

    /// Returns the language for readers whose language is not known.
    pub fn default_language(&self) -> Language {
        self.languages[self.default].language
    }

    /// Returns all languages.
    pub fn languages(&self) -> impl Iterator<Item = Language> {
        self.languages.iter().map(|entry| entry.language)
    }

    /// Returns a language's own name, such as `Français`.
    pub fn name(&self, language: Language) -> String {
        self.get(language, NAME, &[])
    }

    /// Returns the best language for an `Accept-Language` header (RFC 9110 section 12.5.4): the
    /// most wanted one that is available (for `fr-CA`, first that, then `fr`, then any other
    /// French), or else the default.
    pub fn negotiate(&self, accept_language: Option<&str>) -> Language {
        let wishes = accept::wishes(accept_language.unwrap_or_default());
        wishes.into_iter().find_map(|wish| self.nearest(wish)).unwrap_or(self.default_language())
    }

    /// Returns the language nearest to a tag, if there is one with the same base.
    pub fn nearest(&self, tag: &str) -> Option<Language> {
        if tag == "*" {
            return Some(self.default_language());
        }
        let position = accept::nearest(tag, &self.languages.iter().map(|entry| entry.language.tag()))?;
        Some(self.languages[position].language)
    }

    /// Returns a message in a language, filled in with values.
    pub fn get(&self, language: Language, id: &str, values: &[(&str, FluentValue<'_>)]) -> String {
        let args: FluentArgs<'_> = values.iter().map(|(name, value)| (*name, cleaned(value))).collect();
        let bundles = self.entry(language).chain.iter().map(|position| &self.languages[*position].bundle);
        let text = bundles.into_iter().find_map(|bundle| {
            let pattern = bundle.get_message(id)?.value()?;
            // Everything that could go wrong here was refused when the texts were loaded.
            Some(bundle.format_pattern(pattern, Some(&args), &mut Vec::new()).into_owned())
        });
        debug_assert!(text.is_some(), "the message {id} is in no language");
        text.unwrap_or_default()
    }

    /// Returns a span of time in words, in the largest unit that fits evenly: days (from two),
    /// hours or minutes.
    pub fn span(&self, language: Language, span: Millis) -> String {
        let (id, unit) = match span {
            s if s >= 2 * DAY && s % DAY == 0 => ("span-days", DAY),
            s if s >= HOUR && s % HOUR == 0 => ("span-hours", HOUR),
            _ => ("span-minutes", MINUTE),
        };
        self.get(language, id, &[("count", (span / unit).into())])
    }

    /// Returns the entry of a language, or that of the default if a reload has removed it.
    fn entry(&self, language: Language) -> &Entry {
        let entry = self.languages.iter().find(|entry| entry.language == language);
        entry.unwrap_or(&self.languages[self.default])
    }
}

/// Returns the direction in which a language is written, as in HTML's `dir`.
pub fn direction(tag: &str) -> &'static str {
    match tag.parse::<LanguageIdentifier>().map(|language| language.character_direction()) {
        Ok(CharacterDirection::RTL) => "rtl",
        _ => "ltr",
    }
}

fn add(
    bundles: &mut BTreeMap<LanguageIdentifier, FluentBundle<FluentResource>>,
    language: LanguageIdentifier,
    resource: FluentResource,
) {
    let bundle = bundles.entry(language).or_insert_with_key(|language| {
        let mut bundle = FluentBundle::new_concurrent(vec![language.clone()]);
        bundle.set_use_isolating(false);
        bundle
    });
    bundle.add_resource_overriding(resource);
}

fn cleaned(value: &FluentValue<'_>) -> FluentValue<'static> {
    match value {
        FluentValue::String(text) => visible::isolated(visible(text, MAX_VALUE)).into(),
        other => other.clone().into_owned(),
    }
}

impl fmt::Debug for Texts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.languages()).finish()
    }
}

#[cfg(test)]
mod tests;
