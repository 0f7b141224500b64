import { defineQuery } from '@chatelaine/postgres';

export const LOCK = defineQuery({ name: 'signing_key.lock', text: 'select pg_advisory_xact_lock(4823001)' });
export const FIND = defineQuery<{ kid: string; sealed: Buffer; usable: boolean }>({
  name: 'signing_key.find',
  text: `
    select kid, sealed, coalesce(use_from, created_at) <= clock_timestamp() + interval '1 millisecond' as usable
      from signing_key
    where retired_at is null or retired_at > now() order by coalesce(use_from, created_at) desc, kid`,
});
export const INSERT = defineQuery<{ use_from: Date }>({
  name: 'signing_key.insert',
  text: `
    insert into signing_key (kid, alg, sealed, use_from) values ($1, $2, $3, now() + make_interval(secs => $4))
    returning use_from`,
});
export const RETIRE = defineQuery<{ kid: string; retired_at: Date }>({
  name: 'signing_key.retire',
  text: `
    update signing_key set retired_at = now() + make_interval(secs => $2)
    where kid <> $1 and (retired_at is null or retired_at > now() + make_interval(secs => $2))
      returning kid, retired_at`,
});
export const FORGET = defineQuery({
  name: 'signing_key.forget',
  text: `delete from signing_key where retired_at < now()`,
});
