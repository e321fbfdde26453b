//! Reading the configuration again while the server runs.

use std::path::PathBuf;
use std::sync::Arc;

use actix_web::rt::task::spawn_blocking;

use super::manager::Manager;
use crate::clock::{Clock, InWords};
use crate::config::{Config, Settings, environment};
use crate::logging;
use crate::server::Reloader;

/// The setting that is applied here, since the log belongs to the process.
const FILTER: &str = "[log] filter";

/// Reloads the configuration.
pub(super) struct Reloads {
    /// The configuration file.
    pub file: Option<PathBuf>,
    /// The settings with which the server was started.
    pub started: Settings,
    pub reloader: Reloader,
    pub manager: Manager,
}

/// The result of a reload.
struct Reloaded {
    /// The changes.
    changes: Vec<String>,
    /// The settings that need a restart.
    pending: Vec<String>,
}

impl Reloads {
    /// Applies the changes, all of them or none, and tells the operator.
    pub async fn reload(self: &Arc<Self>) {
        self.manager.reloading();
        let this = Arc::clone(self);
        let outcome = spawn_blocking(move || this.attempt()).await.unwrap_or_else(|error| Err(vec![error.to_string()]));
        self.manager.ready(&outcome.map_or_else(|problems| failed(&problems), |reloaded| reloaded.report()));
    }

    fn attempt(&self) -> Result<Reloaded, Vec<String>> {
        let loaded = Config::load_with_settings(self.file.as_deref(), environment());
        let (config, settings) = loaded.map_err(|errors| errors.iter().map(ToString::to_string).collect::<Vec<_>>())?;
        let applied = self.reloader.reload(&config);
        let mut changes = applied.map_err(|errors| errors.iter().map(ToString::to_string).collect::<Vec<_>>())?;
        if logging::set_filter(config.log.filter.clone()) {
            changes.push(format!("{FILTER} has changed"));
        }
        let mut pending = settings.changes(&self.started);
        pending.retain(|setting| !self.reloader.applies(setting, &config));
        if let Some(at) = pending.iter().position(|setting| setting == FILTER) {
            pending.remove(at);
            if logging::variable().is_some() {
                log::warn!("{FILTER} has changed, but RUST_LOG takes precedence");
            }
        }
        Ok(Reloaded { changes, pending })
    }
}

impl Reloaded {
    /// Logs the changes, and returns a summary.
    fn report(&self) -> String {
        for change in &self.changes {
            log::info!("reloaded: {change}");
        }
        if self.changes.is_empty() {
            log::info!("reloaded: there are no changes that can be applied to a running server");
        }
        for setting in &self.pending {
            log::warn!("{setting} has changed: restart the server to apply it");
        }
        let pending = self.pending.join(", ");
        let pending = if pending.is_empty() { pending } else { format!("; needs a restart: {pending}") };
        format!("serving, reloaded at {}{pending}", now())
    }
}

/// Logs why nothing was applied, and returns a summary.
fn failed(problems: &[String]) -> String {
    for problem in problems {
        log::error!("the reload failed, nothing was changed: {problem}");
    }
    format!("serving as before, the reload at {} failed: {}", now(), problems.join("; "))
}

fn now() -> InWords {
    InWords(Clock::system().now())
}
