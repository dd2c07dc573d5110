-- How far the leader has read the audit log to verify it, and what it found: the log is read from
-- its beginning to its end in pieces, again and again.
CREATE TABLE audit_check (
    only_row    boolean PRIMARY KEY DEFAULT true CHECK (only_row),
    -- When this round began; its right edge of the tree, as the texts make it.
    began       timestamptz NOT NULL,
    size        bigint      NOT NULL CHECK (size >= 0),
    hashes      bytea[]     NOT NULL,
    -- The last round that came to the end and found nothing: when, and how far the log went.
    done_at     timestamptz,
    done_size   bigint CHECK (done_size >= 0),
    done_root   bytea  CHECK (octet_length(done_root) = 32),
    -- What the last round found that did not come to the end; null: nothing.
    broken      jsonb
);
