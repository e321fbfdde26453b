//! Listing and verifying the audit log.

use std::path::PathBuf;

use clap::builder::PossibleValuesParser;
use clap::{Args, Subcommand};
use serde_json::Value;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use super::arguments::{MediumOption, user_id};
use super::operator::in_json;
use super::{Failure, complain, input, say, table};
use crate::clock::{Clock, InWords, Millis};
use crate::config::{Config, DatabaseUrl};
use crate::service::{Act, Checkpoints, Listed, Selection, Services, Subject, Verified};

const LIST: &str = "\
Examples:
  vouch audit list --since 2026-11-01 --kind erase
  vouch audit list --of-from - < address.txt

Names and addresses are pseudonyms, the same for the same person throughout the log.";

const VERIFY: &str = "\
Examples:
  vouch audit verify
  journalctl -u vouch | vouch audit verify --checkpoint -

Without checkpoints, it goes unnoticed if an older state of the whole log is put back.
Exit status: 0 no problem, 1 a problem.";

/// The maximum number of problems printed.
const MOST: usize = 20;
const HEAD: [&str; 8] = ["ENTRY", "TIME", "ACT", "ORIGIN", "OUTCOME", "USER", "ADDRESS", "DETAIL"];

#[derive(Subcommand)]
pub(super) enum Audit {
    /// Print entries, oldest first
    #[command(after_help = LIST)]
    List(List),
    /// Verify that no entry was changed, moved, removed or inserted
    #[command(after_help = VERIFY)]
    Verify(Verify),
}

/// The entries to print, and their format.
#[derive(Args)]
pub(super) struct List {
    /// Only those since this time, such as 2026-11-28 or 2026-11-28T15:30:00Z
    #[arg(long, value_name = "TIME", value_parser = first_moment)]
    since: Option<Millis>,
    /// Only those until this time; a date includes the whole day
    #[arg(long, value_name = "TIME", value_parser = last_moment)]
    until: Option<Millis>,
    /// Only those of this kind
    #[arg(long, value_parser = PossibleValuesParser::new(Act::names()))]
    kind: Option<String>,
    /// Only those about this Matrix ID or address
    #[arg(long, value_name = "WHO", conflicts_with = "of_from")]
    of: Option<String>,
    /// A file with that Matrix ID or address on one line; - means standard input
    #[arg(long, value_name = "FILE")]
    of_from: Option<PathBuf>,
    #[command(flatten)]
    medium: MediumOption,
    /// Print JSON, with times in milliseconds since 1970
    #[arg(long)]
    json: bool,
}

/// Options for verifying the log.
#[derive(Args)]
pub(super) struct Verify {
    /// A server log, plain or JSON, whose checkpoints are compared with the audit log; - means
    /// standard input
    #[arg(long, value_name = "FILE")]
    checkpoint: Option<PathBuf>,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

pub(super) async fn run(config: Config, what: &Audit) -> Result<(), Failure> {
    match what {
        Audit::List(list) => {
            let which = list.selection()?;
            let listed = Services::look(config, Clock::system()).await?.audit.list(&which).await?;
            if list.json {
                say(in_json(&listed)?);
            } else if listed.is_empty() {
                say("no entries");
            } else {
                table(HEAD, listed.iter().map(line), HEAD.len());
            }
            Ok(())
        }
        Audit::Verify(verify) => {
            let log = verify.checkpoint.as_deref().map(input::read).transpose()?;
            let vouch = Services::look(config, Clock::system()).await?;
            let checkpoints = match &log {
                Some(log) => Checkpoints::read(log, &vouch.signing).map_err(Failure::Failed)?,
                None => Checkpoints::default(),
            };
            let verified = vouch.audit.verify(&checkpoints).await?;
            if verify.json {
                say(in_json(&verified)?);
            } else {
                say(in_words(&verified));
            }
            conclude(&verified)
        }
    }
}

impl List {
    fn selection(&self) -> Result<Selection, Failure> {
        let read = self.of_from.as_deref().map(input::read_line).transpose()?;
        let of = self.of.as_ref().or(read.as_ref()).map(|text| self.subject(text)).transpose()?;
        let (since, until) = (self.since.unwrap_or(Millis::MIN), self.until.unwrap_or(Millis::MAX));
        Ok(Selection { since, until, act: self.kind.clone(), of })
    }

    fn subject(&self, text: &str) -> Result<Subject, Failure> {
        if text.starts_with('@') {
            return user_id(text).map(Subject::User).map_err(|expected| Failure::Usage(expected.to_owned()));
        }
        self.medium.parse_text(text).map(Subject::Address)
    }
}

fn line(listed: &Listed) -> [String; HEAD.len()] {
    let Listed { sequence, record } = listed;
    [
        sequence.map_or_else(|| "-".to_owned(), |sequence| sequence.to_string()),
        InWords(record.at).to_string(),
        record.act.clone(),
        record.origin.clone(),
        record.outcome.clone(),
        record.user.clone().unwrap_or_else(|| "-".to_owned()),
        record.address.clone().unwrap_or_else(|| "-".to_owned()),
        record.detail.as_ref().map(Value::to_string).unwrap_or_default(),
    ]
}

fn in_words(verified: &Verified) -> String {
    let Verified { entries, first, waiting, checkpoints, expired_checkpoints, .. } = verified;
    let words = format!("{entries} entries starting at number {first}, and {waiting} that are not linked yet");
    if checkpoints + expired_checkpoints == 0 {
        return words;
    }
    format!("{words}; {checkpoints} checkpoints, and {expired_checkpoints} older than the first entry")
}

fn conclude(verified: &Verified) -> Result<(), Failure> {
    let problems = &verified.problems;
    if problems.is_empty() {
        return Ok(());
    }
    let more = problems.len().saturating_sub(MOST);
    let more = if more > 0 { vec![format!("and {more} more problems")] } else { Vec::new() };
    let shown: Vec<_> = problems.iter().take(MOST).cloned().chain(more).collect();
    Err(Failure::Failed(format!("the audit log was altered:\n{}", shown.join("\n"))))
}

/// Writes an entry about a command that works without the database's keys, if there is a database.
/// The command has already taken effect, so a failure to write the entry is only reported.
pub(super) async fn note(config: Config, act: Act, detail: Value) {
    if let DatabaseUrl::Sqlite(path) = &config.database.url
        && !path.exists()
    {
        return;
    }
    let noted = match Services::look(config, Clock::system()).await {
        Ok(vouch) => vouch.audit.note_alone(act, None, true, Some(detail)).await.map_err(|error| error.to_string()),
        Err(error) => Err(error.to_string()),
    };
    if let Err(error) = noted {
        complain(format_args!("this could not be recorded in the audit log: {error}"));
    }
}

fn first_moment(text: &str) -> Result<Millis, &'static str> {
    moment(text, "T00:00:00Z")
}

fn last_moment(text: &str) -> Result<Millis, &'static str> {
    moment(text, "T23:59:59.999Z")
}

fn moment(text: &str, rest_of_day: &str) -> Result<Millis, &'static str> {
    let text = if text.contains(['T', 't', ' ']) { text.to_owned() } else { format!("{text}{rest_of_day}") };
    let time = OffsetDateTime::parse(&text, &Rfc3339).ok();
    let millis = time.and_then(|time| Millis::try_from(time.unix_timestamp_nanos() / 1_000_000).ok());
    millis.ok_or("expected a date such as 2026-11-28, or a time such as 2026-11-28T15:30:00Z")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_date_is_a_whole_day_and_a_time_may_have_an_offset() {
        assert_eq!(first_moment("2026-11-23"), Ok(1_795_392_000_000));
        assert_eq!(last_moment("2026-11-23"), Ok(1_795_478_399_999));
        for noon in ["2026-11-23T12:00:00Z", "2026-11-23T13:00:00+01:00"] {
            assert_eq!((first_moment(noon), last_moment(noon)), (Ok(1_795_435_200_000), Ok(1_795_435_200_000)));
        }
        for wrong in ["", "yesterday", "2026-13-01", "2026-11-23T12:00", "1795435200000"] {
            assert!(first_moment(wrong).is_err(), "{wrong}");
        }
    }
}
