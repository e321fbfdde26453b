DROP TRIGGER note_removed_account ON accounts;
DROP FUNCTION note_removed_account();
DROP TRIGGER note_confirmed_binding ON bindings;
DROP FUNCTION note_confirmed_binding();
DROP TRIGGER note_removed_binding ON bindings;
DROP FUNCTION note_removed_binding();
DROP TABLE imported;
