//! Messages to people: what they say, and how they are sent.

mod directory;
pub mod emails;
mod gsm;
pub mod mail;
pub mod sms;
pub mod sms_texts;
#[cfg(test)]
mod testing;

use std::fmt;
use std::io;
use std::path::PathBuf;

use crate::brand::Brand;
use crate::clock::Millis;
use crate::texts::{Language, Texts, direction, visible};

/// The longest server name, in characters.
const MAX_SERVER: usize = 255;

/// What every message is written with.
#[derive(Clone, Copy)]
pub struct Words<'a> {
    /// The operator of this server.
    pub brand: &'a Brand,
    /// The texts of all languages.
    pub texts: &'a Texts,
    /// The reader's language.
    pub language: Language,
    /// The name of this identity server.
    pub server: &'a str,
}

impl Words<'_> {
    fn text(&self, id: &str) -> String {
        self.texts.get(self.language, id, &[])
    }

    fn with(&self, id: &str, name: &str, value: &str) -> String {
        self.texts.get(self.language, id, &[(name, value.into())])
    }

    fn with_server(&self, id: &str) -> String {
        self.with(id, "server", self.server)
    }

    fn with_span(&self, id: &str, span: Millis) -> String {
        self.with(id, "span", &self.texts.span(self.language, span))
    }

    fn server(&self) -> String {
        visible(self.server, MAX_SERVER)
    }

    fn tag(&self) -> &str {
        self.texts.tag(self.language)
    }

    fn direction(&self) -> &'static str {
        direction(self.tag())
    }
}

/// Why messages cannot be sent with these settings.
#[derive(Debug)]
pub enum StartError {
    /// A file or directory named by a setting cannot be used.
    File {
        /// The setting, such as `mail.ca_file`.
        setting: &'static str,
        /// The path it names.
        path: PathBuf,
        /// The cause.
        error: io::Error,
    },
    /// The value of a setting makes no sense.
    Setting {
        /// The setting, such as `mail.security`.
        setting: &'static str,
        /// What is wrong and how to fix it.
        problem: &'static str,
    },
}

impl StartError {
    fn file(setting: &'static str, path: impl Into<PathBuf>, error: impl Into<io::Error>) -> Self {
        Self::File { setting, path: path.into(), error: error.into() }
    }
}

impl fmt::Display for StartError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File { setting, path, error } => write!(f, "{setting}: {}: {error}", path.display()),
            Self::Setting { setting, problem } => write!(f, "{setting}: {problem}"),
        }
    }
}

impl std::error::Error for StartError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::File { error, .. } => Some(error),
            Self::Setting { .. } => None,
        }
    }
}
