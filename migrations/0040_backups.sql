-- Backups of databases: runs, proofs, and what agents told of repositories.

-- Decisions are ordered for services and for databases.
ALTER TABLE command RENAME COLUMN service TO subject;

-- Whatever agents tell under a lasting key: tests, work on databases, what repositories hold.
ALTER TABLE observed_test RENAME TO observed_fact;
ALTER TABLE observed_fact RENAME COLUMN id TO key;
ALTER INDEX observed_test_seq RENAME TO observed_fact_seq;
UPDATE observed_fact SET key = 'test/' || key, body = body || '{"kind": "test"}';

-- What becomes of a planned backup, or of one that a person asked for.
CREATE TABLE backup_run (
    id           bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    database     text        NOT NULL,
    window_start timestamptz NOT NULL,
    by_plan      boolean     NOT NULL,
    origin       jsonb       NOT NULL,
    planned      jsonb       NOT NULL,
    tries        jsonb       NOT NULL,
    state        jsonb       NOT NULL,
    -- The state's name, for searching.
    kind         text        NOT NULL,
    revision     bigint      NOT NULL CHECK (revision > 0),
    created_at   timestamptz NOT NULL,
    changed_at   timestamptz NOT NULL
);
-- A window has one run, whoever decides and however often.
CREATE UNIQUE INDEX backup_run_window ON backup_run (database, window_start) WHERE by_plan;
CREATE INDEX backup_run_database ON backup_run (database, window_start DESC);
CREATE INDEX backup_run_time ON backup_run (window_start);
CREATE INDEX backup_run_open ON backup_run (id) WHERE kind IN ('waiting', 'ordered');

-- Work on databases that agents were given: backups, proofs, restores, readings, removals. Proofs
-- outlive the copies that they are about.
CREATE TABLE database_work (
    -- The idempotency key under which the agent reports.
    id         text        PRIMARY KEY CHECK (length(id) BETWEEN 1 AND 64),
    database   text        NOT NULL,
    task       text        NOT NULL,
    agent      text        NOT NULL,
    work       jsonb       NOT NULL,
    -- Who asked for it and why; none: it was due.
    asked_by   text,
    reason     text,
    ordered_at timestamptz NOT NULL,
    -- The last that the agent told.
    report     jsonb,
    ended_at   timestamptz
);
CREATE INDEX database_work_database ON database_work (database, ordered_at DESC);
CREATE INDEX database_work_task ON database_work (task, ordered_at DESC);
CREATE INDEX database_work_open ON database_work (database) WHERE ended_at IS NULL;
CREATE SEQUENCE database_work_number;

-- Restores over live databases: asked for by one person and allowed by another.
CREATE TABLE database_restore (
    id         bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    database   text        NOT NULL,
    request    jsonb       NOT NULL,
    state      jsonb       NOT NULL,
    kind       text        NOT NULL,
    revision   bigint      NOT NULL CHECK (revision > 0),
    changed_at timestamptz NOT NULL
);
-- A database has one restore at a time.
CREATE UNIQUE INDEX database_restore_one ON database_restore (database)
    WHERE kind IN ('requested', 'ordered');
CREATE INDEX database_restore_database ON database_restore (database, id DESC);
