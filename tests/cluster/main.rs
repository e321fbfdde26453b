//! Two nodes on a replicated PostgreSQL, and what goes wrong with it. `scripts/cluster` installs
//! what this needs, and runs it in namespaces of its own.
//!
//! Three machines, each a network namespace with etcd, Patroni and PostgreSQL, one of them the
//! primary and one a synchronous standby. A proxy leads two nodes of Vouch to the primary. While
//! one thing after the other fails, users register, bind, invite, unbind and erase, and keep books
//! of what was acknowledged. At the end the books are compared with the answers of both nodes.

mod books;
mod client;
mod database;
mod faults;
mod health;
mod machines;
mod proxy;
mod users;
mod vouch;
mod world;

use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use clap::Parser;

use books::Books;
use faults::Fault;
use health::Probes;
use world::World;

type Result<T> = std::result::Result<T, Box<dyn std::error::Error + Send + Sync>>;

/// How long a node may be silent.
const ANSWERS_WITHIN: Duration = Duration::from_secs(30);

/// Breaks a cluster in every way it knows, and checks that nothing acknowledged is lost.
#[derive(Parser)]
struct Options {
    /// Only the failures whose names contain this.
    #[arg(long, default_value = "")]
    only: String,
    /// The number of users that act at the same time.
    #[arg(long, default_value_t = 6)]
    users: usize,
}

fn main() -> ExitCode {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let options = Options::parse();
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    match runtime.map_err(Into::into).and_then(|runtime| runtime.block_on(run(&options))) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("cluster: {error}");
            ExitCode::FAILURE
        }
    }
}

/// Runs everything, and returns whether the books balance and every node answered in time.
async fn run(options: &Options) -> Result<bool> {
    let world = Arc::new(World::start().await?);
    let books = Arc::new(Books::default());
    let probes = Probes::start(&world).await?;
    let users: Vec<_> = (0..options.users).map(|number| users::start(&world, &books, number)).collect();
    let mut in_time = true;
    println!("{:<44} {:>10} {:>10} {:>10}", "failure", "no reads", "silence", "repaired");
    for fault in Fault::ALL.iter().filter(|fault| fault.name().contains(&options.only)) {
        in_time &= suffer(*fault, &world, &probes).await?;
    }
    books.close();
    for user in users {
        user.await?;
    }
    let balanced = books.audit(&world).await?;
    Ok(balanced && in_time)
}

/// Lets one thing fail, repairs it, and prints the longest time in which a node did not answer.
/// Returns whether that is short enough.
async fn suffer(fault: Fault, world: &World, probes: &Probes) -> Result<bool> {
    let about = |when: &str, error| format!("{when} {}: {error}", fault.name());
    world.until_healthy(probes).await.map_err(|error| about("before", error))?;
    probes.reset();
    let damage = fault.strike(world).await.map_err(|error| about("at", error))?;
    tokio::time::sleep(fault.lasts()).await;
    damage.repair(world).map_err(|error| about("after", error))?;
    let repaired = world.until_healthy(probes).await.map_err(|error| about("after", error))?;
    let (no_reads, silence) = probes.longest_silences();
    let times = [no_reads, silence, repaired].map(|time| format!("{:>8.1} s", time.as_secs_f64()));
    println!("{:<44} {}", fault.name(), times.join(" "));
    Ok(silence <= ANSWERS_WITHIN)
}
