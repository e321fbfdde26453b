//! The name that this client gives to SMTP servers (RFC 5321 section 4.1.4).

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

/// Returns this machine's name if it is a domain name. Servers refuse the names of containers and
/// of machines without a domain, and `localhost`.
pub(super) fn own_name() -> Option<String> {
    domain_name(gethostname::gethostname().to_str()?)
}

fn domain_name(host: &str) -> Option<String> {
    let host = host.trim_end_matches('.');
    let (_, top) = host.rsplit_once('.')?;
    let is_label =
        |label: &str| !label.is_empty() && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
    let is_local = ["localdomain", "localhost"].iter().any(|name| top.eq_ignore_ascii_case(name));
    (host.split('.').all(is_label) && !is_local && host.parse::<IpAddr>().is_err()).then(|| host.to_owned())
}

/// Returns the address literal of this end of a connection.
pub(super) fn literal(address: Option<SocketAddr>) -> String {
    match address.map_or(IpAddr::V4(Ipv4Addr::LOCALHOST), |address| address.ip().to_canonical()) {
        IpAddr::V4(ip) => format!("[{ip}]"),
        IpAddr::V6(ip) => format!("[IPv6:{ip}]"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_domain_name_is_given() {
        for name in ["id.example.org", "web-1.internal", "ID.Example.ORG", "id.example.org."] {
            assert_eq!(domain_name(name).as_deref(), Some(name.trim_end_matches('.')), "{name}");
        }
        for name in [
            "",
            "web1",
            "localhost",
            "localhost.localdomain",
            "a.localhost",
            "3f2a9c",
            "my_host.example.org",
            "b\u{fc}ro.example.org",
            "10.0.0.1",
            ".example.org",
            "a..org",
            "a b.org",
            "a.org\r\nMAIL",
        ] {
            assert_eq!(domain_name(name), None, "{name:?}");
        }
    }

    #[test]
    fn without_a_name_the_network_address_is_given() {
        for (address, expected) in [
            ("192.0.2.1:50000", "[192.0.2.1]"),
            ("[2001:db8::1]:50000", "[IPv6:2001:db8::1]"),
            ("[::1]:50000", "[IPv6:::1]"),
            ("[::ffff:192.0.2.1]:50000", "[192.0.2.1]"),
        ] {
            assert_eq!(literal(address.parse().ok()), expected);
        }
        assert_eq!(literal(None), "[127.0.0.1]");
    }
}
