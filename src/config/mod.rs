//! The configuration: built-in defaults, then a TOML file, then the environment. One struct a section, each beside the
//! function that reads it, which is the one place where its keys and their defaults are declared.
//!
//! `[budgets.user] capacity` is `VOUCH__BUDGETS__USER__CAPACITY` in the environment, where texts stand without quotes,
//! and lists as TOML arrays or between commas. An empty value leaves a key without a default unset.

mod check;
mod database;
mod document;
mod federation;
mod found;
mod limits;
mod mail;
mod mistake;
mod parse;
mod reader;
mod server;
mod unknown;
mod warnings;
mod words;

use std::iter;
use std::path::Path;

pub use check::{check, environment};
pub use database::{Database, DatabaseUrl, Keys};
pub use federation::Federation;
pub use limits::{Bucket, Budgets, Lookup, Retention};
pub use mail::{Mail, MailTransport, Smtp, SmtpCredentials, SmtpSecurity, Validation};
pub use mistake::Mistake;
pub use reader::Key;
use reader::Reader;
pub use server::{Log, Server, TlsFiles};
pub use words::{Brand, Terms, Texts};

/// Everything that can be set.
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
    /// `[validation]`
    pub validation: Validation,
    /// `[federation]`
    pub federation: Federation,
    /// `[lookup]`
    pub lookup: Lookup,
    /// `[budgets]`
    pub budgets: Budgets,
    /// `[retention]`
    pub retention: Retention,
    /// `[log]`
    pub log: Log,
}

impl Config {
    /// Reads the file, if one is named, and of the environment what begins with `VOUCH__`. Paths are taken relative
    /// to the working directory.
    ///
    /// # Errors
    /// Every mistake there is, in the order of the file, then of the environment.
    pub fn load(
        file: Option<&Path>,
        environment: impl Iterator<Item = (String, String)>,
    ) -> Result<Self, Vec<Mistake>> {
        let mut reader = Reader::new(file, environment);
        let config = Self::read(&mut reader);
        let (_, mistakes) = reader.finish();
        if mistakes.is_empty() { Ok(config) } else { Err(mistakes) }
    }

    /// Every key that can be set, with its default.
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
            brand: Brand::read(reader),
            texts: Texts::read(reader),
            mail: Mail::read(reader),
            validation: Validation::read(reader),
            federation: Federation::read(reader),
            lookup: Lookup::read(reader),
            budgets: Budgets::read(reader),
            retention: Retention::read(reader),
            log: Log::read(reader),
        }
    }
}

/// What a fresh clone runs with.
impl Default for Config {
    fn default() -> Self {
        Self::read(&mut Reader::new(None, iter::empty()))
    }
}
