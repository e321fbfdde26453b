-- The transaction that inserted the row: nodes read what was written by transactions that had not
-- finished when they last looked. 0 for older rows. SQLite needs none: it commits in order.
ALTER TABLE bindings ADD COLUMN written_by BIGINT NOT NULL DEFAULT 0;
ALTER TABLE bindings ALTER COLUMN written_by SET DEFAULT (pg_current_xact_id()::text::bigint);
CREATE INDEX bindings_written_by ON bindings (written_by);
