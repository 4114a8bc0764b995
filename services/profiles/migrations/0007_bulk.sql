-- Plans to change many profiles at once, what came of them, and their undoing. All of it is
-- history: a plan is written once, and each step of it at most once.
CREATE TABLE bulk_edit (
    bulk_id    uuid PRIMARY KEY,
    clients    text[] NOT NULL CHECK (cardinality(clients) >= 1), -- who it reaches; * for everyone
    selection  jsonb NOT NULL,                           -- libs.contracts.bulk.Selection
    operations json NOT NULL,                            -- json: checks stay as they were written
    note       text NOT NULL DEFAULT '',
    unchanged  integer NOT NULL CHECK (unchanged >= 0),  -- selected, and so already
    created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    created_by text NOT NULL
);
CREATE INDEX bulk_edit_time ON bulk_edit (created_at);

-- What was reviewed: the outcome is that of the operations on the base, and must have this hash.
CREATE TABLE bulk_item (
    bulk_id       uuid NOT NULL REFERENCES bulk_edit,
    slug          text NOT NULL,
    base_version  integer NOT NULL,                      -- the active one then
    base_revision bigint NOT NULL,                       -- any later change voids the plan
    content_hash  text CHECK (content_hash ~ '^[0-9a-f]{64}$'), -- null: it cannot be
    left_out      text CHECK (left_out IN ('not_allowed', 'shared')), -- null: it is part of the plan
    PRIMARY KEY (bulk_id, slug),
    FOREIGN KEY (slug, base_version) REFERENCES profile_version
);

CREATE TABLE bulk_step (
    bulk_id uuid NOT NULL REFERENCES bulk_edit,
    step    text NOT NULL CHECK (step IN ('commit', 'undo')),
    at      timestamptz NOT NULL DEFAULT clock_timestamp(),
    by      text NOT NULL,
    PRIMARY KEY (bulk_id, step)                          -- once: a second one waits, and finds it
);

CREATE TABLE bulk_result (
    bulk_id uuid NOT NULL,
    slug    text NOT NULL,
    version integer NOT NULL,                            -- that the commit made
    PRIMARY KEY (bulk_id, slug),
    FOREIGN KEY (bulk_id, slug) REFERENCES bulk_item,
    FOREIGN KEY (slug, version) REFERENCES profile_version
);

CREATE TRIGGER keep_row BEFORE UPDATE OR DELETE ON bulk_edit
    FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER keep_row BEFORE UPDATE OR DELETE ON bulk_item
    FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER keep_row BEFORE UPDATE OR DELETE ON bulk_step
    FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER keep_row BEFORE UPDATE OR DELETE ON bulk_result
    FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER keep_rows BEFORE TRUNCATE ON bulk_edit
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER keep_rows BEFORE TRUNCATE ON bulk_item
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER keep_rows BEFORE TRUNCATE ON bulk_step
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER keep_rows BEFORE TRUNCATE ON bulk_result
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

-- A plan is for those who may see all that it reaches; of what it leaves out each sees theirs.
ALTER TABLE bulk_edit ENABLE ROW LEVEL SECURITY;
ALTER TABLE bulk_edit FORCE ROW LEVEL SECURITY;
CREATE POLICY own_rows ON bulk_edit
    USING (every_client() OR clients <@ named_clients());

ALTER TABLE bulk_item ENABLE ROW LEVEL SECURITY;
ALTER TABLE bulk_item FORCE ROW LEVEL SECURITY;
CREATE POLICY own_rows ON bulk_item
    USING (EXISTS (SELECT FROM bulk_edit WHERE bulk_edit.bulk_id = bulk_item.bulk_id)
           AND EXISTS (SELECT FROM profile WHERE profile.slug = bulk_item.slug));

ALTER TABLE bulk_step ENABLE ROW LEVEL SECURITY;
ALTER TABLE bulk_step FORCE ROW LEVEL SECURITY;
CREATE POLICY own_rows ON bulk_step
    USING (EXISTS (SELECT FROM bulk_edit WHERE bulk_edit.bulk_id = bulk_step.bulk_id));

ALTER TABLE bulk_result ENABLE ROW LEVEL SECURITY;
ALTER TABLE bulk_result FORCE ROW LEVEL SECURITY;
CREATE POLICY own_rows ON bulk_result
    USING (EXISTS (SELECT FROM bulk_edit WHERE bulk_edit.bulk_id = bulk_result.bulk_id));

DO $$
BEGIN
    EXECUTE format('GRANT SELECT, INSERT ON bulk_edit, bulk_item, bulk_step, bulk_result TO %I',
                   current_user || '_run');
END $$;
