DROP TABLE erasures;
ALTER TABLE visits DROP COLUMN confirmed_by;
ALTER TABLE visits DROP COLUMN confirmed_at;
ALTER TABLE visits DROP COLUMN proof_at;
ALTER TABLE tokens DROP COLUMN confirmed_by;
ALTER TABLE tokens DROP COLUMN confirmed_at;
ALTER TABLE tokens DROP COLUMN proof_at;
DROP TABLE openid_tokens;
