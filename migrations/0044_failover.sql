-- Failovers: plans that were started, what became of each step, and the gates before a start.

-- Changed under the lock of release_head, like all that decides where requests go. `kind` is the
-- state's, for searching; `closed`: nothing that it changed stands any more.
CREATE TABLE failover_run (
    id               bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    plan             jsonb       NOT NULL,
    plan_hash        text        NOT NULL,
    mode             text        NOT NULL CHECK (mode IN ('graceful', 'forced')),
    drill            boolean     NOT NULL,
    state            jsonb       NOT NULL,
    kind             text        NOT NULL,
    steps            jsonb       NOT NULL,
    reason           text        NOT NULL,
    emergency        boolean     NOT NULL,
    started_at       timestamptz NOT NULL,
    started_by       text        NOT NULL,
    allowed_by       text,
    revision         bigint      NOT NULL CHECK (revision > 0),
    routing_revision bigint      NOT NULL CHECK (routing_revision >= 0),
    changed_at       timestamptz NOT NULL,
    closed           boolean     NOT NULL
);
-- One at a time: the order of recovery is one order.
CREATE UNIQUE INDEX failover_one ON failover_run ((true)) WHERE kind <> 'ended';
CREATE INDEX failover_open ON failover_run (id) WHERE NOT closed;

-- What happened to a run, for its page: who or what changed it, to what, and why.
CREATE TABLE failover_event (
    id    bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    run   bigint      NOT NULL REFERENCES failover_run,
    at    timestamptz NOT NULL,
    actor jsonb       NOT NULL,
    state jsonb       NOT NULL,
    -- Steps that changed with it.
    steps jsonb       NOT NULL,
    why   jsonb
);
CREATE INDEX failover_event_run ON failover_event (run, id);

-- Closed gates. A person opens one: the row goes, the audit log remembers.
CREATE TABLE failover_gate (
    name    text        PRIMARY KEY CHECK (name IN ('lock', 'freeze')),
    by_whom text        NOT NULL,
    reason  text        NOT NULL,
    since   timestamptz NOT NULL,
    until   timestamptz
);
