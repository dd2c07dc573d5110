-- The audit log: entries, the Merkle tree over them and its signed checkpoints. Only ever added
-- to; the one change that is allowed gives an entry its position, once.
CREATE TABLE audit_entry (
    id         bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    at         timestamptz NOT NULL,
    actor_kind text        NOT NULL,
    actor_name text        NOT NULL,
    action     text        NOT NULL,
    object     text        NOT NULL,
    outcome    text        NOT NULL,
    -- The event as JSON, exactly as hashed; the columns above are copies for searching.
    body       text        NOT NULL,
    -- SHA-256 of a zero byte and the body (RFC 6962, 2.1).
    leaf       bytea       NOT NULL CHECK (octet_length(leaf) = 32),
    -- Position in the log, given by the sequencer. Found by IS NULL, never by "id above the
    -- last": ids become visible out of order.
    seq        bigint UNIQUE CHECK (seq >= 0)
);
CREATE INDEX audit_entry_unplaced ON audit_entry (id) WHERE seq IS NULL;
CREATE INDEX audit_entry_at ON audit_entry (at);
CREATE INDEX audit_entry_actor ON audit_entry (actor_name, id);
CREATE INDEX audit_entry_action ON audit_entry (action, id);
CREATE INDEX audit_entry_object ON audit_entry (object text_pattern_ops, id);

-- Every perfect subtree of the tree, leaves included, so that a proof reads a few rows. The
-- leaves stand here a second time on purpose: they tell which entry was changed.
CREATE TABLE audit_node (
    level  integer NOT NULL CHECK (level BETWEEN 0 AND 62),
    index  bigint  NOT NULL CHECK (index >= 0),
    hash   bytea   NOT NULL CHECK (octet_length(hash) = 32),
    PRIMARY KEY (level, index)
);

-- The right edge of the tree. Whoever extends the tree locks this row.
CREATE TABLE audit_head (
    only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row),
    size     bigint  NOT NULL CHECK (size >= 0),
    hashes   bytea[] NOT NULL
);
INSERT INTO audit_head (size, hashes) VALUES (0, '{}');

-- C2SP signed notes.
CREATE TABLE audit_checkpoint (
    size     bigint      PRIMARY KEY CHECK (size > 0),
    at       timestamptz NOT NULL,
    note     text        NOT NULL,
    -- The public key that signed it, for finding it; trust comes from elsewhere.
    verifier text        NOT NULL
);

CREATE FUNCTION audit_refuse() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'the audit log is only ever added to: % on % is refused', TG_OP, TG_TABLE_NAME
        USING ERRCODE = 'restrict_violation';
END $$;

CREATE FUNCTION audit_place_once() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    unplaced audit_entry := NEW;
BEGIN
    unplaced.seq := NULL;
    IF OLD.seq IS NULL AND NEW.seq IS NOT NULL AND unplaced IS NOT DISTINCT FROM OLD THEN
        RETURN NEW;
    END IF;
    RAISE EXCEPTION 'the audit log is only ever added to: entry % may only be placed, once', OLD.id
        USING ERRCODE = 'restrict_violation';
END $$;

CREATE FUNCTION audit_head_grows() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.size > OLD.size THEN
        RETURN NEW;
    END IF;
    RAISE EXCEPTION 'the audit log only grows: not from % to % entries', OLD.size, NEW.size
        USING ERRCODE = 'restrict_violation';
END $$;

CREATE TRIGGER audit_entry_place BEFORE UPDATE ON audit_entry
    FOR EACH ROW EXECUTE FUNCTION audit_place_once();
CREATE TRIGGER audit_entry_delete BEFORE DELETE OR TRUNCATE ON audit_entry
    FOR EACH STATEMENT EXECUTE FUNCTION audit_refuse();
CREATE TRIGGER audit_node_change BEFORE UPDATE OR DELETE OR TRUNCATE ON audit_node
    FOR EACH STATEMENT EXECUTE FUNCTION audit_refuse();
CREATE TRIGGER audit_checkpoint_change BEFORE UPDATE OR DELETE OR TRUNCATE ON audit_checkpoint
    FOR EACH STATEMENT EXECUTE FUNCTION audit_refuse();
CREATE TRIGGER audit_head_grow BEFORE UPDATE ON audit_head
    FOR EACH ROW EXECUTE FUNCTION audit_head_grows();
CREATE TRIGGER audit_head_delete BEFORE DELETE OR TRUNCATE ON audit_head
    FOR EACH STATEMENT EXECUTE FUNCTION audit_refuse();

COMMENT ON TABLE audit_entry IS
    'Owned by whoever migrates; the server is in mainstay_app, which may only insert and place.';
