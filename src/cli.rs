//! The command line: serving, and what an operator does by hand.

mod arguments;
mod configuration;
mod introduction;
mod keys;
mod operator;
mod outbox;
mod serve;

use std::fmt::Display;
use std::io::{self, Write};
use std::process::ExitCode;

use actix_web::rt::System;
use clap::Parser;

use crate::config::{Config, environment};
use crate::error::{Error, StartError};
use crate::logging;
use arguments::{Arguments, Command};

/// Why a command did not do what it should; ends the process with status 1 or 2.
enum Failure {
    /// The command line or the configuration is wrong: status 2.
    Usage(String),
    /// It was right, and did not succeed: status 1.
    Failed(String),
}

/// Parses the command line and does what it says.
#[must_use]
pub fn run() -> ExitCode {
    let arguments = Arguments::parse();
    match execute(arguments) {
        Ok(()) => ExitCode::SUCCESS,
        Err(Failure::Failed(problem)) => {
            complain(&problem);
            ExitCode::from(1)
        }
        Err(Failure::Usage(problem)) => {
            complain(&problem);
            ExitCode::from(2)
        }
    }
}

fn execute(arguments: Arguments) -> Result<(), Failure> {
    // An empty variable is none, as for all others.
    let file = arguments.config.filter(|file| !file.as_os_str().is_empty());
    let config = Config::load(file.as_deref(), environment())
        .map_err(|mistakes| Failure::Usage(mistakes.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")))?;
    logging::start(config.log.filter.clone());
    System::new().block_on(async {
        match arguments.command.unwrap_or(Command::Serve) {
            Command::Serve => serve::serve(config).await,
            Command::CheckConfig => configuration::check(&config),
            Command::Retention => configuration::retention(&config),
            Command::Keys(command) => keys::keys(&config, &command),
            Command::Bind(binding) => operator::bind(config, &binding).await,
            Command::Unbind(binding) => operator::unbind(config, &binding).await,
            Command::Lookup(address) => operator::lookup(config, &address).await,
            Command::Object(objection) => operator::object(config, &objection).await,
            Command::Export { user } => operator::export(config, &user).await,
            Command::Erase(erasure) => operator::erase(config, &erasure).await,
            Command::Outbox(what) => outbox::run(config, &what).await,
        }
    })
}

/// Writes a line to stdout. A reader that went away is no failure of ours.
fn say(line: impl Display) {
    let _ = writeln!(io::stdout(), "{line}");
}

/// Writes a line to stderr.
fn complain(line: impl Display) {
    let _ = writeln!(io::stderr(), "{line}");
}

impl From<StartError> for Failure {
    fn from(error: StartError) -> Self {
        Self::Failed(error.to_string())
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self::Failed(error.to_string())
    }
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        Self::Failed(error.to_string())
    }
}
