//! The way back to a Sydent: the changes made here since the import, as SQL for its database.
//!
//! Rows are written as Sydent writes them. A bind replaces the local row of the address, which gets
//! a new id, and is copied into the global table, which look-ups read. An unbind replaces the local
//! row with one without a Matrix ID, and deletes the global rows of the address. Sydent sends the
//! rows of the local table to its peers.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::fmt::Write;

use base64::prelude::{BASE64_URL_SAFE_NO_PAD, Engine};
use ruma_common::OwnedUserId;
use ruma_common::canonical_json::{CanonicalJsonValue, to_canonical_value};
use serde_json::json;
use sha2::{Digest, Sha256};

use super::batches::Batches;
use super::rows::{RawInvite, Reference, Table};
use super::source::{Selection, Source};
use super::survey::Found;
use super::{Horizon, Opened, Options, batch, checks, expected, open};
use crate::clock::{DAY, Millis};
use crate::crypto::signing::SigningKeys;
use crate::error::Error;
use crate::identity::threepid::Address;
use crate::import::opening::SourceError;
use crate::import::report::KeyCheck;
use crate::import::{BATCH, ImportError, Progress};
use crate::service::{Importer, Mode, Outcome, Seen, Services, Standing};

/// The time for which bindings are valid there.
const A_HUNDRED_YEARS: Millis = 100 * 365 * DAY;

/// The number of printed characters of an access token: enough to distinguish it from others, but
/// not to use it.
const TOKEN_START: usize = 16;

/// The way back.
#[derive(Debug, Default)]
pub struct WayBack {
    /// The statements, in one transaction.
    pub sql: String,
    /// The number of addresses that were bound here.
    pub bound: usize,
    /// The number of addresses that were unbound here.
    pub unbound: usize,
    /// The number of accounts, access tokens and invitations that were removed here.
    pub removed: usize,
    /// The number of addresses that have changed there since the last import, and stay as they are.
    pub newer_there: usize,
}

/// A change of an address here.
struct Change {
    address: Address,
    /// The user it is bound to, or `None` if it was unbound.
    user: Option<OwnedUserId>,
    /// The time, which is always later than the events there.
    at: Millis,
}

/// The format in which rows of bindings are written into this database.
struct Writer<'a> {
    server_name: &'a str,
    signing: &'a SigningKeys,
    /// The key that Sydent signs with.
    key: String,
    /// Earlier versions have no hashes.
    has_hashes: bool,
    pepper: Option<String>,
    sql: String,
}

/// Returns the way back.
///
/// # Errors
/// [`ImportError`], also if no import is in progress, since removals here are not remembered then.
pub async fn run(
    services: &Services,
    options: &Options,
    progress: &(dyn Progress + Sync),
) -> Result<WayBack, ImportError> {
    let Opened { mut source, position, mut horizon, .. } = open(services, options).await?;
    if position.is_none() {
        return Err(ImportError::Choice(
            "nothing was imported from this Sydent, or the move was ended with --last: what was removed here since is not \
             known, so there is no way back"
                .to_owned(),
        ));
    }
    let importer = &services.importer;
    let key = match checks::signing_key(&mut source, &services.signing, options.settings.as_ref())? {
        KeyCheck::Matches(id) => id,
        _ => services.signing.current().0.to_owned(),
    };
    let select = Selection { since: 0, with_peers: options.with_peers };
    progress.begin("reading", expected(&mut source, 0)?);
    let winners = Found::of(&mut source, select, &mut horizon, &|rows| progress.tick(rows))?.winners;
    progress.begin("comparing", winners.len());
    let mut way_back = WayBack::default();
    let changes = changes(importer, &mut source, &winners, &horizon, &mut way_back, progress).await?;
    let spellings = spellings(&mut source, select, &horizon, &changes)?;
    let mut writer = Writer {
        server_name: services.config.server.name.as_str(),
        signing: &services.signing,
        key,
        has_hashes: source.has_column("global_threepid_associations", "lookup_hash")?,
        pepper: source.pepper()?,
        sql: String::new(),
    };
    for change in &changes {
        way_back.bound += usize::from(change.user.is_some());
        way_back.unbound += usize::from(change.user.is_none());
        writer.write(change, spellings.get(&change.address))?;
    }
    let removed = removed(importer, &mut source, horizon.now).await?;
    way_back.removed = removed.len();
    let (bound, unbound, others) = (way_back.bound, way_back.unbound, way_back.removed);
    let head = format!(
        "-- {bound} addresses were bound and {unbound} unbound since the import, and {others} accounts, tokens or \
         invitations removed.\n-- This contains addresses. Stop Sydent first.\nBEGIN IMMEDIATE;\n"
    );
    way_back.sql = format!("{head}{}{}COMMIT;", writer.sql, removed.concat());
    importer.note_way_back(changes.len() + others).await?;
    Ok(way_back)
}

/// Compares all addresses.
async fn changes(
    importer: &Importer,
    source: &mut Source,
    winners: &[Reference],
    horizon: &Horizon,
    way_back: &mut WayBack,
    progress: &(dyn Progress + Sync),
) -> Result<Vec<Change>, ImportError> {
    let (mut seen, mut changes) = (Seen::default(), Vec::new());
    let batches = winners.chunk_by(|one, other| one.table == other.table).flat_map(|same| same.chunks(BATCH));
    for some in batches {
        let events = batch(source, some, horizon)?;
        let prepared = importer.prepare(events.clone(), Mode::Look);
        for (event, standing) in events.into_iter().zip(importer.standing(&prepared, &mut seen).await?) {
            let (user, at) = match standing {
                Standing::Same => continue,
                Standing::Before => {
                    way_back.newer_there += 1;
                    continue;
                }
                Standing::Bound { user, at } => (Some(user), at),
                Standing::Unbound => (None, horizon.now),
            };
            changes.push(Change { address: event.address, user, at: at.max(event.at + 1) });
        }
        progress.tick(some.len());
    }
    let made = importer.bound_besides(&mut seen).await?;
    changes.extend(made.into_iter().map(|it| Change { address: it.address, user: Some(it.user), at: it.at }));
    Ok(changes)
}

/// Returns the spellings of the changed addresses there.
fn spellings(
    source: &mut Source,
    select: Selection,
    horizon: &Horizon,
    changes: &[Change],
) -> Result<BTreeMap<Address, BTreeSet<String>>, SourceError> {
    let mut spellings: BTreeMap<_, _> =
        changes.iter().map(|change| (change.address.clone(), BTreeSet::<String>::new())).collect();
    for table in [Table::Local, Table::Global] {
        let mut after = 0;
        while !spellings.is_empty() {
            let page = source.bindings(table, after, select)?;
            let Some(last) = page.last() else { break };
            after = last.id;
            for raw in &page {
                let event = raw.event(horizon.now, raw.at());
                if let Some(known) = event.ok().and_then(|event| spellings.get_mut(&event.address)) {
                    known.insert(String::from_utf8_lossy(raw.spelling()).into_owned());
                }
            }
        }
    }
    Ok(spellings)
}

impl Writer<'_> {
    /// Writes the change of an address. It remains in one spelling, which is in lower case.
    fn write(&mut self, change: &Change, spellings: Option<&BTreeSet<String>>) -> Result<(), ImportError> {
        let canonical = change.address.as_str();
        let is_folded = |spelling: &&String| spelling.as_str() == canonical || spelling.to_lowercase() == **spelling;
        let known = spellings.into_iter().flatten();
        let chosen = known.clone().find(|spelling| *spelling == canonical).or_else(|| known.clone().find(is_folded));
        let chosen = chosen.map_or(canonical, String::as_str);
        let medium = change.address.medium().as_str();
        for other in known.filter(|spelling| *spelling != chosen) {
            self.unbind(medium, other, change.at - 1);
        }
        match &change.user {
            None => self.unbind(medium, chosen, change.at),
            Some(user) => self.bind(medium, chosen, user.as_str(), change.at)?,
        }
        Ok(())
    }

    fn unbind(&mut self, medium: &str, address: &str, at: Millis) {
        let (medium, address) = (quoted(medium), quoted(address));
        let _ = writeln!(
            self.sql,
            "INSERT OR REPLACE INTO local_threepid_associations (medium, address, mxid, ts, notBefore, notAfter) \
             VALUES ({medium}, {address}, NULL, {at}, NULL, NULL);\n\
             DELETE FROM global_threepid_associations WHERE medium = {medium} AND address = {address};"
        );
    }

    fn bind(&mut self, medium: &str, address: &str, user: &str, at: Millis) -> Result<(), ImportError> {
        let until = at + A_HUNDRED_YEARS;
        let association = json!({
            "medium": medium, "address": address, "mxid": user, "ts": at, "not_before": at, "not_after": until,
        });
        let Ok(CanonicalJsonValue::Object(mut association)) = to_canonical_value(association) else {
            return Err(Error::internal().into());
        };
        self.signing.sign_as(&self.key, &mut association);
        let signed = serde_json::to_string(&association).map_err(|_| Error::internal())?;
        let hash = self.pepper.as_ref().map_or_else(
            || "NULL".to_owned(),
            |pepper| {
                let hash = Sha256::digest(format!("{address} {medium} {pepper}"));
                quoted(&BASE64_URL_SAFE_NO_PAD.encode(hash))
            },
        );
        let (column, hash) = if self.has_hashes { (", lookup_hash", format!(", {hash}")) } else { ("", String::new()) };
        let (medium, address, user) = (quoted(medium), quoted(address), quoted(user));
        let (origin, signed) = (quoted(self.server_name), quoted(&signed));
        let _ = writeln!(
            self.sql,
            "INSERT OR REPLACE INTO local_threepid_associations (medium, address, mxid, ts, notBefore, notAfter{column}) \
             VALUES ({medium}, {address}, {user}, {at}, {at}, {until}{hash});\n\
             DELETE FROM global_threepid_associations WHERE medium = {medium} AND address = {address};\n\
             INSERT INTO global_threepid_associations \
             (medium, address, mxid, ts, notBefore, notAfter, originServer, originId, sgAssoc{column}) \
             VALUES ({medium}, {address}, {user}, {at}, {at}, {until}, {origin}, \
             (SELECT id FROM local_threepid_associations WHERE medium = {medium} AND address = {address}), {signed}{hash});"
        );
        Ok(())
    }
}

/// Returns statements that remove the accounts, tokens and invitations there that were removed
/// here.
async fn removed(importer: &Importer, source: &mut Source, now: Millis) -> Result<Vec<String>, ImportError> {
    let mut statements = Vec::new();
    let mut batches = Batches::new(Source::accounts);
    while let Some(rows) = batches.next(source)? {
        let accounts: Vec<_> = rows.iter().filter_map(|row| row.parse(now)).collect();
        let outcomes = importer.accounts(accounts.clone(), Mode::Look).await?;
        let gone = accounts.iter().zip(outcomes).filter(|(_, outcome)| *outcome == Outcome::RemovedHere);
        statements.extend(gone.map(|(account, _)| {
            let user = quoted(account.user.as_str());
            ["tokens", "accepted_terms_urls", "accounts"]
                .map(|table| format!("DELETE FROM {table} WHERE user_id = {user};\n"))
                .concat()
        }));
    }
    let mut batches = Batches::new(Source::tokens);
    while let Some(rows) = batches.next(source)? {
        let tokens: Vec<_> = rows.iter().filter_map(|row| row.parse(now)).collect();
        let outcomes = importer.tokens(tokens.clone(), Mode::Look, &mut Seen::default()).await?;
        let gone = tokens.iter().zip(outcomes).filter(|(_, outcome)| *outcome == Outcome::RemovedHere);
        statements.extend(gone.map(|(row, _)| {
            let (user, start) = (quoted(row.user.as_str()), row.token.chars().take(TOKEN_START).collect::<String>());
            format!(
                "DELETE FROM tokens WHERE user_id = {user} AND substr(token, 1, {TOKEN_START}) = {};\n",
                quoted(&start)
            )
        }));
    }
    let (mut batches, mut once) = (Batches::new(Source::invites), HashSet::new());
    while let Some(rows) = batches.next(source)? {
        let pending = rows.iter().filter(|row| !row.is_sent() && !row.is_expired(now));
        let invites: Vec<_> =
            pending.filter_map(RawInvite::parse).filter(|row| once.insert(row.token.clone())).collect();
        let outcomes = importer.invites(invites.clone(), "", Mode::Look, &mut Seen::default()).await?;
        let gone = invites.iter().zip(outcomes);
        let gone = gone.filter(|(_, outcome)| matches!(outcome, Outcome::RemovedHere | Outcome::Objected));
        statements
            .extend(gone.map(|(row, _)| format!("DELETE FROM invite_tokens WHERE token = {};\n", quoted(&row.token))));
    }
    Ok(statements)
}

/// Returns a text as an SQL literal.
fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}
