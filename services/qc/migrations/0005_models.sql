-- What operators know of models beyond models.json, and how each model fares. Neither belongs to
-- a client: every client asks the same models with the same key.

-- Insert-only: the latest revision of a model counts, and who changed what stays known.
CREATE TABLE model_change (
    provider   text NOT NULL,
    model      text NOT NULL,
    revision   integer NOT NULL CHECK (revision >= 1),
    facts      jsonb,                          -- all of libs.contracts.models.ModelInfo; null: as shipped
    note       text NOT NULL,
    changed_by text NOT NULL,
    changed_at timestamptz NOT NULL,
    PRIMARY KEY (provider, model, revision)
);

-- One row for each model that was ever asked.
CREATE TABLE model_health (
    provider          text NOT NULL,
    model             text NOT NULL,
    failures          integer NOT NULL DEFAULT 0 CHECK (failures >= 0), -- since it last worked
    pauses            integer NOT NULL DEFAULT 0 CHECK (pauses >= 0),   -- each longer than the one before
    not_working_since timestamptz,
    try_again_at      timestamptz,
    trial_until       timestamptz,             -- somebody is trying it
    kind              text NOT NULL DEFAULT '', -- services.qc.domain.routing.FailureKind, of the last failure
    message           text NOT NULL DEFAULT '',
    worked_at         timestamptz,
    failed_at         timestamptz,
    PRIMARY KEY (provider, model),
    CHECK ((not_working_since IS NULL) = (try_again_at IS NULL))
);

-- A question that only asks whether a model works. It is nobody's analysis, and is billed like one.
CREATE TABLE probe (
    probe_id   uuid PRIMARY KEY,               -- also the id of its usage event
    intent     jsonb NOT NULL,                 -- the usage event as it stands when nobody hears the answer
    state      text NOT NULL DEFAULT 'open' CHECK (state IN ('open', 'settled', 'unknown')),
    opened_at  timestamptz NOT NULL,
    settled_at timestamptz,
    CHECK ((state = 'open') = (settled_at IS NULL))
);
CREATE INDEX probe_open ON probe (opened_at) WHERE state = 'open';

DO $$
DECLARE
    run text := current_user || '_run';
BEGIN
    EXECUTE format('GRANT SELECT, INSERT ON model_change, model_health, probe TO %I', run);
    EXECUTE format('GRANT UPDATE ON model_health TO %I', run);
    EXECUTE format('GRANT UPDATE (state, settled_at) ON probe TO %I', run);
END $$;
