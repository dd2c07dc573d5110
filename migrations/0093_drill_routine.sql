-- Drills that repeat: which of them a planned drill is one of, and the end of its window. One
-- window of one of them is planned once, whoever leads.
ALTER TABLE failover_drill
    ADD COLUMN routine text,
    ADD COLUMN until   timestamptz;
CREATE UNIQUE INDEX failover_drill_routine ON failover_drill (routine, at)
    WHERE routine IS NOT NULL;
