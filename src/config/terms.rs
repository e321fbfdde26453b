//! `[terms]`: the documents that people must accept.

use std::path::PathBuf;

use super::parse;
use super::reader::Reader;

/// `[terms]`
#[derive(Clone, Debug)]
pub struct Terms {
    /// `directory`: holds `<id>/<version>/<lang>.md`. The default is `policies`, or none if that
    /// does not exist. A directory that is set must exist, and the empty string means that there
    /// are no terms.
    pub directory: Option<PathBuf>,
}

impl Terms {
    pub(super) fn read(reader: &mut Reader) -> Self {
        let mut section = reader.section("terms");
        let directory = match section.text("directory", "policies", |text| Ok(text.to_owned())).as_str() {
            "" => None,
            // `wrong` ignores the default.
            path => parse::directory(path).map_err(|problem| section.wrong("directory", &problem)).ok(),
        };
        Self { directory }
    }
}
