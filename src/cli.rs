//! The command line: serving, and commands for operators.

mod arguments;
mod audit;
mod backup;
mod clock;
mod configuration;
mod doctor;
mod import;
mod input;
mod introduction;
mod keys;
mod limits;
mod manager;
mod operator;
mod outbox;
mod reload;
mod rotation;
mod serve;
mod status;

use std::fmt::Display;
use std::io::{self, Write};
use std::iter;
use std::process::ExitCode;

use actix_web::rt::System;
use clap::{CommandFactory, Parser};
use log::Level;

use crate::config::{Config, ConfigError, LogFormat, environment};
use crate::logging;
use arguments::{Arguments, Command};

/// The reason why a command failed, which determines the exit status.
enum Failure {
    /// The command line or the configuration is wrong: status 2.
    Usage(String),
    /// The command could not be executed: status 1.
    Failed(String),
}

/// Parses and executes the command line.
#[must_use]
pub fn run() -> ExitCode {
    let (problem, status) = match execute(Arguments::parse()) {
        Ok(()) => return ExitCode::SUCCESS,
        Err(Failure::Failed(problem)) => (problem, 1),
        Err(Failure::Usage(problem)) => (problem, 2),
    };
    logging::tell(Level::Error, problem);
    ExitCode::from(status)
}

/// Returns the definition of the command line, from which manual pages and completions are
/// generated.
#[must_use]
pub fn command() -> clap::Command {
    Arguments::command()
}

fn execute(arguments: Arguments) -> Result<(), Failure> {
    // As for all other variables, an empty value counts as unset.
    let file = arguments.config.filter(|file| !file.as_os_str().is_empty());
    if let Some(Command::Import(import)) = &arguments.command
        && let Some(converted) = import.converted(file.as_deref())
    {
        return converted.map(say);
    }
    if let Some(Command::Doctor(doctor)) = &arguments.command {
        return System::new().block_on(doctor::run(file, doctor));
    }
    let command = arguments.command.unwrap_or(Command::Serve);
    if matches!(command, Command::Serve) {
        return System::new().block_on(serve::serve(file));
    }
    let config = Config::load(file.as_deref(), environment()).map_err(|errors| invalid(&errors))?;
    // The output of these commands is for people.
    logging::start(config.log.filter.clone(), LogFormat::Plain);
    System::new().block_on(async {
        match command {
            Command::CheckConfig => configuration::check(&config),
            Command::Serve | Command::Doctor(_) => unreachable!("they read the configuration themselves"),
            Command::Retention => configuration::retention(&config),
            Command::Keys(command) => keys::keys(config, &command).await,
            Command::Bind(binding) => operator::bind(config, &binding).await,
            Command::Unbind(binding) => operator::unbind(config, &binding).await,
            Command::Lookup(address) => operator::lookup(config, &address).await,
            Command::Object(objection) => operator::object(config, &objection).await,
            Command::Export { user } => operator::export(config, &user).await,
            Command::Erase(erasure) => operator::erase(config, &erasure).await,
            Command::Audit(what) => audit::run(config, &what).await,
            Command::Clock(options) => clock::run(config, &options).await,
            Command::Backup(what) => backup::backup(config, file.as_deref(), &what).await,
            Command::Restore(what) => backup::restore(config, &what).await,
            Command::Import(what) => import::run(config, &what).await,
            Command::Limits(what) => limits::run(config, &what).await,
            Command::Status(options) => status::run(config, &options).await,
            Command::Outbox(what) => outbox::run(config, &what).await,
        }
    })
}

fn invalid(errors: &[ConfigError]) -> Failure {
    Failure::Usage(errors.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"))
}

/// Writes a line to stdout. It is not an error if the reader has closed the pipe.
fn say(line: impl Display) {
    let _ = writeln!(io::stdout(), "{line}");
}

/// Writes the first columns of a table, aligned, to stdout.
fn table<const N: usize>(head: [&str; N], rows: impl Iterator<Item = [String; N]>, columns: usize) {
    let lines: Vec<_> = iter::once(head.map(str::to_owned)).chain(rows).collect();
    let width = |column: usize| lines.iter().map(|line| line[column].chars().count()).max().unwrap_or_default();
    let widths: Vec<usize> = (0..columns.min(N)).map(width).collect();
    for line in &lines {
        let cells: Vec<String> = line.iter().zip(&widths).map(|(cell, &width)| format!("{cell:width$}")).collect();
        say(cells.join("  ").trim_end());
    }
}

/// Writes a line to stderr.
fn complain(line: impl Display) {
    let _ = writeln!(io::stderr(), "{line}");
}

impl<E: std::error::Error> From<E> for Failure {
    fn from(error: E) -> Self {
        Self::Failed(error.to_string())
    }
}
