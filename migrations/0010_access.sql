-- Who may do what: users, their sessions and API tokens, and the agents that may connect.
-- Secrets are stored as hashes only: passwords as argon2id PHC strings, random secrets as SHA-256.

CREATE TABLE users (
    name            text PRIMARY KEY,
    display_name    text NOT NULL,
    password_hash   text NOT NULL,
    grants          jsonb NOT NULL,
    preferences     jsonb NOT NULL DEFAULT '{}',
    created_at      timestamptz NOT NULL,
    disabled_at     timestamptz,
    last_sign_in_at timestamptz,
    revision        bigint NOT NULL DEFAULT 1 CHECK (revision > 0)
);

-- A session ends 12 hours after it began (expires_at) or 30 minutes after its last use.
CREATE TABLE sessions (
    id_hash      bytea PRIMARY KEY CHECK (octet_length(id_hash) = 32),
    data         jsonb NOT NULL,
    user_name    text REFERENCES users (name),
    created_at   timestamptz NOT NULL,
    last_used_at timestamptz NOT NULL,
    expires_at   timestamptz NOT NULL
);
CREATE INDEX sessions_user ON sessions (user_name);
CREATE INDEX sessions_expiry ON sessions (expires_at);

CREATE TABLE api_tokens (
    id           bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    hash         bytea NOT NULL UNIQUE CHECK (octet_length(hash) = 32),
    owner        text NOT NULL REFERENCES users (name),
    name         text NOT NULL,
    grants       jsonb NOT NULL,
    created_at   timestamptz NOT NULL,
    expires_at   timestamptz NOT NULL CHECK (expires_at <= created_at + interval '90 days'),
    last_used_at timestamptz,
    revoked_at   timestamptz
);
-- The audit log names a token by owner and name.
CREATE UNIQUE INDEX api_tokens_name ON api_tokens (owner, name) WHERE revoked_at IS NULL;

CREATE TABLE join_tokens (
    id         bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    hash       bytea NOT NULL UNIQUE CHECK (octet_length(hash) = 32),
    datacenter text NOT NULL,
    created_by text NOT NULL,
    created_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL,
    used_at    timestamptz
);

CREATE TABLE agent_certificates (
    fingerprint text PRIMARY KEY CHECK (fingerprint ~ '^[0-9a-f]{64}$'),
    datacenter  text NOT NULL,
    issued_at   timestamptz NOT NULL,
    expires_at  timestamptz NOT NULL,
    revoked_at  timestamptz
);
CREATE INDEX agent_certificates_datacenter ON agent_certificates (datacenter);
