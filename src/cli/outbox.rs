//! Listing, retrying and dropping deliveries.

use super::arguments::{Chosen, Listing, Outbox};
use super::operator::{in_json, open};
use super::{Failure, say, table};
use crate::clock::{InWords, Millis};
use crate::config::Config;
use crate::service::{Act, Queued};

/// The columns of the list. The last two are shown only on request: they reveal whom a delivery is
/// about.
const HEAD: [&str; 9] = ["ID", "KIND", "TO", "QUEUED", "ATTEMPTS", "NEXT", "PROBLEM", "USER", "ADDRESS"];
const REVEALING: usize = 2;

pub(super) async fn run(config: Config, what: &Outbox) -> Result<(), Failure> {
    let vouch = open(config).await?;
    if let Outbox::List(Listing { reveal: true, .. }) = what {
        vouch.audit.note_alone(Act::Reveal, None, true, None).await?;
    }
    match what {
        Outbox::List(Listing { json: true, reveal }) => say(in_json(&vouch.outbox.list(*reveal).await?)?),
        Outbox::List(Listing { json: false, reveal }) => {
            print(&vouch.outbox.list(*reveal).await?, *reveal, vouch.clock.now());
        }
        Outbox::Retry(chosen) => done(chosen, vouch.outbox.retry(chosen.id).await?, "tried now")?,
        Outbox::Drop(chosen) => done(chosen, vouch.outbox.discard(chosen.id).await?, "given up")?,
    }
    Ok(())
}

/// Prints the number of affected deliveries.
fn done(chosen: &Chosen, count: usize, what: &str) -> Result<(), Failure> {
    match (chosen.id, count) {
        (Some(id), 0) => return Err(Failure::Failed(format!("there is no delivery {id}; it may have arrived"))),
        (_, 1) => say(format_args!("1 delivery is {what}")),
        (_, count) => say(format_args!("{count} deliveries are {what}")),
    }
    Ok(())
}

fn print(queued: &[Queued], reveal: bool, now: Millis) {
    if queued.is_empty() {
        return say("nothing is waiting to be delivered");
    }
    let columns = if reveal { HEAD.len() } else { HEAD.len() - REVEALING };
    table(HEAD, queued.iter().map(|one| line(one, now)), columns);
}

fn line(one: &Queued, now: Millis) -> [String; HEAD.len()] {
    let next = match one.next_at {
        _ if one.under_way => "under way".to_owned(),
        next_at if next_at <= now => "now".to_owned(),
        next_at => InWords(next_at).to_string(),
    };
    let (user, address) =
        one.about.as_ref().map(|about| (about.user_id.to_string(), about.address.clone())).unwrap_or_default();
    [
        one.id.to_string(),
        one.kind.clone(),
        one.destination.clone().unwrap_or_else(|| "?".to_owned()),
        InWords(one.queued_at).to_string(),
        one.attempts.to_string(),
        next,
        one.last_error.clone().unwrap_or_default(),
        user,
        address,
    ]
}
