-- What agents carried out and this store does not know: it went back in time. While a row is not
-- settled, nothing is decided.
CREATE TABLE rewind (
    datacenter text        NOT NULL,
    subject    text        NOT NULL,
    -- The token that the agent accepted.
    timeline   integer     NOT NULL,
    epoch      bigint      NOT NULL,
    seq        bigint      NOT NULL,
    found_at   timestamptz NOT NULL,
    -- When a person let decisions go on from what this store knows, and who.
    settled_at timestamptz,
    settled_by text,
    PRIMARY KEY (datacenter, subject, timeline, epoch, seq),
    CHECK ((settled_at IS NULL) = (settled_by IS NULL))
);
CREATE INDEX rewind_open ON rewind (found_at) WHERE settled_at IS NULL;

-- A dump that is restored into another cluster begins with that cluster's timeline, below those of
-- tokens that agents accepted. The timeline of a token is the cluster's and this on top.
ALTER TABLE lease ADD COLUMN timeline_floor integer NOT NULL DEFAULT 0
    CHECK (timeline_floor >= 0);
