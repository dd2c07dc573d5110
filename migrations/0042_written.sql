-- Which transaction wrote a row last: who asks for what is newer than it knows misses nothing, as
-- no clock does. Set by the database, hence also for servers of the version before.

CREATE FUNCTION backup_written() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.written := pg_current_xact_id()::text::bigint;
    RETURN NEW;
END
$$;

ALTER TABLE backup_run ADD COLUMN written bigint NOT NULL DEFAULT 0;
ALTER TABLE database_work ADD COLUMN written bigint NOT NULL DEFAULT 0;
CREATE TRIGGER backup_run_written BEFORE INSERT OR UPDATE ON backup_run
    FOR EACH ROW EXECUTE FUNCTION backup_written();
CREATE TRIGGER database_work_written BEFORE INSERT OR UPDATE ON database_work
    FOR EACH ROW EXECUTE FUNCTION backup_written();
CREATE INDEX backup_run_written ON backup_run (written, id);
CREATE INDEX database_work_written ON database_work (written, id);
