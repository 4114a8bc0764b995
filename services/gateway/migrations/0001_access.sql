-- Who may sign in, for which brand clients, and who is signed in.

CREATE FUNCTION sees(client_id text) RETURNS boolean LANGUAGE sql STABLE PARALLEL SAFE
RETURN coalesce(
    current_setting('app.clients', true) = '*'
    OR nullif(nullif(current_setting('app.clients', true), '*'), '')::jsonb ? client_id,
    false
);

-- A person is issuer and subject, never an e-mail address: addresses change hands.
CREATE TABLE person (
    user_id    text PRIMARY KEY,
    issuer     text NOT NULL,
    subject    text NOT NULL,
    name       text NOT NULL,
    email      text NOT NULL,
    admin      boolean NOT NULL DEFAULT false,
    created_at timestamptz NOT NULL DEFAULT now(),
    UNIQUE (issuer, subject)
);

CREATE TABLE client_role (
    client_id text NOT NULL,
    user_id   text NOT NULL REFERENCES person,
    role      text NOT NULL CHECK (role IN ('viewer', 'reviewer', 'editor', 'client_admin')),
    PRIMARY KEY (client_id, user_id)
);
CREATE INDEX client_role_of_user ON client_role (user_id);

-- Only the hash of the cookie is kept: this table signs nobody in.
CREATE TABLE session (
    token_sha256 bytea PRIMARY KEY CHECK (octet_length(token_sha256) = 32),
    user_id      text NOT NULL REFERENCES person,
    login        text NOT NULL CHECK (login IN ('dev', 'oidc')),
    created_at   timestamptz NOT NULL,
    seen_at      timestamptz NOT NULL,
    expires_at   timestamptz NOT NULL,
    revoked_at   timestamptz
);
CREATE INDEX session_of_user ON session (user_id);

ALTER TABLE client_role ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY of_client ON client_role USING (sees(client_id)) WITH CHECK (sees(client_id));

DO $$
DECLARE
    run_role text := current_user || '_run';
BEGIN
    EXECUTE format('GRANT SELECT, INSERT, UPDATE ON person TO %I', run_role);
    EXECUTE format('GRANT SELECT, INSERT, UPDATE, DELETE ON client_role TO %I', run_role);
    EXECUTE format('GRANT SELECT, INSERT, UPDATE, DELETE ON session TO %I', run_role);
END $$;
