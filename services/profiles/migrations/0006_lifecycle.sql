-- squawk-ignore-file ban-drop-constraint
-- (the service that uses these tables waits for the migration; no other program reads them)
-- What a client was bound to, and since when: the binding itself only knows the present.
CREATE TABLE binding_history (
    client_id      text NOT NULL REFERENCES client,
    slug           text NOT NULL REFERENCES profile,
    change_no      bigint GENERATED ALWAYS AS IDENTITY,
    pinned_version integer,                              -- null: it floats from now on
    changed_at     timestamptz NOT NULL DEFAULT clock_timestamp(),
    changed_by     text NOT NULL,                        -- '' where the binding does not tell
    PRIMARY KEY (client_id, slug, change_no),
    FOREIGN KEY (slug, pinned_version) REFERENCES profile_version
);

INSERT INTO binding_history (client_id, slug, pinned_version, changed_by)
SELECT client_id, slug, pinned_version, coalesce(to_jsonb(b) ->> 'changed_by', '')
  FROM client_binding AS b;

-- With the rights of the owner: the service that changes a binding cannot write its history.
CREATE FUNCTION note_binding() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS $$
BEGIN
    IF TG_OP = 'DELETE' THEN
        INSERT INTO binding_history (client_id, slug, pinned_version, changed_by)
        VALUES (OLD.client_id, OLD.slug, NULL, '');
    ELSIF TG_OP = 'INSERT' OR NEW.pinned_version IS DISTINCT FROM OLD.pinned_version THEN
        INSERT INTO binding_history (client_id, slug, pinned_version, changed_by)
        VALUES (NEW.client_id, NEW.slug, NEW.pinned_version,
                coalesce(to_jsonb(NEW) ->> 'changed_by', ''));
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER note_binding AFTER INSERT OR UPDATE OR DELETE ON client_binding
    FOR EACH ROW EXECUTE FUNCTION note_binding();

-- A move of the active pointer at an instant of the database's clock. It happens only while the
-- version that is active then is the expected one and nobody new uses the profile.
CREATE TABLE schedule (
    schedule_id        uuid PRIMARY KEY,
    slug               text NOT NULL,
    version            integer NOT NULL,
    expected_version   integer NOT NULL,
    activate_at        timestamptz NOT NULL,
    visibility         text NOT NULL,                    -- the audience that it was made for
    visible_to_clients text[] NOT NULL,
    note               text NOT NULL DEFAULT '',
    state              text NOT NULL DEFAULT 'pending'
        CHECK (state IN ('pending', 'done', 'conflict', 'cancelled')),
    reason             text NOT NULL DEFAULT '',         -- of a conflict
    created_at         timestamptz NOT NULL DEFAULT clock_timestamp(),
    created_by         text NOT NULL,
    ended_at           timestamptz,
    ended_by           text,
    FOREIGN KEY (slug, version) REFERENCES profile_version,
    FOREIGN KEY (slug, expected_version) REFERENCES profile_version (slug, version),
    CHECK ((state = 'pending') = (ended_at IS NULL) AND (ended_at IS NULL) = (ended_by IS NULL))
);
CREATE UNIQUE INDEX schedule_pending ON schedule (slug, activate_at) WHERE state = 'pending';
CREATE INDEX schedule_due ON schedule (activate_at) WHERE state = 'pending';
CREATE INDEX schedule_slug ON schedule (slug, created_at);

CREATE FUNCTION keep_schedule() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'UPDATE' AND OLD.state = 'pending' AND NEW.state <> 'pending'
       AND to_jsonb(NEW) - '{state,reason,ended_at,ended_by}'::text[]
         = to_jsonb(OLD) - '{state,reason,ended_at,ended_by}'::text[]
    THEN
        RETURN NEW;
    END IF;
    RAISE EXCEPTION 'a schedule ends once, and stays as it was written'
          USING ERRCODE = 'restrict_violation';
END $$;
CREATE TRIGGER keep_schedule BEFORE UPDATE OR DELETE ON schedule
    FOR EACH ROW EXECUTE FUNCTION keep_schedule();

-- A version that is not one yet. What it says and for whom are its content; a visibility of null
-- leaves the audience as it is.
CREATE TABLE draft (
    draft_id           uuid PRIMARY KEY,
    slug               text NOT NULL,
    base_version       integer NOT NULL,                 -- what its author had open
    revision           bigint NOT NULL DEFAULT 1,        -- counts every change and every review
    state              text NOT NULL DEFAULT 'open'
        CHECK (state IN ('open', 'applied', 'withdrawn')),
    title              text NOT NULL,
    name               text NOT NULL,
    description        text NOT NULL,
    pass_threshold     double precision NOT NULL CHECK (pass_threshold BETWEEN 0 AND 100),
    checks             json NOT NULL,
    visibility         text CHECK (visibility IN ('all', 'client_specific')),
    visible_to_clients text[] NOT NULL DEFAULT '{}',
    content_hash       text NOT NULL CHECK (content_hash ~ '^[0-9a-f]{64}$'),
    scoring_hash       text NOT NULL CHECK (scoring_hash ~ '^[0-9a-f]{64}$'),
    draft_hash         text NOT NULL CHECK (draft_hash ~ '^[0-9a-f]{64}$'), -- what reviews are of
    authors            text[] NOT NULL CHECK (cardinality(authors) >= 1),
    created_at         timestamptz NOT NULL DEFAULT clock_timestamp(),
    created_by         text NOT NULL,
    modified_at        timestamptz NOT NULL DEFAULT clock_timestamp(),
    modified_by        text NOT NULL,
    applied_version    integer,
    ended_at           timestamptz,
    ended_by           text,
    FOREIGN KEY (slug, base_version) REFERENCES profile_version,
    FOREIGN KEY (slug, applied_version) REFERENCES profile_version (slug, version),
    CHECK ((state = 'open') = (ended_at IS NULL) AND (ended_at IS NULL) = (ended_by IS NULL)),
    CHECK ((state = 'applied') = (applied_version IS NOT NULL)),
    CHECK ((visibility IS NOT DISTINCT FROM 'client_specific')
           = (cardinality(visible_to_clients) > 0))
);
CREATE INDEX draft_slug ON draft (slug, state);

CREATE TABLE draft_review (
    draft_id    uuid NOT NULL REFERENCES draft,
    revision    bigint NOT NULL,                         -- of the draft, which it counts up
    verdict     text NOT NULL CHECK (verdict IN ('comment', 'approve', 'reject')),
    note        text NOT NULL DEFAULT '',
    draft_hash  text NOT NULL,                           -- what was looked at
    reviewed_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    reviewed_by text NOT NULL,
    PRIMARY KEY (draft_id, revision)
);

-- Whether the last word of everybody who looked at exactly this, and did not write it, is yes.
CREATE FUNCTION is_approved(wanted draft) RETURNS boolean LANGUAGE sql STABLE
RETURN (SELECT coalesce(bool_and(verdict = 'approve'), false)
          FROM (SELECT DISTINCT ON (reviewed_by) verdict
                  FROM draft_review
                 WHERE draft_id = wanted.draft_id AND draft_hash = wanted.draft_hash
                   AND verdict <> 'comment' AND reviewed_by <> ALL (wanted.authors)
                 ORDER BY reviewed_by, revision DESC) AS last_word);

CREATE FUNCTION needs_approval(wanted text) RETURNS boolean LANGUAGE sql STABLE
RETURN EXISTS (
    SELECT FROM client, profile
     WHERE slug = wanted AND approval_required AND client.archived_at IS NULL
       AND (visibility = 'all' OR client_id = ANY (visible_to_clients)));

CREATE FUNCTION keep_draft() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'DELETE' OR OLD.state <> 'open' OR NEW.revision <> OLD.revision + 1
       OR (NEW.draft_id, NEW.slug, NEW.created_at, NEW.created_by)
          IS DISTINCT FROM (OLD.draft_id, OLD.slug, OLD.created_at, OLD.created_by)
       OR NOT NEW.authors @> OLD.authors
       OR (NEW.draft_hash <> OLD.draft_hash AND NEW.modified_by <> ALL (NEW.authors))
    THEN
        RAISE EXCEPTION 'a draft that has ended stays as it is, and its authors stay authors'
              USING ERRCODE = 'restrict_violation';
    END IF;
    IF NEW.state = 'applied' AND needs_approval(NEW.slug) AND NOT is_approved(NEW) THEN
        RAISE EXCEPTION 'nobody but its authors approved draft %', NEW.draft_id
              USING ERRCODE = 'check_violation', CONSTRAINT = 'draft_approval';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER keep_draft BEFORE UPDATE OR DELETE ON draft
    FOR EACH ROW EXECUTE FUNCTION keep_draft();

-- Nobody approves what they wrote, nor what is not there any more.
CREATE FUNCTION check_review() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE reviewed draft;
BEGIN
    SELECT * INTO reviewed FROM draft WHERE draft_id = NEW.draft_id;
    IF NEW.verdict <> 'comment' AND (reviewed.state <> 'open'
       OR NEW.reviewed_by = ANY (reviewed.authors) OR NEW.draft_hash <> reviewed.draft_hash)
    THEN
        RAISE EXCEPTION 'an author cannot review draft %, and only what it says now is reviewed',
              NEW.draft_id USING ERRCODE = 'check_violation', CONSTRAINT = 'draft_review_other';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER check_review BEFORE INSERT ON draft_review
    FOR EACH ROW EXECUTE FUNCTION check_review();

CREATE TRIGGER keep_row BEFORE UPDATE OR DELETE ON binding_history
    FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER keep_row BEFORE UPDATE OR DELETE ON draft_review
    FOR EACH ROW EXECUTE FUNCTION refuse_change();
DO $$
DECLARE emptied text;
BEGIN
    FOREACH emptied IN ARRAY '{binding_history,schedule,draft,draft_review}'::text[] LOOP
        EXECUTE format('CREATE TRIGGER keep_rows BEFORE TRUNCATE ON %I'
                       ' FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()', emptied);
    END LOOP;
END $$;

ALTER TABLE binding_history ENABLE ROW LEVEL SECURITY;
ALTER TABLE binding_history FORCE ROW LEVEL SECURITY;
CREATE POLICY own_rows ON binding_history
    USING (every_client() OR client_id = ANY (named_clients()));

-- A schedule and a draft are of a profile: seen, made and changed by whoever may do that with it.
ALTER TABLE schedule ENABLE ROW LEVEL SECURITY;
ALTER TABLE schedule FORCE ROW LEVEL SECURITY;
CREATE POLICY visible_rows ON schedule FOR SELECT
    USING (EXISTS (SELECT FROM profile WHERE profile.slug = schedule.slug));
CREATE POLICY new_rows ON schedule FOR INSERT
    WITH CHECK (EXISTS (
        SELECT FROM profile AS p
         WHERE p.slug = schedule.slug AND may_write(p.visibility, p.visible_to_clients)));
CREATE POLICY own_rows ON schedule FOR UPDATE
    USING (EXISTS (
        SELECT FROM profile AS p
         WHERE p.slug = schedule.slug AND may_write(p.visibility, p.visible_to_clients)));

ALTER TABLE draft ENABLE ROW LEVEL SECURITY;
ALTER TABLE draft FORCE ROW LEVEL SECURITY;
CREATE POLICY visible_rows ON draft FOR SELECT
    USING (EXISTS (SELECT FROM profile WHERE profile.slug = draft.slug));
CREATE POLICY new_rows ON draft FOR INSERT
    WITH CHECK (EXISTS (
        SELECT FROM profile AS p
         WHERE p.slug = draft.slug AND may_write(p.visibility, p.visible_to_clients)));
CREATE POLICY own_rows ON draft FOR UPDATE
    USING (EXISTS (
        SELECT FROM profile AS p
         WHERE p.slug = draft.slug AND may_write(p.visibility, p.visible_to_clients)));

ALTER TABLE draft_review ENABLE ROW LEVEL SECURITY;
ALTER TABLE draft_review FORCE ROW LEVEL SECURITY;
CREATE POLICY visible_rows ON draft_review FOR SELECT
    USING (EXISTS (SELECT FROM draft WHERE draft.draft_id = draft_review.draft_id));
CREATE POLICY new_rows ON draft_review FOR INSERT
    WITH CHECK (EXISTS (
        SELECT FROM draft JOIN profile AS p USING (slug)
         WHERE draft.draft_id = draft_review.draft_id
           AND may_write(p.visibility, p.visible_to_clients)));

-- Drafts and schedules have chains of their own. The list is open: a kind is what code writes.
ALTER TABLE audit_event
    DROP CONSTRAINT audit_event_object_kind_check,
    ADD CONSTRAINT audit_event_object_kind_check CHECK (object_kind ~ '^[a-z_]{1,30}$') NOT VALID;
ALTER TABLE audit_event VALIDATE CONSTRAINT audit_event_object_kind_check;

DO $$
DECLARE run_role text := current_user || '_run';
BEGIN
    EXECUTE format('ALTER FUNCTION note_binding() SET search_path = %I, pg_temp',
                   current_schema());
    EXECUTE format('GRANT SELECT ON binding_history TO %I', run_role);
    EXECUTE format('GRANT SELECT, INSERT ON schedule, draft, draft_review TO %I', run_role);
    EXECUTE format('GRANT UPDATE (state, reason, ended_at, ended_by) ON schedule TO %I', run_role);
    EXECUTE format(
        'GRANT UPDATE (base_version, revision, state, title, name, description, pass_threshold,'
        ' checks, visibility, visible_to_clients, content_hash, scoring_hash, draft_hash, authors,'
        ' modified_at, modified_by, applied_version, ended_at, ended_by) ON draft TO %I', run_role);
END $$;
