-- Backups of databases: runs, proofs, and what agents told of repositories.

-- Decisions are ordered for services and for databases.
ALTER TABLE command RENAME COLUMN service TO subject;

-- Whatever agents tell under a lasting key: tests, work on databases, what repositories hold.
ALTER TABLE observed_test RENAME TO observed_fact;
ALTER TABLE observed_fact RENAME COLUMN id TO key;
ALTER INDEX observed_test_seq RENAME TO observed_fact_seq;
UPDATE observed_fact SET key = 'test/' || key, body = body || '{"kind": "test"}';
