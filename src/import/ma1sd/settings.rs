//! The configuration of a ma1sd.

use std::collections::BTreeMap;
use std::path::Path;

use yaml_rust2::parser::{Event, EventReceiver, Parser};
use yaml_rust2::{Yaml, YamlLoader};

use crate::import::opening::SourceError;

/// The longest file that is read, in bytes.
const LONGEST: u64 = 1_000_000;

/// The settings in a `ma1sd.yaml` by their paths, such as `threepid.medium.email.identity.from`.
/// The items of a list are separated by line breaks, or numbered if they contain settings.
#[derive(Debug)]
pub struct Settings(pub(super) BTreeMap<String, String>);

/// Detects aliases in a text: each is replaced with a copy, so a few could fill the memory.
struct Aliases(bool);

impl EventReceiver for Aliases {
    fn on_event(&mut self, event: Event) {
        self.0 |= matches!(event, Event::Alias(_));
    }
}

impl Settings {
    /// Reads a file.
    ///
    /// # Errors
    /// [`SourceError`] if it cannot be read or parsed.
    pub fn read(path: &Path) -> Result<Self, SourceError> {
        let problem = |text: String| SourceError(format!("{}: {text}", path.display()));
        let metadata = std::fs::metadata(path).map_err(|error| problem(error.to_string()))?;
        if !metadata.is_file() || metadata.len() > LONGEST {
            return Err(problem("this is not the configuration of a ma1sd".to_owned()));
        }
        Self::parse(&std::fs::read_to_string(path).map_err(|error| problem(error.to_string()))?).map_err(problem)
    }

    /// Parses the text of a file.
    ///
    /// # Errors
    /// The problem.
    pub fn parse(text: &str) -> Result<Self, String> {
        let mut aliases = Aliases(false);
        Parser::new_from_str(text).load(&mut aliases, true).map_err(|error| error.to_string())?;
        if aliases.0 {
            return Err("YAML aliases are not supported: replace them with their values".to_owned());
        }
        let documents = YamlLoader::load_from_str(text).map_err(|error| error.to_string())?;
        let mut settings = Self(BTreeMap::new());
        match documents.first() {
            Some(document @ Yaml::Hash(_)) => settings.add("", document),
            _ => return Err("this is not the configuration of a ma1sd: it has no settings".to_owned()),
        }
        Ok(settings)
    }

    fn add(&mut self, path: &str, value: &Yaml) {
        let below = |name: &str| if path.is_empty() { name.to_owned() } else { format!("{path}.{name}") };
        match value {
            Yaml::Hash(map) => {
                for (name, value) in map {
                    self.add(&below(&scalar(name).unwrap_or_default()), value);
                }
            }
            Yaml::Array(items) => {
                let scalars: Option<Vec<_>> = items.iter().map(scalar).collect();
                match scalars {
                    Some(scalars) => self.set(path, &scalars.join("\n")),
                    None => items.iter().enumerate().for_each(|(nth, item)| self.add(&below(&nth.to_string()), item)),
                }
            }
            other => self.set(path, &scalar(other).unwrap_or_default()),
        }
    }

    fn set(&mut self, path: &str, value: &str) {
        if !value.trim().is_empty() {
            self.0.insert(path.to_owned(), value.trim().to_owned());
        }
    }

    /// Returns a setting, or `None` if it is empty.
    #[must_use]
    pub fn get(&self, path: &str) -> Option<&str> {
        self.0.get(path).map(String::as_str)
    }

    /// Returns the name that the server signs as.
    #[must_use]
    pub fn name(&self) -> Option<&str> {
        self.get("server.name").or_else(|| self.get("matrix.domain"))
    }
}

fn scalar(value: &Yaml) -> Option<String> {
    match value {
        Yaml::String(text) | Yaml::Real(text) => Some(text.clone()),
        Yaml::Integer(number) => Some(number.to_string()),
        Yaml::Boolean(is_true) => Some(is_true.to_string()),
        _ => None,
    }
}
