-- Words of the audit log, for searching the whole of it, and refusals and failures, which are few.

-- Runs of letters and digits in lower case, each behind a w: whatever one looks like (a number,
-- a hash such as 12e45f), the parser of text search takes it for one word.
DO $$
DECLARE
    -- What parts words. Where the locale knows no letters beyond ASCII, all else is taken for one.
    parts text := CASE WHEN 'ж' ~ '^[[:alnum:]]$' THEN '[^[:alnum:]]+'
                       ELSE '[\x01-/:-@\[-`{-\x7f]+' END;
BEGIN
    EXECUTE format(
        'CREATE FUNCTION audit_plain(said text) RETURNS text
         LANGUAGE sql IMMUTABLE PARALLEL SAFE
         RETURN regexp_replace(''/'' || lower(said), %L, '' w'', ''g'')', parts);
END $$;

-- The words of an entry's text: from who did it on, so that moments, which nobody looks for as
-- words and of which each is another, stay out; and no more of it than always fits into the index,
-- so that no entry is ever refused for its length.
CREATE FUNCTION audit_words(body text) RETURNS tsvector
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN to_tsvector('pg_catalog.simple'::regconfig, audit_plain(
        replace(replace(replace(
            left(substr(body, strpos(body, '"actor"')), 65536),
            '\n', ' '), '\r', ' '), '\t', ' ')));

-- Finds what has all of these: each as it is written, its parts one behind the other, the last one
-- as a beginning. NULL: nothing of it is a word.
CREATE FUNCTION audit_query(written text[]) RETURNS tsquery
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
BEGIN ATOMIC
    SELECT string_agg('(' || phrase || ':*)', ' & ')::tsquery
    FROM (SELECT nullif(phraseto_tsquery('pg_catalog.simple'::regconfig,
                     regexp_replace(audit_plain(word), '( w)+$', ''))::text, '') AS phrase
          FROM unnest(written) AS word) AS phrases
    WHERE phrase IS NOT NULL;
END;

-- Of placed entries only: writing an entry never waits for it, the sequencer keeps it.
CREATE INDEX audit_entry_words ON audit_entry USING gin (audit_words(body)) WHERE seq IS NOT NULL;
CREATE INDEX audit_entry_outcome ON audit_entry (outcome, id) WHERE outcome <> 'done';
