-- A repeated signature is a replay unless it comes from the network that sent it first, of which a keyed fingerprint is stored. It is
-- unknown for older signatures. One that has removed no binding has not been used.
ALTER TABLE unbind_signatures ADD COLUMN network_index BLOB;
ALTER TABLE unbind_signatures ADD COLUMN removals BIGINT NOT NULL DEFAULT 1;
