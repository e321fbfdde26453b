//! What grows with the number of bindings: look-ups, memory, the time until a server is ready, and
//! what users notice of the rotation of the pepper.

use std::path::PathBuf;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use clap::Args;

use crate::lookups::{Addresses, Lookups};
use crate::measure::{Measurement, Setup};
use crate::people;
use crate::plot::{self, Curve};
use crate::process;
use crate::server::Server;
use crate::world::World;
use crate::{Backends, Result, lookups, report};

/// The time before a new pepper at which its directory is built (`LEAD` in
/// `src/service/directory.rs`).
const LEAD: u64 = 15 * 60;
/// The time after the start of a server at which it builds that directory: the others must have been
/// measured by then.
const UNTIL_ROTATION: u64 = 75;
/// How long a directory may take.
const PATIENCE: Duration = Duration::from_mins(5);

/// Options for measuring what grows.
#[derive(Args)]
pub struct Growth {
    /// The numbers of bindings.
    #[arg(long, value_delimiter = ',', default_values_t = [10_000, 100_000, 1_000_000, 10_000_000])]
    sizes: Vec<u32>,
    /// The time for which each kind of request is measured, in seconds.
    #[arg(long, default_value_t = 5.0)]
    seconds: f64,
    /// The database backends.
    #[arg(long, value_enum, default_value_t = Backends::Both)]
    backend: Backends,
    /// Draw requests per second and memory to this file, as SVG.
    #[arg(long)]
    plot: Option<PathBuf>,
    /// Ignored; `cargo bench` passes it to every benchmark.
    #[arg(long, hide = true)]
    bench: bool,
}

/// What was measured with a number of bindings.
struct Row {
    bindings: u32,
    loaded: Duration,
    ready: Duration,
    cpu_until_ready: Duration,
    rss_mb: f64,
    empty_mb: f64,
    one: Measurement,
    thousand: Measurement,
    rotating: Measurement,
    rotation: Duration,
}

/// Measures all sizes, and prints a table for each database.
pub async fn run(options: &Growth) -> Result<()> {
    println!("{}", report::machine()?);
    let mut curves = Vec::new();
    for (on_postgres, name) in [(false, "SQLite"), (true, "PostgreSQL")] {
        if !options.backend.includes(on_postgres) {
            continue;
        }
        println!("\n== {name}\n\n{HEAD}");
        let mut rows = Vec::new();
        for bindings in &options.sizes {
            let row = measure(options, on_postgres, *bindings).await?;
            println!("{}", row.in_markdown());
            rows.push(row);
        }
        let points = |value: fn(&Row) -> f64| rows.iter().map(|row| (f64::from(row.bindings), value(row))).collect();
        curves.push(Curve {
            name: name.to_owned(),
            rates: points(|row| row.thousand.rate()),
            memory: points(|row| row.rss_mb),
        });
    }
    match &options.plot {
        Some(file) => plot::draw(file, &curves),
        None => Ok(()),
    }
}

const HEAD: &str = "\
| bindings | loaded in | ready after | CPU until then | memory | bytes per binding and pepper | × 1: req/s | p99 | × 1,000: req/s | CPU of the server | of the database | × 1 while a directory is built: p99 | built in |
|---|---|---|---|---|---|---|---|---|---|---|---|---|";

async fn measure(options: &Growth, on_postgres: bool, bindings: u32) -> Result<Row> {
    let mut world = World::new(on_postgres).await?;
    let empty_mb = empty(&world).await?;
    let loaded = world.load(bindings).await?;
    let now = SystemTime::now().duration_since(UNIX_EPOCH)?.as_secs();
    world.set("LOOKUP__PEPPER_PERIOD", &format!("{}s", period(now)?));
    let server = Server::start(&world.settings)?;
    let ready = server.until_ready().await?;
    let cpu_until_ready = process::cpu(server.pid())?;
    tokio::time::sleep(Duration::from_secs(1)).await;
    let rss_mb = process::rss_mb(server.pid())?;
    let setup = Setup {
        server: &server,
        database: world.postmaster()?,
        warm_up: Duration::from_millis(500),
        duration: Duration::try_from_secs_f64(options.seconds)?,
        samples: None,
    };
    let people = people::register(&world, &server, 8, 8, "user").await?;
    let pepper = people::pepper(&server, &people[0][0]).await?;
    let books = lookups::books(&people, bindings, &pepper);
    lookups::look_up_once(&server, &people, &books, &pepper).await?;
    let tasks = |addresses| lookups::of_all(&people, &books, Addresses::book, addresses, &pepper);
    let one = setup.measure(tasks(1)).await?;
    let thousand = setup.measure(tasks(1_000)).await?;
    let (rotating, rotation) = rotate(&setup, || tasks(1)).await?;
    Ok(Row { bindings, loaded, ready, cpu_until_ready, rss_mb, empty_mb, one, thousand, rotating, rotation })
}

/// Measures until the directory of the next pepper is built. Returns what was measured meanwhile, and
/// how long it took.
async fn rotate<'a>(setup: &Setup<'_>, tasks: impl Fn() -> Vec<Lookups<'a>>) -> Result<(Measurement, Duration)> {
    let setup = Setup { warm_up: Duration::ZERO, duration: Duration::from_secs(1), samples: None, ..*setup };
    let (begun, mut seconds) = (Instant::now(), Vec::new());
    while begun.elapsed() < PATIENCE {
        let second = setup.measure(tasks()).await?;
        seconds.push((Instant::now(), second));
        let Ok(line) = setup.server.log_line("built 1 directories") else { continue };
        let millis = line.split_whitespace().rev().nth(1).ok_or("the log line has no duration")?;
        let took = Duration::from_millis(millis.parse()?);
        let building = seconds.into_iter().filter(|(ended, _)| ended.elapsed() <= took + Duration::from_secs(1));
        let all = building.map(|(_, second)| second).reduce(|mut all, second| {
            all.add(second);
            all
        });
        return Ok((all.ok_or("nothing was measured meanwhile")?.sorted(), took));
    }
    Err("no directory was built for the next pepper".into())
}

/// Returns the memory of a server without bindings, in megabytes.
async fn empty(world: &World) -> Result<f64> {
    let server = Server::start(&world.settings)?;
    server.until_ready().await?;
    tokio::time::sleep(Duration::from_secs(1)).await;
    process::rss_mb(server.pid())
}

/// Returns a lifetime of the pepper, in seconds, with which the next directory is built soon.
fn period(now: u64) -> Result<u64> {
    // A period ends then if it divides that time, and some times have no divisor that is a period.
    let soon = LEAD + UNTIL_ROTATION..LEAD + UNTIL_ROTATION + 60;
    let left = |period: &u64| period - now % period;
    let found = (4 * LEAD..7 * 86_400).filter(|period| soon.contains(&left(period))).min_by_key(left);
    found.ok_or_else(|| "no period of the pepper ends in time".into())
}

impl Row {
    fn in_markdown(&self) -> String {
        let micros = |cpu: Duration, of: &Measurement| format!("{:.0} µs", cpu.as_secs_f64() * 1e6 / of.count());
        let bytes = (self.rss_mb - self.empty_mb) * 1e6 / f64::from(self.bindings) / 2.0;
        let cells = [
            self.bindings.to_string(),
            format!("{:.0} s", self.loaded.as_secs_f64()),
            format!("{:.1} s", self.ready.as_secs_f64()),
            format!("{:.1} s", self.cpu_until_ready.as_secs_f64()),
            format!("{:.0} MB", self.rss_mb),
            format!("{bytes:.1}"),
            format!("{:.0}", self.one.rate()),
            format!("{:.2} ms", self.one.millis(99)),
            format!("{:.0}", self.thousand.rate()),
            micros(self.thousand.server, &self.thousand),
            self.thousand.database.map_or_else(String::new, |cpu| micros(cpu, &self.thousand)),
            format!("{:.2} ms", self.rotating.millis(99)),
            format!("{:.1} s", self.rotation.as_secs_f64()),
        ];
        format!("| {} |", cells.join(" | "))
    }
}
