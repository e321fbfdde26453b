//! How long each node has not answered.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use crate::Result;
use crate::client::{Answer, Client};
use crate::users;
use crate::world::World;

/// How often each node is asked.
const INTERVAL: Duration = Duration::from_millis(400);
/// How long a node must answer without interruption to count as sound.
const SOUND: Duration = Duration::from_secs(3);
/// A later answer counts as none.
const IN_TIME: Duration = Duration::from_secs(2);

/// Asks all nodes all the time, each for something that reads and something that writes.
pub struct Probes(Vec<Arc<Node>>);

/// How long a node did not answer.
struct Node {
    /// What reads.
    reading: Mutex<Silence>,
    /// What reads or what writes.
    any: Mutex<Silence>,
}

/// How long a node was silent.
struct Silence {
    /// When it answered last.
    last: Instant,
    /// Since when it has answered without interruption.
    since: Instant,
    longest: Duration,
}

impl Probes {
    /// Starts to ask.
    pub async fn start(world: &Arc<World>) -> Result<Self> {
        let mut nodes = Vec::new();
        for (number, url) in world.urls().into_iter().enumerate() {
            let node = Client::new(&world.http, &[url]);
            let prober = users::register(world, &node, &format!("prober{number}")).await?;
            let node = Arc::new(Node { reading: Mutex::new(Silence::new()), any: Mutex::new(Silence::new()) });
            tokio::spawn(ask_forever(Arc::clone(world), prober, number, Arc::clone(&node)));
            nodes.push(node);
        }
        Ok(Self(nodes))
    }

    /// Forgets the silence so far.
    pub fn reset(&self) {
        for node in &self.0 {
            lock(&node.reading).longest = Duration::ZERO;
            lock(&node.any).longest = Duration::ZERO;
        }
    }

    /// Returns the longest times since [`Self::reset`] in which a node has not answered what reads,
    /// and has not answered everything.
    pub fn longest_silences(&self) -> (Duration, Duration) {
        let longest = |of: fn(&Node) -> &Mutex<Silence>| {
            let now = Instant::now();
            let silences =
                self.0.iter().map(|node| lock(of(node))).map(|silence| silence.longest.max(now - silence.last));
            silences.max().unwrap_or_default()
        };
        (longest(|node| &node.reading), longest(|node| &node.any))
    }

    /// Returns whether all nodes are sound.
    pub fn are_sound(&self) -> bool {
        let now = Instant::now();
        self.0
            .iter()
            .map(|node| lock(&node.any))
            .all(|node| now - node.last < IN_TIME && node.last - node.since >= SOUND)
    }
}

async fn ask_forever(world: Arc<World>, prober: Client, number: usize, node: Arc<Node>) {
    for turn in 0.. {
        let asked = Instant::now();
        // Somebody else each time: a user has only so many tokens.
        let openid = world.homeserver.openid_token(&format!("prober{number}-{turn}"));
        let reads = prober.send(reqwest::Method::GET, "/v2/account", None).await;
        let reads = matches!(reads, Answer::Done(_)) && asked.elapsed() < IN_TIME;
        lock(&node.reading).note(asked, reads);
        let writes = prober.send(reqwest::Method::POST, "/v2/account/register", Some(&openid)).await;
        let writes = matches!(writes, Answer::Done(_)) && asked.elapsed() < IN_TIME;
        lock(&node.any).note(asked, reads && writes);
        tokio::time::sleep(INTERVAL).await;
    }
}

impl Silence {
    fn new() -> Self {
        let now = Instant::now();
        Self { last: now, since: now, longest: Duration::ZERO }
    }

    fn note(&mut self, asked: Instant, answers: bool) {
        let now = Instant::now();
        self.longest = self.longest.max(now - self.last);
        if !answers {
            self.since = now;
            return;
        }
        if self.last < self.since {
            // It had been silent.
            self.since = asked;
        }
        self.last = now;
    }
}

fn lock(silence: &Mutex<Silence>) -> MutexGuard<'_, Silence> {
    silence.lock().unwrap_or_else(PoisonError::into_inner)
}
