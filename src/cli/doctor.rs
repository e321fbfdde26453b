//! Printing the results of the checks.

use std::path::PathBuf;

use serde_json::json;

use super::arguments::Doctor;
use super::operator::in_json;
use super::{Failure, say};
use crate::config::{Config, LogFormat, environment};
use crate::doctor::{self, Checked, Options, Outcome};
use crate::logging;

pub(super) async fn run(file: Option<PathBuf>, asked: &Doctor) -> Result<(), Failure> {
    // The checks find and report problems themselves, unless RUST_LOG asks for more.
    logging::start(env_filter::Builder::new().parse("off").build(), LogFormat::Plain);
    let Doctor { mail_to, text_to, homeserver, json } = asked;
    let checked = match Config::load(file.as_deref(), environment()) {
        Ok(config) => {
            let (mail_to, text_to, homeserver) = (mail_to.clone(), text_to.clone(), homeserver.clone());
            doctor::examine(config, Options { file, mail_to, text_to, homeserver }).await
        }
        Err(errors) => doctor::unreadable(&errors),
    };
    let count = |outcome| checked.iter().filter(|one| one.finding.outcome == outcome).count();
    let (problems, warnings) = (count(Outcome::Problem), count(Outcome::Warning));
    if *json {
        say(in_json(&json!({ "problems": problems, "warnings": warnings, "checks": checked }))?);
    } else {
        checked.iter().for_each(print);
    }
    match problems {
        0 if *json => Ok(()),
        0 => {
            say(format_args!("no problems, {warnings} warnings"));
            Ok(())
        }
        _ => Err(Failure::Failed(format!("problems: {problems}, warnings: {warnings}"))),
    }
}

fn print(checked: &Checked) {
    let Checked { check, finding } = checked;
    let outcome = match finding.outcome {
        Outcome::Ok => "ok",
        Outcome::Warning => "warning",
        Outcome::Problem => "PROBLEM",
        Outcome::Skipped => "skipped",
    };
    let mut lines = finding.found.lines();
    say(format_args!("{outcome:9}{check:20}{}", lines.next().unwrap_or_default()));
    lines.for_each(|line| say(format_args!("{:29}{line}", "")));
    if let Some(remedy) = &finding.remedy {
        say(format_args!("{:29}-> {remedy}", ""));
    }
}
