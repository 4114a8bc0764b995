-- The price book: revisions of prices, checks of them, proposals, and the end of models.
-- As in the ledger, nothing is ever updated or deleted: what is known later is a further row.

ALTER TABLE price
    -- A wrong price is corrected by the next revision of its day, which restates every tier.
    ADD COLUMN revision integer NOT NULL DEFAULT 1 CHECK (revision >= 1),
    -- `files` is this service's own prices/*.json
    ADD COLUMN added_by text NOT NULL DEFAULT 'files',
    ADD COLUMN note text NOT NULL DEFAULT '',
    -- the proposal that was accepted
    ADD COLUMN proposal_id uuid,
    ADD CONSTRAINT price_id_names_revision CHECK (
        right(price_id, length('/r' || revision)) = '/r' || revision OR revision = 1
    );

DO $$
DECLARE
    old_key text;
BEGIN
    SELECT conname INTO STRICT old_key FROM pg_constraint
     WHERE conrelid = 'price'::regclass AND contype = 'u';
    EXECUTE format('ALTER TABLE price DROP CONSTRAINT %I', old_key);
END
$$;
CREATE UNIQUE INDEX price_version ON price (
    provider, model, service_tier, above_input_tokens, effective_from, revision
);

-- Somebody looked again and found the price as it stands: it is as fresh as its last check.
CREATE TABLE price_check (
    price_id   text NOT NULL,
    checked_on date NOT NULL,
    source_url text NOT NULL,
    checked_by text NOT NULL,
    added_at   timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (price_id, checked_on)
);

-- What an upstream table states and we do not hold. `prices` has every tier:
-- [{"above_input_tokens", "input_usd", "cached_input_usd", "cache_write_usd", "output_usd"}].
-- The fingerprint stands for what is stated, so that nothing is proposed twice.
CREATE TABLE price_proposal (
    proposal_id    uuid PRIMARY KEY,
    fingerprint    bytea NOT NULL UNIQUE,
    provider       text NOT NULL,
    model          text NOT NULL,
    service_tier   text NOT NULL,
    effective_from date NOT NULL,
    prices         jsonb NOT NULL,
    -- what was in force here when it was proposed, in the same form
    held           jsonb NOT NULL,
    source         text NOT NULL,
    source_url     text NOT NULL,
    reason         text NOT NULL,
    proposed_by    text NOT NULL,
    proposed_at    timestamptz NOT NULL DEFAULT now()
);

-- The primary key is what makes one decision win.
CREATE TABLE price_decision (
    proposal_id uuid PRIMARY KEY REFERENCES price_proposal,
    decision    text NOT NULL CHECK (decision IN ('accepted', 'rejected', 'superseded')),
    decided_by  text NOT NULL,
    decided_at  timestamptz NOT NULL DEFAULT now(),
    note        text NOT NULL
);

-- When a model is shut down and what its vendor names in its place; the row added last counts.
CREATE TABLE model_retirement (
    retirement_no bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    provider      text NOT NULL,
    model         text NOT NULL,
    -- null: it is not to be shut down after all
    shutdown_on   date,
    successor     text NOT NULL,
    source_url    text NOT NULL,
    checked_on    date NOT NULL,
    note          text NOT NULL,
    added_by      text NOT NULL,
    added_at      timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX model_retirement_model ON model_retirement (provider, model, retirement_no);

DO $$
DECLARE
    run_role text := current_user || '_run';
    name text;
BEGIN
    FOREACH name IN ARRAY ARRAY['price_check', 'price_proposal', 'price_decision',
                                'model_retirement'] LOOP
        EXECUTE format('CREATE TRIGGER immutable BEFORE UPDATE OR DELETE ON %I '
                       'FOR EACH ROW EXECUTE FUNCTION refuse_change()', name);
        EXECUTE format('GRANT SELECT, INSERT ON %I TO %I', name, run_role);
    END LOOP;
END
$$;
