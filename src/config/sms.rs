//! `[sms]`: how text messages are sent.

use std::path::PathBuf;
use std::time::Duration;

use super::parse;
use super::reader::Reader;

/// `[sms]`
#[derive(Clone, Debug)]
pub struct Sms {
    /// `directory`: one `.txt` file a text while there is no gateway. Default `data/sms`.
    pub directory: PathBuf,
    /// `timeout`: for a whole exchange with a gateway. Default 4 s.
    pub timeout: Duration,
}

impl Sms {
    pub(super) fn read(reader: &mut Reader) -> Self {
        let mut section = reader.section("sms");
        Self {
            directory: section.text("directory", "data/sms", parse::path),
            timeout: section.text("timeout", "4s", parse::duration("100ms", "5m")),
        }
    }
}
