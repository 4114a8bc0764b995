-- Who wrote an imported version and when, as its file says. It is what somebody claims: who
-- imported it, and when, stands in the version itself and in the audit.
CREATE TABLE version_origin (
    slug        text NOT NULL,
    version     integer NOT NULL,
    created_at  timestamptz,
    created_by  text,
    modified_at timestamptz,
    modified_by text,
    PRIMARY KEY (slug, version),
    FOREIGN KEY (slug, version) REFERENCES profile_version
);

ALTER TABLE version_origin ENABLE ROW LEVEL SECURITY;
ALTER TABLE version_origin FORCE ROW LEVEL SECURITY;
CREATE POLICY visible_rows ON version_origin FOR SELECT
    USING (EXISTS (SELECT FROM profile WHERE profile.slug = version_origin.slug));
CREATE POLICY new_rows ON version_origin FOR INSERT
    WITH CHECK (EXISTS (
        SELECT FROM profile
         WHERE profile.slug = version_origin.slug AND may_write(visibility, visible_to_clients)));

DO $$
BEGIN
    EXECUTE format('GRANT SELECT, INSERT ON version_origin TO %I', current_user || '_run');
END $$;

CREATE TRIGGER keep_row BEFORE UPDATE OR DELETE ON version_origin
    FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER keep_rows BEFORE TRUNCATE ON version_origin
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
