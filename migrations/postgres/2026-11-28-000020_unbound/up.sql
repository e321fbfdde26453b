-- When an address of the user was last removed by something other than their confirmation, their homeserver or the operator.
ALTER TABLE accounts ADD COLUMN unbound_at BIGINT;
