//! Points in time as shown to people: the same in pages and mails, always in UTC.

use fluent_bundle::FluentValue;
use time::OffsetDateTime;
use time::format_description::StaticFormatDescription;
use time::macros::format_description;

use super::{Language, Texts};
use crate::clock::{Millis, SECOND};

impl Texts {
    /// Returns a point in time to the minute, such as “23 November 2026, 12:00 UTC”.
    pub fn timestamp(&self, language: Language, at: Millis) -> String {
        self.formatted(language, "page-moment", at)
    }

    /// Returns the day of a point in time, such as “23 November 2026”.
    pub fn date(&self, language: Language, at: Millis) -> String {
        self.formatted(language, "page-moment-day", at)
    }

    fn formatted(&self, language: Language, id: &str, at: Millis) -> String {
        const CLOCK: StaticFormatDescription = format_description!("[hour]:[minute]");
        let at = OffsetDateTime::from_unix_timestamp(at / SECOND).unwrap_or(OffsetDateTime::UNIX_EPOCH);
        let month = self.get(language, "page-month", &[("month", u8::from(at.month()).into())]);
        // A year is not a quantity: as a number, it could be grouped into thousands.
        let values: [(&str, FluentValue<'_>); 4] = [
            ("day", at.day().into()),
            ("month", month.into()),
            ("year", at.year().to_string().into()),
            ("time", at.format(CLOCK).unwrap_or_default().into()),
        ];
        self.get(language, id, &values)
    }
}
