-- squawk-ignore-file ban-drop-constraint
-- (the service that uses this table waits for the migration; no other program reads it)
-- Brand data of a client: immutable versions, the highest counts. json, not jsonb, as for the
-- checks of a profile: it stays as it was written.
CREATE TABLE brand_version (
    client_id    text NOT NULL REFERENCES client,
    version      integer NOT NULL CHECK (version >= 1),
    brand        json NOT NULL,                -- libs.contracts.brand.BrandData
    content_hash text NOT NULL CHECK (content_hash ~ '^[0-9a-f]{64}$'),
    created_at   timestamptz NOT NULL DEFAULT clock_timestamp(),
    created_by   text NOT NULL,
    PRIMARY KEY (client_id, version)
);

ALTER TABLE brand_version ENABLE ROW LEVEL SECURITY;
ALTER TABLE brand_version FORCE ROW LEVEL SECURITY;
CREATE POLICY own_rows ON brand_version
    USING (every_client() OR client_id = ANY (named_clients()));

-- Its revision is the version, so the chain of a client's brand data is dense.
ALTER TABLE audit_event
    DROP CONSTRAINT audit_event_object_kind_check,
    ADD CONSTRAINT audit_event_object_kind_check
        CHECK (object_kind IN ('client', 'profile', 'brand'));

DO $$
BEGIN
    EXECUTE format('GRANT SELECT, INSERT ON brand_version TO %I', current_user || '_run');
END $$;

CREATE TRIGGER keep_row BEFORE UPDATE OR DELETE ON brand_version
    FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER keep_rows BEFORE TRUNCATE ON brand_version
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
