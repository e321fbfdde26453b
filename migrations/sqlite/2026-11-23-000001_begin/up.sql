-- Times are in milliseconds since the Unix epoch. Columns named *_index, *_hash and *_key are keyed fingerprints. Columns marked
-- as sealed are encrypted (AEAD). Without the master key, nothing here identifies a person.

CREATE TABLE meta (
    name TEXT PRIMARY KEY NOT NULL,
    value BLOB NOT NULL
);

CREATE TABLE leases (
    name TEXT PRIMARY KEY NOT NULL,
    held_until BIGINT NOT NULL
);

CREATE TABLE accounts (
    id INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL,
    user_index BLOB NOT NULL UNIQUE,
    mxid BLOB NOT NULL, -- sealed
    created_at BIGINT NOT NULL
);

CREATE TABLE tokens (
    token_hash BLOB PRIMARY KEY NOT NULL,
    account_id BIGINT NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
    created_at BIGINT NOT NULL,
    used_at BIGINT NOT NULL
);
CREATE INDEX tokens_account_id ON tokens (account_id);
CREATE INDEX tokens_used_at ON tokens (used_at);

-- Retained for some time after the account is erased, so account_id is not a foreign key.
CREATE TABLE consents (
    id INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL,
    account_id BIGINT NOT NULL,
    policy TEXT NOT NULL,
    version TEXT NOT NULL,
    language TEXT NOT NULL,
    url TEXT NOT NULL,
    sha256 BLOB NOT NULL,
    accepted_at BIGINT NOT NULL,
    withdrawn_at BIGINT,
    account_gone_at BIGINT,
    UNIQUE (account_id, policy, version)
);

CREATE TABLE sessions (
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
CREATE INDEX sessions_account_id ON sessions (account_id);
CREATE INDEX sessions_address_index ON sessions (address_index);
CREATE INDEX sessions_modified_at ON sessions (modified_at);

-- Other processes poll for rows with greater ids, so an id must never be reused (AUTOINCREMENT).
CREATE TABLE bindings (
    id INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL,
    address_index BLOB NOT NULL UNIQUE,
    user_index BLOB NOT NULL,
    address BLOB NOT NULL, -- sealed
    mxid BLOB NOT NULL, -- sealed
    bound_at BIGINT NOT NULL
);
CREATE INDEX bindings_user_index ON bindings (user_index);

CREATE TABLE budgets (
    principal BLOB PRIMARY KEY NOT NULL,
    level BIGINT NOT NULL,
    leveled_at BIGINT NOT NULL,
    empty_at BIGINT NOT NULL
);
CREATE INDEX budgets_empty_at ON budgets (empty_at);
