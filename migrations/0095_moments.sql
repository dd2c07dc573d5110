-- What ran where in the past, so that a moment of it can be looked at again.

-- From when until when somebody wrote without a break. Outside of these nothing is known.
CREATE TABLE moment_span (
    id    bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    since timestamptz NOT NULL,
    until timestamptz NOT NULL,
    CHECK (until >= since)
);
CREATE INDEX moment_span_until ON moment_span (until);

-- What a data centre was like, whole or as what changed since the entry before of the same span.
CREATE TABLE moment_entry (
    span       bigint      NOT NULL REFERENCES moment_span ON DELETE CASCADE,
    datacenter text        NOT NULL,
    at         timestamptz NOT NULL,
    whole      boolean     NOT NULL,
    body       jsonb       NOT NULL,
    PRIMARY KEY (span, datacenter, at)
);
CREATE INDEX moment_entry_whole ON moment_entry (span, datacenter, at) WHERE whole;
