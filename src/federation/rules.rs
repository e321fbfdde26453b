//! The operator's lists of homeservers whose users may register.

use ruma_common::ServerName;

use crate::config::{self, ServerPattern};

/// `federation.allowed_servers` and `federation.blocked_servers`.
#[derive(Debug)]
pub(super) struct ServerRules {
    allowed: Option<Vec<ServerPattern>>,
    blocked: Vec<ServerPattern>,
}

impl ServerRules {
    pub(super) fn new(settings: &config::Federation) -> Self {
        Self { allowed: settings.allowed_servers.clone(), blocked: settings.blocked_servers.clone() }
    }

    /// Returns whether users of this homeserver may register.
    ///
    /// When in doubt, they may not: with another port, a name is a different homeserver to the
    /// allow list, but the same one to the block list.
    pub(super) fn permit(&self, server: &ServerName) -> bool {
        let name = server.as_str().to_ascii_lowercase();
        let is_blocked = self.blocked.iter().any(|pattern| pattern.blocks(server));
        let is_allowed = self.allowed.as_ref().is_none_or(|some| some.iter().any(|pattern| pattern.matches(&name)));
        is_allowed && !is_blocked
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::federation::testing;

    fn permits(allowed: Option<&[&str]>, blocked: &[&str], server: &str) -> bool {
        let owned = |patterns: &[&str]| patterns.iter().map(|&pattern| pattern.parse().unwrap()).collect();
        let settings = config::Federation {
            allowed_servers: allowed.map(owned),
            blocked_servers: owned(blocked),
            ..testing::settings()
        };
        ServerRules::new(&settings).permit(&ServerName::parse(server).unwrap())
    }

    #[test]
    fn without_lists_everybody_may_register() {
        assert!(permits(None, &[], "example.org"));
    }

    #[test]
    fn a_list_of_allowed_servers_excludes_all_others() {
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
    fn another_spelling_does_not_evade_the_block_list() {
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
    fn the_block_list_overrides_the_allow_list() {
        assert!(!permits(Some(&["*.example.org"]), &["bad.example.org"], "bad.example.org"));
    }
}
