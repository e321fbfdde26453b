-- Invitations of addresses that are not bound yet. Each has a key pair, whose private half is only in the message that was sent.
CREATE TABLE invites (
    id INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL,
    token_hash BLOB NOT NULL UNIQUE,
    account_id BIGINT NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
    address_index BLOB, -- null once delivered
    address BLOB, -- sealed; null once delivered
    token BLOB NOT NULL, -- sealed
    room_id BLOB NOT NULL, -- sealed
    sender BLOB NOT NULL, -- sealed
    key_index BLOB NOT NULL, -- the sealed columns are tied to it
    signing_key TEXT NOT NULL, -- id of this server's key that was sent to the room
    created_at BIGINT NOT NULL
);
CREATE INDEX invites_account_id ON invites (account_id);
CREATE INDEX invites_address_index ON invites (address_index);
CREATE INDEX invites_created_at ON invites (created_at);

-- Fingerprints of the public halves of those keys: homeservers ask whether one is valid.
CREATE TABLE ephemeral_keys (
    key_index BLOB PRIMARY KEY NOT NULL,
    valid_until BIGINT NOT NULL
);
CREATE INDEX ephemeral_keys_valid_until ON ephemeral_keys (valid_until);
