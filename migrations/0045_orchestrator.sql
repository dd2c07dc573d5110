-- The orchestrator: what it learned of traffic, how it sees it now, and what it decided.

-- Detectors as they were written down last, so that another leader goes on with what was learned.
CREATE TABLE traffic_detector (
    datacenter    text        NOT NULL,
    service_group text        NOT NULL,
    state         jsonb       NOT NULL,
    at            timestamptz NOT NULL,
    PRIMARY KEY (datacenter, service_group)
);

-- How every watched place stood when the leader looked last.
CREATE TABLE orchestrator_look (
    only_row boolean     PRIMARY KEY DEFAULT true CHECK (only_row),
    at       timestamptz NOT NULL,
    watched  jsonb       NOT NULL
);

-- Each decision that differs from the one before about the same place, with what it rests on; also
-- what would have been done where nothing may be done without a person.
CREATE TABLE orchestrator_decision (
    id            bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    at            timestamptz NOT NULL,
    datacenter    text        NOT NULL,
    service_group text        NOT NULL,
    mode          text        NOT NULL,
    outcome       text        NOT NULL,
    decision      jsonb       NOT NULL,
    run           bigint      REFERENCES failover_run
);
CREATE INDEX orchestrator_decision_place
    ON orchestrator_decision (datacenter, service_group, id DESC);
