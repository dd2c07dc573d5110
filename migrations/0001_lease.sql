-- The leader's lease. One row for each kind of leadership; no wall clock decides anything.
CREATE TABLE lease (
    name   text   PRIMARY KEY,
    -- Who holds it: a random name, new for each start of a server; NULL: given back.
    holder text,
    -- Rises by one with each takeover; part of every fencing token.
    epoch  bigint NOT NULL CHECK (epoch > 0),
    -- Rises with every step and heartbeat of the holder; a contender watches it stand still.
    beat   bigint NOT NULL CHECK (beat >= 0),
    -- The last sequence number given to a decision in this epoch.
    seq    bigint NOT NULL CHECK (seq >= 0)
);
COMMENT ON TABLE lease IS
    'Taken over when (epoch, beat) stood still for the TTL on the contender''s monotonic clock.';
