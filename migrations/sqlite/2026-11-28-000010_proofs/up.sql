-- Keyed fingerprints of the OpenID tokens that were accepted: each of them is a fresh proof once.
CREATE TABLE openid_tokens (
    token_hash BLOB PRIMARY KEY NOT NULL,
    forget_at BIGINT NOT NULL
);
CREATE INDEX openid_tokens_forget_at ON openid_tokens (forget_at);

-- When the user proved who they are, until that proof is used; when they confirmed by a link that they read the messages of an
-- address of theirs; and a fingerprint of that address.
ALTER TABLE tokens ADD COLUMN proof_at BIGINT;
ALTER TABLE tokens ADD COLUMN confirmed_at BIGINT;
ALTER TABLE tokens ADD COLUMN confirmed_by BLOB;
ALTER TABLE visits ADD COLUMN proof_at BIGINT;
ALTER TABLE visits ADD COLUMN confirmed_at BIGINT;
ALTER TABLE visits ADD COLUMN confirmed_by BLOB;

-- Erasures that were requested without a confirmation, and are carried out later unless somebody stops them.
CREATE TABLE erasures (
    user_index BLOB PRIMARY KEY NOT NULL,
    mxid BLOB NOT NULL, -- sealed
    language TEXT NOT NULL, -- of the messages about it
    requested_at BIGINT NOT NULL,
    due_at BIGINT NOT NULL
);
CREATE INDEX erasures_due_at ON erasures (due_at);
