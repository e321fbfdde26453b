//! Checking the configuration, and printing the retention table.

use super::{Failure, complain, say};
use crate::config::Config;
use crate::error::StartError;
use crate::pages::RetentionRow;
use crate::server::Application;
use crate::texts::Texts;

/// Reads all files that the configuration names, as `serve` does, and writes none.
pub(super) fn check(config: &Config) -> Result<(), Failure> {
    let problems = Application::check(config);
    if !problems.is_empty() {
        return Err(Failure::Usage(StartError::all(&problems).to_string()));
    }
    say("the configuration is valid");
    for warning in config.warnings() {
        complain(format_args!("warning: {warning}"));
    }
    Ok(())
}

/// Prints the retention table in effect, worded like the retention page.
pub(super) fn retention(config: &Config) -> Result<(), Failure> {
    let texts =
        Texts::load(&config.texts.default_language, config.texts.directory.as_deref()).map_err(Failure::Usage)?;
    let language = texts.default_language();
    let rows = RetentionRow::table(&config.retention, &config.log);
    let rows: Vec<_> = rows.into_iter().map(|row| row.in_words(&texts, language)).collect();
    let width = rows.iter().map(|(data, _)| data.chars().count()).max().unwrap_or_default();
    for (data, kept) in rows {
        say(format_args!("{data:width$}  {kept}"));
    }
    Ok(())
}
