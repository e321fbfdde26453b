//! Moments, as people read them.

use askama::Template;
use time::OffsetDateTime;
use time::format_description::StaticFormatDescription;
use time::format_description::well_known::Rfc3339;
use time::macros::format_description;

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
        self.say_moment(language, "page-moment", at)
    }

    /// The day of a moment in a language.
    pub(super) fn day(&self, language: Language, at: Millis) -> Moment {
        self.say_moment(language, "page-moment-day", at)
    }

    fn say_moment(&self, language: Language, id: &str, at: Millis) -> Moment {
        const CLOCK: StaticFormatDescription = format_description!("[hour]:[minute]");
        let at = OffsetDateTime::from_unix_timestamp(at / SECOND).unwrap_or(OffsetDateTime::UNIX_EPOCH);
        let month = self.texts.get(language, "page-month", &[("month", u8::from(at.month()).into())]);
        let values = [
            ("day", at.day().into()),
            ("month", month.into()),
            ("year", at.year().into()),
            ("time", at.format(CLOCK).unwrap_or_default().into()),
        ];
        Moment { machine: at.format(&Rfc3339).unwrap_or_default(), words: self.texts.get(language, id, &values) }
    }
}
