-- The accounts at services that owners have connected. The owner is an account of the chassis.
create table service_account (
  id text not null,
  owner text not null,
  service text not null,
  origin text not null,
  account text not null,
  label text not null,
  granted text[],
  shares text[],
  credential bytea not null,
  expires_at timestamptz(6),
  state text not null default 'active',
  renewal text,
  renewal_until timestamptz(6),
  paused_until timestamptz(6),
  connected_at timestamptz(6) not null default current_timestamp,
  constraint service_account_pkey primary key (id),
  constraint service_account_state_check check (state in ('active', 'broken'))
);
create unique index service_account_owner_service_key on service_account (owner, service);

-- What is being connected, until its callback.
create table connect_attempt (
  hash bytea not null,
  owner text not null,
  session bytea not null,
  service text not null,
  sealed bytea not null,
  expires_at timestamptz(6) not null,
  constraint connect_attempt_pkey primary key (hash)
);
create index connect_attempt_expires_at_idx on connect_attempt (expires_at);
