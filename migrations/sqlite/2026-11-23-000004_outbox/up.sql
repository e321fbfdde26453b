-- Pending deliveries, stored until they succeed or expire. A row is inserted in the transaction that causes the delivery. A node
-- leases the row until held_until, so that no other node makes the same delivery.
CREATE TABLE outbox (
    id INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL,
    kind TEXT NOT NULL,
    owner BLOB NOT NULL UNIQUE, -- random
    user_index BLOB NOT NULL, -- the user it is about, with whose data it is erased
    cause_index BLOB, -- the user who caused it, if that is someone else
    address_index BLOB NOT NULL,
    destination BLOB NOT NULL, -- a fingerprint of the destination server
    payload BLOB NOT NULL, -- sealed
    attempts BIGINT NOT NULL,
    next_at BIGINT NOT NULL,
    held_until BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    trouble TEXT -- why the last attempt failed, as this server describes it
);
CREATE INDEX outbox_next_at ON outbox (next_at);
CREATE INDEX outbox_created_at ON outbox (created_at);
CREATE INDEX outbox_user_index ON outbox (user_index);
CREATE INDEX outbox_cause_index ON outbox (cause_index);
CREATE INDEX outbox_address_index ON outbox (address_index);
