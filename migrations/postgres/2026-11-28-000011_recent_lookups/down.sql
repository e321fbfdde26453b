DROP TABLE recent_lookups;
