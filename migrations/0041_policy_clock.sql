-- How fast the days of the backup policies pass. Empty, as in production: a day takes a day.

-- Each change of the pace, in a lab. From `since` on, a real moment, policy time goes on from
-- `policy_at`, a day in so many seconds. Runs, work on databases and restores are written down in
-- policy time, everything else in real time.
CREATE TABLE policy_clock (
    since       timestamptz PRIMARY KEY,
    policy_at   timestamptz NOT NULL,
    day_seconds integer     NOT NULL CHECK (day_seconds BETWEEN 10 AND 86400)
);
