-- What is to be delivered, and is kept until it is: written in the transaction that causes it. A node that delivers holds the row until
-- held_until, so that no other does the same.
CREATE TABLE outbox (
    id INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL,
    kind TEXT NOT NULL,
    owner BLOB NOT NULL UNIQUE, -- random
    user_index BLOB, -- whom it is about, to be erased with him
    address_index BLOB,
    payload BLOB NOT NULL, -- sealed
    attempts BIGINT NOT NULL,
    next_at BIGINT NOT NULL,
    held_until BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    trouble TEXT -- why the last attempt failed, in the server's own words
);
CREATE INDEX outbox_next_at ON outbox (next_at);
CREATE INDEX outbox_user_index ON outbox (user_index);
CREATE INDEX outbox_address_index ON outbox (address_index);
