-- Clients that refresh several times at once may show a refresh token when its successor was used already: what was used before the last one is
-- known, too, and since when another was to be used in its place.
alter table oauth_grant add column refresh_before_hash bytea;
alter table oauth_grant add constraint oauth_grant_refresh_before_hash_check check (octet_length(refresh_before_hash) = 32);
alter table oauth_grant add column refresh_before_replaced_at timestamptz(6);
