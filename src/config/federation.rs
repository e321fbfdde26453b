//! `[federation]`: how homeservers are reached, and which.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use ipnet::IpNet;
use ruma_common::OwnedServerName;

use super::homeserver::{ServerPattern, Target};
use super::parse;
use super::reader::Reader;

/// `[federation]`: how homeservers are reached.
#[derive(Clone, Debug)]
pub struct Federation {
    /// `ca_file`: PEM certificates trusted besides the system's. Default none.
    pub ca_file: Option<PathBuf>,
    /// `allowed_ranges`: addresses that may be connected to although they are not public. Default none.
    pub allowed_ranges: Vec<IpNet>,
    /// `overrides`: `"server.name" = "host-or-ip:port"`, in place of discovery. Default none.
    pub overrides: BTreeMap<OwnedServerName, Target>,
    /// `dns_servers`: resolvers to ask in place of the system's; port 53 if none is named. Default none.
    pub dns_servers: Vec<SocketAddr>,
    /// `allowed_servers`: if set, only these may register; `*.example.org` is every name below. Default none: any.
    pub allowed_servers: Option<Vec<ServerPattern>>,
    /// `blocked_servers`: these may not; same patterns. Default none.
    pub blocked_servers: Vec<ServerPattern>,
    /// `connect_timeout`. Default 3 s.
    pub connect_timeout: Duration,
    /// `timeout`: for a whole exchange, discovery included. Default 4 s.
    pub timeout: Duration,
}

impl Federation {
    pub(super) fn read(reader: &mut Reader) -> Self {
        let mut section = reader.section("federation");
        Self {
            ca_file: section.optional("ca_file", parse::file),
            allowed_ranges: section.list("allowed_ranges", &[], parse::range),
            overrides: section.table("overrides", parse::server_name, str::parse),
            dns_servers: section.list("dns_servers", &[], parse::dns_server),
            allowed_servers: section.optional_list("allowed_servers", str::parse),
            blocked_servers: section.list("blocked_servers", &[], str::parse),
            connect_timeout: section.text("connect_timeout", "3s", parse::duration("100ms", "5m")),
            timeout: section.text("timeout", "4s", parse::duration("100ms", "5m")),
        }
    }
}
