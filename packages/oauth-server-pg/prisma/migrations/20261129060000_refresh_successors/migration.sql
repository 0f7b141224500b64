-- A refresh token that was replaced: since when, until when it still answers, and by which key its one successor was derived.
alter table oauth_token add column replaced_at timestamptz(6), add column answers_until timestamptz(6), add column successor_key integer;

-- What was replaced by the former rule answers for the minute that it had then, and no longer.
update oauth_token o set replaced_at = r.at, answers_until = r.at + interval '60 seconds'
from (
  select t.bucket, t.hash, case
    when t.hash = g.refresh_hash then g.refresh_replaced_at
    when t.hash = g.refresh_before_hash then coalesce(g.refresh_before_replaced_at, t.created_at)
    when t.generation <= g.refresh_generation then t.created_at
  end as at
  from oauth_token t join oauth_grant g on g.bucket = t.bucket and g.id = t.grant_id
  where t.kind = 'rt' and t.generation is not null
) r
where o.bucket = r.bucket and o.hash = r.hash and r.at is not null;
