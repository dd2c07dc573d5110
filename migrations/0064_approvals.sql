-- What waits for a second person, what was answered, and what was done first and is looked at
-- afterwards.
CREATE TABLE approval (
    id      bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    kind    text        NOT NULL CHECK (kind IN ('permission', 'review')),
    -- What it is about, and what there is one open request about at a time.
    subject jsonb       NOT NULL,
    key     text        NOT NULL,
    hash    text        NOT NULL,
    reach   jsonb       NOT NULL,
    by_whom text        NOT NULL,
    reason  text        NOT NULL,
    at      timestamptz NOT NULL,
    until   timestamptz NOT NULL,
    state   jsonb       NOT NULL,
    status  text        NOT NULL
);
CREATE UNIQUE INDEX approval_one ON approval (kind, key) WHERE status = 'waiting';

-- Who last made an account, or gave it roles or a password, other than its own person.
ALTER TABLE users
    ADD COLUMN touched_by text,
    ADD COLUMN touched_at timestamptz,
    ADD CONSTRAINT users_touched CHECK ((touched_by IS NULL) = (touched_at IS NULL));
