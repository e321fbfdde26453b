//! The operator's texts, checked against ours before the server starts: a slip shows at start-up, not in a mail.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use fluent_bundle::FluentResource;
use fluent_syntax::ast::{Entry, Expression, InlineExpression, Pattern, PatternElement};
use unic_langid::LanguageIdentifier;

use super::{BUILT_IN, NAME, TextsError};

/// The operator's files by language, each checked.
pub(super) fn operators(directory: Option<&Path>) -> Result<Vec<(LanguageIdentifier, FluentResource)>, TextsError> {
    let Some(directory) = directory else { return Ok(Vec::new()) };
    let english = parse(BUILT_IN[0].1.to_owned()).map_err(TextsError)?;
    let ours = catalogue(&english).map_err(TextsError)?;
    let unreadable = |error| TextsError(format!("{}: cannot be read: {error}", directory.display()));
    let mut found = Vec::new();
    for entry in fs::read_dir(directory).map_err(unreadable)? {
        let path = entry.map_err(unreadable)?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        if !name.starts_with('.') {
            let file = read(&path, &name, &ours);
            found.push(file.map_err(|problem| TextsError(format!("{}: {problem}", path.display())))?);
        }
    }
    Ok(found)
}

fn read(path: &Path, name: &str, ours: &Catalogue) -> Result<(LanguageIdentifier, FluentResource), String> {
    let language = name
        .strip_suffix(".ftl")
        .and_then(|tag| tag.parse::<LanguageIdentifier>().ok().filter(|language| *language == tag))
        .ok_or("a file of texts is named after its language, such as en.ftl or pt-BR.ftl; rename it")?;
    let resource = parse(fs::read_to_string(path).map_err(|error| format!("cannot be read: {error}"))?)?;
    let theirs = catalogue(&resource)?;
    check(&theirs, ours)?;
    let is_new = BUILT_IN.iter().all(|(tag, _)| language != *tag);
    if is_new && !theirs.contains_key(NAME) {
        return Err(format!("a new language needs the message “{NAME}”: what it calls itself"));
    }
    Ok((language, resource))
}

fn check(theirs: &Catalogue, ours: &Catalogue) -> Result<(), String> {
    for (id, variables) in theirs {
        let known = ours.get(id).ok_or_else(|| format!("there is no message “{id}”; en.ftl lists them all"))?;
        if let Some(variable) = variables.difference(known).next() {
            let known = if known.is_empty() { "none".to_owned() } else { list(known) };
            return Err(format!("the message “{id}” has no variable ${variable}; it has {known}"));
        }
    }
    Ok(())
}

fn list(variables: &BTreeSet<String>) -> String {
    variables.iter().map(|variable| format!("${variable}")).collect::<Vec<_>>().join(", ")
}

/// Parses Fluent.
///
/// # Errors
/// The line of the first mistake and what it is.
pub(super) fn parse(source: String) -> Result<FluentResource, String> {
    FluentResource::try_new(source).map_err(|(resource, errors)| match errors.first() {
        Some(error) => {
            let before = resource.source().get(..error.pos.start).unwrap_or_default();
            format!("line {}: {}", before.matches('\n').count() + 1, error.kind)
        }
        None => "is not Fluent".to_owned(),
    })
}

/// The messages of a file with the variables each of them uses.
pub(super) type Catalogue = BTreeMap<String, BTreeSet<String>>;

/// The messages of a file.
///
/// # Errors
/// Names the message that is there twice, has no text, or uses what is not there.
pub(super) fn catalogue(resource: &FluentResource) -> Result<Catalogue, String> {
    let terms: BTreeSet<&str> =
        resource.entries().filter_map(|e| if let Entry::Term(term) = e { Some(term.id.name) } else { None }).collect();
    let mut catalogue = Catalogue::new();
    for entry in resource.entries() {
        match entry {
            Entry::Message(message) => {
                let id = message.id.name;
                let pattern = message.value.as_ref().ok_or_else(|| format!("the message “{id}” has no text"))?;
                let uses = Uses::of(pattern, &terms).map_err(|problem| format!("the message “{id}” {problem}"))?;
                if catalogue.insert(id.to_owned(), uses.variables).is_some() {
                    return Err(format!("the message “{id}” is there twice; remove one of them"));
                }
            }
            // A term that used another could use itself; none of ours needs that.
            Entry::Term(term) => {
                let id = term.id.name;
                Uses::of(&term.value, &BTreeSet::new()).map_err(|problem| format!("the term “-{id}” {problem}"))?;
            }
            _ => {}
        }
    }
    Ok(catalogue)
}

/// What a text refers to, in all its variants.
struct Uses<'a> {
    variables: BTreeSet<String>,
    terms: &'a BTreeSet<&'a str>,
}

impl<'a> Uses<'a> {
    fn of(pattern: &Pattern<&str>, terms: &'a BTreeSet<&'a str>) -> Result<Self, String> {
        let mut uses = Self { variables: BTreeSet::new(), terms };
        uses.pattern(pattern)?;
        Ok(uses)
    }

    fn pattern(&mut self, pattern: &Pattern<&str>) -> Result<(), String> {
        for element in &pattern.elements {
            if let PatternElement::Placeable { expression } = element {
                self.expression(expression)?;
            }
        }
        Ok(())
    }

    fn expression(&mut self, expression: &Expression<&str>) -> Result<(), String> {
        match expression {
            Expression::Inline(inline) => self.inline(inline),
            Expression::Select { selector, variants } => {
                self.inline(selector)?;
                variants.iter().try_for_each(|variant| self.pattern(&variant.value))
            }
        }
    }

    fn inline(&mut self, inline: &InlineExpression<&str>) -> Result<(), String> {
        match inline {
            InlineExpression::StringLiteral { .. } | InlineExpression::NumberLiteral { .. } => Ok(()),
            InlineExpression::VariableReference { id } => {
                self.variables.insert(id.name.to_owned());
                Ok(())
            }
            InlineExpression::Placeable { expression } => self.expression(expression),
            InlineExpression::TermReference { id, .. } if self.terms.contains(id.name) => Ok(()),
            InlineExpression::TermReference { id, .. } => {
                Err(format!("uses the term “-{}”, which is not there", id.name))
            }
            InlineExpression::MessageReference { id, .. } => {
                Err(format!("uses the message “{}”; make that a term, “-{0}”", id.name))
            }
            InlineExpression::FunctionReference { id, .. } => {
                Err(format!("uses the function {}(); there are no functions", id.name))
            }
        }
    }
}
