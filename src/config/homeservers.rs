//! `[homeservers]`: services for homeservers that the operator knows.

use std::collections::BTreeMap;
use std::net::IpAddr;

use ipnet::IpNet;
use ruma_common::{OwnedServerName, ServerName};

use super::parse::{self, Parsed};
use super::reader::Reader;

/// `[homeservers]`
#[derive(Clone, Debug)]
pub struct Homeservers {
    /// `phone_checks_from`: networks that may validate phone numbers without a token. Default none.
    pub phone_checks_from: Vec<IpNet>,
    /// `v1_invites`: the networks of each homeserver that may invite on behalf of its users through
    /// version 1 of the API, without a token. Default none.
    pub v1_invites: BTreeMap<OwnedServerName, Vec<IpNet>>,
}

impl Homeservers {
    pub(super) fn read(reader: &mut Reader) -> Self {
        let mut section = reader.section("homeservers");
        Self {
            phone_checks_from: section.list("phone_checks_from", &[], parse::range),
            v1_invites: section.table("v1_invites", parse::server_name, ranges),
        }
    }

    /// Returns whether the address is one from which the homeserver may invite.
    #[must_use]
    pub fn invites_from(&self, server: &ServerName, address: IpAddr) -> bool {
        self.v1_invites.get(server).is_some_and(|ranges| ranges.iter().any(|range| range.contains(&address)))
    }
}

/// Parses ranges that are separated by spaces.
fn ranges(text: &str) -> Parsed<Vec<IpNet>> {
    let ranges: Vec<_> = text.split_whitespace().map(parse::range).collect::<Result<_, _>>()?;
    if ranges.is_empty() { parse::range("").map(|range| vec![range]) } else { Ok(ranges) }
}
