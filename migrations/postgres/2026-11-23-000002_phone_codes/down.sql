DELETE FROM sessions WHERE account_id IS NULL;
ALTER TABLE sessions ALTER COLUMN account_id SET NOT NULL;
ALTER TABLE sessions DROP COLUMN wrong_codes;
ALTER TABLE sessions DROP COLUMN code_since;
