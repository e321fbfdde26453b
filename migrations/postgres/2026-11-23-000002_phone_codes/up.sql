-- When the current code of a session was first sent, and the number of attempts to enter it. The code itself is derived, not stored.
ALTER TABLE sessions ADD COLUMN code_since BIGINT;
ALTER TABLE sessions ADD COLUMN wrong_codes BIGINT NOT NULL DEFAULT 0;
-- A session begun by a homeserver has no account.
ALTER TABLE sessions ALTER COLUMN account_id DROP NOT NULL;
