//! Statements that are prepared once per connection.

use diesel::QueryResult;
use diesel::backend::Backend;
use diesel::query_builder::{AstPass, Query, QueryFragment, QueryId};
use diesel::query_dsl::RunQueryDsl;

/// A statement that stays prepared on its connection, although diesel would prepare it every time:
/// an UPDATE or upsert, since the columns it sets may depend on the values, one that compares a
/// column with a list, since in `SQLite` its text depends on the length of the list, or one that is
/// given as text.
///
/// Preparing costs parsing, planning and two round trips. Prepared statements are cached by their
/// SQL text, so a different statement is never mistaken for this one. There must be few texts: none
/// is ever removed.
pub(super) struct Prepared<Q>(pub Q);

impl<Q: QueryFragment<DB>, DB: Backend> QueryFragment<DB> for Prepared<Q> {
    fn walk_ast<'b>(&'b self, pass: AstPass<'_, 'b, DB>) -> QueryResult<()> {
        self.0.walk_ast(pass)
    }

    fn is_safe_to_cache_prepared(&self, _: &DB) -> QueryResult<bool> {
        Ok(true)
    }
}

impl<Q> QueryId for Prepared<Q> {
    type QueryId = ();
    const HAS_STATIC_QUERY_ID: bool = false;
}

impl<Q: Query> Query for Prepared<Q> {
    type SqlType = Q::SqlType;
}

impl<Q, Conn> RunQueryDsl<Conn> for Prepared<Q> {}
