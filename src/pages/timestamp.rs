//! Timestamps as shown to people.

use askama::Template;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use super::View;
use crate::clock::{Millis, SECOND};

/// A timestamp for machines and for people. It renders as HTML: `{{ timestamp|safe }}`.
#[derive(Template)]
#[template(source = r#"<time datetime="{{ machine }}">{{ words }}</time>"#, ext = "html")]
pub(super) struct Timestamp {
    /// RFC 3339, to the second.
    machine: String,
    /// To the minute or the day, in UTC.
    pub words: String,
}

impl View {
    /// Returns a timestamp to the minute.
    pub(super) fn timestamp(&self, at: Millis) -> Timestamp {
        Timestamp { machine: machine(at), words: self.texts.timestamp(self.language(), at) }
    }

    /// Returns the day of a timestamp.
    pub(super) fn day(&self, at: Millis) -> Timestamp {
        Timestamp { machine: machine(at), words: self.texts.date(self.language(), at) }
    }
}

fn machine(at: Millis) -> String {
    let at = OffsetDateTime::from_unix_timestamp(at / SECOND).unwrap_or(OffsetDateTime::UNIX_EPOCH);
    at.format(&Rfc3339).unwrap_or_default()
}
