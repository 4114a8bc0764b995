-- squawk-ignore-file adding-not-nullable-field, adding-field-with-default, ban-drop-column, ban-drop-function
-- (the service that uses this table waits for the migration; no other program reads it)
-- Search looks into the text itself. A search vector cost each save more than all the rest of
-- its INSERT, and served nothing: row-level security leaves no index to it.
ALTER TABLE profile_version DROP COLUMN words;
DROP FUNCTION words_in;
DROP FUNCTION words_sought;
DROP FUNCTION plain_words;

-- What a version says, beside its `texts`, in small letters. Of a longer profile the first
-- 100,000 characters are found. To ask first is four times as fast as to normalise.
CREATE FUNCTION said_in(slug text, name text, description text, checks json)
RETURNS text LANGUAGE plpgsql IMMUTABLE AS $$
DECLARE
    said text := lower(left(concat_ws(' ', slug, name, description,
        (SELECT string_agg(
                    concat_ws(' ', one.key, one.value ->> 'measure', one.value ->> 'title',
                              one.value ->> 'prompt'), ' ')
           FROM json_each(checks) AS one)), 100000));
BEGIN
    RETURN CASE WHEN said IS NFC NORMALIZED THEN said ELSE normalize(said) END;
END $$;

ALTER TABLE profile_version
    ADD COLUMN said text NOT NULL
        GENERATED ALWAYS AS (said_in(slug, name, description, checks)) STORED;
