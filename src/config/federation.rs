//! `[federation]`: which homeservers are contacted, and how.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use ipnet::IpNet;
use ruma_common::OwnedServerName;

use super::homeserver::{ServerPattern, Target};
use super::parse;
use super::reader::Reader;

/// `[federation]`
#[derive(Clone, Debug)]
pub struct Federation {
    /// `ca_file`: PEM certificates trusted in addition to the system's. Default none.
    pub ca_file: Option<PathBuf>,
    /// `allowed_ranges`: addresses that may be connected to even though they are not public.
    /// Default none.
    pub allowed_ranges: Vec<IpNet>,
    /// `overrides`: `"server.name" = "host-or-ip:port"`, used instead of discovery. Default none.
    pub overrides: BTreeMap<OwnedServerName, Target>,
    /// `dns_servers`: resolvers used instead of the system's, on port 53 by default. Default none.
    pub dns_servers: Vec<SocketAddr>,
    /// `allowed_servers`: if set, only users of these homeservers may register. Default none.
    pub allowed_servers: Option<Vec<ServerPattern>>,
    /// `blocked_servers`: users of these homeservers may not register. Default none.
    pub blocked_servers: Vec<ServerPattern>,
    /// `connect_timeout`. Default 3 s.
    pub connect_timeout: Duration,
    /// `timeout`: for a whole exchange, including discovery. Default 4 s.
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
