DROP TRIGGER note_removed_account;
DROP TRIGGER note_confirmed_binding;
DROP TRIGGER note_removed_binding;
DROP TABLE imported;
