-- How a request was answered, for the browser that sends its answer twice: where it is sent, sealed by a key that only that browser has.
create table oauth_answer (
  hash bytea not null, -- of the request
  client_id text not null,
  browser_hash bytea not null,
  redirect_uri text not null,
  press bytea not null, -- hash of who answered, and what
  sealed bytea not null,
  code_bucket integer,
  code_hash bytea, -- null: a refusal
  answered_at timestamptz(6) not null default now(),
  expires_at timestamptz(6) not null,
  constraint oauth_answer_pkey primary key (hash),
  constraint oauth_answer_hash_check check (octet_length(hash) = 32),
  constraint oauth_answer_browser_hash_check check (octet_length(browser_hash) = 32),
  constraint oauth_answer_press_check check (octet_length(press) = 32),
  constraint oauth_answer_code_hash_check check (octet_length(code_hash) = 32),
  constraint oauth_answer_code_check check ((code_bucket is null) = (code_hash is null))
);
create index oauth_answer_expires_at_idx on oauth_answer (expires_at);
