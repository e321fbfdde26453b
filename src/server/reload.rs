//! Applying settings while the server runs.

use std::sync::Arc;

use arc_swap::ArcSwap;

use super::tls::Identity;
use crate::config::Config;
use crate::content::Content;
use crate::error::StartError;
use crate::pages::{CurrentSite, RetentionRow, Site};
use crate::service::Services;

/// The parts of a running server that a reload replaces.
pub struct Reloader {
    pub(super) services: Arc<Services>,
    pub(super) site: Arc<CurrentSite>,
    pub(super) identity: Option<Arc<ArcSwap<Identity>>>,
}

impl Reloader {
    /// Reads all files of this configuration as at startup, and applies the changes that
    /// [`Self::applies`] lists to the running server: the certificate, the policies, the texts and
    /// the brand. Returns a description of what has changed. Requests in flight keep the content
    /// they began with, and connections keep their certificate. This blocks.
    ///
    /// # Errors
    /// Returns everything that is wrong. Nothing was applied then.
    pub fn reload(&self, config: &Config) -> Result<Vec<String>, Vec<StartError>> {
        let (before, now) = (self.services.content.load_full(), self.services.clock.now());
        let mut problems = Vec::new();
        let content = keep(&mut problems, Services::read(config)).map(Arc::new);
        let changes = content.as_ref().and_then(|content| keep(&mut problems, content.changes(&before, config)));
        let site = content.clone().map(|content| site(&self.services.config, content).map_err(|problem| vec![problem]));
        let site = site.and_then(|site| keep(&mut problems, site));
        let identity = config.server.tls.as_ref().map(|files| Identity::read_valid(files, now));
        let identity = identity.and_then(|read| keep(&mut problems, read.map_err(|problem| vec![problem])));
        let (true, Some(content), Some(mut changes), Some(site)) = (problems.is_empty(), content, changes, site) else {
            return Err(problems);
        };
        self.services.content.store(content);
        self.services.accounts.ask_again();
        self.site.store(Arc::new(site));
        if let (Some(current), Some(identity)) = (&self.identity, identity) {
            changes.extend(identity.changes(&current.load()));
            current.store(Arc::new(identity));
        }
        Ok(changes)
    }

    /// Returns whether [`Self::reload`] applies a change to a setting, named as `[section] key`. A
    /// server that was started without TLS continues without it.
    #[must_use]
    pub fn applies(&self, setting: &str, config: &Config) -> bool {
        let is_tls = ["[server] tls_certificate", "[server] tls_key"].contains(&setting);
        let is_content = ["[brand] ", "[terms] ", "[texts] "].iter().any(|section| setting.starts_with(section));
        is_content || is_tls && self.identity.is_some() == config.server.tls.is_some()
    }
}

fn keep<T>(problems: &mut Vec<StartError>, result: Result<T, Vec<StartError>>) -> Option<T> {
    result.map_err(|errors| problems.extend(errors)).ok()
}

/// Returns the site that shows this content under these settings.
pub(super) fn site(config: &Config, content: Arc<Content>) -> Result<Site, StartError> {
    let rows = RetentionRow::table(&config.retention, &config.log);
    let reaches_phones = !config.sms.routes().is_empty();
    let site = Site::new(content, &config.server.public_url, rows, reaches_phones);
    site.map_err(|error| StartError(error.to_string()))
}
