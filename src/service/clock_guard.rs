//! Keeping a node from acting on a wrong clock.

use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use super::accounts::OPENID_TOKEN_KEPT_AT_MOST;
use super::standing::SETTLED;
use super::start::in_words;
use super::{deliverer, maintenance};
use crate::clock::{APART, Clock, Evidence, InWords, MINUTE, Millis, SETTLING, Span, Wrong, in_millis};
use crate::config::Config;
use crate::error::StartError;
use crate::identity::rate_limit::MEMORY;
use crate::identity::rate_limit::kind::Kind;
use crate::store::future::{self, Longest, Remedy};
use crate::store::{Error as StoreError, Store, leases, meta};

/// The interval at which the clocks are compared and the time is stored.
const INTERVAL: Millis = MINUTE;
/// The interval at which a node checks whether the wall clock has departed from the monotonic one,
/// and whether a wrong clock has been corrected.
const POLL: Duration = Duration::from_secs(1);
/// The interval at which a wrong clock is logged again.
const REMINDER: Duration = Duration::from_mins(10);

/// The lease of the node that corrects rows dated in the future.
const LEASE: &str = "future";
const LEASE_LENGTH: Millis = maintenance::SWEEP;

/// Compares this node's clock with the other clocks available, and stores the time while it is
/// right.
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
    /// The time when it was last logged that the clock is wrong.
    logged_at: Option<Instant>,
    /// The recent jumps ahead.
    jump: Millis,
    /// The time since which rows are dated in the future, on the monotonic clock.
    taken_back: Option<Millis>,
    /// The offset of the machine's clock ahead of the database's.
    offset: Option<Millis>,
}

impl ClockGuard {
    /// Returns a guard of this node's clock.
    pub(super) fn new(config: &Config, store: Store, clock: Clock) -> Self {
        let limit = in_millis(config.server.max_clock_skew);
        let longest = Longest {
            session: config.retention.validation_session,
            pause: deliverer::LONGEST_PAUSE,
            pepper: 2 * in_millis(config.lookup.pepper_period),
            erasure: SETTLED,
            openid: OPENID_TOKEN_KEPT_AT_MOST,
            lease: maintenance::SWEEP,
            drain: Kind::longest_drain(&config.budgets).max(MEMORY),
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
                    // Until the database is back, the monotonic clock shows whether the time is
                    // right.
                    Err(error) => log::debug!("the clocks could not be compared: {error}"),
                }
            }
            self.clock.pause(POLL).await;
        }
    }

    /// Compares the clocks. The node must not act unless its clock is right.
    ///
    /// # Errors
    /// `store::Error` if the database fails. The last judgement then remains in force.
    pub(super) async fn judge(&self) -> Result<Result<(), Wrong>, StoreError> {
        let evidence = self.evidence().await?;
        let judged = self.clock.judge(&evidence);
        if let Ok(settled) = judged {
            self.note_jump(evidence.after.wall, settled).await?;
        }
        Ok(judged.map(drop))
    }

    /// Compares the clocks, logs any problem, and stores the time if this node's clock is right, as
    /// a lower bound for the next start.
    async fn check(&self) -> Result<(), StoreError> {
        let evidence = self.evidence().await?;
        let judged = self.clock.judge(&evidence);
        self.report(judged.err(), &evidence);
        let Ok(settled) = judged else {
            self.verdict().taken_back = None;
            return Ok(());
        };
        let time = evidence.database.map_or(settled, |database| settled.min(database));
        self.store.write_one(async move |conn| meta::set_latest_time(conn, time).await).await?;
        self.known.fetch_max(time, Ordering::Relaxed);
        self.heed_jump(&evidence, settled).await
    }

    /// Records that this node acts on a jump ahead that may turn out to be wrong; returns whether
    /// there is one.
    async fn note_jump(&self, now: Millis, settled: Millis) -> Result<bool, StoreError> {
        let is_jump = now.saturating_sub(settled) > APART;
        if is_jump {
            self.store.write_one(async move |conn| meta::note_unsettled_time(conn, now).await).await?;
        }
        Ok(is_jump)
    }

    /// Corrects rows dated in the future, once a jump ahead has been taken back and the clock has
    /// been right for as long as a jump needs to [settle](SETTLING).
    async fn heed_jump(&self, evidence: &Evidence, settled: Millis) -> Result<(), StoreError> {
        let now = evidence.after.wall;
        if self.note_jump(now, settled).await? {
            self.verdict().taken_back = None;
            return Ok(());
        }
        let Some(unsettled) = meta::unsettled_time(&mut self.store.read().await?).await? else {
            self.verdict().taken_back = None;
            return Ok(());
        };
        if unsettled <= now.saturating_add(APART) {
            self.verdict().taken_back = None;
        } else if !self.has_been_right(evidence.after.elapsed, unsettled) {
            return Ok(());
        } else if self
            .store
            .write_one(async move |conn| leases::take(conn, LEASE, now, now + LEASE_LENGTH).await)
            .await?
        {
            let rules = future::remedies(self.longest).into_iter();
            // The people concerned were told of the pending erasure and its date.
            let kept = |table: &str, remedy: Remedy| remedy.destroys() || table == "erasures";
            let changed = self.put_right(rules.filter(|(table, _, remedy)| !kept(table, *remedy)), now).await?;
            let changed: Vec<_> = changed.iter().map(|(what, rows)| format!("{what}: {rows}")).collect();
            log::warn!("rows that a wrong clock had dated in the future were corrected: {}", changed.join(", "));
        } else {
            return Ok(());
        }
        self.store.write_one(async move |conn| meta::forget_unsettled_time(conn, unsettled).await).await
    }

    /// Returns whether the time has been right for so long since it was taken back that it can be
    /// relied on.
    fn has_been_right(&self, elapsed: Millis, unsettled: Millis) -> bool {
        let mut verdict = self.verdict();
        if let Some(since) = verdict.taken_back {
            return elapsed.saturating_sub(since) >= SETTLING;
        }
        verdict.taken_back = Some(elapsed);
        log::warn!(
            "time was taken back from {}: rows that are dated in the future will be corrected once the clock \
             has been right for {}, or at once by `vouch clock --reset`",
            InWords(unsettled),
            Span(SETTLING)
        );
        false
    }

    /// Corrects rows dated in the future; returns how many were changed in which columns.
    async fn put_right(
        &self,
        rules: impl Iterator<Item = (&'static str, &'static str, Remedy)>,
        now: Millis,
    ) -> Result<Vec<(String, usize)>, StoreError> {
        let mut changed = Vec::new();
        for (table, column, remedy) in rules {
            let mut total = 0;
            loop {
                let put_right = async move |conn: &mut _| future::put_right(conn, table, column, remedy, now).await;
                match self.store.write_one(put_right).await? {
                    0 => break,
                    rows => total += rows,
                }
            }
            if total > 0 {
                changed.push((format!("{table}.{column}"), total));
            }
        }
        Ok(changed)
    }

    fn verdict(&self) -> MutexGuard<'_, Verdict> {
        self.verdict.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Returns why the clock was found to be wrong, if it was.
    #[must_use]
    pub fn wrong(&self) -> Option<Wrong> {
        self.verdict().wrong
    }

    /// Returns how far this machine's clock was ahead of the database's when they were last
    /// compared.
    pub(super) fn offset(&self) -> Option<Millis> {
        self.verdict().offset
    }

    /// Stores the time, if it is right. This is the last thing a node does.
    ///
    /// # Errors
    /// `store::Error` if the database fails.
    pub(super) async fn close(&self) -> Result<(), StoreError> {
        if self.clock.is_right() { self.check().await } else { Ok(()) }
    }

    /// Returns the readings of the clocks, the time up to which rows may be dated in the future,
    /// and what is wrong with this machine's clock.
    ///
    /// # Errors
    /// `store::Error` if the database fails.
    pub async fn look(&self) -> Result<(Evidence, Option<Millis>, Option<Wrong>), StoreError> {
        let evidence = self.evidence().await?;
        let unsettled = meta::unsettled_time(&mut self.store.read().await?).await?;
        Ok((evidence, unsettled, self.clock.of_node().judge(&evidence).err()))
    }

    /// Stores this machine's time, however far it is ahead of the stored one, and returns it.
    ///
    /// # Errors
    /// A text for the operator.
    pub async fn accept(&self) -> Result<Millis, StartError> {
        let (evidence, _, wrong) = self.look().await.map_err(in_words)?;
        if let Some(wrong) = wrong.filter(|wrong| !matches!(wrong, Wrong::Ahead { .. })) {
            return Err(in_words(wrong));
        }
        let time = self.checked_time(&evidence)?;
        self.store.write_one(async move |conn| meta::set_latest_time(conn, time).await).await.map_err(in_words)?;
        Ok(time)
    }

    /// Stores this machine's time, even if it is behind the stored one, and corrects rows dated in
    /// the future. Returns the time, and how many rows were changed in which columns.
    ///
    /// # Errors
    /// A text for the operator.
    pub async fn reset(&self) -> Result<(Millis, Vec<(String, usize)>), StartError> {
        let evidence = self.evidence().await.map_err(in_words)?;
        let time = self.checked_time(&evidence)?;
        let reset = self.store.write(async move |conn| meta::reset_latest_time(conn, time).await);
        reset.await.map_err(|error: StoreError| in_words(error))?;
        let changed = self.put_right(future::remedies(self.longest).into_iter(), time).await.map_err(in_words)?;
        let forgotten = self.store.write_one(async |conn| meta::forget_unsettled_time(conn, Millis::MAX).await).await;
        forgotten.map_err(|error: StoreError| in_words(error))?;
        Ok((time, changed))
    }

    /// Returns this machine's time, unless it is wrong regardless of the stored time.
    fn checked_time(&self, evidence: &Evidence) -> Result<Millis, StartError> {
        self.clock.of_node().judge(&Evidence { stored: None, ..*evidence }).map_err(in_words)?;
        Ok(evidence.database.map_or(evidence.after.wall, |database| database.min(evidence.after.wall)))
    }

    /// Asks the database for its time and for the latest stored time.
    async fn evidence(&self) -> Result<Evidence, StoreError> {
        let stored = meta::latest_time(&mut self.store.read().await?).await?;
        let before = self.clock.reading();
        let database = self.store.time().await?.map(|said| self.clock.database_time(said));
        // Read last, since it is compared with the times returned until then.
        let after = self.clock.reading();
        // It never goes back, except by an operator's command.
        let known = self.known.load(Ordering::Relaxed);
        let is_reset = stored.is_some_and(|stored| stored < known);
        if let Some(stored) = stored {
            self.known.store(stored, Ordering::Relaxed);
        }
        Ok(Evidence { before, after, database, stored, is_reset, limit: self.limit })
    }

    /// Logs the evidence when the judgement changes, and from time to time while the clock is
    /// wrong.
    fn report(&self, wrong: Option<Wrong>, evidence: &Evidence) {
        let mut verdict = self.verdict();
        verdict.offset = evidence.database.map(|database| evidence.after.wall.saturating_sub(database));
        let was = std::mem::replace(&mut verdict.wrong, wrong);
        match wrong {
            Some(wrong) => {
                let is_new = was.is_none_or(|was| std::mem::discriminant(&was) != std::mem::discriminant(&wrong));
                if is_new || verdict.logged_at.is_none_or(|at| at.elapsed() > REMINDER) {
                    log::error!("{wrong}. This node does nothing until that is corrected");
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
                    "time has jumped ahead by {}, to {}: if that is wrong, correct the clock within an hour; \
                     until then, \
                     nothing is deleted because of it",
                    Span(jump),
                    InWords(evidence.after.wall)
                );
            }
            verdict.jump = jump;
        }
    }
}
