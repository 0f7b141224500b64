import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { sha256 } from '@chatelaine/crypto';
import type { OAuthStorage, ReplayGuard } from '@chatelaine/oauth-server';
import { accessesOf, recordStatements } from '@chatelaine/test-kit';
import fc from 'fast-check';
import pg from 'pg';
import { createPgStorage } from '../src/index.ts';
import { startSharedHarness } from './harness.ts';

// concurrent steps share one statement, and each has the outcome that it would have alone. ADR 0024

const MANY = 20_000;
const AUDIENCE = 'https://photos.example/api';
let harness: Awaited<ReturnType<typeof startSharedHarness>>;
beforeAll(async () => {
  harness = await startSharedHarness();
  const query = (text: string) => harness.pools[0].query(text);
  const of = `from generate_series(1, ${MANY}) n`;
  await query(
    `insert into oauth_grant (bucket, id, client_id, subject, scope, transfer_scope)
      select n, 'g' || n, 'c', 's', '{transfer}', '{a}' ${of}`,
  );
  await query(
    `insert into oauth_transfer_grant (client_id, id, bucket, grant_id, act_iss, act_sub, last_minted_at)
     select 'c', lpad(n::text, 22, '0'), n, 'g' || n, 'i', 'u', now() ${of}`,
  );
  await query(
    `insert into oauth_token (bucket, hash, kind, grant_id, jkt, scope, audience, act_iss, act_sub, transfer_grant_id,
      expires_at)
     select n, sha256(n::text::bytea), 'at', 'g' || n, 'key' || n, '{a}', '${AUDIENCE}', 'i', 'u',
       lpad(n::text, 22, '0'), now() + interval '1 day' ${of}`,
  );
  await query(
    `insert into oauth_token (bucket, hash, kind, grant_id, expires_at) select n, sha256(('link' || n)::bytea), 'lt',
      'g' || n, now() + interval '1 day' ${of}`,
  );
  await query(
    `insert into oauth_client (id, metadata, registration_token_hash)
      select 'client' || n, '{}', sha256(n::text::bytea) ${of}`,
  );
  await query('analyze');
});
afterAll(() => harness.stop());

/** The key of token `n`; tokens above MANY are unknown. */
const keyOf = (n: number) => ({ bucket: n, hash: sha256(String(n)) });
const ids = fc.array(fc.integer({ min: MANY - 10, max: MANY + 5 }), { maxLength: 40 });
const guard = (jti: string): ReplayGuard => ({ kind: 'dpop', key: 'k', jti, expiresAt: Date.now() / 1000 + 100 });

function mint(storage: OAuthStorage, n: number): ReturnType<OAuthStorage['mintTransfer']> {
  const token = { hash: sha256(`minted ${n}`), lifetimeSeconds: 60, scope: ['a'], audience: AUDIENCE, jkt: null };
  return storage.mintTransfer({
    linkToken: { bucket: n, hash: sha256(`link${n}`) },
    clientId: 'c',
    transferGrantId: String(n).padStart(22, '0'),
    token: { ...token, act: { iss: 'i', sub: 'u' }, actorName: null, actorUri: null },
    guards: [guard(`mint ${n}`)],
  });
}

/** Token `n` is no refresh token, so this looks it up together with others, then alone, and finds none. */
const refresh = (storage: OAuthStorage, n: number): ReturnType<OAuthStorage['refresh']> =>
  storage.refresh({
    refreshToken: keyOf(n),
    clientId: 'c',
    idleSeconds: 60,
    accessToken: { hash: sha256(`refreshed ${n}`), kind: 'ct', lifetimeSeconds: 60 },
    guards: [guard(`refresh ${n}`)],
  });

describe('concurrent calls', () => {
  test('look up the same as one by one: each gets its own token and client, or none', async () => {
    const [storage] = harness.replicas;
    await fc.assert(
      fc.asyncProperty(ids, async (list) => {
        const tokens = await Promise.all(list.map((n) => storage.findToken(keyOf(n))));
        expect(tokens.map((token) => token?.grant.id)).toEqual(list.map((n) => (n <= MANY ? `g${n}` : undefined)));
        const clients = await Promise.all(list.map((n) => storage.findClient(`client${n}`)));
        expect(clients.map((client) => client?.id)).toEqual(list.map((n) => (n <= MANY ? `client${n}` : undefined)));
      }),
      { numRuns: 20 },
    );
    const alone = await storage.findToken(keyOf(1));
    const [together] = await Promise.all([storage.findToken(keyOf(1)), storage.findToken(keyOf(2))]);
    expect({ ...together, readAt: 0 }).toEqual({ ...alone, readAt: 0 });
  });

  test('use each proof once, with its own token, however many share it', async () => {
    let round = 0;
    await fc.assert(
      fc.asyncProperty(ids, async (list) => {
        round += 1;
        const iat = Date.now() / 1000;
        const use = (n: number, index: number) =>
          harness.replicas[index % 2 === 0 ? 0 : 1].useToken({
            token: keyOf(n),
            audience: AUDIENCE,
            proof: { jkt: `key${n}`, jti: `of round ${round}`, iat, expiresAt: iat + 120 },
          });
        const used = await Promise.all(list.map(use));
        for (const n of new Set(list)) {
          const own = used.filter((_, index) => list[index] === n);
          expect(own.filter(({ proof }) => proof === 'spent')).toHaveLength(n <= MANY ? 1 : 0);
          expect(own.every(({ token }) => token?.grant.id === (n <= MANY ? `g${n}` : undefined))).toBe(true);
        }
      }),
      { numRuns: 20 },
    );
  });

  test('burn each guard once, in whichever lists it is, and name what was replayed', async () => {
    let round = 0;
    const lists = fc.array(fc.array(fc.integer({ min: 1, max: 12 }), { maxLength: 3 }), { maxLength: 30 });
    await fc.assert(
      fc.asyncProperty(lists, async (all) => {
        round += 1;
        const outcomes = await Promise.all(
          all.map((list, index) =>
            harness.replicas[index % 2 === 0 ? 0 : 1].burn(list.map((n) => guard(`${round} ${n}`))),
          ),
        );
        for (const [index, list] of all.entries()) {
          const isTwice = new Set(list).size < list.length;
          if (list.length === 0) expect(outcomes[index]).toEqual({ kind: 'burned' });
          if (isTwice) expect(outcomes[index]?.kind).toBe('replayed');
        }
        for (const n of new Set(all.flat())) {
          const burned = all.filter((list, index) => list.includes(n) && outcomes[index]?.kind === 'burned');
          expect(burned.length).toBeLessThanOrEqual(1);
          expect(await harness.replicas[0].burn([guard(`${round} ${n}`)])).toMatchObject({ kind: 'replayed' });
        }
      }),
      { numRuns: 20 },
    );
  });

  test('read a few rows each, by indexes, however many rows there are', async () => {
    const pool = new pg.Pool({ ...harness.pools[0].options, max: 4 });
    const recorded = recordStatements(pool);
    const storage = createPgStorage(pool);
    const some = Array.from({ length: 30 }, (_, index) => 1 + index * 600);
    const iat = Date.now() / 1000;
    await Promise.all([
      ...some.map((n) => storage.findToken(keyOf(n))),
      ...some.map((n) => storage.findClient(`client${n}`)),
      ...some.map((n) => storage.burn([guard(`plan ${n}`)])),
      ...some.map((n) => mint(storage, n)),
      ...some.map((n) => refresh(storage, n)),
      ...some.map((n) =>
        storage.useToken({
          token: keyOf(n),
          audience: AUDIENCE,
          proof: { jkt: `key${n}`, jti: 'of a plan', iat, expiresAt: iat + 120 },
        }),
      ),
    ]);
    const sent = recorded.take().filter(({ text }) => /^(with|select)/.test(text));
    const client = await pool.connect();
    const inputs = some.length;
    const big = /^oauth_(token|grant|transfer_grant|client)/;
    for (const statement of sent) {
      const accesses = (await accessesOf(client, statement)).filter(({ relation }) => big.test(relation));
      expect(accesses.filter(({ how, rows }) => how !== 'by key' || rows > inputs)).toEqual([]);
    }
    client.release();
    await pool.end();
    expect(
      sent.filter(({ text }) =>
        /^with input|ordinality as wanted|^with burned .* select array\(select id from burned\) as burned$/s.test(text),
      ).length,
    ).toBe(6);
  });
});
