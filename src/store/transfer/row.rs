//! Rows with any columns.

use diesel::deserialize::{self, FromSqlRow};
use diesel::prelude::*;
use diesel::row::Field;
use diesel::sql_query;
use diesel::sql_types::{BigInt, Binary, Nullable, Text, Untyped};
use diesel::sqlite::{Sqlite, SqliteType};
use sha2::{Digest, Sha256};
use tokio_postgres::Error;
use tokio_postgres::types::{ToSql, Type};

use crate::store::snapshot::in_words;

/// A row.
pub(super) struct Row(Vec<Value>);

/// A value of one of the three types that our columns have.
enum Value {
    Null,
    Integer(i64),
    Text(String),
    Bytes(Vec<u8>),
}

/// The number of a table's rows, and a sum of their digests, which is the same in both databases
/// and in any order.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Contents {
    /// The number of rows.
    pub rows: u64,
    digest: u128,
}

impl Contents {
    /// Adds a row.
    pub(super) fn add(&mut self, row: &Row) {
        self.rows += 1;
        self.digest = self.digest.wrapping_add(row.digest());
    }
}

impl Row {
    /// Returns a row of `PostgreSQL`.
    pub(super) fn of(row: &tokio_postgres::Row) -> Result<Self, Error> {
        (0..row.len()).map(|nth| Value::of(row, nth)).collect::<Result<_, _>>().map(Self)
    }

    /// Returns the values in the form for columns of `PostgreSQL` with these types.
    pub(super) fn as_sql<'a>(&'a self, types: &[Type]) -> Vec<&'a (dyn ToSql + Sync)> {
        self.0.iter().zip(types).map(|(value, kind)| value.as_sql(kind)).collect()
    }

    /// Inserts it into a table of `SQLite`, by a statement with as many variables.
    pub(super) fn insert(self, sql: &str, conn: &mut SqliteConnection) -> Result<(), String> {
        let mut query = sql_query(sql).into_boxed::<Sqlite>();
        for value in self.0 {
            query = match value {
                Value::Null => query.bind::<Nullable<BigInt>, _>(None::<i64>),
                Value::Integer(number) => query.bind::<BigInt, _>(number),
                Value::Text(text) => query.bind::<Text, _>(text),
                Value::Bytes(bytes) => query.bind::<Binary, _>(bytes),
            };
        }
        query.execute(conn).map(drop).map_err(in_words)
    }

    /// Returns the first half of SHA-256 over all values, each with its type and length.
    fn digest(&self) -> u128 {
        let mut hash = Sha256::new();
        let mut add = |kind: u8, bytes: &[u8]| {
            hash.update([kind]);
            hash.update((bytes.len() as u64).to_be_bytes());
            hash.update(bytes);
        };
        for value in &self.0 {
            match value {
                Value::Null => add(0, &[]),
                Value::Integer(number) => add(1, &number.to_be_bytes()),
                Value::Text(text) => add(2, text.as_bytes()),
                Value::Bytes(bytes) => add(3, bytes),
            }
        }
        hash.finalize().iter().take(16).fold(0, |number, byte| number << 8 | u128::from(*byte))
    }
}

impl Value {
    fn of(row: &tokio_postgres::Row, nth: usize) -> Result<Self, Error> {
        let kind = row.columns()[nth].type_();
        Ok(if *kind == Type::INT8 {
            row.try_get::<_, Option<i64>>(nth)?.map_or(Self::Null, Self::Integer)
        } else if *kind == Type::BYTEA {
            row.try_get::<_, Option<Vec<u8>>>(nth)?.map_or(Self::Null, Self::Bytes)
        } else {
            row.try_get::<_, Option<String>>(nth)?.map_or(Self::Null, Self::Text)
        })
    }

    fn as_sql(&self, kind: &Type) -> &(dyn ToSql + Sync) {
        match self {
            Self::Null if *kind == Type::INT8 => &None::<i64>,
            Self::Null if *kind == Type::BYTEA => &None::<&[u8]>,
            Self::Null => &None::<&str>,
            Self::Integer(number) => number,
            Self::Text(text) => text,
            Self::Bytes(bytes) => bytes,
        }
    }
}

impl FromSqlRow<Untyped, Sqlite> for Row {
    fn build_from_row<'a>(row: &impl diesel::row::Row<'a, Sqlite>) -> deserialize::Result<Self> {
        let value = |nth| {
            let field = row.get(nth).ok_or("a column is missing")?;
            let Some(mut value) = field.value() else { return Ok(Value::Null) };
            Ok(match value.value_type() {
                Some(SqliteType::Binary) => Value::Bytes(value.read_blob().to_vec()),
                Some(SqliteType::Text) => Value::Text(value.read_text().to_owned()),
                Some(SqliteType::Long | SqliteType::Integer | SqliteType::SmallInt) => {
                    Value::Integer(value.read_long())
                }
                _ => return Err("a value is of an unknown type".into()),
            })
        };
        (0..row.field_count()).map(value).collect::<Result<_, _>>().map(Self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn contents(rows: Vec<Vec<Value>>) -> Contents {
        let mut contents = Contents::default();
        for row in rows {
            contents.add(&Row(row));
        }
        contents
    }

    #[test]
    fn rows_are_told_apart_by_values_types_and_number_and_not_by_their_order() {
        use Value::{Bytes, Integer, Null, Text};
        let text = |text: &str| Text(text.to_owned());
        let one = contents(vec![vec![text("a"), Integer(1)], vec![Null, Integer(2)]]);
        assert_eq!(one, contents(vec![vec![Null, Integer(2)], vec![text("a"), Integer(1)]]));
        for other in [
            vec![vec![text("a"), Integer(1)], vec![Null, Integer(3)]],
            vec![vec![text("a"), Integer(1)], vec![text(""), Integer(2)]],
            vec![vec![Bytes(b"a".to_vec()), Integer(1)], vec![Null, Integer(2)]],
            vec![vec![text("a"), Integer(1)]],
            vec![vec![text("a"), Integer(2)], vec![Null, Integer(1)]],
        ] {
            assert_ne!(one, contents(other));
        }
        let twice = |letter| contents(vec![vec![text(letter)], vec![text(letter)]]);
        assert_ne!(twice("a"), twice("b"));
        assert_ne!(contents(vec![vec![text("ab"), text("")]]), contents(vec![vec![text("a"), text("b")]]));
    }
}
