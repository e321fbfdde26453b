-- When the current code of a session was first sent, and the number of attempts to enter it. The code itself is derived, not stored.
-- A session begun by a homeserver has no account. SQLite cannot drop NOT NULL from a column, so the table is recreated.
CREATE TABLE new_sessions (
    id INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL,
    sid TEXT NOT NULL UNIQUE,
    session_key BLOB NOT NULL UNIQUE,
    secret_hash BLOB NOT NULL,
    account_id BIGINT REFERENCES accounts (id) ON DELETE CASCADE,
    address_index BLOB NOT NULL,
    address BLOB NOT NULL, -- sealed
    next_link BLOB, -- sealed
    send_attempt BIGINT NOT NULL,
    sending_attempt BIGINT NOT NULL,
    sending_until BIGINT NOT NULL,
    modified_at BIGINT NOT NULL,
    validated_at BIGINT,
    code_since BIGINT,
    wrong_codes BIGINT NOT NULL DEFAULT 0
);
INSERT INTO new_sessions (id, sid, session_key, secret_hash, account_id, address_index, address, next_link, send_attempt, sending_attempt, sending_until, modified_at, validated_at)
    SELECT id, sid, session_key, secret_hash, account_id, address_index, address, next_link, send_attempt, sending_attempt, sending_until, modified_at, validated_at FROM sessions;
DROP TABLE sessions;
ALTER TABLE new_sessions RENAME TO sessions;
CREATE INDEX sessions_account_id ON sessions (account_id);
CREATE INDEX sessions_address_index ON sessions (address_index);
CREATE INDEX sessions_modified_at ON sessions (modified_at);
