-- Second factors of users, and what a browser's session began and has not ended yet.

-- One authenticator app for each user. The secret is sealed with the installation's key, which is
-- not in the database; `last_step` is the newest step of 30 seconds of which a code was taken, so
-- that none is taken twice.
CREATE TABLE totp (
    user_name    text PRIMARY KEY REFERENCES users (name),
    sealed       bytea       NOT NULL,
    last_step    bigint      NOT NULL,
    enrolled_at  timestamptz NOT NULL,
    last_used_at timestamptz
);

-- Codes for when a device is lost; each counts once.
CREATE TABLE recovery_codes (
    user_name text        NOT NULL REFERENCES users (name),
    hash      bytea       NOT NULL CHECK (octet_length(hash) = 32),
    made_at   timestamptz NOT NULL,
    used_at   timestamptz,
    PRIMARY KEY (user_name, hash)
);

-- Public keys of passkeys, as the library that checks them writes them.
CREATE TABLE passkeys (
    id            bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    user_name     text        NOT NULL REFERENCES users (name),
    credential_id bytea       NOT NULL UNIQUE,
    name          text        NOT NULL,
    credential    jsonb       NOT NULL,
    enrolled_at   timestamptz NOT NULL,
    last_used_at  timestamptz
);
CREATE UNIQUE INDEX passkeys_name ON passkeys (user_name, name);

-- Challenges, secrets to be confirmed, halves of sign-ins: they end with their session, and whoever
-- uses one removes it, so that none counts twice.
CREATE TABLE ceremonies (
    session  bytea       NOT NULL REFERENCES sessions (id_hash) ON DELETE CASCADE,
    kind     text        NOT NULL,
    state    jsonb       NOT NULL,
    begun_at timestamptz NOT NULL,
    PRIMARY KEY (session, kind)
);
