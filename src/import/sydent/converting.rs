//! The settings of a Sydent, converted into a `vouch.toml` to start from.

use toml::Value;

use super::settings::Settings;
use crate::import::conversion::Line::Set;
use crate::import::conversion::{Conversion, Line, list, note, number, text};

/// A setting of Sydent: its section, its name and its conversion.
type Counterpart = (&'static str, &'static str, fn(&Settings, &str) -> Vec<Line>);

/// The settings that have a counterpart, or need a remark.
const COUNTERPARTS: &[Counterpart] = &[
    ("general", "server.name", |_, value| vec![Set("server", "name", text(value))]),
    ("http", "client_http_base", |_, value| vec![Set("server", "public_url", text(value))]),
    ("http", "clientapi.http.port", |settings, port| vec![Set("server", "listen", listen(settings, port))]),
    ("http", "clientapi.http.bind_address", |_, _| Vec::new()),
    ("http", "obey_x_forwarded_for", |_, value| {
        if is_true(value) { vec![Set("server", "trusted_proxies", list("127.0.0.1, ::1"))] } else { Vec::new() }
    }),
    ("crypto", "ed25519.signingkey", |_, _| note("import it with `vouch keys import --sign`: see docs/moving-in.md")),
    ("db", "db.file", |_, value| note(&format!("import it with `vouch import sydent {value}`: see docs/moving-in.md"))),
    ("general", "terms.path", |_, _| {
        note("people accept the documents in [terms] directory, as Markdown: see docs/policies.md")
    }),
    ("general", "address_lookup_limit", |_, value| number("lookup", "max_addresses", value)),
    ("general", "ip.whitelist", |_, value| vec![Set("federation", "allowed_ranges", list(value))]),
    ("general", "ip.blacklist", |_, _| note("all addresses that are not public are refused")),
    ("general", "homeserver_allow_list", |_, value| vec![Set("federation", "allowed_servers", list(value))]),
    ("general", "delete_tokens_on_bind", |_, _| note("invitations are always deleted after their delivery")),
    ("general", "enable_v1_access", |_, _| {
        note("version 1 of the API is not served, except for what old invitations need")
    }),
    ("general", "enable_v1_associations", |_, _| note("version 1 of the API is not served")),
    ("general", "templates.path", |_, _| note("texts are replaced by [texts] directory: see docs/texts.md")),
    ("general", "brand.default", |_, _| note("name, logo and colours are set in [brand]")),
    ("general", "log.level", |_, value| vec![Set("log", "filter", text(filter(value)))]),
    ("general", "log.path", |_, _| note("the log goes to standard error")),
    ("general", "pidfile.path", |_, _| note("there is none")),
    ("general", "prometheus_port", |_, _| note("there is none")),
    ("general", "prometheus_addr", |_, _| note("there is none")),
    ("general", "sentry_dsn", |_, _| note("there is none")),
    ("http", "internalapi.http.port", |_, _| {
        note("there is no internal API: `vouch bind` and `vouch unbind` do the same")
    }),
    ("http", "internalapi.http.bind_address", |_, _| Vec::new()),
    ("http", "replication.https.port", |_, _| {
        note("there is no replication: several nodes share a PostgreSQL database")
    }),
    ("http", "replication.https.bind_address", |_, _| Vec::new()),
    ("http", "replication.https.certfile", |_, _| Vec::new()),
    ("http", "replication.https.cacert", |_, _| Vec::new()),
    ("http", "federation.verifycerts", |_, value| {
        if is_true(value) {
            Vec::new()
        } else {
            note("certificates are always verified; [federation] ca_file adds your own authority")
        }
    }),
    ("email", "email.from", |_, value| vec![Set("mail", "sender", text(value))]),
    ("email", "email.smtphost", |_, value| vec![Set("mail", "host", text(value))]),
    ("email", "email.smtpport", |_, value| number("mail", "port", value)),
    ("email", "email.smtpusername", |_, value| vec![Set("mail", "user", text(value))]),
    ("email", "email.smtppassword", |_, value| vec![Set("mail", "password", text(value))]),
    ("email", "email.tlsmode", |_, value| vec![Set("mail", "security", text(security(value)))]),
    ("email", "email.hostname", |_, value| vec![Set("mail", "hello_name", text(value))]),
    ("email", "email.subject", |_, _| note("subjects are among the texts of [texts] directory: see docs/texts.md")),
    ("email", "email.invite.subject", |_, _| note("as email.subject")),
    ("email", "email.invite.subject_space", |_, _| note("as email.subject")),
    ("email", "email.template", |_, _| note("texts are replaced by [texts] directory: see docs/texts.md")),
    ("email", "email.invite_template", |_, _| note("as email.template")),
    ("email", "email.default_web_client_location", |_, value| vec![Set("invites", "web_clients", list(value))]),
    ("email", "email.third_party_invite_homeserver_blocklist", |_, value| {
        vec![Set("invites", "blocked_homeservers", list(value))]
    }),
    ("email", "email.third_party_invite_room_blocklist", |_, value| vec![Set("invites", "blocked_rooms", list(value))]),
    ("email", "email.third_party_invite_keyword_blocklist", |_, _| note("names of rooms are not searched for words")),
    ("email", "email.third_party_invite_username_obfuscate_characters", |_, _| {
        note("at most the first character of each part of an address is shown")
    }),
    ("email", "email.third_party_invite_domain_obfuscate_characters", |_, _| Vec::new()),
    ("email", "email.ratelimit_sender.burst", |_, value| number("budgets.invites_user", "capacity", value)),
    ("email", "email.ratelimit_sender.rate_hz", |_, value| rate("budgets.invites_user", value)),
    ("sms", "username", |_, value| vec![Set("sms.openmarket", "account", text(value))]),
    ("sms", "password", |_, value| vec![Set("sms.openmarket", "password", text(value))]),
    ("sms", "bodytemplate", |_, _| note("texts are replaced by [texts] directory: see docs/texts.md")),
    ("sms", "msisdn.ratelimit.burst", |_, value| number("budgets.texts_number", "capacity", value)),
    ("sms", "msisdn.ratelimit.rate_hz", |_, value| rate("budgets.texts_number", value)),
    ("sms", "country.ratelimit.burst", |_, value| number("budgets.texts_country", "capacity", value)),
    ("sms", "country.ratelimit.rate_hz", |_, value| rate("budgets.texts_country", value)),
];

impl Settings {
    /// Returns a `vouch.toml` with the counterparts of these settings, and remarks on the others.
    #[must_use]
    pub fn to_toml(&self) -> String {
        let mut conversion = Conversion::default();
        for (section, key, convert) in COUNTERPARTS {
            let Some(value) = self.get(section, key) else { continue };
            conversion.add(key, convert(self, &value));
        }
        let (rules, senders, unknown) = self.text_messages();
        for (key, table) in [("rules", rules), ("senders", senders)] {
            if !table.is_empty() {
                conversion.add(key, vec![Set("sms", key, Value::Table(table))]);
            }
        }
        conversion.note(unknown);
        conversion.to_toml("Sydent")
    }

    /// Returns the areas to which text messages are sent, their senders, and remarks on unknown
    /// settings.
    fn text_messages(&self) -> (toml::Table, toml::Table, Vec<String>) {
        let (mut rules, mut senders, mut notes) = (toml::Table::new(), toml::Table::new(), Vec::new());
        let map = self.0.get_map_ref();
        for (section, settings) in map {
            let mut keys: Vec<_> = settings.iter().collect();
            keys.sort();
            for (key, value) in keys {
                let value = value.as_deref().unwrap_or_default().trim();
                let area = |prefix| key.strip_prefix(prefix).filter(|area| !area.is_empty());
                let is_code = |area: &str| area.bytes().all(|byte| byte.is_ascii_digit());
                if let Some(area) = area("smsrule.").filter(|area| is_code(area)) {
                    let rule = if value.eq_ignore_ascii_case("reject") { "reject" } else { "openmarket" };
                    rules.insert(format!("+{area}"), text(rule));
                } else if let Some(area) = area("originators.") {
                    match value.split(',').next().and_then(|first| first.split_once(':')) {
                        Some((kind, sender)) if is_code(area) => {
                            senders.insert(format!("+{area}"), text(&originator(kind, sender)));
                        }
                        _ => notes.push(format!("{key} = {value}: set [sms] sender")),
                    }
                } else if !value.is_empty() && COUNTERPARTS.iter().all(|(_, known, _)| known != key) {
                    notes.push(format!("{key} (in [{section}]): not known"));
                }
            }
        }
        // Other numbers are not rejected.
        if !rules.is_empty() {
            rules.insert("*".to_owned(), text("openmarket"));
        }
        notes.sort();
        (rules, senders, notes)
    }
}

/// Returns the sender of text messages: `long:447700900000`, `short:12345` or `alpha:Matrix`.
fn originator(kind: &str, sender: &str) -> String {
    match kind.trim() {
        "long" => format!("+{}", sender.trim().trim_start_matches('+')),
        _ => sender.trim().to_owned(),
    }
}

/// Converts a rate per second into one per hour.
fn rate(section: &'static str, value: &str) -> Vec<Line> {
    match value.parse::<f64>() {
        Ok(rate) => number(section, "per_hour", &format!("{:.0}", (rate * 3600.0).ceil())),
        Err(_) => note(&format!("{value}: not a rate")),
    }
}

fn listen(settings: &Settings, port: &str) -> Value {
    let address = settings.get("http", "clientapi.http.bind_address").unwrap_or_else(|| "0.0.0.0".to_owned());
    Value::Array(vec![text(&if address.contains(':') {
        format!("[{address}]:{port}")
    } else {
        format!("{address}:{port}")
    })])
}

fn is_true(value: &str) -> bool {
    ["true", "yes", "on", "1"].contains(&value.to_ascii_lowercase().as_str())
}

fn filter(level: &str) -> &'static str {
    match level.to_ascii_uppercase().as_str() {
        "DEBUG" => "debug",
        "WARNING" | "WARN" => "warn",
        "ERROR" | "CRITICAL" | "FATAL" => "error",
        _ => "info",
    }
}

fn security(mode: &str) -> &'static str {
    match mode.to_ascii_uppercase().as_str() {
        "1" | "STARTTLS" => "starttls",
        "2" | "TLS" | "SSL" => "tls",
        _ => "none",
    }
}

#[cfg(test)]
mod tests;
