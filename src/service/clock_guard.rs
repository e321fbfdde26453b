//! Keeps a node from acting on a wrong clock.

use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use super::accounts::OPENID_TOKEN_KEPT_AT_MOST;
use super::deliverer;
use super::standing::SETTLED;
use super::start::in_words;
use crate::clock::{Clock, Evidence, InWords, MINUTE, Millis, SETTLING, Span, Wrong, in_millis};
use crate::config::Config;
use crate::error::StartError;
use crate::identity::rate_limit::MEMORY;
use crate::store::future::{self, Longest};
use crate::store::{Error as StoreError, Store, meta};

/// How often the clocks are compared, and the time is stored.
const INTERVAL: Millis = MINUTE;
/// How often it is checked whether the wall clock has departed from the monotonic one, and whether a
/// wrong clock has been put right.
const POLL: Duration = Duration::from_secs(1);
/// How often it is logged that a clock is wrong, while it stays wrong.
const REMINDER: Duration = Duration::from_mins(10);

/// Compares this node's clock with the others that there are, and stores the time while it is right.
pub struct ClockGuard {
    store: Store,
    clock: Clock,
    limit: Millis,
    longest: Longest,
    /// The latest time that this node has read or stored.
    known: AtomicI64,
    verdict: Mutex<Verdict>,
}

/// The last judgement, and what was logged.
#[derive(Default)]
struct Verdict {
    wrong: Option<Wrong>,
    /// When it was logged that the clock is wrong.
    logged_at: Option<Instant>,
    /// By how much time had jumped ahead, of late.
    jump: Millis,
}

impl ClockGuard {
    /// Returns a guard of this node's clock.
    pub(super) fn new(config: &Config, store: Store, clock: Clock) -> Self {
        let limit = in_millis(config.server.max_clock_skew);
        let longest = Longest {
            key: config.retention.invite + config.retention.ephemeral_key,
            pause: deliverer::LONGEST_PAUSE,
            pepper: 2 * in_millis(config.lookup.pepper_period),
            erasure: SETTLED,
            openid: OPENID_TOKEN_KEPT_AT_MOST,
            drain: config.budgets.longest_drain().max(MEMORY),
        };
        Self { store, clock, limit, longest, known: AtomicI64::new(Millis::MIN), verdict: Mutex::default() }
    }

    /// Compares the clocks whenever that is due, forever.
    pub async fn run(self: Arc<Self>) {
        let mut checked = None;
        loop {
            let elapsed = self.clock.reading().elapsed;
            let is_recent = checked.is_some_and(|checked| elapsed.saturating_sub(checked) < INTERVAL);
            if !is_recent || !self.clock.is_right() {
                match self.check().await {
                    Ok(()) => checked = Some(elapsed),
                    // Until the database is back, the monotonic clock tells whether the time is right.
                    Err(error) => log::debug!("the clocks could not be compared: {error}"),
                }
            }
            self.clock.pause(POLL).await;
        }
    }

    /// Compares the clocks. Unless this node's is right, it must not act.
    ///
    /// # Errors
    /// `store::Error` if the database fails. Then the last judgement stands.
    pub(super) async fn judge(&self) -> Result<Result<(), Wrong>, StoreError> {
        Ok(self.clock.judge(&self.evidence().await?).map(drop))
    }

    /// Compares the clocks, logs what is wrong, and stores the time if this node's is right, as a
    /// lower bound for the next start.
    async fn check(&self) -> Result<(), StoreError> {
        let evidence = self.evidence().await?;
        let judged = self.clock.judge(&evidence);
        self.report(judged.err(), &evidence);
        let Ok(settled) = judged else { return Ok(()) };
        let time = evidence.database.map_or(settled, |database| settled.min(database));
        self.store.write_one(async move |conn| meta::set_latest_time(conn, time).await).await?;
        self.known.fetch_max(time, Ordering::Relaxed);
        Ok(())
    }

    /// Why the clock was found to be wrong, if it was.
    #[must_use]
    pub fn wrong(&self) -> Option<Wrong> {
        self.verdict.lock().unwrap_or_else(PoisonError::into_inner).wrong
    }

    /// Stores the time, if it is right: the last thing a node does.
    ///
    /// # Errors
    /// `store::Error` if the database fails.
    pub(super) async fn close(&self) -> Result<(), StoreError> {
        if self.clock.is_right() { self.check().await } else { Ok(()) }
    }

    /// Returns what the clocks say, and what is wrong with this machine's.
    ///
    /// # Errors
    /// `store::Error` if the database fails.
    pub async fn look(&self) -> Result<(Evidence, Option<Wrong>), StoreError> {
        let evidence = self.evidence().await?;
        Ok((evidence, self.clock.of_node().judge(&evidence).err()))
    }

    /// Stores this machine's time, however far it is ahead of the stored one, and returns it.
    ///
    /// # Errors
    /// A text for the operator.
    pub async fn accept(&self) -> Result<Millis, StartError> {
        let (evidence, wrong) = self.look().await.map_err(in_words)?;
        if let Some(wrong) = wrong.filter(|wrong| !matches!(wrong, Wrong::Ahead { .. })) {
            return Err(in_words(wrong));
        }
        let time = self.checked_time(&evidence)?;
        self.store.write_one(async move |conn| meta::set_latest_time(conn, time).await).await.map_err(in_words)?;
        Ok(time)
    }

    /// Stores this machine's time, even if it is behind the stored one, and puts right what is dated
    /// in the future. Returns the time, and how many rows were changed in which columns.
    ///
    /// # Errors
    /// A text for the operator.
    pub async fn reset(&self) -> Result<(Millis, Vec<(String, usize)>), StartError> {
        let evidence = self.evidence().await.map_err(in_words)?;
        let time = self.checked_time(&evidence)?;
        let reset = self.store.write(async move |conn| meta::reset_latest_time(conn, time).await);
        reset.await.map_err(|error: StoreError| in_words(error))?;
        let mut changed = Vec::new();
        for (table, column, remedy) in future::remedies(self.longest) {
            let put_right = async move |conn: &mut _| future::put_right(conn, table, column, remedy, time).await;
            let rows = self.store.write_one(put_right).await.map_err(|error: StoreError| in_words(error))?;
            changed.push((format!("{table}.{column}"), rows));
        }
        Ok((time, changed))
    }

    /// Returns this machine's time, unless it is wrong whatever was stored.
    fn checked_time(&self, evidence: &Evidence) -> Result<Millis, StartError> {
        self.clock.of_node().judge(&Evidence { stored: None, ..*evidence }).map_err(in_words)?;
        Ok(evidence.database.map_or(evidence.after.wall, |database| database.min(evidence.after.wall)))
    }

    /// Asks the database for its time and for the latest that was stored.
    async fn evidence(&self) -> Result<Evidence, StoreError> {
        let before = self.clock.reading();
        let database = self.store.time().await?.map(|said| self.clock.database_time(said));
        let after = self.clock.reading();
        let stored = meta::latest_time(&mut self.store.read().await?).await?;
        // It is never moved back, except by an operator's command.
        let known = self.known.load(Ordering::Relaxed);
        let is_reset = stored.is_some_and(|stored| stored < known);
        if let Some(stored) = stored {
            self.known.store(stored, Ordering::Relaxed);
        }
        Ok(Evidence { before, after, database, stored, is_reset, limit: self.limit })
    }

    /// Logs what was seen when the judgement changes, and from time to time while the clock is
    /// wrong.
    fn report(&self, wrong: Option<Wrong>, evidence: &Evidence) {
        let mut verdict = self.verdict.lock().unwrap_or_else(PoisonError::into_inner);
        let was = std::mem::replace(&mut verdict.wrong, wrong);
        match wrong {
            Some(wrong) => {
                let is_new = was.is_none_or(|was| std::mem::discriminant(&was) != std::mem::discriminant(&wrong));
                if is_new || verdict.logged_at.is_none_or(|at| at.elapsed() > REMINDER) {
                    log::error!("{wrong}. This node does nothing until that is put right");
                    verdict.logged_at = Some(Instant::now());
                }
            }
            None if was.is_some() => log::info!("the clock is right again: it is {}", InWords(evidence.after.wall)),
            None => {}
        }
        if wrong.is_none() {
            let jump = evidence.after.wall.saturating_sub(self.clock.settled());
            if jump > SETTLING && jump > verdict.jump + self.limit {
                log::warn!(
                    "time has jumped ahead by {}, to {}: if that is wrong, set the clock right within an hour; until then, \
                     nothing is deleted because of it",
                    Span(jump),
                    InWords(evidence.after.wall)
                );
            }
            verdict.jump = jump;
        }
    }
}
