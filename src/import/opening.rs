//! Opens a file of unknown origin, with all the distrust that `SQLite` supports:
//! <https://www.sqlite.org/security.html>.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use diesel::connection::SimpleConnection;
use diesel::sql_types::Text;
use diesel::{Connection, QueryResult, QueryableByName, RunQueryDsl, SqliteConnection};
use url::Url;

/// The reason why a database cannot be imported, for the operator.
#[derive(Debug)]
pub struct SourceError(pub String);

impl std::fmt::Display for SourceError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for SourceError {}

impl From<diesel::result::Error> for SourceError {
    fn from(error: diesel::result::Error) -> Self {
        Self(format!("the other server's database: {error}"))
    }
}

impl From<tokio_postgres::Error> for SourceError {
    fn from(error: tokio_postgres::Error) -> Self {
        let error = error.as_db_error().map_or_else(|| error.to_string(), |error| error.message().to_owned());
        Self(format!("the other server's database: {error}"))
    }
}

/// Nothing is written, the schema cannot run functions with side effects, damaged pages are
/// detected, and truncating the file while it is read causes an error and not a crash.
const PRAGMAS: &str = "PRAGMA trusted_schema = OFF; PRAGMA cell_size_check = ON; PRAGMA mmap_size = 0; \
    PRAGMA query_only = ON; PRAGMA busy_timeout = 10000; SELECT 1 FROM sqlite_master";

/// Finds everything that could change the effect of reading, and that these servers never have in
/// the tables that are read: views, virtual tables, computed columns, and columns that hide the ids
/// of rows.
const SUSPICIOUS: &str = "WITH t AS (SELECT type, name FROM pragma_table_list WHERE schema = 'main' \
        AND (? = '' OR instr(?, ' ' || lower(name) || ' '))) \
    SELECT type || ' ' || name AS text FROM t WHERE type NOT IN ('table', 'shadow') \
    UNION ALL SELECT 'column ' || t.name || '.' || c.name FROM t, pragma_table_xinfo(t.name) c \
    WHERE t.type = 'table' AND (c.hidden <> 0 OR lower(c.name) IN ('rowid', 'oid', '_rowid_')) LIMIT 1";

/// The server whose database is opened.
#[derive(Clone, Copy)]
pub struct Maker {
    /// Its name, as in "a Sydent".
    pub name: &'static str,
    /// The tables that are read, in lower case, if others may be of any kind.
    pub tables: &'static [&'static str],
}

#[derive(QueryableByName)]
struct Suspicious {
    #[diesel(sql_type = Text)]
    text: String,
}

/// The tables that distinguish the servers' databases, each with its server.
const MARKS: [(&str, &str); 4] = [
    ("local_threepid_associations", "a Sydent: use `vouch import sydent`"),
    ("invite_3pid", "a ma1sd: use `vouch import ma1sd`"),
    ("user_threepid_id_server", "a Synapse: use `vouch import synapse`"),
    ("erasures", "a Vouch: use `vouch import vouch`"),
];

fn whose(tables: &[String]) -> Option<&'static str> {
    let found = MARKS.iter().find(|(table, _)| tables.iter().any(|name| name == table));
    found.map(|(_, whose)| *whose)
}

/// Returns an error that names the server whose tables these are.
#[must_use]
pub fn another(place: &str, maker: &str, tables: &[String]) -> SourceError {
    let instead = whose(tables).map(|whose| format!(", but of {whose}")).unwrap_or_default();
    SourceError(format!("{place} is not the database of {maker}{instead}"))
}

/// Opens a file for reading. Also returns the count of changes in its header. On a read-only file
/// system, `SQLite` reads a file only if nobody writes to it, which is assumed unless its journal
/// contains changes.
pub(super) fn connect(path: &Path, maker: Maker) -> Result<(SqliteConnection, u32), SourceError> {
    let problem = |text: &str| SourceError(format!("{}: {text}", path.display()));
    let changes = read_header(path).map_err(|text| problem(&text))?;
    let mut conn = establish(path).map_err(|text| problem(&text))?;
    let tables = if maker.tables.is_empty() { String::new() } else { format!(" {} ", maker.tables.join(" ")) };
    let query = diesel::sql_query(SUSPICIOUS).bind::<Text, _>(&tables).bind::<Text, _>(&tables);
    let found: QueryResult<Vec<Suspicious>> = query.load(&mut conn);
    match found.map_err(|error| problem(&error.to_string()))?.first() {
        None => Ok((conn, changes)),
        Some(Suspicious { text }) => {
            let names = "SELECT name AS text FROM sqlite_master WHERE type = 'table'";
            let names: QueryResult<Vec<Suspicious>> = diesel::sql_query(names).load(&mut conn);
            let names = names.unwrap_or_default().into_iter().map(|row| row.text).collect::<Vec<_>>();
            let maker = maker.name;
            if whose(&names).is_some_and(|whose| !whose.starts_with(maker)) {
                return Err(another(&path.display().to_string(), maker, &names));
            }
            Err(problem(&format!("this was not created by {maker}: it has the {}", text.escape_debug())))
        }
    }
}

fn read_header(path: &Path) -> Result<u32, String> {
    let file = std::fs::metadata(path).map_err(|error| error.to_string())?;
    if !file.is_file() {
        return Err("this is a directory or a device, not a file".to_owned());
    }
    let mut header = [0; 28];
    let read = File::open(path).and_then(|mut file| file.read_exact(&mut header));
    if let Err(error) = read
        && error.kind() != std::io::ErrorKind::UnexpectedEof
    {
        return Err(error.to_string());
    }
    match header.strip_prefix(b"SQLite format 3\0") {
        Some([_, _, _, _, _, _, _, _, changes @ ..]) => Ok(changes.try_into().map_or(0, u32::from_be_bytes)),
        _ => Err("this is not an SQLite database".to_owned()),
    }
}

fn establish(path: &Path) -> Result<SqliteConnection, String> {
    let absolute = std::path::absolute(path).map_err(|error| error.to_string())?;
    let url = Url::from_file_path(&absolute).map_err(|()| "the path is not valid")?;
    let is_left = |suffix: &str| {
        let mut name = absolute.clone().into_os_string();
        name.push(suffix);
        std::fs::metadata(name).is_ok_and(|file| file.len() > 0)
    };
    let error = match try_connect(&format!("{url}?mode=ro")) {
        Ok(conn) => return Ok(conn),
        Err(error) => error,
    };
    if is_left("-wal") || is_left("-journal") {
        return Err(format!(
            "{error}: there are changes in its -wal or -journal file that cannot be applied here; stop the other server, or \
             copy all its files to a directory that you can write to"
        ));
    }
    try_connect(&format!("{url}?mode=ro&immutable=1")).map_err(|_| error)
}

fn try_connect(url: &str) -> Result<SqliteConnection, String> {
    let mut conn = SqliteConnection::establish(url).map_err(|error| error.to_string())?;
    conn.batch_execute(PRAGMAS).map_err(|error| error.to_string())?;
    Ok(conn)
}
