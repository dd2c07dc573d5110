-- Which versions are stable, what is being rolled out, and what was tested.

-- Raised by every transaction that changes what decides about versions (release, rollout,
-- quarantine, fleet), which locks it first: so all of these happen one after another, and a
-- reader that knows a revision knows everything up to it.
CREATE TABLE release_head (
    only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row),
    revision bigint  NOT NULL CHECK (revision >= 0)
);
INSERT INTO release_head (revision) VALUES (0);

-- A rollout as it stands. `kind` is the state's, for searching; `routing_revision` is the
-- revision of the head that its weights came with.
CREATE TABLE rollout (
    id               bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    service          text        NOT NULL,
    version          text        NOT NULL,
    plan             jsonb       NOT NULL,
    plan_hash        text        NOT NULL,
    state            jsonb       NOT NULL,
    kind             text        NOT NULL,
    revision         bigint      NOT NULL CHECK (revision > 0),
    routing_revision bigint      NOT NULL CHECK (routing_revision > 0),
    started_at       timestamptz NOT NULL,
    started_by       text        NOT NULL,
    changed_at       timestamptz NOT NULL
);
-- Two rollouts of one service exclude each other.
CREATE UNIQUE INDEX rollout_one ON rollout (service) WHERE kind <> 'ended';
CREATE INDEX rollout_service ON rollout (service, id DESC);

-- What happened to a rollout, for its page: each state it entered, who or what made it, and why.
CREATE TABLE rollout_event (
    id      bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    rollout bigint      NOT NULL REFERENCES rollout,
    at      timestamptz NOT NULL,
    actor   jsonb       NOT NULL,
    state   jsonb       NOT NULL,
    why     jsonb
);
CREATE INDEX rollout_event_rollout ON rollout_event (rollout, id);

-- Every verdict with its numbers: the newest of each minute and kind of verdict, hence each
-- change and the last one of every step.
CREATE TABLE verdict (
    rollout   bigint      NOT NULL REFERENCES rollout,
    wave      smallint    NOT NULL,
    step      smallint    NOT NULL,
    minute    timestamptz NOT NULL,
    verdict   text        NOT NULL,
    at        timestamptz NOT NULL,
    judgement jsonb       NOT NULL,
    PRIMARY KEY (rollout, wave, step, minute, verdict)
);

-- Services whose stable version is no more the declared one.
CREATE TABLE release (
    service  text        PRIMARY KEY,
    version  text        NOT NULL,
    track    text        NOT NULL CHECK (track IN ('blue', 'green')),
    since    timestamptz,
    rollout  bigint      REFERENCES rollout,
    previous text
);

-- Versions that must not come back by themselves. A person lifts it: the row goes, the audit log
-- remembers.
CREATE TABLE quarantine (
    service text        NOT NULL,
    version text        NOT NULL,
    reason  text        NOT NULL,
    rollout bigint      REFERENCES rollout,
    since   timestamptz NOT NULL,
    PRIMARY KEY (service, version)
);

-- The newest bench of each version. `test` is the id under which the agent reports.
CREATE TABLE bench_result (
    service    text        NOT NULL,
    version    text        NOT NULL,
    datacenter text        NOT NULL,
    test       text        NOT NULL UNIQUE,
    report     jsonb       NOT NULL,
    finished   boolean     NOT NULL,
    asked_by   text        NOT NULL,
    asked_at   timestamptz NOT NULL,
    expires_at timestamptz,
    PRIMARY KEY (service, version)
);
CREATE INDEX bench_result_open ON bench_result (asked_at) WHERE NOT finished;

-- What was asked once is answered the same when it is asked again.
CREATE TABLE request_key (
    key    text        PRIMARY KEY CHECK (length(key) BETWEEN 1 AND 128),
    at     timestamptz NOT NULL,
    -- Fingerprint of what was asked: another request under the same key is a mistake.
    asked  text        NOT NULL,
    answer jsonb       NOT NULL
);
CREATE INDEX request_key_at ON request_key (at);
