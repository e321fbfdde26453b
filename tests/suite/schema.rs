//! The schema that a running server has created is the same on both backends, including indexes.

use crate::database::texts;
use crate::world::World;

/// Selects every column in `SQLite`: table, name, type, nullability, primary key.
const OF_SQLITE: &str = "
    SELECT m.name || '.' || c.name || ' '
        || CASE c.type WHEN 'INTEGER' THEN 'BIGINT' ELSE c.type END
        || CASE WHEN c.\"notnull\" = 1 THEN ' NOT NULL' ELSE '' END
        || CASE WHEN c.pk > 0 THEN ' PRIMARY KEY' ELSE '' END AS text
    FROM sqlite_master m JOIN pragma_table_info(m.name) c
    WHERE m.type = 'table' AND m.name NOT LIKE 'sqlite\\_%' ESCAPE '\\' ORDER BY 1";

/// Selects the same in PostgreSQL, with `SQLite`'s type names.
const OF_POSTGRES: &str = "
    SELECT c.table_name || '.' || c.column_name || ' '
        || CASE c.data_type WHEN 'bytea' THEN 'BLOB' ELSE upper(c.data_type) END
        || CASE WHEN c.is_nullable = 'NO' THEN ' NOT NULL' ELSE '' END
        || CASE WHEN EXISTS (
            SELECT 1 FROM information_schema.table_constraints t
            JOIN information_schema.key_column_usage k USING (constraint_schema, constraint_name)
            WHERE t.constraint_type = 'PRIMARY KEY' AND t.table_schema = c.table_schema AND t.table_name = c.table_name
                AND k.column_name = c.column_name
        ) THEN ' PRIMARY KEY' ELSE '' END AS text
    FROM information_schema.columns c WHERE c.table_schema = current_schema() ORDER BY 1";

/// Selects the indexes that the migrations name.
const INDEXES_OF_SQLITE: &str =
    "SELECT name AS text FROM sqlite_master WHERE type = 'index' AND sql IS NOT NULL ORDER BY 1";
const INDEXES_OF_POSTGRES: &str = "
    SELECT i.indexname::TEXT AS text FROM pg_indexes i WHERE i.schemaname = current_schema() AND NOT EXISTS (
        SELECT 1 FROM pg_constraint c WHERE c.conname = i.indexname AND c.connamespace = current_schema()::regnamespace
    ) ORDER BY 1";

fn ours(columns: Vec<String>) -> Vec<String> {
    let mut ours: Vec<_> = columns.into_iter().filter(|column| !column.starts_with("__diesel")).collect();
    // The databases sort differently.
    ours.sort();
    ours
}

#[tokio::test]
async fn both_backends_have_the_same_tables_columns_and_indexes() {
    let (sqlite, postgres) = (World::on_sqlite().await, World::on_postgres().await);
    let _running = (sqlite.start().await, postgres.start().await);
    let columns = ours(texts(&sqlite, OF_SQLITE).await);
    assert!(columns.contains(&"bindings.address_index BLOB NOT NULL".to_owned()), "{columns:#?}");
    // Only PostgreSQL commits rows in an order other than that of their ids.
    let mut of_postgres = ours(texts(&postgres, OF_POSTGRES).await);
    of_postgres.retain(|column| column != "bindings.written_by BIGINT NOT NULL");
    assert_eq!(columns, of_postgres);
    let indexes = ours(texts(&sqlite, INDEXES_OF_SQLITE).await);
    assert!(indexes.contains(&"bindings_user_index".to_owned()), "{indexes:#?}");
    let mut of_postgres = ours(texts(&postgres, INDEXES_OF_POSTGRES).await);
    of_postgres.retain(|index| index != "bindings_written_by");
    assert_eq!(indexes, of_postgres);
}
