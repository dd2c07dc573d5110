-- Who is told of problems, and what became of each message.

-- Secrets are sealed with the installation's key, which is not in the database. A channel that was
-- removed stays as long as its deliveries, without its secrets.
CREATE TABLE notify_channel (
    id             bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    name           text        NOT NULL,
    target         jsonb       NOT NULL,
    hears          jsonb       NOT NULL,
    repeat_minutes integer     NOT NULL CHECK (repeat_minutes >= 0),
    standing       jsonb       NOT NULL,
    status         text        NOT NULL
        CHECK (status IN ('active', 'paused', 'stopped', 'removed')),
    sealed         bytea,
    -- The signing secret before this one, and until when it is used as well.
    sealed_before  bytea,
    before_until   timestamptz,
    sent_at        timestamptz,
    failing_since  timestamptz,
    given_up       integer     NOT NULL DEFAULT 0,
    answer         jsonb,
    made_by        text        NOT NULL,
    made_at        timestamptz NOT NULL,
    changed_at     timestamptz NOT NULL,
    revision       bigint      NOT NULL CHECK (revision > 0)
);
CREATE UNIQUE INDEX notify_channel_name ON notify_channel (name) WHERE status <> 'removed';

-- `due_at`: of one that waits, when it is tried; of one that is tried, when another server may try.
CREATE TABLE notify_delivery (
    id         bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    channel    bigint      NOT NULL REFERENCES notify_channel,
    key        text        NOT NULL,
    content    jsonb       NOT NULL,
    -- The problems it tells of.
    problems   bigint[]    NOT NULL,
    planned_at timestamptz NOT NULL,
    state      text        NOT NULL CHECK (state IN ('waiting', 'trying', 'sent', 'given-up')),
    test       boolean     NOT NULL,
    tries      integer     NOT NULL,
    due_at     timestamptz NOT NULL,
    answer     jsonb,
    settled_at timestamptz,
    UNIQUE (channel, key),
    CHECK ((settled_at IS NULL) = (state IN ('waiting', 'trying')))
);
CREATE INDEX notify_delivery_due ON notify_delivery (due_at) WHERE state IN ('waiting', 'trying');
CREATE INDEX notify_delivery_channel ON notify_delivery (channel, id);
CREATE INDEX notify_delivery_problems ON notify_delivery USING gin (problems);
CREATE INDEX notify_delivery_settled ON notify_delivery (settled_at) WHERE settled_at IS NOT NULL;

-- What a channel was told of a problem whose end it was not told yet; written with the delivery.
CREATE TABLE notify_thread (
    channel  bigint      NOT NULL REFERENCES notify_channel,
    problem  bigint      NOT NULL,
    severity text        NOT NULL,
    told_at  timestamptz NOT NULL,
    times    integer     NOT NULL,
    PRIMARY KEY (channel, problem)
);
