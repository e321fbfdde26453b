//! The banner at start: what was created, how the server can be reached, and what to do next.

use std::fmt::Write;
use std::net::SocketAddr;

use crate::config::{Config, DatabaseUrl, Gateway, MailTransport, Route};
use crate::identity::policy::Policies;
use crate::service::Services;

/// Returns the banner, which has more lines on first start.
pub(super) fn introduction(services: &Services, addresses: &[SocketAddr], metrics: &[SocketAddr]) -> String {
    let config = &services.config;
    let scheme = if config.server.tls.is_some() { "https" } else { "http" };
    let listens: Vec<_> = addresses.iter().map(|address| format!("{scheme}://{address}")).collect();
    let mut text = format!("Vouch {} listens on {}", env!("CARGO_PKG_VERSION"), listens.join(", "));
    let mut add = |name: &str, line: &str| {
        // Writing to a string cannot fail.
        let _ = write!(text, "\n  {name:9} {line}");
    };
    let public_url = config.server.public_url.as_str().trim_end_matches('/');
    add("public", &format!("{public_url}, signing as {}", config.server.name));
    add("database", &database(config, services.made.database));
    if let Some(made) = made_keys(services) {
        add("keys", &made);
    }
    add("mails", &mails(config));
    add("texts", &texts(config));
    add("terms", &terms(&services.policies));
    for address in metrics {
        add("metrics", &format!("http://{address}/metrics"));
    }
    for warning in config.warnings() {
        add("warning", &warning);
    }
    if services.made.database {
        add("try it", &format!("curl {}/_matrix/identity/versions", listens.first().map_or("", String::as_str)));
        add(
            "next",
            "configure it: vouch.example.toml lists every setting, docs/installing.md the steps to a public server",
        );
    }
    text
}

fn database(config: &Config, made: bool) -> String {
    let made = if made { ", created now" } else { "" };
    match &config.database.url {
        DatabaseUrl::Sqlite(path) => format!("SQLite file {}{made}", path.display()),
        DatabaseUrl::Postgres(url) => format!("PostgreSQL{}{made}", postgres_name(url.get_dbname())),
    }
}

/// Returns the name of the database. There may be many hosts, and the rest of the URL is secret.
fn postgres_name(name: Option<&str>) -> String {
    name.map(|name| format!(" database {name}")).unwrap_or_default()
}

fn made_keys(services: &Services) -> Option<String> {
    let keys = &services.config.keys;
    let (master, signing) = (keys.master_key_file.display(), keys.signing_key_file.display());
    match (services.made.master_key, services.made.signing_key) {
        (true, true) => Some(format!("created {master} and {signing}; back them up, separately from the database")),
        (true, false) => Some(format!("created {master}; back it up, separately from the database")),
        (false, true) => Some(format!("created {signing}; back it up")),
        (false, false) => None,
    }
}

fn mails(config: &Config) -> String {
    match &config.mail.transport {
        MailTransport::Smtp(smtp) => format!("by SMTP through {}:{}", smtp.host.to_str(), smtp.port),
        MailTransport::Directory(path) => {
            format!("not sent but written to {} as .eml files, because [mail] host is not set", path.display())
        }
    }
}

fn texts(config: &Config) -> String {
    let (sms, routes) = (&config.sms, config.sms.routes());
    let gateways: Vec<_> = sms.gateways.iter().map(Gateway::kind).collect();
    let used = gateways.iter().filter(|kind| routes.contains(&Route::Gateway(**kind))).map(ToString::to_string);
    let used = used.collect::<Vec<_>>().join(" and ");
    let files = format!("written to {} as .txt files", sms.directory.display());
    let text = match (used.is_empty(), routes.contains(&Route::Directory)) {
        (true, false) => return "not sent, because [sms] rules reject all numbers".to_owned(),
        (true, true) if gateways.is_empty() => format!("not sent but {files}, because [sms] has no gateway"),
        (true, true) => format!("not sent but {files}"),
        (false, false) => format!("through {used}"),
        (false, true) => format!("through {used}, or {files}"),
    };
    if sms.rules.is_empty() { text } else { format!("{text}; [sms] rules choose") }
}

fn terms(policies: &Policies) -> String {
    let names: Vec<_> =
        policies.in_force().map(|version| format!("{} {}", version.policy(), version.version())).collect();
    match names.as_slice() {
        [] => "none, so people need not accept anything".to_owned(),
        names => format!("{} must be accepted", names.join(" and ")),
    }
}
