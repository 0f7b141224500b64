import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { openPool } from '@chatelaine/postgres';
import { openVault, replaceSigningKey } from '@chatelaine/service-kit';
import { eventually, freePort } from '@chatelaine/test-kit';
import type { Config } from '../src/config.ts';
import { openResources, VAULT_LABEL } from '../src/resources.ts';
import { placeOfSigningKey, SEALED_PLACES } from '../src/sealed-places.ts';
import { type Am, House, type Story } from './support/house.ts';
import { chatelaine as command, restoredElsewhere, traffic as keepAsking } from './support/operator.ts';
import { exchange } from './support/requester.ts';
import { StockClient } from './support/stock-client.ts';
import { gate } from './support/scripted-host.ts';

let house: House;
let story: Story;
let metrics: string;

beforeAll(async () => {
  house = await House.build({ config: { keysReadEverySeconds: 1 } });
  story = await house.story({ 'photos.read': 'allow', 'photos.write': 'allow' });
});
afterAll(() => house.close());

const chatelaine = (line: string, config?: Partial<Config>) => command(house, line, config);

const ask = (of: Story, am: Am | undefined = house.ams[0], scope = 'photos.read') =>
  of.requester.transfer({
    connection: of.connection,
    resource: house.host.resource,
    scope,
    ...(am === undefined ? {} : { port: am.port }),
  });

const get = (am: Am, path: string) => exchange(am.port, { method: 'GET', path });

describe('an AM without a way out (CLIENT_DOCUMENTS=none)', () => {
  test('lists no client documents, reads none, and says so; who registers is served', async () => {
    const am = await house.another({ config: { clientDocuments: 'none' } });
    const { json } = await get(am, '/.well-known/oauth-authorization-server');
    expect(json).toMatchObject({
      client_id_metadata_document_supported: false,
      chatelaine_requester_statements_supported: false,
    });
    expect(json).not.toHaveProperty('chatelaine_host_grant_supported');
    const client_id = 'https://app.example/client.json';
    const page = await get(am, `/authorize?${new URLSearchParams({ client_id, response_type: 'code' })}`);
    expect([page.status, page.text.includes('register the client instead')]).toEqual([400, true]);
    expect((await ask(story, am)).json['error']).toBe('invalid_client');
    const registered = await StockClient.register({ issuer: house.issuer, ports: [am.port] });
    const asked = await registered.ask(story.owner.browser.at(am.port), house.host.resource);
    expect((await story.owner.browser.at(am.port).get(asked.path)).status).toBe(200);
  });
});

describe('metrics', () => {
  let watched: Am;
  beforeAll(async () => {
    const port = await freePort();
    watched = await house.another({ failuresToOpen: 2, config: { metricsListener: { address: '127.0.0.1', port } } });
    metrics = `http://127.0.0.1:${port}/metrics`;
  });
  const read = async () => (await exchange(Number(new URL(metrics).port), { method: 'GET', path: '/metrics' })).text;

  test('say how transfers came out, how Hosts answered, what waits, and which Hosts are left alone', async () => {
    expect((await ask(story, watched)).status).toBe(200);
    expect((await ask(story, watched, 'photos.erase')).status).toBe(400);
    house.host.script = { transfer: () => ({ status: 500, json: { error: 'server_error' } }) };
    await ask(story, watched);
    await ask(story, watched);
    house.host.reset();
    const text = await read();
    expect(text).toContain('chatelaine_transfer_seconds_count{outcome="minted"} 1');
    expect(text).toContain('chatelaine_transfer_seconds_count{outcome="invalid_scope"} 1');
    expect(text).toContain('chatelaine_transfer_seconds_count{outcome="server_error"} 2');
    expect(text).toContain('chatelaine_host_call_seconds_count{outcome="ok"} 1');
    expect(text).toContain('chatelaine_host_call_seconds_count{outcome="oauth_error"} 2');
    expect(text).toContain('chatelaine_host_breakers{state="open"} 1');
    expect(text).toContain('chatelaine_revocations{state="pending"} 0');
    expect(text).toMatch(/chatelaine_database_connections\{state="idle"\} \d/);
  });

  test('name no Host, no Requester, no owner and no token', async () => {
    const text = await read();
    for (const name of [
      new URL(house.host.issuer).hostname,
      story.requester.clientId,
      story.owner.id,
      story.connection.id,
      story.connection.accessToken,
    ])
      expect(text).not.toContain(name);
  });
});

describe('/readyz', () => {
  test('says no when the database is not the one that this process was written for', async () => {
    const [am] = house.ams;
    await eventually(async () => (await get(am, '/readyz')).status === 200);
    const taken = await house.rows<{ name: string }>(
      `update _prisma_migrations set migration_name = '~' || migration_name where migration_name ~ 'key_rotation' returning migration_name as name`,
    );
    expect(taken).toHaveLength(1);
    await eventually(async () => (await get(am, '/readyz')).status === 503);
    expect((await get(am, '/readyz')).json['waiting_for']).toEqual(expect.arrayContaining(['migrations']));
    await house.rows(
      `update _prisma_migrations set migration_name = substr(migration_name, 2) where migration_name like '~%'`,
    );
    await eventually(async () => (await get(am, '/readyz')).status === 200);
  });
});

/** Transfers on several processes until told to end. */
const traffic = (ams: readonly Am[]) => keepAsking(() => ams.map((am) => ask(story, am)));

/** The key that a JWT says it is signed with. */
const kidOf = (jwt: string | null): string =>
  (JSON.parse(Buffer.from(jwt?.split('.')[0] ?? '', 'base64url').toString()) as { kid: string }).kid;

describe('F17 keys are replaced while transfers run', () => {
  const kidsAt = async (am: Am) => ((await get(am, '/jwks')).json['keys'] as { kid: string }[]).map(({ kid }) => kid);

  test('J13 a signing key: every process publishes the new one before any uses it, and none misses a transfer', async () => {
    const [old] = await kidsAt(house.ams[0]);
    const run = traffic(house.ams);
    const vault = await openVault({
      pool: house.pool,
      config: house.config,
      label: VAULT_LABEL,
      places: SEALED_PLACES,
    });
    const keys = { pool: house.pool, vault, placeOf: placeOfSigningKey };
    const { kid, signsFrom } = await replaceSigningKey(keys, { secondsUntilUse: 600, secondsKept: 3600 });
    await eventually(async () => (await Promise.all(house.ams.map(kidsAt))).every((kids) => kids.includes(kid)));
    expect(Date.now()).toBeLessThan(signsFrom.getTime());
    // as a Host's cache would by then
    house.host.trust({ issuer: house.issuer, jwks: (await get(house.ams[0], '/jwks')).json });
    const signedBy = () => new Set(house.host.hops.splice(0).map(({ form }) => kidOf(form.get('client_assertion'))));
    expect(signedBy()).toEqual(new Set([old]));
    // ten minutes later
    await house.rows(`update signing_key set use_from = now() where kid = $1`, [kid]);
    await eventually(() => {
      const kids = signedBy();
      return kids.size === 1 && kids.has(kid);
    });
    expect((await run.end()).failures).toEqual([]);
    expect(await kidsAt(house.ams[1])).toEqual([kid, old]);
    expect(house.host.faults).toEqual([]);
    house.host.trust({ issuer: house.issuer, jwks: { keys: (await get(house.ams[0], '/jwks')).json['keys'] } });
    expect((await ask(story)).status).toBe(200); // signed with the new one
  });

  test('E5 the encryption key: known everywhere first, then sealing, then everything sealed anew, then the old one gone', async () => {
    const fresh = randomBytes(32);
    const { encryptionKey: old } = house.config;
    const knows = await house.another({ config: { previousEncryptionKeys: [fresh] } });
    const seals = await house.another({ config: { encryptionKey: fresh, previousEncryptionKeys: [old] } });
    const renewed = () => house.rows(`update link set access_expires_at = now() where id = $1`, [story.linkId]);
    const rotate = () => chatelaine('rotate-keys encryption', { encryptionKey: fresh, previousEncryptionKeys: [old] });
    // a renewal is under way while the link's secrets are sealed anew
    const resealed = gate();
    const asked = house.host.refreshes.length;
    house.host.script = { refresh: async (_call, renew) => ({ json: await resealed.opened.then(renew) }) };
    await renewed();
    const rollout = traffic([knows, seals]); // the old one seals here, the new one there: both read all
    await eventually(async () => house.host.refreshes.length > asked);
    await rotate(); // too early, and no harm
    resealed.open();
    expect((await rollout.end()).failures).toEqual([]);
    house.host.reset();
    const run = traffic([seals]);
    await renewed();
    const said = await rotate();
    expect((await run.end()).failures).toEqual([]);
    expect([said.code, said.lines[1]]).toEqual([0, '0 are left that another key sealed.']);
    const alone = await house.another({ config: { encryptionKey: fresh } });
    await renewed();
    expect((await ask(story, alone)).status).toBe(200);
    // back to how the house was, for the others
    expect((await chatelaine('rotate-keys encryption', { previousEncryptionKeys: [fresh] })).code).toBe(0);
  });

  test('E6 with a key that is not the right one nothing starts, and one sentence says why', async () => {
    await expect(openResources({ ...house.config, encryptionKey: randomBytes(32) })).rejects.toMatchObject({
      name: 'ConfigError',
      problems: [expect.stringMatching(/^ENCRYPTION_KEY is not the key that this database was sealed with/)],
    });
    expect((await chatelaine('rotate-keys signing', { encryptionKey: randomBytes(32) })).code).toBe(78);
  });

  test('every sealed column of the schema is sealed anew', async () => {
    const sealed = await house.rows<{ place: string }>(
      `select table_name || '.' || column_name as place from information_schema.columns
       where table_schema = current_schema() and data_type = 'bytea' and table_name !~ '^(oauth_|session$|encryption_key$)'
         and column_name !~ '(^|_)hash$' order by place`,
    );
    expect(sealed.map(({ place }) => place)).toEqual(
      SEALED_PLACES.filter(({ part }) => part === undefined)
        .map(({ table, column }) => `${table}.${column}`)
        .toSorted(),
    );
  });
});

describe('chatelaine', () => {
  test.each([
    ['nonsense', 64, /chatelaine doctor/],
    ['stop everything', 64, /Say what is to end\./],
    ['stop connection con_unknown', 64, /There is no connection con_unknown\./],
    ['connections --host x', 64, /The options are --owner and --client\./],
    ['migrate', 0, /The database is up to date\./],
  ])('%p: %p', async (line, code, says) => {
    const answer = await chatelaine(line);
    expect(answer.code).toBe(code);
    expect(answer.text).toMatch(says);
  });

  test('lists connections and links without any secret, and ends them at once on every process', async () => {
    const mine = await house.story({ 'photos.read': 'allow' });
    const listed = await chatelaine(`connections --client ${mine.requester.clientId}`);
    expect(listed.lines).toHaveLength(1);
    expect(listed.text).toContain(mine.connection.id);
    expect(listed.text).not.toContain(mine.connection.accessToken);
    expect((await chatelaine(`links --host ${house.host.issuer}`)).text).toContain(mine.linkId);
    expect((await ask(mine)).status).toBe(200);
    expect((await chatelaine(`stop connection ${mine.connection.id}`)).code).toBe(0);
    expect((await ask(mine, house.ams[1])).status).toBe(400);
    expect((await chatelaine(`connections --client ${mine.requester.clientId}`)).text).toBe(
      'There are no such connections.',
    );
  });

  test.each(['link', 'client', 'owner'] as const)('ends all of one %s', async (what) => {
    const mine = await house.story({ 'photos.read': 'allow' });
    const [account] = await house.rows<{ username: string }>('select username from account where id = $1', [
      mine.owner.id,
    ]);
    const name = { link: mine.linkId, client: mine.requester.clientId, owner: account?.username }[what];
    expect((await chatelaine(`stop ${what} ${name}`)).code).toBe(0);
    expect((await ask(mine, house.ams[1])).status).toBe(400);
    expect((await ask(story)).status).toBe(200);
  });

  test('signs with a new key in turn, and says until when the old one is published', async () => {
    const { code, lines } = await chatelaine('rotate-keys signing');
    expect([code, lines[0]]).toEqual([0, expect.stringMatching(/ is published now and signs from \d{4}-/)]);
  });
});

describe('a backup', () => {
  test('of the schema and ENCRYPTION_KEY are all that another place needs to go on; what was pending is told from there', async () => {
    const ended = await house.story({ 'photos.read': 'allow' });
    house.host.script = { revoke: () => ({ status: 503, json: {} }) };
    await chatelaine(`stop connection ${ended.connection.id}`);
    const copy = await restoredElsewhere(house);
    await house.rows(`update revocation set state = 'confirmed', confirmed_at = now() where state = 'pending'`);
    house.host.reset();
    const restored = await house.another({ config: { databaseUrl: copy.url('am') } });
    // a key that the running process has not read yet may be in the backup, too
    expect((await get(restored, '/jwks')).json).toEqual({
      keys: expect.arrayContaining((await get(house.ams[0], '/jwks')).json['keys'] as unknown[]),
    });
    expect((await ask(story, restored)).status).toBe(200);
    expect((await ask(ended, restored)).status).toBe(400);
    const pool = openPool({ url: copy.url('am'), name: 'test', max: 1 });
    const pending = async () => (await pool.query(`select from revocation where state = 'pending'`)).rowCount;
    await eventually(async () => (await pending()) === 0);
    await pool.end();
  });
});

describe('chatelaine doctor', () => {
  const problems = async (config: Partial<Config> = {}) =>
    (await chatelaine('doctor', config)).lines
      .filter((line) => line.startsWith('  WRONG'))
      .map((line) => line.slice(8));

  test('finds nothing wrong here, but that a Postgres for tests does not wait for its disk', async () => {
    expect(await problems()).toEqual([
      expect.stringMatching(/^Postgres says that it has committed what is not on disk/),
    ]);
  });

  test.each<[string, () => Partial<Config>, RegExp]>([
    ['a wrong ENCRYPTION_KEY', () => ({ encryptionKey: randomBytes(32) }), /^ENCRYPTION_KEY is not the key/],
    [
      'a database that is not there',
      () => ({ databaseUrl: 'postgresql://am@127.0.0.1:1/x' }),
      /^The database cannot be used/,
    ],
    ['a role that is a superuser', () => ({ databaseUrl: house.embedded.url('postgres') }), /is a superuser/],
    [
      'an issuer that nobody answers at',
      () => ({ issuer: 'http://am.localhost:1' as Config['issuer'] }),
      /^The AM is not reachable/,
    ],
    [
      'an issuer at which another answers',
      () => ({ issuer: house.issuer.replace('am.localhost', '127.0.0.1') as Config['issuer'] }),
      /^At \S+ somebody answers who says to be "http:\/\/am\.localhost/,
    ],
    [
      'an exception without TLS',
      () => ({ demo: false, exceptions: [{ host: 'h.example', port: 80, scheme: 'http', cidr: '10.1.0.0/16' }] }),
      /without TLS/,
    ],
    [
      'an exception for most of the network',
      () => ({ exceptions: [{ host: 'h.example', port: 443, scheme: 'https', cidr: '0.0.0.0/0' }] }),
      /that is most of the network/,
    ],
  ])('finds %s', async (_what, config, says) => {
    expect(await problems(config())).toEqual(expect.arrayContaining([expect.stringMatching(says)]));
  });

  test('finds ends that wait for their Host for long', async () => {
    house.host.script = { revoke: () => ({ status: 503, json: {} }) };
    await house.rows(
      `insert into revocation (id, owner_id, link_id, host_id, created_at, grant_id)
       select 'rev_old', owner_id, id, host_id, now() - interval '1 hour', 'g' from link where id = $1`,
      [story.linkId],
    );
    const found = await problems();
    await house.rows(`delete from revocation where id = 'rev_old'`);
    house.host.reset();
    expect(found).toContainEqual(
      expect.stringMatching(/^1 ends have waited for their Host for more than ten minutes\./),
    );
  });

  test('stops everything when it is asked to', async () => {
    expect((await chatelaine('stop everything --yes')).text).toMatch(/nobody has access through this AM/);
    expect((await ask(story, house.ams[1])).status).toBe(400);
  });
});
