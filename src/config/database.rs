//! `[database]` and `[keys]`: where data is stored, and the keys that protect it.

use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;

use tokio_postgres::config::TargetSessionAttrs;

use super::parse::{self, Parsed};
use super::reader::Reader;
use crate::crypto::master_key::MasterKey;

/// `[database]`
#[derive(Clone, Debug)]
pub struct Database {
    /// `url`: `sqlite:PATH` or `postgres://…`. Default `sqlite:data/vouch.db`.
    pub url: DatabaseUrl,
    /// `pool_size`: connections for transactions on `PostgreSQL`. Default 10.
    pub pool_size: usize,
    /// `ca_file`: PEM certificates trusted in addition to the system's. Default none.
    pub ca_file: Option<PathBuf>,
}

impl Database {
    pub(super) fn read(reader: &mut Reader) -> Self {
        let mut section = reader.section("database");
        Self {
            url: section.text("url", "sqlite:data/vouch.db", str::parse),
            pool_size: section.number("pool_size", 10, 1..=1_000),
            ca_file: section.optional("ca_file", parse::file),
        }
    }
}

/// The backend, chosen by the URL's scheme.
#[derive(Clone)]
pub enum DatabaseUrl {
    /// `sqlite:PATH`
    Sqlite(PathBuf),
    /// `postgres://…` or `postgresql://…`, possibly with several hosts. Only a server that accepts
    /// writes is used.
    Postgres(Box<tokio_postgres::Config>),
}

impl FromStr for DatabaseUrl {
    type Err = String;

    fn from_str(text: &str) -> Parsed<Self> {
        match text.split_once(':') {
            Some(("sqlite", path)) => sqlite_path(path).map(Self::Sqlite),
            Some(("postgres" | "postgresql", _)) => {
                let config = text.parse().ok().filter(|config: &tokio_postgres::Config| !config.get_hosts().is_empty());
                let config = config.ok_or(
                    "expected \"postgres://USER:PASSWORD@HOST:PORT/DATABASE\", with reserved characters as %XX",
                )?;
                writable(config).map(|config| Self::Postgres(Box::new(config)))
            }
            _ => Err("expected \"sqlite:PATH\", \"postgres://…\" or \"postgresql://…\"".to_owned()),
        }
    }
}

/// Requires a server that accepts writes: the answers of a standby are those of a while ago, so an
/// address that was unbound could still be found.
fn writable(mut config: tokio_postgres::Config) -> Parsed<tokio_postgres::Config> {
    if config.get_target_session_attrs() == TargetSessionAttrs::ReadOnly {
        return Err("expected a server that accepts writes: remove target_session_attrs=read-only".to_owned());
    }
    config.target_session_attrs(TargetSessionAttrs::ReadWrite);
    Ok(config)
}

/// Parses what follows `sqlite:`. In memory, each connection would have its own database, so that
/// is not accepted.
fn sqlite_path(path: &str) -> Parsed<PathBuf> {
    let path = path.strip_prefix("//").unwrap_or(path);
    if path.starts_with(':') || path.contains('?') {
        return Err("expected the path of a file after `sqlite:`, without parameters".to_owned());
    }
    parse::path(path)
}

impl fmt::Debug for DatabaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Sqlite(path) => write!(f, "Sqlite({})", path.display()),
            Self::Postgres(_) => f.write_str("Postgres(…)"),
        }
    }
}

/// `[keys]`
#[derive(Clone, Debug)]
pub struct Keys {
    /// `master_key`: the master key itself, as 32 bytes in base64; intended for the environment.
    /// Default none.
    pub master_key: Option<MasterKey>,
    /// `master_key_file`: created on first start with mode 0600. Default `data/master.key`.
    pub master_key_file: PathBuf,
    /// `signing_key_file`: created on first start with mode 0600. Default `data/signing.key`.
    pub signing_key_file: PathBuf,
}

impl Keys {
    pub(super) fn read(reader: &mut Reader) -> Self {
        let mut section = reader.section("keys");
        let master_key = |text: &str| {
            MasterKey::parse(text).ok_or_else(|| {
                "expected 32 bytes in base64, such as the output of `openssl rand -base64 32`".to_owned()
            })
        };
        let keys = Self {
            master_key: section.optional("master_key", master_key),
            master_key_file: section.text("master_key_file", "data/master.key", parse::path),
            signing_key_file: section.text("signing_key_file", "data/signing.key", parse::path),
        };
        section.exclusive("master_key", "master_key_file");
        keys
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    #[test]
    fn an_sqlite_url_is_a_path_with_or_without_two_slashes() {
        for (url, expected) in [
            ("sqlite:data/vouch.db", "data/vouch.db"),
            ("sqlite://data/vouch.db", "data/vouch.db"),
            ("sqlite:/var/lib/vouch.db", "/var/lib/vouch.db"),
            ("sqlite:///var/lib/vouch.db", "/var/lib/vouch.db"),
        ] {
            assert!(matches!(url.parse(), Ok(DatabaseUrl::Sqlite(path)) if path == Path::new(expected)), "{url}");
        }
        for url in ["sqlite:", "sqlite://", "sqlite::memory:", "sqlite:a.db?mode=ro"] {
            assert!(url.parse::<DatabaseUrl>().is_err(), "{url}");
        }
    }

    #[test]
    fn a_postgres_url_names_a_host() {
        for url in [
            "postgres://u:p@h/d",
            "postgresql://u@h1:5432,h2:5433/d?target_session_attrs=read-write",
            "postgres:///d?host=/var/run/postgresql",
        ] {
            assert!(matches!(url.parse(), Ok(DatabaseUrl::Postgres(_))), "{url}");
        }
        for url in ["postgres:", "postgres:///d", "postgres://u:p@h:port/d", "postgres://h?no_such=1"] {
            assert!(url.parse::<DatabaseUrl>().is_err(), "{url}");
        }
    }

    #[test]
    fn only_a_server_that_accepts_writes_is_used() {
        for url in [
            "postgres://u@h1,h2/d",
            "postgres://u@h/d?target_session_attrs=any",
            "postgres://u@h/d?target_session_attrs=read-write",
        ] {
            let Ok(DatabaseUrl::Postgres(config)) = url.parse() else { panic!("{url}") };
            assert_eq!(config.get_target_session_attrs(), TargetSessionAttrs::ReadWrite, "{url}");
        }
        let problem = "postgres://u@h/d?target_session_attrs=read-only".parse::<DatabaseUrl>().unwrap_err();
        assert!(problem.contains("target_session_attrs"), "{problem}");
    }

    #[test]
    fn the_error_for_an_unknown_scheme_lists_the_known_ones() {
        for url in ["mysql://h/d", "data/vouch.db", ""] {
            let problem = url.parse::<DatabaseUrl>().unwrap_err();
            assert!(["sqlite:", "postgres:", "postgresql:"].iter().all(|scheme| problem.contains(scheme)), "{problem}");
        }
    }
}
