//! The command line.

use std::process::ExitCode;

use actix_web::rt::System;

use crate::clock::Clock;
use crate::config::{Config, environment};
use crate::server::Application;

/// Parses the command line and does what it says.
#[must_use]
pub fn run() -> ExitCode {
    env_logger::init();
    let config = Config::load(None, environment()).unwrap_or_else(|mistakes| {
        mistakes.iter().for_each(|mistake| eprintln!("{mistake}"));
        std::process::exit(2)
    });
    let served = System::new().block_on(async {
        let application = Application::start(config, Clock::system()).await.map_err(|error| error.to_string())?;
        application.run().await.map_err(|error| error.to_string())
    });
    match served {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}
