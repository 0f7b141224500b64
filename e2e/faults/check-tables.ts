import { hashToken } from '@chatelaine/crypto';
import type { Constellation } from '@chatelaine/constellation';
import { checkAgreementTables } from './check-agreements.ts';
import type { HeldConnection, History } from './history.ts';
import { account, hashOfHostToken, type Ledger, ledgerOf } from './ledger.ts';

type Row = Readonly<Record<string, unknown>>;

/**
 * Violations in the tables of all services, read with a role that may read them all. Empty when every invariant holds.
 */
export async function checkTables(deployment: Constellation, history: History): Promise<string[]> {
  const read = (sql: string, values: readonly unknown[] = []): Promise<Row[]> =>
    deployment.database.query<Row>('postgres', sql, values);
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
  await none('I2: two families of tokens from one code', FORKED_FAMILIES);
  await none(
    'I3: a token was handed out after the end of its connection or link was committed',
    COMPLETED_AFTER_ITS_END,
  );
  for (const { name } of deployment.services) {
    await none(`I2: a code with two families at ${name}`, families(name));
    await none(`I4: rows past their time at ${name}`, pastTheirTime(name));
  }
  const ledgers: Ledger[] = [];
  for (const { name, url } of deployment.hosts) {
    const [row] = await read(ledgerOf({ schema: name, issuer: url }));
    ledgers.push(row?.['ledger'] as Ledger);
    await none(
      `I6: tokens of ${name} under a grant that the AM does not know, or bound to somebody else`,
      misbound(name),
      [url],
    );
    await none(`I4: links at ${name} that the AM does not know, or the other way round`, orphanLinks(name), [url]);
    await none(`I3: a grant of ${name} lives although its connection ended`, outlived(name));
    await none(`I3: a grant of ${name} lives, and no connection that does`, unowned(name));
  }
  found.push(...(await checkAgreementTables(deployment, history)));
  const { lost, orphans } = account(ledgers, new Set(tokensHandedOut(history)));
  for (const hash of lost.slice(0, 5)) found.push(`I1: a token was handed out, and is not written down: ${hash}`);
  for (const hash of orphans.slice(0, 5)) found.push(`I5: a token that no intent is for: ${hash}`);
  return found;
}

/** The Hosts' tokens that were handed out to clients. */
function tokensHandedOut({ transfers, refreshes, redemptions }: History): string[] {
  const outcomes = [...transfers, ...refreshes].map(({ outcome }) => outcome);
  return [...outcomes, ...redemptions.flatMap(({ answers }) => answers)].flatMap((outcome) => {
    const hash = outcome.kind === 'ok' ? hashOfHostToken(outcome.json['access_token']) : null;
    return hash === null ? [] : [hash];
  });
}

/** I1: what was acknowledged to a client exists, and what was acknowledged as ended has ended. */
async function checkAcknowledged(
  history: History,
  read: (sql: string, values: readonly unknown[]) => Promise<Row[]>,
  found: string[],
): Promise<void> {
  const rows = await read(
    `select encode(t.hash, 'hex') as hash, g.ended_at is not null as ended, c.id is not null as known
     from am.oauth_token t join am.oauth_grant g using (bucket) left join am.connection c on c.id = g.id
       where g.id = t.grant_id and t.kind in ('ct', 'rt')`,
    [],
  );
  const byHash = new Map(rows.map((row) => [row['hash'], row]));
  const stored = ({ token }: HeldConnection) => byHash.get(hashToken(token).toString('hex'));
  const stopped = new Map(history.stops.map((stop) => [stop.connection.token, stop.outcome]));
  for (const connection of history.connections) {
    const row = stored(connection);
    const stop = stopped.get(connection.token);
    if (row?.['known'] !== true) found.push(`I1: ${connection.name} was connected, and is not there`);
    else if (stop === undefined && row['ended'] === true) found.push(`I1: ${connection.name} ended by itself`);
    else if (stop === 'ok' && row['ended'] !== true) found.push(`I1: ${connection.name} was stopped, and lives`);
  }
  for (const { code, client, answers } of history.redemptions) {
    if (!answers.some(({ kind }) => kind === 'ok') || !answers.some(({ kind }) => kind === 'refused')) continue;
    const alive = await read(
      `select 1 from am.oauth_code c join am.oauth_grant g on g.bucket = c.bucket and g.id = c.grant_id
        where c.hash = $1 and g.ended_at is null`,
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
  where t.kind = 'rt' and coalesce(t.generation, 1) = 1 group by c.grant_id having count(distinct t.hash) > 1
    or count(distinct c.hash) > 1`;

/**
 * Each refresh token that was replaced has one successor, of the next generation, and is stored with the time until
 * which it is accepted and the key from which its successor was derived; only the newest has none. Older ones may be
 * deleted a day after their time, oldest first.
 */
const FORKED_FAMILIES = `
  select g.id, t.generation from am.oauth_grant g join am.oauth_token t on t.bucket = g.bucket and t.grant_id = g.id
  where g.answered_by is not null and t.kind = 'rt' and (t.generation is null
    or num_nulls(t.replaced_at, t.answers_until, t.successor_key) not in (0, 3)
    or t.answers_until < t.replaced_at
    or (t.successor_key is null) <> (t.generation = (
      select max(n.generation) from am.oauth_token n where n.bucket = g.bucket and n.grant_id = g.id and n.kind = 'rt'))
    or (t.successor_key is not null) <> exists (
      select from am.oauth_token n where n.bucket = g.bucket and n.grant_id = g.id and n.kind = 'rt'
        and n.generation = t.generation + 1)
    or exists (
      select from am.oauth_token n
      where n.bucket = g.bucket and n.grant_id = g.id and n.kind = 'rt' and n.generation = t.generation
        and n.hash <> t.hash))`;

const pastTheirTime = (schema: string): string => `
  select 'request' as kind, count(*) from ${schema}.oauth_request where expires_at < now() - interval '5 minutes'
    having count(*) > 0
  union all select 'answer', count(*) from ${schema}.oauth_answer where expires_at < now() - interval '5 minutes'
    having count(*) > 0
  union all select 'replay', count(*) from ${schema}.oauth_replay where expires_at < now() - interval '10 minutes'
    having count(*) > 0
  union all select 'unused code', count(*) from ${schema}.oauth_code
    where used_at is null and expires_at < now() - interval '15 minutes' having count(*) > 0`;

/** I6: the key, Requester and person of a token at the Host are those of its connection at the AM. */
const misbound = (schema: string): string => `
  with minted as (
    select tg.id as grant_id, array_agg(distinct t.jkt) as keys, array_agg(distinct t.act_sub) as requesters, a.username
    from ${schema}.oauth_token t
    join ${schema}.oauth_transfer_grant tg on tg.id = t.transfer_grant_id
    join ${schema}.oauth_grant g on g.bucket = t.bucket and g.id = t.grant_id
    left join ${schema}.account a on a.id = g.subject
    where t.kind = 'at' group by tg.id, a.username
  ), known as (
    select grant_id, connection_id, host_id from am.connection_host
    union select grant_id, connection_id, host_id from am.revocation where grant_id is not null
  )
  select m.grant_id, m.username, a.username as owner
  from minted m left join known k using (grant_id)
  left join am.host h on h.id = k.host_id left join am.oauth_grant g on g.id = k.connection_id
    left join am.account a on a.id = g.subject
  where k.connection_id is null or h.issuer is distinct from $1
    or m.keys <> array[g.jkt] or m.requesters <> array[g.client_id] or m.username is distinct from a.username`;

/** I4: each person has as many live links at the Host as at the AM, not counting grants whose code was not redeemed. */
const orphanLinks = (schema: string): string => `
  with there as (
    select a.username, count(*) as n from ${schema}.oauth_grant g join ${schema}.account a on a.id = g.subject
    where g.ended_at is null and exists (select from ${schema}.oauth_token t
      where t.bucket = g.bucket and t.grant_id = g.id and t.kind = 'rt')
    group by 1
  ), here as (
    select a.username, count(*) as n from am.link l join am.account a on a.id = l.owner_id
      join am.host h on h.id = l.host_id
    where l.state = 'active' and h.issuer = $1 group by 1
  )
  select username, there.n as at_the_host, here.n as at_the_am from there full join here using (username)
    where there.n is distinct from here.n`;

/**
 * I3, by commit times, which this database records. A timeline entry is written in the same transaction as the end that
 * it reports, and never changed.
 */
const COMPLETED_AFTER_ITS_END = `
  select t.id, e.kind, pg_xact_commit_timestamp(t.xmin) - pg_xact_commit_timestamp(e.xmin) as late
  from am.transfer t join am.timeline_entry e on e.owner_id = t.owner_id
    and (e.kind = 'connection_ended' and e.data ->> 'connection' = t.connection_id or e.kind = 'link_ended'
      and e.data ->> 'link' = t.link_id)
  where t.state = 'minted' and pg_xact_commit_timestamp(t.xmin) > pg_xact_commit_timestamp(e.xmin)`;

/** I3: a grant that the AM ended, and whose end the Host confirmed, has ended at the Host. */
const outlived = (schema: string): string => `
  select tg.id from ${schema}.oauth_transfer_grant tg join am.revocation r on r.grant_id = tg.id
    where r.state = 'confirmed' and tg.ended_at is null`;

/** I3: a grant that lives at a Host belongs to a live connection, whatever the AM still knows about how it ended. */
const unowned = (schema: string): string => `
  select tg.id from ${schema}.oauth_transfer_grant tg join ${schema}.oauth_grant link on link.bucket = tg.bucket
    and link.id = tg.grant_id
  where tg.ended_at is null and link.ended_at is null and not exists (
    select from am.connection_host ch join am.oauth_grant g on g.id = ch.connection_id
      where ch.grant_id = tg.id and g.ended_at is null)`;
