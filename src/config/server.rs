//! `[server]` and `[log]`: where it listens, what it is called, and what it tells.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use env_filter::Filter;
use ipnet::IpNet;
use ruma_common::OwnedServerName;
use url::Url;

use super::parse;
use super::reader::{Reader, Section};

/// `[server]`: where it listens and what it is called.
#[derive(Clone, Debug)]
pub struct Server {
    /// `listen`: addresses to listen on, at least one; port 0 is any free one. Default `["127.0.0.1:8090"]`.
    pub listen: Vec<SocketAddr>,
    /// `public_url`: where people and homeservers reach it. A path ends without a slash; no path is the slash that
    /// every URL has. Default `http://127.0.0.1:8090`.
    pub public_url: Url,
    /// `name`: under which it signs. Default: host and port of `public_url`.
    pub name: OwnedServerName,
    /// `aliases`: further names by which homeservers may call it when they sign a request. Default none.
    pub aliases: Vec<OwnedServerName>,
    /// `workers`: threads that answer requests. Default 0, one a core.
    pub workers: usize,
    /// `tls_certificate` and `tls_key`: PEM files for native TLS; both or none. Default none.
    pub tls: Option<TlsFiles>,
    /// `trusted_proxies`: peers whose `X-Forwarded-For` is believed. Default none.
    pub trusted_proxies: Vec<IpNet>,
    /// `shutdown_timeout`: how long requests in flight may take after SIGTERM. Default 30 s.
    pub shutdown_timeout: Duration,
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
        Self {
            listen,
            name: name(&mut section, &public_url),
            aliases: section.list("aliases", &[], parse::server_name),
            public_url,
            workers: section.number("workers", 0, &(0..=512)),
            tls: tls(&mut section),
            trusted_proxies: section.list("trusted_proxies", &[], parse::range),
            shutdown_timeout: section.text("shutdown_timeout", "30s", parse::duration("0s", "1h")),
        }
    }

    /// Every name that a homeserver may have been told for this server, in lower case: `name`, `aliases`, and what clients make of
    /// `public_url`, which is to leave out the scheme and nothing else, so that a port or a path may be part of it.
    #[must_use]
    pub fn names(&self) -> Vec<String> {
        let url = &self.public_url;
        let host = url.host_str().unwrap_or_default();
        let mut names = vec![self.name.to_string()];
        names.extend(self.aliases.iter().map(ToString::to_string));
        let authorities = match url.port() {
            Some(port) => vec![format!("{host}:{port}")],
            None => vec![host.to_owned(), format!("{host}:{}", url.port_or_known_default().unwrap_or_default())],
        };
        for authority in authorities {
            names.push(format!("{authority}{}", url.path().trim_end_matches('/')));
            names.push(authority);
        }
        for name in &mut names {
            name.make_ascii_lowercase();
        }
        names.sort_unstable();
        names.dedup();
        names
    }

    /// Whether it is one of [`Self::names`], in any letters, with or without a slash at its end.
    #[must_use]
    pub fn is_called(&self, name: &str) -> bool {
        let name = name.trim_end_matches('/').to_ascii_lowercase();
        self.names().contains(&name)
    }
}

fn name(section: &mut Section<'_>, public_url: &Url) -> OwnedServerName {
    section.optional("name", parse::server_name).unwrap_or_else(|| {
        let host = public_url.host_str().unwrap_or_default();
        let authority = public_url.port().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"));
        parse::server_name(&authority).unwrap_or_else(|_| {
            section.wrong("public_url", "its host cannot be a Matrix server name: use another, or set `name`");
            parse::server_name("localhost").expect("a valid name")
        })
    })
}

fn tls(section: &mut Section<'_>) -> Option<TlsFiles> {
    let certificate = section.optional("tls_certificate", parse::file);
    let key = section.optional("tls_key", parse::file);
    section.needs("tls_certificate", "tls_key");
    section.needs("tls_key", "tls_certificate");
    Some(TlsFiles { certificate: certificate?, key: key? })
}

/// `[log]`
#[derive(Clone, Debug)]
pub struct Log {
    /// `filter`: as `RUST_LOG`, which it gives way to. Default `info`.
    pub filter: Filter,
    /// `access`: one line a request, addresses cut to /24 and /48. Default false.
    pub access: bool,
}

impl Log {
    pub(super) fn read(reader: &mut Reader) -> Self {
        let mut section = reader.section("log");
        Self { filter: section.text("filter", "info", parse::log_filter), access: section.flag("access", false) }
    }
}
