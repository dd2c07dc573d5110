-- Commands on their way to agents. Written with the decision; `sent_at` is committed before a
-- command leaves, so that no executed decision is unknown to the store.
CREATE TABLE command (
    -- The idempotency key; the agent acts once on it.
    id          text        PRIMARY KEY CHECK (length(id) BETWEEN 1 AND 128),
    datacenter  text        NOT NULL,
    service     text        NOT NULL,
    -- The fencing token.
    timeline    integer     NOT NULL,
    epoch       bigint      NOT NULL,
    seq         bigint      NOT NULL,
    action      jsonb       NOT NULL,
    created_at  timestamptz NOT NULL,
    -- Of the newest sending.
    sent_at     timestamptz,
    attempts    integer     NOT NULL DEFAULT 0,
    finished_at timestamptz,
    outcome     jsonb,
    UNIQUE (timeline, epoch, seq),
    CHECK ((finished_at IS NULL) = (outcome IS NULL))
);
CREATE INDEX command_unfinished ON command (datacenter, timeline, epoch, seq)
    WHERE finished_at IS NULL;
CREATE INDEX command_history ON command (datacenter, service, timeline DESC, epoch DESC, seq DESC);
CREATE INDEX command_finished ON command (finished_at) WHERE finished_at IS NOT NULL;
