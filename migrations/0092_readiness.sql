-- How ready each region and data centre was to go away: minutes of an hour by their verdict. What
-- is missing between the first and the last minute of a place nobody judged.
CREATE TABLE failover_readiness (
    at           timestamptz NOT NULL,
    place        text        NOT NULL,
    first_minute smallint    NOT NULL CHECK (first_minute BETWEEN 0 AND 59),
    last_minute  smallint    NOT NULL CHECK (last_minute BETWEEN first_minute AND 59),
    ready        smallint    NOT NULL,
    warnings     smallint    NOT NULL,
    unknown      smallint    NOT NULL,
    not_ready    smallint    NOT NULL,
    PRIMARY KEY (at, place)
);
