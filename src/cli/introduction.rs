//! The banner at startup: what was created, how the server can be reached, and what to do next.

use std::net::SocketAddr;

use log::Level;

use super::complain;
use crate::config::{Config, DatabaseUrl, Gateway, MailTransport, Route};
use crate::identity::policy::Policies;
use crate::logging;
use crate::service::Services;

const WARNING: &str = "warning";

/// Prints the banner, which is longer on first start.
pub(super) fn introduce(services: &Services, addresses: &[SocketAddr], metrics: &[SocketAddr]) {
    let config = &services.config;
    let scheme = if config.server.tls.is_some() { "https" } else { "http" };
    let listens: Vec<_> = addresses.iter().map(|address| format!("{scheme}://{address}")).collect();
    let first = format!("Vouch {} listens on {}", env!("CARGO_PKG_VERSION"), listens.join(", "));
    let lines = lines(services, listens.first().map_or("", String::as_str), metrics);
    if logging::is_json() {
        logging::tell(Level::Info, first);
        for (name, line) in lines {
            logging::tell(if name == WARNING { Level::Warn } else { Level::Info }, format_args!("{name}: {line}"));
        }
    } else {
        let lines = lines.iter().map(|(name, line)| format!("  {name:9} {line}"));
        complain([first].into_iter().chain(lines).collect::<Vec<_>>().join("\n"));
    }
}

/// Returns the lines below the first, each with its name.
fn lines(services: &Services, url: &str, metrics: &[SocketAddr]) -> Vec<(&'static str, String)> {
    let config = &services.config;
    let public_url = config.server.public_url.as_str().trim_end_matches('/');
    let mut lines = vec![
        ("public", format!("{public_url}, signing as {}", config.server.name)),
        ("database", database(config, services.made.database)),
    ];
    lines.extend(made_keys(services).map(|made| ("keys", made)));
    lines.extend([
        ("mails", mails(config)),
        ("texts", texts(config)),
        ("terms", terms(&services.content.load().policies)),
    ]);
    lines.extend(metrics.iter().map(|address| ("metrics", format!("http://{address}/metrics"))));
    lines.extend(config.warnings().into_iter().map(|warning| (WARNING, warning)));
    if services.made.database {
        let next =
            "configure it: vouch.example.toml lists every setting, docs/installing.md the steps to a public server";
        lines.extend([("try it", format!("curl {url}/_matrix/identity/versions")), ("next", next.to_owned())]);
    }
    lines
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
        [] => "none, so people do not have to accept anything".to_owned(),
        names => format!("{} must be accepted", names.join(" and ")),
    }
}
