-- DPoP proofs of calls to an API that were spent. Unlogged, so that a read of an API costs no durable commit: a crash or a failover empties it, and the row that
-- says when this memory began with it. What it may have forgotten is then not taken (ADR 0023).
create unlogged table oauth_proof (
  id bytea not null,
  expires_at timestamptz(6) not null,
  began_at timestamptz(6),
  memory_of oid,
  constraint oauth_proof_pkey primary key (id),
  constraint oauth_proof_id_check check (octet_length(id) = 32),
  constraint oauth_proof_memory_check check ((began_at is null) = (memory_of is null))
);
create index oauth_proof_expires_at_idx on oauth_proof (expires_at);
-- nothing was spent before there was a table to remember it in but what oauth_replay has, which is asked as well
insert into oauth_proof (id, expires_at, began_at, memory_of) values (decode(repeat('00', 32), 'hex'), 'infinity', '-infinity', 'oauth_proof'::regclass);
