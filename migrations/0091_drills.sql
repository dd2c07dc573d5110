-- Drills that are planned for a time: started by the leader, missed with a reason, or cancelled.
CREATE TABLE failover_drill (
    id       bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    lose     jsonb       NOT NULL,
    scope    jsonb       NOT NULL,
    at       timestamptz NOT NULL,
    reason   text        NOT NULL,
    by_whom  text        NOT NULL,
    asked_at timestamptz NOT NULL,
    state    jsonb       NOT NULL,
    -- The state's, for searching.
    status   text        NOT NULL
);
CREATE INDEX failover_drill_planned ON failover_drill (at) WHERE status = 'planned';
