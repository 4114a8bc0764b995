-- The ledger: prices, one entry for each provider call, and what else the platform reports.
-- Nothing in here is ever updated or deleted: the run role may only insert and read.

CREATE TABLE price (
    price_id           text PRIMARY KEY,
    provider           text NOT NULL,
    model              text NOT NULL,
    service_tier       text NOT NULL,
    above_input_tokens integer NOT NULL CHECK (above_input_tokens >= 0),
    effective_from     timestamptz NOT NULL,
    -- USD for a million tokens; null: billed as input
    input_usd          numeric NOT NULL,
    cached_input_usd   numeric,
    cache_write_usd    numeric,
    output_usd         numeric NOT NULL,
    source_url         text NOT NULL,
    checked_on         date NOT NULL,
    added_at           timestamptz NOT NULL DEFAULT now(),
    UNIQUE (provider, model, service_tier, above_input_tokens, effective_from),
    CHECK (input_usd >= 0 AND input_usd < 1000000 AND scale(input_usd) <= 9),
    CHECK (cached_input_usd >= 0 AND cached_input_usd < 1000000 AND scale(cached_input_usd) <= 9),
    CHECK (cache_write_usd >= 0 AND cache_write_usd < 1000000 AND scale(cache_write_usd) <= 9),
    CHECK (output_usd >= 0 AND output_usd < 1000000 AND scale(output_usd) <= 9)
);

-- One attempt at a provider. The month is in the id (UUIDv7), so the id alone finds the
-- partition, and the key stays unique over all of them. There is no foreign key to price:
-- prices are never deleted, and it would cost a look-up for every call.
CREATE TABLE ledger_entry (
    client_id             text NOT NULL,
    event_id              uuid NOT NULL,
    occurred_at           timestamptz NOT NULL,
    user_id               text NOT NULL,
    user_email            text NOT NULL,
    user_name             text NOT NULL,
    analysis_id           uuid,
    profile_id            text NOT NULL,
    profile_version       integer,
    check_ids             text[] NOT NULL,
    attempt_no            integer NOT NULL,
    fallback_of           uuid,
    provider              text NOT NULL,
    model_requested       text NOT NULL,
    model_served          text,
    service_tier          text NOT NULL,
    outcome               text NOT NULL CHECK (
        outcome IN ('succeeded', 'failed', 'timed_out', 'cancelled', 'unknown', 'cached')
    ),
    usage_source          text NOT NULL CHECK (usage_source IN ('actual', 'estimated', 'unknown')),
    input_tokens          integer NOT NULL CHECK (input_tokens >= 0),
    cached_input_tokens   integer NOT NULL CHECK (cached_input_tokens >= 0),
    cache_write_tokens    integer NOT NULL CHECK (cache_write_tokens >= 0),
    tool_input_tokens     integer NOT NULL CHECK (tool_input_tokens >= 0),
    output_tokens         integer NOT NULL CHECK (output_tokens >= 0),
    reasoning_tokens      integer NOT NULL CHECK (reasoning_tokens >= 0),
    total_tokens          bigint NOT NULL CHECK (total_tokens >= 0),
    latency_ms            integer,
    fill_percentage       numeric,
    tool_calls            jsonb NOT NULL,
    raw_usage             jsonb NOT NULL,
    state                 text NOT NULL CHECK (
        state IN ('posted', 'unpriced', 'unknown', 'suspect')
    ),
    price_id              text,
    -- NaN is greater than every number, so the upper bound refuses it too.
    cost_usd              numeric CHECK (cost_usd >= 0 AND cost_usd < 1000000),
    input_cost_usd        numeric,
    cached_input_cost_usd numeric,
    cache_write_cost_usd  numeric,
    output_cost_usd       numeric,
    cost_ceiling_usd      numeric CHECK (cost_ceiling_usd >= 0 AND cost_ceiling_usd < 1000000),
    content_sha256        bytea NOT NULL,
    recorded_at           timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (client_id, event_id),
    CHECK (cached_input_tokens + cache_write_tokens <= input_tokens),
    CHECK (reasoning_tokens <= output_tokens),
    CHECK (
        input_cost_usd + cached_input_cost_usd + cache_write_cost_usd + output_cost_usd = cost_usd
    ),
    CHECK (cost_usd IS NOT NULL OR state <> 'posted'),
    CHECK (cost_usd IS NULL OR state IN ('posted', 'suspect'))
) PARTITION BY RANGE (event_id);

CREATE TABLE ledger_entry_default PARTITION OF ledger_entry DEFAULT;
CREATE INDEX ledger_entry_event ON ledger_entry (event_id);
CREATE INDEX ledger_entry_oldest_first ON ledger_entry (occurred_at, event_id);
CREATE INDEX ledger_entry_analysis ON ledger_entry (analysis_id) WHERE analysis_id IS NOT NULL;

-- Every other kind of event. One table, because all are read as "who did what, when":
-- only the analysis kinds have columns of their own that reports sum.
CREATE TABLE usage_event (
    client_id        text NOT NULL,
    event_id         uuid NOT NULL,
    kind             text NOT NULL CHECK (kind IN (
        'analysis_started', 'analysis_completed', 'user_login', 'access_change', 'access_request'
    )),
    occurred_at      timestamptz NOT NULL,
    user_id          text NOT NULL,
    user_email       text NOT NULL,
    user_name        text NOT NULL,
    analysis_id      uuid,
    profile_id       text,
    profile_version  integer,
    checks_completed integer CHECK (checks_completed >= 0),
    overall_score    numeric CHECK (overall_score >= 0 AND overall_score <= 100),
    verdict          text,
    duration_ms      integer,
    details          jsonb NOT NULL,
    content_sha256   bytea NOT NULL,
    recorded_at      timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (client_id, event_id),
    CHECK ((kind IN ('analysis_started', 'analysis_completed')) = (analysis_id IS NOT NULL))
) PARTITION BY RANGE (event_id);

CREATE TABLE usage_event_default PARTITION OF usage_event DEFAULT;
CREATE INDEX usage_event_event ON usage_event (event_id);
CREATE INDEX usage_event_completed ON usage_event (occurred_at)
    WHERE kind = 'analysis_completed';

-- The least UUIDv7 of an instant: 48 bits of Unix milliseconds, then zeros.
CREATE FUNCTION least_uuid(instant timestamptz) RETURNS uuid
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
    SELECT rpad(lpad(to_hex((extract(epoch FROM instant) * 1000)::bigint), 12, '0'), 32, '0')::uuid
$$;

-- Makes the partitions of a month, from the first day on which the ledger is asked for it.
-- Runs as the owner, for the run role may not create tables. Entries of that month that are
-- in the default partition already keep the month there: moving them would be an update.
CREATE FUNCTION make_month(first_day date) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER AS $$
DECLARE
    month timestamp := date_trunc('month', first_day::timestamp);
    month_start timestamptz := month AT TIME ZONE 'UTC';
    month_end timestamptz := (month + interval '1 month') AT TIME ZONE 'UTC';
    parent text;
    child text;
    made boolean := false;
BEGIN
    IF month_start < '2020-01-01 00:00+00' OR month_start > now() + interval '32 days' THEN
        RETURN false;
    END IF;
    FOREACH parent IN ARRAY ARRAY['ledger_entry', 'usage_event'] LOOP
        child := parent || to_char(first_day, '_YYYY_MM');
        CONTINUE WHEN to_regclass(quote_ident(child)) IS NOT NULL;
        BEGIN
            EXECUTE format(
                'CREATE TABLE %I PARTITION OF %I FOR VALUES FROM (%L) TO (%L)',
                child, parent, least_uuid(month_start), least_uuid(month_end)
            );
            made := true;
        EXCEPTION
            -- Another session made it, or the default partition holds rows of this month.
            WHEN duplicate_table OR unique_violation OR check_violation THEN
                NULL;
        END;
    END LOOP;
    RETURN made;
END
$$;

CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'rows of % are never changed or deleted', TG_TABLE_NAME
        USING ERRCODE = 'insufficient_privilege', HINT = 'A correction is a further row.';
END
$$;

CREATE TRIGGER immutable BEFORE UPDATE OR DELETE ON ledger_entry
    FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER immutable BEFORE UPDATE OR DELETE ON usage_event
    FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER immutable BEFORE UPDATE OR DELETE ON price
    FOR EACH ROW EXECUTE FUNCTION refuse_change();

ALTER TABLE ledger_entry ENABLE ROW LEVEL SECURITY;
ALTER TABLE ledger_entry FORCE ROW LEVEL SECURITY;
CREATE POLICY visible_clients ON ledger_entry USING (
    current_setting('app.clients', true) = '*'
    OR client_id IN (SELECT jsonb_array_elements_text(
        nullif(nullif(current_setting('app.clients', true), '*'), '')::jsonb))
);
ALTER TABLE usage_event ENABLE ROW LEVEL SECURITY;
ALTER TABLE usage_event FORCE ROW LEVEL SECURITY;
CREATE POLICY visible_clients ON usage_event USING (
    current_setting('app.clients', true) = '*'
    OR client_id IN (SELECT jsonb_array_elements_text(
        nullif(nullif(current_setting('app.clients', true), '*'), '')::jsonb))
);

-- Functions name tables of this schema only, wherever they are called from.
DO $$
DECLARE
    run_role text := current_user || '_run';
BEGIN
    EXECUTE format('ALTER FUNCTION make_month(date) SET search_path = %I, pg_temp', current_schema());
    EXECUTE format('ALTER FUNCTION refuse_change() SET search_path = %I, pg_temp', current_schema());
    REVOKE ALL ON FUNCTION make_month(date) FROM PUBLIC;
    EXECUTE format('GRANT USAGE ON SCHEMA %I TO %I', current_schema(), run_role);
    EXECUTE format('GRANT SELECT, INSERT ON price, ledger_entry, usage_event TO %I', run_role);
    EXECUTE format('GRANT EXECUTE ON FUNCTION make_month(date) TO %I', run_role);
END
$$;
