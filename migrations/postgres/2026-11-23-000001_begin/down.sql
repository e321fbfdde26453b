DROP TABLE budgets;
DROP TABLE bindings;
DROP TABLE sessions;
DROP TABLE consents;
DROP TABLE tokens;
DROP TABLE accounts;
DROP TABLE leases;
DROP TABLE meta;
