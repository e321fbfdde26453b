//! Driving the server, and what is measured meanwhile.

use std::time::{Duration, Instant};

use futures_util::future::try_join_all;

use crate::Result;
use crate::client::{Connection, get};
use crate::people::Person;
use crate::process::{cpu, cpu_of_all, cpu_with_children, rss_mb};
use crate::server::Server;

/// What a connection asks, request by request.
pub trait Asking {
    /// The next request.
    fn request(&mut self) -> &[u8];

    /// Whether that is the answer to it.
    fn check(&mut self, body: &[u8]) -> Result<()>;
}

/// Something that is done on a connection again and again, and timed.
pub trait Doing {
    /// Does it once.
    async fn once(&mut self, connection: &mut Connection) -> Result<()>;
}

impl<A: Asking> Doing for A {
    async fn once(&mut self, connection: &mut Connection) -> Result<()> {
        let body = connection.exchange(self.request()).await?;
        self.check(body)
    }
}

/// The same request over and over, for several users in turn.
pub struct Repeated {
    requests: Vec<Vec<u8>>,
    turn: usize,
}

impl Repeated {
    /// A GET of a path below `/_matrix/identity/v2/`.
    pub fn get(path: &str, people: &[Person]) -> Self {
        let request = |person: &Person| get(&format!("/_matrix/identity/v2/{path}"), &person.token);
        Self { requests: people.iter().map(request).collect(), turn: 0 }
    }
}

impl Asking for Repeated {
    fn request(&mut self) -> &[u8] {
        self.turn = (self.turn + 1) % self.requests.len();
        &self.requests[self.turn]
    }

    fn check(&mut self, body: &[u8]) -> Result<()> {
        if body.len() > 2 { Ok(()) } else { Err("an empty answer".into()) }
    }
}

/// Whom to drive, for how long.
pub struct Setting<'a> {
    pub server: &'a Server,
    /// The database's first process.
    pub database: Option<u32>,
    pub warm_up: Duration,
    pub duration: Duration,
}

/// What came of it.
pub struct Measured {
    /// How long each took, sorted.
    pub times: Vec<Duration>,
    pub elapsed: Duration,
    pub server: Duration,
    pub database: Option<Duration>,
    pub load: Duration,
    /// By whatever else runs on the machine.
    pub others: Duration,
    pub rss_mb: f64,
}

/// CPU times so far.
struct Clocks {
    at: Instant,
    server: Duration,
    database: Duration,
    load: Duration,
    all: Duration,
}

impl Setting<'_> {
    /// Has each of `doers` work on a connection of its own.
    pub async fn measure<D: Doing>(&self, doers: Vec<D>) -> Result<Measured> {
        let begins = Instant::now() + self.warm_up;
        let ends = begins + self.duration;
        let working = doers.into_iter().zip(0..).map(|(doer, number)| self.work(doer, number, begins, ends));
        let watching = async {
            tokio::time::sleep_until(begins.into()).await;
            let before = self.clocks()?;
            tokio::time::sleep_until(ends.into()).await;
            Ok((before, self.clocks()?))
        };
        let (times, (before, after)) = tokio::try_join!(try_join_all(working), watching)?;
        let mut times = times.concat();
        times.sort_unstable();
        let server = after.server.saturating_sub(before.server);
        let database = after.database.saturating_sub(before.database);
        let load = after.load.saturating_sub(before.load);
        Ok(Measured {
            times,
            elapsed: after.at - before.at,
            server,
            database: self.database.map(|_| database),
            load,
            others: after.all.saturating_sub(before.all + server + database + load),
            rss_mb: rss_mb(self.server.pid())?,
        })
    }

    async fn work<D: Doing>(&self, mut doer: D, number: u8, begins: Instant, ends: Instant) -> Result<Vec<Duration>> {
        let mut connection = Connection::open(self.server.address(), number).await?;
        let mut times = Vec::with_capacity(1 << 16);
        loop {
            let begun = Instant::now();
            doer.once(&mut connection).await?;
            let done = Instant::now();
            if done >= ends {
                return Ok(times);
            }
            if done >= begins {
                times.push(done - begun);
            }
        }
    }

    fn clocks(&self) -> Result<Clocks> {
        Ok(Clocks {
            at: Instant::now(),
            server: cpu(self.server.pid())?,
            database: self.database.map_or(Ok(Duration::ZERO), cpu_with_children)?,
            load: cpu(std::process::id())?,
            all: cpu_of_all()?,
        })
    }
}
