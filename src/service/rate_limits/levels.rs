//! The operator's view of the limits: how full they are, but never whose they are.

use serde::Serialize;

use super::RateLimits;
use crate::clock::Millis;
use crate::error::Error;
use crate::identity::rate_limit::kind::{Kind, Scope};
use crate::identity::rate_limit::{Limit, Micros, micros};
use crate::store::{Conn, rate_limits as rows};

/// The limits of a kind, and how full they are.
#[derive(Debug, Serialize)]
pub struct LimitLevels {
    /// The events that are counted, and by whom.
    pub limit: String,
    /// The section of the configuration.
    pub section: &'static str,
    /// The number of units that fit.
    pub capacity: u32,
    /// The number of units that drain in an hour.
    pub per_hour: u32,
    /// The level up to which newcomers may fill it, if it is below the capacity.
    pub newcomers: Option<u32>,
    /// The level, if there is only one bucket.
    pub level: Option<u32>,
    /// The number of buckets that are not empty.
    pub buckets: i64,
    /// The number of those that are more than half full.
    pub above_50_percent: i64,
    /// The number of those that are more than 90 % full.
    pub above_90_percent: i64,
    /// The number of those that have no room for another unit.
    pub full: i64,
    /// The time when the first of them is empty, in milliseconds since 1970.
    pub first_empty_at: Option<Millis>,
    /// The time when all of them are.
    pub last_empty_at: Option<Millis>,
}

impl RateLimits {
    /// Returns the levels of all limits.
    ///
    /// # Errors
    /// 503 if the database is unavailable.
    pub async fn levels(&self) -> Result<Vec<LimitLevels>, Error> {
        let now = micros(self.clock.now());
        let mut conn = self.store.read().await?;
        let stored = rows::kinds(&mut conn, now).await?;
        let mut levels = Vec::with_capacity(Kind::ALL.len());
        for kind in Kind::ALL {
            let name = kind.to_string();
            let row = stored.iter().find(|row| row.name == name);
            levels.push(self.level(&mut conn, kind, row, now).await?);
        }
        Ok(levels)
    }

    async fn level(
        &self,
        conn: &mut Conn,
        kind: Kind,
        row: Option<&rows::Kind>,
        now: Micros,
    ) -> Result<LimitLevels, Error> {
        let (section, bucket) = kind.budget(&self.budgets);
        // Its key is not used unless there is only one bucket.
        let limit = self.rules().limit(kind, &[]);
        let is_single = kind.scope == Scope::Server;
        let mut above = [0; 3];
        if row.is_some() {
            // The capacity and rate of a homeserver grow alike, so a time stands for the same part
            // of both.
            let capacity = limit.cost(bucket.capacity);
            for (count, most) in above.iter_mut().zip([capacity / 2, capacity / 10 * 9, capacity - limit.cost(1)]) {
                *count = rows::count_after(conn, &kind.to_string(), now.saturating_add(most)).await?;
            }
        }
        let level = if is_single { Some(self.filled(conn, &limit, now).await?) } else { None };
        let [above_50_percent, above_90_percent, full] = above;
        Ok(LimitLevels {
            limit: kind.to_string(),
            section,
            capacity: bucket.capacity,
            per_hour: bucket.per_hour,
            newcomers: kind.is_half_for_newcomers().then(|| bucket.capacity - bucket.capacity / 2),
            level,
            buckets: row.map_or(0, |row| row.filled),
            above_50_percent,
            above_90_percent,
            full,
            first_empty_at: row.and_then(|row| row.first_empty_at).map(|time| time / 1000),
            last_empty_at: row.and_then(|row| row.last_empty_at).map(|time| time / 1000),
        })
    }

    /// Returns the number of units in a bucket.
    async fn filled(&self, conn: &mut Conn, limit: &Limit, now: Micros) -> Result<u32, Error> {
        let row = rows::by_keys(conn, vec![limit.key.as_ref().to_vec()]).await?.into_iter().next();
        let rest = row.map_or(0, |row| row.empty_at.saturating_sub(now).max(0));
        Ok(u32::try_from(rest.cast_unsigned().div_ceil(limit.cost(1).max(1).cast_unsigned())).unwrap_or(u32::MAX))
    }
}
