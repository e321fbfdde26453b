ALTER TABLE accounts DROP COLUMN shut_out_at;
