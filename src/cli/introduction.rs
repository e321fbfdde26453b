//! What the server says of itself when it starts: what it made, where it is, and what to do next.

use std::fmt::Write;
use std::net::SocketAddr;

use crate::config::{Config, DatabaseUrl, MailTransport};
use crate::identity::policy::Policies;
use crate::service::Vouch;

/// Some lines; a first start has a few more.
pub(super) fn introduction(vouch: &Vouch, addresses: &[SocketAddr]) -> String {
    let config = &vouch.config;
    let scheme = if config.server.tls.is_some() { "https" } else { "http" };
    let listens: Vec<_> = addresses.iter().map(|address| format!("{scheme}://{address}")).collect();
    let mut text = format!("Vouch {} listens on {}", env!("CARGO_PKG_VERSION"), listens.join(", "));
    let mut add = |name: &str, line: &str| {
        // Writing to a string cannot fail.
        let _ = write!(text, "\n  {name:9} {line}");
    };
    let public_url = config.server.public_url.as_str().trim_end_matches('/');
    add("public", &format!("{public_url}, signing as {}", config.server.name));
    add("database", &database(config, vouch.made.database));
    if let Some(made) = made_keys(vouch) {
        add("keys", &made);
    }
    add("mails", &mails(config));
    add("texts", &texts(config));
    add("terms", &terms(&vouch.policies));
    for warning in config.warnings() {
        add("warning", &warning);
    }
    if vouch.made.database {
        add("try it", &format!("curl {}/_matrix/identity/versions", listens.first().map_or("", String::as_str)));
        add("next", "copy vouch.example.toml to vouch.toml, edit it, start with --config vouch.toml; see README.md");
    }
    text
}

fn database(config: &Config, made: bool) -> String {
    let made = if made { ", made now" } else { "" };
    match &config.database.url {
        DatabaseUrl::Sqlite(path) => format!("SQLite file {}{made}", path.display()),
        DatabaseUrl::Postgres(url) => format!("PostgreSQL{}{made}", postgres_name(url.get_dbname())),
    }
}

/// The database's name; hosts may be many, and the rest of the URL is secret.
fn postgres_name(name: Option<&str>) -> String {
    name.map(|name| format!(" database {name}")).unwrap_or_default()
}

fn made_keys(vouch: &Vouch) -> Option<String> {
    let keys = &vouch.config.keys;
    let (master, signing) = (keys.master_key_file.display(), keys.signing_key_file.display());
    match (vouch.made.master_key, vouch.made.signing_key) {
        (true, true) => Some(format!("made {master} and {signing}; keep copies, apart from the database's")),
        (true, false) => Some(format!("made {master}; keep a copy, apart from the database's")),
        (false, true) => Some(format!("made {signing}; keep a copy")),
        (false, false) => None,
    }
}

fn mails(config: &Config) -> String {
    match &config.mail.transport {
        MailTransport::Smtp(smtp) => format!("by SMTP through {}:{}", smtp.host, smtp.port),
        MailTransport::Directory(path) => {
            format!("not sent but written to {} as .eml files, because [mail] host is not set", path.display())
        }
    }
}

fn texts(config: &Config) -> String {
    let gateways: Vec<_> = config.sms.gateways.iter().map(|gateway| gateway.kind().to_string()).collect();
    match gateways.as_slice() {
        [] => format!(
            "not sent but written to {} as .txt files, because [sms] has no gateway",
            config.sms.directory.display()
        ),
        names => format!("through {}", names.join(" and ")),
    }
}

fn terms(policies: &Policies) -> String {
    let names: Vec<_> =
        policies.in_force().map(|version| format!("{} {}", version.policy(), version.version())).collect();
    match names.as_slice() {
        [] => "none; nobody has to accept anything".to_owned(),
        names => format!("{} must be accepted", names.join(" and ")),
    }
}
