//! Imports the bindings that a Synapse's users have made on this server.
//!
//! Synapse stores which addresses its users have bound, and on which identity server, but not when.
//! It also stores the addresses of their accounts. These were never published, and are not even
//! read.

use std::collections::BTreeMap;
use std::sync::Arc;

use ruma_common::{OwnedServerName, ServerName};

use super::database::{Database, Row};
use super::opening::{Maker, SourceError};
use super::position::{Choices, Position};
use super::report::{Done, Loss, Report};
use super::survey::{Origin, Survey, TableRows};
use super::untimed::{self, Untimed};
use super::{Accepted, Action, ImportError, Progress, Target, losses};
use crate::service::{BindingSource, Mode, Outcome, Seen, Services};

/// The expected kind of database. A Synapse's file also has virtual tables, for searching.
const MAKER: Maker = Maker { name: "a Synapse", tables: &["users", "user_threepid_id_server", "schema_version"] };

/// The columns that are read, those that [`Untimed`] expects first.
const COLUMNS: [&str; 4] = ["medium", "address", "user_id", "id_server"];

/// The number of spellings of identity servers that are reported.
const SPELLINGS: usize = 100;

/// The relevant tables, each with a note on what is done with it.
const TABLES: [(&str, &str); 3] = [
    ("user_threepid_id_server", "imported, if it is for this server"),
    ("user_threepids", "not read: these addresses were not published"),
    ("users", "read for the names of users who still exist"),
];

/// The options of an import.
pub struct Options {
    /// The file or `PostgreSQL` URL of the database.
    pub place: String,
    /// The names by which the homeserver knows this server. If there are none, those of our
    /// configuration are used.
    pub id_servers: Vec<String>,
    /// The action.
    pub action: Action,
    /// The risks that the operator accepts.
    pub accepted: Accepted,
}

/// The rows to read.
struct Selection {
    /// This server's names, in one spelling.
    names: Vec<String>,
    /// The users who still exist.
    users: Users,
}

/// The users of a homeserver, by keyed hashes, of which a few million fit into memory.
#[derive(Default)]
struct Users {
    hasher: std::hash::RandomState,
    active: std::collections::HashSet<u64>,
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
    let (importer, now) = (&services.importer, services.importer.now());
    let ca_file = services.config.database.ca_file.as_deref();
    let needed = ["users", "user_threepid_id_server"];
    let mut database = Database::open(&options.place, MAKER, &needed, ca_file).await?;
    let marks =
        vec![database.greatest("events", "stream_ordering").await?, database.greatest("users", "creation_ts").await?];
    let (users, homeserver) = Users::read(&mut database).await?;
    let name =
        format!("synapse {} {}", services.config.server.name, homeserver.as_deref().map_or("", ServerName::as_str));
    let last = Position::of(importer, &name).await?.unwrap_or_default();
    if !options.accepted.older {
        last.refuse_older(&marks, &options.place)?;
    }
    // Without the names of the last run, its bindings would appear to have been withdrawn.
    let given = if options.id_servers.is_empty() { last.names } else { options.id_servers.clone() };
    let names = if given.is_empty() { services.config.server.names() } else { given.clone() };
    let selection = Selection { names: names.iter().map(|name| normal(name)).collect(), users };
    let expected = database.count("user_threepid_id_server").await?;
    progress.begin("reading", usize::try_from(expected).unwrap_or_default());
    let (survey, mut bindings) = read(&mut database, &selection, progress).await?;
    let mut report = Report {
        done: Done::DryRun,
        variant: "synapse",
        schema_version: database.greatest("schema_version", "version").await?,
        their_name: None,
        our_name: services.config.server.name.to_string(),
        signing_key: None,
        since: 0,
        found: survey,
        outcomes: BTreeMap::new(),
        invitations_delivered: 0,
        losses: Vec::new(),
    };
    report.losses = lost(&report);
    let mode = options.action.begin(&mut report, options.accepted);
    if mode == Mode::Write {
        importer.begin().await?;
    }
    report.add("bindings", []);
    let selection = Arc::new(selection);
    let mut to = Target { importer, mode, now, report: &mut report, progress };
    let mut seen = import(&mut to, &mut database, &selection, &mut bindings, false).await?;
    if let Some(homeserver) = homeserver {
        let withdrawn = importer.withdrawn_bindings(&mut seen, &homeserver, mode).await?;
        to.report.add("bindings", vec![Outcome::Removed; withdrawn]);
        if withdrawn > 0 && mode == Mode::Write {
            // Somebody else may have bound one of these addresses since.
            import(&mut to, &mut database, &selection, &mut bindings, true).await?;
        }
    }
    if mode == Mode::Write {
        report.invitations_delivered = importer.deliver_invites_of_bound().await?;
        let position = Position { at: now, marks, choices: Choices::default(), names: given };
        position.store(importer, &name, serde_json::json!(report.outcomes)).await?;
    }
    Ok(report)
}

async fn import(
    to: &mut Target<'_>,
    database: &mut Database,
    selection: &Arc<Selection>,
    bindings: &mut Untimed,
    is_repeated: bool,
) -> Result<Seen, ImportError> {
    let selection = Arc::clone(selection);
    let pages = database.pages("user_threepid_id_server", &COLUMNS).await?.only(move |row| selection.has(row));
    untimed::import(to, database, pages, bindings, BindingSource::Homeserver, is_repeated).await
}

/// Returns the losses.
fn lost(report: &Report) -> Vec<Loss> {
    let (mut losses, bindings) = (losses::of(report, ""), &report.found.bindings);
    if bindings.contested.count > 0 {
        losses.push(losses::contested(bindings.contested.count));
    }
    if bindings.rows_read + bindings.strangers == 0 && bindings.elsewhere > 0 {
        losses.push(Loss {
            what: format!("{} addresses that were all published at other identity servers", bindings.elsewhere),
            advice: "if one of the names above is this server, as people have entered it, name it with --id-server"
                .to_owned(),
        });
    }
    losses
}

/// Returns one spelling of a name that may have been entered as a URL.
fn normal(name: &str) -> String {
    let name = name.trim().to_ascii_lowercase();
    let host = name.strip_prefix("https://").or_else(|| name.strip_prefix("http://")).unwrap_or(&name);
    let host = host.trim_end_matches('/');
    host.strip_suffix(":443").unwrap_or(host).to_owned()
}

/// Reads the database, and decides which rows count.
async fn read(
    database: &mut Database,
    selection: &Selection,
    progress: &(dyn Progress + Sync),
) -> Result<(Survey, Untimed), SourceError> {
    let (mut survey, mut bindings) = (Survey::default(), Untimed::default());
    for (table, _) in TABLES {
        if database.has(table) {
            let rows = database.count(table).await?;
            survey.tables.push(TableRows::new(table.to_owned(), rows, &TABLES));
        }
    }
    let (mut pages, mut spellings) = (database.pages("user_threepid_id_server", &COLUMNS).await?, BTreeMap::new());
    while let Some(page) = pages.next(database).await? {
        for row in &page {
            let spelling = row.text(3).unwrap_or_default();
            if let Some(count) = spellings.get_mut(spelling) {
                *count += 1;
            } else if spellings.len() < SPELLINGS {
                spellings.insert(spelling.to_owned(), 1_i64);
            }
            if !selection.is_here(row) {
                survey.bindings.elsewhere += 1;
            } else if !selection.is_of_user(row) {
                survey.bindings.strangers += 1;
            } else {
                bindings.add(row, &mut survey.bindings);
            }
        }
        progress.tick(page.len());
    }
    for (name, rows) in spellings {
        let note = if selection.names.contains(&normal(&name)) { "this server" } else { "another server, left out" };
        survey.origins.push(Origin { name, rows, note });
    }
    Ok((survey, bindings))
}

impl Selection {
    fn is_here(&self, row: &Row) -> bool {
        row.text(3).is_some_and(|name| self.names.contains(&normal(name)))
    }

    /// Returns whether a row belongs to a user who still exists. Invalid Matrix IDs are reported
    /// elsewhere.
    fn is_of_user(&self, row: &Row) -> bool {
        row.user_id(2).is_none_or(|user| self.users.active.contains(&self.users.hash(user.as_str())))
    }

    fn has(&self, row: &Row) -> bool {
        self.is_here(row) && self.is_of_user(row)
    }
}

impl Users {
    /// Reads the users who are not deactivated, and the name of the homeserver.
    async fn read(database: &mut Database) -> Result<(Self, Option<OwnedServerName>), SourceError> {
        let (mut users, mut homeserver) = (Self::default(), None);
        let mut pages = database.pages("users", &["name", "deactivated"]).await?;
        while let Some(page) = pages.next(database).await? {
            for row in &page {
                let Some(user) = row.user_id(0) else { continue };
                homeserver.get_or_insert_with(|| user.server_name().to_owned());
                if !row.is_true(1) {
                    users.active.insert(users.hash(user.as_str()));
                }
            }
        }
        Ok((users, homeserver))
    }

    fn hash(&self, user: &str) -> u64 {
        use std::hash::BuildHasher;
        self.hasher.hash_one(user)
    }
}

#[cfg(test)]
mod tests {
    use super::normal;

    #[test]
    fn a_name_has_one_spelling() {
        for name in [
            "id.example.org",
            "ID.Example.org",
            "https://id.example.org/",
            " id.example.org:443",
            "http://id.example.org",
        ] {
            assert_eq!(normal(name), "id.example.org", "{name}");
        }
        for other in ["id.example.org:8448", "https://id.example.org/vouch", "id.example.com", "", "https://"] {
            assert_ne!(normal(other), "id.example.org", "{other}");
        }
    }
}
