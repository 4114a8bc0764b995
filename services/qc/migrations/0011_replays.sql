-- A profile that is not live yet, run over analyses that were made before. An item is one of those
-- analyses; it is run by an analysis of its own, which the item names from the transaction that
-- makes it. Such an analysis says so in its brief, and the ledger hears of its calls only.
CREATE TABLE replay (
    client_id    text NOT NULL,
    replay_id    uuid NOT NULL,
    state        text NOT NULL DEFAULT 'running'
                 CHECK (state IN ('running', 'cancelling', 'done', 'cancelled')),
    user_id      text NOT NULL,
    user_name    text NOT NULL,
    user_email   text NOT NULL,
    request_id   text NOT NULL,
    source       text NOT NULL CHECK (source IN ('version', 'edit', 'draft')),
    profile      jsonb NOT NULL,                -- libs.contracts.profiles.Profile, whatever is edited later
    budget_usd   numeric NOT NULL CHECK (budget_usd >= 0 AND budget_usd <= 1000),
    created_at   timestamptz NOT NULL,
    finished_at  timestamptz,
    last_seq     integer NOT NULL DEFAULT 0,    -- of its events
    lease        uuid,                          -- fences off a driver that comes back late
    lease_until  timestamptz NOT NULL DEFAULT '-infinity', -- also when to look at it next
    PRIMARY KEY (client_id, replay_id),
    CHECK ((state IN ('done', 'cancelled')) = (finished_at IS NOT NULL))
);
CREATE INDEX replay_by_id ON replay (replay_id);
CREATE INDEX replay_at_work ON replay (lease_until) WHERE state IN ('running', 'cancelling');

CREATE TABLE replay_item (
    client_id    text NOT NULL,
    replay_id    uuid NOT NULL,
    item_no      integer NOT NULL CHECK (item_no >= 1),
    source_id    uuid NOT NULL,                 -- the analysis that is replayed
    state        text NOT NULL DEFAULT 'waiting'
                 CHECK (state IN ('waiting', 'running', 'done', 'not_replayed')),
    analysis_id  uuid,
    expected_usd numeric,                       -- null when a model has no price
    code         text,                          -- why it was not replayed
    reason       text,
    PRIMARY KEY (client_id, replay_id, item_no),
    UNIQUE (client_id, replay_id, source_id),
    FOREIGN KEY (client_id, replay_id) REFERENCES replay,
    FOREIGN KEY (client_id, source_id) REFERENCES analysis (client_id, analysis_id),
    FOREIGN KEY (client_id, analysis_id) REFERENCES analysis,
    CHECK (state NOT IN ('running', 'done') OR analysis_id IS NOT NULL)
);
CREATE INDEX replay_item_of_analysis ON replay_item (client_id, analysis_id);

-- The most that a call of a replay can cost, written with its intent: what it may still take of
-- the budget until the ledger has told what it took.
CREATE TABLE replay_call (
    client_id  text NOT NULL,
    replay_id  uuid NOT NULL,
    attempt_id uuid NOT NULL,
    most_usd   numeric NOT NULL CHECK (most_usd >= 0),
    PRIMARY KEY (client_id, replay_id, attempt_id),
    FOREIGN KEY (client_id, replay_id) REFERENCES replay,
    FOREIGN KEY (client_id, attempt_id) REFERENCES attempt
);

CREATE TABLE replay_event (
    client_id text NOT NULL,
    replay_id uuid NOT NULL,
    seq       integer NOT NULL CHECK (seq >= 1),
    event     jsonb NOT NULL,                   -- libs.contracts.replays.ReplayEvent
    PRIMARY KEY (client_id, replay_id, seq),
    FOREIGN KEY (client_id, replay_id) REFERENCES replay
);

DO $$
DECLARE
    tables text[] := ARRAY['replay', 'replay_item', 'replay_call', 'replay_event'];
    name text;
    run_role text := current_user || '_run';
BEGIN
    FOREACH name IN ARRAY tables LOOP
        EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY', name);
        EXECUTE format('CREATE POLICY of_client ON %I USING (sees(client_id)) WITH CHECK (sees(client_id))', name);
        EXECUTE format('GRANT SELECT, INSERT ON %I TO %I', name, run_role);
    END LOOP;
    EXECUTE format('GRANT UPDATE (state, finished_at, last_seq, lease, lease_until) ON replay TO %I', run_role);
    EXECUTE format('GRANT UPDATE (state, analysis_id, code, reason) ON replay_item TO %I', run_role);
END $$;
