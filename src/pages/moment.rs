//! Moments, as people read them.

use askama::Template;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use super::Site;
use crate::clock::{Millis, SECOND};
use crate::texts::Language;

/// A moment, for machines and for people. It is HTML already: `{{ moment|safe }}`.
#[derive(Template)]
#[template(source = r#"<time datetime="{{ machine }}">{{ words }}</time>"#, ext = "html")]
pub(super) struct Moment {
    /// RFC 3339, to the second.
    machine: String,
    /// To the minute or the day, in UTC.
    pub words: String,
}

impl Site {
    /// A moment in a language.
    pub(super) fn moment(&self, language: Language, at: Millis) -> Moment {
        Moment { machine: machine(at), words: self.texts.timestamp(language, at) }
    }

    /// The day of a moment in a language.
    pub(super) fn day(&self, language: Language, at: Millis) -> Moment {
        Moment { machine: machine(at), words: self.texts.date(language, at) }
    }
}

fn machine(at: Millis) -> String {
    let at = OffsetDateTime::from_unix_timestamp(at / SECOND).unwrap_or(OffsetDateTime::UNIX_EPOCH);
    at.format(&Rfc3339).unwrap_or_default()
}
