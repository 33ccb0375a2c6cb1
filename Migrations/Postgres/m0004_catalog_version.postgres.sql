-- On SQLite triggers count in it whatever changes of what is published and offered. Here nobody remembers that from one
-- transaction to the next, and every writer would wait for this row.

ALTER TABLE deployment ADD COLUMN catalog_version BIGINT NOT NULL DEFAULT 0;
