-- Signatures by which homeservers have unbound, as fingerprints: one that comes again does not remove what was bound since.
CREATE TABLE unbind_signatures (
    signature_hash BLOB PRIMARY KEY NOT NULL,
    seen_at BIGINT NOT NULL
);
CREATE INDEX unbind_signatures_seen_at ON unbind_signatures (seen_at);
