//! The findings and changes of an import, for the operator.

use std::collections::BTreeMap;
use std::fmt;

use serde::Serialize;

use super::survey::{Listed, Survey};
use crate::service::Outcome;

/// The number of examples that are shown in words; JSON has more.
const SHOWN: usize = 10;

/// The number of rows with each outcome.
pub type Tally = BTreeMap<Outcome, usize>;

/// The completed action.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Done {
    /// Nothing was written; the report says what would be.
    DryRun,
    /// Nothing was written; the report lists the differences.
    Verified,
    /// Nothing was written, because something would be lost.
    Refused,
    /// The data was written.
    Imported,
}

/// The result of looking for the other server's key among ours.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum KeyCheck {
    /// We have it, under this id.
    Matches(String),
    /// We do not have the key with this id.
    Missing(String),
    /// Its rows do not name the key.
    Unknown,
}

/// Something that would be lost.
#[derive(Debug, Serialize)]
pub struct Loss {
    /// The loss.
    pub what: String,
    /// The advice to the operator.
    pub advice: String,
}

/// The result of an import.
#[derive(Debug, Serialize)]
pub struct Report {
    /// The completed action.
    pub done: Done,
    /// `sydent`, `tchap`, `ma1sd`, `mxisd` or `synapse`
    pub variant: &'static str,
    /// The version of its tables.
    pub schema_version: i64,
    /// The other server's name, if its rows contain it.
    pub their_name: Option<String>,
    /// Our name.
    pub our_name: String,
    /// The result for the other server's key, if it signs for this name.
    pub signing_key: Option<KeyCheck>,
    /// The local id after which rows were read, if only changes were read.
    pub since: i64,
    /// The content of the database.
    pub found: Survey,
    /// The outcomes for each kind of row.
    pub outcomes: BTreeMap<&'static str, Tally>,
    /// The number of addresses whose invitations were delivered at once, because they are bound.
    pub invitations_delivered: usize,
    /// The losses.
    pub losses: Vec<Loss>,
}

impl Report {
    /// Adds the outcome of some rows.
    pub fn add(&mut self, kind: &'static str, outcomes: impl IntoIterator<Item = Outcome>) {
        let tally = self.outcomes.entry(kind).or_default();
        for outcome in outcomes {
            *tally.entry(outcome).or_default() += 1;
        }
    }

    /// Returns the number of rows that were changed, or would be.
    #[must_use]
    pub fn changes(&self) -> usize {
        let tallies = self.outcomes.values().flatten();
        tallies.filter(|(outcome, _)| outcome.is_change()).map(|(_, count)| count).sum()
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (found, bindings) = (&self.found, &self.found.bindings);
        writeln!(f, "The other server ({}, schema version {})", self.variant, self.schema_version)?;
        if self.signing_key.is_some() {
            writeln!(f, "  name          {}", name_check(self.their_name.as_deref(), &self.our_name))?;
        }
        if let Some(check) = &self.signing_key {
            writeln!(f, "  signing key   {}", key_check(check, self.variant))?;
        }
        for table in &found.tables {
            writeln!(f, "  {:>9}  {}: {}", table.rows, table.name, table.note)?;
        }
        writeln!(f, "Bindings")?;
        for origin in &found.origins {
            writeln!(f, "  {:>9}  {} ({})", origin.rows, origin.name.escape_debug(), origin.note)?;
        }
        let changed = match self.since {
            0 => String::new(),
            since => format!(": those after local {since}, and those from peers"),
        };
        writeln!(f, "  {:>9}  rows read{changed}", bindings.rows_read)?;
        for (count, what) in [
            (bindings.addresses, "addresses"),
            (bindings.tombstones, "tombstones: addresses that were unbound"),
            (bindings.expired, "expired rows: not imported"),
            (bindings.not_yet_valid, "rows that are not valid yet: read again next time"),
            (
                bindings.unbound_by_peers,
                "rows that look-ups do not find, because a peer unbound the address: not imported",
            ),
            (bindings.malformed_users, "addresses bound to invalid Matrix IDs: not imported"),
            (bindings.elsewhere, "rows for other identity servers: not imported"),
            (bindings.strangers, "rows of users who no longer exist there: not imported"),
        ] {
            count_if_any(f, count, what)?;
        }
        list(f, &bindings.unknown_media, "rows of an unknown kind of address: not imported")?;
        list(f, &bindings.malformed_addresses, "rows whose address is not valid: not imported")?;
        list(f, &bindings.respelled, "addresses spelled in several ways; one row counts")?;
        list(f, &bindings.several_users, "addresses bound to several users; the newest counts")?;
        list(f, &bindings.contested, "addresses bound to several users at unknown times: not imported")?;
        if self.variant != "synapse" {
            self.write_invitations(f)?;
        }
        if found.dated_ahead > 0 {
            writeln!(
                f,
                "Note: {} rows of bindings are dated in the future. They count as made no later than the last import.",
                found.dated_ahead
            )?;
        }
        for peer in &found.active_peers {
            writeln!(f, "Note: it replicates with {}. There is no replication here.", peer.escape_debug())?;
        }
        self.write_outcomes(f)
    }
}

impl Report {
    fn write_invitations(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (found, invites) = (&self.found, &self.found.invitations);
        writeln!(f, "Invitations")?;
        writeln!(f, "  {:>9}  pending", invites.pending)?;
        for (age, count) in &invites.by_age {
            let made =
                if *age == "more" { "made more than a year ago".to_owned() } else { format!("made in the last {age}") };
            writeln!(f, "  {count:>9}    {made}")?;
        }
        count_if_any(f, invites.handed_over, "handed to a homeserver: not imported")?;
        count_if_any(f, invites.undelivered, "not accepted by their homeserver")?;
        count_if_any(f, invites.expired, "expired: not imported")?;
        writeln!(f, "Sessions")?;
        let lost =
            "validation sessions that are usable now, not imported: these people have to prove their address again";
        writeln!(f, "  {:>9}  {lost}", found.sessions_lost)?;
        count_if_any(f, found.tokens_lost, "access tokens that work now, not imported: their apps register again")
    }

    fn write_outcomes(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "{}",
            match self.done {
                Done::DryRun | Done::Refused => "To do (nothing was written)",
                Done::Verified => "Differences",
                Done::Imported => "Done",
            }
        )?;
        for (kind, tally) in &self.outcomes {
            let counts: Vec<_> =
                tally.iter().map(|(outcome, count)| format!("{count} {}", in_words(*outcome))).collect();
            writeln!(f, "  {kind}: {}", if counts.is_empty() { "none".to_owned() } else { counts.join(", ") })?;
        }
        if self.invitations_delivered > 0 {
            writeln!(
                f,
                "  {} addresses are bound, so their invitations are delivered now",
                self.invitations_delivered
            )?;
        }
        for loss in &self.losses {
            writeln!(f, "LOST: {}\n      {}", loss.what, loss.advice)?;
        }
        Ok(())
    }
}

fn name_check(theirs: Option<&str>, ours: &str) -> String {
    match theirs {
        Some(theirs) if theirs == ours => format!("{ours}, as here"),
        Some(theirs) => format!("{}, but here it is {ours}", theirs.escape_debug()),
        None => format!("unknown; here it is {ours}"),
    }
}

fn key_check(check: &KeyCheck, variant: &str) -> String {
    match check {
        KeyCheck::Matches(id) => format!("{id}, which this server has"),
        KeyCheck::Missing(id) => format!("{id}, which this server does not have"),
        KeyCheck::Unknown if matches!(variant, "ma1sd" | "mxisd") => "unknown: give its keys with --keys".to_owned(),
        KeyCheck::Unknown => "unknown: give its configuration with --sydent-config".to_owned(),
    }
}

const fn in_words(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Added => "added",
        Outcome::Replaced => "replaced by newer ones",
        Outcome::Removed => "removed",
        Outcome::Unchanged => "unchanged",
        Outcome::NothingToRemove => "removed there and absent here",
        Outcome::NewerHere => "newer here",
        Outcome::RemovedHere => "removed here, or older",
        Outcome::Objected => "refused, because their owner objects",
        Outcome::NoAccount => "without an account",
        Outcome::Duplicate => "twice there; the newest counts",
    }
}

fn count_if_any(f: &mut fmt::Formatter<'_>, count: usize, what: &str) -> fmt::Result {
    if count == 0 { Ok(()) } else { writeln!(f, "  {count:>9}  {what}") }
}

fn list(f: &mut fmt::Formatter<'_>, listed: &Listed, what: &str) -> fmt::Result {
    count_if_any(f, listed.count, what)?;
    for text in listed.some.iter().take(SHOWN) {
        writeln!(f, "             {text}")?;
    }
    if listed.count > SHOWN {
        writeln!(f, "             and {} more; --json shows 100 of them", listed.count - SHOWN)?;
    }
    Ok(())
}
