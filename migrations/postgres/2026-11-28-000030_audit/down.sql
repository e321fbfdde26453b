DROP INDEX consents_account_id;
DROP INDEX consents_in_force;
DELETE FROM consents older USING consents newer WHERE older.account_id = newer.account_id AND older.policy = newer.policy
    AND older.version = newer.version AND older.id < newer.id;
ALTER TABLE consents ADD CONSTRAINT consents_account_id_policy_version_key UNIQUE (account_id, policy, version);
DROP TABLE audit_log;
DROP TABLE audit_queue;
DELETE FROM meta WHERE name IN ('audit_key', 'audit_head', 'audit_anchor', 'audit_start');
