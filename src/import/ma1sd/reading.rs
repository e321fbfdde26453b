//! Reads the content of a ma1sd's database, before it is compared with ours.

use std::collections::{BTreeMap, BTreeSet};

use ruma_common::OwnedUserId;

use super::keys::KeyStore;
use super::rows::{self, ACCEPTED, ACCOUNT, FORMER, INVITE, Properties};
use crate::clock::{DAY, Millis};
use crate::import::database::{Database, Row};
use crate::import::opening::SourceError;
use crate::import::position::Choices;
use crate::import::survey::{Survey, TableRows};
use crate::import::untimed::Untimed;
use crate::import::{ImportError, Progress};

/// The columns of `hashes` that are read, in the order that [`Untimed`] expects.
pub(super) const HASHES: [&str; 3] = ["medium", "address", "mxid"];

/// The tables of a ma1sd, each with a note on what is done with it.
const TABLES: [(&str, &str); 8] = [
    ("invite_3pid", "imported"),
    ("invite_3pid_history", "only those that no homeserver has accepted, with --undelivered take"),
    ("accepted", "imported, as history"),
    ("account", "its users are imported, its tokens are not: they expire within the hour"),
    ("hashes", "only with --hashes take"),
    ("session_3pid", "not imported: people have to prove their address again"),
    ("as_txn", "not imported: there is no application service"),
    ("changelog", "not imported"),
];

/// The content of the database.
pub(super) struct Found {
    /// The survey of the database.
    pub survey: Survey,
    /// The bindings that count.
    pub bindings: Untimed,
    /// The users, each with the time since which they have been known.
    pub users: BTreeMap<OwnedUserId, Millis>,
    /// The id and public half of each key that invitations name.
    pub server_keys: BTreeSet<(String, String)>,
}

impl Found {
    /// Reads a database.
    pub(super) async fn of(
        database: &mut Database,
        choices: Choices,
        keys: Option<&KeyStore>,
        now: Millis,
        progress: &(dyn Progress + Sync),
    ) -> Result<Self, ImportError> {
        let mut found = Self {
            survey: Survey::default(),
            bindings: Untimed::default(),
            users: BTreeMap::new(),
            server_keys: BTreeSet::new(),
        };
        for name in database.tables().to_vec() {
            let rows = database.count(&name).await?;
            found.survey.tables.push(TableRows::new(name, rows, &TABLES));
        }
        found.invites(database, choices, now, progress).await?;
        found.survey.malformed_keys += keys.map_or(0, |keys| keys.malformed);
        found.people(database, now).await?;
        let mut pages = database.pages("hashes", &HASHES).await?;
        while let Some(page) = pages.next(database).await? {
            for row in &page {
                if choices.hashes == Some(false) {
                    found.survey.bindings.rows_read += 1;
                } else {
                    found.bindings.add(row, &mut found.survey.bindings);
                }
            }
            progress.tick(page.len());
        }
        let mut pages = database.pages("session_3pid", &["creationTime"]).await?;
        while let Some(page) = pages.next(database).await? {
            let usable = page.iter().filter(|row| row.number(0).is_some_and(|at| at > now - DAY)).count();
            found.survey.sessions_lost += i64::try_from(usable).unwrap_or_default();
        }
        Ok(found)
    }

    async fn invites(
        &mut self,
        database: &mut Database,
        choices: Choices,
        now: Millis,
        progress: &(dyn Progress + Sync),
    ) -> Result<(), SourceError> {
        let mut pages = database.pages("invite_3pid", &INVITE).await?;
        while let Some(page) = pages.next(database).await? {
            for row in &page {
                self.invite(row, now);
            }
            progress.tick(page.len());
        }
        let mut pages = database.pages("invite_3pid_history", &FORMER).await?;
        while let Some(page) = pages.next(database).await? {
            for row in &page {
                if !rows::is_undelivered(row) {
                    self.survey.invitations.handed_over += 1;
                    continue;
                }
                self.survey.invitations.undelivered += 1;
                if choices.undelivered == Some(true) {
                    self.invite(row, now);
                }
            }
        }
        Ok(())
    }

    /// Counts an invitation to be imported.
    fn invite(&mut self, row: &Row, now: Millis) {
        let properties = Properties::of(row);
        self.survey.malformed_keys += usize::from(properties.is_malformed);
        match rows::invite(row, properties.created_at, now) {
            Some(invite) => self.survey.invitations.count(now.saturating_sub(invite.received_at)),
            None => self.survey.invitations.malformed += 1,
        }
        self.server_keys.extend(properties.server_key);
    }

    async fn people(&mut self, database: &mut Database, now: Millis) -> Result<(), SourceError> {
        let mut pages = database.pages("accepted", &ACCEPTED).await?;
        while let Some(page) = pages.next(database).await? {
            for row in &page {
                match rows::consent(row) {
                    Some(consent) => self.user(consent.user, consent.accepted_at, now),
                    None => self.survey.malformed_consents += 1,
                }
            }
        }
        let mut pages = database.pages("account", &ACCOUNT).await?;
        while let Some(page) = pages.next(database).await? {
            for row in &page {
                let (issued_at, expires_at) = rows::token_times(row);
                self.survey.tokens_lost += usize::from(expires_at.is_some_and(|at| at > now));
                match row.user_id(0) {
                    Some(user) => self.user(user, issued_at, now),
                    None => self.survey.malformed_accounts += 1,
                }
            }
        }
        Ok(())
    }

    fn user(&mut self, user: OwnedUserId, at: Option<Millis>, now: Millis) {
        let at = at.map_or(now, |at| at.clamp(0, now));
        self.users.entry(user).and_modify(|since| *since = at.min(*since)).or_insert(at);
    }
}
