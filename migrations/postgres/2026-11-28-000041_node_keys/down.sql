ALTER TABLE nodes DROP COLUMN signing_keys;
