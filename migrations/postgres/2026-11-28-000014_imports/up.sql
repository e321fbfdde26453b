-- What a later run of an import must know, until the operator ends the move with `vouch import … --last`:
--   kind 0  a marker, present while a move is in progress
--   kind 1  bindings, by address_index: tombstones of the other server, bindings that it had from its peers, and what
--          was removed or confirmed here
--   kind 2  accounts that were removed here, by user_index
--   kind 3  imported tokens, by token_hash
--   kind 4  imported invitations, by token_hash
-- state 0 is "gone", 1 "stored", and 2 "stored, from a peer of the other server".
CREATE TABLE imported (
    kind BIGINT NOT NULL,
    item BYTEA NOT NULL, -- the fingerprint by which the row itself is found
    at BIGINT NOT NULL, -- the time of the latest event known
    state BIGINT NOT NULL,
    PRIMARY KEY (kind, item)
);

-- Deleted rows leave no trace, so that an older row of the other server would bring them back. By a trigger, because rows are
-- deleted in many ways, also by cascades.
CREATE FUNCTION note_removed_binding() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (SELECT 1 FROM imported WHERE kind = 0) THEN
        INSERT INTO imported AS known (kind, item, at, state)
            VALUES (1, OLD.address_index, CAST(extract(epoch FROM clock_timestamp()) * 1000 AS BIGINT), 0)
            ON CONFLICT (kind, item) DO UPDATE SET at = GREATEST(known.at, EXCLUDED.at), state = 0;
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER note_removed_binding AFTER DELETE ON bindings FOR EACH ROW EXECUTE FUNCTION note_removed_binding();

-- Binding an address to the same user again leaves bound_at unchanged, but is newer than what happened elsewhere before.
CREATE FUNCTION note_confirmed_binding() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (SELECT 1 FROM imported WHERE kind = 0) THEN
        INSERT INTO imported AS known (kind, item, at, state)
            VALUES (1, NEW.address_index, CAST(extract(epoch FROM clock_timestamp()) * 1000 AS BIGINT), 1)
            ON CONFLICT (kind, item) DO UPDATE SET at = GREATEST(known.at, EXCLUDED.at), state = 1;
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER note_confirmed_binding AFTER UPDATE ON bindings FOR EACH ROW EXECUTE FUNCTION note_confirmed_binding();

CREATE FUNCTION note_removed_account() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (SELECT 1 FROM imported WHERE kind = 0) THEN
        INSERT INTO imported AS known (kind, item, at, state)
            VALUES (2, OLD.user_index, CAST(extract(epoch FROM clock_timestamp()) * 1000 AS BIGINT), 0)
            ON CONFLICT (kind, item) DO UPDATE SET at = GREATEST(known.at, EXCLUDED.at), state = 0;
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER note_removed_account AFTER DELETE ON accounts FOR EACH ROW EXECUTE FUNCTION note_removed_account();
