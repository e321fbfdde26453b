//! `[server]` and `[log]`: where the server listens, its names, and what it logs.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use env_filter::Filter;
use ipnet::IpNet;
use ruma_common::OwnedServerName;
use url::Url;

use super::parse::{self, Parsed};
use super::reader::{Reader, Section};

/// `[server]`
#[derive(Clone, Debug)]
pub struct Server {
    /// `listen`: addresses to listen on, at least one. Port 0 stands for any free port. Default
    /// `["127.0.0.1:8090"]`.
    pub listen: Vec<SocketAddr>,
    /// `public_url`: where people and homeservers reach the server. A path has no trailing slash,
    /// except for the single slash of an empty path. Default `http://127.0.0.1:8090`.
    pub public_url: Url,
    /// `name`: the name the server signs as. Default: host and port of `public_url`.
    pub name: OwnedServerName,
    /// `aliases`: other names that homeservers may use for the server when they sign a request.
    /// Default none.
    pub aliases: Vec<OwnedServerName>,
    /// `workers`: threads that answer requests. The default is 0, which means one per core.
    pub workers: usize,
    /// `tls_certificate` and `tls_key`: PEM files for TLS without a reverse proxy; both or neither.
    /// Default none.
    pub tls: Option<TlsFiles>,
    /// `trusted_proxies`: peers whose `X-Forwarded-For` is believed. Default none.
    pub trusted_proxies: Vec<IpNet>,
    /// `shutdown_timeout`: how long requests in flight may take after SIGTERM. Default 30 s.
    pub shutdown_timeout: Duration,
    /// `max_clock_skew`: how far this machine's clock may differ from the database's, and from the
    /// time that has passed. Default 30 s.
    pub max_clock_skew: Duration,
}

/// A certificate chain and its key.
#[derive(Clone, Debug)]
pub struct TlsFiles {
    /// `tls_certificate`
    pub certificate: PathBuf,
    /// `tls_key`
    pub key: PathBuf,
}

impl Server {
    pub(super) fn read(reader: &mut Reader) -> Self {
        let mut section = reader.section("server");
        let listen = section.list("listen", &["127.0.0.1:8090"], parse::listen);
        if listen.is_empty() {
            section.wrong("listen", "expected at least one address, such as [\"127.0.0.1:8090\"]");
        }
        let public_url = section.text("public_url", "http://127.0.0.1:8090", parse::public_url);
        let certificate = section.optional("tls_certificate", parse::file);
        let key = section.optional("tls_key", parse::file);
        section.together(&["tls_certificate", "tls_key"], &[]);
        Self {
            listen,
            name: name(&mut section, &public_url),
            aliases: section.list("aliases", &[], parse::server_name),
            public_url,
            workers: section.number("workers", 0, 0..=512),
            tls: certificate.zip(key).map(|(certificate, key)| TlsFiles { certificate, key }),
            trusted_proxies: section.list("trusted_proxies", &[], parse::range),
            shutdown_timeout: section.text("shutdown_timeout", "30s", parse::duration("0s", "1h")),
            max_clock_skew: section.text("max_clock_skew", "30s", parse::duration("1s", "1m")),
        }
    }

    /// Returns every name a homeserver may use for the server, in lower case: `name`, `aliases`,
    /// and the variants of `public_url` without its scheme, since clients may keep or drop the port
    /// and the path.
    #[must_use]
    pub fn names(&self) -> Vec<String> {
        let url = &self.public_url;
        let host = url.host_str().unwrap_or_default();
        let authorities = match url.port() {
            Some(port) => vec![format!("{host}:{port}")],
            None => vec![host.to_owned(), format!("{host}:{}", url.port_or_known_default().unwrap_or_default())],
        };
        let with_path = authorities.iter().map(|name| format!("{name}{}", url.path().trim_end_matches('/')));
        let configured = [&self.name].into_iter().chain(&self.aliases).map(ToString::to_string);
        let mut names: Vec<_> = configured.chain(with_path).map(|name| name.to_ascii_lowercase()).collect();
        names.extend(authorities);
        names.sort_unstable();
        names.dedup();
        names
    }

    /// Returns whether this is one of [`Self::names`], regardless of case and of a trailing slash.
    #[must_use]
    pub fn is_called(&self, name: &str) -> bool {
        self.names().contains(&name.trim_end_matches('/').to_ascii_lowercase())
    }
}

fn name(section: &mut Section<'_>, public_url: &Url) -> OwnedServerName {
    section.optional("name", parse::server_name).unwrap_or_else(|| {
        let host = public_url.host_str().unwrap_or_default();
        let authority = public_url.port().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"));
        parse::server_name(&authority).unwrap_or_else(|_| {
            section.wrong("public_url", "its host is not a valid Matrix server name: use another, or set `name`");
            parse::server_name("localhost").expect("a valid name")
        })
    })
}

/// `[log]`
#[derive(Clone, Debug)]
pub struct Log {
    /// `filter`: in the syntax of `RUST_LOG`, which takes precedence. Default `info`.
    pub filter: Filter,
    /// `format`: `plain` or `json`. Default `plain`.
    pub format: LogFormat,
    /// `access`: one line per request, with addresses truncated to /24 and /48. Default false.
    pub access: bool,
}

/// The format of log lines.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogFormat {
    /// For people.
    Plain,
    /// One JSON object per line.
    Json,
}

impl Log {
    pub(super) fn read(reader: &mut Reader) -> Self {
        let mut section = reader.section("log");
        Self {
            filter: section.text("filter", "info", parse::log_filter),
            format: section.text("format", "plain", LogFormat::parse),
            access: section.flag("access", false),
        }
    }
}

impl LogFormat {
    fn parse(text: &str) -> Parsed<Self> {
        match text {
            "plain" => Ok(Self::Plain),
            "json" => Ok(Self::Json),
            _ => Err("expected \"plain\" or \"json\"".to_owned()),
        }
    }
}
