//! `[homeservers]`: services for homeservers that the operator knows.

use ipnet::IpNet;

use super::parse;
use super::reader::Reader;

/// `[homeservers]`
#[derive(Clone, Debug)]
pub struct Homeservers {
    /// `phone_checks_from`: networks that may validate phone numbers without a token. Default none.
    pub phone_checks_from: Vec<IpNet>,
}

impl Homeservers {
    pub(super) fn read(reader: &mut Reader) -> Self {
        let mut section = reader.section("homeservers");
        Self { phone_checks_from: section.list("phone_checks_from", &[], parse::range) }
    }
}
