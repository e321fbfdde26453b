//! Logging, for this crate only.
//!
//! Our own lines contain no addresses, tokens or user names. Other crates make no such promise: at
//! `debug` and `trace`, a resolver logs the names it looks up, a mail client whole conversations, a
//! database driver values, and an HTTP library headers and bodies. So their lines are dropped
//! before the filter is consulted, and `RUST_LOG` cannot bring them back.

use env_filter::Filter;
use env_logger::{Builder, Logger};
use log::{LevelFilter, Log, Metadata, Record};

/// The target of our own lines: this crate, and the modules below it.
const OURS: &str = env!("CARGO_CRATE_NAME");

/// A logger that drops the lines of other crates.
struct Ours {
    filter: Filter,
    logger: Logger,
}

/// Starts logging to stderr, in colour on a terminal. `RUST_LOG` overrides `filter`. Only the first
/// call in a process has an effect.
pub fn start(filter: Filter) {
    let variable = std::env::var("RUST_LOG").ok().filter(|variable| !variable.trim().is_empty());
    let ours = Ours::new(variable.map_or(filter, |text| env_filter::Builder::new().parse(&text).build()));
    let most = ours.filter.filter();
    if log::set_boxed_logger(Box::new(ours)).is_ok() {
        log::set_max_level(most);
    }
}

impl Ours {
    fn new(filter: Filter) -> Self {
        Self { filter, logger: Builder::new().filter_level(LevelFilter::Trace).build() }
    }
}

fn is_ours(target: &str) -> bool {
    target.strip_prefix(OURS).is_some_and(|rest| rest.is_empty() || rest.starts_with("::"))
}

impl Log for Ours {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        is_ours(metadata.target()) && self.filter.enabled(metadata)
    }

    fn log(&self, record: &Record<'_>) {
        if is_ours(record.target()) && self.filter.matches(record) {
            self.logger.log(record);
        }
    }

    fn flush(&self) {
        self.logger.flush();
    }
}

#[cfg(test)]
mod tests {
    use log::Level;

    use super::*;

    #[test]
    fn other_crates_are_silent_even_if_the_filter_names_them() {
        let ours = Ours::new(env_filter::Builder::new().parse("trace,hyper=trace,vouch_other=trace").build());
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
        let ours = Ours::new(env_filter::Builder::new().parse("warn,vouch::federation=debug").build());
        let enabled = |level, target| ours.enabled(&Metadata::builder().level(level).target(target).build());
        assert!(enabled(Level::Warn, "vouch::service") && !enabled(Level::Info, "vouch::service"));
        assert!(enabled(Level::Debug, "vouch::federation::dns"));
    }
}
