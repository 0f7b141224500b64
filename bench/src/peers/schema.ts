/** The tables of the servers built on a library. */
export const PEER_SCHEMA = `
  create table client (id text primary key, jwks jsonb not null);
  create table replay (id text primary key, expires_at timestamptz not null);
  create table token (
    access_token text primary key, access_expires timestamptz not null, refresh_token text unique,
      refresh_expires timestamptz, client_id text not null,
    user_id text not null, scope text[] not null
  );
  create table code (
    code text primary key, expires timestamptz not null, redirect_uri text, scope text[] not null,
      client_id text not null, user_id text not null,
    challenge text, method text
  );
`;
