ALTER TABLE sessions DROP COLUMN wrong_codes;
ALTER TABLE sessions DROP COLUMN code_since;
