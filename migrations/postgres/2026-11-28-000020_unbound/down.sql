ALTER TABLE accounts DROP COLUMN unbound_at;
