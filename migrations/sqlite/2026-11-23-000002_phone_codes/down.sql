CREATE TABLE old_sessions (
    id INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL,
    sid TEXT NOT NULL UNIQUE,
    session_key BLOB NOT NULL UNIQUE,
    secret_hash BLOB NOT NULL,
    account_id BIGINT NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
    address_index BLOB NOT NULL,
    address BLOB NOT NULL, -- sealed
    next_link BLOB, -- sealed
    send_attempt BIGINT NOT NULL,
    sending_attempt BIGINT NOT NULL,
    sending_until BIGINT NOT NULL,
    modified_at BIGINT NOT NULL,
    validated_at BIGINT
);
INSERT INTO old_sessions (id, sid, session_key, secret_hash, account_id, address_index, address, next_link, send_attempt, sending_attempt, sending_until, modified_at, validated_at)
    SELECT id, sid, session_key, secret_hash, account_id, address_index, address, next_link, send_attempt, sending_attempt, sending_until, modified_at, validated_at FROM sessions WHERE account_id IS NOT NULL;
DROP TABLE sessions;
ALTER TABLE old_sessions RENAME TO sessions;
CREATE INDEX sessions_account_id ON sessions (account_id);
CREATE INDEX sessions_address_index ON sessions (address_index);
CREATE INDEX sessions_modified_at ON sessions (modified_at);
