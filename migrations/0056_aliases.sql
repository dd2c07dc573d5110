-- Short links: a name that leads to a page of the console.
CREATE TABLE alias (
    name         text        PRIMARY KEY,
    target       text        NOT NULL,
    owner        text        NOT NULL,
    note         text        NOT NULL,
    reviewed     date        NOT NULL,
    changed_at   timestamptz NOT NULL,
    changed_by   text        NOT NULL,
    -- When it was last followed, to the minute.
    last_used_at timestamptz,
    revision     bigint      NOT NULL CHECK (revision > 0)
);

-- Rises with every change of a short link, so that servers know when to read them anew.
CREATE TABLE alias_head (
    only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row),
    revision bigint  NOT NULL
);
INSERT INTO alias_head (revision) VALUES (0);
