//! The operator's texts. They are checked against ours at startup, so that mistakes do not surface
//! only in an email.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use fluent_bundle::FluentResource;
use fluent_syntax::ast::{Entry, Expression, InlineExpression, Pattern, PatternElement};
use unic_langid::LanguageIdentifier;

use super::{BUILT_IN, NAME};

/// Reads and checks the operator's files.
pub(super) fn operators(directory: Option<&Path>) -> Result<Vec<(LanguageIdentifier, FluentResource)>, String> {
    let Some(directory) = directory else { return Ok(Vec::new()) };
    let english = parse(BUILT_IN[0].1.to_owned())?;
    let ours = catalogue(&english)?;
    let unreadable = |error| format!("{}: cannot be read: {error}", directory.display());
    let mut files = Vec::new();
    for entry in fs::read_dir(directory).map_err(unreadable)? {
        let path = entry.map_err(unreadable)?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        if !name.starts_with('.') {
            let file = read(&path, &name, &ours);
            files.push(file.map_err(|problem| format!("{}: {problem}", path.display()))?);
        }
    }
    Ok(files)
}

fn read(path: &Path, name: &str, ours: &Catalogue) -> Result<(LanguageIdentifier, FluentResource), String> {
    let language = name
        .strip_suffix(".ftl")
        .and_then(|tag| tag.parse::<LanguageIdentifier>().ok().filter(|language| *language == tag))
        .ok_or("a file of texts must be named after its language, such as en.ftl or pt-BR.ftl; rename it")?;
    let resource = parse(fs::read_to_string(path).map_err(|error| format!("cannot be read: {error}"))?)?;
    let theirs = catalogue(&resource)?;
    check(&theirs, ours)?;
    let is_new = BUILT_IN.iter().all(|(tag, _)| language != *tag);
    if is_new && !theirs.contains_key(NAME) {
        return Err(format!("a new language needs the message “{NAME}”, which says what the language calls itself"));
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
/// Returns the line of the first syntax error and a description.
pub(super) fn parse(source: String) -> Result<FluentResource, String> {
    FluentResource::try_new(source).map_err(|(resource, errors)| match errors.first() {
        Some(error) => {
            let before = resource.source().get(..error.pos.start).unwrap_or_default();
            format!("line {}: {}", before.matches('\n').count() + 1, error.kind)
        }
        None => "is not Fluent".to_owned(),
    })
}

/// The messages of a file, each with the variables it uses.
pub(super) type Catalogue = BTreeMap<String, BTreeSet<String>>;

/// Returns the messages of a file.
///
/// # Errors
/// Names a message that is defined twice, has no text, or uses something that does not exist.
pub(super) fn catalogue(resource: &FluentResource) -> Result<Catalogue, String> {
    let terms: BTreeSet<&str> =
        resource.entries().filter_map(|e| if let Entry::Term(term) = e { Some(term.id.name) } else { None }).collect();
    let mut catalogue = Catalogue::new();
    for entry in resource.entries() {
        match entry {
            Entry::Message(message) => {
                let id = message.id.name;
                let pattern = message.value.as_ref().ok_or_else(|| format!("the message “{id}” has no text"))?;
                let mut variables = BTreeSet::new();
                collect(pattern, &terms, &mut variables).map_err(|problem| format!("the message “{id}” {problem}"))?;
                if catalogue.insert(id.to_owned(), variables).is_some() {
                    return Err(format!("the message “{id}” is defined twice; remove one of them"));
                }
            }
            // A term that uses other terms could use itself, so terms may not use any.
            Entry::Term(term) => {
                let id = term.id.name;
                collect(&term.value, &BTreeSet::new(), &mut BTreeSet::new())
                    .map_err(|problem| format!("the term “-{id}” {problem}"))?;
            }
            _ => {}
        }
    }
    Ok(catalogue)
}

/// Adds the variables that a text uses, in all its variants, to `variables`.
///
/// # Errors
/// Says which forbidden thing the text uses.
fn collect(pattern: &Pattern<&str>, terms: &BTreeSet<&str>, variables: &mut BTreeSet<String>) -> Result<(), String> {
    pattern.elements.iter().try_for_each(|element| match element {
        PatternElement::Placeable { expression } => collect_in(expression, terms, variables),
        PatternElement::TextElement { .. } => Ok(()),
    })
}

fn collect_in(
    expression: &Expression<&str>,
    terms: &BTreeSet<&str>,
    variables: &mut BTreeSet<String>,
) -> Result<(), String> {
    let inline = match expression {
        Expression::Inline(inline) => inline,
        Expression::Select { selector, variants } => {
            variants.iter().try_for_each(|variant| collect(&variant.value, terms, variables))?;
            selector
        }
    };
    match inline {
        InlineExpression::StringLiteral { .. } | InlineExpression::NumberLiteral { .. } => {}
        InlineExpression::VariableReference { id } => _ = variables.insert(id.name.to_owned()),
        InlineExpression::Placeable { expression } => collect_in(expression, terms, variables)?,
        InlineExpression::TermReference { id, .. } if terms.contains(id.name) => {}
        InlineExpression::TermReference { id, .. } => {
            return Err(format!("uses the term “-{}”, which does not exist", id.name));
        }
        InlineExpression::MessageReference { id, .. } => {
            return Err(format!("uses the message “{}”; make that a term, “-{0}”", id.name));
        }
        InlineExpression::FunctionReference { id, .. } => {
            return Err(format!("uses the function {}(), but there are no functions", id.name));
        }
    }
    Ok(())
}
