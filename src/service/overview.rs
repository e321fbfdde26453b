//! What the operator sees of the whole: the nodes that run, and how much there is of everything.
//!
//! When a node started is known to its process alone, so each node notes it in the database, every
//! minute. A command sees the nodes there, wherever it runs, and asks none of them.

use std::sync::Arc;
use std::time::Duration;

use serde::Serialize;

use super::{ClockGuard, Directory, LimitLevels, RateLimits};
use crate::clock::{Clock, DAY, MINUTE, Millis};
use crate::config::Retention;
use crate::crypto::base62;
use crate::error::Error;
use crate::store::counts::{self, Counts, Inventory, Lease, Queue, Since};
use crate::store::nodes::{self, Node};
use crate::store::{Error as StoreError, Store};

/// How often a node notes that it runs.
const INTERVAL: Duration = Duration::from_mins(1);
/// How long a node that has noted nothing counts as running.
const ALIVE: Millis = 3 * MINUTE;
/// How long a node that crashed is remembered.
const REMEMBERED: Millis = DAY;

/// Notes that this node runs, and shows the state of all.
pub struct Overview {
    pub(super) store: Store,
    pub(super) clock: Clock,
    pub(super) retention: Retention,
    pub(super) rate_limits: Arc<RateLimits>,
    pub(super) directory: Arc<Directory>,
    pub(super) clock_guard: Arc<ClockGuard>,
    /// The name of this node.
    pub(super) node: [u8; 16],
}

/// The state of all nodes together; times in milliseconds since the epoch.
#[derive(Debug, Serialize)]
pub struct Status {
    /// The time.
    pub now: Millis,
    /// The nodes.
    pub nodes: Vec<NodeStatus>,
    /// How much is stored.
    pub counts: Counts,
    /// How full the limits are that all share.
    pub limits: Vec<LimitLevels>,
    /// What has to be delivered.
    pub queue: Vec<Queue>,
    /// When the pepper changes.
    pub next_pepper_at: Millis,
    /// What the clocks say.
    pub clock: ClockStatus,
    /// What one node does for all.
    pub leases: Vec<Lease>,
}

/// A node; times in milliseconds since the epoch.
#[derive(Debug, Serialize)]
pub struct NodeStatus {
    /// Whether it has lately noted that it runs. If not, it crashed, or cannot write to the
    /// database.
    pub alive: bool,
    /// The version of its program.
    pub version: String,
    /// When it started.
    pub started_at: Millis,
    /// When it last noted that it runs.
    pub seen_at: Millis,
}

/// What the clocks say, in milliseconds since the epoch.
#[derive(Debug, Serialize)]
pub struct ClockStatus {
    /// This machine's.
    pub machine: Millis,
    /// The database's, if it has one.
    pub database: Option<Millis>,
    /// The time at which a node was last running.
    pub stored: Option<Millis>,
    /// Why a node with this machine's clock would not act.
    pub wrong: Option<String>,
}

impl Overview {
    /// Returns the name of a new node.
    pub(super) fn name() -> [u8; 16] {
        base62::random_bytes()
    }

    /// Notes every minute that this node runs, forever.
    pub async fn run(self: Arc<Self>) {
        let started_at = self.clock.now();
        loop {
            if self.clock.is_right()
                && let Err(error) = self.note(started_at).await
            {
                log::debug!("it could not be noted that this node runs: {error}");
            }
            self.clock.pause(INTERVAL).await;
        }
    }

    async fn note(&self, started_at: Millis) -> Result<(), StoreError> {
        let seen_at = self.clock.now();
        let version = env!("CARGO_PKG_VERSION").to_owned();
        let node = Node { id: self.node.to_vec(), version, started_at: started_at.min(seen_at), seen_at };
        self.store.note(async move |conn| nodes::note(conn, node).await).await?;
        let until = self.clock.settled().saturating_sub(REMEMBERED);
        self.store.note(async move |conn| nodes::sweep(conn, until).await).await
    }

    /// Forgets this node, which stops.
    ///
    /// # Errors
    /// 503 if the database is unavailable.
    pub async fn close(&self) -> Result<(), Error> {
        let id = self.node.to_vec();
        Ok(self.store.write_one(async move |conn| nodes::remove(conn, id).await).await?)
    }

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
        let mut conn = self.store.read_much().await?;
        let nodes = nodes::all(&mut conn).await?.into_iter().map(|node| NodeStatus {
            alive: node.seen_at > now - ALIVE,
            version: node.version,
            started_at: node.started_at,
            seen_at: node.seen_at,
        });
        let Inventory { counts, queue, leases } = counts::take(&mut conn, now, since).await?;
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
        })
    }
}
