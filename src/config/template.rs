//! Texts with placeholders for what is only known when a text message is sent.

use std::fmt;

use super::parse::Parsed;

/// What a placeholder stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Slot {
    /// `{number}`: the recipient, E.164 with `+`.
    Number,
    /// `{digits}`: the recipient, without `+`.
    Digits,
    /// `{text}`: the message.
    Text,
    /// `{sender}`: from whom, or nothing.
    Sender,
}

/// A text with placeholders. It may hold secrets and is not shown.
#[derive(Clone, Default)]
pub struct Template(Vec<Part>);

#[derive(Clone)]
enum Part {
    Literal(String),
    Slot(Slot),
}

impl Template {
    /// A brace begins a placeholder if a word of small letters and the other brace follow, so JSON stays as it is.
    ///
    /// # Errors
    /// What was expected.
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

    /// The text with each placeholder replaced.
    pub fn render(&self, value: impl Fn(Slot) -> String) -> String {
        let parts = self.0.iter().map(|part| match part {
            Part::Literal(text) => text.clone(),
            Part::Slot(slot) => value(*slot),
        });
        parts.collect()
    }

    /// What stands before the first placeholder.
    pub(super) fn beginning(&self) -> &str {
        match self.0.first() {
            Some(Part::Literal(text)) => text,
            _ => "",
        }
    }

    pub(super) fn holds(&self, slot: Slot) -> bool {
        self.0.iter().any(|part| matches!(part, Part::Slot(this) if *this == slot))
    }

    pub(super) fn has_slots(&self) -> bool {
        self.0.iter().any(|part| matches!(part, Part::Slot(_)))
    }
}

impl Slot {
    fn parse(name: &str) -> Parsed<Self> {
        match name {
            "number" => Ok(Self::Number),
            "digits" => Ok(Self::Digits),
            "text" => Ok(Self::Text),
            "sender" => Ok(Self::Sender),
            _ => Err("has an unknown placeholder: there are {number}, {digits}, {text} and {sender}".to_owned()),
        }
    }
}

impl fmt::Debug for Template {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("…")
    }
}

/// The name in a placeholder at the very beginning.
fn placeholder(text: &str) -> Option<&str> {
    let (name, _) = text.strip_prefix('{')?.split_once('}')?;
    let is_name = !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_');
    is_name.then_some(name)
}
