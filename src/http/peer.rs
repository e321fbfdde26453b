//! The address that a request comes from.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use actix_web::dev::RequestHead;
use actix_web::http::header::HeaderValue;
use ipnet::IpNet;

use crate::service::Network;

/// A placeholder for an address that cannot be determined.
const UNKNOWN: IpAddr = IpAddr::V4(Ipv4Addr::UNSPECIFIED);

/// Returns the network that a request comes from.
pub(crate) fn network(head: &RequestHead, trusted: &[IpNet]) -> Network {
    Network::of(peer_address(head, trusted))
}

/// Returns the address that a request comes from.
///
/// `X-Forwarded-For` is trusted only from trusted proxies, and read backwards up to the first
/// address that is not one: a client can write anything before that. If a proxy writes something
/// that is not an address, the result is unknown rather than the proxy itself, since the proxy may
/// run on a machine that the operator has listed.
pub(crate) fn peer_address(head: &RequestHead, trusted: &[IpNet]) -> IpAddr {
    let peer = head.peer_addr.map_or(UNKNOWN, |peer| peer.ip().to_canonical());
    let is_trusted = |address: &IpAddr| trusted.iter().any(|range| range.contains(address));
    // Bytes beyond ASCII, which a client may send and a proxy pass on, must not hide the rest of
    // the line.
    let forwarded = head.headers().get_all("x-forwarded-for").map(HeaderValue::as_bytes);
    let hops: Vec<_> = forwarded.flat_map(|line| line.split(|byte| *byte == b',')).map(str::from_utf8).collect();
    let mut client = peer;
    for hop in hops.iter().rev() {
        if !is_trusted(&client) {
            break;
        }
        let Some(before) = hop.ok().and_then(|hop| address(hop.trim())) else { return UNKNOWN };
        client = before.to_canonical();
    }
    client
}

/// Parses one hop of `X-Forwarded-For`; some proxies add the port.
fn address(hop: &str) -> Option<IpAddr> {
    hop.parse().ok().or_else(|| hop.parse().ok().map(|address: SocketAddr| address.ip()))
}

#[cfg(test)]
mod tests {
    use actix_web::test::TestRequest;

    use super::*;

    fn from(peer: &str, forwarded: &str, trusted: &[&str]) -> String {
        from_lines(peer, &[forwarded.as_bytes()], trusted)
    }

    fn from_lines(peer: &str, forwarded: &[&[u8]], trusted: &[&str]) -> String {
        let mut request = TestRequest::default().peer_addr(format!("{peer}:1").parse().unwrap());
        for line in forwarded {
            request = request.append_header(("X-Forwarded-For", HeaderValue::from_bytes(line).unwrap()));
        }
        let request = request.to_http_request();
        let trusted: Vec<IpNet> = trusted.iter().map(|range| range.parse().unwrap()).collect();
        network(request.head(), &trusted).to_string()
    }

    #[test]
    fn forwarded_for_is_believed_only_from_trusted_proxies() {
        assert_eq!(from("203.0.113.9", "198.51.100.7", &[]), "203.0.113.0/24");
        assert_eq!(from("203.0.113.9", "198.51.100.7", &["203.0.113.9/32"]), "198.51.100.0/24");
        assert_eq!(from("203.0.113.9", "1.2.3.4, 198.51.100.7", &["203.0.113.9/32"]), "198.51.100.0/24");
        assert_eq!(from("203.0.113.9", "198.51.100.7, 203.0.113.10", &["203.0.113.0/24"]), "198.51.100.0/24");
        assert_eq!(from("203.0.113.9", "1.2.3.4, 198.51.100.7:4711", &["203.0.113.9/32"]), "198.51.100.0/24");
        assert_eq!(from("203.0.113.9", "[2001:db8:1:2::3]:4711", &["203.0.113.9/32"]), "2001:db8:1::/48");
        assert_eq!(from("203.0.113.9", "nonsense", &["203.0.113.0/24"]), "0.0.0.0/24");
        assert_eq!(from("203.0.113.9", "198.51.100.7, nonsense", &["203.0.113.0/24"]), "0.0.0.0/24");
        assert_eq!(from("[::ffff:203.0.113.9]", "2001:db8:1:2::3", &["203.0.113.9/32"]), "2001:db8:1::/48");
    }

    #[test]
    fn an_invalid_address_never_makes_the_client_look_like_the_proxy() {
        let trusted = &["127.0.0.1/32"];
        for (lines, network) in [
            (&[&b"\xc3\xa9, 203.0.113.5"[..]][..], "203.0.113.0/24"),
            (&[b"\xff,203.0.113.5"], "203.0.113.0/24"),
            (&[b"\xe9", b"203.0.113.5"], "203.0.113.0/24"),
            (&[b"203.0.113.5, \xe9"], "0.0.0.0/24"),
            (&[b"203.0.113.5", b"\xe9"], "0.0.0.0/24"),
            (&[b"\xc3\xa9"], "0.0.0.0/24"),
            (&[b""], "0.0.0.0/24"),
            (&[b"unknown"], "0.0.0.0/24"),
            (&[b"_hidden, 203.0.113.5"], "203.0.113.0/24"),
            (&[b"203.0.113.5,"], "0.0.0.0/24"),
        ] {
            assert_eq!(from_lines("127.0.0.1", lines, trusted), network, "{lines:?}");
        }
    }
}
