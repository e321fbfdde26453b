-- SQLite commits one transaction after the other, so ids are enough to follow the table.
SELECT 1;
