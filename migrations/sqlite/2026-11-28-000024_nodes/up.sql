-- The nodes that run, for the operator: each notes every minute that it does. Those that crashed stay for a day.
CREATE TABLE nodes (
    id BLOB PRIMARY KEY NOT NULL, -- random
    version TEXT NOT NULL,
    started_at BIGINT NOT NULL,
    seen_at BIGINT NOT NULL
);
