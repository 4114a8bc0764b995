-- squawk-ignore-file adding-field-with-default, adding-not-nullable-field
-- (the service that uses this table waits for the migration; no other program reads it)
-- What a version says and uses, ready to be searched. The database derives it, so no writer can
-- forget it. There is no index: the operators of text search and arrays are not leakproof, so
-- under row-level security a scan of the visible rows goes before them whatever index there is.

-- Parameters' texts, by which a check names a reference asset; capitals do not count.
CREATE FUNCTION texts_in(checks json) RETURNS text[] LANGUAGE sql IMMUTABLE
RETURN ARRAY(
    SELECT DISTINCT lower(normalize(leaf #>> '{}'))
      FROM json_each(checks) AS one,
           jsonb_path_query((one.value -> 'parameters')::jsonb,
                            'strict $.** ? (@.type() == "string")') AS leaf);

CREATE FUNCTION models_in(checks json) RETURNS text[] LANGUAGE sql IMMUTABLE
RETURN ARRAY(
    SELECT DISTINCT model
      FROM json_each(checks) AS one, json_array_elements_text(one.value -> 'models') AS model);

-- Their ids, and what exact ones measure under another id.
CREATE FUNCTION checks_in(checks json) RETURNS text[] LANGUAGE sql IMMUTABLE
RETURN ARRAY(
    SELECT one.key FROM json_each(checks) AS one
    UNION
    SELECT one.value ->> 'measure' FROM json_each(checks) AS one
     WHERE one.value ->> 'measure' IS NOT NULL);

-- Without the signs by which the parser takes words for an address, a file or a number, and so
-- hides them. (A regular expression would cost ten times as much, on every save.)
CREATE FUNCTION plain_words(said text) RETURNS text LANGUAGE sql IMMUTABLE
RETURN translate(
    lower(CASE WHEN octet_length(said) = char_length(said) THEN said ELSE normalize(said) END),
    '/.@<&-_+%~:?=#\', '               ');

-- A vector holds a megabyte: of a longer profile the first 100,000 characters are found.
CREATE FUNCTION words_in(slug text, name text, description text, checks json)
RETURNS tsvector LANGUAGE sql IMMUTABLE
RETURN to_tsvector('simple', plain_words(left(
    concat_ws(' ', slug, name, description,
        (SELECT string_agg(
                    concat_ws(' ', one.key, one.value ->> 'measure', one.value ->> 'title',
                              one.value ->> 'prompt'), ' ')
           FROM json_each(checks) AS one),
        array_to_string(texts_in(checks), ' ')), 100000)));

-- Every word of `sought` as the beginning of a word; null when it has no letter and no digit.
CREATE FUNCTION words_sought(sought text) RETURNS tsquery LANGUAGE sql IMMUTABLE
RETURN (SELECT to_tsquery('simple', string_agg(quote_literal(word) || ':*', ' & '))
          FROM regexp_split_to_table(plain_words(sought), '\s+') AS word
         WHERE word <> '');

ALTER TABLE profile_version
    ADD COLUMN check_names text[] NOT NULL GENERATED ALWAYS AS (checks_in(checks)) STORED,
    ADD COLUMN model_names text[] NOT NULL GENERATED ALWAYS AS (models_in(checks)) STORED,
    ADD COLUMN texts text[] NOT NULL GENERATED ALWAYS AS (texts_in(checks)) STORED,
    ADD COLUMN words tsvector NOT NULL
        GENERATED ALWAYS AS (words_in(slug, name, description, checks)) STORED;
