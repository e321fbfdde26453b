//! The configuration: built-in defaults, overridden by a TOML file, overridden by the environment.
//! Each section is a struct with a function that reads it, which is the only place where its keys
//! and their defaults are declared.
//!
//! `[budgets.user] capacity` is `VOUCH__BUDGETS__USER__CAPACITY` in the environment. There, strings
//! have no quotes, and lists are TOML arrays or separated by commas. An empty value leaves a key
//! without a default unset.

mod brand;
mod database;
mod document;
mod error;
mod federation;
mod gateways;
mod homeserver;
mod homeservers;
mod invites;
mod key;
mod limits;
mod mail;
mod metrics;
mod notices;
mod parse;
mod reader;
mod secret;
mod server;
mod settings;
mod sms;
mod template;
mod terms;
#[cfg(test)]
mod tests;
mod texts;
mod unknown;
mod value;
mod warnings;
mod webhook;

use std::path::{Path, PathBuf};
use std::{env, iter};

pub use crate::identity::session::HostPattern;
pub use database::{Database, DatabaseUrl, Keys};
pub use error::ConfigError;
pub use federation::Federation;
pub use gateways::{Gateway, GatewayKind, Kannel, OpenMarket, Twilio};
pub use homeserver::{Host, RoomPattern, ServerPattern, Target, without_brackets};
pub use homeservers::Homeservers;
pub use invites::Invites;
pub use key::Key;
pub use limits::{Bucket, Budgets, Lookup, Lowered, Retention};
pub use mail::{Mail, MailTransport, Smtp, SmtpCredentials, SmtpSecurity, Validation};
pub use metrics::Metrics;
pub use notices::Notices;
use reader::Reader;
pub use secret::Secret;
pub use server::{Log, LogFormat, Server, TlsFiles};
pub use settings::Settings;
pub use sms::{Area, Route, Sender, Sms};
pub use template::{Slot, Template};
pub use terms::Terms;
pub use texts::Texts;
pub use webhook::{ContentType, Escape, Webhook};

use crate::brand::Brand;

/// All settings.
#[derive(Clone, Debug)]
pub struct Config {
    /// `[server]`
    pub server: Server,
    /// `[database]`
    pub database: Database,
    /// `[keys]`
    pub keys: Keys,
    /// `[terms]`
    pub terms: Terms,
    /// `[brand]`
    pub brand: Brand,
    /// `[texts]`
    pub texts: Texts,
    /// `[mail]`
    pub mail: Mail,
    /// `[sms]`
    pub sms: Sms,
    /// `[validation]`
    pub validation: Validation,
    /// `[notices]`
    pub notices: Notices,
    /// `[invites]`
    pub invites: Invites,
    /// `[federation]`
    pub federation: Federation,
    /// `[homeservers]`
    pub homeservers: Homeservers,
    /// `[lookup]`
    pub lookup: Lookup,
    /// `[budgets]`
    pub budgets: Budgets,
    /// `[retention]`
    pub retention: Retention,
    /// `[log]`
    pub log: Log,
    /// `[metrics]`
    pub metrics: Metrics,
}

impl Config {
    /// Reads the file, if one is named, and the variables whose names start with `VOUCH__`. Paths
    /// are relative to the working directory.
    ///
    /// # Errors
    /// Returns all errors: those in the file first, then those in the environment.
    pub fn load(
        file: Option<&Path>,
        environment: impl Iterator<Item = (String, String)>,
    ) -> Result<Self, Vec<ConfigError>> {
        Self::load_with_settings(file, environment).map(|(config, _)| config)
    }

    /// Works like [`Self::load`], and also returns the value of each key.
    ///
    /// # Errors
    /// The same as [`Self::load`].
    pub fn load_with_settings(
        file: Option<&Path>,
        environment: impl Iterator<Item = (String, String)>,
    ) -> Result<(Self, Settings), Vec<ConfigError>> {
        let mut reader = Reader::new(file, environment);
        let config = Self::read(&mut reader);
        let (_, settings, errors) = reader.finish();
        if errors.is_empty() { Ok((config, settings)) } else { Err(errors) }
    }

    /// Returns the log format, as far as it can be read in spite of errors elsewhere.
    pub fn log_format(file: Option<&Path>, environment: impl Iterator<Item = (String, String)>) -> LogFormat {
        Log::read(&mut Reader::new(file, environment)).format
    }

    /// Returns the files that hold secrets: those named by settings, and the configuration file if
    /// it contains one.
    pub fn secret_files(file: Option<&Path>, environment: impl Iterator<Item = (String, String)>) -> Vec<PathBuf> {
        let reader = Reader::new(file, environment);
        let named = reader.secret_files();
        named.into_iter().chain(file.filter(|_| reader.has_secrets()).map(Path::to_owned)).collect()
    }

    /// Returns every key that can be set, with its default.
    #[must_use]
    pub fn keys() -> Vec<Key> {
        let mut reader = Reader::new(None, iter::empty());
        Self::read(&mut reader);
        reader.finish().0
    }

    fn read(reader: &mut Reader) -> Self {
        Self {
            server: Server::read(reader),
            database: Database::read(reader),
            keys: Keys::read(reader),
            terms: Terms::read(reader),
            brand: brand::read(reader),
            texts: Texts::read(reader),
            mail: Mail::read(reader),
            sms: Sms::read(reader),
            validation: Validation::read(reader),
            notices: Notices::read(reader),
            invites: Invites::read(reader),
            federation: Federation::read(reader),
            homeservers: Homeservers::read(reader),
            lookup: Lookup::read(reader),
            budgets: Budgets::read(reader),
            retention: Retention::read(reader),
            log: Log::read(reader),
            metrics: Metrics::read(reader),
        }
    }
}

/// Returns the environment variables of this process. Bytes that are not UTF-8 become U+FFFD.
pub fn environment() -> impl Iterator<Item = (String, String)> {
    env::vars_os().map(|(name, value)| (name.to_string_lossy().into_owned(), value.to_string_lossy().into_owned()))
}

/// The defaults, with which a fresh clone runs.
impl Default for Config {
    fn default() -> Self {
        Self::read(&mut Reader::new(None, iter::empty()))
    }
}
