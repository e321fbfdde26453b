//! A value as it was found, before it is known what it should be.

use toml::Spanned;
use toml::de::{DeString, DeTable, DeValue};

use super::mistake::Origin;

/// A value and where it stands.
#[derive(Clone)]
pub(super) struct Found {
    pub origin: Origin,
    given: Given,
}

/// What a table has under a name.
#[derive(Clone)]
pub(super) struct Entry {
    pub name: String,
    /// Where the name stands.
    pub origin: Origin,
    pub value: Found,
}

#[derive(Clone)]
enum Given {
    /// From the environment: text that may stand for anything.
    Plain(String),
    Text(String),
    Flag(bool),
    Integer(i128),
    List(Vec<Found>),
    Table(Vec<Entry>),
    /// A TOML type that no key takes, or an integer beyond all bounds.
    Other,
}

impl Found {
    /// The value of an environment variable.
    pub fn in_environment(name: &str, value: &str) -> Self {
        Self { origin: Origin::Environment(name.to_owned()), given: Given::Plain(value.to_owned()) }
    }

    /// A TOML value; `at` tells where an offset of its text is.
    pub fn in_toml(value: &Spanned<DeValue<'_>>, at: &impl Fn(usize) -> Origin) -> Self {
        let given = match value.get_ref() {
            DeValue::String(text) => Given::Text(text.clone().into_owned()),
            DeValue::Boolean(flag) => Given::Flag(*flag),
            DeValue::Integer(digits) => {
                i128::from_str_radix(digits.as_str(), digits.radix()).map_or(Given::Other, Given::Integer)
            }
            DeValue::Array(items) => Given::List(items.iter().map(|item| Self::in_toml(item, at)).collect()),
            DeValue::Table(table) => Given::Table(Self::entries(table, at)),
            DeValue::Float(_) | DeValue::Datetime(_) => Given::Other,
        };
        Self { origin: at(value.span().start), given }
    }

    /// The entries of a TOML table.
    pub fn entries(table: &DeTable<'_>, at: &impl Fn(usize) -> Origin) -> Vec<Entry> {
        let entry = |(name, value): (&Spanned<DeString<'_>>, &Spanned<DeValue<'_>>)| Entry {
            name: name.get_ref().to_string(),
            origin: at(name.span().start),
            value: Self::in_toml(value, at),
        };
        table.iter().map(entry).collect()
    }

    /// What it holds if it is a TOML table.
    pub fn as_table(&self) -> Option<&[Entry]> {
        match &self.given {
            Given::Table(entries) => Some(entries),
            _ => None,
        }
    }

    /// Whether it is the empty text, by which an optional key is left unset.
    pub fn is_empty(&self) -> bool {
        matches!(&self.given, Given::Plain(text) | Given::Text(text) if text.is_empty())
    }

    /// What `parse` makes of a text.
    pub fn text<T>(&self, parse: impl Fn(&str) -> Result<T, String>) -> Result<T, String> {
        let as_if_text = match &self.given {
            Given::Plain(text) | Given::Text(text) => return parse(text),
            Given::Integer(number) => number.to_string(),
            Given::Flag(flag) => flag.to_string(),
            Given::List(_) | Given::Table(_) | Given::Other => String::new(),
        };
        // What the parser expects says more than the type does: `4` is no duration, but would do for a name in quotes.
        Err(parse(&as_if_text).err().unwrap_or_else(|| "expected text in quotes".to_owned()))
    }

    pub fn integer(&self) -> Option<i128> {
        match &self.given {
            Given::Integer(number) => Some(*number),
            Given::Plain(text) => text.trim().replace('_', "").parse().ok(),
            _ => None,
        }
    }

    pub fn flag(&self) -> Result<bool, String> {
        match &self.given {
            Given::Flag(flag) => Some(*flag),
            Given::Plain(text) => text.trim().parse().ok(),
            _ => None,
        }
        .ok_or_else(|| "expected true or false, without quotes".to_owned())
    }

    pub fn list(self) -> Result<Vec<Self>, String> {
        match self.given {
            Given::List(items) => Ok(items),
            Given::Plain(text) => Ok(Self::list_in_text(&text, &self.origin)),
            _ => Err("expected a list: put the values, each in quotes, into square brackets".to_owned()),
        }
    }

    /// A TOML array, or what stands between commas. (`[::1]:8090` begins like an array and is none.)
    fn list_in_text(text: &str, origin: &Origin) -> Vec<Self> {
        if let Ok(Given::List(items)) = Self::toml_in_text(text, origin) {
            return items;
        }
        let items = text.split(',').map(str::trim).filter(|item| !item.is_empty());
        items.map(|item| Self { origin: origin.clone(), given: Given::Plain(item.to_owned()) }).collect()
    }

    pub fn table(self) -> Result<Vec<Entry>, String> {
        let given = match self.given {
            Given::Plain(text) if text.trim().is_empty() => Given::Table(Vec::new()),
            Given::Plain(text) => Self::toml_in_text(&text, &self.origin).unwrap_or(Given::Other),
            given => given,
        };
        match given {
            Given::Table(entries) => Ok(entries),
            _ => Err("expected a table such as { \"name\" = \"value\" }".to_owned()),
        }
    }

    fn toml_in_text(text: &str, origin: &Origin) -> Result<Given, toml::de::Error> {
        DeValue::parse(text.trim()).map(|value| Self::in_toml(&value, &|_| origin.clone()).given)
    }
}
