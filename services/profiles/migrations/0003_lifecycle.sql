-- squawk-ignore-file ban-drop-constraint, constraint-missing-not-valid
-- (the service that uses these tables waits for the migration; no other program reads them)
-- Clients and profiles are archived, never deleted; the active pointer moves for more reasons.
ALTER TABLE client
    ADD COLUMN revision          bigint NOT NULL DEFAULT 1,      -- counts every change of it
    ADD COLUMN approval_required boolean NOT NULL DEFAULT false, -- somebody else must approve
    ADD COLUMN archived_at       timestamptz,
    ADD COLUMN archived_by       text,
    ADD CONSTRAINT client_archived_check CHECK ((archived_at IS NULL) = (archived_by IS NULL));

ALTER TABLE profile
    ADD COLUMN archived_at timestamptz,
    ADD COLUMN archived_by text,
    ADD CONSTRAINT profile_archived_check CHECK ((archived_at IS NULL) = (archived_by IS NULL));

ALTER TABLE activation
    ADD COLUMN note text NOT NULL DEFAULT '',
    DROP CONSTRAINT activation_reason_check,
    ADD CONSTRAINT activation_reason_check CHECK (reason IN
        ('create', 'save', 'activate', 'schedule', 'approve', 'bulk', 'undo', 'import'));
CREATE INDEX activation_slug_time ON activation (slug, activated_at);

CREATE FUNCTION keep_client() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'UPDATE' AND NEW.revision > OLD.revision
       AND (NEW.client_id, NEW.created_at, NEW.created_by)
         = (OLD.client_id, OLD.created_at, OLD.created_by)
    THEN
        RETURN NEW;
    END IF;
    RAISE EXCEPTION 'a client keeps its id for ever, and each change counts up its revision'
          USING ERRCODE = 'restrict_violation';
END $$;
CREATE TRIGGER keep_client BEFORE UPDATE OR DELETE ON client
    FOR EACH ROW EXECUTE FUNCTION keep_client();
CREATE TRIGGER keep_rows BEFORE TRUNCATE ON client
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

DO $$
DECLARE run_role text := current_user || '_run';
BEGIN
    EXECUTE format(
        'GRANT UPDATE (name, revision, approval_required, archived_at, archived_by)'
        ' ON client TO %I', run_role);
    EXECUTE format('GRANT UPDATE (archived_at, archived_by) ON profile TO %I', run_role);
    EXECUTE format('GRANT SELECT ON activation TO %I', run_role);
    EXECUTE format('GRANT INSERT, UPDATE (pinned_version), DELETE ON client_binding TO %I', run_role);
END $$;
