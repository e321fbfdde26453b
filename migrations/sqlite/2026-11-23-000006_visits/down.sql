DROP TABLE objections;
DROP TABLE visits;
