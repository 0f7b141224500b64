import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { deleteSettled } from '../src/retention/settled-store.ts';
import { createWorld, type World } from './support/world.ts';

const DAYS = 30;
const PAST = '31 days';
const RECENT = '29 days';
const KINDS = ['ask', 'connection', 'link', 'host'] as const;
/** Each table before those that it references. */
const EMPTIED = 'ask rule host_half connection_host link_attempt revocation_due revocation connection link host'.split(
  ' ',
);

let world: World;
beforeAll(async () => {
  world = await createWorld();
  // otherwise the AM's job sends revocations that have to stay pending here
  world.host.behaviour.revoke = () => ({ status: 503 });
  await world.pool.query(`insert into owner (id) values ('owner')`);
});
beforeEach(async () => {
  // not truncated: that locks tables in which the AM's own work is under way
  for (const table of EMPTIED) await world.pool.query(`delete from ${table}`);
  await host('kept', '1 minute');
});
afterAll(() => world.close());

const insert = async (text: string, ...values: readonly unknown[]) => void (await world.pool.query(text, [...values]));

/** The id of a Host, padded to 22 characters. */
const named = (name: string) => name.padEnd(22, '-');
/** Inserts a Host whose metadata was last checked an interval `ago`. */
const host = (name: string, ago: string) =>
  insert(
    `insert into host (id, issuer, name, metadata, transfer_scopes, checked_at)
      values ($1, $2, $2, '{}', '{}', now() - $3::interval)`,
    named(name),
    `https://${name}.example`,
    ago,
  );
/** Inserts a link that ended an interval `ago`, or (null) has not ended. */
const link = (id: string, ago: string | null, at = 'kept') =>
  insert(
    `insert into link (id, owner_id, host_id, label, state, ended_at)
     values ($1, 'owner', $2, $1, case when $3::interval is null then 'active' else 'ended' end, now() - $3::interval)`,
    id,
    named(at),
    ago,
  );
/** Inserts a connection that ended an interval `ago`, or (null) has not ended. */
const connection = (id: string, ago: string | null) =>
  insert(
    `insert into connection (id, owner_id, client_id, client_name, ended_at)
      values ($1, 'owner', 'c', 'Reader', now() - $2::interval)`,
    id,
    ago,
  );
const shown = (connectionId: string, { linkId, at = 'kept' }: { linkId: string; at?: string }) =>
  insert(
    `insert into connection_host (connection_id, host_id, link_id, scopes, grant_id)
      values ($1, $2, $3, '{photos.read}', rpad($1, 22, '-'))`,
    connectionId,
    named(at),
    linkId,
  );
/** Inserts a revocation that is yet to be sent to the Host. */
const pending = (linkId: string, connectionId: string | null) =>
  insert(
    `insert into revocation (owner_id, link_id, host_id, connection_id, grant_id) values ('owner', $1, $3, $2, 'g')`,
    linkId,
    connectionId,
    named('kept'),
  );

const work = (): Promise<number> => deleteSettled(world.pool, { now: new Date(), days: DAYS });

/** The ids that are left in each table. */
async function left(): Promise<Record<string, string[]>> {
  const ids = async (table: string) =>
    (await world.pool.query<{ id: string }>(`select rtrim(id, '-') as id from ${table} order by id`)).rows.map(
      ({ id }) => id,
    );
  const tables = await Promise.all(KINDS.map(async (kind) => [kind, await ids(kind)] as const));
  return Object.fromEntries(tables);
}

describe('what is over is deleted after its time, and not before', () => {
  test('questions, connections with their rules, links, and Hosts that nobody has', async () => {
    for (const [id, ago] of Object.entries({ past: PAST, recent: RECENT, live: null })) {
      await connection(id, ago);
      await link(id, ago);
      await insert(
        `insert into rule (id, owner_id, connection_id, effect) values ('of ' || $1::text, 'owner', $1, 'allow')`,
        id,
      );
      await insert(
        `insert into ask (id, owner_id, connection_id, host_id, link_id, scope_key, expires_at)
         values ($1, 'owner', 'c', 'h', 'l', $1, now() - coalesce($2::interval, '-1 hour'))`,
        id,
        ago,
      );
    }
    await host('past', '25 hours');
    await host('recent', '23 hours');
    expect(await work()).toBe(4);
    const both = ['live', 'recent'];
    expect(await left()).toEqual({ ask: both, connection: both, link: both, host: ['kept', 'recent'] });
    const rules = await world.pool.query<{ id: string }>('select id from rule order by id');
    expect(rules.rows.map(({ id }) => id)).toEqual(['of live', 'of recent']);
  });

  test('however many there are: a connection and its link in one go', async () => {
    await insert(
      `insert into connection (id, owner_id, client_id, client_name, ended_at)
       select 'c' || n, 'owner', 'c', 'Reader', now() - $1::interval from generate_series(1, 1200) n`,
      PAST,
    );
    await insert(
      `insert into link (id, owner_id, host_id, label, state, ended_at)
       select 'l' || n, 'owner', $2, 'l', 'ended', now() - $1::interval from generate_series(1, 1200) n`,
      PAST,
      named('kept'),
    );
    await insert(
      `insert into connection_host (connection_id, host_id, link_id, grant_id)
        select 'c' || n, $1, 'l' || n, rpad('c' || n, 22, '-') from generate_series(1, 1200) n`,
      named('kept'),
    );
    expect(await work()).toBe(2400);
  });
});

describe('what is over is kept while something still names it:', () => {
  test('a connection of which a Host has yet to be told, and the link that it is told by', async () => {
    await link('of it', PAST);
    await connection('pending', PAST);
    await shown('pending', { linkId: 'of it' });
    await pending('of it', 'pending');
    expect(await work()).toBe(0);
    await world.pool.query(`update revocation set state = 'confirmed', confirmed_at = now()`);
    expect(await work()).toBe(2);
    expect(await left()).toEqual({ ask: [], connection: [], link: [], host: ['kept'] });
  });

  test('a link whose end its Host has yet to be told of', async () => {
    await link('pending', PAST);
    await pending('pending', null);
    expect(await work()).toBe(0);
    await world.pool.query(`update revocation set state = 'failed'`);
    expect(await work()).toBe(1);
  });

  test('a link that a connection still shows', async () => {
    await link('shown', PAST);
    await connection('live', null);
    await shown('live', { linkId: 'shown' });
    expect(await work()).toBe(0);
    await world.pool.query('delete from connection');
    expect(await work()).toBe(1);
  });

  test('a Host that is linked, is being linked, comes along with a connection, or is shown to one', async () => {
    for (const id of ['linked', 'attempted', 'half', 'shown']) await host(id, '25 hours');
    await link('l', RECENT, 'linked');
    await connection('c', null);
    await shown('c', { linkId: 'l', at: 'shown' });
    await insert(
      `insert into link_attempt (state_hash, owner_id, host_id, session_hash, verifier, expires_at)
        values (sha256(''), 'owner', $1, sha256(''), '', now())`,
      named('attempted'),
    );
    await insert(`insert into host_half (connection_id, host_id, host_grant) values ('c', $1, '')`, named('half'));
    expect(await work()).toBe(0);
    await world.pool.query('truncate link_attempt, host_half, connection_host, rule, link cascade');
    expect(await work()).toBe(4);
    expect(await left()).toMatchObject({ host: ['kept'] });
  });
});
