//! What was acknowledged, and the comparison with what the nodes say.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use reqwest::Method;
use serde_json::Value;

use crate::Result;
use crate::client::{Answer, Client};
use crate::users;
use crate::world::World;

/// How long deliveries may take after the last failure. A node that was killed while it delivered
/// holds its lease for a minute.
const DELIVERED_WITHIN: Duration = Duration::from_mins(3);

/// How long it may take until a node finds what was bound on another.
const FOUND_WITHIN: Duration = Duration::from_secs(10);

/// What was acknowledged.
#[derive(Default)]
pub struct Books {
    closed: AtomicBool,
    entries: Mutex<Entries>,
}

/// The entries of the books.
#[derive(Default)]
pub struct Entries {
    /// The Matrix ID of each address that is bound.
    pub bound: BTreeMap<String, String>,
    /// The addresses that were bound and are not any more.
    pub unbound: BTreeSet<String>,
    /// The access tokens of users who erased everything.
    pub erased: Vec<String>,
    /// The tokens of invitations to addresses that have been bound since.
    pub invited: BTreeSet<String>,
    /// What was wrong at the time.
    pub problems: Vec<String>,
}

impl Books {
    /// Makes the users stop.
    pub fn close(&self) {
        self.closed.store(true, Ordering::Relaxed);
    }

    pub fn are_closed(&self) -> bool {
        self.closed.load(Ordering::Relaxed)
    }

    pub fn entries(&self) -> MutexGuard<'_, Entries> {
        self.entries.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Notes a problem.
    pub fn complain(&self, problem: String) {
        eprintln!("problem: {problem}");
        self.entries().problems.push(problem);
    }

    /// Compares the books with what the nodes say, prints the result, and returns whether all is
    /// well.
    pub async fn audit(&self, world: &World) -> Result<bool> {
        let auditor = users::register(world, &Client::new(&world.http, &world.urls()), "auditor").await?;
        for url in world.urls() {
            self.audit_node(&auditor.at(&[url]), url).await?;
        }
        self.audit_invitations(world).await;
        let entries = self.entries();
        println!(
            "\n{} addresses bound, {} unbound, {} users erased, {} invitations delivered; {} problems",
            entries.bound.len(),
            entries.unbound.len(),
            entries.erased.len(),
            entries.invited.len(),
            entries.problems.len()
        );
        Ok(entries.problems.is_empty() && !entries.bound.is_empty())
    }

    async fn audit_node(&self, auditor: &Client, url: &str) -> Result<()> {
        let (bound, unbound, erased) = {
            let entries = self.entries();
            (entries.bound.clone(), entries.unbound.clone(), entries.erased.clone())
        };
        let asked: Vec<_> = bound.keys().chain(&unbound).map(String::as_str).collect();
        let begun = Instant::now();
        let found = loop {
            let mut found = BTreeMap::new();
            for asked in asked.chunks(1000) {
                found.extend(users::look_up(auditor, asked).await?);
            }
            if bound.keys().all(|address| found.contains_key(address)) || begun.elapsed() > FOUND_WITHIN {
                break found;
            }
            tokio::time::sleep(Duration::from_millis(200)).await;
        };
        for (address, mxid) in &bound {
            if found.get(address) != Some(mxid) {
                self.complain(format!("{url}: {address} was bound to {mxid}, and now to {:?}", found.get(address)));
            }
        }
        for address in unbound.iter().filter(|address| found.contains_key(*address)) {
            self.complain(format!("{url}: {address} was unbound, and is found"));
        }
        for token in erased {
            let erased = auditor.with_token(token);
            if !matches!(erased.insist(Method::GET, "/v2/account", None).await.0, Answer::Refused(401, _)) {
                self.complain(format!("{url}: the token of an erased user is accepted"));
            }
        }
        Ok(())
    }

    /// Each invitation must have been delivered once. An answer of the homeserver that is lost with
    /// the node that waits for it cannot be told from a request that was: the homeserver is asked
    /// again then, and the repetitions are printed.
    async fn audit_invitations(&self, world: &World) {
        let begun = Instant::now();
        let invited = self.entries().invited.clone();
        let delivered = loop {
            let delivered = deliveries(world);
            if invited.iter().all(|token| delivered.contains_key(token)) || begun.elapsed() > DELIVERED_WITHIN {
                break delivered;
            }
            tokio::time::sleep(Duration::from_millis(200)).await;
        };
        for token in invited {
            match delivered.get(&token) {
                Some(1) => {}
                Some(times) => self.complain(format!("an invitation was delivered {times} times")),
                None => self.complain("an invitation was not delivered".to_owned()),
            }
        }
    }
}

/// How often each invitation was delivered to the homeserver.
fn deliveries(world: &World) -> BTreeMap<String, usize> {
    let mut delivered = BTreeMap::new();
    for request in world.homeserver.told().iter().filter(|request| request.method() == Method::POST.as_str()) {
        let told: Value = serde_json::from_slice(request.body()).unwrap_or_default();
        for invite in told["invites"].as_array().into_iter().flatten() {
            let token = invite["signed"]["token"].as_str().unwrap_or_default();
            *delivered.entry(token.to_owned()).or_default() += 1;
        }
    }
    delivered
}
