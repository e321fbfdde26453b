//! Every word a person reads, in the reader's language.
//!
//! Ours are built in (`templates/texts/<lang>.ftl`, [Fluent](https://projectfluent.org)); an operator's directory may
//! replace any single message, or add a language. What a language lacks is said in its base language (`de` for
//! `de-AT`), then in the server's default language, then in English.
//!
//! Values such as a Matrix ID are somebody else's words. They are [cleaned](visible()) before they enter a text: one
//! line, nothing invisible, and nothing that turns the direction of writing. A value that holds right-to-left letters
//! is set between isolating marks so that it cannot rearrange its neighbours; all others stay bare, because marks
//! around everything would be copied along.

use std::collections::BTreeMap;
use std::fmt;
use std::path::Path;

use fluent_bundle::concurrent::FluentBundle;
use fluent_bundle::{FluentArgs, FluentResource, FluentValue};
use unic_langid::{CharacterDirection, LanguageIdentifier};

use crate::clock::{DAY, HOUR, MINUTE, Millis};

mod accept;
mod files;
mod timestamp;
mod visible;

pub use visible::visible;

/// The languages that are built in. English is the last resort and the list of what may be said at all.
const BUILT_IN: [(&str, &str); 4] = [
    ("en", include_str!("../templates/texts/en.ftl")),
    ("fr", include_str!("../templates/texts/fr.ftl")),
    ("de", include_str!("../templates/texts/de.ftl")),
    ("es", include_str!("../templates/texts/es.ftl")),
];

/// The message in which a language says its own name.
const NAME: &str = "page-language-name";

/// The most characters of a value that enter a text: the length of the longest Matrix ID.
const MAX_VALUE: usize = 255;

/// All texts in all languages.
pub struct Texts {
    languages: Vec<Entry>,
    default: Language,
}

/// One of the languages of a [`Texts`]; means nothing to another one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Language(usize);

struct Entry {
    tag: String,
    bundle: FluentBundle<FluentResource>,
    /// Where to look for a message, this language first.
    chain: Vec<Language>,
}

/// Why the operator's texts cannot be used: the file, where in it, and what is wrong.
#[derive(Debug, PartialEq, Eq)]
pub struct TextsError(String);

impl Texts {
    /// Our texts, and over them the operator's.
    ///
    /// # Errors
    /// [`TextsError`] for a file that cannot be read or is not Fluent, for a message or a variable that we do not
    /// have, and for a default language without texts.
    pub fn load(default_language: &LanguageIdentifier, directory: Option<&Path>) -> Result<Self, TextsError> {
        let mut bundles = BTreeMap::new();
        for (tag, source) in BUILT_IN {
            let resource =
                files::parse(source.to_owned()).map_err(|problem| TextsError(format!("{tag}: {problem}")))?;
            let language: LanguageIdentifier = tag.parse().map_err(|_| TextsError(format!("{tag}: no language")))?;
            add(&mut bundles, language, resource);
        }
        for (language, resource) in files::operators(directory)? {
            add(&mut bundles, language, resource);
        }
        Self::new(bundles, default_language)
    }

    fn new(
        bundles: BTreeMap<LanguageIdentifier, FluentBundle<FluentResource>>,
        default: &LanguageIdentifier,
    ) -> Result<Self, TextsError> {
        let tags: Vec<String> = bundles.keys().map(ToString::to_string).collect();
        let position = |tag: &str| tags.iter().position(|t| t == tag).map(Language);
        let default = position(&default.to_string()).ok_or_else(|| {
            let known = tags.join(", ");
            TextsError(format!(
                "texts.default_language: there are no texts for {default}; use one of {known}, \
                 or add {default}.ftl to texts.directory"
            ))
        })?;
        let languages = bundles.into_values().zip(&tags).enumerate().map(|(own, (bundle, tag))| {
            let base = tag.split('-').next().and_then(position);
            let chain = [Some(Language(own)), base, Some(default), position("en")].into_iter().flatten().collect();
            Entry { tag: tag.clone(), bundle, chain }
        });
        Ok(Self { languages: languages.collect(), default })
    }

    /// The language for whom no better is known.
    #[must_use]
    pub fn default_language(&self) -> Language {
        self.default
    }

    /// All languages there are.
    pub fn languages(&self) -> impl Iterator<Item = Language> + use<> {
        (0..self.languages.len()).map(Language)
    }

    /// The tag of a language, such as `en` or `pt-BR`.
    #[must_use]
    pub fn tag(&self, language: Language) -> &str {
        &self.entry(language).tag
    }

    /// What a language calls itself, such as `Français`.
    #[must_use]
    pub fn name(&self, language: Language) -> String {
        self.get(language, NAME, &[])
    }

    /// The best language for an `Accept-Language` header (RFC 9110 section 12.5.4): the first of the reader's wishes
    /// that can be met, nearest tag first (`fr-CA`, then `fr`, then any other French), else the default.
    #[must_use]
    pub fn negotiate(&self, accept_language: Option<&str>) -> Language {
        let wishes = accept::wishes(accept_language.unwrap_or_default());
        wishes.into_iter().find_map(|wish| self.nearest(wish)).unwrap_or(self.default)
    }

    /// The language nearest to a tag, if there is any of that family.
    #[must_use]
    pub fn nearest(&self, tag: &str) -> Option<Language> {
        if tag == "*" {
            return Some(self.default);
        }
        accept::nearest(tag, &self.languages.iter().map(|entry| entry.tag.as_str())).map(Language)
    }

    /// A message in a language, with the values it names.
    #[must_use]
    pub fn get(&self, language: Language, id: &str, values: &[(&str, FluentValue<'_>)]) -> String {
        let args: FluentArgs<'_> = values.iter().map(|(name, value)| (*name, cleaned(value))).collect();
        let bundles = self.entry(language).chain.iter().map(|language| &self.entry(*language).bundle);
        let text = bundles.into_iter().find_map(|bundle| {
            let pattern = bundle.get_message(id)?.value()?;
            // What could go wrong here was refused when the texts were loaded.
            Some(bundle.format_pattern(pattern, Some(&args), &mut Vec::new()).into_owned())
        });
        debug_assert!(text.is_some(), "the message {id} is in no language");
        text.unwrap_or_default()
    }

    /// A span of time in words, in the largest of days (from two days on), hours and minutes that fits evenly.
    #[must_use]
    pub fn span(&self, language: Language, span: Millis) -> String {
        let (id, unit) = match span {
            s if s >= 2 * DAY && s % DAY == 0 => ("span-days", DAY),
            s if s >= HOUR && s % HOUR == 0 => ("span-hours", HOUR),
            _ => ("span-minutes", MINUTE),
        };
        self.get(language, id, &[("count", (span / unit).into())])
    }

    fn entry(&self, language: Language) -> &Entry {
        &self.languages[language.0]
    }
}

/// The direction in which a language is written, as HTML's `dir` has it.
#[must_use]
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

impl fmt::Display for TextsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for TextsError {}

impl fmt::Debug for Texts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.languages.iter().map(|entry| &entry.tag)).finish()
    }
}

#[cfg(test)]
mod tests;
