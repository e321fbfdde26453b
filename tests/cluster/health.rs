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
pub struct Probes(Vec<Arc<Mutex<Silence>>>);

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
            let now = Instant::now();
            let silence = Arc::new(Mutex::new(Silence { last: now, since: now, longest: Duration::ZERO }));
            tokio::spawn(ask_forever(Arc::clone(world), prober, number, Arc::clone(&silence)));
            nodes.push(silence);
        }
        Ok(Self(nodes))
    }

    /// Forgets the silence so far.
    pub fn reset(&self) {
        for node in &self.0 {
            lock(node).longest = Duration::ZERO;
        }
    }

    /// Returns the longest time since [`Self::reset`] in which a node has not answered.
    pub fn longest_silence(&self) -> Duration {
        let now = Instant::now();
        let silences = self.0.iter().map(lock).map(|node| node.longest.max(now - node.last));
        silences.max().unwrap_or_default()
    }

    /// Returns whether all nodes are sound.
    pub fn are_sound(&self) -> bool {
        let now = Instant::now();
        self.0.iter().map(lock).all(|node| now - node.last < IN_TIME && node.last - node.since >= SOUND)
    }
}

async fn ask_forever(world: Arc<World>, prober: Client, number: usize, silence: Arc<Mutex<Silence>>) {
    for turn in 0.. {
        let asked = Instant::now();
        // Somebody else each time: a user has only so many tokens.
        let openid = world.homeserver.openid_token(&format!("prober{number}-{turn}"));
        let reads = prober.send(reqwest::Method::GET, "/v2/account", None).await;
        let writes = prober.send(reqwest::Method::POST, "/v2/account/register", Some(&openid)).await;
        let answers = matches!((reads, writes), (Answer::Done(_), Answer::Done(_))) && asked.elapsed() < IN_TIME;
        lock(&silence).note(asked, answers);
        tokio::time::sleep(INTERVAL).await;
    }
}

impl Silence {
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

fn lock(silence: &Arc<Mutex<Silence>>) -> MutexGuard<'_, Silence> {
    silence.lock().unwrap_or_else(PoisonError::into_inner)
}
