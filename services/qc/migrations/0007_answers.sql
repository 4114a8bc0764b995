-- squawk-ignore-file require-concurrent-index-creation
-- (the service that uses these tables waits for the migration; no other program writes them)
-- What models answered, so that the same question is not paid for twice. The key is a hash of
-- everything that the answer follows from: services/qc/domain/answer_key.py.
CREATE TABLE kept_answer (
    client_id  text NOT NULL,
    key        text NOT NULL,
    answer     jsonb NOT NULL,                 -- as services/qc/domain/answer_key.py keeps it
    attempt_id uuid NOT NULL,                  -- the call that was paid for it
    kept_at    timestamptz NOT NULL,
    PRIMARY KEY (client_id, key)
);
CREATE INDEX kept_answer_age ON kept_answer (kept_at);

-- What a cheap model said of a check, written in the transaction that settles its call: whoever
-- takes the analysis over sorts out the same answers. `triage` tells how it ended.
CREATE TABLE cheap_answer (
    client_id   text NOT NULL,
    analysis_id uuid NOT NULL,
    check_id    text NOT NULL,
    model       text NOT NULL,                 -- provider/model, as it was asked for
    result      jsonb NOT NULL,                -- libs.contracts.qc.CheckResult
    answered_at timestamptz NOT NULL,
    PRIMARY KEY (client_id, analysis_id, check_id),
    FOREIGN KEY (client_id, analysis_id) REFERENCES analysis
);

-- Whether the same file was checked before.
CREATE INDEX analysis_of_file ON analysis (client_id, (creative ->> 'sha256'));

DO $$
DECLARE
    name text;
    run_role text := current_user || '_run';
BEGIN
    FOREACH name IN ARRAY ARRAY['kept_answer', 'cheap_answer'] LOOP
        EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY', name);
        EXECUTE format('CREATE POLICY of_client ON %I USING (sees(client_id)) WITH CHECK (sees(client_id))', name);
        EXECUTE format('GRANT SELECT, INSERT ON %I TO %I', name, run_role);
    END LOOP;
    EXECUTE format('GRANT UPDATE (answer, attempt_id, kept_at), DELETE ON kept_answer TO %I', run_role);
END $$;
