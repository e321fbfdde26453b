//! `[metrics]`: what Prometheus reads.

use std::net::SocketAddr;

use super::parse;
use super::reader::Reader;

/// `[metrics]`
#[derive(Clone, Debug)]
pub struct Metrics {
    /// `listen`: addresses at which metrics are served, and nothing else. Port 0 stands for any
    /// free port. Default none.
    pub listen: Option<Vec<SocketAddr>>,
}

impl Metrics {
    pub(super) fn read(reader: &mut Reader) -> Self {
        let mut section = reader.section("metrics");
        Self { listen: section.optional_list("listen", parse::listen) }
    }
}
