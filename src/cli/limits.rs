//! Showing the rate limits and how full they are.

use serde_json::json;

use super::arguments::Limits;
use super::operator::{in_json, open};
use super::{Failure, say, table};
use crate::clock::InWords;
use crate::config::Config;
use crate::identity::rate_limit::simulation;
use crate::service::LimitLevels;
use crate::store::recent_lookups::Size;

const HEAD: [&str; 9] = ["LIMIT", "SECTION", "CAPACITY", "PER HOUR", "LEVEL", "BUCKETS", ">50%", ">90%", "FULL"];

pub(super) async fn run(config: Config, limits: &Limits) -> Result<(), Failure> {
    if limits.simulate {
        say(simulation::table(&config.budgets));
        return Ok(());
    }
    let vouch = open(config).await?;
    let (levels, memory) = (vouch.rate_limits.levels().await?, vouch.lookups.memory_size().await?);
    if limits.json {
        say(in_json(&json!({ "limits": levels, "remembered": memory }))?);
        return Ok(());
    }
    let newest = levels.iter().filter_map(|level| level.last_empty_at).max();
    table(HEAD, levels.iter().map(line), HEAD.len());
    say("");
    if let Some(newest) = newest {
        say(format_args!("If nothing else is charged, all of them are empty at {}.", InWords(newest)));
    }
    let Size { rows, bytes } = memory;
    say(format_args!("The look-ups of tokens are remembered in {rows} rows, {bytes} bytes in total."));
    Ok(())
}

fn line(level: &LimitLevels) -> [String; HEAD.len()] {
    let newcomers = level.newcomers.map(|most| format!(" (newcomers {most})")).unwrap_or_default();
    [
        level.limit.clone(),
        format!("[{}]", level.section),
        format!("{}{newcomers}", level.capacity),
        level.per_hour.to_string(),
        level.level.map_or_else(|| "-".to_owned(), |level| level.to_string()),
        level.buckets.to_string(),
        level.above_50_percent.to_string(),
        level.above_90_percent.to_string(),
        level.full.to_string(),
    ]
}
