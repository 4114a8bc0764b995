-- Sign-ins that are under way at the identity provider; each row is used once.

CREATE TABLE login (
    state_sha256  bytea PRIMARY KEY CHECK (octet_length(state_sha256) = 32),
    nonce         text NOT NULL,
    code_verifier text NOT NULL,
    next_path     text NOT NULL,
    expires_at    timestamptz NOT NULL
);
CREATE INDEX login_by_end ON login (expires_at);

DO $$
BEGIN
    EXECUTE format('GRANT SELECT, INSERT, DELETE ON login TO %I', current_user || '_run');
END $$;
