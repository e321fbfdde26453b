CREATE TABLE old_consents (
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
INSERT OR REPLACE INTO old_consents SELECT id, account_id, policy, version, language, url, sha256, accepted_at, withdrawn_at,
    account_gone_at FROM consents ORDER BY id;
DROP TABLE consents;
ALTER TABLE old_consents RENAME TO consents;
DROP TABLE audit_log;
DROP TABLE audit_queue;
DELETE FROM meta WHERE name IN ('audit_key', 'audit_head', 'audit_anchor', 'audit_start');
