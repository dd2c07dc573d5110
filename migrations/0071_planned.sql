-- Planned events: what will be changed, where and when.

-- Changed under the lock of release_head, like all that decides what runs where. `status` is the
-- state's, and the two times the content's, for searching.
CREATE TABLE planned_event (
    id         bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    content    jsonb       NOT NULL,
    begins     timestamptz NOT NULL,
    ends       timestamptz NOT NULL,
    state      jsonb       NOT NULL,
    status     text        NOT NULL CHECK (status IN ('planned', 'running', 'done', 'cancelled')),
    ticks      jsonb       NOT NULL,
    planned_by text        NOT NULL,
    planned_at timestamptz NOT NULL,
    revision   bigint      NOT NULL CHECK (revision > 0),
    changed_at timestamptz NOT NULL,
    CHECK (begins < ends)
);
CREATE INDEX planned_event_open ON planned_event (begins, id)
    WHERE status IN ('planned', 'running');
CREATE INDEX planned_event_time ON planned_event (begins);

-- What happened to an event, for its page.
CREATE TABLE planned_event_log (
    id     bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    event  bigint      NOT NULL REFERENCES planned_event,
    at     timestamptz NOT NULL,
    actor  jsonb       NOT NULL,
    action jsonb       NOT NULL,
    note   text        NOT NULL
);
CREATE INDEX planned_event_log_event ON planned_event_log (event, id);

-- Waivers of an event are found by how their keys begin.
CREATE INDEX approval_key ON approval (key text_pattern_ops, id);
