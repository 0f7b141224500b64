import { defineQuery, type Pool, runOne } from '@chatelaine/postgres';

const BATCH = 500;
const BATCHES = 20;

const expired = (table: 'ask' | 'rule') =>
  defineQuery<{ n: number }>({
    name: `retention_of_${table}`,
    text: `with old as (
        select id from ${table} where expires_at < $1::timestamptz - make_interval(days => $2) limit ${BATCH}
          for update skip locked
      ), gone as (delete from ${table} where id in (select id from old) returning 1)
      select count(*)::int as n from gone`,
  });

// what is kept longest may refer to these rows, so `days` is longer than that
const STEPS = [
  expired('ask'),
  expired('rule'),
  defineQuery<{ n: number }>({
    name: 'retention_connections',
    text: `with old as (
        select id from connection c where c.ended_at < $1::timestamptz - make_interval(days => $2)
          and not exists (select from revocation r where r.connection_id = c.id and r.state = 'pending')
        limit ${BATCH} for update skip locked
      ), gone as (delete from connection where id in (select id from old) returning 1)
      select count(*)::int as n from gone`,
  }),
  defineQuery<{ n: number }>({
    name: 'retention_links',
    text: `with old as (
        select id from link l where l.ended_at < $1::timestamptz - make_interval(days => $2)
          and not exists (select from connection_host ch where ch.link_id = l.id)
          and not exists (select from revocation r where r.owner_id = l.owner_id and r.link_id = l.id
            and r.state = 'pending')
        limit ${BATCH} for update skip locked
      ), gone as (delete from link where id in (select id from old) returning 1)
      select count(*)::int as n from gone`,
  }),
];

// owners' names for apps of which no connection is kept
const NAMES = defineQuery<{ n: number }>({
  name: 'retention_app_names',
  text: `with old as (
      select owner_id, client_id from app_name n
      where not exists (select from connection c where c.owner_id = n.owner_id and c.client_id = n.client_id)
      limit ${BATCH} for update skip locked
    ), gone as (
      delete from app_name n using old where n.owner_id = old.owner_id and n.client_id = old.client_id returning 1
    )
    select count(*)::int as n from gone`,
});

const LIMITS = defineQuery<{ n: number }>({
  name: 'retention_limits',
  text: `with old as (
      select id from rule_limit n where not exists (select from rule r where r.limit_id = n.id) limit ${BATCH}
        for update skip locked
    ), gone as (delete from rule_limit where id in (select id from old) returning 1)
    select count(*)::int as n from gone`,
});

// Hosts that were discovered and never linked; one that is being added now was discovered within the last day
const HOSTS = defineQuery<{ n: number }>({
  name: 'retention_hosts',
  text: `with old as (
      select id from host h where h.checked_at < $1::timestamptz - interval '1 day'
        and not exists (select from link l where l.host_id = h.id) and not exists (select from link_attempt a
          where a.host_id = h.id)
        and not exists (select from host_half hh where hh.host_id = h.id) and not exists (select from connection_host ch
          where ch.host_id = h.id)
      limit ${BATCH} for update skip locked
    ), gone as (delete from host where id in (select id from old) returning 1)
    select count(*)::int as n from gone`,
});

/**
 * Deletes questions, rules, connections and links that ended more than `days` days ago, what belongs only to them, and
 * Hosts that nobody has linked. Returns how many rows.
 */
export async function deleteSettled(pool: Pool, { now, days }: { now: Date; days: number }): Promise<number> {
  let total = 0;
  const steps = [
    ...STEPS.map((one) => ({ one, values: [now, days] })),
    { one: NAMES, values: [] },
    { one: LIMITS, values: [] },
    { one: HOSTS, values: [now] },
  ];
  for (const step of steps)
    for (let batch = 0; batch < BATCHES; batch++) {
      const deleted = (await runOne(pool, step.one, step.values))?.n ?? 0;
      total += deleted;
      if (deleted < BATCH) break;
    }
  return total;
}
