//! Comparing the clocks, and correcting a stored time.

use serde_json::json;

use super::arguments::ClockOptions;
use super::{Failure, audit, say};
use crate::clock::{APART, Clock, InWords, Millis, Span};
use crate::config::Config;
use crate::service::{Act, ClockGuard};

pub(super) async fn run(config: Config, options: &ClockOptions) -> Result<(), Failure> {
    let guard = ClockGuard::open_existing(&config, Clock::system()).await?;
    if options.reset {
        let (time, put_right) = guard.reset().await?;
        say(format_args!("stored {} as the latest time; running nodes notice this within a minute", InWords(time)));
        for (what, rows) in &put_right {
            say(format_args!("{rows} rows were corrected: {what}"));
        }
        let rows: usize = put_right.iter().map(|(_, rows)| rows).sum();
        audit::note(config, Act::SetClock, json!({ "command": "reset", "time": time, "rows": rows })).await;
    } else if options.accept {
        let time = guard.accept().await?;
        say(format_args!("stored {} as the latest time; running nodes notice this within a minute", InWords(time)));
        audit::note(config, Act::SetClock, json!({ "command": "accept", "time": time })).await;
    } else {
        let (seen, unsettled, wrong) = guard.look().await?;
        let wall = seen.after.wall;
        say(format_args!("this machine  {}", InWords(wall)));
        if let Some(database) = seen.database {
            say(format_args!("the database  {}", beside(database, wall)));
        }
        match seen.stored {
            Some(stored) => say(format_args!("last stored   {}", beside(stored, wall))),
            None => say("last stored   never"),
        }
        if let Some(unsettled) = unsettled.filter(|unsettled| *unsettled > wall.saturating_add(APART)) {
            say(format_args!(
                "rows until    {}: time was taken back; running nodes correct these rows within about an \
                 hour, and `vouch clock --reset` at once",
                beside(unsettled, wall)
            ));
        }
        if let Some(wrong) = wrong {
            return Err(Failure::Failed(wrong.to_string()));
        }
    }
    Ok(())
}

/// Formats a time and its distance from this machine's clock.
fn beside(time: Millis, wall: Millis) -> String {
    let by = time.saturating_sub(wall);
    format!("{}  {} {}", InWords(time), Span(by), if by < 0 { "behind" } else { "ahead" })
}
