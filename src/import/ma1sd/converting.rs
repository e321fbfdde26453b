//! The settings of a ma1sd, converted into a `vouch.toml` to start from.

use toml::Value;
use url::Url;

use super::settings::Settings;
use crate::import::conversion::Line::Set;
use crate::import::conversion::{Conversion, Line, note, number, text};

/// A setting of ma1sd, and its conversion.
type Counterpart = (&'static str, fn(&Settings, &str) -> Vec<Line>);

/// The settings that have a counterpart, or need a remark.
const COUNTERPARTS: &[Counterpart] = &[
    ("server.publicUrl", |_, value| vec![Set("server", "public_url", text(value))]),
    ("server.port", |_, value| listen(value)),
    ("key.path", |_, value| {
        note(&format!("import the keys with `vouch keys import --sign {value}`: see docs/moving-in.md"))
    }),
    ("storage.provider.sqlite.database", |_, value| {
        note(&format!("import it with `vouch import ma1sd {value}`: see docs/moving-in.md"))
    }),
    ("storage.provider.postgresql.database", |_, _| {
        note("import it with `vouch import ma1sd postgres://…`: see docs/moving-in.md")
    }),
    ("threepid.medium.email.identity.from", |settings, value| {
        let name = settings.get("threepid.medium.email.identity.name");
        let sender =
            name.map_or_else(|| value.to_owned(), |name| format!("{} <{value}>", name.replace(['<', '>'], "")));
        vec![Set("mail", "sender", text(&sender))]
    }),
    ("threepid.medium.email.identity.name", |_, _| Vec::new()),
    ("threepid.medium.email.connectors.smtp.host", |_, value| vec![Set("mail", "host", text(value))]),
    ("threepid.medium.email.connectors.smtp.port", |_, value| number("mail", "port", value)),
    ("threepid.medium.email.connectors.smtp.tls", |_, value| {
        let security = match value {
            "0" => "none",
            "3" => "tls",
            _ => "starttls",
        };
        vec![Set("mail", "security", text(security))]
    }),
    ("threepid.medium.email.connectors.smtp.login", |_, value| vec![Set("mail", "user", text(value))]),
    ("threepid.medium.email.connectors.smtp.password", |_, value| vec![Set("mail", "password", text(value))]),
    ("threepid.medium.msisdn.connectors.twilio.accountSid", |_, value| vec![Set("sms.twilio", "account", text(value))]),
    ("threepid.medium.msisdn.connectors.twilio.authToken", |_, value| vec![Set("sms.twilio", "token", text(value))]),
    ("threepid.medium.msisdn.connectors.twilio.number", |_, value| vec![Set("sms", "sender", text(value))]),
    ("invite.expiration.after", |_, value| match value.parse::<u32>() {
        Ok(minutes) if minutes > 0 => vec![Set("retention", "invite", text(&format!("{minutes}m")))],
        _ => note("invitations expire after [retention] invite"),
    }),
    ("accountConfig.allowOnlyTrustDomains", |settings, value| match settings.get("matrix.domain") {
        Some(domain) if value == "true" => vec![Set("federation", "allowed_servers", Value::Array(vec![text(domain)]))],
        _ => Vec::new(),
    }),
    ("logging.root", |_, value| vec![Set("log", "filter", text(filter(value)))]),
    // The server's name, which is handled separately.
    ("server.name", |_, _| Vec::new()),
    ("matrix.domain", |_, _| Vec::new()),
    ("matrix.v1", |_, _| note("version 1 of the API is not served, except for what old invitations need")),
    ("matrix.v2", |_, _| Vec::new()),
    ("storage.backend", |_, _| Vec::new()),
];

/// Sections without an exact counterpart, each with a remark.
const SECTIONS: &[(&str, &str)] = &[
    ("storage.provider.postgresql", "the database here is [database] url"),
    ("threepid.medium.email.connectors", "mails are sent by SMTP only: set [mail] host"),
    ("threepid.medium.email.generators", "texts are replaced by [texts] directory: see docs/texts.md"),
    ("threepid.medium.msisdn.generators", "texts are replaced by [texts] directory: see docs/texts.md"),
    ("notification", "mails are sent by [mail], texts by [sms]"),
    ("policy", "people accept the documents in [terms] directory, as Markdown: see docs/policies.md"),
    ("hashing", "look-ups are always hashed, and their pepper changes automatically"),
    ("invite", "everyone who is not blocked may invite; [invites] blocks homeservers and rooms"),
    ("session", "addresses are validated only here, and only their owners bind and unbind them"),
    ("view", "pages are replaced by [brand] and [texts]"),
    ("logging", "the log goes to standard error"),
    ("lookup", "addresses are looked up only here"),
    ("forward", "addresses are looked up only here"),
    ("bulk", "addresses are looked up only here"),
    ("matrix.identity", "addresses are looked up only here"),
    ("ldap", STORES),
    ("sql", STORES),
    ("synapseSql", "what people have published is imported with `vouch import synapse`: see docs/moving-in.md"),
    ("rest", STORES),
    ("exec", STORES),
    ("memory", STORES),
    ("netiq", STORES),
    ("wordpress", STORES),
    ("firebase", STORES),
    ("directory", "the user directory is the homeserver's"),
    ("auth", "people sign in at the homeserver"),
    ("register", "people register at the homeserver"),
    ("appsvc", "there is no application service"),
    ("synapse", "there is no application service"),
];

/// The remark on directories in which ma1sd looked addresses up.
const STORES: &str = "only what people publish themselves can be found here; see docs/moving-in.md";

impl Settings {
    /// Returns a `vouch.toml` with the counterparts of these settings, and remarks on the others.
    #[must_use]
    pub fn to_toml(&self) -> String {
        let mut conversion = Conversion::default();
        if let Some(name) = self.name() {
            conversion.add("server.name", vec![Set("server", "name", text(name))]);
        }
        for (key, convert) in COUNTERPARTS {
            if let Some(value) = self.get(key) {
                conversion.add(key, convert(self, value));
            }
        }
        conversion.add(OVERRIDES, self.overrides());
        let is_below = |path: &str, section: &str| path.strip_prefix(section).is_some_and(|rest| rest.starts_with('.'));
        let rest = || self.0.keys().filter(|path| COUNTERPARTS.iter().all(|(key, _)| key != path));
        for (section, text) in SECTIONS {
            if rest().any(|path| is_below(path, section)) {
                conversion.add(section, note(text));
            }
        }
        let known = SECTIONS.iter().map(|(section, _)| *section).chain([OVERRIDES]).collect::<Vec<_>>();
        for path in rest().filter(|path| !known.iter().any(|section| is_below(path, section))) {
            conversion.add(path, note("not known"));
        }
        conversion.to_toml("ma1sd")
    }

    /// Returns the addresses of homeservers that are used instead of discovery.
    fn overrides(&self) -> Vec<Line> {
        let (mut table, mut lines) = (toml::Table::new(), Vec::new());
        for nth in 0.. {
            let get = |key: &str| self.get(&format!("{OVERRIDES}.{nth}.{key}"));
            let (Some(name), Some(value)) = (get("name"), get("value")) else { break };
            match Url::parse(value).ok().filter(|url| url.scheme() == "https") {
                Some(url) => {
                    let (host, port) = (url.host_str().unwrap_or_default(), url.port().unwrap_or(443));
                    table.insert(name.to_owned(), text(&format!("{host}:{port}")));
                }
                None => lines.extend(note(&format!("{name} at {value}: homeservers are reached by https only"))),
            }
        }
        if !table.is_empty() {
            lines.push(Set("federation", "overrides", Value::Table(table)));
        }
        lines
    }
}

/// The setting of ma1sd with the addresses of homeservers.
const OVERRIDES: &str = "dns.overwrite.homeserver.federation";

fn listen(port: &str) -> Vec<Line> {
    match port.parse::<u16>() {
        Ok(port) => vec![Set("server", "listen", Value::Array(vec![text(&format!("0.0.0.0:{port}"))]))],
        Err(_) => note(&format!("{port}: not a port")),
    }
}

fn filter(level: &str) -> &'static str {
    match level.to_ascii_lowercase().as_str() {
        "trace" => "trace",
        "debug" => "debug",
        "warn" | "warning" => "warn",
        "error" | "off" => "error",
        _ => "info",
    }
}

#[cfg(test)]
mod tests;
