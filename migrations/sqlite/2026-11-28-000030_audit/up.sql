-- What operators and people did to data, as JSON with keyed pseudonyms instead of names and addresses. An entry is written in the
-- transaction of the act, with a MAC of its own. A moment later it is moved to the log, where each link is a MAC over the entry and
-- the link before it. Rows of the log are never changed, and deleted only from the front.
CREATE TABLE audit_queue (
    id INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL,
    entry TEXT NOT NULL,
    mac BLOB NOT NULL
);
CREATE TABLE audit_log (
    sequence INTEGER PRIMARY KEY NOT NULL,
    entry TEXT NOT NULL,
    mac BLOB NOT NULL,
    link BLOB NOT NULL
);

-- A consent that is withdrawn and given again is two rows.
CREATE TABLE new_consents (
    id INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL,
    account_id BIGINT NOT NULL,
    policy TEXT NOT NULL,
    version TEXT NOT NULL,
    language TEXT NOT NULL,
    url TEXT NOT NULL,
    sha256 BLOB NOT NULL,
    accepted_at BIGINT NOT NULL,
    withdrawn_at BIGINT,
    account_gone_at BIGINT
);
INSERT INTO new_consents SELECT id, account_id, policy, version, language, url, sha256, accepted_at, withdrawn_at, account_gone_at
    FROM consents;
DROP TABLE consents;
ALTER TABLE new_consents RENAME TO consents;
CREATE UNIQUE INDEX consents_in_force ON consents (account_id, policy, version) WHERE withdrawn_at IS NULL;
CREATE INDEX consents_account_id ON consents (account_id);
