//! Nodes of the last release go on working while the first newer one migrates the database. SQLite
//! has one node only.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use sha2::{Digest, Sha256};
use tokio_postgres::{Client, Row};
use vouch_test_support::postgres::Database;

/// The last release and its migrations, as `scripts/record-migrations` has recorded them.
const RELEASED: &str = include_str!("../../migrations/released");
const CHANGELOG: &str = include_str!("../../CHANGELOG.md");
/// What the changelog says of a release whose tables older nodes cannot live with.
const STOP: &str = "Stop all nodes";

/// Selects what statements of the server depend on or are refused by: columns, unique indexes,
/// constraints and triggers. For foreign keys, also the table that they refer to, and whether they
/// can refuse a deletion from it.
const FACTS: &str = "
    SELECT 'column', c.relname::text, a.attname || ' ' || format_type(a.atttypid, a.atttypmod)
            || CASE WHEN a.attnotnull THEN ' NOT NULL' ELSE '' END
            || CASE WHEN a.attidentity <> '' OR a.attgenerated <> '' THEN ' DEFAULT generated'
                WHEN a.atthasdef THEN ' DEFAULT ' || pg_get_expr(d.adbin, d.adrelid) ELSE '' END,
        NULL::text, false
    FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid
        LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
    WHERE c.relnamespace = current_schema()::regnamespace AND c.relkind IN ('r', 'p') AND a.attnum > 0
        AND NOT a.attisdropped
    UNION ALL
    SELECT 'unique index', c.relname::text, regexp_replace(pg_get_indexdef(i.indexrelid), '^.* USING ', ''), NULL, false
    FROM pg_index i JOIN pg_class c ON c.oid = i.indrelid
    WHERE c.relnamespace = current_schema()::regnamespace AND i.indisunique
    UNION ALL
    SELECT 'constraint', c.relname::text, pg_get_constraintdef(k.oid), f.relname::text,
        k.contype = 'f' AND k.confdeltype IN ('a', 'r')
    FROM pg_constraint k JOIN pg_class c ON c.oid = k.conrelid LEFT JOIN pg_class f ON f.oid = k.confrelid
    WHERE c.relnamespace = current_schema()::regnamespace AND k.contype IN ('c', 'f', 'x')
    UNION ALL
    SELECT 'trigger', c.relname::text, pg_get_triggerdef(t.oid), NULL, false
    FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid
    WHERE c.relnamespace = current_schema()::regnamespace AND NOT t.tgisinternal";

/// Something about a table.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Fact {
    kind: String,
    table: String,
    definition: String,
    refers_to: Option<String>,
    refuses_deletions: bool,
}

type Schema = BTreeSet<Fact>;

impl Fact {
    fn of(row: &Row) -> Self {
        let [kind, table, definition] = std::array::from_fn(|at| row.get(at));
        Self { kind, table, definition, refers_to: row.get(3), refuses_deletions: row.get(4) }
    }

    /// Whether it can refuse a statement that was written before it came, about one of these
    /// tables. A trigger may refuse anything or nothing, so it is not judged.
    fn restricts(&self, tables: &BTreeSet<&str>) -> bool {
        let is_old = tables.contains(self.table.as_str());
        match self.kind.as_str() {
            "column" => is_old && self.definition.ends_with(" NOT NULL"),
            "trigger" => false,
            _ => {
                let refers_to_old = self.refers_to.as_deref().is_some_and(|table| tables.contains(table));
                is_old || refers_to_old && self.refuses_deletions
            }
        }
    }
}

async fn schema(client: &Client) -> Schema {
    client.query(FACTS, &[]).await.unwrap().iter().map(Fact::of).collect()
}

/// Returns what a node that was made for the old schema cannot work with in the new one.
fn incompatibilities(old: &Schema, new: &Schema) -> Vec<String> {
    let tables: BTreeSet<&str> = old.iter().map(|fact| fact.table.as_str()).collect();
    let gone = old.difference(new).map(|fact| ("missing", fact));
    let added = new.difference(old).filter(|fact| fact.restricts(&tables)).map(|fact| ("new", fact));
    let describe = |(what, fact): (&str, &Fact)| format!("{what} {} of {}: {}", fact.kind, fact.table, fact.definition);
    gone.chain(added).map(describe).collect()
}

fn folder() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/migrations"))
}

fn read(path: &str) -> String {
    fs::read_to_string(folder().join(path)).unwrap_or_else(|error| panic!("migrations/{path}: {error}"))
}

/// The names of the migrations for PostgreSQL, oldest first.
fn migrations() -> BTreeSet<String> {
    let entries = fs::read_dir(folder().join("postgres")).unwrap();
    entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
}

async fn migrate(client: &Client, names: impl IntoIterator<Item = &String>) {
    for name in names {
        client.batch_execute(&read(&format!("postgres/{name}/up.sql"))).await.unwrap();
    }
}

/// The last release, or `none`, and the digest and the path of each of its migrations.
fn released() -> (&'static str, Vec<(&'static str, &'static str)>) {
    let mut lines = RELEASED.lines().filter(|line| !line.starts_with('#'));
    let version = lines.next().expect("the first line is a version");
    (version, lines.map(|line| line.split_once("  ").expect("digest and path")).collect())
}

/// The heading and the text of each version, the newest first.
fn versions() -> impl Iterator<Item = (&'static str, &'static str)> {
    CHANGELOG.split("\n## [").skip(1).filter_map(|section| section.split_once(']'))
}

#[test]
fn the_migrations_of_the_last_release_are_recorded() {
    let last = versions().map(|(version, _)| version).find(|version| *version != "Unreleased");
    assert_eq!(last.unwrap_or("none"), released().0, "run scripts/record-migrations VERSION (docs/releasing.md)");
}

#[test]
fn a_released_migration_never_changes() {
    for (digest, path) in released().1 {
        let now: Vec<_> = Sha256::digest(read(path)).iter().map(|byte| format!("{byte:02x}")).collect();
        assert_eq!(digest, now.concat(), "migrations/{path} has run at operators'; add another one instead");
    }
}

#[tokio::test]
async fn nodes_of_the_last_release_can_live_with_the_new_tables() {
    let released: BTreeSet<String> = released()
        .1
        .into_iter()
        .filter_map(|(_, path)| Some(path.strip_prefix("postgres/")?.strip_suffix("/up.sql")?.to_owned()))
        .collect();
    let database = tokio::task::spawn_blocking(Database::create).await.unwrap();
    let client = database.connect().await;
    migrate(&client, &released).await;
    let old = schema(&client).await;
    migrate(&client, migrations().difference(&released)).await;
    let found = incompatibilities(&old, &schema(&client).await);
    let are_stopped = versions().next().is_some_and(|(version, text)| version == "Unreleased" && text.contains(STOP));
    assert!(
        found.is_empty() || are_stopped,
        "nodes of the last release would fail; change the migrations, or say \"{STOP}\" in the changelog:\n{}",
        found.join("\n")
    );
}

/// The check itself: each of these migrations must be found, and none of those after them.
#[tokio::test]
async fn incompatible_migrations_are_found() {
    let database = tokio::task::spawn_blocking(Database::create).await.unwrap();
    let client = database.connect().await;
    migrate(&client, &migrations()).await;
    let old = schema(&client).await;
    let found = async |sql: &str| {
        client.batch_execute(&format!("BEGIN; {sql}")).await.unwrap_or_else(|error| panic!("{sql}: {error}"));
        let found = incompatibilities(&old, &schema(&client).await);
        client.batch_execute("ROLLBACK").await.unwrap();
        found
    };
    for (sql, problem) in [
        ("DROP TABLE objections", "missing column of objections: "),
        ("ALTER TABLE visits RENAME TO web_sessions", "missing column of visits: "),
        ("ALTER TABLE tokens DROP COLUMN used_at", "missing column of tokens: used_at bigint NOT NULL"),
        ("ALTER TABLE tokens RENAME COLUMN used_at TO last_used", "missing column of tokens: used_at bigint NOT NULL"),
        ("ALTER TABLE tokens ALTER used_at TYPE TEXT", "missing column of tokens: used_at bigint NOT NULL"),
        ("ALTER TABLE tokens ALTER used_at DROP NOT NULL", "missing column of tokens: used_at bigint NOT NULL"),
        ("ALTER TABLE bindings ALTER written_by DROP DEFAULT", "missing column of bindings: written_by "),
        ("ALTER TABLE tokens ADD COLUMN device TEXT NOT NULL", "new column of tokens: device text NOT NULL"),
        ("ALTER TABLE tokens ADD CHECK (used_at > 0)", "new constraint of tokens: CHECK"),
        ("ALTER TABLE tokens ADD UNIQUE (used_at)", "new unique index of tokens: "),
        ("CREATE UNIQUE INDEX one_each ON tokens (used_at) WHERE used_at > 5", "new unique index of tokens: "),
        ("CREATE TABLE devices (account_id BIGINT REFERENCES accounts)", "new constraint of devices: FOREIGN KEY"),
        ("DROP TRIGGER note_removed_binding ON bindings", "missing trigger of bindings: "),
        ("ALTER TABLE meta DROP CONSTRAINT meta_pkey", "missing unique index of meta: "),
    ] {
        let found = found(sql).await;
        assert!(found.iter().any(|found| found.starts_with(problem)), "{sql}: {found:#?}");
    }
    for sql in [
        "CREATE TABLE devices (account_id BIGINT NOT NULL REFERENCES accounts ON DELETE CASCADE, name TEXT UNIQUE)",
        "ALTER TABLE tokens ADD COLUMN device TEXT",
        "ALTER TABLE tokens ADD COLUMN device TEXT NOT NULL DEFAULT ''",
        "CREATE INDEX tokens_used_at_and_more ON tokens (used_at)",
        "DROP INDEX bindings_written_by",
    ] {
        assert_eq!(found(sql).await, Vec::<String>::new(), "{sql}");
    }
}
