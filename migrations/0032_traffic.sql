-- What users' requests did, as the edges' logs tell it, and what the edges acknowledge.

-- Adds two histograms bucket by bucket; the shorter one counts as zero beyond its end.
CREATE FUNCTION latency_add(a bigint[], b bigint[]) RETURNS bigint[]
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN ARRAY(SELECT coalesce(x, 0) + coalesce(y, 0)
                 FROM unnest(a, b) WITH ORDINALITY AS both_sides (x, y, place) ORDER BY place);
CREATE AGGREGATE latency_sum(bigint[]) (SFUNC = latency_add, STYPE = bigint[], INITCOND = '{}');

-- `datacenter` is empty where no instance was reached.
CREATE TABLE traffic_second (
    at         timestamptz NOT NULL,
    service    text        NOT NULL,
    version    text        NOT NULL,
    datacenter text        NOT NULL,
    edge       text        NOT NULL,
    requests   bigint      NOT NULL,
    errors     bigint      NOT NULL,
    latency    bigint[]    NOT NULL,
    PRIMARY KEY (service, at, version, edge, datacenter)
);
CREATE INDEX traffic_second_edge ON traffic_second (edge, at);
CREATE INDEX traffic_second_at ON traffic_second (at);

CREATE TABLE traffic_minute (
    LIKE traffic_second,
    PRIMARY KEY (service, at, version, edge, datacenter)
);
CREATE INDEX traffic_minute_edge ON traffic_minute (edge, at);
CREATE INDEX traffic_minute_at ON traffic_minute (at);

-- Seconds in which an edge's log stream stood: without its row, a second is unknown, not quiet.
CREATE TABLE edge_heard (
    edge text        NOT NULL,
    at   timestamptz NOT NULL,
    PRIMARY KEY (edge, at)
);
CREATE INDEX edge_heard_at ON edge_heard (at);

CREATE TABLE edge_heard_minute (
    edge    text        NOT NULL,
    at      timestamptz NOT NULL,
    seconds smallint    NOT NULL CHECK (seconds BETWEEN 1 AND 60),
    PRIMARY KEY (edge, at)
);
CREATE INDEX edge_heard_minute_at ON edge_heard_minute (at);

-- Up to where minutes are made of seconds.
CREATE TABLE traffic_head (
    only_row boolean     PRIMARY KEY DEFAULT true CHECK (only_row),
    until    timestamptz NOT NULL
);
INSERT INTO traffic_head (until) VALUES ('-infinity');

-- Counts are added up, so a batch whose commit was not confirmed must not be added twice: each
-- server numbers its batches, and the number rises with the batch in one transaction.
CREATE TABLE traffic_writer (
    writer text        PRIMARY KEY,
    batch  bigint      NOT NULL,
    at     timestamptz NOT NULL
);

-- What each server's edges acknowledge. An edge stands in several rows when it moved.
CREATE TABLE edge_state (
    edge         text        NOT NULL,
    server       text        NOT NULL,
    connected    boolean     NOT NULL,
    state        jsonb       NOT NULL,
    seen_at      timestamptz NOT NULL,
    PRIMARY KEY (edge, server)
);
