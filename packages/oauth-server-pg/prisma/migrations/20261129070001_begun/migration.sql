-- When the request that a grant comes of arrived: a service that ends all that had begun before a moment refuses, by a trigger, to let it be made.
alter table oauth_grant add column begun_at timestamptz(6);

-- Codes that nobody has redeemed: few at any time, of one owner still fewer.
create index oauth_code_unused_idx on oauth_code (bucket) where used_at is null;
