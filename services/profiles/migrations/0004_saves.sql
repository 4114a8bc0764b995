-- Who could use a profile, and from which state of it on: what a stale save started from.
CREATE TABLE audience_history (
    slug               text NOT NULL REFERENCES profile,
    revision           bigint NOT NULL,
    visibility         text NOT NULL,
    visible_to_clients text[] NOT NULL,
    changed_at         timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (slug, revision)
);

-- The audit has told of every audience since the first one.
INSERT INTO audience_history (slug, revision, visibility, visible_to_clients, changed_at)
SELECT object_id, revision, details ->> 'visibility',
       ARRAY(SELECT jsonb_array_elements_text(details -> 'visible_to_clients')), at
  FROM audit_event
 WHERE object_kind = 'profile' AND details ? 'visibility';

-- A trigger, so that no way of changing an audience forgets it.
CREATE FUNCTION keep_audience() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO audience_history (slug, revision, visibility, visible_to_clients)
    VALUES (NEW.slug, NEW.revision, NEW.visibility, NEW.visible_to_clients);
    RETURN NULL;
END $$;
CREATE TRIGGER keep_first_audience AFTER INSERT ON profile
    FOR EACH ROW EXECUTE FUNCTION keep_audience();
CREATE TRIGGER keep_audience AFTER UPDATE ON profile
    FOR EACH ROW WHEN ((OLD.visibility, OLD.visible_to_clients)
                       IS DISTINCT FROM (NEW.visibility, NEW.visible_to_clients))
    EXECUTE FUNCTION keep_audience();

ALTER TABLE audience_history ENABLE ROW LEVEL SECURITY;
ALTER TABLE audience_history FORCE ROW LEVEL SECURITY;
CREATE POLICY visible_rows ON audience_history FOR SELECT
    USING (EXISTS (SELECT FROM profile WHERE profile.slug = audience_history.slug));
CREATE POLICY new_rows ON audience_history FOR INSERT
    WITH CHECK (EXISTS (
        SELECT FROM profile
         WHERE profile.slug = audience_history.slug
           AND may_write(profile.visibility, profile.visible_to_clients)));

DO $$
BEGIN
    EXECUTE format('GRANT SELECT, INSERT ON audience_history TO %I', current_user || '_run');
END $$;

CREATE TRIGGER keep_row BEFORE UPDATE OR DELETE ON audience_history
    FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER keep_rows BEFORE TRUNCATE ON audience_history
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
