//! Telling the operator that a shared limit refuses requests.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use crate::clock::{HOUR, Millis, is_recent};
use crate::config::Budgets;
use crate::identity::rate_limit::kind::{Kind, Scope};

/// The time when the operator was last warned about each kind of limit.
#[derive(Default)]
pub(super) struct Warnings(Mutex<HashMap<Kind, Millis>>);

impl Warnings {
    /// Logs that a shared limit has refused a request, at most once an hour for each kind. Does not
    /// say whose request it was.
    pub(super) fn warn(&self, kind: Kind, budgets: &Budgets, now: Millis) {
        if kind.is_shared() && self.is_due(kind, now) {
            let (section, _) = kind.budget(budgets);
            log::warn!(
                "requests are refused, because a shared limit has no room for them: {kind}, [{section}]. {} \
                 `vouch limits` shows all levels. This is logged once an hour",
                advice(kind)
            );
        }
    }

    fn is_due(&self, kind: Kind, now: Millis) -> bool {
        let mut warned = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let is_due = warned.get(&kind).is_none_or(|last| !is_recent(*last, HOUR, now));
        if is_due {
            warned.insert(kind, now);
        }
        is_due
    }
}

/// Returns advice for the operator.
const fn advice(kind: Kind) -> &'static str {
    match kind.scope {
        _ if kind.is_strangers => {
            "It counts requests at /address, made without an account; accounts are not affected. If this is not an \
             attack, raise the limit, of which this is a tenth."
        }
        Scope::Homeserver | Scope::WholeHomeserver => {
            "If you know the homeserver with so many users, add it to budgets.trusted_homeservers; if this is an \
             attack, block it with federation.blocked_servers."
        }
        Scope::Network | Scope::WideNetwork | Scope::WholeWideNetwork => {
            "If all clients seem to come from one network, check server.trusted_proxies; if many people do, raise the \
             limit."
        }
        _ => "If this is not an attack, raise the limit.",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::identity::rate_limit::kind::Counted;

    #[test]
    fn each_kind_is_warned_about_once_an_hour() {
        let warnings = Warnings::default();
        let (server, network) = (Kind::of(Counted::Text, Scope::Server), Kind::of(Counted::Text, Scope::Network));
        assert!(warnings.is_due(server, 0) && !warnings.is_due(server, HOUR - 1));
        assert!(warnings.is_due(network, HOUR - 1) && warnings.is_due(server.of_strangers(), HOUR - 1));
        assert!(warnings.is_due(server, HOUR) && !warnings.is_due(server, HOUR));
    }
}
