import { hashToken } from '@chatelaine/crypto';
import type { Constellation } from '@chatelaine/constellation';
import type { HeldConnection, History } from './history.ts';

type Row = Readonly<Record<string, unknown>>;

/** What is in the tables of all services and must not be, read by somebody who may see them all. Empty when every invariant holds. */
export async function checkTables(house: Constellation, history: History): Promise<string[]> {
  const read = (sql: string, values: readonly unknown[] = []): Promise<Row[]> =>
    house.database.query<Row>('postgres', sql, values);
  const found: string[] = [];
  const none = async (what: string, sql: string, values: readonly unknown[] = []): Promise<void> => {
    for (const row of (await read(sql, values)).slice(0, 5)) found.push(`${what}: ${JSON.stringify(row)}`);
  };
  await checkAcknowledged(history, read, found);
  await none('I5: an intent that nobody closed', `select id, started_at from am.transfer where state = 'intent'`);
  await none(
    'I4: an end that a Host was not told',
    `select id, attempts, last_error from am.revocation where state <> 'confirmed'`,
  );
  await none(
    'I4: a link that nobody settled',
    `select encode(state_hash, 'hex') as state from am.link_attempt where resume_at is not null`,
  );
  for (const { name } of house.services) {
    await none(`I2: a code with two families at ${name}`, families(name));
    await none(`I4: rows past their time at ${name}`, pastTheirTime(name));
  }
  for (const { name, url } of house.hosts) {
    await none(`I5: tokens of ${name} without intents of the AM, or bound to somebody else`, unaccounted(name), [url]);
    await none(`I4: links at ${name} that the AM does not know, or the other way round`, orphanLinks(name), [url]);
    await none(`I3: a grant of ${name} lives although its connection ended`, outlived(name));
  }
  return found;
}

/** I1: what a client was told is there, and what it was told has ended, has. */
async function checkAcknowledged(
  history: History,
  read: (sql: string, values: readonly unknown[]) => Promise<Row[]>,
  found: string[],
): Promise<void> {
  const rows = await read(
    `select encode(t.hash, 'hex') as hash, g.ended_at is not null as ended, c.id is not null as known
     from am.oauth_token t join am.oauth_grant g using (bucket) left join am.connection c on c.id = g.id where g.id = t.grant_id and t.kind = 'ct'`,
    [],
  );
  const byHash = new Map(rows.map((row) => [row['hash'], row]));
  const stored = ({ accessToken }: HeldConnection) => byHash.get(hashToken(accessToken).toString('hex'));
  const stopped = new Map(history.stops.map((stop) => [stop.connection.accessToken, stop.outcome]));
  for (const connection of history.connections) {
    const row = stored(connection);
    const stop = stopped.get(connection.accessToken);
    if (row?.['known'] !== true) found.push(`I1: ${connection.name} was connected, and is not there`);
    else if (stop === undefined && row['ended'] === true) found.push(`I1: ${connection.name} ended by itself`);
    else if (stop === 'ok' && row['ended'] !== true) found.push(`I1: ${connection.name} was stopped, and lives`);
  }
  for (const { code, client, answers } of history.redemptions) {
    if (!answers.some(({ kind }) => kind === 'ok') || !answers.some(({ kind }) => kind === 'refused')) continue;
    const alive = await read(
      `select 1 from am.oauth_code c join am.oauth_grant g on g.bucket = c.bucket and g.id = c.grant_id where c.hash = $1 and g.ended_at is null`,
      [hashToken(code)],
    );
    if (alive.length > 0) found.push(`I2: a code of ${client} was used twice, and what it yielded lives`);
  }
  const ids = history.links.map(({ id }) => id);
  const links = await read('select id from am.link where id = any($1)', [ids]);
  if (links.length !== ids.length) found.push(`I1: ${ids.length - links.length} links were made, and are not there`);
}

const families = (schema: string): string => `
  select c.grant_id from ${schema}.oauth_code c join ${schema}.oauth_token t using (bucket, grant_id)
  where t.kind = 'rt' group by c.grant_id having count(distinct t.hash) > 1 or count(distinct c.hash) > 1`;

const pastTheirTime = (schema: string): string => `
  select 'request' as kind, count(*) from ${schema}.oauth_request where expires_at < now() - interval '5 minutes' having count(*) > 0
  union all select 'replay', count(*) from ${schema}.oauth_replay where expires_at < now() - interval '10 minutes' having count(*) > 0
  union all select 'unused code', count(*) from ${schema}.oauth_code where used_at is null and expires_at < now() - interval '15 minutes' having count(*) > 0`;

/** I5, I6: as many intents at the AM as tokens at the Host, for the same connection; same key, same Requester, same person. */
const unaccounted = (schema: string): string => `
  with minted as (
    select tg.id as grant_id, count(*) as tokens, array_agg(distinct t.jkt) as keys, array_agg(distinct t.act_sub) as requesters,
      array_agg(distinct t.act_iss) as ams, a.username
    from ${schema}.oauth_token t
    join ${schema}.oauth_transfer_grant tg on tg.id = t.transfer_grant_id
    join ${schema}.oauth_grant g on g.bucket = t.bucket and g.id = t.grant_id
    left join ${schema}.account a on a.id = g.subject
    where t.kind = 'at' group by tg.id, a.username
  ), known as (
    select grant_id, connection_id, host_id from am.connection_host
    union select grant_id, connection_id, host_id from am.revocation where grant_id is not null
  ), intents as (
    select connection_id, host_id, count(*) as intents from am.transfer group by connection_id, host_id
  )
  select m.grant_id, m.tokens, i.intents, m.username, a.username as owner
  from minted m left join known k using (grant_id) left join intents i using (connection_id, host_id)
  left join am.host h on h.id = k.host_id left join am.oauth_grant g on g.id = k.connection_id left join am.account a on a.id = g.subject
  where i.intents is null or m.tokens > i.intents or h.issuer is distinct from $1
    or m.keys <> array[g.jkt] or m.requesters <> array[g.client_id] or m.username is distinct from a.username`;

/** I4: for every person as many live links at the Host as at the AM. A grant nobody redeemed a code for is none. */
const orphanLinks = (schema: string): string => `
  with there as (
    select a.username, count(*) as n from ${schema}.oauth_grant g join ${schema}.account a on a.id = g.subject
    where g.ended_at is null and exists (select from ${schema}.oauth_token t where t.bucket = g.bucket and t.grant_id = g.id and t.kind = 'rt')
    group by 1
  ), here as (
    select a.username, count(*) as n from am.link l join am.account a on a.id = l.owner_id join am.host h on h.id = l.host_id
    where l.state = 'active' and h.issuer = $1 group by 1
  )
  select username, there.n as at_the_host, here.n as at_the_am from there full join here using (username) where there.n is distinct from here.n`;

/** I3: what the AM ended, and the Host confirmed, is ended there. */
const outlived = (schema: string): string => `
  select tg.id from ${schema}.oauth_transfer_grant tg join am.revocation r on r.grant_id = tg.id where r.state = 'confirmed' and tg.ended_at is null`;
