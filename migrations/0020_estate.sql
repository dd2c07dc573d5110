-- What the enterprise declares, what agents observe, and what needs attention.

-- Every fleet that was ever applied; the newest revision is in force.
CREATE TABLE fleet (
    revision    bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    source      text        NOT NULL,
    fleet       jsonb       NOT NULL,
    applied_at  timestamptz NOT NULL,
    applied_by  text        NOT NULL,
    reason      text
);

-- One row for each data centre that ever reported. `link` rises with every connection of its
-- agent: only the server holding the newest link may write what it observed. `seq` rises with
-- every write, so other servers read what is newer than they know.
CREATE TABLE observed_datacenter (
    datacenter    text        PRIMARY KEY,
    link          bigint      NOT NULL,
    seq           bigint      NOT NULL,
    connected     boolean     NOT NULL,
    last_seen     timestamptz NOT NULL,
    agent_version text
);

-- `body` is null for what is gone: a tombstone that tells the other servers, removed later.
CREATE TABLE observed_instance (
    datacenter text        NOT NULL REFERENCES observed_datacenter ON DELETE CASCADE,
    id         text        NOT NULL,
    seq        bigint      NOT NULL,
    changed_at timestamptz NOT NULL,
    body       jsonb,
    PRIMARY KEY (datacenter, id)
);
CREATE INDEX observed_instance_seq ON observed_instance (datacenter, seq);

CREATE TABLE observed_deployment (
    datacenter text        NOT NULL REFERENCES observed_datacenter ON DELETE CASCADE,
    service    text        NOT NULL,
    seq        bigint      NOT NULL,
    changed_at timestamptz NOT NULL,
    body       jsonb,
    PRIMARY KEY (datacenter, service)
);
CREATE INDEX observed_deployment_seq ON observed_deployment (datacenter, seq);

-- Instances by status, once a minute; the worst of the minute is not kept, its end is.
CREATE TABLE tally_minute (
    datacenter text        NOT NULL,
    at         timestamptz NOT NULL,
    counts     integer[]   NOT NULL,
    PRIMARY KEY (datacenter, at)
);
CREATE INDEX tally_minute_at ON tally_minute (at);

CREATE TABLE problem (
    id        bigint GENERATED ALWAYS AS IDENTITY (START WITH 1001) PRIMARY KEY,
    key       text        NOT NULL,
    problem   jsonb       NOT NULL,
    opened_at timestamptz NOT NULL,
    closed_at timestamptz,
    owner     text,
    CHECK (closed_at IS NULL OR closed_at >= opened_at)
);
CREATE UNIQUE INDEX problem_open ON problem (key) WHERE closed_at IS NULL;
CREATE INDEX problem_closed ON problem (closed_at DESC NULLS FIRST);
