-- An id stands for one event, under whichever client: until now the key told only within one
-- client, and two transactions that did not see each other could add it under two.

DO $$
DECLARE
    held text;
BEGIN
    FOREACH held IN ARRAY ARRAY['ledger_entry', 'usage_event'] LOOP
        BEGIN
            EXECUTE format('CREATE UNIQUE INDEX %I ON %I (event_id)', held || '_id', held);
            EXECUTE format('DROP INDEX %I', held || '_event');
        EXCEPTION WHEN unique_violation THEN
            -- It has happened before: the ledger goes on as it was, and says so.
            RAISE WARNING '% has ids under two clients: %', held, SQLERRM;
        END;
    END LOOP;
END
$$;
