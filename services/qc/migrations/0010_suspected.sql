-- Words in a creative that give orders to whoever judges it. Written once for each analysis, and
-- never changed: who may run analyses may neither take a suspicion back nor remove it.
CREATE TABLE suspected (
    client_id   text NOT NULL,
    analysis_id uuid NOT NULL,
    suspicions  jsonb NOT NULL,                -- libs.contracts.qc.Suspicion, a list
    PRIMARY KEY (client_id, analysis_id),
    FOREIGN KEY (client_id, analysis_id) REFERENCES analysis
);
ALTER TABLE suspected ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY of_client ON suspected USING (sees(client_id)) WITH CHECK (sees(client_id));

DO $$
BEGIN
    EXECUTE format('GRANT SELECT, INSERT ON suspected TO %I', current_user || '_run');
END $$;
