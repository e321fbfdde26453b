DROP TABLE homeservers;
DROP INDEX rate_limits_forgotten_at;
CREATE INDEX rate_limits_empty_at ON rate_limits (empty_at);
ALTER TABLE rate_limits DROP COLUMN forgotten_at;
ALTER TABLE rate_limits DROP COLUMN kind;
