//! A guided tour of the server in one command: `cargo run --release --example tour`.
//!
//! It starts the server with a temporary directory, a homeserver and a mail server, and follows two
//! people: one wants to be found, the other finds her. It shows each request and response. At the
//! end it searches the database for both of them. The tour fails if a step does not have the result
//! it describes, or if a name is found on the disk.

mod disk;
mod journey;
mod search;
mod show;
mod visitor;
mod world;

use std::process::ExitCode;

use show::Narrator;
use world::World;

/// The result of a step.
type Outcome<T = ()> = Result<T, Box<dyn std::error::Error + Send + Sync>>;

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    match tour().await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("\nThe tour has failed: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn tour() -> Outcome {
    rustls::crypto::ring::default_provider().install_default().map_err(|_| "TLS is already set up")?;
    let narrator = Narrator::new();
    let world = World::open().await?;
    let secrets = journey::run(&narrator, &world).await?;
    let leftovers = world.close().await?;
    let files = disk::files(&leftovers.database())?;
    secrets.iter().try_for_each(|secret| secret.is_in_none_of(&files))?;
    narrator.step(
        "The server has shut down cleanly, and its log has been merged into the database. The same search of the remaining file \
         finds nothing either.",
    );
    show::note("The temporary directory is now deleted. README.md explains how to set up your own server.");
    Ok(())
}

/// Fails the tour unless an expectation is met.
fn check(is_met: bool, expectation: &str) -> Outcome {
    if is_met { Ok(()) } else { Err(format!("expected that {expectation}").into()) }
}
