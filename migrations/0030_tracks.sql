-- Two versions of a service stand beside one another, each at its own track; and tests that
-- agents make are observed like everything else.

ALTER TABLE observed_deployment
    ADD COLUMN track text NOT NULL DEFAULT 'blue' CHECK (track IN ('blue', 'green')),
    DROP CONSTRAINT observed_deployment_pkey,
    ADD PRIMARY KEY (datacenter, service, track);

CREATE TABLE observed_test (
    datacenter text        NOT NULL REFERENCES observed_datacenter ON DELETE CASCADE,
    id         text        NOT NULL,
    seq        bigint      NOT NULL,
    changed_at timestamptz NOT NULL,
    body       jsonb,
    PRIMARY KEY (datacenter, id)
);
CREATE INDEX observed_test_seq ON observed_test (datacenter, seq);
