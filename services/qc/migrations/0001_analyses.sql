-- Everything that grows is keyed by client first, so that it can be sharded by client.
-- Privileges are the first lock, row-level security the second: no setting, no rows.

CREATE FUNCTION sees(client_id text) RETURNS boolean LANGUAGE sql STABLE PARALLEL SAFE
RETURN coalesce(
    current_setting('app.clients', true) = '*'
    OR nullif(nullif(current_setting('app.clients', true), '*'), '')::jsonb ? client_id,
    false
);

-- One run of one profile version over one creative. The queue and the state are one row.
CREATE TABLE analysis (
    client_id       text NOT NULL,
    analysis_id     uuid NOT NULL,
    state           text NOT NULL DEFAULT 'queued'
                    CHECK (state IN ('queued', 'running', 'done', 'failed', 'cancelled')),
    user_id         text NOT NULL,
    user_name       text NOT NULL,
    user_email      text NOT NULL,
    request_id      text NOT NULL,
    profile_id      text NOT NULL,
    profile_version integer NOT NULL,
    profile         jsonb NOT NULL,            -- the resolved version: a later edit changes nothing here
    creative        jsonb NOT NULL,            -- libs.contracts.qc.Creative
    verdict         text CHECK (verdict IN ('pass', 'fail', 'incomplete')),
    score           double precision CHECK (score BETWEEN 0 AND 100),
    coverage        double precision CHECK (coverage BETWEEN 0 AND 100),
    reason          text,
    created_at      timestamptz NOT NULL,
    started_at      timestamptz,
    finished_at     timestamptz,
    last_seq        integer NOT NULL DEFAULT 0, -- of its progress events
    claims          integer NOT NULL DEFAULT 0, -- counted when claimed: a run that kills its worker ends
    lease           uuid,                       -- fences off a worker that comes back late
    lease_until     timestamptz,
    PRIMARY KEY (client_id, analysis_id),
    CHECK ((state = 'done') = (verdict IS NOT NULL))
);
CREATE INDEX analysis_by_id ON analysis (analysis_id);
CREATE INDEX analysis_waiting ON analysis (created_at) WHERE state IN ('queued', 'running');

-- Written once for each check of an analysis.
CREATE TABLE check_result (
    client_id   text NOT NULL,
    analysis_id uuid NOT NULL,
    check_id    text NOT NULL,
    result      jsonb NOT NULL,                -- libs.contracts.qc.CheckResult, without cost
    PRIMARY KEY (client_id, analysis_id, check_id),
    FOREIGN KEY (client_id, analysis_id) REFERENCES analysis
);

-- One HTTP call to a provider: the row is there before the bytes leave.
CREATE TABLE attempt (
    client_id       text NOT NULL,
    attempt_id      uuid NOT NULL,             -- also the id of its usage event
    analysis_id     uuid NOT NULL,
    check_id        text NOT NULL,
    lease           uuid NOT NULL,
    attempt_no      integer NOT NULL,
    fallback_of     uuid,
    provider        text NOT NULL,
    model_requested text NOT NULL,
    most_input_tokens  integer NOT NULL,       -- what it may use at most: the ceiling of a call
    most_output_tokens integer NOT NULL,       -- whose usage nobody ever sees
    opened_at       timestamptz NOT NULL,
    state           text NOT NULL DEFAULT 'open' CHECK (state IN ('open', 'settled', 'unknown')),
    event           jsonb,                     -- the usage event, from the moment it is settled
    settled_at      timestamptz,
    cost_usd        numeric CHECK (cost_usd >= 0 AND cost_usd < 1000000), -- told by the ledger
    PRIMARY KEY (client_id, attempt_id),
    FOREIGN KEY (client_id, analysis_id) REFERENCES analysis,
    CHECK ((state = 'open') = (settled_at IS NULL))
);
CREATE INDEX attempt_of_analysis ON attempt (client_id, analysis_id);

-- Usage events on their way to the ledger, written in the transaction of what they tell of.
CREATE TABLE outbox (
    client_id    text NOT NULL,
    event_id     uuid NOT NULL,
    analysis_id  uuid NOT NULL,
    event        jsonb NOT NULL,
    created_at   timestamptz NOT NULL,
    delivered_at timestamptz,
    refused      text,                         -- why the ledger will never take it
    PRIMARY KEY (client_id, event_id)
);
CREATE INDEX outbox_waiting ON outbox (event_id)
    WHERE delivered_at IS NULL AND refused IS NULL;

CREATE INDEX outbox_waiting_of_analysis ON outbox (client_id, analysis_id)
    WHERE delivered_at IS NULL AND refused IS NULL;

CREATE TABLE progress (
    client_id   text NOT NULL,
    analysis_id uuid NOT NULL,
    seq         integer NOT NULL CHECK (seq >= 1),
    event       jsonb NOT NULL,                -- libs.contracts.qc.ProgressEvent
    PRIMARY KEY (client_id, analysis_id, seq),
    FOREIGN KEY (client_id, analysis_id) REFERENCES analysis
);

CREATE TABLE reference_asset (
    client_id  text NOT NULL,
    asset_id   uuid NOT NULL,
    kind       text NOT NULL CHECK (kind IN ('logo')),
    name       text NOT NULL,
    sha256     text NOT NULL,
    created_at timestamptz NOT NULL,
    created_by text NOT NULL,
    PRIMARY KEY (client_id, asset_id)
);

DO $$
DECLARE
    tables text[] := ARRAY['analysis', 'check_result', 'attempt', 'outbox', 'progress', 'reference_asset'];
    name text;
BEGIN
    FOREACH name IN ARRAY tables LOOP
        EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY', name);
        EXECUTE format('CREATE POLICY of_client ON %I USING (sees(client_id)) WITH CHECK (sees(client_id))', name);
        EXECUTE format('GRANT SELECT, INSERT ON %I TO %I', name, current_user || '_run');
    END LOOP;
    EXECUTE format(
        'GRANT UPDATE (state, verdict, score, coverage, reason, started_at, finished_at, last_seq, claims, lease, lease_until) ON analysis TO %I',
        current_user || '_run');
    EXECUTE format(
        'GRANT UPDATE (state, event, settled_at, cost_usd) ON attempt TO %I', current_user || '_run');
    EXECUTE format('GRANT UPDATE (delivered_at, refused) ON outbox TO %I', current_user || '_run');
END $$;
