import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { sha256 } from '@chatelaine/crypto';
import type { OAuthStorage, ReplayGuard } from '@chatelaine/oauth-server';
import { recordStatements } from '@chatelaine/test-kit';
import fc from 'fast-check';
import pg from 'pg';
import { createPgStorage } from '../src/index.ts';
import { startSharedHarness } from './harness.ts';

// pushed requests of the same moment share one statement, and have the outcomes that they would have one by one. ADR
// 0024

let harness: Awaited<ReturnType<typeof startSharedHarness>>;
let storage: OAuthStorage;
let recorded: ReturnType<typeof recordStatements>;
let pool: pg.Pool;
beforeAll(async () => {
  harness = await startSharedHarness();
  pool = new pg.Pool({ ...harness.pools[0].options, max: 4 });
  recorded = recordStatements(pool);
  storage = createPgStorage(pool);
});
afterAll(async () => {
  await pool.end();
  await harness.stop();
});

const query = async <Row extends pg.QueryResultRow>(text: string, values: readonly unknown[] = []): Promise<Row[]> =>
  (await harness.pools[0].query<Row>(text, [...values])).rows;
const guard = (world: string, jti: number): ReplayGuard => ({
  kind: 'dpop',
  key: world,
  jti: String(jti),
  expiresAt: Date.now() / 1000 + 100,
});
const guards = fc.uniqueArray(fc.integer({ min: 1, max: 60 }), { maxLength: 2 });

/** How many got which outcome. */
function tally(outcomes: readonly { readonly kind: string }[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const { kind } of outcomes) counts[kind] = (counts[kind] ?? 0) + 1;
  return counts;
}

describe('pushed requests of the same moment', () => {
  const REQUEST = {
    redirectUri: 'https://app.example/callback',
    scope: ['transfer'],
    transferScope: null,
    state: null,
    codeChallenge: 'challenge',
    jkt: null,
    prompt: null,
    extensions: {},
    answeredBy: null,
    isAuthenticated: true,
  };
  const save = (world: string, wish: { client: number; guards: number[] }, index: number) =>
    storage.saveRequest({
      hash: sha256(`${world} ${index}`),
      clientId: `${world} ${wish.client}`,
      request: REQUEST,
      lifetimeSeconds: 90,
      atOnce: 2 * wish.client,
      guards: wish.guards.map((jti) => guard(world, jti)),
    });
  const wishes = fc.array(fc.record({ client: fc.integer({ min: 1, max: 4 }), guards: fc.constant<number[]>([]) }), {
    maxLength: 40,
  });

  /** How many of these requests, made one by one, a client has open. */
  const openOf = (made: readonly { client: number }[], client: number): number =>
    Math.min(2 * client, made.filter((one) => one.client === client).length);

  test('fill what their client may have open, and no more, each client for itself', async () => {
    let round = 0;
    await fc.assert(
      fc.asyncProperty(wishes, wishes, async (before, now) => {
        const world = `saved ${(round += 1)}`;
        for (const [index, wish] of before.entries()) await save(world, wish, -1 - index);
        const outcomes = await Promise.all(now.map((wish, index) => save(world, wish, index)));
        for (const client of [1, 2, 3, 4]) {
          const mine = outcomes.filter((_, index) => now[index]?.client === client);
          const saved = Math.min(mine.length, 2 * client - openOf(before, client));
          expect(tally(mine)).toEqual({
            ...(saved > 0 && { saved }),
            ...(mine.length > saved && { full: mine.length - saved }),
          });
        }
        const rows = await query<{ count: number }>(
          'select count(*)::int as count from oauth_request where client_id like $1',
          [`${world} %`],
        );
        const open = [1, 2, 3, 4].reduce((sum, client) => sum + openOf(before, client), 0);
        expect(rows[0]?.count).toBe(open + (tally(outcomes)['saved'] ?? 0));
      }),
      { numRuns: 20 },
    );
  });

  test('of one client are counted together, also when they may be of a different number', async () => {
    const outcomes = await Promise.all(
      [2, 2, 3, 3, 3].map((atOnce, index) =>
        storage.saveRequest({
          hash: sha256(`different ${index}`),
          clientId: 'different',
          request: REQUEST,
          lifetimeSeconds: 90,
          atOnce,
          guards: [],
        }),
      ),
    );
    expect(tally(outcomes)).toEqual({ saved: 3, full: 2 });
  });

  test('are saved once for each guard, and the request of a replay is not saved', async () => {
    let round = 0;
    const replaying = fc.array(fc.record({ client: fc.constant(100), guards }), { maxLength: 30 });
    await fc.assert(
      fc.asyncProperty(replaying, async (list) => {
        const world = `guarded ${(round += 1)}`;
        const outcomes = await Promise.all(list.map((wish, index) => save(world, wish, index)));
        for (const jti of new Set(list.flatMap((wish) => wish.guards))) {
          const by = outcomes.filter((outcome, index) => outcome.kind === 'saved' && list[index]?.guards.includes(jti));
          expect(by.length).toBeLessThanOrEqual(1);
        }
        const hashes = list.flatMap((_, index) =>
          outcomes[index]?.kind === 'saved' ? [sha256(`${world} ${index}`)] : [],
        );
        const rows = await query<{ hash: Buffer }>('select hash from oauth_request where client_id = $1', [
          `${world} 100`,
        ]);
        const hex = (some: readonly Buffer[]) => some.map((one) => one.toString('hex')).toSorted();
        expect(hex(rows.map(({ hash }) => hash))).toEqual(hex(hashes));
      }),
      { numRuns: 20 },
    );
  });

  test('take one statement, and are claimed as they were saved', async () => {
    recorded.take();
    const requests = Array.from({ length: 20 }, (_, n) => ({
      ...REQUEST,
      scope: n % 2 === 0 ? [] : ['transfer', `a${n}`],
      transferScope: n % 3 === 0 ? null : n % 3 === 1 ? [] : ['b', 'c'],
      state: n % 2 === 0 ? null : `state ${n} "ü" \\ {,}`,
      jkt: n % 2 === 0 ? null : `key ${n}`,
      extensions: n % 4 === 0 ? {} : { one: { text: 'a\u0000b\ud800c"', n } },
    }));
    const clientId = 'claims';
    await Promise.all(
      requests.map((request, n) =>
        storage.saveRequest({
          hash: sha256(`claimed ${n}`),
          clientId,
          request,
          lifetimeSeconds: 90,
          atOnce: 100,
          guards: [guard(clientId, n)],
        }),
      ),
    );
    expect(recorded.take().filter(({ text }) => text.includes('into oauth_request'))).toHaveLength(1);
    for (const [n, request] of requests.entries()) {
      const claim = {
        hash: sha256(`claimed ${n}`),
        clientId,
        browserHash: sha256(`browser ${n}`),
        lifetimeSeconds: 60,
      };
      expect(await storage.claimRequest(claim)).toMatchObject({ kind: 'claimed', request });
    }
  });
});
