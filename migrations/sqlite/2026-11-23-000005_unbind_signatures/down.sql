DROP TABLE unbind_signatures;
