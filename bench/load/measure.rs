//! Measurement of the server under load.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use futures_util::future::try_join_all;

use crate::Result;
use crate::client::{Connection, get, get_compressed};
use crate::flames;
use crate::people::Person;
use crate::process::{cpu, cpu_of_all, cpu_with_children, rss_mb};
use crate::server::Server;

/// The requests on a connection.
pub trait Requests {
    /// Returns the next request.
    fn request(&mut self) -> &[u8];

    /// Checks the response to it.
    fn check(&mut self, body: &[u8]) -> Result<()>;
}

/// A task that is repeated on a connection and timed.
pub trait Task {
    /// Runs the task once.
    async fn run(&mut self, connection: &mut Connection) -> Result<()>;
}

impl<R: Requests> Task for R {
    async fn run(&mut self, connection: &mut Connection) -> Result<()> {
        let body = connection.exchange(self.request()).await?;
        self.check(body)
    }
}

/// The same request, by several users in turn.
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

    /// A GET of a page that is the same for everybody, compressed.
    pub fn page(path: &str) -> Self {
        Self { requests: vec![get_compressed(path)], turn: 0 }
    }
}

impl Requests for Repeated {
    fn request(&mut self) -> &[u8] {
        self.turn = (self.turn + 1) % self.requests.len();
        &self.requests[self.turn]
    }

    fn check(&mut self, body: &[u8]) -> Result<()> {
        if body.len() > 2 { Ok(()) } else { Err("the response is empty".into()) }
    }
}

/// What to measure, and for how long.
pub struct Setup<'a> {
    pub server: &'a Server,
    /// The main process of the database server.
    pub database: Option<u32>,
    pub warm_up: Duration,
    pub duration: Duration,
    /// The file for samples of the server's stacks during the first measurement, if they are wanted.
    pub samples: Option<PathBuf>,
}

/// The result of a measurement.
pub struct Measurement {
    /// The duration of each run, sorted.
    pub times: Vec<Duration>,
    pub elapsed: Duration,
    pub server: Duration,
    pub database: Option<Duration>,
    pub load: Duration,
    /// CPU time of all other processes.
    pub others: Duration,
    pub rss_mb: f64,
}

impl Measurement {
    /// Sorts the runs, after some were added.
    pub fn sorted(mut self) -> Self {
        self.times.sort_unstable();
        self
    }

    /// Adds the runs of a later measurement; they are then not sorted.
    pub fn add(&mut self, later: Self) {
        self.times.extend(later.times);
        self.elapsed += later.elapsed;
        self.server += later.server;
        self.database = self.database.zip(later.database).map(|(one, other)| one + other);
        self.load += later.load;
        self.others += later.others;
        self.rss_mb = self.rss_mb.max(later.rss_mb);
    }
}

/// CPU times so far.
struct CpuTimes {
    at: Instant,
    server: Duration,
    database: Duration,
    load: Duration,
    all: Duration,
}

impl Setup<'_> {
    /// Repeats each task on a connection of its own.
    pub async fn measure<T: Task>(&self, tasks: Vec<T>) -> Result<Measurement> {
        let begins = Instant::now() + self.warm_up;
        let ends = begins + self.duration;
        let working = tasks.into_iter().zip(0..).map(|(task, number)| self.repeat(task, number, begins, ends));
        let watching = async {
            tokio::time::sleep_until(begins.into()).await;
            let before = self.cpu_times()?;
            let samples = self.samples.as_ref().filter(|file| !file.exists());
            let sampling = samples.map(|file| flames::record(self.server.pid(), self.duration, file));
            tokio::time::sleep_until(ends.into()).await;
            let after = self.cpu_times()?;
            if let Some(perf) = sampling {
                perf?.wait()?;
            }
            Ok((before, after))
        };
        let (times, (before, after)) = tokio::try_join!(try_join_all(working), watching)?;
        let mut times = times.concat();
        times.sort_unstable();
        let server = after.server.saturating_sub(before.server);
        let database = after.database.saturating_sub(before.database);
        let load = after.load.saturating_sub(before.load);
        Ok(Measurement {
            times,
            elapsed: after.at - before.at,
            server,
            database: self.database.map(|_| database),
            load,
            others: after.all.saturating_sub(before.all + server + database + load),
            rss_mb: rss_mb(self.server.pid())?,
        })
    }

    async fn repeat<T: Task>(&self, mut task: T, number: u8, begins: Instant, ends: Instant) -> Result<Vec<Duration>> {
        let mut connection = Connection::open(self.server.address(), number).await?;
        let mut times = Vec::with_capacity(1 << 16);
        loop {
            let begun = Instant::now();
            task.run(&mut connection).await?;
            let done = Instant::now();
            if done >= ends {
                return Ok(times);
            }
            if done >= begins {
                times.push(done - begun);
            }
        }
    }

    fn cpu_times(&self) -> Result<CpuTimes> {
        Ok(CpuTimes {
            at: Instant::now(),
            server: cpu(self.server.pid())?,
            database: self.database.map_or(Ok(Duration::ZERO), cpu_with_children)?,
            load: cpu(std::process::id())?,
            all: cpu_of_all()?,
        })
    }
}
