//! Homeservers and rooms as written in the operator's lists, and the addresses of homeservers.

use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::str::FromStr;

use hickory_resolver::proto::rr::Name;
use ruma_common::{OwnedRoomId, RoomId, ServerName};

/// A server name in lower case, or every name below one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ServerPattern {
    /// `example.org`
    Exactly(String),
    /// `*.example.org`, stored as `.example.org`.
    Below(String),
}

/// A room, or the homeservers whose names are part of room IDs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RoomPattern {
    /// `!room:example.org`
    Room(OwnedRoomId),
    /// `example.org` or `*.example.org`
    Server(ServerPattern),
}

/// A host to connect to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Host {
    /// An IP address.
    Ip(IpAddr),
    /// A fully qualified name: no search domain is appended.
    Name(Name),
}

/// A host and a port to connect to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target {
    /// The host.
    pub host: Host,
    /// The TCP port.
    pub port: u16,
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.host {
            Host::Ip(address) => SocketAddr::new(*address, self.port).fmt(f),
            Host::Name(name) => write!(f, "{}:{}", name.to_string().trim_end_matches('.'), self.port),
        }
    }
}

impl ServerPattern {
    /// Returns whether the pattern allows a server name, which is in lower case.
    #[must_use]
    pub fn matches(&self, name: &str) -> bool {
        match self {
            Self::Exactly(this) => name == this,
            Self::Below(parent) => name.ends_with(parent.as_str()) && name.len() > parent.len(),
        }
    }

    /// Returns whether the pattern blocks a homeserver. Different capitalization, another port or a
    /// trailing dot does not evade it.
    #[must_use]
    pub fn blocks(&self, server: &ServerName) -> bool {
        let host = server.host().to_ascii_lowercase();
        self.matches(&server.as_str().to_ascii_lowercase()) || self.matches(host.trim_end_matches('.'))
    }
}

impl FromStr for ServerPattern {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let text = text.to_ascii_lowercase();
        let name = text.strip_prefix("*.");
        ServerName::parse(name.unwrap_or(&text))
            .map_err(|_| "expected a Matrix server name or a pattern, such as \"*.example.org\"")?;
        Ok(name.map_or(Self::Exactly(text.clone()), |name| Self::Below(format!(".{name}"))))
    }
}

impl RoomPattern {
    /// Returns whether the pattern blocks a room.
    #[must_use]
    pub fn blocks(&self, room: &RoomId) -> bool {
        match self {
            Self::Room(this) => this == room,
            Self::Server(pattern) => room.server_name().is_some_and(|server| pattern.blocks(server)),
        }
    }
}

impl FromStr for RoomPattern {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if let Some(room) = text.starts_with('!').then(|| RoomId::parse(text).ok()).flatten() {
            return Ok(Self::Room(room));
        }
        text.parse().map(Self::Server).map_err(|_| {
            "expected a room ID such as \"!room:example.org\", a server name, or a pattern such as \"*.example.org\""
                .to_owned()
        })
    }
}

impl Host {
    /// Parses the host part of a server name or a URL: an IPv4 address, an IPv6 address in
    /// brackets, or a name.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        if let Ok(address) = without_brackets(text).parse() {
            return Some(Self::Ip(address));
        }
        let mut name = Name::from_ascii(text).ok()?;
        name.set_fqdn(true);
        Some(Self::Name(name))
    }
}

/// Returns `[::1]` without its brackets, and any other text as it is.
#[must_use]
pub fn without_brackets(host: &str) -> &str {
    host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host)
}

impl FromStr for Target {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        // `ServerName` accepts `:+80` and `:0`.
        let parse = || {
            let name = ServerName::parse(text).ok().filter(|_| !text.contains('+'))?;
            let port = name.port().filter(|port| *port != 0)?;
            Some(Self { host: Host::parse(name.host())?, port })
        };
        parse().ok_or_else(|| "expected a host and a port, such as \"10.0.0.1:8448\"".to_owned())
    }
}

impl From<SocketAddr> for Target {
    fn from(address: SocketAddr) -> Self {
        Self { host: Host::Ip(address.ip()), port: address.port() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parses<T: FromStr>(text: &str) -> bool {
        text.parse::<T>().is_ok()
    }

    #[test]
    fn a_pattern_is_a_server_name_or_every_name_below_it() {
        for text in ["example.org", "*.example.org", "EXAMPLE.org"] {
            assert!(parses::<ServerPattern>(text) && parses::<RoomPattern>(text), "{text}");
        }
        for text in ["", "*", "*.", "*example.org", "a.*.org", "a/b", "*.a/b", "https://example.org"] {
            assert!(!parses::<ServerPattern>(text) && !parses::<RoomPattern>(text), "{text}");
        }
        assert!(parses::<RoomPattern>("!room:example.org") && !parses::<ServerPattern>("!room:example.org"));
    }

    #[test]
    fn a_target_is_a_host_and_a_port() {
        for text in ["10.0.0.1:8448", "[::1]:8448", "synapse:8008"] {
            assert!(parses::<Target>(text), "{text}");
        }
        for text in ["", "host", "10.0.0.1", "::1", "host:0", "host:+80", "host:99999", "a b:1", "https://host:1"] {
            assert!(!parses::<Target>(text), "{text}");
        }
    }
}
