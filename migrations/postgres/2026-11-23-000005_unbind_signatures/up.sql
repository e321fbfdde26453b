-- Fingerprints of the signatures on homeservers' unbind requests, so that a replayed request does not remove a newer binding.
CREATE TABLE unbind_signatures (
    signature_hash BYTEA PRIMARY KEY,
    seen_at BIGINT NOT NULL
);
CREATE INDEX unbind_signatures_seen_at ON unbind_signatures (seen_at);
