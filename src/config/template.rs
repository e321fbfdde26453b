//! Templates whose placeholders are filled in when a text message is sent.

use std::fmt;

use super::parse::Parsed;

/// A placeholder.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Slot {
    /// `{number}`: the recipient in E.164 format, with `+`.
    Number,
    /// `{digits}`: the recipient, without `+`.
    Digits,
    /// `{text}`: the message.
    Text,
    /// `{sender}`: the sender, or the empty string.
    Sender,
}

/// Text with placeholders. It may contain secrets, so `Debug` does not show it.
#[derive(Clone, Default)]
pub struct Template(Vec<Part>);

#[derive(Clone)]
enum Part {
    Literal(String),
    Slot(Slot),
}

impl Template {
    /// Parses a template. A brace starts a placeholder only if a lowercase word and the closing
    /// brace follow, so JSON needs no escaping.
    ///
    /// # Errors
    /// If a placeholder is unknown.
    pub fn parse(text: &str) -> Parsed<Self> {
        let mut parts = Vec::new();
        let (mut literal, mut rest) = (String::new(), text);
        while let Some(brace) = rest.find('{') {
            let (before, after) = rest.split_at(brace);
            literal.push_str(before);
            rest = if let Some(name) = placeholder(after) {
                parts.extend([Part::Literal(std::mem::take(&mut literal)), Part::Slot(Slot::parse(name)?)]);
                &after[name.len() + 2..]
            } else {
                literal.push('{');
                &after[1..]
            };
        }
        literal.push_str(rest);
        parts.push(Part::Literal(literal));
        Ok(Self(parts))
    }

    /// Returns the text with each placeholder replaced.
    pub fn render(&self, value: impl Fn(Slot) -> String) -> String {
        let parts = self.0.iter().map(|part| match part {
            Part::Literal(text) => text.clone(),
            Part::Slot(slot) => value(*slot),
        });
        parts.collect()
    }

    /// Returns the text before the first placeholder.
    pub(super) fn beginning(&self) -> &str {
        match self.0.first() {
            Some(Part::Literal(text)) => text,
            _ => "",
        }
    }

    pub(super) fn contains(&self, slot: Slot) -> bool {
        self.0.iter().any(|part| matches!(part, Part::Slot(this) if *this == slot))
    }

    pub(super) fn has_slots(&self) -> bool {
        self.0.len() > 1
    }
}

impl Slot {
    fn parse(name: &str) -> Parsed<Self> {
        match name {
            "number" => Ok(Self::Number),
            "digits" => Ok(Self::Digits),
            "text" => Ok(Self::Text),
            "sender" => Ok(Self::Sender),
            _ => {
                Err("has an unknown placeholder: the placeholders are {number}, {digits}, {text} and {sender}"
                    .to_owned())
            }
        }
    }
}

impl fmt::Debug for Template {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("…")
    }
}

/// Returns the name of the placeholder at the start of the text.
fn placeholder(text: &str) -> Option<&str> {
    let (name, _) = text.strip_prefix('{')?.split_once('}')?;
    let is_name = !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_');
    is_name.then_some(name)
}
