//! The rate limits in the operator's monitoring.

use std::borrow::Cow;

use super::RateLimits;
use crate::identity::rate_limit::Limit;
use crate::identity::rate_limit::kind::{Kind, Scope};
use crate::metrics::Label;

impl RateLimits {
    /// Returns the limits that everyone shares: there is one of each kind.
    pub(in crate::service) fn of_server(&self) -> Vec<Limit> {
        Common::all().into_iter().map(|Common(kind)| self.rules().limit(kind, &[])).collect()
    }
}

impl Label for Kind {
    const NAME: &'static str = "limit";

    fn all() -> Vec<Self> {
        Self::ALL.to_vec()
    }

    fn value(self) -> Cow<'static, str> {
        self.to_string().into()
    }
}

/// The kind of a limit that everyone shares.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::service) struct Common(pub Kind);

impl Label for Common {
    const NAME: &'static str = Kind::NAME;

    fn all() -> Vec<Self> {
        Kind::ALL.into_iter().filter(|kind| kind.scope == Scope::Server).map(Self).collect()
    }

    fn value(self) -> Cow<'static, str> {
        self.0.value()
    }
}
