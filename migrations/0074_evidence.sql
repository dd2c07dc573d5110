-- Packs of evidence that were made: what of, and their checksums. The archives are not kept.
CREATE TABLE evidence_pack (
    id      bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    begins  timestamptz NOT NULL,
    ends    timestamptz NOT NULL,
    made_at timestamptz NOT NULL,
    made_by text        NOT NULL,
    sha256  bytea       NOT NULL CHECK (octet_length(sha256) = 32),
    bytes   bigint      NOT NULL CHECK (bytes > 0),
    -- The entry of the audit log that says the same.
    entry   bigint      NOT NULL REFERENCES audit_entry,
    CHECK (begins < ends)
);
