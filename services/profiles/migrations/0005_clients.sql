-- squawk-ignore-file adding-not-nullable-field, adding-field-with-default
-- (the service that uses this table waits for the migration; no other program reads it)
-- Whose decision a pin is. A client that floats again keeps its row, with pinned_version null, so
-- that who let go of a version is as plain as who held it.
ALTER TABLE client_binding
    ADD COLUMN changed_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    ADD COLUMN changed_by text NOT NULL DEFAULT '';

DO $$
DECLARE run_role text := current_user || '_run';
BEGIN
    EXECUTE format('GRANT UPDATE (changed_at, changed_by) ON client_binding TO %I', run_role);
    EXECUTE format('REVOKE DELETE ON client_binding FROM %I', run_role);
END $$;
