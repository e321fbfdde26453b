//! The network a request comes from.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// The network of a client, as coarse as rate limits need it: a /24 or a /48.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Network(IpAddr);

impl Network {
    /// The network of a client whose address cannot be determined.
    const UNKNOWN: Self = Self(IpAddr::V4(Ipv4Addr::UNSPECIFIED));

    /// Returns the network of an address. An IPv6 address that stands for an IPv4 address counts as
    /// that one: mapped, translated (`64:ff9b::/96`, RFC 6052) or 6to4 (`2002::/16`, RFC 3056).
    #[must_use]
    pub fn of(address: IpAddr) -> Self {
        Self(match inner(address.to_canonical()) {
            IpAddr::V4(v4) => Ipv4Addr::from_bits(v4.to_bits() & !0xff).into(),
            IpAddr::V6(v6) => Ipv6Addr::from_bits(v6.to_bits() >> 80 << 80).into(),
        })
    }

    /// Returns the /16 or /32 around it, which one provider or one of its customers may have.
    #[must_use]
    pub fn wide(&self) -> IpAddr {
        match self.0 {
            IpAddr::V4(v4) => Ipv4Addr::from_bits(v4.to_bits() & !0xffff).into(),
            IpAddr::V6(v6) => Ipv6Addr::from_bits(v6.to_bits() >> 96 << 96).into(),
        }
    }

    /// Returns whether the client's address could be determined.
    #[must_use]
    pub fn is_known(&self) -> bool {
        *self != Self::UNKNOWN
    }
}

/// Returns the IPv4 address that an IPv6 address stands for, or the address itself.
fn inner(address: IpAddr) -> IpAddr {
    let IpAddr::V6(v6) = address else { return address };
    match v6.segments() {
        [0x64, 0xff9b, 0, 0, 0, 0, high, low] | [0x2002, high, low, ..] => {
            Ipv4Addr::from_bits(u32::from(high) << 16 | u32::from(low)).into()
        }
        _ => address,
    }
}

impl fmt::Display for Network {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.0, if self.0.is_ipv4() { 24 } else { 48 })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_that_stands_for_another_counts_as_that_one() {
        for (address, network, wide) in [
            ("192.0.2.7", "192.0.2.0/24", "192.0.0.0"),
            ("::ffff:192.0.2.7", "192.0.2.0/24", "192.0.0.0"),
            ("64:ff9b::192.0.2.7", "192.0.2.0/24", "192.0.0.0"),
            ("2002:c000:207:1::9", "192.0.2.0/24", "192.0.0.0"),
            ("64:ff9b:1::192.0.2.7", "64:ff9b:1::/48", "64:ff9b::"),
            ("2001:db8:1:2::7", "2001:db8:1::/48", "2001:db8::"),
        ] {
            let of = Network::of(address.parse().unwrap());
            assert_eq!((of.to_string(), of.wide().to_string()), (network.to_owned(), wide.to_owned()), "{address}");
        }
    }
}
