-- Runbooks: the fleet's own, and the records of their use.

-- Every set of a fleet's own runbooks that was ever applied: text by slug. The newest revision is
-- in force; the program's own are not in here.
CREATE TABLE runbook_set (
    revision   bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    files      jsonb       NOT NULL,
    applied_at timestamptz NOT NULL,
    applied_by text        NOT NULL,
    reason     text
);

-- Somebody works through a runbook. `source` is what it said when the run began. `outcome` is null
-- until it is over; then nothing changes any more.
CREATE TABLE runbook_run (
    id         bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    runbook    text        NOT NULL,
    title      text        NOT NULL,
    source     text        NOT NULL,
    step_count integer     NOT NULL CHECK (step_count > 0),
    problem    bigint,
    subject    jsonb,
    started_at timestamptz NOT NULL,
    started_by text        NOT NULL,
    steps      jsonb       NOT NULL,
    ended_at   timestamptz,
    ended_by   text,
    outcome    text        CHECK (outcome IN ('worked', 'partly', 'did-not')),
    note       text        NOT NULL DEFAULT '',
    revision   bigint      NOT NULL CHECK (revision > 0),
    CHECK ((ended_at IS NULL) = (outcome IS NULL) AND (ended_at IS NULL) = (ended_by IS NULL))
);
CREATE INDEX runbook_run_runbook ON runbook_run (runbook, id DESC);
CREATE INDEX runbook_run_problem ON runbook_run (problem, id DESC) WHERE problem IS NOT NULL;
