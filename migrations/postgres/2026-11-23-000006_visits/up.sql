-- People who look at what is held about them in a browser, each by the Matrix ID or the address that they have proved to be theirs.
CREATE TABLE visits (
    -- Of the cookie; owner of the sealed column.
    token_hash BYTEA PRIMARY KEY,
    subject_index BYTEA NOT NULL,
    subject BYTEA NOT NULL,
    proved_at BIGINT NOT NULL
);
CREATE INDEX visits_subject_index ON visits (subject_index);
CREATE INDEX visits_proved_at ON visits (proved_at);

-- Addresses whose owners want neither to be listed nor to be invited.
CREATE TABLE objections (
    address_index BYTEA PRIMARY KEY,
    objected_at BIGINT NOT NULL
);
