//! The load test: starts the server with a new database of many synthetic bindings, sends requests
//! over HTTP, and prints the throughput, latency and CPU time. `scripts/bench` runs it on both
//! backends; `cargo bench --bench load -- --help` lists the options.
//!
//! The load is generated on the same machine, so its CPU time is printed next to the server's, and
//! so is that of all other processes: the results are only meaningful if the latter is close to
//! zero.

mod client;
mod exchange;
mod flames;
mod growth;
mod journeys;
mod lookups;
mod measure;
mod people;
mod plot;
mod process;
mod report;
mod server;
mod world;

use std::fs;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use clap::{Parser, Subcommand, ValueEnum};

use growth::Growth;
use lookups::Addresses;
use measure::{Repeated, Setup};
use people::Person;
use server::Server;
use world::World;

type Result<T> = std::result::Result<T, Box<dyn std::error::Error + Send + Sync>>;

/// The number of the first unseen address: above those of all books. Each kind of request has its
/// own range.
const UNSEEN: usize = 100_000_000;

/// The number of users on each connection who make journeys: enough that nobody makes more than a
/// few. The user's other addresses are notified of each further address.
const TRAVELLERS: u16 = 500;

/// Measures the running server under load.
#[derive(Parser)]
#[command(args_conflicts_with_subcommands = true)]
struct Options {
    #[command(subcommand)]
    command: Option<Command>,
    /// The number of bindings.
    #[arg(long, default_value_t = 1_000_000)]
    bindings: u32,
    /// The number of keep-alive connections, each with one request at a time.
    #[arg(long, default_value_t = 8)]
    connections: u8,
    /// The number of users on each connection, in turn.
    #[arg(long, default_value_t = 8)]
    users: u16,
    /// The time for which each kind of request is measured, in seconds.
    #[arg(long, default_value_t = 5.0)]
    seconds: f64,
    /// The database backends.
    #[arg(long, value_enum, default_value_t = Backends::Both)]
    backend: Backends,
    /// Measure only kinds of request whose names contain this.
    #[arg(long, default_value = "")]
    only: String,
    /// Draw where the server spends its time while the first kind of request is measured, into an SVG
    /// file. Needs perf, and a build with `--profile profiling`
    #[arg(long)]
    flames: Option<PathBuf>,
    /// Ignored; `cargo bench` passes it to every benchmark.
    #[arg(long, hide = true)]
    bench: bool,
}

#[derive(Subcommand)]
enum Command {
    /// Measure how look-ups, memory and the start depend on the number of bindings, and what users
    /// notice while the directory of the next pepper is built
    Growth(Growth),
}

#[derive(Clone, Copy, PartialEq, ValueEnum)]
enum Backends {
    Sqlite,
    Postgres,
    Both,
}

impl Backends {
    /// Whether `PostgreSQL`, or `SQLite`, is one of them.
    fn includes(self, postgres: bool) -> bool {
        self == Self::Both || (self == Self::Postgres) == postgres
    }
}

fn main() -> ExitCode {
    let options = Options::parse();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let result = runtime.map_err(Into::into).and_then(|runtime| runtime.block_on(run(&options)));
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("the load test failed: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn run(options: &Options) -> Result<()> {
    if let Some(Command::Growth(growth)) = &options.command {
        return growth::run(growth).await;
    }
    println!("{}", report::machine()?);
    if options.backend.includes(false) {
        println!("\n== SQLite\n");
        measure_backend(options, false).await?;
    }
    if options.backend.includes(true) {
        println!("\n== PostgreSQL ({})\n", world::POSTGRES_SETTINGS.join(", "));
        measure_backend(options, true).await?;
    }
    Ok(())
}

async fn measure_backend(options: &Options, on_postgres: bool) -> Result<()> {
    start_empty(&World::new(on_postgres).await?).await?;

    let world = World::new(on_postgres).await?;
    let loaded = world.load(options.bindings).await?;
    println!("loaded {} bindings in {:.1} s", options.bindings, loaded.as_secs_f64());
    let server = Server::start(&world.settings)?;
    let first = server.until_answering().await?;
    let ready = server.until_ready().await?;
    println!(
        "start with {} bindings: first response after {first:.0?}, ready after {ready:.1?} and {:.1?} of the server's CPU",
        options.bindings,
        process::cpu(server.pid())?
    );
    println!("server log: {}", server.log_line("built")?);
    tokio::time::sleep(Duration::from_secs(1)).await;
    println!("RSS when ready: {:.1} MB\n", process::rss_mb(server.pid())?);

    let setup = Setup {
        server: &server,
        database: world.postmaster()?,
        warm_up: Duration::from_millis(500),
        duration: Duration::try_from_secs_f64(options.seconds)?,
        samples: options.flames.as_ref().map(|svg| svg.with_extension("perf")),
    };
    let people = people::register(&world, &server, options.connections, options.users, "user").await?;
    measure_all(options, &world, &setup, people).await?;
    if let (Some(svg), Some(samples)) = (&options.flames, &setup.samples) {
        flames::draw(samples, &options.only, svg)?;
        fs::remove_file(samples)?;
    }
    Ok(())
}

/// Measures the start of a server without bindings.
async fn start_empty(world: &World) -> Result<()> {
    let server = Server::start(&world.settings)?;
    let first = server.until_answering().await?;
    let ready = server.until_ready().await?;
    tokio::time::sleep(Duration::from_secs(1)).await;
    let rss = process::rss_mb(server.pid())?;
    println!(
        "start on an empty database: first response after {first:.0?}, ready after {ready:.0?}, idle RSS {rss:.1} MB"
    );
    Ok(())
}

async fn measure_all(options: &Options, world: &World, setup: &Setup<'_>, people: Vec<Vec<Person>>) -> Result<()> {
    let pepper = people::pepper(setup.server, &people[0][0]).await?;
    let books = lookups::books(&people, options.bindings, &pepper);
    lookups::look_up_once(setup.server, &people, &books, &pepper).await?;
    let wanted = |name: &str| name.contains(&options.only);
    report::head();
    for path in ["hash_details", "account"] {
        if wanted(path) {
            let tasks = people.iter().map(|group| Repeated::get(path, group)).collect();
            report::row(path, 0, &setup.measure(tasks).await?);
        }
    }
    for path in ["/", "/policies/privacy_policy/1.0/en"] {
        let name = format!("page {path}");
        if wanted(&name) {
            let tasks = people.iter().map(|_| Repeated::page(path)).collect();
            report::row(&name, 0, &setup.measure(tasks).await?);
        }
    }
    let kinds = [(1, false), (100, false), (1_000, false), (10_000, false), (1, true), (1_000, true)];
    for (addresses, new) in kinds {
        let name = format!("look-up × {addresses}{}", if new { ", all new" } else { "" });
        if wanted(&name) {
            let source = |book| {
                if new { Addresses::unseen(options.bindings, UNSEEN * addresses) } else { Addresses::book(book) }
            };
            let tasks = lookups::of_all(&people, &books, source, addresses, &pepper);
            report::row(&name, addresses, &setup.measure(tasks).await?);
        }
    }
    if wanted("journey") {
        let travellers = people::register(world, setup.server, options.connections, TRAVELLERS, "traveller").await?;
        report::row("journey", 0, &setup.measure(journeys::all(world, travellers)).await?);
    }
    if wanted("exchange of the master key") {
        exchange::measure(world, setup, &people, &books, &pepper).await?;
    }
    println!("\n{}", report::NOTES);
    Ok(())
}
