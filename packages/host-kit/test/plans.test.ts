import { randomId } from '@chatelaine/crypto';
import { GRANT } from '@chatelaine/protocol';
import { accessesOf, recordStatements, type SentStatement, type Link } from '@chatelaine/test-kit';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import pg from 'pg';
import { requesterKey } from './support/test-am.ts';
import type { TestHost } from './support/test-host.ts';
import { createWorld, type World } from './support/world.ts';

const MANY = 2_000;
/** How many rows of one table a statement may read to mint a token. */
const FEW = 10;
/** The same to make or end a link; more, since a pushed request counts its client's open requests. */
const SOME = MANY / 10;

let world: World;
let host: TestHost;
let link: Link;
let recorded: ReturnType<typeof recordStatements>;

beforeAll(async () => {
  world = await createWorld();
  host = await world.host({ onPool: (pool) => void (recorded = recordStatements(pool)) });
  link = await world.am.link(host);
  await fill();
});
afterAll(() => world.close());

/** Many rows in every table, half of them of one AM, as at a Host whose owners use few AMs. */
async function fill(): Promise<void> {
  const rows = async (text: string, ...values: readonly unknown[]) => void (await host.pool.query(text, [...values]));
  const of = `from generate_series(1, ${MANY}) n`;
  const busy = world.am.clientId(host);
  const client = `case when n % 2 = 0 then $1::text else 'client' || n end`;
  await rows(
    `insert into oauth_grant (bucket, id, client_id, subject, scope, transfer_scope, jkt)
     select n, 'grant' || n, ${client}, 'user' || n, '{transfer}', '{entries.read}', null ${of}`,
    busy,
  );
  await rows(
    `insert into oauth_transfer_grant (client_id, id, bucket, grant_id, act_iss, act_sub, last_minted_at)
     select client_id, 'of ' || id, bucket, id, 'https://am.example', 'https://feed.example', now() from oauth_grant
       where id like 'grant%'`,
  );
  await rows(
    `insert into oauth_token (bucket, hash, kind, grant_id, expires_at)
     select bucket, sha256((kind || id)::bytea), kind, id, now() + interval '1 hour'
       from oauth_grant, unnest(array['lt', 'rt']) as kind where id like 'grant%'`,
  );
  await rows(
    `insert into oauth_token (bucket, hash, kind, grant_id, jkt, scope, audience, transfer_grant_id, act_iss, act_sub,
      expires_at)
     select bucket, sha256(('at' || id)::bytea), 'at', grant_id, $1, '{entries.read}', 'https://photos.example/api', id,
       act_iss, act_sub, now() + interval '1 hour'
     from oauth_transfer_grant`,
    requesterKey.kid,
  );
  await rows(
    `insert into oauth_code (bucket, hash, grant_id, client_id, redirect_uri, code_challenge, expires_at)
     select bucket, sha256(id::bytea), id, client_id, 'https://am.example/callback', repeat('c', 43),
       now() + interval '1 minute' from oauth_grant where id like 'grant%'`,
  );
  await rows(
    `insert into oauth_request (hash, client_id, redirect_uri, scope, code_challenge, expires_at)
     select sha256(n::text::bytea), case when n % 20 = 0 then $1 else 'client' || n end, 'https://am.example/callback',
       '{transfer}', repeat('c', 43), now() + interval '90 seconds' ${of}`,
    busy,
  );
  await rows(
    `insert into oauth_document (url, body, fresh_until) select 'https://am.example/' || n, '{}',
      now() + interval '1 hour' ${of}`,
  );
  await rows(
    `insert into oauth_client (id, metadata, registration_token_hash)
      select 'client' || n, '{}', sha256(n::text::bytea) ${of}`,
  );
  await rows('analyze');
}

/** The statements that were sent during `work`. */
async function sentBy(work: () => Promise<unknown>): Promise<readonly SentStatement[]> {
  recorded.take();
  await work();
  return recorded.take();
}

/** Statements that read one of the kernel's tables as a whole, or more than `most` rows of one. */
async function excessiveReads(sent: readonly SentStatement[], most: number): Promise<string[]> {
  // otherwise the statements that record a used `jti` would find it recorded, and do nothing the second time
  await host.pool.query('delete from oauth_replay');
  await host.pool.query(
    `insert into oauth_replay (id, expires_at) select sha256(n::text::bytea), now() + interval '1 minute'
      from generate_series(1, ${MANY}) n`,
  );
  await host.pool.query('analyze oauth_replay');
  const bad: string[] = [];
  // a connection of its own, since the statements that the Host prepared still exist on the Host's
  const client = new pg.Client(host.pool.options);
  await client.connect();
  try {
    for (const one of sent)
      for (const { relation, how, rows } of await accessesOf(client, one))
        if (relation.startsWith('oauth_') && (how === 'as a whole' || rows > most))
          bad.push(`${rows} rows of ${relation} ${how}: ${one.text}`);
  } finally {
    await client.end();
  }
  return bad;
}

describe('however many grants, tokens and requests are stored, no table is read as a whole', () => {
  test('and few rows, for a token that is minted, used and asked about, and a link that is refreshed', async () => {
    const sent = await sentBy(async () => {
      const token = await world.am.token(host, { link, key: requesterKey });
      expect((await host.call(token)).status).toBe(200);
      const asked = await world.am.post(host, '/introspect', { token });
      expect(asked.json).toMatchObject({ active: true });
      const form = { grant_type: GRANT.refreshToken, refresh_token: link.refreshToken };
      expect((await world.am.post(host, '/token', form)).status).toBe(200);
    });
    const texts = sent.map(({ text }) => text);
    for (const part of ['insert into oauth_transfer_grant', 'update oauth_token', 'left join oauth_transfer_grant'])
      expect(texts).toContainEqual(expect.stringContaining(part));
    expect(await excessiveReads(sent, FEW)).toEqual([]);
  });

  test('for a link that is made, one that ends, and a grant that is stopped', async () => {
    const sent = await sentBy(async () => {
      const made = await world.am.link(host, { user: 'alice' });
      for (const token of [randomId(), made.refreshToken]) {
        const hint = token === made.refreshToken ? {} : { token_type_hint: 'transfer_grant' };
        expect((await world.am.post(host, '/revoke', { token, ...hint })).status).toBe(200);
      }
    });
    const texts = sent.map(({ text }) => text);
    for (const part of ['insert into oauth_request', 'insert into oauth_code', 'tombstones', 'delete from oauth_token'])
      expect(texts).toContainEqual(expect.stringContaining(part));
    expect(await excessiveReads(sent, SOME)).toEqual([]);
  });
});
