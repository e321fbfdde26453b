-- What an access token has looked up under a pepper, so that repeating it is free on every node and after a restart. It is sealed with a
-- key that derives from the token itself, of which the database has only a hash: nobody but the token's holder can have it opened.
CREATE TABLE recent_lookups (
    -- Fingerprint of the token. It does not refer to tokens, so that a copy of the database does not tell whose it is.
    token_index BLOB NOT NULL,
    epoch BIGINT NOT NULL,
    hashes BLOB NOT NULL,
    expires_at BIGINT NOT NULL,
    PRIMARY KEY (token_index, epoch)
);
CREATE INDEX recent_lookups_expires_at ON recent_lookups (expires_at);
