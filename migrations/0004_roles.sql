-- Two hands: whoever migrates owns the tables; the server signs in as a member of mainstay_app,
-- which works on them but cannot change their structure, and of the audit log may only read,
-- insert and place. Give it a login with
--     CREATE ROLE mainstay LOGIN PASSWORD '…' IN ROLE mainstay_app;
-- A server that signs in as the owner or a superuser works as well; then only the triggers and
-- the signed checkpoints stand between it and the log.
DO $$
BEGIN
    BEGIN
        IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'mainstay_app') THEN
            CREATE ROLE mainstay_app NOLOGIN;
        END IF;
    EXCEPTION
        -- Roles are shared by all databases of a cluster: another one may just have made it.
        WHEN duplicate_object OR unique_violation THEN NULL;
        WHEN insufficient_privilege THEN
            RAISE NOTICE 'the role mainstay_app was not created: this user may not create roles';
            RETURN;
    END;

    GRANT USAGE ON SCHEMA public TO mainstay_app;
    GRANT SELECT, INSERT, UPDATE, DELETE ON lease, command TO mainstay_app;
    GRANT SELECT, INSERT ON audit_entry, audit_node, audit_checkpoint TO mainstay_app;
    GRANT UPDATE (seq) ON audit_entry TO mainstay_app;
    GRANT SELECT, UPDATE ON audit_head TO mainstay_app;
    -- So that a server can see that nothing is left to migrate.
    IF to_regclass('_sqlx_migrations') IS NOT NULL THEN
        GRANT SELECT ON _sqlx_migrations TO mainstay_app;
    END IF;
    -- Tables of later migrations.
    ALTER DEFAULT PRIVILEGES IN SCHEMA public
        GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO mainstay_app;
    ALTER DEFAULT PRIVILEGES IN SCHEMA public
        GRANT USAGE ON SEQUENCES TO mainstay_app;
END $$;
