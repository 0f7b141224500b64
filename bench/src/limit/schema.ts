/** What the limit program's AM reads and writes: each answer that ours computes from several tables is one row here. */
export const LIMIT_AM_SCHEMA = `
  create table client (id text primary key, metadata jsonb not null);
  create table snapshot (bucket int, hash bytea, data jsonb not null, primary key (bucket, hash));
  create table link (id text primary key, encrypted bytea not null, data jsonb not null);
  create table replay (id bytea primary key, expires_at timestamptz not null);
  create table transfer (
    bucket int, id text, owner_id text not null, connection_id text not null, link_id text not null,
      client_id text not null,
    resource text not null, scopes text not null, jkt text, started_at timestamptz not null default now(),
      closed_at timestamptz,
    state text not null default 'intent', primary key (bucket, id)
  );
  create index on transfer (owner_id, started_at);
`;

export const LIMIT_HOST_SCHEMA = `
  create table token (
    bucket int, hash bytea, grant_id text not null, jkt text, scope text, audience text, transfer_grant_id text,
    created_at timestamptz not null default now(), expires_at timestamptz not null, primary key (bucket, hash)
  );
  create index on token (expires_at);
  create table transfer_grant (
    client_id text, id text, bucket int, grant_id text not null, act_sub text not null,
      last_minted_at timestamptz not null,
    primary key (client_id, id)
  );
  create table replay (id bytea primary key, expires_at timestamptz not null);
`;
