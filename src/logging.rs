//! Logging, for this crate only.
//!
//! Our own lines contain no addresses, tokens or user names. Other crates make no such promise: at
//! `debug` and `trace`, a resolver logs the names it looks up, a mail client whole conversations, a
//! database driver values, and an HTTP library headers and bodies. So their lines are dropped
//! before the filter is consulted, and `RUST_LOG` cannot bring them back.

use std::backtrace::{Backtrace, BacktraceStatus};
use std::fmt::Display;
use std::io::{self, Write};
use std::panic;
use std::sync::{Arc, OnceLock};

use arc_swap::ArcSwap;
use env_filter::Filter;
use env_logger::fmt::Formatter;
use env_logger::{Builder, Logger};
use log::{Level, LevelFilter, Log, Metadata, Record};
use serde::Serialize;

use crate::config::LogFormat;

/// The target of our own lines: this crate, and the modules below it.
const OURS: &str = env!("CARGO_CRATE_NAME");

static LOGGER: OnceLock<Ours> = OnceLock::new();

/// A logger that drops the lines of other crates.
struct Ours {
    filter: ArcSwap<Filter>,
    format: LogFormat,
    logger: Logger,
}

/// A line of the log as a JSON object.
#[derive(Serialize)]
struct Line<'a> {
    /// RFC 3339, in UTC, with milliseconds.
    time: String,
    /// `ERROR`, `WARN`, `INFO`, `DEBUG` or `TRACE`, as in plain lines.
    level: &'static str,
    target: &'a str,
    message: String,
}

/// Starts logging to stderr, in colour on a terminal unless it is JSON. `RUST_LOG` overrides
/// `filter`. Only the first call in a process has an effect.
pub fn start(filter: Filter, format: LogFormat) {
    let filter = variable().map_or(filter, |text| env_filter::Builder::new().parse(&text).build());
    let ours = LOGGER.get_or_init(|| Ours::new(filter, format));
    if log::set_logger(ours).is_ok() {
        log::set_max_level(ours.filter.load().filter());
        if is_json() {
            panic::set_hook(Box::new(|panicked| {
                let backtrace = Backtrace::capture();
                let is_wanted = backtrace.status() == BacktraceStatus::Captured;
                let backtrace = if is_wanted { format!("\n{backtrace}") } else { String::new() };
                ours.write(Level::Error, format_args!("{panicked}{backtrace}"));
            }));
        }
    }
}

/// Applies another filter, unless `RUST_LOG` overrides it. Returns whether the filter is different.
pub fn set_filter(filter: Filter) -> bool {
    let Some(ours) = LOGGER.get().filter(|_| variable().is_none()) else { return false };
    let is_different = format!("{filter:?}") != format!("{:?}", ours.filter.load());
    let level = filter.filter();
    ours.filter.store(Arc::new(filter));
    log::set_max_level(level);
    is_different
}

/// Returns the variable that overrides the filter.
pub(crate) fn variable() -> Option<String> {
    std::env::var("RUST_LOG").ok().filter(|variable| !variable.trim().is_empty())
}

/// Returns whether lines are written as JSON.
pub fn is_json() -> bool {
    LOGGER.get().is_some_and(|ours| ours.format == LogFormat::Json)
}

/// Writes a message that the operator must see, whatever the filter, to stderr: as it is or, if
/// lines are JSON, as one object per line.
pub fn tell(level: Level, text: impl Display) {
    match LOGGER.get().filter(|_| is_json()) {
        Some(ours) => text.to_string().lines().for_each(|line| ours.write(level, format_args!("{line}"))),
        // If stderr is closed, there is nobody to tell.
        None => _ = writeln!(io::stderr(), "{text}"),
    }
}

impl Ours {
    fn new(filter: Filter, format: LogFormat) -> Self {
        let mut builder = Builder::new();
        builder.filter_level(LevelFilter::Trace);
        if format == LogFormat::Json {
            builder.format(write_json);
        }
        Self { filter: ArcSwap::from_pointee(filter), format, logger: builder.build() }
    }

    fn write(&self, level: Level, message: std::fmt::Arguments<'_>) {
        self.logger.log(&Record::builder().level(level).target(OURS).args(message).build());
    }
}

fn write_json(formatter: &mut Formatter, record: &Record<'_>) -> io::Result<()> {
    let (time, message) = (formatter.timestamp_millis().to_string(), record.args().to_string());
    writeln!(formatter, "{}", Line { time, level: record.level().as_str(), target: record.target(), message }.json()?)
}

impl Line<'_> {
    /// Returns the object on one line. JSON itself allows some characters that programs treat as
    /// the end of a line or that a terminal obeys, so they are escaped, too.
    fn json(&self) -> serde_json::Result<String> {
        let text = serde_json::to_string(self)?;
        let is_awkward = |letter: char| letter.is_control() || matches!(letter, '\u{2028}' | '\u{2029}');
        if !text.contains(is_awkward) {
            return Ok(text);
        }
        let escaped = |letter| if is_awkward(letter) { format!("\\u{:04x}", u32::from(letter)) } else { letter.into() };
        Ok(text.chars().map(escaped).collect())
    }
}

fn is_ours(target: &str) -> bool {
    target.strip_prefix(OURS).is_some_and(|rest| rest.is_empty() || rest.starts_with("::"))
}

impl Log for Ours {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        is_ours(metadata.target()) && self.filter.load().enabled(metadata)
    }

    fn log(&self, record: &Record<'_>) {
        if is_ours(record.target()) && self.filter.load().matches(record) {
            self.logger.log(record);
        }
    }

    fn flush(&self) {
        self.logger.flush();
    }
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    use proptest::prelude::*;
    use serde_json::{Value, json};

    use super::*;

    fn parsed(filter: &str) -> Filter {
        env_filter::Builder::new().parse(filter).build()
    }

    fn filtered(filter: &str) -> Ours {
        Ours::new(parsed(filter), LogFormat::Plain)
    }

    fn line(message: &str) -> String {
        Line { time: "now".to_owned(), level: "INFO", target: OURS, message: message.to_owned() }.json().unwrap()
    }

    proptest! {
        #[test]
        fn any_message_is_one_line_of_json(message: String, awkward in "[\\PC\\x00-\\x9f\\u{2028}\\u{2029}\"\\\\]*") {
            for message in [message, awkward] {
                let line = line(&message);
                prop_assert!(!line.contains(|letter: char| letter.is_control()), "{line:?}");
                let read: Value = serde_json::from_str(&line).unwrap();
                prop_assert_eq!(read, json!({ "time": "now", "level": "INFO", "target": "vouch", "message": message }));
            }
        }
    }

    /// Runs the test itself in a separate process, which panics.
    #[test]
    fn a_panic_is_one_object() {
        if std::env::var_os("PANIC").is_some() {
            start(parsed("off"), LogFormat::Json);
            panic!("\"so\"\nit is");
        }
        let mut child = Command::new(std::env::current_exe().unwrap());
        child.args(["--exact", "logging::tests::a_panic_is_one_object"]).env("PANIC", "1");
        let output = child.env_remove("RUST_BACKTRACE").env_remove("RUST_LOG").output().unwrap();
        let lines: Vec<Value> =
            output.stderr.split(|byte| *byte == b'\n').filter_map(|line| serde_json::from_slice(line).ok()).collect();
        let [line] = &lines[..] else { panic!("{output:?}") };
        let message = line["message"].as_str().unwrap();
        assert!(line["level"] == "ERROR" && message.ends_with(":\n\"so\"\nit is"), "{line}");
    }

    #[test]
    fn characters_that_end_a_line_elsewhere_are_escaped() {
        let escaped = r"a\nb\r\u0085\u2028\u2029\u001b[31m\u007f\u0000";
        assert!(line("a\nb\r\u{85}\u{2028}\u{2029}\u{1b}[31m\u{7f}\0").contains(escaped));
        assert!(line("Grüße 🦀").contains("Grüße 🦀"));
    }

    #[test]
    fn other_crates_are_silent_even_if_the_filter_names_them() {
        let ours = filtered("trace,hyper=trace,vouch_other=trace");
        let enabled = |target| ours.enabled(&Metadata::builder().level(Level::Error).target(target).build());
        for target in ["vouch", "vouch::service::start", module_path!()] {
            assert!(enabled(target), "{target}");
        }
        for target in
            ["hyper", "hickory_resolver::name_server", "vouch_other", "tokio_postgres::prepare", "", "::vouch"]
        {
            assert!(!enabled(target), "{target}");
        }
    }

    #[test]
    fn the_filter_applies_to_our_own_lines() {
        let ours = filtered("warn,vouch::federation=debug");
        let enabled = |level, target| ours.enabled(&Metadata::builder().level(level).target(target).build());
        assert!(enabled(Level::Warn, "vouch::service") && !enabled(Level::Info, "vouch::service"));
        assert!(enabled(Level::Debug, "vouch::federation::dns"));
    }
}
