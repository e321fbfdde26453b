-- Web sessions, in which people view their data in a browser, identified by a Matrix ID or address that they have proved to be theirs.
CREATE TABLE visits (
    -- Fingerprint of the cookie; the sealed column is tied to it.
    token_hash BYTEA PRIMARY KEY,
    subject_index BYTEA NOT NULL,
    subject BYTEA NOT NULL,
    proved_at BIGINT NOT NULL
);
CREATE INDEX visits_subject_index ON visits (subject_index);
CREATE INDEX visits_proved_at ON visits (proved_at);

-- Addresses whose owners have objected to being listed and invited.
CREATE TABLE objections (
    address_index BYTEA PRIMARY KEY,
    objected_at BIGINT NOT NULL
);
