ALTER TABLE bindings DROP COLUMN written_by;
