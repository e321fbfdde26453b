ALTER TABLE unbind_signatures DROP COLUMN removals;
ALTER TABLE unbind_signatures DROP COLUMN network_index;
