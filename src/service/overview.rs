//! The operator's view of the whole: the running nodes, and the amount of stored data.
//!
//! Only its own process knows when a node started, so each [node](super::Node) records it in the
//! database. A command reads the nodes from there, wherever it runs, without asking any of them.

use std::sync::Arc;

use serde::Serialize;

use super::node::ALIVE;
use super::{Audit, AuditState, ClockGuard, Directory, LimitLevels, RateLimits};
use crate::clock::{Clock, Millis};
use crate::config::Retention;
use crate::crypto::vault::Vault;
use crate::error::Error;
use crate::store::counts::{self, Counts, Inventory, Lease, Queue, Since};
use crate::store::{Store, nodes, rekeying};

/// Shows the state of all nodes.
pub struct Overview {
    pub(super) store: Store,
    pub(super) clock: Clock,
    pub(super) retention: Retention,
    pub(super) rate_limits: Arc<RateLimits>,
    pub(super) directory: Arc<Directory>,
    pub(super) clock_guard: Arc<ClockGuard>,
    pub(super) audit: Arc<Audit>,
    pub(super) vault: Arc<Vault>,
}

/// The state of all nodes together; times in milliseconds since the epoch.
#[derive(Debug, Serialize)]
pub struct Status {
    /// The time.
    pub now: Millis,
    /// The nodes.
    pub nodes: Vec<NodeStatus>,
    /// The amount of stored data.
    pub counts: Counts,
    /// The levels of the limits shared by everyone.
    pub limits: Vec<LimitLevels>,
    /// The pending deliveries.
    pub queue: Vec<Queue>,
    /// The time when the pepper changes.
    pub next_pepper_at: Millis,
    /// The readings of the clocks.
    pub clock: ClockStatus,
    /// The tasks that one node does for all.
    pub leases: Vec<Lease>,
    /// The audit log.
    pub audit: AuditState,
    /// How many rows the exchange of the master key has not renewed, if there is one.
    pub rows_of_former_key: Option<i64>,
}

/// A node; times in milliseconds since the epoch.
#[derive(Debug, Serialize)]
pub struct NodeStatus {
    /// True if it has recently recorded that it is running. Otherwise it has crashed, or cannot
    /// write to the database.
    pub alive: bool,
    /// The version of its program.
    pub version: String,
    /// The time when it started.
    pub started_at: Millis,
    /// The time when it last recorded that it is running.
    pub seen_at: Millis,
}

/// The readings of the clocks, in milliseconds since the epoch.
#[derive(Debug, Serialize)]
pub struct ClockStatus {
    /// This machine's.
    pub machine: Millis,
    /// The database's, if it has one.
    pub database: Option<Millis>,
    /// The time at which a node was last running.
    pub stored: Option<Millis>,
    /// The reason why a node with this machine's clock would not act.
    pub wrong: Option<String>,
}

impl Overview {
    /// Returns the state of all nodes.
    ///
    /// # Errors
    /// 503 if the database is unavailable.
    pub async fn status(&self) -> Result<Status, Error> {
        let now = self.clock.now();
        let Retention { access_token, visit, invite, .. } = self.retention;
        let since = Since { token: now - access_token, visit: now - visit, invite: now - invite };
        let (seen, _, wrong) = self.clock_guard.look().await?;
        let mut limits = self.rate_limits.levels().await?;
        limits.retain(|limit| limit.level.is_some());
        let audit = self.audit.state().await?;
        let mut conn = self.store.read_much().await?;
        let nodes = nodes::all(&mut conn).await?.into_iter().map(|node| NodeStatus {
            alive: node.seen_at > now - ALIVE,
            version: node.version,
            started_at: node.started_at,
            seen_at: node.seen_at,
        });
        let Inventory { counts, queue, leases } = counts::take(&mut conn, now, since).await?;
        let rows_of_former_key = rekeying::rows_left(&mut conn, &self.vault).await?;
        Ok(Status {
            now,
            nodes: nodes.collect(),
            counts,
            limits,
            queue,
            next_pepper_at: self.directory.next_pepper_at(),
            clock: ClockStatus {
                machine: seen.after.wall,
                database: seen.database,
                stored: seen.stored,
                wrong: wrong.map(|wrong| wrong.to_string()),
            },
            leases,
            audit,
            rows_of_former_key,
        })
    }
}
