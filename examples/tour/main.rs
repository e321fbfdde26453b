//! A newcomer's whole journey in one command: `cargo run --release --example tour`.
//!
//! It starts the server on a temporary directory, with a homeserver and a mail server of its own, and walks the way of two
//! people: one who wants to be found, and one who finds her. Each request and its answer is shown. At the end it looks for
//! both of them in the database. The tour fails if a step does not do what it says, or if the disk knows a name.

mod disk;
mod house;
mod journey;
mod search;
mod show;
mod visitor;

use std::process::ExitCode;

use house::House;
use show::Teller;

/// What a step comes to.
type Outcome<T = ()> = Result<T, Box<dyn std::error::Error + Send + Sync>>;

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    match tour().await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("\nThe tour ends here, and should not: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn tour() -> Outcome {
    rustls::crypto::ring::default_provider().install_default().map_err(|_| "TLS was set up twice")?;
    let teller = Teller::new();
    let house = House::open().await?;
    let secrets = journey::walk(&teller, &house).await?;
    let remains = house.close().await?;
    let files = disk::files(&remains.database())?;
    secrets.iter().try_for_each(|secret| secret.is_in_none_of(&files))?;
    teller.step(
        "The server has ended cleanly, and its log is merged into the database. The same search again, over the file as it \
         stays: nothing.",
    );
    show::note("The temporary directory is deleted now. How to set up a server of your own stands in README.md.");
    Ok(())
}

/// Ends the tour unless something is as it should be.
fn check(is_so: bool, what: &str) -> Outcome {
    if is_so { Ok(()) } else { Err(format!("this is not so: {what}").into()) }
}
