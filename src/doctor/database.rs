//! The database, and its keys and clock.

use super::{Context, Finding};
use crate::clock::{DAY, InWords, MINUTE, Millis, Span};
use crate::service::{Inspection, KeyCheck};
use crate::store::Schema;

/// Entries of the audit log that wait longer are linked by nobody.
const LINKED: Millis = 10 * MINUTE;
/// A node that runs logs a checkpoint each day.
const CHECKPOINT: Millis = 2 * DAY;

/// Returns the database, or the reason why another check is skipped.
fn opened(context: &Context) -> Result<&Inspection, Finding> {
    context.database.as_ref().map_err(|_| Finding::skipped("the database cannot be opened"))
}

pub(super) fn reached(context: &Context) -> Finding {
    match &context.database {
        Ok(_) => Finding::ok("it responds, and a server has used it"),
        Err(problem) => {
            let remedy = "start the server once, which creates it, or correct database.url; run this where the server runs, \
                          with the same configuration";
            Finding::problem(problem.clone(), remedy)
        }
    }
}

pub(super) async fn schema(context: &Context) -> Finding {
    let database = match opened(context) {
        Ok(database) => database,
        Err(skipped) => return skipped,
    };
    match database.schema().await {
        Ok(Schema::Current) => Finding::ok("it matches this version"),
        Ok(Schema::Older(missing)) => {
            let found = format!("{missing} migrations of this version are missing");
            Finding::warning(found, "back up, and restart the server, which runs them")
        }
        Ok(Schema::Newer(unknown)) => {
            let found = format!("{unknown} migrations are unknown: a newer version has run");
            Finding::problem(found, "install that version, or restore the backup from before the upgrade")
        }
        Err(error) => Finding::problem(error.to_string(), "check the database's log"),
    }
}

pub(super) async fn clock(context: &Context) -> Finding {
    let database = match opened(context) {
        Ok(database) => database,
        Err(skipped) => return skipped,
    };
    match database.clock().await {
        Ok((_, Some(wrong))) => {
            Finding::problem(wrong.to_string(), "synchronise the clock by NTP; see docs/operations.md, \"Clocks\"")
        }
        Ok((seen, None)) => Finding::ok(match seen.database {
            Some(database) => {
                format!(
                    "it is {}, and the database's differs by {}",
                    InWords(seen.after.wall),
                    Span(database - seen.after.wall)
                )
            }
            None => format!("it is {}", InWords(seen.after.wall)),
        }),
        Err(error) => Finding::problem(error.to_string(), "check the database's log"),
    }
}

pub(super) async fn master_key(context: &Context) -> Finding {
    let database = match opened(context) {
        Ok(database) => database,
        Err(skipped) => return skipped,
    };
    let remedy = "restore the key that the database was created with: without it, nothing in the database can be read";
    match Box::pin(database.master_key(&context.config.keys)).await {
        Ok(KeyCheck { rows_of_former_key: Some(left), .. }) => {
            Finding::ok(format!("it is being exchanged: {left} rows are still to be renewed"))
        }
        Ok(KeyCheck { opened: 0, .. }) => Finding::ok("it belongs to the database, in which nothing is sealed yet"),
        Ok(_) => Finding::ok("it opens the stored values"),
        Err(error) => Finding::problem(error.to_string(), remedy),
    }
}

pub(super) async fn signing_key(context: &Context) -> Finding {
    let database = match opened(context) {
        Ok(database) => database,
        Err(skipped) => return skipped,
    };
    match database.signing_key(&context.config).await {
        Ok(id) => Finding::ok(format!("{id} signs as {}", context.config.server.name)),
        Err(error) => Finding::problem(error.to_string(), "restore the key file from a backup or from another node"),
    }
}

pub(super) async fn audit_log(context: &Context) -> Finding {
    let database = match opened(context) {
        Ok(database) => database,
        Err(skipped) => return skipped,
    };
    // Other checks say what is wrong with these.
    if !matches!(database.schema().await, Ok(Schema::Current)) {
        return Finding::skipped("the schema is not that of this version");
    }
    let has_keys = Box::pin(database.master_key(&context.config.keys)).await.is_ok();
    if !has_keys || database.signing_key(&context.config).await.is_err() {
        return Finding::skipped("it cannot be verified without the keys of the database");
    }
    let state = match Box::pin(database.audit(&context.config)).await {
        Ok(state) => state,
        Err(error) => return Finding::problem(error.to_string(), "restore the row from a backup"),
    };
    let (found, now) = (state.to_string(), context.clock.now());
    if !state.problems.is_empty() {
        let remedy = "see all of it by `vouch audit verify`, with the checkpoints in the server's log; find out who could \
                      write to the database";
        return Finding::problem(found, remedy);
    }
    if state.waiting_since.is_some_and(|since| since < now - LINKED) {
        return Finding::warning(
            found,
            "start the server, which links entries; if it runs, its log says what hinders it",
        );
    }
    match state.checkpoint {
        Some(checkpoint) if checkpoint.at < now - CHECKPOINT => {
            Finding::warning(found, "start the server, which logs a checkpoint each day; if it runs, look at its log")
        }
        _ => Finding::ok(found),
    }
}
