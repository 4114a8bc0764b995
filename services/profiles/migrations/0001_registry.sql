-- The clients whose rows this transaction may see: a JSON list, or * for every client.
CREATE FUNCTION every_client() RETURNS boolean LANGUAGE sql STABLE
RETURN coalesce(current_setting('app.clients', true) = '*', false);

CREATE FUNCTION named_clients() RETURNS text[] LANGUAGE sql STABLE
RETURN ARRAY(SELECT jsonb_array_elements_text(
    nullif(nullif(current_setting('app.clients', true), '*'), '')::jsonb));

CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'rows of % stay as they were written', TG_TABLE_NAME
          USING ERRCODE = 'restrict_violation';
END $$;

CREATE TABLE client (
    client_id  text PRIMARY KEY,
    name       text NOT NULL,
    created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    created_by text NOT NULL
);

-- A family of versions. Pointers and rights live here, content lives in the versions.
CREATE TABLE profile (
    slug               text PRIMARY KEY CHECK (slug ~ '^[a-z0-9_]{1,63}$' AND slug !~ '_v[0-9]+$'),
    visibility         text NOT NULL CHECK (visibility IN ('all', 'client_specific')),
    visible_to_clients text[] NOT NULL,
    last_version       integer NOT NULL DEFAULT 1,       -- a counter: numbers are never used again
    active_version     integer NOT NULL DEFAULT 1,       -- what floating bindings run
    revision           bigint NOT NULL DEFAULT 1,        -- counts every change of the family
    created_at         timestamptz NOT NULL DEFAULT clock_timestamp(),
    created_by         text NOT NULL,
    CHECK (active_version BETWEEN 1 AND last_version),
    CHECK ((visibility = 'all') = (cardinality(visible_to_clients) = 0))
);

-- One immutable state. The checks are json, not jsonb: their order and numbers stay as written.
CREATE TABLE profile_version (
    slug           text NOT NULL REFERENCES profile,
    version        integer NOT NULL CHECK (version >= 1),
    name           text NOT NULL,
    description    text NOT NULL,
    pass_threshold double precision NOT NULL CHECK (pass_threshold BETWEEN 0 AND 100),
    checks         json NOT NULL,
    check_count    integer NOT NULL CHECK (check_count >= 1),
    content_hash   text NOT NULL CHECK (content_hash ~ '^[0-9a-f]{64}$'),
    scoring_hash   text NOT NULL CHECK (scoring_hash ~ '^[0-9a-f]{64}$'),
    based_on       integer,                              -- what the author had open
    replaced       integer,                              -- what was active: not always based_on
    created_at     timestamptz NOT NULL DEFAULT clock_timestamp(),
    created_by     text NOT NULL,
    PRIMARY KEY (slug, version),
    FOREIGN KEY (slug, based_on) REFERENCES profile_version,
    FOREIGN KEY (slug, replaced) REFERENCES profile_version,
    CHECK ((version = 1) = (based_on IS NULL) AND (version = 1) = (replaced IS NULL)),
    CHECK (based_on < version AND replaced < version)
);
ALTER TABLE profile ADD CONSTRAINT profile_active_version_fkey FOREIGN KEY (slug, active_version)
    REFERENCES profile_version DEFERRABLE INITIALLY DEFERRED;

-- No row: the client floats on everything that it may use.
CREATE TABLE client_binding (
    client_id      text NOT NULL REFERENCES client,
    slug           text NOT NULL REFERENCES profile,
    pinned_version integer,                              -- null: floating
    PRIMARY KEY (client_id, slug),
    FOREIGN KEY (slug, pinned_version) REFERENCES profile_version
);
CREATE INDEX client_binding_slug ON client_binding (slug);

-- Where the active pointer was, and from when.
CREATE TABLE activation (
    slug         text NOT NULL,
    revision     bigint NOT NULL,
    version      integer NOT NULL,
    reason       text NOT NULL CHECK (reason IN ('create', 'save')),
    activated_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    activated_by text NOT NULL,
    PRIMARY KEY (slug, revision),
    FOREIGN KEY (slug, version) REFERENCES profile_version
);

-- One row for each change, in its transaction. The revision is dense within an object, so that
-- a chain of hashes can run along it without a lock across objects.
CREATE TABLE audit_event (
    object_kind text NOT NULL CHECK (object_kind IN ('client', 'profile')),
    object_id   text NOT NULL,
    revision    bigint NOT NULL,
    at          timestamptz NOT NULL DEFAULT clock_timestamp(),
    actor       text NOT NULL,
    action      text NOT NULL,
    before_hash text,
    after_hash  text NOT NULL,
    request_id  text,
    details     jsonb NOT NULL,
    PRIMARY KEY (object_kind, object_id, revision)
);

CREATE FUNCTION keep_identity() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'UPDATE'
       AND (NEW.slug, NEW.created_at, NEW.created_by) = (OLD.slug, OLD.created_at, OLD.created_by)
       AND NEW.last_version >= OLD.last_version AND NEW.revision > OLD.revision
    THEN
        RETURN NEW;
    END IF;
    RAISE EXCEPTION 'a profile keeps its slug and its counters for ever'
          USING ERRCODE = 'restrict_violation';
END $$;
CREATE TRIGGER keep_identity BEFORE UPDATE OR DELETE ON profile
    FOR EACH ROW EXECUTE FUNCTION keep_identity();

CREATE TRIGGER keep_row BEFORE UPDATE OR DELETE ON profile_version
    FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER keep_row BEFORE UPDATE OR DELETE ON activation
    FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER keep_row BEFORE UPDATE OR DELETE ON audit_event
    FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER keep_rows BEFORE TRUNCATE ON profile
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER keep_rows BEFORE TRUNCATE ON profile_version
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER keep_rows BEFORE TRUNCATE ON activation
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER keep_rows BEFORE TRUNCATE ON audit_event
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

-- Second lock: what the service forgets to check, the database refuses.
CREATE FUNCTION may_see(visibility text, clients text[]) RETURNS boolean LANGUAGE sql STABLE
RETURN every_client() OR CASE visibility
    WHEN 'all' THEN cardinality(named_clients()) > 0
    ELSE clients && named_clients() END;

-- A profile that every client uses is changed by a transaction for every client only.
CREATE FUNCTION may_write(visibility text, clients text[]) RETURNS boolean LANGUAGE sql STABLE
RETURN every_client() OR (visibility = 'client_specific' AND clients <@ named_clients());

ALTER TABLE client ENABLE ROW LEVEL SECURITY;
ALTER TABLE client FORCE ROW LEVEL SECURITY;
CREATE POLICY own_rows ON client
    USING (every_client() OR client_id = ANY (named_clients()));

ALTER TABLE client_binding ENABLE ROW LEVEL SECURITY;
ALTER TABLE client_binding FORCE ROW LEVEL SECURITY;
CREATE POLICY own_rows ON client_binding
    USING (every_client() OR client_id = ANY (named_clients()));

ALTER TABLE profile ENABLE ROW LEVEL SECURITY;
ALTER TABLE profile FORCE ROW LEVEL SECURITY;
CREATE POLICY visible_rows ON profile FOR SELECT
    USING (may_see(visibility, visible_to_clients));
CREATE POLICY new_rows ON profile FOR INSERT
    WITH CHECK (may_write(visibility, visible_to_clients));
CREATE POLICY own_rows ON profile FOR UPDATE
    USING (may_write(visibility, visible_to_clients));

ALTER TABLE profile_version ENABLE ROW LEVEL SECURITY;
ALTER TABLE profile_version FORCE ROW LEVEL SECURITY;
CREATE POLICY visible_rows ON profile_version FOR SELECT
    USING (EXISTS (SELECT FROM profile WHERE profile.slug = profile_version.slug));
CREATE POLICY new_rows ON profile_version FOR INSERT
    WITH CHECK (EXISTS (
        SELECT FROM profile
         WHERE profile.slug = profile_version.slug AND may_write(visibility, visible_to_clients)));

ALTER TABLE activation ENABLE ROW LEVEL SECURITY;
ALTER TABLE activation FORCE ROW LEVEL SECURITY;
CREATE POLICY visible_rows ON activation FOR SELECT
    USING (EXISTS (SELECT FROM profile WHERE profile.slug = activation.slug));
CREATE POLICY new_rows ON activation FOR INSERT
    WITH CHECK (EXISTS (
        SELECT FROM profile
         WHERE profile.slug = activation.slug AND may_write(visibility, visible_to_clients)));

DO $$
DECLARE run_role text := current_user || '_run';
BEGIN
    EXECUTE format('GRANT SELECT, INSERT ON client, profile, profile_version TO %I', run_role);
    EXECUTE format('GRANT SELECT ON client_binding TO %I', run_role);
    EXECUTE format('GRANT INSERT ON activation, audit_event TO %I', run_role);
    EXECUTE format(
        'GRANT UPDATE (visibility, visible_to_clients, last_version, active_version, revision)'
        ' ON profile TO %I', run_role);
END $$;
