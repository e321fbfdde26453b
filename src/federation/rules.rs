//! Whose users may register: the operator's lists of homeservers.

use ruma_common::ServerName;

use super::error::StartError;
use crate::config;

/// `federation.allowed_servers` and `federation.blocked_servers`.
#[derive(Debug)]
pub(super) struct ServerRules {
    allowed: Option<Vec<Pattern>>,
    blocked: Vec<Pattern>,
}

/// A server name in lower case, or every name below it.
#[derive(Debug, PartialEq, Eq)]
enum Pattern {
    Exactly(String),
    /// Begins with the dot.
    Below(String),
}

impl ServerRules {
    /// # Errors
    /// [`StartError::Pattern`] for what is no pattern.
    pub(super) fn new(settings: &config::Federation) -> Result<Self, StartError> {
        let parse = |key: &'static str, patterns: &[String]| -> Result<Vec<Pattern>, StartError> {
            let invalid = |value: &String| StartError::Pattern { key, value: value.clone() };
            patterns.iter().map(|value| Pattern::parse(value).ok_or_else(|| invalid(value))).collect()
        };
        let allowed = settings.allowed_servers.as_deref().map(|patterns| parse("allowed_servers", patterns));
        let blocked = parse("blocked_servers", &settings.blocked_servers)?;
        Ok(Self { allowed: allowed.transpose()?, blocked })
    }

    /// May users of this homeserver register?
    ///
    /// In doubt, no: another port is another homeserver to the list of those allowed, but the same one to the list of
    /// those blocked, and so is the same name in other letters or with a dot at its end.
    pub(super) fn permit(&self, server: &ServerName) -> bool {
        let name = server.as_str().to_ascii_lowercase();
        let is_blocked = self.blocked.iter().any(|pattern| pattern.blocks(server));
        let is_allowed = self.allowed.as_ref().is_none_or(|some| some.iter().any(|pattern| pattern.matches(&name)));
        is_allowed && !is_blocked
    }
}

/// Whether one of the patterns of a list, as the configuration has it, blocks a homeserver.
#[must_use]
pub fn is_blocked(patterns: &[String], server: &ServerName) -> bool {
    patterns.iter().filter_map(|text| Pattern::parse(text)).any(|pattern| pattern.blocks(server))
}

impl Pattern {
    fn parse(text: &str) -> Option<Self> {
        let text = text.to_ascii_lowercase();
        let (name, below) = match text.strip_prefix("*.") {
            Some(name) => (name, true),
            None => (text.as_str(), false),
        };
        ServerName::parse(name).ok()?;
        Some(if below { Self::Below(format!(".{name}")) } else { Self::Exactly(text) })
    }

    /// The same name in other letters, under another port or with a dot at its end is blocked too.
    fn blocks(&self, server: &ServerName) -> bool {
        let host = server.host().to_ascii_lowercase();
        self.matches(&server.as_str().to_ascii_lowercase()) || self.matches(host.trim_end_matches('.'))
    }

    fn matches(&self, name: &str) -> bool {
        match self {
            Self::Exactly(this) => name == this,
            Self::Below(parent) => name.ends_with(parent.as_str()) && name.len() > parent.len(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::federation::testing;

    fn permits(allowed: Option<&[&str]>, blocked: &[&str], server: &str) -> bool {
        let owned = |patterns: &[&str]| patterns.iter().map(|&pattern| pattern.to_owned()).collect();
        let settings = config::Federation {
            allowed_servers: allowed.map(owned),
            blocked_servers: owned(blocked),
            ..testing::settings()
        };
        ServerRules::new(&settings).unwrap().permit(&ServerName::parse(server).unwrap())
    }

    #[test]
    fn without_lists_everybody_may() {
        assert!(permits(None, &[], "example.org"));
    }

    #[test]
    fn a_list_of_allowed_servers_is_a_closed_door_to_others() {
        let allowed = Some(&["example.org", "*.example.com"][..]);
        for server in ["example.org", "EXAMPLE.org", "hs.example.com", "a.b.example.com"] {
            assert!(permits(allowed, &[], server), "{server}");
        }
        for server in ["example.com", "hs.example.org", "evilexample.com", "example.org:8448", "example.org.evil.net"] {
            assert!(!permits(allowed, &[], server), "{server}");
        }
        assert!(!permits(Some(&[]), &[], "example.org"));
    }

    #[test]
    fn a_blocked_server_cannot_come_back_under_another_spelling() {
        let blocked = ["evil.example", "*.evil.net", "odd.example:1234"];
        for server in [
            "evil.example",
            "Evil.Example",
            "evil.example:443",
            "evil.example.",
            "hs.evil.net:8448",
            "odd.example:1234",
        ] {
            assert!(!permits(None, &blocked, server), "{server}");
        }
        for server in ["good.example", "evil.net", "notevil.example", "odd.example"] {
            assert!(permits(None, &blocked, server), "{server}");
        }
    }

    #[test]
    fn blocked_wins_over_allowed() {
        assert!(!permits(Some(&["*.example.org"]), &["bad.example.org"], "bad.example.org"));
    }

    #[test]
    fn a_pattern_that_is_none_is_named() {
        for value in ["", "*", "*.", "a/b", "*.a/b", "https://example.org"] {
            let settings = config::Federation { blocked_servers: vec![value.to_owned()], ..testing::settings() };
            let message = ServerRules::new(&settings).unwrap_err().to_string();
            assert!(message.contains("federation.blocked_servers") && message.contains(value), "{message}");
        }
    }
}
