-- Problems that are left alone for a while, and those that come and go.
ALTER TABLE problem
    ADD COLUMN snoozed_until timestamptz,
    ADD COLUMN snoozed_by    text,
    -- How often the same one had been opened shortly before.
    ADD COLUMN before        integer NOT NULL DEFAULT 0,
    ADD CONSTRAINT problem_snooze CHECK ((snoozed_until IS NULL) = (snoozed_by IS NULL));
CREATE INDEX problem_key ON problem (key, opened_at);
