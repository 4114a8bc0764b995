-- What reviewers say of results. Only ever added to: what was found stays in check_result, and a
-- second word about a check keeps the first. What it is said of is copied, so that the reliability
-- of checks is counted from these rows alone.
CREATE TABLE check_override (
    client_id       text NOT NULL,
    analysis_id     uuid NOT NULL,
    check_id        text NOT NULL,
    number          integer NOT NULL CHECK (number >= 1),
    state           text CHECK (state IN ('passed', 'failed', 'unsure', 'not_applicable')), -- null: taken back
    score           double precision CHECK (score BETWEEN 0 AND 100),
    reason          text NOT NULL,
    by_id           text NOT NULL,
    by_name         text NOT NULL,
    at              timestamptz NOT NULL,
    found_state     text NOT NULL,
    model_served    text,
    prompt_sha256   text,
    profile_id      text NOT NULL,
    profile_version integer NOT NULL,
    carried         boolean NOT NULL DEFAULT false, -- said in the analysis that this one is a rerun of
    PRIMARY KEY (client_id, analysis_id, check_id, number),
    FOREIGN KEY (client_id, analysis_id, check_id) REFERENCES check_result
);
CREATE INDEX check_override_of_check ON check_override (client_id, check_id, at);

ALTER TABLE check_override ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY of_client ON check_override USING (sees(client_id)) WITH CHECK (sees(client_id));

DO $$
BEGIN
    EXECUTE format('GRANT SELECT, INSERT ON check_override TO %I', current_user || '_run');
END $$;
