-- Rate limits begin empty: a level cannot be computed without knowing how fast the bucket drains.
CREATE TABLE budgets (
    principal BLOB PRIMARY KEY NOT NULL,
    level BIGINT NOT NULL,
    leveled_at BIGINT NOT NULL,
    empty_at BIGINT NOT NULL
);
CREATE INDEX budgets_empty_at ON budgets (empty_at);
DROP TABLE rate_limits;
