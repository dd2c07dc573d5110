-- What delivery pipelines report of commits, and who may report.

-- Secrets are sealed with the installation's key, which is not in the database. A source that was
-- removed stays as long as its messages, without its secrets.
CREATE TABLE pipeline_source (
    id            bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    name          text        NOT NULL,
    format        text        NOT NULL CHECK (format IN ('github', 'gitlab', 'generic')),
    below         text,
    removed       boolean     NOT NULL DEFAULT false,
    sealed        bytea,
    -- The secret before this one, and until when it counts as well.
    sealed_before bytea,
    before_until  timestamptz,
    accepted_at   timestamptz,
    refused_at    timestamptz,
    refused       text,
    made_by       text        NOT NULL,
    made_at       timestamptz NOT NULL,
    changed_at    timestamptz NOT NULL,
    revision      bigint      NOT NULL CHECK (revision > 0),
    CHECK ((refused_at IS NULL) = (refused IS NULL))
);
CREATE UNIQUE INDEX pipeline_source_name ON pipeline_source (name) WHERE NOT removed;

-- Messages whose signature was right. Their names are no part of what some senders sign, so the
-- digest of what was signed is unique as well: nothing is taken twice.
CREATE TABLE pipeline_delivery (
    id      bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    source  bigint      NOT NULL REFERENCES pipeline_source,
    at      timestamptz NOT NULL,
    key     text        NOT NULL,
    digest  bytea       NOT NULL,
    event   text        NOT NULL,
    verdict jsonb       NOT NULL,
    UNIQUE (source, key),
    UNIQUE (source, digest)
);
CREATE INDEX pipeline_delivery_at ON pipeline_delivery (at);

-- The newest that each source said of a pipeline and commit.
CREATE TABLE pipeline_report (
    source     bigint      NOT NULL REFERENCES pipeline_source,
    commit     text        NOT NULL,
    repository text        NOT NULL,
    pipeline   text        NOT NULL,
    report     jsonb       NOT NULL,
    heard_at   timestamptz NOT NULL,
    PRIMARY KEY (commit, repository, pipeline, source)
);
CREATE INDEX pipeline_report_heard ON pipeline_report (heard_at);
