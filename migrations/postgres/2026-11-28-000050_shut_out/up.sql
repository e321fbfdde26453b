-- When the user's tokens were last ended together. Whoever has an OpenID token that was used before then cannot register again.
ALTER TABLE accounts ADD COLUMN shut_out_at BIGINT;
