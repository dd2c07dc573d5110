-- Availability: what each minute of a service in a region was, by hour and day; outages, and what
-- people said of them.

-- Up to where minutes are decided; no row: nothing was decided yet. Minutes, sums, outages and this
-- moment change in one transaction, so each minute is decided and added up once.
CREATE TABLE availability_head (
    only_row boolean     PRIMARY KEY DEFAULT true CHECK (only_row),
    began    timestamptz NOT NULL,
    until    timestamptz NOT NULL
);

-- What the leader saw of instances in a minute, once for each term in which somebody led.
CREATE TABLE availability_probe (
    at    timestamptz NOT NULL,
    epoch bigint      NOT NULL,
    looks jsonb       NOT NULL,
    PRIMARY KEY (at, epoch)
);

-- `states`: a letter for each minute of the hour (up, degraded, down, planned, unmeasured); `-`
-- where the service was not there. Shorter while the hour lasts.
CREATE TABLE availability_hour (
    at            timestamptz NOT NULL,
    service       text        NOT NULL,
    region        text        NOT NULL,
    service_group text        NOT NULL,
    states        text        NOT NULL CHECK (length(states) BETWEEN 1 AND 60),
    up            bigint      NOT NULL,
    degraded      bigint      NOT NULL,
    down          bigint      NOT NULL,
    planned       bigint      NOT NULL,
    unmeasured    bigint      NOT NULL,
    requests      bigint      NOT NULL,
    errors        bigint      NOT NULL,
    PRIMARY KEY (at, service, region)
);

CREATE TABLE availability_day (
    at            timestamptz NOT NULL,
    service       text        NOT NULL,
    region        text        NOT NULL,
    service_group text        NOT NULL,
    up            bigint      NOT NULL,
    degraded      bigint      NOT NULL,
    down          bigint      NOT NULL,
    planned       bigint      NOT NULL,
    unmeasured    bigint      NOT NULL,
    requests      bigint      NOT NULL,
    errors        bigint      NOT NULL,
    PRIMARY KEY (at, service, region)
);

-- Stretches of bad minutes. `account` is what was found out by itself; what people say stands in
-- corrections on top of it.
CREATE TABLE outage (
    id           bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    kind         text        NOT NULL CHECK (kind IN ('down', 'gap')),
    region       text        NOT NULL,
    services     text[]      NOT NULL,
    groups       text[]      NOT NULL,
    datacenters  text[]      NOT NULL,
    started_at   timestamptz NOT NULL,
    last_at      timestamptz NOT NULL CHECK (last_at > started_at),
    ended        boolean     NOT NULL,
    down         bigint      NOT NULL,
    planned      bigint      NOT NULL,
    unmeasured   bigint      NOT NULL,
    requests     bigint      NOT NULL,
    errors       bigint      NOT NULL,
    down_by_hour jsonb       NOT NULL,
    account      jsonb       NOT NULL
);
CREATE INDEX outage_open ON outage (id) WHERE NOT ended;
CREATE INDEX outage_last ON outage (last_at);

-- New entries only: nothing is edited.
CREATE TABLE outage_correction (
    id     bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    outage bigint      NOT NULL REFERENCES outage,
    at     timestamptz NOT NULL,
    by     jsonb       NOT NULL,
    reason text        NOT NULL,
    old    jsonb       NOT NULL,
    new    jsonb       NOT NULL
);
CREATE INDEX outage_correction_outage ON outage_correction (outage, id);
