-- The public halves of the signing keys that a node knows, separated by spaces: a new one signs only when all nodes that run know it.
ALTER TABLE nodes ADD COLUMN signing_keys TEXT NOT NULL DEFAULT '';
