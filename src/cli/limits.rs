//! Showing the rate limits and how full they are.

use super::arguments::Limits;
use super::operator::{in_json, open};
use super::{Failure, say, table};
use crate::clock::InWords;
use crate::config::Config;
use crate::service::LimitLevels;

const HEAD: [&str; 9] = ["LIMIT", "SECTION", "CAPACITY", "PER HOUR", "LEVEL", "BUCKETS", ">50%", ">90%", "FULL"];

pub(super) async fn run(config: Config, limits: &Limits) -> Result<(), Failure> {
    let vouch = open(config).await?;
    let levels = vouch.rate_limits.levels().await?;
    if limits.json {
        say(in_json(&levels)?);
        return Ok(());
    }
    let newest = levels.iter().filter_map(|level| level.last_empty_at).max();
    table(HEAD, levels.iter().map(line), HEAD.len());
    if let Some(newest) = newest {
        say(format_args!("\nIf nothing else is charged, all of them are empty at {}.", InWords(newest)));
    }
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
