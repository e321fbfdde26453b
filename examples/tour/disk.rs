//! The contents of the disk: the bytes of the database file and its log, and the rows as stored.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use diesel::prelude::*;
use diesel::sql_types::Text;

use crate::Outcome;

/// A file's name and content.
pub struct FileBytes {
    pub name: String,
    content: Vec<u8>,
}

/// Reads the database file and, while the server runs, its log, which contains the latest changes.
pub fn files(database: &Path) -> io::Result<Vec<FileBytes>> {
    let log = PathBuf::from(format!("{}-wal", database.display()));
    let read = |path: &Path| {
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        Ok(FileBytes { name, content: fs::read(path)? })
    };
    [database, &log].into_iter().filter(|path| path.exists()).map(read).collect()
}

impl FileBytes {
    pub fn len(&self) -> usize {
        self.content.len()
    }

    /// Returns whether the file contains these bytes, ignoring ASCII case.
    pub fn contains(&self, needle: &[u8]) -> bool {
        self.content.windows(needle.len()).any(|window| window.eq_ignore_ascii_case(needle))
    }
}

/// The newest row of a table.
pub struct Row {
    pub table: String,
    pub cells: Vec<Cell>,
}

/// A column's name and value; blobs are in hexadecimal.
#[derive(QueryableByName)]
pub struct Cell {
    #[diesel(sql_type = Text)]
    pub name: String,
    #[diesel(sql_type = Text)]
    pub value: String,
}

#[derive(QueryableByName)]
struct Name {
    #[diesel(sql_type = Text)]
    name: String,
}

/// Returns the newest row of each table that is not empty.
pub fn rows(database: &Path) -> Outcome<Vec<Row>> {
    let mut conn = SqliteConnection::establish(&database.display().to_string())?;
    let tables = "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT GLOB 'sqlite_*' \
        AND name NOT GLOB '__diesel*' AND sql NOT LIKE '%WITHOUT ROWID' ORDER BY rowid";
    let mut rows = Vec::new();
    for Name { name: table } in diesel::sql_query(tables).load(&mut conn)? {
        let columns = format!("SELECT name FROM pragma_table_info('{table}')");
        let columns: Vec<Name> = diesel::sql_query(columns).load(&mut conn)?;
        let cells: Vec<String> = columns.iter().map(|column| cell(&table, &column.name)).collect();
        let cells = diesel::sql_query(cells.join(" UNION ALL ")).load(&mut conn)?;
        rows.push(Row { table, cells });
    }
    rows.retain(|row| !row.cells.is_empty());
    Ok(rows)
}

fn cell(table: &str, column: &str) -> String {
    format!(
        "SELECT '{column}' AS name, CASE typeof({column}) WHEN 'blob' THEN 'x ' || lower(hex({column})) \
         WHEN 'null' THEN 'null' ELSE CAST({column} AS TEXT) END AS value \
         FROM {table} WHERE rowid = (SELECT max(rowid) FROM {table})"
    )
}
