-- What repositories answered when they were asked for a commit.
CREATE TABLE repository_look (
    address text        NOT NULL,
    commit  text        NOT NULL,
    at      timestamptz NOT NULL,
    answer  jsonb       NOT NULL,
    PRIMARY KEY (address, commit)
);
CREATE INDEX repository_look_at ON repository_look (at);
