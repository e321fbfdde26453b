//! The configuration: one struct a section.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use ipnet::IpNet;
use lettre::message::Mailbox;
use ruma_common::OwnedServerName;
use unic_langid::LanguageIdentifier;
use url::Url;
use zeroize::Zeroizing;

use crate::clock::Millis;

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

/// `[server]`: where it listens and what it is called.
#[derive(Clone, Debug)]
pub struct Server {
    /// `listen`: addresses to listen on. Default `["127.0.0.1:8090"]`.
    pub listen: Vec<SocketAddr>,
    /// `public_url`: where people and homeservers reach it, without a trailing slash. Default `http://127.0.0.1:8090`.
    pub public_url: Url,
    /// `name`: under which it signs. Default: host and port of `public_url`.
    pub name: OwnedServerName,
    /// `aliases`: other names by which a homeserver may address it in an X-Matrix signature. Default none.
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

/// `[database]`
#[derive(Clone, Debug)]
pub struct Database {
    /// `url`: `sqlite:PATH` or `postgres://…`. Default `sqlite:data/vouch.db`.
    pub url: DatabaseUrl,
    /// `pool_size`: connections for transactions on `PostgreSQL`. Default 10.
    pub pool_size: usize,
}

/// The backend, chosen by the URL's scheme.
#[derive(Clone)]
pub enum DatabaseUrl {
    /// `sqlite:PATH`
    Sqlite(PathBuf),
    /// `postgres://…` or `postgresql://…`, several hosts and `target_session_attrs` allowed.
    Postgres(Zeroizing<String>),
}

/// `[keys]`
#[derive(Clone, Debug)]
pub struct Keys {
    /// `master_key`: the master key itself, 32 bytes in base64; meant for the environment. Default none.
    pub master_key: Option<Zeroizing<String>>,
    /// `master_key_file`: made at first start, 0600. Default `data/master.key`.
    pub master_key_file: PathBuf,
    /// `signing_key_file`: made at first start, 0600. Default `data/signing.key`.
    pub signing_key_file: PathBuf,
}

/// `[terms]`
#[derive(Clone, Debug)]
pub struct Terms {
    /// `directory`: `<id>/<version>/<lang>.md`. Default `policies`, where an absent directory is no policy; a directory
    /// that was set and is absent is an error; empty is no policy.
    pub directory: Option<PathBuf>,
}

/// `[brand]`: who runs this server, on pages and in mails.
#[derive(Clone, Debug)]
pub struct Brand {
    /// `name`. Default `Vouch`.
    pub name: String,
    /// `contact`: an e-mail address or an URL shown to people. Default none.
    pub contact: Option<String>,
    /// `logo`: a PNG, JPEG or SVG file of at most 256 KiB. Default none.
    pub logo: Option<PathBuf>,
    /// `accent_colour`: `#rrggbb`. Default `#0f6b5c`.
    pub accent_colour: String,
}

/// `[texts]`
#[derive(Clone, Debug)]
pub struct Texts {
    /// `default_language`: for whom no better is known. Default `en`.
    pub default_language: LanguageIdentifier,
    /// `directory`: `<lang>.ftl` files whose messages replace ours. Default none.
    pub directory: Option<PathBuf>,
}

/// `[mail]`
#[derive(Clone, Debug)]
pub struct Mail {
    /// `sender`. Default `Vouch <vouch@localhost>`.
    pub sender: Mailbox,
    /// Where mails go: SMTP if `host` is set, else `.eml` files.
    pub transport: MailTransport,
}

/// Where mails go.
#[derive(Clone, Debug)]
pub enum MailTransport {
    /// `directory`: one `.eml` file a mail. Default `data/mail`.
    Directory(PathBuf),
    /// An SMTP server.
    Smtp(Smtp),
}

/// An SMTP server.
#[derive(Clone, Debug)]
pub struct Smtp {
    /// `host`
    pub host: String,
    /// `port`. Default 465 for `tls`, 587 for `starttls`, 25 for `none`.
    pub port: u16,
    /// `security`: `tls`, `starttls` or `none`. Default `starttls`.
    pub security: SmtpSecurity,
    /// `user` and `password`; both or none. Default none.
    pub credentials: Option<SmtpCredentials>,
    /// `verify_certificate`. Default true.
    pub verify_certificate: bool,
    /// `ca_file`: PEM certificates trusted besides the system's. Default none.
    pub ca_file: Option<PathBuf>,
    /// `timeout`: for the whole conversation of one mail. Default 4 s.
    pub timeout: Duration,
    /// `connections`: at most so many at a time. Default 10.
    pub connections: u32,
}

/// How the SMTP connection is protected.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SmtpSecurity {
    /// TLS from the first byte.
    Tls,
    /// STARTTLS, required.
    Starttls,
    /// No TLS.
    None,
}

/// A login at the SMTP server.
#[derive(Clone)]
pub struct SmtpCredentials {
    /// `user`
    pub user: String,
    /// `password`
    pub password: Zeroizing<String>,
}

/// `[validation]`
#[derive(Clone, Debug)]
pub struct Validation {
    /// `next_link_hosts`: hosts a `next_link` may lead to. Default none: any.
    pub next_link_hosts: Option<Vec<String>>,
}

/// `[federation]`: how homeservers are reached.
#[derive(Clone, Debug)]
pub struct Federation {
    /// `ca_file`: PEM certificates trusted besides the system's. Default none.
    pub ca_file: Option<PathBuf>,
    /// `allowed_ranges`: addresses that may be connected to although they are not public. Default none.
    pub allowed_ranges: Vec<IpNet>,
    /// `overrides`: `"server.name" = "host-or-ip:port"`, in place of discovery. Default none.
    pub overrides: BTreeMap<OwnedServerName, String>,
    /// `dns_servers`: resolvers to ask in place of the system's. Default none.
    pub dns_servers: Vec<SocketAddr>,
    /// `allowed_servers`: if set, only these may register; `*.example.org` is every name below. Default none: any.
    pub allowed_servers: Option<Vec<String>>,
    /// `blocked_servers`: these may not; same patterns. Default none.
    pub blocked_servers: Vec<String>,
    /// `connect_timeout`. Default 3 s.
    pub connect_timeout: Duration,
    /// `timeout`: for a whole exchange, discovery included. Default 4 s.
    pub timeout: Duration,
}

/// `[lookup]`
#[derive(Clone, Debug)]
pub struct Lookup {
    /// `pepper_period`. Default 24 h; at least 1 h.
    pub pepper_period: Duration,
    /// `plain`: offer the algorithm `none`. Default false.
    pub plain: bool,
    /// `max_addresses`: in one request. Default 10,000.
    pub max_addresses: usize,
}

/// `[budgets]`: what a stranger may look up, and how many messages may be caused.
#[derive(Clone, Debug)]
pub struct Budgets {
    /// `newcomer_days`: an account is new for so long. Default 7 days.
    pub newcomer: Duration,
    /// `[budgets.newcomer]`: look-ups of a new account. Default 2,000; 50 an hour.
    pub lookup_newcomer: Bucket,
    /// `[budgets.user]`: look-ups of a settled account. Default 10,000; 50 an hour.
    pub lookup_user: Bucket,
    /// `[budgets.homeserver]`: look-ups of all accounts of a homeserver. Default 50,000; 5,000 an hour.
    pub lookup_homeserver: Bucket,
    /// `trusted_homeservers`: have no budget of their own. Default none.
    pub trusted_homeservers: Vec<OwnedServerName>,
    /// `[budgets.network]`: look-ups from a /24 or /48. Default 50,000; 5,000 an hour.
    pub lookup_network: Bucket,
    /// `[budgets.server]`: look-ups of everybody. Default 1,000,000; 100,000 an hour.
    pub lookup_server: Bucket,
    /// `stop_server`: refuse when the server's budget is full, instead of only logging a warning. Default false.
    pub stop_server: bool,
    /// `[budgets.messages_user]`: validation messages a user causes. Default 20; 20 an hour.
    pub messages_user: Bucket,
    /// `[budgets.messages_address]`: validation messages to an address. Default 10; 5 an hour.
    pub messages_address: Bucket,
    /// `[budgets.messages_network]`: validation messages caused from a /24 or /48. Default 200; 200 an hour.
    pub messages_network: Bucket,
    /// `[budgets.registrations_network]`: registrations from a /24 or /48. Default 300; 3,000 an hour.
    pub registrations_network: Bucket,
}

/// A leaky bucket.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bucket {
    /// `capacity`: how much fits.
    pub capacity: u32,
    /// `per_hour`: how much drains in an hour.
    pub per_hour: u32,
}

/// `[retention]`: how long things are kept.
#[derive(Clone, Debug)]
pub struct Retention {
    /// `validation_session`: after its last modification. Default 24 h.
    pub validation_session: Millis,
    /// `access_token`: idle. Default 365 days.
    pub access_token: Millis,
    /// `consent`: after the account is gone. Default 30 days.
    pub consent: Millis,
}

/// `[log]`
#[derive(Clone, Debug)]
pub struct Log {
    /// `filter`: as `RUST_LOG`, which it gives way to. Default `info`.
    pub filter: String,
    /// `access`: one line a request, addresses cut to /24 and /48. Default false.
    pub access: bool,
}

impl std::fmt::Debug for DatabaseUrl {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Sqlite(path) => write!(f, "Sqlite({})", path.display()),
            Self::Postgres(_) => f.write_str("Postgres(…)"),
        }
    }
}

impl std::fmt::Debug for SmtpCredentials {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "SmtpCredentials({}, …)", self.user)
    }
}
