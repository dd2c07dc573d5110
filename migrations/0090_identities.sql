-- Whom an identity provider (OpenID Connect) vouches for: an account's owner linked it, and signs
-- in with it from then on. The provider's own name of a person never changes hands; what it calls
-- them does, and is kept for showing only.
CREATE TABLE identities (
    id           bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    user_name    text        NOT NULL REFERENCES users (name),
    issuer       text        NOT NULL,
    subject      text        NOT NULL,
    shown        text        NOT NULL,
    linked_at    timestamptz NOT NULL,
    last_used_at timestamptz,
    UNIQUE (issuer, subject),
    UNIQUE (user_name, issuer)
);
