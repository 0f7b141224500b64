-- Requests may carry parameters of the server's own, and lead to grants that something else than the kernel answers for (oauth-server/src/extension.ts).
alter table oauth_request add column extensions json;
alter table oauth_request add column answered_by text;

alter table oauth_grant add column answered_by text;

-- The refresh tokens of such grants are numbered, so that those of clients without keys can be rotated: the grant knows which was used last, and
-- since when another is to be used in its place. One row decides, whatever reaches it at once.
alter table oauth_grant add column refresh_generation integer;
alter table oauth_grant add column refresh_hash bytea;
alter table oauth_grant add constraint oauth_grant_refresh_hash_check check (octet_length(refresh_hash) = 32);
alter table oauth_grant add column refresh_replaced_at timestamptz(6);
alter table oauth_token add column generation integer;
alter table oauth_token add constraint oauth_token_generation_check check (generation is null or (kind = 'rt' and generation > 0));

-- SHA-256 of the client_secret of a registered client that has one.
alter table oauth_client add column secret_hash bytea;
alter table oauth_client add constraint oauth_client_secret_hash_check check (octet_length(secret_hash) = 32);
