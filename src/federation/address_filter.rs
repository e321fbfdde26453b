//! The addresses that may be connected to: the public internet, and the ranges that the operator
//! lists.
//!
//! Strangers choose the names of homeservers, so a name may resolve to anything, including services
//! on this machine. The filter sees the address that is actually connected to, after all
//! resolution, so no detour evades it.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use ipnet::{IpNet, Ipv4Net, Ipv6Net};

/// Ranges that are not the public internet, according to the IANA IPv4 Special-Purpose Address
/// Registry.
const REFUSED_V4: [Ipv4Net; 15] = [
    Ipv4Net::new_assert(Ipv4Addr::UNSPECIFIED, 8), // this network, unspecified
    Ipv4Net::new_assert(Ipv4Addr::new(10, 0, 0, 0), 8), // private
    Ipv4Net::new_assert(Ipv4Addr::new(100, 64, 0, 0), 10), // carrier-grade NAT
    Ipv4Net::new_assert(Ipv4Addr::new(127, 0, 0, 0), 8), // loopback
    Ipv4Net::new_assert(Ipv4Addr::new(169, 254, 0, 0), 16), // link-local, cloud metadata
    Ipv4Net::new_assert(Ipv4Addr::new(172, 16, 0, 0), 12), // private
    Ipv4Net::new_assert(Ipv4Addr::new(192, 0, 0, 0), 24), // IETF protocol assignments
    Ipv4Net::new_assert(Ipv4Addr::new(192, 0, 2, 0), 24), // documentation
    Ipv4Net::new_assert(Ipv4Addr::new(192, 88, 99, 0), 24), // 6to4 relays
    Ipv4Net::new_assert(Ipv4Addr::new(192, 168, 0, 0), 16), // private
    Ipv4Net::new_assert(Ipv4Addr::new(198, 18, 0, 0), 15), // benchmarking
    Ipv4Net::new_assert(Ipv4Addr::new(198, 51, 100, 0), 24), // documentation
    Ipv4Net::new_assert(Ipv4Addr::new(203, 0, 113, 0), 24), // documentation
    Ipv4Net::new_assert(Ipv4Addr::new(224, 0, 0, 0), 4), // multicast
    Ipv4Net::new_assert(Ipv4Addr::new(240, 0, 0, 0), 4), // reserved, broadcast
];

/// The range of all global unicast addresses. Everything else is refused: unspecified, loopback,
/// IPv4-mapped (`::ffff:0:0/96`), compatible and translated (`64:ff9b::/96`, `64:ff9b:1::/48`),
/// discard, unique local, link-local, site-local and multicast addresses.
const GLOBAL_V6: Ipv6Net = Ipv6Net::new_assert(Ipv6Addr::new(0x2000, 0, 0, 0, 0, 0, 0, 0), 3);

/// Ranges within [`GLOBAL_V6`] that are not the public internet, according to the IANA registry for
/// IPv6.
const REFUSED_V6: [Ipv6Net; 5] = [
    Ipv6Net::new_assert(Ipv6Addr::new(0x2001, 0, 0, 0, 0, 0, 0, 0), 23), // IETF protocol assignments, Teredo
    Ipv6Net::new_assert(Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 0), 32), // documentation
    Ipv6Net::new_assert(Ipv6Addr::new(0x2002, 0, 0, 0, 0, 0, 0, 0), 16), // 6to4, carries an IPv4 address
    Ipv6Net::new_assert(Ipv6Addr::new(0x3ffe, 0, 0, 0, 0, 0, 0, 0), 16), // 6bone, returned
    Ipv6Net::new_assert(Ipv6Addr::new(0x3fff, 0, 0, 0, 0, 0, 0, 0), 20), // documentation
];

/// Decides which addresses may be connected to.
pub(super) struct AddressFilter {
    allowed: Vec<IpNet>,
}

impl AddressFilter {
    /// Creates a filter that allows public addresses and the given ranges.
    pub(super) fn new(allowed: &[IpNet]) -> Self {
        Self { allowed: allowed.to_vec() }
    }

    /// Returns whether this address may be connected to.
    ///
    /// An IPv4-mapped address reaches the IPv4 host, so a listed IPv4 range also applies to it.
    /// Otherwise it is refused even if the host is public, because no honest server uses such an
    /// address.
    pub(super) fn allows(&self, address: IpAddr) -> bool {
        let is_listed = |address| self.allowed.iter().any(|range| range.contains(&address));
        is_public(address) || is_listed(address) || is_listed(address.to_canonical())
    }
}

fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => !REFUSED_V4.iter().any(|range| range.contains(&address)),
        IpAddr::V6(address) => GLOBAL_V6.contains(&address) && !REFUSED_V6.iter().any(|range| range.contains(&address)),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn allows(allowed: &[&str], address: &str) -> bool {
        let allowed: Vec<IpNet> = allowed.iter().map(|range| range.parse().unwrap()).collect();
        AddressFilter::new(&allowed).allows(address.parse().unwrap())
    }

    #[test]
    fn public_addresses_are_allowed() {
        for address in [
            "1.1.1.1",
            "9.255.255.255",
            "11.0.0.0",
            "100.63.255.255",
            "100.128.0.0",
            "172.15.255.255",
            "172.32.0.0",
            "192.0.1.0",
            "198.20.0.0",
            "223.255.255.255",
            "2606:4700::1111",
            "2a01:4f8::1",
            "2001:200::1",
        ] {
            assert!(allows(&[], address), "{address}");
        }
    }

    #[test]
    fn other_addresses_are_refused() {
        for address in [
            "0.0.0.0",
            "0.1.2.3",
            "10.0.0.1",
            "100.64.0.1",
            "100.127.255.255",
            "127.0.0.1",
            "127.255.255.254",
            "169.254.169.254",
            "172.16.0.1",
            "172.31.255.255",
            "192.0.0.1",
            "192.0.2.1",
            "192.88.99.1",
            "192.168.1.1",
            "198.18.0.1",
            "198.19.255.255",
            "198.51.100.1",
            "203.0.113.1",
            "224.0.0.1",
            "239.1.1.1",
            "240.0.0.1",
            "255.255.255.255",
            "::",
            "::1",
            "::7f00:1",
            "::ffff:127.0.0.1",
            "::ffff:1.1.1.1",
            "64:ff9b::7f00:1",
            "64:ff9b::101:101",
            "64:ff9b:1::1",
            "100::1",
            "2001::1",
            "2001:0:4136:e378:8000:63bf:3fff:fdd2",
            "2001:2::1",
            "2001:20::1",
            "2001:db8::1",
            "2002:7f00:1::",
            "2002:101:101::",
            "3ffe::1",
            "3fff::1",
            "5f00::1",
            "fc00::1",
            "fd12:3456::1",
            "fe80::1",
            "fec0::1",
            "ff02::1",
        ] {
            assert!(!allows(&[], address), "{address}");
        }
    }

    #[test]
    fn listed_ranges_are_allowed() {
        assert!(allows(&["127.0.0.0/8"], "127.1.2.3"));
        assert!(allows(&["10.0.0.0/8", "fd00::/8"], "fd00::5"));
        assert!(!allows(&["10.0.0.0/8"], "127.0.0.1"));
        assert!(!allows(&["10.1.0.0/16"], "10.2.0.1"));
        assert!(!allows(&["0.0.0.0/0"], "::1"));
    }

    #[test]
    fn a_listed_v4_range_applies_to_the_mapped_form_but_to_no_other() {
        assert!(allows(&["127.0.0.0/8"], "::ffff:127.0.0.1"));
        for disguise in ["::127.0.0.1", "64:ff9b::7f00:1", "2002:7f00:1::"] {
            assert!(!allows(&["127.0.0.0/8"], disguise), "{disguise}");
        }
    }

    proptest! {
        #[test]
        fn no_v4_address_is_allowed_in_disguise(bits: u32, tail: u64) {
            let filter = AddressFilter::new(&[]);
            let v4 = u128::from(bits);
            let disguises = [
                0xffff << 32 | v4,
                v4,
                0x0064_ff9b << 96 | v4,
                0x0064_ff9b_0001 << 80 | v4,
                0x2002 << 112 | v4 << 80 | u128::from(tail),
                0x2001_0000 << 96 | v4 << 64 | u128::from(tail),
            ];
            for disguise in disguises {
                prop_assert!(!filter.allows(Ipv6Addr::from_bits(disguise).into()));
            }
        }

        #[test]
        fn a_mapped_address_is_allowed_exactly_if_its_v4_range_is_listed(bits: u32, network: u32, length in 0_u8..=32) {
            let range = Ipv4Net::new(Ipv4Addr::from_bits(network), length).unwrap();
            let address = Ipv4Addr::from_bits(bits);
            let filter = AddressFilter::new(&[range.into()]);
            prop_assert_eq!(filter.allows(address.to_ipv6_mapped().into()), range.contains(&address));
        }
    }
}
