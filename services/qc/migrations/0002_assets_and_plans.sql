-- squawk-ignore-file ban-drop-constraint, ban-drop-column, ban-drop-table, adding-not-nullable-field
-- (the service that uses these tables waits for the migration; no other program reads them)
-- Reference assets get names and versions, media plans come, and an analysis keeps what it was
-- given: a later upload changes nothing about it.
SET LOCAL app.clients = '*';

-- One content that an asset had. Written once.
CREATE TABLE reference_asset_version (
    client_id  text NOT NULL,
    asset_id   uuid NOT NULL,
    version    integer NOT NULL CHECK (version >= 1),
    sha256     text NOT NULL,
    file_name  text NOT NULL,
    bytes      bigint,                         -- null, like the next three: uploaded before they were kept
    format     text,
    width_px   integer,
    height_px  integer,
    created_at timestamptz NOT NULL,
    created_by text NOT NULL,
    PRIMARY KEY (client_id, asset_id, version),
    UNIQUE (client_id, asset_id, sha256)
);

-- Rows of before are uploads; those of one name become versions of one asset, whose id is the
-- newest upload's. Until now only the newest of a kind counted: the others are archived.
CREATE TABLE upload AS
SELECT client_id, asset_id, kind, name AS file_name, sha256, created_at, created_by, stem AS name,
       first_value(asset_id) OVER named AS head,
       row_number() OVER named = 1 AS newest,
       row_number() OVER (PARTITION BY client_id, kind ORDER BY created_at DESC, asset_id DESC) = 1 AS counts
  FROM (SELECT *, coalesce(nullif(regexp_replace(name, '\.[A-Za-z0-9]{1,5}$', ''), ''), name) AS stem
          FROM reference_asset) AS asset
WINDOW named AS (PARTITION BY client_id, kind, stem ORDER BY created_at DESC, asset_id DESC);

INSERT INTO reference_asset_version (client_id, asset_id, version, sha256, file_name, created_at, created_by)
SELECT client_id, head, row_number() OVER (PARTITION BY client_id, head ORDER BY created_at, asset_id),
       sha256, file_name, created_at, created_by
  FROM (SELECT DISTINCT ON (client_id, head, sha256) *
          FROM upload ORDER BY client_id, head, sha256, created_at, asset_id) AS content;

ALTER TABLE reference_asset
    DROP CONSTRAINT reference_asset_kind_check,
    ADD COLUMN current_version integer,
    ADD COLUMN tags text[] NOT NULL DEFAULT '{}',
    ADD COLUMN changed_at timestamptz,         -- when the content that counts was uploaded
    ADD COLUMN archived_at timestamptz,
    ADD COLUMN archived_by text;

DELETE FROM reference_asset
 USING upload
 WHERE upload.client_id = reference_asset.client_id AND upload.asset_id = reference_asset.asset_id
   AND NOT upload.newest;
UPDATE reference_asset
   SET name = upload.name,
       changed_at = upload.created_at,
       current_version = version.version,
       archived_at = CASE WHEN upload.counts THEN NULL ELSE now() END,
       archived_by = CASE WHEN upload.counts THEN NULL ELSE 'aiqc' END
  FROM upload
  JOIN reference_asset_version AS version
    ON version.client_id = upload.client_id AND version.asset_id = upload.head
   AND version.sha256 = upload.sha256
 WHERE upload.client_id = reference_asset.client_id AND upload.asset_id = reference_asset.asset_id;

DROP TABLE upload;

ALTER TABLE reference_asset
    ALTER COLUMN current_version SET NOT NULL,
    ALTER COLUMN changed_at SET NOT NULL,
    DROP COLUMN sha256,
    ADD CONSTRAINT reference_asset_kind_check
        CHECK (kind IN ('logo', 'reference', 'brand_asset', 'product')),
    ADD CONSTRAINT reference_asset_archived CHECK ((archived_at IS NULL) = (archived_by IS NULL)),
    ADD CONSTRAINT reference_asset_current FOREIGN KEY (client_id, asset_id, current_version)
        REFERENCES reference_asset_version DEFERRABLE INITIALLY DEFERRED;

CREATE UNIQUE INDEX reference_asset_name ON reference_asset (client_id, kind, name);

-- One version of a media plan, as it was read. Only archiving it changes the row.
CREATE TABLE media_plan (
    client_id   text NOT NULL,
    plan_id     uuid NOT NULL,
    name        text NOT NULL,
    version     integer NOT NULL CHECK (version >= 1),
    sha256      text NOT NULL,
    file_name   text NOT NULL,
    bytes       bigint NOT NULL,
    placements  jsonb NOT NULL,                -- libs.contracts.brand.Placement, in the order of the file
    left_out    jsonb NOT NULL,                -- libs.contracts.assets.PlanRow
    notes       jsonb NOT NULL,
    created_at  timestamptz NOT NULL,
    created_by  text NOT NULL,
    archived_at timestamptz,
    archived_by text,
    PRIMARY KEY (client_id, plan_id),
    UNIQUE (client_id, name, version),
    CHECK ((archived_at IS NULL) = (archived_by IS NULL))
);

-- Which plan was active, and from when: the highest revision says which is. No pointer to move.
CREATE TABLE plan_activation (
    client_id    text NOT NULL,
    revision     integer NOT NULL CHECK (revision >= 1),
    plan_id      uuid,                         -- null: from then on none
    activated_at timestamptz NOT NULL,
    activated_by text NOT NULL,
    PRIMARY KEY (client_id, revision),
    FOREIGN KEY (client_id, plan_id) REFERENCES media_plan
);

-- What an analysis is held against beside its profile. Null: accepted before it was kept.
ALTER TABLE analysis ADD COLUMN brief jsonb;

CREATE TABLE analysis_asset (
    client_id   text NOT NULL,
    analysis_id uuid NOT NULL,
    asset_id    uuid NOT NULL,
    version     integer NOT NULL,
    PRIMARY KEY (client_id, analysis_id, asset_id),
    FOREIGN KEY (client_id, analysis_id) REFERENCES analysis,
    FOREIGN KEY (client_id, asset_id, version) REFERENCES reference_asset_version
);
CREATE INDEX analysis_asset_used ON analysis_asset (client_id, asset_id, analysis_id);

DO $$
DECLARE
    tables text[] := ARRAY['reference_asset_version', 'media_plan', 'plan_activation', 'analysis_asset'];
    name text;
    run_role text := current_user || '_run';
BEGIN
    FOREACH name IN ARRAY tables LOOP
        EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY', name);
        EXECUTE format('CREATE POLICY of_client ON %I USING (sees(client_id)) WITH CHECK (sees(client_id))', name);
        EXECUTE format('GRANT SELECT, INSERT ON %I TO %I', name, run_role);
    END LOOP;
    EXECUTE format(
        'GRANT UPDATE (current_version, tags, changed_at, archived_at, archived_by) ON reference_asset TO %I',
        run_role);
    EXECUTE format('GRANT UPDATE (archived_at, archived_by) ON media_plan TO %I', run_role);
END $$;
