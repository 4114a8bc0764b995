-- Months of entries that have left the database: what they were is told by the manifest.
CREATE TABLE archived_month (
    month           date PRIMARY KEY CHECK (extract(day FROM month) = 1),
    archived_at     timestamptz NOT NULL DEFAULT now(),
    -- the days on which its entries stand: near its ends an id's month may be another's day
    first_on        date NOT NULL,
    last_on         date NOT NULL,
    entries         bigint NOT NULL,
    cost_usd        numeric NOT NULL,
    manifest        jsonb NOT NULL,
    manifest_sha256 bytea NOT NULL
);

-- Drops a month's entries, if since the archive was written nothing was added to them: every
-- transaction that adds an entry of the month moves the head of a chain of it. Runs as the
-- owner, because the run role may not drop. Waits shortly for readers, because senders wait with
-- it: whoever calls tries again.
CREATE FUNCTION drop_month(wanted date, heads_as_archived jsonb) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER AS $$
DECLARE
    partition text := 'ledger_entry' || to_char(wanted, '_YYYY_MM');
    heads_now jsonb;
BEGIN
    -- Who sees one client only would compare that client's chain only.
    IF current_setting('app.clients', true) IS DISTINCT FROM '*' THEN
        RAISE EXCEPTION 'a month leaves for every client at once'
            USING ERRCODE = 'insufficient_privilege';
    END IF;
    IF (wanted + interval '1 month')::date > (now() AT TIME ZONE 'UTC')::date - 32 THEN
        RAISE EXCEPTION 'month % is too young to leave', wanted
            USING ERRCODE = 'insufficient_privilege';
    END IF;
    IF NOT EXISTS (SELECT FROM archived_month WHERE month = wanted) THEN
        RAISE EXCEPTION 'month % is in no archive', wanted;
    END IF;
    LOCK TABLE ONLY ledger_entry IN ACCESS EXCLUSIVE MODE;
    SELECT coalesce(jsonb_object_agg(client_id, encode(sha256, 'hex')), '{}')
      INTO heads_now FROM ledger_head WHERE month = wanted;
    IF heads_now <> heads_as_archived THEN
        RAISE EXCEPTION 'entries were added to % while it was being archived', wanted
            USING ERRCODE = 'serialization_failure';
    END IF;
    EXECUTE format('DROP TABLE %I', partition);
END
$$;

-- Takes the note of an archive away; false, and it stays, unless the database has again what
-- gives every block of the month's chains.
CREATE FUNCTION forget_archive(wanted date) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER AS $$
DECLARE
    month_start timestamptz := wanted::timestamp AT TIME ZONE 'UTC';
    month_end timestamptz := (wanted::timestamp + interval '1 month') AT TIME ZONE 'UTC';
BEGIN
    IF current_setting('app.clients', true) IS DISTINCT FROM '*' OR EXISTS (
        SELECT FROM (
            SELECT client_id, batch_id,
                   sha256(string_agg(entry_digest(entry), ''::bytea ORDER BY event_id))
                       AS batch_sha256
              FROM ledger_entry AS entry
             WHERE event_id >= least_uuid(month_start) AND event_id < least_uuid(month_end)
             GROUP BY client_id, batch_id
        ) AS held
        FULL JOIN (
            SELECT client_id, batch_id, batch_sha256 FROM ledger_block WHERE month = wanted
        ) AS sealed USING (client_id, batch_id, batch_sha256)
         WHERE held.client_id IS NULL OR sealed.client_id IS NULL
    ) THEN
        RETURN false;
    END IF;
    DELETE FROM archived_month WHERE month = wanted;
    RETURN true;
END
$$;

DO $$
DECLARE
    run_role text := current_user || '_run';
    name text;
BEGIN
    FOREACH name IN ARRAY ARRAY['drop_month(date, jsonb)', 'forget_archive(date)'] LOOP
        EXECUTE format('ALTER FUNCTION %s SET search_path = %I, pg_temp', name, current_schema());
        EXECUTE format('REVOKE ALL ON FUNCTION %s FROM PUBLIC', name);
        EXECUTE format('GRANT EXECUTE ON FUNCTION %s TO %I', name, run_role);
    END LOOP;
    ALTER FUNCTION drop_month(date, jsonb) SET lock_timeout = '300ms';
    EXECUTE format('GRANT SELECT, INSERT ON archived_month TO %I', run_role);
END
$$;
