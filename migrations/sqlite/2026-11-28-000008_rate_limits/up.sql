-- A rate limit is stored as one time, at which its bucket is empty. Unlike in other columns it is in microseconds. It can be
-- computed without knowing how fast the bucket drains, except that a partial refund since it was last charged is lost.
CREATE TABLE rate_limits (
    key BLOB PRIMARY KEY NOT NULL,
    empty_at BIGINT NOT NULL
);
INSERT INTO rate_limits (key, empty_at)
    SELECT principal, MIN(empty_at, 4000000000000000) * 1000 FROM budgets WHERE level > 0;
CREATE INDEX rate_limits_empty_at ON rate_limits (empty_at);
DROP TABLE budgets;
