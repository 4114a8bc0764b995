-- squawk-ignore-file ban-drop-column, ban-drop-constraint, adding-not-nullable-field, adding-field-with-default
-- (the service that uses these tables waits for the migration; no other program reads them)
-- People apart from the ledger, corrections as further rows, a chain over every row, and
-- roll-ups that are recomputed from the rows of a (client, day).
SET LOCAL app.clients = '*';

-- Who caused usage. The ledger's rows name a person by an id without meaning, so that a person
-- can be forgotten without a change to any row that is summed, chained or archived.
CREATE TABLE person (
    client_id  text NOT NULL,
    person_id  uuid NOT NULL,
    -- what reports call this person: the user id, else the address, else `unknown`
    user_key   text NOT NULL,
    user_id    text NOT NULL,
    user_email text NOT NULL,
    user_name  text NOT NULL,
    seen_at    timestamptz NOT NULL,
    erased_at  timestamptz,
    PRIMARY KEY (client_id, person_id),
    UNIQUE (client_id, user_key)
);
CREATE INDEX person_email ON person (lower(user_email));

INSERT INTO person (client_id, person_id, user_key, user_id, user_email, user_name, seen_at)
SELECT DISTINCT ON (client_id, user_key)
       client_id, gen_random_uuid(), user_key, user_id,
       coalesce(first_value(user_email) OVER (
           PARTITION BY client_id, user_key ORDER BY user_email = '', occurred_at DESC), ''),
       coalesce(first_value(user_name) OVER (
           PARTITION BY client_id, user_key ORDER BY user_name = '', occurred_at DESC), ''),
       occurred_at
  FROM (SELECT client_id, user_id, user_email, user_name, occurred_at,
               CASE WHEN user_id <> 'unknown' THEN user_id
                    WHEN user_email <> '' THEN user_email
                    ELSE 'unknown' END AS user_key
          FROM (SELECT client_id, user_id, user_email, user_name, occurred_at FROM ledger_entry
                UNION ALL
                SELECT client_id, user_id, user_email, user_name, occurred_at FROM usage_event
          ) AS row) AS seen
 ORDER BY client_id, user_key, occurred_at DESC;

ALTER TABLE ledger_entry DISABLE TRIGGER immutable;
ALTER TABLE usage_event DISABLE TRIGGER immutable;

ALTER TABLE ledger_entry
    ADD COLUMN person_id uuid,
    ADD COLUMN day date NOT NULL GENERATED ALWAYS AS ((occurred_at AT TIME ZONE 'UTC')::date) STORED,
    -- a call that was made, a correction of one, or what another tracker had written down
    ADD COLUMN origin text NOT NULL DEFAULT 'call'
        CHECK (origin IN ('call', 'adjustment', 'import')),
    -- an imported row may stand for many calls, a correction for none
    ADD COLUMN calls integer NOT NULL DEFAULT 1 CHECK (calls >= 0),
    ADD COLUMN adjusts uuid,
    -- the first price that an unpriced entry was given
    ADD COLUMN settles boolean NOT NULL DEFAULT false,
    ADD COLUMN rerate_id uuid,
    ADD COLUMN service_tier_requested text,
    ADD COLUMN modality_tokens jsonb NOT NULL DEFAULT '{}',
    -- the transaction that brought the row; its block in the chain has the same id
    ADD COLUMN batch_id uuid NOT NULL DEFAULT '00000000-0000-0000-0000-000000000000';
ALTER TABLE usage_event
    ADD COLUMN person_id uuid,
    ADD COLUMN day date NOT NULL GENERATED ALWAYS AS ((occurred_at AT TIME ZONE 'UTC')::date) STORED;

UPDATE ledger_entry SET person_id = person.person_id FROM person
 WHERE person.client_id = ledger_entry.client_id AND person.user_key = CASE
       WHEN ledger_entry.user_id <> 'unknown' THEN ledger_entry.user_id
       WHEN ledger_entry.user_email <> '' THEN ledger_entry.user_email
       ELSE 'unknown' END;
UPDATE usage_event SET person_id = person.person_id FROM person
 WHERE person.client_id = usage_event.client_id AND person.user_key = CASE
       WHEN usage_event.user_id <> 'unknown' THEN usage_event.user_id
       WHEN usage_event.user_email <> '' THEN usage_event.user_email
       ELSE 'unknown' END;

ALTER TABLE ledger_entry
    ALTER COLUMN person_id SET NOT NULL,
    DROP COLUMN user_id, DROP COLUMN user_email, DROP COLUMN user_name,
    DROP CONSTRAINT ledger_entry_cost_usd_check,
    -- A correction may take away, and what an old tracker rounded may exceed its parts.
    ADD CONSTRAINT ledger_entry_cost_usd_check CHECK (
        cost_usd > -1000000 AND cost_usd < 1000000 AND (cost_usd >= 0 OR origin <> 'call')
    ),
    ADD CONSTRAINT ledger_entry_adjustment_check CHECK (
        (origin = 'adjustment') = (adjusts IS NOT NULL)
        AND (adjusts IS NULL OR (calls = 0 AND cost_usd IS NOT NULL AND rerate_id IS NOT NULL))
    );
ALTER TABLE usage_event
    ALTER COLUMN person_id SET NOT NULL,
    DROP COLUMN user_id, DROP COLUMN user_email, DROP COLUMN user_name,
    DROP CONSTRAINT usage_event_kind_check,
    ADD CONSTRAINT usage_event_kind_check CHECK (kind IN (
        'analysis_started', 'analysis_completed', 'user_login', 'access_change', 'access_request',
        'check_execution'
    ));

ALTER TABLE ledger_entry ENABLE TRIGGER immutable;
ALTER TABLE usage_event ENABLE TRIGGER immutable;

CREATE INDEX ledger_entry_day ON ledger_entry (client_id, day);
CREATE INDEX ledger_entry_adjusts ON ledger_entry (client_id, adjusts) WHERE adjusts IS NOT NULL;
CREATE INDEX usage_event_day ON usage_event (client_id, day);
CREATE INDEX usage_event_analysis ON usage_event (client_id, analysis_id)
    WHERE kind = 'analysis_completed';

-- Why corrections were posted, and by whom.
CREATE TABLE rerate (
    rerate_id uuid PRIMARY KEY,
    posted_at timestamptz NOT NULL DEFAULT now(),
    posted_by text NOT NULL,
    reason    text NOT NULL CHECK (reason <> ''),
    first_on  date NOT NULL,
    last_on   date
);

-- The month of an entry's partition, by the time in its id; ids that tell none are kept together
-- under 1970. A partition takes every id of its range, UUIDv7 or not: so does its month.
CREATE FUNCTION month_of(event_id uuid) RETURNS date
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
    SELECT CASE
        WHEN substr(event_id::text, 15, 1) = '7' AND event_id < 'e677d21f-dc00-7000-0000-000000000000'
             OR event_id >= '016f5e66-e800-0000-0000-000000000000'  -- the year 2020
                AND event_id < '03bb2cc3-d800-0000-0000-000000000000'  -- 2100
        THEN date_trunc('month', to_timestamp(
            ('x0000' || left(event_id::text, 8) || substr(event_id::text, 10, 4))::bit(64)::bigint
            / 1000.0) AT TIME ZONE 'UTC')::date
        ELSE DATE '1970-01-01'
    END
$$;

-- Everything of an entry that a report, a bill or a correction rests on. content_sha256 stands
-- for what the sender sent. Text forms that depend on no setting of the session.
CREATE FUNCTION entry_digest(entry ledger_entry) RETURNS bytea
LANGUAGE sql STABLE PARALLEL SAFE AS $$
    SELECT sha256(convert_to(ROW(
        entry.client_id, entry.event_id, (extract(epoch FROM entry.occurred_at) * 1000000)::bigint,
        entry.person_id, entry.analysis_id, entry.profile_id, entry.profile_version,
        entry.check_ids, entry.attempt_no, entry.fallback_of, entry.provider,
        entry.model_requested, entry.model_served, entry.service_tier, entry.outcome,
        entry.usage_source, entry.input_tokens, entry.cached_input_tokens,
        entry.cache_write_tokens, entry.tool_input_tokens, entry.output_tokens,
        entry.reasoning_tokens, entry.total_tokens, entry.state, entry.price_id, entry.cost_usd,
        entry.input_cost_usd, entry.cached_input_cost_usd, entry.cache_write_cost_usd,
        entry.output_cost_usd, entry.cost_ceiling_usd, entry.fill_percentage, entry.tool_calls,
        entry.origin, entry.calls, entry.adjusts,
        entry.settles, entry.rerate_id, encode(entry.content_sha256, 'hex'), entry.batch_id
    )::text, 'UTF8'))
$$;

-- The chain of each client and month: a block for each transaction that added entries.
-- sha256 = SHA-256 of the block before's sha256 and batch_sha256; the first has nothing before.
-- batch_sha256 = SHA-256 of the digests of its entries, in the order of their ids.
CREATE TABLE ledger_block (
    client_id    text NOT NULL,
    month        date NOT NULL,
    block_no     bigint NOT NULL,
    batch_id     uuid NOT NULL,
    entries      integer NOT NULL,
    batch_sha256 bytea NOT NULL,
    sha256       bytea NOT NULL,
    sealed_at    timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (client_id, month, block_no)
);
-- The last block of each chain: what the next one is linked to.
CREATE TABLE ledger_head (
    client_id text NOT NULL,
    month     date NOT NULL,
    block_no  bigint NOT NULL,
    sha256    bytea NOT NULL,
    PRIMARY KEY (client_id, month)
);

INSERT INTO ledger_block (client_id, month, block_no, batch_id, entries, batch_sha256, sha256)
SELECT client_id, month, 1, '00000000-0000-0000-0000-000000000000', entries, digest, sha256(digest)
  FROM (SELECT client_id, month_of(event_id) AS month, count(*) AS entries,
               sha256(string_agg(entry_digest(entry), ''::bytea ORDER BY event_id)) AS digest
          FROM ledger_entry AS entry GROUP BY 1, 2) AS batch;
INSERT INTO ledger_head (client_id, month, block_no, sha256)
SELECT client_id, month, block_no, sha256 FROM ledger_block;

-- Days whose roll-ups are behind their entries. Rows are only ever added by a transaction that
-- adds entries, and taken away by one that has recomputed the day: whoever takes a mark away has
-- seen everything that it stands for, so no lock is needed between the two.
CREATE TABLE dirty_day (
    client_id text NOT NULL,
    day       date NOT NULL,
    batch_id  uuid NOT NULL,
    PRIMARY KEY (client_id, day, batch_id)
);
INSERT INTO dirty_day (client_id, day, batch_id)
SELECT client_id, day, '00000000-0000-0000-0000-000000000000'
  FROM (SELECT client_id, day FROM ledger_entry UNION SELECT client_id, day FROM usage_event) AS old;

-- Roll-ups: what reports read. Each row is a function of the entries of its client and day.
CREATE TABLE model_day (
    client_id text NOT NULL,
    day       date NOT NULL,
    provider  text NOT NULL,
    model     text NOT NULL,
    calls                    bigint NOT NULL,
    prompt_tokens            bigint NOT NULL,
    cached_input_tokens      bigint NOT NULL,
    cache_write_tokens       bigint NOT NULL,
    completion_tokens        bigint NOT NULL,
    reasoning_tokens         bigint NOT NULL,
    total_tokens             bigint NOT NULL,
    cost_usd                 numeric NOT NULL,
    adjustments              bigint NOT NULL,
    adjustments_usd          numeric NOT NULL,
    fallback_calls           bigint NOT NULL,
    fallback_usd             numeric NOT NULL,
    unpriced_calls           bigint NOT NULL,
    unknown_calls            bigint NOT NULL,
    suspect_calls            bigint NOT NULL,
    estimated_calls          bigint NOT NULL,
    unknown_cost_ceiling_usd numeric NOT NULL,
    PRIMARY KEY (client_id, day, provider, model)
);
CREATE TABLE check_day (
    client_id  text NOT NULL,
    day        date NOT NULL,
    profile_id text NOT NULL,
    check_id   text NOT NULL,
    model      text NOT NULL,
    calls             bigint NOT NULL,
    prompt_tokens     bigint NOT NULL,
    completion_tokens bigint NOT NULL,
    total_tokens      bigint NOT NULL,
    cost_usd          numeric NOT NULL,
    filled_calls      bigint NOT NULL,
    fill_sum          numeric NOT NULL,
    PRIMARY KEY (client_id, day, profile_id, check_id, model)
);
CREATE TABLE person_day (
    client_id text NOT NULL,
    day       date NOT NULL,
    person_id uuid NOT NULL,
    calls             bigint NOT NULL,
    prompt_tokens     bigint NOT NULL,
    completion_tokens bigint NOT NULL,
    total_tokens      bigint NOT NULL,
    cost_usd          numeric NOT NULL,
    PRIMARY KEY (client_id, day, person_id)
);
CREATE TABLE tool_day (
    client_id text NOT NULL,
    day       date NOT NULL,
    tool      text NOT NULL,
    calls     bigint NOT NULL,
    PRIMARY KEY (client_id, day, tool)
);
CREATE TABLE analysis_day (
    client_id  text NOT NULL,
    day        date NOT NULL,
    profile_id text NOT NULL,
    person_id  uuid NOT NULL,
    analyses    bigint NOT NULL,
    checks      bigint NOT NULL,
    score_sum   numeric NOT NULL,
    scored      bigint NOT NULL,
    passed      bigint NOT NULL,
    failed      bigint NOT NULL,
    incomplete  bigint NOT NULL,
    duration_ms bigint NOT NULL,
    timed       bigint NOT NULL,
    PRIMARY KEY (client_id, day, profile_id, person_id)
);

CREATE TRIGGER immutable BEFORE UPDATE OR DELETE ON ledger_block
    FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER immutable BEFORE UPDATE OR DELETE ON rerate
    FOR EACH ROW EXECUTE FUNCTION refuse_change();

-- Who is meant by an id or an address, by what reports call them. Whom an address names without an
-- id goes with the person whose address it is; another id with the same address stays.
CREATE FUNCTION people_meant(wanted text) RETURNS SETOF text LANGUAGE sql STABLE AS $$
    WITH meant AS (
        SELECT user_key, lower(user_email) AS email FROM person
         WHERE erased_at IS NULL AND user_key <> 'unknown'
           AND (user_id = wanted AND wanted <> 'unknown' OR lower(user_email) = lower(wanted))
    )
    SELECT user_key FROM meant
    UNION
    SELECT user_key FROM person
     WHERE erased_at IS NULL AND user_id = 'unknown' AND user_email <> ''
       AND lower(user_email) IN (SELECT email FROM meant)
$$;

-- Whether JSON has a word in a text or name of it, and not only as a part of another word.
CREATE FUNCTION mentions(said jsonb, word text) RETURNS boolean LANGUAGE sql STABLE AS $$
    SELECT EXISTS (
        SELECT FROM jsonb_path_query(said, '$.**') AS part
         WHERE part #>> '{}' ~* ('(?<![a-z0-9])'
               || regexp_replace(word, '[^[:alnum:]]', '\\\&', 'g') || '(?![a-z0-9])'))
$$;

-- Forgets a person everywhere: the names go, the rows stay and are summed as before. What access
-- events say of the person goes with them. Runs as the owner, whom the trigger lets pass.
CREATE FUNCTION erase_person(wanted text) RETURNS text[]
LANGUAGE plpgsql SECURITY DEFINER AS $$
DECLARE
    words text[];
    known text;
    pseudonym text;
    pseudonyms text[] := '{}';
BEGIN
    SELECT array_agg(DISTINCT word) INTO words
      FROM person, unnest(ARRAY[user_id, user_email, user_name]) AS word
     WHERE user_key IN (SELECT people_meant(wanted)) AND word NOT IN ('', 'unknown');
    PERFORM set_config('app.erasing', 'on', true);
    UPDATE usage_event SET details = '{"erased": true}'
     WHERE details <> '{}'
       AND EXISTS (SELECT FROM unnest(words) AS word WHERE mentions(details, word));
    PERFORM set_config('app.erasing', '', true);
    -- Whoever adds rows looks people up before: none may be between the two.
    LOCK TABLE person IN SHARE ROW EXCLUSIVE MODE;
    FOR known IN SELECT people_meant(wanted) LOOP
        pseudonym := 'erased-' || left(replace(gen_random_uuid()::text, '-', ''), 12);
        UPDATE person
           SET user_key = pseudonym, user_id = pseudonym, user_email = '', user_name = '',
               erased_at = now()
         WHERE user_key = known;
        pseudonyms := pseudonyms || pseudonym;
    END LOOP;
    UPDATE person SET user_name = '' WHERE user_key = 'unknown' AND user_name = ANY(words);
    RETURN pseudonyms;
END
$$;

CREATE OR REPLACE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'UPDATE' AND TG_TABLE_NAME LIKE 'usage\_event%'
       AND current_setting('app.erasing', true) = 'on' THEN
        RETURN NEW;
    END IF;
    RAISE EXCEPTION 'rows of % are never changed or deleted', TG_TABLE_NAME
        USING ERRCODE = 'insufficient_privilege', HINT = 'A correction is a further row.';
END
$$;

DO $$
DECLARE
    run_role text := current_user || '_run';
    name text;
BEGIN
    FOREACH name IN ARRAY ARRAY['person', 'ledger_block', 'ledger_head', 'dirty_day', 'model_day',
                                'check_day', 'person_day', 'tool_day', 'analysis_day'] LOOP
        EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', name);
        EXECUTE format('ALTER TABLE %I FORCE ROW LEVEL SECURITY', name);
        EXECUTE format($policy$
            CREATE POLICY visible_clients ON %I USING (
                current_setting('app.clients', true) = '*'
                OR client_id IN (SELECT jsonb_array_elements_text(
                    nullif(nullif(current_setting('app.clients', true), '*'), '')::jsonb)))
            $policy$, name);
        EXECUTE format('GRANT SELECT, INSERT ON %I TO %I', name, run_role);
    END LOOP;
    FOREACH name IN ARRAY ARRAY['dirty_day', 'model_day', 'check_day', 'person_day', 'tool_day',
                                'analysis_day'] LOOP
        EXECUTE format('GRANT DELETE ON %I TO %I', name, run_role);
    END LOOP;
    EXECUTE format('GRANT UPDATE (user_id, user_email, user_name, seen_at) ON person TO %I', run_role);
    EXECUTE format('GRANT UPDATE (block_no, sha256) ON ledger_head TO %I', run_role);
    EXECUTE format('GRANT SELECT, INSERT ON rerate TO %I', run_role);
    FOREACH name IN ARRAY ARRAY['erase_person(text)', 'people_meant(text)', 'mentions(jsonb, text)',
                                'refuse_change()', 'month_of(uuid)',
                                'entry_digest(ledger_entry)'] LOOP
        EXECUTE format('ALTER FUNCTION %s SET search_path = %I, pg_temp', name, current_schema());
    END LOOP;
    REVOKE ALL ON FUNCTION erase_person(text) FROM PUBLIC;
    EXECUTE format('GRANT EXECUTE ON FUNCTION erase_person(text) TO %I', run_role);
END
$$;
