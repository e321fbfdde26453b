-- Since when a session's code is the one that was sent, and how often it was tried. The code itself is derived and stored nowhere.
ALTER TABLE sessions ADD COLUMN code_since BIGINT;
ALTER TABLE sessions ADD COLUMN wrong_codes BIGINT NOT NULL DEFAULT 0;
-- A homeserver that has phone numbers checked has no account.
ALTER TABLE sessions ALTER COLUMN account_id DROP NOT NULL;
