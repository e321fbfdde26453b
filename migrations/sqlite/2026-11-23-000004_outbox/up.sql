-- What is to be delivered, and is kept until it is: written in the transaction that causes it. A node that delivers holds the row until
-- held_until, so that no other does the same.
CREATE TABLE outbox (
    id INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL,
    kind TEXT NOT NULL,
    owner BLOB NOT NULL UNIQUE, -- random
    user_index BLOB NOT NULL, -- whom it is about, to be erased with him
    cause_index BLOB, -- who caused it, if that is somebody else
    address_index BLOB NOT NULL,
    destination BLOB NOT NULL, -- a fingerprint: rows with the same one go to the same server
    payload BLOB NOT NULL, -- sealed
    attempts BIGINT NOT NULL,
    next_at BIGINT NOT NULL,
    held_until BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    trouble TEXT -- why the last attempt failed, in the server's own words
);
CREATE INDEX outbox_next_at ON outbox (next_at);
CREATE INDEX outbox_created_at ON outbox (created_at);
CREATE INDEX outbox_user_index ON outbox (user_index);
CREATE INDEX outbox_cause_index ON outbox (cause_index);
CREATE INDEX outbox_address_index ON outbox (address_index);
