//! Moving in from a ma1sd, or from the mxisd before it.
//!
//! A ma1sd has no bindings: it looks addresses up elsewhere, and keeps the results in `hashes`
//! while it runs. Pending invitations and their keys have to be moved.

pub mod converting;
pub mod keys;
mod reading;
pub mod rows;
pub mod settings;

use std::collections::{BTreeMap, BTreeSet};

use ruma_common::OwnedUserId;

use super::database::{Database, Pages};
use super::opening::Maker;
use super::position::{Choices, Position};
use super::report::{Done, KeyCheck, Loss, Report};
use super::untimed::{self, Untimed};
use super::{Accepted, Action, BATCH, ImportError, Progress, Target, losses, refuse_besides};
use crate::clock::Millis;
use crate::crypto::signing::SigningKeys;
use crate::service::{BindingSource, ImportedAccount, ImportedInvite, Mode, Outcome, Seen, Services};
use keys::KeyStore;
use reading::Found;
use rows::{FORMER, INVITE, Properties};

/// The policy under which accepted terms are recorded. None of our policies can have this name.
const POLICY: &str = "ma1sd:terms";

/// The expected kind of database.
const MAKER: Maker = Maker { name: "a ma1sd", tables: &[] };

/// The options of an import.
pub struct Options {
    /// The file or `PostgreSQL` URL of the database.
    pub place: String,
    /// Its key store.
    pub keys: Option<KeyStore>,
    /// Its server name, if its configuration is given.
    pub name: Option<String>,
    /// The action.
    pub action: Action,
    /// The operator's choices.
    pub choices: Choices,
    /// The time for which the public keys of its invitations are reported as valid.
    pub keys_valid: Millis,
    /// The risks that the operator accepts.
    pub accepted: Accepted,
}

/// Imports the data, or reports what would be imported.
///
/// # Errors
/// [`ImportError`]. Everything imported before the error is kept, and the import can be repeated.
pub async fn run(
    services: &Services,
    options: &Options,
    progress: &(dyn Progress + Sync),
) -> Result<Report, ImportError> {
    let (importer, server) = (&services.importer, &services.config.server);
    refuse_besides(importer, "sydent").await?;
    let name = format!("ma1sd {}", server.name);
    let ca_file = services.config.database.ca_file.as_deref();
    let mut database = Database::open(&options.place, MAKER, &["invite_3pid", "session_3pid"], ca_file).await?;
    let marks =
        vec![database.count("invite_3pid_history").await?, database.greatest("session_3pid", "creationTime").await?];
    let last = Position::of(importer, &name).await?.unwrap_or_default();
    if !options.accepted.older {
        last.refuse_older(&marks, &options.place)?;
    }
    let (choices, now) = (options.choices.or(last.choices), importer.now());
    let expected = database.count("invite_3pid").await? + database.count("hashes").await?;
    progress.begin("reading", usize::try_from(expected).unwrap_or_default());
    let found = Found::of(&mut database, choices, options.keys.as_ref(), now, progress).await?;
    let changes = database.count("changelog").await?;
    let mut report = Report {
        done: Done::DryRun,
        variant: if database.has("changelog") { "ma1sd" } else { "mxisd" },
        schema_version: changes,
        their_name: options.name.clone(),
        our_name: server.name.to_string(),
        signing_key: Some(check_keys(&found, options.keys.as_ref(), services)?),
        since: 0,
        found: found.survey,
        outcomes: BTreeMap::new(),
        invitations_delivered: 0,
        losses: Vec::new(),
    };
    report.losses =
        losses::of(&report, "import it with `vouch keys import --sign KEYS`, KEYS being key.path there, and restart");
    report.losses.extend(undecided(&report, choices));
    let mode = options.action.begin(&mut report, options.accepted);
    if mode == Mode::Write {
        importer.begin().await?;
    }
    let to = Target { importer, mode, now, report: &mut report, progress };
    let mut run = Run { to, signing: &services.signing, choices };
    run.people(&mut database, found.users).await?;
    run.invites(&mut database).await?;
    run.keys(&mut database, options).await?;
    run.hashes(&mut database, found.bindings).await?;
    if mode == Mode::Write {
        report.invitations_delivered = importer.deliver_invites_of_bound().await?;
        let position = Position { at: now, marks, choices, names: Vec::new() };
        position.store(importer, &name, serde_json::json!(report.outcomes)).await?;
    }
    Ok(report)
}

/// Returns whether we have all keys with which the other server has signed: those of its key store,
/// and those that its invitations name.
fn check_keys(found: &Found, keys: Option<&KeyStore>, services: &Services) -> Result<KeyCheck, ImportError> {
    let text = keys.map(|keys| keys.server.iter().map(|line| line.as_str()).collect::<Vec<_>>().join("\n"));
    let stored = text.map(|text| SigningKeys::parse(&text, &services.config.server.name)).transpose();
    let stored = stored.map_err(|problem| ImportError::Choice(format!("the key store: {problem}")))?;
    let stored = stored.iter().flat_map(SigningKeys::all).map(|(id, public)| (id.to_owned(), public));
    let mut theirs = stored.chain(found.server_keys.iter().cloned()).peekable();
    let Some((first, _)) = theirs.peek().cloned() else { return Ok(KeyCheck::Unknown) };
    let missing = theirs.find(|(_, public)| !services.signing.knows(public));
    Ok(missing.map_or(KeyCheck::Matches(first), |(id, _)| KeyCheck::Missing(id)))
}

/// Returns the losses about which the operator has to decide.
fn undecided(report: &Report, choices: Choices) -> Vec<Loss> {
    let mut losses = Vec::new();
    let (undelivered, hashes) = (report.found.invitations.undelivered, report.found.bindings.rows_read);
    if undelivered > 0 && choices.undelivered.is_none() {
        losses.push(Loss {
            what: format!("{undelivered} former invitations that no homeserver has accepted"),
            advice:
                "--undelivered take delivers them when their addresses are bound; --undelivered leave leaves them out"
                    .to_owned(),
        });
    }
    if hashes > 0 && choices.hashes.is_none() {
        losses.push(Loss {
            what: format!("{hashes} addresses that look-ups found there, in directories of yours"),
            advice: "--hashes leave leaves them out, and their owners can publish them here; --hashes take publishes \
                     them all, which needs their consent or another reason that the law accepts"
                .to_owned(),
        });
    }
    if report.found.bindings.contested.count > 0 && choices.hashes == Some(true) {
        losses.push(losses::contested(report.found.bindings.contested.count));
    }
    losses
}

/// An import, step by step.
struct Run<'a> {
    to: Target<'a>,
    signing: &'a SigningKeys,
    choices: Choices,
}

impl Run<'_> {
    /// Imports the users as accounts, with the terms that they have accepted.
    async fn people(
        &mut self,
        database: &mut Database,
        users: BTreeMap<OwnedUserId, Millis>,
    ) -> Result<(), ImportError> {
        let accounts: Vec<_> =
            users.into_iter().map(|(user, created_at)| ImportedAccount { user, created_at }).collect();
        self.to.report.add("accounts", []);
        for some in accounts.chunks(BATCH) {
            let outcomes = self.to.importer.accounts(some.to_vec(), self.to.mode).await?;
            self.to.report.add("accounts", outcomes);
        }
        let mut pages = database.pages("accepted", &rows::ACCEPTED).await?;
        self.to.report.add("accepted terms", []);
        while let Some(page) = pages.next(database).await? {
            for some in page.chunks(BATCH) {
                let consents = some.iter().filter_map(rows::consent).collect();
                let outcomes = self.to.importer.consents(consents, POLICY, self.to.mode).await?;
                self.to.report.add("accepted terms", outcomes);
            }
        }
        Ok(())
    }

    /// Imports pending invitations, and undelivered ones if the operator has chosen that.
    async fn invites(&mut self, database: &mut Database) -> Result<(), ImportError> {
        let mut seen = Seen::default();
        self.to.report.add("invitations", []);
        let pending = database.pages("invite_3pid", &INVITE).await?;
        self.invites_of(database, pending, &mut seen).await?;
        if self.choices.undelivered == Some(true) {
            let former = database.pages("invite_3pid_history", &FORMER).await?;
            self.invites_of(database, former, &mut seen).await?;
        }
        let vanished = self.to.importer.vanished_invites(&mut seen, self.to.mode).await?;
        self.to.report.add("invitations", vec![Outcome::Removed; vanished]);
        Ok(())
    }

    async fn invites_of(
        &mut self,
        database: &mut Database,
        mut pages: Pages,
        seen: &mut Seen,
    ) -> Result<(), ImportError> {
        while let Some(page) = pages.next(database).await? {
            for some in page.chunks(BATCH) {
                let mut by_key = BTreeMap::<String, Vec<ImportedInvite>>::new();
                for row in some.iter().filter(|row| rows::is_undelivered(row)) {
                    let properties = Properties::of(row);
                    let Some(invite) = rows::invite(row, properties.created_at, self.to.now) else { continue };
                    by_key.entry(self.signing_key(properties)).or_default().push(invite);
                }
                for (key, invites) in by_key {
                    let outcomes = self.to.importer.invites(invites, &key, self.to.mode, seen).await?;
                    self.to.report.add("invitations", outcomes);
                }
            }
        }
        Ok(())
    }

    /// Returns the id of the key that was sent to the invitation's room: the id of our key with the
    /// same public half, if there is one.
    fn signing_key(&self, properties: Properties) -> String {
        let Some((id, public)) = properties.server_key else { return self.signing.current().0.to_owned() };
        if self.signing.public_key(&id).as_deref() == Some(public.as_str()) {
            return id;
        }
        self.signing.all().find(|(_, ours)| *ours == public).map_or(id, |(ours, _)| ours.to_owned())
    }

    /// Imports the public keys of current and former invitations, from the database and the key
    /// store.
    async fn keys(&mut self, database: &mut Database, options: &Options) -> Result<(), ImportError> {
        let valid_until = self.to.now + options.keys_valid;
        self.to.report.add("public keys of invitations", []);
        let mut seen = BTreeSet::new();
        for (table, columns) in [("invite_3pid", &INVITE[..]), ("invite_3pid_history", &FORMER[..])] {
            let mut pages = database.pages(table, columns).await?;
            while let Some(page) = pages.next(database).await? {
                seen.extend(page.iter().filter_map(|row| Properties::of(row).own_key));
            }
        }
        seen.extend(options.keys.iter().flat_map(|keys| keys.invitations.iter().copied()));
        for some in seen.into_iter().collect::<Vec<_>>().chunks(BATCH) {
            let outcomes = self.to.importer.keys(some, valid_until, self.to.mode).await?;
            self.to.report.add("public keys of invitations", outcomes);
        }
        Ok(())
    }

    /// Imports the results of look-ups, if the operator has chosen that. Removals cannot be
    /// detected, because ma1sd empties the table whenever it stops.
    async fn hashes(&mut self, database: &mut Database, mut bindings: Untimed) -> Result<(), ImportError> {
        self.to.report.add("bindings", []);
        if self.choices.hashes != Some(true) {
            return Ok(());
        }
        let pages = database.pages("hashes", &reading::HASHES).await?;
        untimed::import(&mut self.to, database, pages, &mut bindings, BindingSource::Server, false).await.map(drop)
    }
}
