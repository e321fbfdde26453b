//! A value as written, before its type is known.

use toml::Spanned;
use toml::Value as Toml;
use toml::de::{DeString, DeTable, DeValue};

use super::error::Origin;
use super::parse::Parsed;

/// A value and its location.
#[derive(Clone)]
pub(super) struct Value {
    pub origin: Origin,
    content: Content,
}

/// An entry of a table.
#[derive(Clone)]
pub(super) struct Entry {
    pub name: String,
    /// The location of the name.
    pub origin: Origin,
    pub value: Value,
}

#[derive(Clone)]
enum Content {
    /// Text from the environment or a separate file, which may represent any type.
    Plain(String),
    Text(String),
    Flag(bool),
    Integer(i128),
    List(Vec<Value>),
    Table(Vec<Entry>),
    /// A TOML type that no key accepts, or an integer out of bounds.
    Other,
}

impl Value {
    /// Returns text that may represent any type.
    pub fn plain(origin: Origin, text: String) -> Self {
        Self { origin, content: Content::Plain(text) }
    }

    /// Converts a TOML value. `at` maps an offset in the document to a position.
    pub fn from_toml(value: &Spanned<DeValue<'_>>, at: &impl Fn(usize) -> Origin) -> Self {
        let content = match value.get_ref() {
            DeValue::String(text) => Content::Text(text.clone().into_owned()),
            DeValue::Boolean(flag) => Content::Flag(*flag),
            DeValue::Integer(digits) => {
                i128::from_str_radix(digits.as_str(), digits.radix()).map_or(Content::Other, Content::Integer)
            }
            DeValue::Array(items) => Content::List(items.iter().map(|item| Self::from_toml(item, at)).collect()),
            DeValue::Table(table) => Content::Table(Self::entries(table, at)),
            DeValue::Float(_) | DeValue::Datetime(_) => Content::Other,
        };
        Self { origin: at(value.span().start), content }
    }

    /// Converts the entries of a TOML table.
    pub fn entries(table: &DeTable<'_>, at: &impl Fn(usize) -> Origin) -> Vec<Entry> {
        let entry = |(name, value): (&Spanned<DeString<'_>>, &Spanned<DeValue<'_>>)| Entry {
            name: name.get_ref().to_string(),
            origin: at(name.span().start),
            value: Self::from_toml(value, at),
        };
        table.iter().map(entry).collect()
    }

    /// Returns the value without its origins. Text stays text, wherever it was written.
    pub fn to_toml(&self) -> Toml {
        match &self.content {
            Content::Plain(text) | Content::Text(text) => text.as_str().into(),
            Content::Flag(flag) => (*flag).into(),
            Content::Integer(number) => number.to_string().into(),
            Content::List(items) => Toml::Array(items.iter().map(Self::to_toml).collect()),
            Content::Table(entries) => {
                Toml::Table(entries.iter().map(|entry| (entry.name.clone(), entry.value.to_toml())).collect())
            }
            Content::Other => Toml::Array(Vec::new()),
        }
    }

    /// Returns the entries of a TOML table, or `None` for any other type.
    pub fn as_table(&self) -> Option<&[Entry]> {
        match &self.content {
            Content::Table(entries) => Some(entries),
            _ => None,
        }
    }

    /// Returns whether the value is the empty string, which leaves an optional key unset.
    pub fn is_empty(&self) -> bool {
        matches!(&self.content, Content::Plain(text) | Content::Text(text) if text.is_empty())
    }

    /// Parses a string.
    pub fn text<T>(&self, parse: impl Fn(&str) -> Parsed<T>) -> Parsed<T> {
        let as_text = match &self.content {
            Content::Plain(text) | Content::Text(text) => return parse(text),
            Content::Integer(number) => number.to_string(),
            Content::Flag(flag) => flag.to_string(),
            Content::List(_) | Content::Table(_) | Content::Other => String::new(),
        };
        // The parser's message says more than the type does: `4` is not a valid duration, but would
        // be a valid name.
        Err(parse(&as_text).err().unwrap_or_else(|| "expected text in quotes".to_owned()))
    }

    pub fn integer(&self) -> Option<i128> {
        match &self.content {
            Content::Integer(number) => Some(*number),
            Content::Plain(text) => text.trim().replace('_', "").parse().ok(),
            _ => None,
        }
    }

    pub fn flag(&self) -> Parsed<bool> {
        match &self.content {
            Content::Flag(flag) => Some(*flag),
            Content::Plain(text) => text.trim().parse().ok(),
            _ => None,
        }
        .ok_or_else(|| "expected true or false, without quotes".to_owned())
    }

    /// Returns the items of a list. Plain text is a TOML array or a comma-separated list.
    pub fn list(self) -> Parsed<Vec<Self>> {
        let text = match self.content {
            Content::List(items) => return Ok(items),
            Content::Plain(text) => text,
            _ => return Err("expected a list: put the values, each in quotes, in square brackets".to_owned()),
        };
        // `[::1]:8090` begins like an array but is not one.
        if let Some(Content::List(items)) = toml_in_text(&text, &self.origin) {
            return Ok(items);
        }
        let items = text.split(',').map(str::trim).filter(|item| !item.is_empty());
        Ok(items.map(|item| Self::plain(self.origin.clone(), item.to_owned())).collect())
    }

    /// Returns the entries of a table. Plain text is a TOML inline table.
    pub fn table(self) -> Parsed<Vec<Entry>> {
        let content = match self.content {
            Content::Plain(text) if text.trim().is_empty() => return Ok(Vec::new()),
            Content::Plain(text) => toml_in_text(&text, &self.origin),
            content => Some(content),
        };
        match content {
            Some(Content::Table(entries)) => Ok(entries),
            _ => Err("expected a table such as { \"name\" = \"value\" }".to_owned()),
        }
    }
}

fn toml_in_text(text: &str, origin: &Origin) -> Option<Content> {
    let value = DeValue::parse(text.trim()).ok()?;
    Some(Value::from_toml(&value, &|_| origin.clone()).content)
}
