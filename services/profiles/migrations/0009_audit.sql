-- squawk-ignore-file adding-not-nullable-field
-- (the service that uses this table waits for the migration; no other program reads it)
-- The audit becomes tamper-evident: each row carries the hash of the row before it of the same
-- object, and a hash over itself. Who rewrites one has to rewrite all that follow, and the last
-- hash, kept elsewhere, then tells on them.
ALTER TABLE audit_event
    ADD COLUMN seq           bigint,      -- in the order of writing, over all objects; has gaps
    ADD COLUMN previous_hash text,        -- null: the first of its object
    ADD COLUMN hash          text;

CREATE SEQUENCE audit_event_seq AS bigint OWNED BY audit_event.seq;

-- services.profiles.domain.audit_chain computes the same from outside. All fields are texts, so
-- that numbers have one form; jsonb's own text stands for the details.
CREATE FUNCTION audit_hash(e audit_event) RETURNS text LANGUAGE sql STABLE
RETURN encode(sha256(convert_to(jsonb_build_array(
    e.previous_hash, e.seq::text, e.object_kind, e.object_id, e.revision::text,
    ((extract(epoch FROM e.at) * 1000000)::bigint)::text, e.actor, e.action,
    e.before_hash, e.after_hash, e.request_id, e.details::text)::text, 'UTF8')), 'hex');

-- It overwrites whatever the writer gave, and reads the row before with the rights of the owner:
-- nobody can leave the chain out, start one anew, or skip a revision. The number is drawn by a
-- transaction that has its id, which is what the change feed counts on.
CREATE FUNCTION seal_audit_event() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS $$
BEGIN
    PERFORM pg_current_xact_id();
    NEW.seq := nextval('audit_event_seq');
    NEW.previous_hash := (SELECT hash FROM audit_event
                           WHERE object_kind = NEW.object_kind AND object_id = NEW.object_id
                             AND revision = NEW.revision - 1);
    IF (NEW.previous_hash IS NULL) <> (NEW.revision = 1) THEN
        RAISE EXCEPTION 'revision % of % % does not follow the audit',
              NEW.revision, NEW.object_kind, NEW.object_id
              USING ERRCODE = 'restrict_violation';
    END IF;
    NEW.hash := audit_hash(NEW);
    RETURN NEW;
END $$;

-- What stands there already is sealed as it is.
ALTER TABLE audit_event DISABLE TRIGGER keep_row;
DO $$
DECLARE
    event audit_event;
    previous audit_event;
BEGIN
    UPDATE audit_event SET seq = numbered.n
      FROM (SELECT object_kind, object_id, revision,
                   row_number() OVER (ORDER BY at, object_kind, object_id, revision) AS n
              FROM audit_event) AS numbered
     WHERE (audit_event.object_kind, audit_event.object_id, audit_event.revision)
         = (numbered.object_kind, numbered.object_id, numbered.revision);
    FOR event IN SELECT * FROM audit_event ORDER BY object_kind, object_id, revision LOOP
        event.previous_hash := CASE WHEN (previous.object_kind, previous.object_id)
                                       = (event.object_kind, event.object_id)
                                    THEN previous.hash END;
        event.hash := audit_hash(event);
        UPDATE audit_event SET previous_hash = event.previous_hash, hash = event.hash
         WHERE object_kind = event.object_kind AND object_id = event.object_id
           AND revision = event.revision;
        previous := event;
    END LOOP;
    PERFORM setval('audit_event_seq', (SELECT coalesce(max(seq), 0) + 1 FROM audit_event), false);
END $$;
ALTER TABLE audit_event ENABLE TRIGGER keep_row;

ALTER TABLE audit_event
    ALTER COLUMN seq SET NOT NULL,
    ALTER COLUMN hash SET NOT NULL;
CREATE UNIQUE INDEX audit_event_seq_key ON audit_event (seq);
CREATE TRIGGER seal BEFORE INSERT ON audit_event
    FOR EACH ROW EXECUTE FUNCTION seal_audit_event();

-- Rows are read by whoever may see their object as it is now: narrowing a profile hides its past.
-- Not forced: the seal reads as the owner, which no service runs as.
ALTER TABLE audit_event ENABLE ROW LEVEL SECURITY;
CREATE POLICY visible_rows ON audit_event FOR SELECT USING (
    every_client() OR CASE object_kind
        WHEN 'profile' THEN EXISTS (SELECT FROM profile WHERE slug = object_id)
        WHEN 'client' THEN object_id = ANY (named_clients())
        WHEN 'brand' THEN object_id = ANY (named_clients())
        ELSE false END);
CREATE POLICY new_rows ON audit_event FOR INSERT WITH CHECK (
    every_client() OR CASE object_kind
        WHEN 'profile' THEN EXISTS (SELECT FROM profile WHERE slug = object_id)
        WHEN 'client' THEN object_id = ANY (named_clients())
        WHEN 'brand' THEN object_id = ANY (named_clients())
        ELSE true END);

DO $$
DECLARE run_role text := current_user || '_run';
BEGIN
    EXECUTE format('ALTER FUNCTION seal_audit_event() SET search_path = %I, pg_temp',
                   current_schema());
    EXECUTE format('GRANT SELECT ON audit_event TO %I', run_role);
END $$;
