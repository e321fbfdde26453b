//! Detects connection poolers that hand a `PostgreSQL` session to another client after each
//! transaction or statement, such as `PgBouncer` with `pool_mode = transaction`.

use tokio_postgres::{Client, Error, SimpleQueryMessage};

/// The number of times that the connections are compared. A pooler that takes its idle sessions in
/// turn needs two rounds; the third is for one that has other clients.
const ROUNDS: usize = 3;

/// Marks a session. The setting has no meaning for PostgreSQL, so it does no harm in a session that
/// goes to another client.
const MARK: &str = "SELECT set_config('vouch.session', 'mine', false)";

/// Names a session and its mark. Process ids alone may be the same on two servers among which a
/// load balancer chooses for each connection.
const SESSION: &str = "SELECT pg_backend_pid() || ' ' || backend_start,
    current_setting('vouch.session', true) FROM pg_stat_get_activity(pg_backend_pid())";

/// Returns whether two connections each keep their own session.
///
/// While `busy` is in a transaction, `idle` is not. A pooler that shares sessions needs no more
/// idle sessions than one that is free, so it either gives the session of `idle` to `busy`, or has
/// another one ready and takes turns, so that `idle` itself gets another one. A pooler that resets
/// a session before it hands it on removes the mark.
///
/// # Errors
/// [`Error`] if a query fails.
pub(super) async fn are_exclusive(idle: &Client, busy: &Client) -> Result<bool, Error> {
    idle.batch_execute(MARK).await?;
    let own = session(idle).await?;
    if own.1.as_deref() != Some("mine") {
        return Ok(false);
    }
    for _ in 0..ROUNDS {
        match busy.batch_execute("BEGIN").await {
            Err(error) if is_pooler_refusal(&error) => return Ok(false),
            begun => begun?,
        }
        if session(busy).await?.0 == own.0 || session(idle).await? != own {
            return Ok(false);
        }
        busy.batch_execute("ROLLBACK").await?;
    }
    Ok(true)
}

/// Returns whether this answer to `BEGIN` is one that `PostgreSQL` never gives: a violation of the
/// protocol (class 08), by which `PgBouncer` refuses transactions in statement mode.
fn is_pooler_refusal(error: &Error) -> bool {
    error.code().is_some_and(|code| code.code().starts_with("08"))
}

async fn session(client: &Client) -> Result<(Option<String>, Option<String>), Error> {
    let answer = client.simple_query(SESSION).await?;
    let row = answer.iter().find_map(|message| match message {
        SimpleQueryMessage::Row(row) => Some(row),
        _ => None,
    });
    let column = |nth| row.and_then(|row| row.get(nth)).map(str::to_owned);
    Ok((column(0), column(1)))
}
