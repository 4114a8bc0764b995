-- Many creatives against one or several profiles. A cell is one file against one profile; it is run
-- by an ordinary analysis, which the cell names from the transaction that makes it.
CREATE TABLE campaign (
    client_id   text NOT NULL,
    campaign_id uuid NOT NULL,
    name        text NOT NULL,
    state       text NOT NULL DEFAULT 'open'
                CHECK (state IN ('open', 'running', 'cancelling', 'done', 'cancelled')),
    user_id     text NOT NULL,
    user_name   text NOT NULL,
    user_email  text NOT NULL,
    request_id  text NOT NULL,
    profiles    jsonb NOT NULL,                -- libs.contracts.profiles.Resolved: a later edit changes nothing here
    wishes      jsonb NOT NULL,                -- placement and market
    can_wait    boolean NOT NULL,
    webhook_url text,
    created_at  timestamptz NOT NULL,
    started_at  timestamptz,
    finished_at timestamptz,
    last_seq    integer NOT NULL DEFAULT 0,    -- of its events
    lease       uuid,                          -- fences off a worker that comes back late
    lease_until timestamptz NOT NULL DEFAULT '-infinity', -- also when to look at it next
    PRIMARY KEY (client_id, campaign_id),
    CHECK ((state IN ('done', 'cancelled')) = (finished_at IS NOT NULL))
);
CREATE INDEX campaign_by_id ON campaign (campaign_id);
CREATE INDEX campaign_at_work ON campaign (lease_until) WHERE state IN ('running', 'cancelling');

CREATE TABLE campaign_file (
    client_id   text NOT NULL,
    campaign_id uuid NOT NULL,
    file_no     integer NOT NULL CHECK (file_no >= 1),
    name        text NOT NULL,
    sha256      text NOT NULL,
    bytes       bigint NOT NULL,
    PRIMARY KEY (client_id, campaign_id, file_no),
    UNIQUE (client_id, campaign_id, name),
    FOREIGN KEY (client_id, campaign_id) REFERENCES campaign
);

CREATE TABLE campaign_cell (
    client_id   text NOT NULL,
    campaign_id uuid NOT NULL,
    file_no     integer NOT NULL,
    profile_no  integer NOT NULL,              -- place in campaign.profiles, from 0
    state       text NOT NULL DEFAULT 'waiting'
                CHECK (state IN ('waiting', 'running', 'done', 'failed', 'cancelled')),
    analysis_id uuid,
    earlier     uuid[] NOT NULL DEFAULT '{}',  -- analyses of earlier tries: their cost counts too
    code        text,                          -- why there is no analysis
    reason      text,
    PRIMARY KEY (client_id, campaign_id, file_no, profile_no),
    FOREIGN KEY (client_id, campaign_id, file_no) REFERENCES campaign_file,
    FOREIGN KEY (client_id, analysis_id) REFERENCES analysis,
    CHECK (state NOT IN ('running', 'done') OR analysis_id IS NOT NULL)
);
CREATE INDEX campaign_cell_at_work ON campaign_cell (client_id, campaign_id, state)
    WHERE state IN ('waiting', 'running');

CREATE TABLE campaign_event (
    client_id   text NOT NULL,
    campaign_id uuid NOT NULL,
    seq         integer NOT NULL CHECK (seq >= 1),
    event       jsonb NOT NULL,                -- libs.contracts.campaigns.CampaignEvent
    PRIMARY KEY (client_id, campaign_id, seq),
    FOREIGN KEY (client_id, campaign_id) REFERENCES campaign
);

-- Messages about the end of a campaign, written in the transaction that ends it.
CREATE TABLE webhook_delivery (
    client_id    text NOT NULL,
    delivery_id  uuid NOT NULL,                -- the same in every try: a receiver knows it again
    campaign_id  uuid NOT NULL,
    url          text NOT NULL,
    body         text,                         -- made at the first try, then the same in each
    created_at   timestamptz NOT NULL,
    tries        integer NOT NULL DEFAULT 0,   -- counted before the call
    next_at      timestamptz NOT NULL DEFAULT clock_timestamp(),
    delivered_at timestamptz,
    given_up_at  timestamptz,
    error        text,
    PRIMARY KEY (client_id, delivery_id),
    FOREIGN KEY (client_id, campaign_id) REFERENCES campaign
);
CREATE INDEX webhook_waiting ON webhook_delivery (next_at)
    WHERE delivered_at IS NULL AND given_up_at IS NULL;
CREATE INDEX webhook_of_campaign ON webhook_delivery (client_id, campaign_id);

DO $$
DECLARE
    tables text[] := ARRAY['campaign', 'campaign_file', 'campaign_cell', 'campaign_event', 'webhook_delivery'];
    name text;
    run_role text := current_user || '_run';
BEGIN
    FOREACH name IN ARRAY tables LOOP
        EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY', name);
        EXECUTE format('CREATE POLICY of_client ON %I USING (sees(client_id)) WITH CHECK (sees(client_id))', name);
        EXECUTE format('GRANT SELECT, INSERT ON %I TO %I', name, run_role);
    END LOOP;
    EXECUTE format(
        'GRANT UPDATE (state, started_at, finished_at, last_seq, lease, lease_until) ON campaign TO %I', run_role);
    EXECUTE format('GRANT UPDATE (state, analysis_id, earlier, code, reason) ON campaign_cell TO %I', run_role);
    EXECUTE format(
        'GRANT UPDATE (body, tries, next_at, delivered_at, given_up_at, error) ON webhook_delivery TO %I', run_role);
END $$;
