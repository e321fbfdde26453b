//! Grouping homeservers for rate limits: those on a domain that somebody registered count as one.
//!
//! Names below a domain cost nothing, so `a.example.org` and `b.example.org` are one, but `a.co.uk`
//! and `b.co.uk` are not: `co.uk` is in the [public suffix list](https://publicsuffix.org). The
//! second part of that list has domains such as `github.io`, whose owners give names below them to
//! anyone. These names cost nothing either, so that part is ignored: all of `github.io` counts as
//! one homeserver, and an operator who knows one of them can trust it. All homeservers whose name
//! is an IP address also count as one, since anybody with an IPv6 network has thousands of
//! addresses.

use std::net::IpAddr;

use psl::Type;

/// The group of homeservers whose name is an IP address.
const ADDRESSES: &str = "[]";

/// Returns the name under which a homeserver counts: its registrable domain, `[]` if its name is an
/// IP address, or else its whole host name. Case, port and a trailing dot make no difference.
#[must_use]
pub fn of(host: &str) -> String {
    let host = host.trim_end_matches('.').to_ascii_lowercase();
    if host.trim_matches(['[', ']']).parse::<IpAddr>().is_ok() {
        return ADDRESSES.to_owned();
    }
    registrable(&host).unwrap_or(&host).to_owned()
}

/// Returns the last labels of a host name: a public suffix that a registry runs, and one more.
fn registrable(host: &str) -> Option<&str> {
    let mut name = host;
    loop {
        let suffix = psl::suffix(name.as_bytes())?;
        let length = suffix.as_bytes().len();
        if suffix.typ() == Some(Type::Private) {
            // This includes names within it: their own suffix is the one to look at.
            (_, name) = name[name.len() - length..].split_once('.')?;
            continue;
        }
        let label = host.len().checked_sub(length + 1)?;
        let start = host[..label].rfind('.').map_or(0, |dot| dot + 1);
        return Some(&host[start..]);
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn homeservers_count_by_the_domain_that_somebody_registered() {
        for (host, expected) in [
            ("example.org", "example.org"),
            ("matrix.example.org", "example.org"),
            ("a.b.c.example.org", "example.org"),
            ("Matrix.EXAMPLE.org.", "example.org"),
            ("hs.example", "hs.example"),
            ("deep.hs.example", "hs.example"),
            ("localhost", "localhost"),
            ("synapse", "synapse"),
            ("org", "org"),
        ] {
            assert_eq!(of(host), expected, "{host}");
        }
    }

    #[test]
    fn domains_below_a_public_suffix_are_apart() {
        for (host, expected) in [
            ("a.co.uk", "a.co.uk"),
            ("matrix.a.co.uk", "a.co.uk"),
            ("b.co.uk", "b.co.uk"),
            ("co.uk", "co.uk"),
            ("x.city.kawasaki.jp", "city.kawasaki.jp"),
            ("x.y.other.kawasaki.jp", "y.other.kawasaki.jp"),
            // Matrix server names have the punycode form.
            ("a.xn--mnchen-3ya.de", "xn--mnchen-3ya.de"),
            ("m.a.xn--55qx5d.cn", "a.xn--55qx5d.cn"),
            ("m.b.xn--55qx5d.cn", "b.xn--55qx5d.cn"),
            ("m.a.xn--p1ai", "a.xn--p1ai"),
        ] {
            assert_eq!(of(host), expected, "{host}");
        }
    }

    #[test]
    fn names_that_a_domains_owner_gives_to_anyone_are_one() {
        for (host, expected) in [
            ("one.github.io", "github.io"),
            ("two.github.io", "github.io"),
            ("m.one.github.io", "github.io"),
            ("github.io", "github.io"),
            ("x.s3.dualstack.eu-west-1.amazonaws.com", "amazonaws.com"),
            ("x.duckdns.org", "duckdns.org"),
            ("x.blogspot.co.uk", "blogspot.co.uk"),
        ] {
            assert_eq!(of(host), expected, "{host}");
        }
    }

    #[test]
    fn addresses_are_one() {
        for host in ["192.0.2.7", "192.0.2.7.", "[2001:db8:1:2::7]", "[2001:DB8:9::1]", "[::ffff:192.0.2.9]"] {
            assert_eq!(of(host), ADDRESSES, "{host}");
        }
        assert_eq!(of("192.0.2.7.example.org"), "example.org");
    }

    proptest! {
        #[test]
        fn fuzz_every_name_below_a_domain_counts_as_it(label in "[a-z0-9]{1,8}", name in "[a-z]{1,6}(\\.[a-z]{1,6}){1,3}") {
            let group = of(&name);
            prop_assert!(name.ends_with(&group));
            prop_assert_eq!(of(&group), group.clone());
            if group != name {
                prop_assert_eq!(of(&format!("{label}.{name}")), group);
            }
        }

        #[test]
        fn fuzz_any_text_has_a_group(host in ".{0,40}") {
            let _ = of(&host);
        }
    }
}
