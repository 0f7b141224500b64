-- The kernel's tables. docs/storage.md says what each row is and how long it lives. All tables are logged: a replay guard or a code
-- that a crash forgets could be used again. Secrets are SHA-256 only (PROTOCOL §8). What belongs to an owner is keyed by (bucket, …),
-- the bucket being part of every token, so that these tables can be distributed by it.

-- Clients that registered themselves (RFC 7591). Clients with a document of their own are not in here.
create table oauth_client (
  id text not null,
  metadata json not null, -- json, not jsonb: kept as it came, \u0000 and lone surrogates included
  registration_token_hash bytea not null,
  created_at timestamptz(6) not null default now(),
  used_at timestamptz(6), -- when an owner last agreed to something
  constraint oauth_client_pkey primary key (id),
  constraint oauth_client_hash_check check (octet_length(registration_token_hash) = 32)
);
create index oauth_client_unused_idx on oauth_client (created_at) where used_at is null;

-- Public documents read from other servers: client documents, key sets.
create table oauth_document (
  url text not null,
  body json not null,
  fetched_at timestamptz(6) not null default now(),
  fresh_until timestamptz(6) not null,
  constraint oauth_document_pkey primary key (url)
);
create index oauth_document_fetched_at_idx on oauth_document (fetched_at);

-- Authorization requests between arrival and the owner's decision.
create table oauth_request (
  hash bytea not null,
  client_id text not null,
  redirect_uri text not null,
  scope text[] not null,
  transfer_scope text[],
  state text,
  code_challenge text not null,
  jkt text,
  prompt text,
  browser_hash bytea, -- the browser that opened it
  created_at timestamptz(6) not null default now(),
  expires_at timestamptz(6) not null,
  constraint oauth_request_pkey primary key (hash),
  constraint oauth_request_hash_check check (octet_length(hash) = 32),
  constraint oauth_request_browser_hash_check check (octet_length(browser_hash) = 32)
);
create index oauth_request_expires_at_idx on oauth_request (expires_at);
create index oauth_request_client_id_idx on oauth_request (client_id);

-- Relationships: what an owner granted a client. Alive while not ended and not past expires_at; everything under it lives through it.
-- Every one is ended, by an update of ended_at, before its row goes: a service may hang a trigger on that.
create table oauth_grant (
  bucket integer not null,
  id text not null,
  client_id text not null,
  subject text not null,
  scope text[] not null,
  transfer_scope text[],
  jkt text, -- the relationship's key, for life
  created_at timestamptz(6) not null default now(),
  expires_at timestamptz(6),
  ended_at timestamptz(6),
  ended_by text,
  constraint oauth_grant_pkey primary key (bucket, id),
  constraint oauth_grant_bucket_check check (bucket between 0 and 65535),
  constraint oauth_grant_ended_check check ((ended_at is null) = (ended_by is null)),
  constraint oauth_grant_ended_by_check check (ended_by in ('owner', 'client', 'server'))
);
-- not unique: uniqueness can only be promised together with the bucket
create index oauth_grant_id_idx on oauth_grant (id);
create index oauth_grant_subject_idx on oauth_grant (bucket, subject);
create index oauth_grant_client_id_idx on oauth_grant (client_id) where ended_at is null;
create index oauth_grant_ended_at_idx on oauth_grant (ended_at) where ended_at is not null;
create index oauth_grant_expires_at_idx on oauth_grant (expires_at) where ended_at is null and expires_at is not null;

create table oauth_code (
  bucket integer not null,
  hash bytea not null,
  grant_id text not null,
  client_id text not null,
  redirect_uri text not null,
  code_challenge text,
  jkt text,
  created_at timestamptz(6) not null default now(),
  expires_at timestamptz(6) not null,
  used_at timestamptz(6),
  spoiled_at timestamptz(6),
  constraint oauth_code_pkey primary key (bucket, hash),
  constraint oauth_code_grant_fkey foreign key (bucket, grant_id) references oauth_grant (bucket, id) on delete cascade,
  constraint oauth_code_hash_check check (octet_length(hash) = 32),
  constraint oauth_code_once_check check (used_at is null or spoiled_at is null)
);
create index oauth_code_grant_idx on oauth_code (bucket, grant_id);
create index oauth_code_expires_at_idx on oauth_code (expires_at);

-- Tokens of every kind. audience, act, scope and transfer_grant_id are those of Host access tokens (at); the others have their grant's scope.
create table oauth_token (
  bucket integer not null,
  hash bytea not null,
  kind text not null,
  grant_id text not null,
  jkt text,
  scope text[],
  audience text,
  act_iss text,
  act_sub text,
  transfer_grant_id text,
  created_at timestamptz(6) not null default now(),
  expires_at timestamptz(6) not null,
  constraint oauth_token_pkey primary key (bucket, hash),
  constraint oauth_token_grant_fkey foreign key (bucket, grant_id) references oauth_grant (bucket, id) on delete cascade,
  constraint oauth_token_hash_check check (octet_length(hash) = 32),
  constraint oauth_token_kind_check check (kind in ('ct', 'lt', 'rt', 'at')),
  constraint oauth_token_at_check check (num_nonnulls(scope, audience, act_iss, act_sub, transfer_grant_id) = case kind when 'at' then 5 else 0 end)
);
create index oauth_token_grant_idx on oauth_token (bucket, grant_id);
create index oauth_token_expires_at_idx on oauth_token (expires_at);

-- One per (link, connection), named by the AM (PROTOCOL §3.3). Without a link's grant it is a tombstone: ended before its first mint arrived.
create table oauth_transfer_grant (
  client_id text not null,
  id text not null,
  bucket integer,
  grant_id text,
  act_iss text,
  act_sub text,
  actor_name text,
  actor_uri text,
  created_at timestamptz(6) not null default now(),
  last_minted_at timestamptz(6),
  ended_at timestamptz(6),
  constraint oauth_transfer_grant_pkey primary key (client_id, id),
  constraint oauth_transfer_grant_bucket_check check (bucket between 0 and 65535),
  constraint oauth_transfer_grant_tombstone_check check (
    num_nonnulls(bucket, grant_id, act_iss, act_sub, last_minted_at) = 5
    or (num_nonnulls(bucket, grant_id, act_iss, act_sub, actor_name, actor_uri, last_minted_at) = 0 and ended_at is not null)
  )
) with (fillfactor = 80); -- room for last_minted_at to change in place
create index oauth_transfer_grant_grant_idx on oauth_transfer_grant (bucket, grant_id);
create index oauth_transfer_grant_tombstone_idx on oauth_transfer_grant (ended_at) where grant_id is null;

-- What may be used once: SHA-256 of kind, key and jti.
create table oauth_replay (
  id bytea not null,
  expires_at timestamptz(6) not null,
  constraint oauth_replay_pkey primary key (id),
  constraint oauth_replay_id_check check (octet_length(id) = 32)
);
create index oauth_replay_expires_at_idx on oauth_replay (expires_at);

-- Counters of rate-limiter-flexible, in its own words; expire is epoch milliseconds.
create table oauth_rate_limit (
  key text not null,
  points integer not null default 0,
  expire bigint,
  constraint oauth_rate_limit_pkey primary key (key)
);
create index oauth_rate_limit_expire_idx on oauth_rate_limit (expire);

-- Ends a relationship and everything under it; false if it was not alive. For a service that ends one within a transaction of its own.
create function oauth_end_grant(grant_id text, ended_by text) returns boolean language sql volatile as $$
  with ended as (
    update oauth_grant set ended_at = now(), ended_by = $2
    where id = $1 and ended_at is null and (expires_at is null or expires_at > now())
    returning 1
  )
  select exists (select from ended)
$$;
