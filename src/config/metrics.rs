//! `[metrics]`: the metrics that Prometheus reads.

use std::net::SocketAddr;

use super::parse;
use super::reader::Reader;

/// `[metrics]`
#[derive(Clone, Debug)]
pub struct Metrics {
    /// `listen`: addresses at which only metrics are served. Port 0 stands for any free port.
    /// Default none.
    pub listen: Option<Vec<SocketAddr>>,
}

impl Metrics {
    pub(super) fn read(reader: &mut Reader) -> Self {
        let mut section = reader.section("metrics");
        Self { listen: section.optional_list("listen", parse::listen) }
    }
}
