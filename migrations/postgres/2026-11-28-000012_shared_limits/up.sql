-- What a limit counts, such as "lookup:network", so that levels can be shown without knowing whose they are. Older rows get it when
-- they are charged. forgotten_at is when a row can be deleted: for a user's own limit, later than empty_at, since it also says how
-- much the user has used in the long run. Both are in microseconds.
ALTER TABLE rate_limits ADD COLUMN kind TEXT NOT NULL DEFAULT '';
ALTER TABLE rate_limits ADD COLUMN forgotten_at BIGINT NOT NULL DEFAULT 0;
UPDATE rate_limits SET forgotten_at = empty_at;
DROP INDEX rate_limits_empty_at;
CREATE INDEX rate_limits_forgotten_at ON rate_limits (forgotten_at);

-- When the first and the last user of a homeserver were seen, by a keyed fingerprint of its domain: a new domain has small limits.
CREATE TABLE homeservers (
    domain_index BYTEA PRIMARY KEY NOT NULL,
    first_seen_at BIGINT NOT NULL,
    last_seen_at BIGINT NOT NULL
);
CREATE INDEX homeservers_last_seen_at ON homeservers (last_seen_at);
