-- What was measured of a file, so that the same file is not measured twice. The key is a hash of
-- everything that the result follows from: services/qc/domain/kept.py. Nothing refers to these rows.
CREATE TABLE kept_result (
    client_id text NOT NULL,
    key       text NOT NULL,
    result    jsonb NOT NULL,
    kept_at   timestamptz NOT NULL,
    PRIMARY KEY (client_id, key)
);
CREATE INDEX kept_result_age ON kept_result (kept_at);

ALTER TABLE analysis
    ADD COLUMN only_checks text[] NOT NULL DEFAULT '{}', -- of its profile; none: all of them
    ADD COLUMN previews    jsonb  NOT NULL DEFAULT '[]'; -- libs.contracts.qc.Preview, by page

ALTER TABLE kept_result ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY of_client ON kept_result USING (sees(client_id)) WITH CHECK (sees(client_id));

DO $$
BEGIN
    EXECUTE format('GRANT SELECT, INSERT, DELETE ON kept_result TO %I', current_user || '_run');
    EXECUTE format('GRANT UPDATE (previews) ON analysis TO %I', current_user || '_run');
END $$;
